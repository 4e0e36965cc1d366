"""Streams of events, whole, torn and hostile."""

import base64
import json
import time

import pytest

from projects.veo.credentials import ApiKey
from projects.veo.inline import Room, Sieve
from projects.veo.sse import Events
from projects.veo.transport import Answer, Heard, Limits, Transport, Unanswered
from tests.veo.conftest import KEY, MP4, Reply, as_json, redirect, streamed

LONG = base64.b64encode(MP4 * 4).decode()
PATH = "v1beta/interactions"


@pytest.fixture
def events(tmp_path):
    return Events(lambda: Sieve(tmp_path, most=10_000, room=Room(2**20)))


def heard(events, *pieces):
    found = [body for piece in pieces for body in events.feed(piece)]
    return found + list(events.finish())


def by_byte(text):
    return [text[at : at + 1] for at in range(len(text))]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("split", [lambda text: [text], by_byte], ids=["whole", "by byte"])
def test_it_reads_events_with_every_line_end_and_at_every_border(events, end, split):
    lines = [
        b"\xef\xbb\xbf: a comment",
        b"event: step.start",
        b'data: {"a": 1,',
        b'data:"b": 2}',
        b"id: 7",
        b"retry: 10",
        b"",
        b"",
        b"event",
        b"data",
        b"data:  ",
        b"",
        b"unknown: {}",
        b"x" * 500,
        b'data: {"c": 3}',
        b"",
        b"data: [DONE]",
        b"",
        b'data: {"late": 1}',
        b"",
    ]
    assert heard(events, *split(end.join(lines) + end)) == [{"a": 1, "b": 2}, {"c": 3}]
    assert events.done
    assert events.lost == 1, "the event of blanks"


def test_a_line_may_hold_a_whole_video(events):
    text = b'data: {"n": 1}\n\ndata: ' + json.dumps({"delta": {"data": LONG}}).encode() + b"\n\n"
    first, second = heard(events, *by_byte(text))
    assert first.files == {}
    [path] = second.files.values()
    assert path.read_bytes() == MP4 * 4


@pytest.mark.parametrize("data", [b"{", b"[]", b"null", b"\x00", b'{"a": NaN}', b"<html>", b"[" * 9000])
def test_it_passes_over_what_is_no_object_and_counts_it(events, data):
    text = b"data: " + data + b'\n\ndata: {"a": 1}\n\n'
    assert heard(events, text) == [{"a": 1}]
    assert events.lost == 1


def test_it_takes_a_last_event_without_its_empty_line(events):
    assert heard(events, b'data: {"a": 1}') == [{"a": 1}]
    assert events.lost == 0


# --- the held POST ---


@pytest.fixture
def hold(server, tmp_path):
    """Holds a POST to the server and gives what came of it and what was heard, with short limits."""
    opened = []

    def hold(*replies, stop_at=None, credentials=ApiKey(KEY), **limits):  # noqa: B008
        server.will(*replies)
        limits = Limits(**({"connect": 2, "held_read": 2, "held_total": 5} | limits))
        transport = Transport(credentials, base_url=server.url, limits=limits, spool=tmp_path)
        opened.append(transport)
        told = []

        def listener(event):
            told.append(event)
            return event.get("n") != stop_at or stop_at is None

        return transport.hold(PATH, {"stream": True}, listener), told

    yield hold
    for transport in opened:
        transport.close()


def test_it_holds_a_post_and_tells_each_event_as_it_comes(server, hold):
    answer, told = hold(streamed({"n": 1}, 0.05, {"n": 2}, b": still here\n\n", {"n": 3}))
    assert answer == Heard()
    assert told == [{"n": 1}, {"n": 2}, {"n": 3}]
    [seen] = server.seen
    assert (seen.method, seen.json, seen.headers["accept"]) == ("POST", {"stream": True}, "text/event-stream")
    assert seen.headers["x-goog-api-key"] == KEY


def test_it_hears_an_event_while_the_rest_is_still_to_come(server, hold):
    begun = time.monotonic()
    _, told = hold(streamed({"n": 1}, 5.0, {"n": 2}), stop_at=1)
    assert told == [{"n": 1}]
    assert time.monotonic() - begun < 2


def test_it_ends_with_done_though_the_connection_stays_open(hold):
    assert hold(streamed({"n": 1}, b"data: [DONE]\n\n", 5.0))[0] == Heard()


def test_it_says_that_events_were_lost(hold):
    assert hold(streamed(b"data: {broken\n\n", {"n": 1}))[0] == Heard(lost=1)


@pytest.mark.parametrize(
    "reply",
    [
        streamed({"n": 1}, torn=True),
        streamed({"n": 1}, 1.0, {"n": 2}),
        streamed({"n": 1}, *[b": hold on\n\n", 0.05] * 40),
        streamed({"n": 1}, b"data: " + b"no end " * 3000),
        streamed({"n": 1}, b'data: {"a": "' + b"b " * 6000 + b'"}\n\n'),
    ],
    ids=["torn", "silent", "endless comments", "a huge line", "a huge event"],
)
def test_it_says_when_a_stream_breaks_off(hold, reply):
    answer, told = hold(reply, held_read=0.3, held_total=0.6, answer_bytes=10_000)
    assert isinstance(answer, Unanswered)
    assert (answer.sent, answer.http_status, told) == (True, 200, [{"n": 1}])


def test_a_stream_that_breaks_off_inside_a_video_leaves_no_file(hold, tmp_path):
    start = b'data: {"delta": {"data": "' + LONG.encode()
    answer, _ = hold(streamed({"n": 1}, start, torn=True))
    assert isinstance(answer, Unanswered)
    assert list(tmp_path.glob("inline-*")) == []


@pytest.mark.parametrize(
    "reply",
    [
        as_json({"id": "v1_a"}),
        as_json({"id": "v1_a"}, headers={"Content-Type": "text/event-stream"}),
        Reply(200, pieces=[b"\n", b" ", b'{"id":', b' "v1_a"}']),
    ],
)
def test_a_server_that_does_not_stream_gives_an_answer(hold, reply):
    answer, told = hold(reply)
    assert (json.loads(answer.body), answer.http_status, told) == ({"id": "v1_a"}, 200, [])


@pytest.mark.parametrize(
    "reply",
    [as_json({"error": {}}, 400), Reply(503, b"data: {}\n\n"), Reply(500), redirect("/x"), Reply(200)],
)
def test_it_hands_on_what_is_no_stream(server, hold, reply):
    answer, told = hold(reply)
    assert isinstance(answer, Answer)
    assert (answer.http_status, answer.body, told) == (reply.status, reply.body, [])
    assert len(server.seen) == 1


def test_a_listener_that_fails_is_no_proof_that_nothing_was_sent(server, tmp_path):
    server.will(streamed({"n": 1}))
    transport = Transport(None, base_url=server.url, spool=tmp_path)
    answer = transport.hold(PATH, {}, lambda event: 1 / 0)
    transport.close()
    assert (answer.sent, answer.http_status) == (True, 200)
