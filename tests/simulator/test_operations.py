import datetime as dt
import json
import socket
import threading

import pytest

from projects.simulator.app import Simulator
from projects.simulator.operations import Store
from projects.veo.catalog import CATALOG, GEMINI_OMNI, GEMINI_VEO
from tests.simulator.conftest import MODEL, PROMPT, Caller, client, picture


def test_it_leaves_done_away_while_the_clip_is_in_work(start, clock):
    caller = start(latency=30, clock=clock)
    name = caller.submit().json()["name"]

    assert caller.poll(name).json() == {"name": name}
    clock.move(seconds=29)
    assert caller.poll(name).json() == {"name": name}


def test_it_waits_for_the_picture_even_when_the_time_is_up(start, clock, tmp_path):
    caller = start(latency=30, clock=clock, clips_dir=tmp_path / "empty")
    name = caller.submit().json()["name"]
    clock.move(seconds=31)

    assert caller.poll(name).json() == {"name": name}


def test_it_answers_a_finished_clip_as_google_does(caller):
    done = caller.made()

    (sample,) = done["response"]["generateVideoResponse"]["generatedSamples"]
    file_id = sample["video"]["uri"].split("files/")[1].split(":")[0]
    assert done == {
        "name": caller.simulator.operations[0],
        "done": True,
        "response": {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse",
            "generateVideoResponse": {
                "generatedSamples": [
                    {"video": {"uri": f"{caller.simulator.url}/v1beta/files/{file_id}:download?alt=media"}}
                ]
            },
        },
    }


def test_it_answers_two_samples_with_two_files(caller):
    done = caller.made(model="veo-2.0-generate-001", durationSeconds=5, sampleCount=2)

    uris = {
        sample["video"]["uri"] for sample in done["response"]["generateVideoResponse"]["generatedSamples"]
    }
    assert len(uris) == 2
    assert len({caller.download(uri).content for uri in uris}) == 2


def test_it_draws_the_latency_from_a_range(start, clock):
    caller = start(latency=(8, 14), clock=clock)
    name = caller.submit("[sim:empty]").json()["name"]
    clock.move(seconds=7.9)
    early = caller.poll(name).json()
    clock.move(seconds=6.2)

    assert "done" not in early
    assert caller.poll(name).json()["done"] is True


@pytest.mark.parametrize("name", [f"models/{MODEL}/operations/nothing", "models/veo-9/operations/nothing"])
def test_it_answers_404_to_an_unknown_operation(caller, name):
    answer = caller.poll(name)

    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")


def test_it_finds_an_operation_only_under_its_own_model(caller):
    name = caller.submit().json()["name"]

    assert caller.poll(name.replace(MODEL, "veo-3.1-generate-preview")).status_code == 404


def test_it_lists_the_operations_of_a_model_and_a_key_from_the_newest(start, clock):
    caller = start(latency=30, clock=clock)
    first = caller.submit("[sim:empty] one").json()["name"]
    clock.move(seconds=31)
    second = caller.submit("two").json()["name"]
    caller.submit("elsewhere", model="veo-3.1-generate-preview")
    caller.http.headers["x-goog-api-key"] = "AIzaOther"
    caller.submit("of somebody else")
    caller.http.headers["x-goog-api-key"] = "AIzaTestKey"

    listed = caller.http.get(f"/v1beta/models/{MODEL}/operations").json()

    assert listed == {
        "operations": [
            {"name": second, "metadata": {"createTime": "2026-11-22T10:00:31.000000Z"}},
            {"name": first, "metadata": {"createTime": "2026-11-22T10:00:00.000000Z"}, "done": True},
        ]
    }


def test_it_can_do_without_the_list(start):
    caller = start(list_operations=False)

    assert caller.http.get(f"/v1beta/models/{MODEL}/operations").status_code == 404


def test_it_lists_models_in_pages(caller):
    first = caller.http.get("/v1beta/models?pageSize=6").json()
    second = caller.http.get(f"/v1beta/models?pageSize=6&pageToken={first['nextPageToken']}").json()

    assert "nextPageToken" not in second
    listed = first["models"] + second["models"]
    served = [model for model in CATALOG.models if model.back_end in (GEMINI_VEO, GEMINI_OMNI)]
    assert [model["name"] for model in listed] == [f"models/{model.id}" for model in served]
    methods = {GEMINI_VEO: ["predictLongRunning"], GEMINI_OMNI: ["createInteraction"]}
    assert [model["supportedGenerationMethods"] for model in listed] == [
        methods[model.back_end] for model in served
    ]


def test_it_refuses_an_odd_page(caller):
    assert caller.http.get("/v1beta/models?pageSize=many").status_code == 400


def test_it_describes_one_model(caller):
    assert caller.http.get(f"/v1beta/models/{MODEL}").json() == {
        "name": f"models/{MODEL}",
        "version": "3.1",
        "displayName": "Veo 3.1 Fast preview",
        "inputTokenLimit": 1024,
        "outputTokenLimit": 8192,
        "supportedGenerationMethods": ["predictLongRunning"],
    }


def test_it_switches_models_off_on_their_day_when_told_to(start, clock):
    caller = start(retired="refuse", clock=clock, latency=60)
    clock.now = dt.datetime(2026, 10, 21, tzinfo=dt.UTC)
    name = caller.submit().json()["name"]
    clock.now = dt.datetime(2026, 10, 22, tzinfo=dt.UTC)

    gone = {
        "error": {
            "code": 404,
            "message": f"This model models/{MODEL} is no longer available. Please update your code to use "
            "models/gemini-omni-1.1-flash for the latest features and improvements. We recommend you to use "
            "the Interactions API (https://ai.google.dev/gemini-api/docs/get-started).",
            "status": "NOT_FOUND",
        }
    }
    for answer in (caller.submit(), caller.poll(name), caller.http.get(f"/v1beta/models/{MODEL}")):
        assert (answer.status_code, answer.json()) == (404, gone)
    left = {model["name"] for model in caller.http.get("/v1beta/models").json()["models"]}
    assert left == {"models/gemini-omni-1.1-flash", "models/gemini-omni-1.2-flash"}
    assert caller.simulator.charged == 1


def test_it_answers_a_page_to_an_address_that_it_does_not_have(caller):
    for answer in (caller.http.get("/v1beta/nothing"), caller.http.post("/v1beta/models")):
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
    assert caller.simulator.counts == {"": 2}


def test_it_knows_after_a_restart_what_it_knew_before(start):
    before = start("kept")
    name = before.submit().json()["name"]
    uri = before.uri()
    content = before.download(uri).content
    before.simulator.close()

    after = start("kept")

    assert after.simulator.charged == 2
    assert after.poll(name).json()["done"] is True
    moved = uri.replace(before.simulator.url, after.simulator.url)
    assert after.download(moved).content == content
    again = after.poll(after.simulator.operations[1]).json()
    assert again["response"]["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"] == moved


def test_it_makes_a_clip_again_that_a_kill_cut_short(start, tmp_path):
    before = start("kept", clips_dir=tmp_path / "fresh", latency=60)
    name = before.submit("[sim:slow=0] never seen before").json()["name"]
    before.simulator.close()
    assert list((tmp_path / "fresh").glob("*.part")) == []

    assert start("kept", clips_dir=tmp_path / "fresh").poll(name).json()["done"] is True


def test_it_sweeps_what_a_kill_left_of_a_record(tmp_path):
    Store(tmp_path)
    leftover = tmp_path / "operations" / "abc.json.1234.part"
    leftover.write_text("{")

    assert len(Store(tmp_path)) == 0
    assert not leftover.exists()


def test_it_names_the_configured_address_in_its_answers(start):
    caller = start(base_url="http://google.test:8090/")

    assert caller.uri().startswith("http://google.test:8090/v1beta/files/")


def test_it_remembers_what_was_asked_of_it(caller):
    name = caller.submit().json()["name"]
    caller.http.get(f"/v1beta/{name}?x=1")

    submit, poll = caller.simulator.requests
    assert (submit.method, submit.route) == ("POST", "submit")
    assert submit.path == f"/v1beta/models/{MODEL}:predictLongRunning"
    assert submit.headers["x-goog-api-key"] == "AIzaTestKey"
    assert submit.json["instances"] == [{"prompt": PROMPT}]
    assert (poll.route, poll.query) == ("poll", "x=1")
    assert caller.simulator.counts == {"submit": 1, "poll": 1}


def test_it_does_nothing_with_half_a_request(start):
    simulator = start().simulator
    address = simulator.url.removeprefix("http://").split(":")
    head = f"POST /v1beta/models/{MODEL}:predictLongRunning HTTP/1.1\r\nContent-Length: 100\r\n\r\n"

    with socket.create_connection((address[0], int(address[1]))) as raw:
        raw.sendall(f"{head}{{".encode())
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(1) == b""
    assert simulator.requests == []


def test_it_takes_many_callers_at_once(start):
    caller = start(latency=60)
    callers = [Caller(caller.simulator) for _ in range(8)]
    threads = [threading.Thread(target=lambda one=one: [one.submit() for _ in range(5)]) for one in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in callers:
        one.http.close()

    assert caller.simulator.charged == 40
    assert len(set(caller.simulator.operations)) == 40


def test_it_listens_on_the_newer_loopback_too(tmp_path):
    with Simulator(tmp_path, address=("::1", 0)) as simulator, client(simulator) as http:
        assert simulator.url.startswith("http://[::1]:")
        assert http.get("/v1beta/models").status_code == 403


def test_it_fails_a_clip_that_it_cannot_draw(start, tmp_path):
    caller = start()
    name = caller.submit("broken", instance={"image": picture("#010203", (64, 64))}).json()["name"]
    caller.simulator.settle()
    for place in (tmp_path / "state" / "pictures").iterdir():
        place.write_bytes(b"no picture")
    caller.simulator.close()

    again = start("state", clips_dir=tmp_path / "fresh")

    assert again.poll(name).json()["error"]["code"] == 13


def test_it_listens_on_loopback_only_unless_told_otherwise(tmp_path):
    with pytest.raises(ValueError, match="not loopback"):
        Simulator(tmp_path, address=("0.0.0.0", 0))  # noqa: S104 - the very address it refuses


def test_it_reads_the_records_of_its_earlier_versions(tmp_path):
    record = {
        "id": "abc",
        "model": MODEL,
        "prompt": PROMPT,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "seconds": 4,
        "files": ["f1"],
        "created_at": "2026-11-20T10:00:00+00:00",
        "ready_at": "2026-11-20T10:00:10+00:00",
        "owner": "",
    }
    (tmp_path / "operations").mkdir()
    (tmp_path / "operations" / "abc.json").write_text(json.dumps(record))

    (operation,) = Store(tmp_path).all()

    assert operation.name == f"models/{MODEL}/operations/abc"
    assert (operation.wire, operation.references, operation.audio) == (GEMINI_VEO, (), True)
