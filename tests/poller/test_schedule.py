"""How long the poller waits."""

from projects.poller.schedule import backoff, next_poll


def test_it_asks_every_ten_seconds_for_two_minutes() -> None:
    waits = [next_poll(age, 10) for age in range(0, 120, 5)]
    assert all(8 <= wait <= 12 for wait in waits)


def test_it_asks_more_rarely_later_and_never_more_rarely_than_two_minutes() -> None:
    assert all(12 <= next_poll(200, 10) <= 18 for _ in range(20))
    assert next_poll(7 * 60, 10) > 18 * 0.8
    assert all(next_poll(age, 10) <= 144 for age in range(0, 48 * 3600, 997))


def test_clips_do_not_ask_in_step() -> None:
    assert len({next_poll(0, 10) for _ in range(10)}) == 10


def test_a_failed_step_waits_twice_as_long_each_time_up_to_a_limit() -> None:
    waits = [backoff(tries, first=5, longest=300) for tries in range(40)]
    assert 3.75 <= waits[0] <= 5
    assert 7.5 <= waits[1] <= 10
    assert all(225 <= wait <= 300 for wait in waits[7:])
