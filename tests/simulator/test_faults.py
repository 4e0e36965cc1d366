import base64
import email.utils
import itertools
import json
import socket
import time

import httpx
import pytest

from projects.simulator.faults import BODY, INSTEAD, KINDS, OUTCOMES, ROUTES, SETTLED, STREAM, Script, fault
from tests.simulator.conftest import KEY, MODEL, Caller, client


@pytest.fixture
def uri(caller: Caller) -> str:
    return caller.uri()


@pytest.fixture
def content(caller: Caller, uri: str) -> bytes:
    return caller.download(uri).content


def test_it_answers_an_error_of_any_status_without_doing_the_work(caller):
    caller.simulator.script("submit", "status", status=500, message="Internal error.")
    answer = caller.submit()

    assert answer.status_code == 500
    assert answer.json() == {"error": {"code": 500, "message": "Internal error.", "status": "INTERNAL"}}
    assert caller.simulator.charged == 0


def test_it_may_do_the_work_and_answer_an_error_all_the_same(caller):
    caller.simulator.script("submit", "status", status=503, accepted=True)

    assert caller.submit().status_code == 503
    assert caller.simulator.charged == 1


def test_it_keeps_its_own_refusal_when_there_is_no_work_to_accept(caller):
    caller.simulator.script("submit", "drop")

    assert caller.submit("").status_code == 400
    assert caller.simulator.charged == 0


def test_it_carries_a_reason_and_retry_info(caller):
    caller.simulator.script("submit", "status", status=429, reason="RATE_LIMIT", retry_info=33)

    error = caller.submit().json()["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED"
    assert error["details"][0]["reason"] == "RATE_LIMIT"
    assert error["details"][1] == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "33s"}


def test_it_carries_retry_after_in_seconds_or_as_a_date(caller):
    caller.simulator.script("submit", "status", status=429, retry_after="17")
    caller.simulator.script("submit", "status", status=429, retry_after="+90")

    assert caller.submit().headers["retry-after"] == "17"
    date = email.utils.parsedate_to_datetime(caller.submit().headers["retry-after"])
    assert 80 < date.timestamp() - time.time() <= 90


@pytest.mark.parametrize(
    ("shape", "content_type", "beginning"),
    [
        ("list", "application/json", "["),
        ("html", "text/html", "<!DOCTYPE"),
        ("text", "text/plain", "The service"),
    ],
)
def test_it_answers_errors_in_other_shapes(caller, shape, content_type, beginning):
    caller.simulator.script("poll", "status", shape=shape)
    answer = caller.poll(f"models/{MODEL}/operations/x")

    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith(content_type)
    assert answer.text.startswith(beginning)


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize(("kind", "error"), [("drop", httpx.RemoteProtocolError), ("reset", httpx.ReadError)])
def test_it_hangs_up_without_an_answer(caller, kind, error, accepted):
    caller.simulator.script("submit", kind, accepted=accepted)

    with pytest.raises(error):
        caller.submit()
    assert caller.simulator.charged == int(accepted)


def test_it_answers_late(caller):
    caller.simulator.script("models", "slow", seconds=0.3)
    began = time.monotonic()

    assert caller.http.get("/v1beta/models").status_code == 200
    assert time.monotonic() - began >= 0.3


def test_it_may_do_the_work_before_it_answers_late(caller):
    caller.simulator.script("submit", "slow", seconds=60, accepted=True)

    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(caller.submit_address, json={"instances": [{"prompt": "[sim:empty]"}]}, timeout=0.2)
    assert caller.simulator.charged == 1


def test_it_does_no_work_when_it_stops_before_the_wait_is_over(caller):
    caller.simulator.script("submit", "slow", seconds=60)

    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(caller.submit_address, json={"instances": [{"prompt": "[sim:empty]"}]}, timeout=0.2)
    caller.simulator.close()
    assert caller.simulator.charged == 0


def test_it_leaves_an_error_as_it_is_when_its_bytes_were_to_be_spoiled(caller):
    caller.simulator.script("download", "zero")

    answer = caller.http.get("/v1beta/files/unknown:download?alt=media")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, 403)


def test_it_answers_broken_json_after_the_work(caller):
    caller.simulator.script("submit", "bad_json")
    answer = caller.submit()

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert caller.simulator.charged == 1


def test_it_answers_a_page(caller):
    caller.simulator.script("poll", "html")
    answer = caller.poll(f"models/{MODEL}/operations/x")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=UTF-8")


def test_it_answers_exactly_what_it_is_told(caller):
    caller.simulator.script("poll", "answer", body={"done": True, "odd": 1})
    caller.simulator.script("poll", "answer", status=202, body="plain", content_type="text/plain")

    assert caller.poll(f"models/{MODEL}/operations/x").json() == {"done": True, "odd": 1}
    second = caller.poll(f"models/{MODEL}/operations/x")
    assert (second.status_code, second.text, second.headers["content-type"]) == (202, "plain", "text/plain")


def test_it_redirects_to_wherever_it_is_told(caller, uri):
    caller.simulator.script("download", "redirect", location="http://127.0.0.1:1/steal")

    answer = caller.http.get(uri)
    assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:1/steal")


def test_it_redirects_in_a_circle(caller, uri):
    caller.simulator.script("download", "redirect_loop")
    answer = caller.http.get(uri)

    assert caller.http.build_request("GET", answer.headers["location"]).url == httpx.URL(uri)


def read_into(received: bytearray, answer: httpx.Response) -> None:
    for chunk in answer.iter_raw():
        received += chunk


def test_it_cuts_a_download_short(caller, uri, content):
    caller.simulator.script("download", "truncated", size=1000)
    received = bytearray()

    with caller.http.stream("GET", uri) as answer, pytest.raises(httpx.RemoteProtocolError):
        read_into(received, answer)
    assert answer.headers["content-length"] == str(len(content))
    assert received == content[:1000]


def test_it_resumes_what_it_cut_short(caller, uri, content):
    caller.simulator.script("media", "truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        caller.download(uri)

    rest = caller.download(uri, Range=f"bytes={len(content) // 2}-")
    assert rest.content == content[len(content) // 2 :]


def test_it_shortens_a_file_and_says_nothing(caller, uri, content):
    caller.simulator.script("download", "short")

    answer = caller.http.get(uri)
    assert answer.content == content[: len(content) // 2]
    assert answer.headers["content-length"] == str(len(content) // 2)


def test_it_sends_more_than_it_declared(caller, uri, content):
    caller.simulator.script("download", "longer", size=10)
    address = httpx.URL(uri)

    with socket.create_connection((address.host, address.port)) as raw:
        raw.sendall(f"GET {address.raw_path.decode()} HTTP/1.1\r\nx-goog-api-key: {KEY}\r\n\r\n".encode())
        head, _, body = b"".join(iter(lambda: raw.recv(65_536), b"")).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(content)}".encode() in head
    assert body == content + bytes(10)


def test_it_leaves_the_length_away(caller, uri, content):
    caller.simulator.script("download", "no_length")

    answer = caller.http.get(uri)
    assert "content-length" not in answer.headers
    assert answer.content == content


def test_it_sends_nothing_at_all(caller, uri):
    caller.simulator.script("download", "zero")

    answer = caller.http.get(uri)
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "0", b"")


def test_it_never_stops_sending(caller, uri, content):
    caller.simulator.script("download", "endless")

    enough = 3 * len(content)
    with caller.http.stream("GET", uri) as answer:
        chunks = itertools.takewhile(lambda _: answer.num_bytes_downloaded < enough, answer.iter_raw())
        assert sum(map(len, chunks)) > 2 * len(content)


def test_it_calls_the_bytes_something_else(caller, uri, content):
    caller.simulator.script("download", "wrong_type", content_type="application/json")

    answer = caller.http.get(uri)
    assert (answer.headers["content-type"], answer.content) == ("application/json", content)


def test_it_changes_the_etag_each_time(caller, uri, content):
    caller.simulator.script("media", "changed_etag", times=2)
    first = caller.download(uri)
    second = caller.download(uri, **{"Range": "bytes=5-", "If-Range": first.headers["etag"]})

    assert (second.status_code, second.content) == (200, content)
    assert first.headers["etag"] != second.headers["etag"]


def test_it_forgets_how_ranges_work(caller, uri, content):
    caller.simulator.script("media", "no_range")

    answer = caller.download(uri, Range="bytes=5-")
    assert (answer.status_code, answer.headers["accept-ranges"], answer.content) == (200, "none", content)


def test_it_lets_a_download_drip(caller, uri, content):
    caller.simulator.script("download", "drip", seconds=0.01)
    began = time.monotonic()

    assert caller.http.get(uri).content == content
    assert time.monotonic() - began > 0.01 * (len(content) // 65_536)


@pytest.mark.parametrize("status", [403, 404, 429, 500])
@pytest.mark.parametrize("route", ["download", "media"])
def test_it_refuses_a_download_on_either_leg(caller, uri, route, status):
    caller.simulator.script(route, "status", status=status)

    assert caller.download(uri).status_code == status
    assert caller.download(uri).status_code == 200


@pytest.mark.parametrize("route", ["poll", "list", "models", "model", "file", "download", "media"])
def test_it_can_fail_on_every_route_that_reads(caller, uri, route):
    file_id = uri.split("files/")[1].split(":")[0]
    address = {
        "poll": f"/v1beta/{caller.simulator.operations[0]}",
        "list": f"/v1beta/models/{MODEL}/operations",
        "models": "/v1beta/models",
        "model": f"/v1beta/models/{MODEL}",
        "file": f"/v1beta/files/{file_id}",
        "download": uri,
        "media": uri.replace("/v1beta/", "/download/v1beta/"),
    }[route]
    caller.simulator.script(route, "status", status=503)

    assert caller.http.get(address).status_code == 503
    assert caller.http.get(address).status_code in (200, 302)


def test_it_ends_a_clip_as_it_is_told(caller):
    for kind in ("filtered", "partial", "empty", "inline", "seed_shape"):
        caller.simulator.script("submit", kind)
    caller.simulator.script("submit", "failed", code=8)
    caller.simulator.script("submit", "failed", code=3, message="No.")
    filtered, partial, empty, inline, seed, exhausted, invalid = (caller.made() for _ in range(7))

    held_back = filtered["response"]["generateVideoResponse"]
    assert held_back.keys() == {"raiMediaFilteredCount", "raiMediaFilteredReasons"}
    assert held_back["raiMediaFilteredReasons"][0].startswith("We encountered an issue with the audio")
    assert partial["response"]["generateVideoResponse"].keys() == {"generatedSamples", *held_back}
    assert empty["response"]["generateVideoResponse"] == {}
    (sample,) = inline["response"]["generateVideoResponse"]["generatedSamples"]
    assert sample["video"].keys() == {"encodedVideo", "encoding"}
    assert base64.b64decode(sample["video"]["encodedVideo"])[4:8] == b"ftyp"
    assert seed["response"].keys() == {"video"}
    assert caller.download(seed["response"]["video"]["uri"]).status_code == 200
    assert seed["response"]["video"]["metadata"]["duration"] == "4s"
    assert exhausted["error"] == {"code": 8, "message": "Resource has been exhausted (e.g. check quota)."}
    assert invalid["error"] == {"code": 3, "message": "No."}
    assert "response" not in invalid


def test_it_can_lose_a_file_at_once(caller):
    caller.simulator.script("submit", "expired")

    assert caller.http.get(caller.uri()).status_code == 403


def test_it_strikes_as_often_as_told_and_in_the_order_told(caller):
    caller.simulator.script("models", "status", status=500, times=2)
    caller.simulator.script("models", "pass")
    caller.simulator.script("models", "status", status=429, times=None)
    answers = [caller.http.get("/v1beta/models").status_code for _ in range(6)]
    caller.simulator.clear()

    assert answers == [500, 500, 200, 429, 429, 429]
    assert caller.http.get("/v1beta/models").status_code == 200


@pytest.mark.parametrize(
    ("route", "kind", "options"),
    [
        ("submit", "nonsense", {}),
        ("nowhere", "drop", {}),
        ("submit", "drop", {"volume": 11}),
        ("poll", "filtered", {}),
        ("poll", "truncated", {}),
    ],
)
def test_it_refuses_a_script_that_could_never_strike(caller, route, kind, options):
    with pytest.raises(ValueError):
        caller.simulator.script(route, kind, **options)


def test_it_knows_each_kind_of_fault_by_one_name():
    assert len(KINDS) == len(INSTEAD) + len(BODY) + len(OUTCOMES) + len(STREAM) + 2
    script = Script()
    for kind in KINDS:
        route = "submit" if kind in SETTLED else "download"
        script.add(route, fault(kind))
    assert sum(map(len, script.waiting().values())) == len(KINDS)
    assert set(script.waiting()) <= set(ROUTES)


def test_it_takes_control_requests(caller):
    control = "/__control__"
    caller.submit()
    answer = caller.http.post(
        control, json={"route": "models", "fault": "status", "status": 429, "times": None}
    )

    assert answer.json() == {
        "charged": 1,
        "operations": caller.simulator.operations,
        "requests": {"submit": 1},
        "waiting": {"models": ["status"]},
    }
    assert caller.http.get("/v1beta/models").status_code == 429
    assert caller.http.delete(control).json()["waiting"] == {}
    assert caller.http.get("/v1beta/models").status_code == 200
    assert caller.http.get(control).json()["requests"] == {"submit": 1, "models": 2}


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"route": "poll"}', b'{"route": "poll", "fault": "nonsense"}']
)
def test_it_refuses_a_control_request_that_it_does_not_understand(caller, content):
    answer = caller.http.post("/__control__", content=content, headers={"content-type": "application/json"})

    assert answer.status_code == 400


def test_it_takes_no_control_request_from_a_web_form(caller):
    assert caller.http.post("/__control__", data={"route": "poll", "fault": "drop"}).status_code == 400


def test_it_stops_at_once_in_the_middle_of_a_slow_answer(start):
    caller = start()
    caller.simulator.script("download", "endless")
    caller.simulator.script("models", "slow", seconds=600)
    uri = caller.uri()
    with caller.http.stream("GET", uri), client(caller.simulator) as second:
        with pytest.raises(httpx.ReadTimeout):
            second.get("/v1beta/models", timeout=0.1)
        began = time.monotonic()
        caller.simulator.close()

    assert time.monotonic() - began < 5
