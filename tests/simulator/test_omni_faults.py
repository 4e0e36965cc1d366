import base64
import json
import threading
import time
from contextlib import suppress

import httpx
import pytest

from projects.simulator.tags import TWO_CREDENTIALS
from tests.simulator.omni import ADDRESS, UNDRAWN, Omni, content


@pytest.fixture
def omni(start):
    return Omni(start())


def heard(events):
    """The events that come before the stream breaks, and whether it broke."""
    found = []
    try:
        for event in events:
            found.append(event)
    except httpx.TransportError:
        return found, True
    return found, False


def test_it_loses_an_accepted_interaction_before_its_id(omni):
    omni.simulator.script("submit", "cut_before_id")

    assert heard(omni.events()) == ([], True)
    assert omni.simulator.charged == 1


@pytest.mark.parametrize("how", ["script", "tag"])
def test_it_breaks_off_after_the_id_and_goes_on_by_itself(omni, how):
    if how == "script":
        omni.simulator.script("submit", "cut_after_id")

    events, broken = heard(omni.events("A fox" if how == "script" else "A fox [sim:cut]"))

    assert broken
    assert [event["event_type"] for event in events] == ["interaction.created"]
    assert omni.read(events[0]["interaction"]["id"]).json()["status"] == "completed"
    assert omni.simulator.charged == 1


@pytest.mark.parametrize("delivery", ["uri", "inline"])
def test_it_breaks_off_in_the_middle_of_the_video(omni, delivery):
    omni.simulator.script("submit", "cut_in_video")

    received = _received(omni, omni.body(stream=True, shape={"delivery": delivery}))

    *whole, half = received.split(b"\n\n")
    assert b'"type": "video"' in half
    assert not half.endswith(b"}")
    name = json.loads(whole[0].partition(b"data: ")[2])["interaction"]["id"]
    assert base64.b64decode(content(omni.read(name).json())[0]["data"])


def _received(omni, body):
    """What comes of a stream that breaks."""
    received = b""
    with omni.http.stream("POST", ADDRESS, json=body) as answer, suppress(httpx.RemoteProtocolError):
        for chunk in answer.iter_raw():
            received += chunk
        pytest.fail("The stream ended as if it were whole.")
    return received


@pytest.mark.parametrize("kind", ["cut_before_id", "cut_after_id", "cut_in_video"])
def test_it_breaks_off_an_answer_that_is_no_stream(omni, kind):
    omni.simulator.script("submit", kind)

    with pytest.raises(httpx.RemoteProtocolError):
        omni.create()
    assert omni.read(omni.simulator.operations[0]).json()["status"] == "completed"


def test_it_gets_stuck_until_the_client_goes_away(omni):
    omni.simulator.script("submit", "stuck")
    before = _answering()

    with omni.http.stream("POST", ADDRESS, json=omni.body(stream=True), timeout=0.5) as answer:
        lines = answer.iter_lines()
        first = next(lines)
        with pytest.raises(httpx.ReadTimeout):
            list(lines)

    assert first == "event: interaction.created"
    deadline = time.monotonic() + 5
    while _answering() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _answering() - before


def _answering():
    """Threads that still hold a connection."""
    return {thread for thread in threading.enumerate() if "process_request_thread" in thread.name}


@pytest.mark.parametrize("mode", [{}, {"stream": True}])
def test_it_ends_open_answers_at_once_when_it_stops(start, mode):
    omni = Omni(start(latency=60))
    failed = []

    def wait():
        with pytest.raises(httpx.TransportError):
            omni.create(**mode)
        failed.append(True)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not omni.simulator.charged:
        time.sleep(0.01)
    begun = time.monotonic()
    omni.simulator.close()
    waiting.join(5)

    assert failed == [True]
    assert time.monotonic() - begun < 2


def test_it_knows_after_a_restart_what_was_cut_off_by_the_end(start):
    omni = Omni(start(latency=60))
    events = omni.events()
    name = next(events)["interaction"]["id"]

    omni.simulator.close()
    assert heard(events)[1]

    again = Omni(start())
    assert again.simulator.charged == 1
    assert again.simulator.operations == [name]


@pytest.mark.parametrize("mode", [{}, {"stream": True}, {"background": True}])
def test_it_accepts_and_loses_the_answer_in_every_mode(omni, mode):
    omni.simulator.script("submit", "drop")

    with pytest.raises(httpx.RemoteProtocolError):
        omni.create(UNDRAWN, **mode)
    assert omni.simulator.charged == 1


@pytest.mark.parametrize("kind", ["reset", "bad_json", "html"])
def test_it_spoils_an_accepted_answer(omni, kind):
    omni.simulator.script("submit", kind)

    try:
        assert "interaction" not in omni.create(UNDRAWN).text
    except httpx.TransportError:
        assert kind == "reset"
    assert omni.simulator.charged == 1


def test_it_answers_an_error_in_place_of_accepting(omni):
    omni.simulator.script("submit", "status", status=429, reason="rate_limit_exceeded", shape="word")

    answer = omni.create(UNDRAWN)

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert omni.simulator.charged == 0


def test_it_answers_late_on_request(omni):
    omni.simulator.script("submit", "slow", seconds=0.3)
    begun = time.monotonic()

    assert omni.create(UNDRAWN).status_code == 200
    assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize("outcome", ["filtered", "empty", "failed"])
def test_it_ends_as_scripted(omni, outcome):
    omni.simulator.script("submit", outcome)

    made = omni.made()

    assert made["status"] == ("failed" if outcome == "failed" else "completed")
    assert not any(part["type"] == "video" for step in made["steps"] for part in step.get("content", []))


def test_it_answers_the_400_of_october_to_a_script(omni):
    name = omni.made(UNDRAWN)["id"]
    omni.simulator.script("poll", "answer", status=400, body=TWO_CREDENTIALS)

    assert (omni.read(name).status_code, omni.read(name).status_code) == (400, 200)


def test_it_leaves_other_wires_alone(caller):
    caller.simulator.script("submit", "cut_before_id")

    assert caller.submit(UNDRAWN).status_code == 200
