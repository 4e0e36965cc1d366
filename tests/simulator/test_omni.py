import base64
import datetime as dt
import io
import re

import av
import pytest

from projects.simulator.wires.gemini_omni_usage import VIDEO_TOKENS
from tests.simulator.omni import ADDRESS, FOX, OMNI, UNDRAWN, Omni, content, image, text

TEXT_MODEL = "gemini-2.5-flash-lite"


@pytest.fixture
def omni(start):
    return Omni(start())


def seconds_of(data):
    with av.open(io.BytesIO(data)) as container:
        return container.duration / av.time_base


def video_in(interaction):
    return base64.b64decode(content(interaction)[0]["data"])


def test_it_answers_a_create_with_the_whole_interaction_once_it_is_done(omni):
    made = omni.made()

    assert re.fullmatch(r"v1_[\w-]{32}", made["id"])
    assert (made["object"], made["status"], made["model"]) == ("interaction", "completed", OMNI)
    assert [step["type"] for step in made["steps"]] == ["thought", "model_output"]
    assert omni.simulator.operations == [made["id"]]
    assert omni.simulator.charged == omni.simulator.counts["submit"] == 1


def test_it_delivers_an_address_that_downloads_without_a_redirect(omni):
    video = content(omni.made())[0]

    answer = omni.http.get(video["uri"])

    assert video.keys() == {"type", "mime_type", "uri"}
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert seconds_of(answer.content) == pytest.approx(3, abs=0.1)
    assert omni.http.get(video["uri"].partition(":download")[0]).json()["state"] == "ACTIVE"


def test_it_delivers_the_video_in_the_answer_unless_an_address_is_asked_for(omni):
    inline = omni.made(shape={"delivery": None})

    assert content(inline)[0].keys() == {"type", "mime_type", "data"}
    assert video_in(inline) == omni.http.get(content(omni.made())[0]["uri"]).content


def test_it_brings_the_video_inline_when_an_interaction_is_read(omni):
    made = omni.made()

    read = omni.read(made["id"]).json()

    assert video_in(read) == omni.http.get(content(made)[0]["uri"]).content
    assert read["usage"] == made["usage"]


def test_it_can_be_told_to_name_the_address_when_an_interaction_is_read(start):
    omni = Omni(start(interaction_reads="uri"))
    made = omni.made()

    assert omni.read(made["id"]).json() == made


def test_it_names_a_dead_address_once_the_file_is_gone(start, clock):
    omni = Omni(start(clock=clock))
    made = omni.made()

    clock.move(hours=49)

    assert omni.http.get(content(omni.read(made["id"]).json())[0]["uri"]).status_code == 403


def test_it_tells_the_input_only_when_asked(omni):
    made = omni.made([image(), text()])

    told = omni.read(made["id"], include_input="true").json()["steps"][0]

    assert told == {"type": "user_input", "content": [image(), text()]}
    assert "user_input" not in [step["type"] for step in omni.read(made["id"]).json()["steps"]]


def test_it_streams_the_id_at_once_and_the_video_when_it_is_made(omni):
    events = list(omni.events())

    assert [event["event_type"] for event in events] == [
        "interaction.created",
        "interaction.status_update",
        "step.start",
        "step.delta",
        "step.stop",
        "step.start",
        "step.delta",
        "step.stop",
        "interaction.completed",
    ]
    assert events[0]["interaction"]["id"] == events[-1]["interaction"]["id"] == omni.simulator.operations[0]
    assert events[0]["interaction"]["status"] == "in_progress"
    assert omni.http.get(events[6]["delta"]["uri"]).status_code == 200
    assert events[-1]["interaction"]["usage"]["total_output_tokens"] == 3 * 1931


def test_it_streams_the_first_event_before_the_work_is_done(start, clock):
    omni = Omni(start(latency=60, clock=clock))

    events = omni.events()

    assert next(events)["interaction"]["id"] == omni.simulator.operations[0]
    assert omni.simulator.charged == 1
    clock.move(seconds=61)
    assert list(events)[-1]["interaction"]["status"] == "completed"


def test_it_resumes_a_stream_after_the_last_event_that_was_read(omni):
    events = list(omni.events())
    name = events[0]["interaction"]["id"]

    assert omni.replay(name)[0]["interaction"]["id"] == name
    rest = omni.replay(name, last_event_id=events[4]["event_id"])
    assert [event["event_id"] for event in rest] == [event["event_id"] for event in events[5:]]


def test_it_works_in_the_background(start, clock):
    omni = Omni(start(latency=30, clock=clock))

    begun = omni.made(background=True)

    assert begun["status"] == "in_progress"
    assert "steps" not in begun
    assert "usage" not in begun
    assert omni.read(begun["id"]).json() == begun
    clock.move(seconds=31)
    omni.simulator.settle()
    assert omni.read(begun["id"]).json()["status"] == "completed"


def test_it_takes_what_googles_sdk_adds_to_a_read(omni):
    assert omni.read(omni.made(UNDRAWN)["id"], stream="false").status_code == 200


def test_it_speaks_both_versions_of_the_address(omni):
    made = omni.http.post("/v1/interactions", json=omni.body(UNDRAWN)).json()

    assert omni.http.get(f"/v1/interactions/{made['id']}").json() == made


@pytest.mark.parametrize("resolution", ["360p", "720p"])
def test_it_counts_the_tokens_of_a_second_by_resolution(omni, resolution):
    usage = omni.made([image(), text("Snow")], shape={"resolution": resolution})["usage"]

    assert {"modality": "video", "tokens": 3 * VIDEO_TOKENS[resolution]} in usage["output_tokens_by_modality"]
    assert usage["input_tokens_by_modality"] == [
        {"modality": "text", "tokens": 1},
        {"modality": "image", "tokens": 2040},
    ]
    parts = (usage[f"total_{name}_tokens"] for name in ("input", "output", "thought"))
    assert usage["total_tokens"] == sum(parts)


def test_it_lets_a_refusal_look_like_success(omni):
    made = omni.made("[sim:filtered]")

    assert made["status"] == "completed"
    assert [part["type"] for part in content(made)] == ["text"]
    assert [entry["modality"] for entry in made["usage"]["output_tokens_by_modality"]] == ["text"]


def test_it_makes_nothing_and_says_nothing_as_in_a_region_that_is_shut_out(omni):
    made = omni.made(UNDRAWN)

    assert (made["status"], made["steps"], made["usage"]["total_output_tokens"]) == ("completed", [], 0)


def test_it_streams_a_refusal_as_text(omni):
    deltas = [
        event["delta"] for event in omni.events("[sim:filtered]") if event["event_type"] == "step.delta"
    ]

    assert [delta["type"] for delta in deltas] == ["thought_signature", "text"]


def test_it_says_why_an_interaction_failed(omni):
    made = omni.made("[sim:failed=8]")

    assert made["status"] == "failed"
    assert made["errors"] == [
        {"code": "quota_exceeded", "message": "Resource has been exhausted (e.g. check quota)."}
    ]
    assert made["steps"][-1]["error"]["code"] == 8
    assert omni.read(made["id"]).json() == made


def test_it_ends_the_stream_of_a_failed_interaction_with_an_error(omni):
    events = list(omni.events("[sim:failed]"))

    assert events[-1]["event_type"] == "error"
    assert events[-1]["error"]["code"] == "api_error"


def test_it_brings_the_bytes_though_an_address_was_asked_for(omni):
    assert "data" in content(omni.made(f"{FOX} [sim:inline]"))[0]


def test_it_delivers_a_file_that_is_gone_at_once(omni):
    assert omni.http.get(content(omni.made(f"{FOX} [sim:expired]"))[0]["uri"]).status_code == 403


def test_it_makes_and_bills_a_clip_from_nothing(omni):
    made = omni.made("", shape={"duration": None})

    assert made["usage"]["total_output_tokens"] == 10 * 1931
    assert omni.simulator.charged == 1


def test_it_extends_an_earlier_clip(omni):
    first = omni.made()

    longer = omni.made("On it goes", previous_interaction_id=first["id"], task="extend")

    assert longer["previous_interaction_id"] == first["id"]
    assert seconds_of(omni.http.get(content(longer)[0]["uri"]).content) == pytest.approx(6, abs=0.1)
    assert longer["usage"]["total_output_tokens"] == 3 * 1931


def test_it_edits_an_earlier_clip_and_keeps_its_length(omni):
    first = omni.made()

    edited = omni.made("At night", previous_interaction_id=first["id"], shape={"duration": None})

    assert seconds_of(omni.http.get(content(edited)[0]["uri"]).content) == pytest.approx(3, abs=0.1)


def test_it_edits_a_video_by_the_address_of_its_file(omni):
    address = content(omni.made())[0]["uri"].partition(":download")[0]
    video = {"type": "video", "uri": address, "mime_type": "video/mp4"}

    edited = omni.made([video, text("At night")], task="edit", shape={"duration": None})

    assert edited["status"] == "completed"


def refused(answer):
    assert answer.json().keys() == {"error"}
    assert answer.json()["error"].keys() == {"code", "message"}
    return answer.status_code, answer.json()["error"]["code"]


def test_it_works_on_nothing_that_is_not_there(omni):
    filtered = omni.made("[sim:filtered]")["id"]

    def edit(**more):
        return refused(omni.create("Go on", shape={"duration": None}, **more))

    assert edit(previous_interaction_id="v1_unknown") == (404, "not_found")
    assert edit(previous_interaction_id="operations/1") == (400, "invalid_request")
    assert edit(previous_interaction_id=filtered) == (400, "invalid_request")
    assert edit(previous_interaction_id=omni.made(store=False)["id"]) == (404, "not_found")
    assert omni.simulator.charged == 2


def test_it_works_on_nothing_that_is_still_in_work(start):
    omni = Omni(start(latency=60))
    begun = omni.made(background=True)

    answer = omni.create("Go on", previous_interaction_id=begun["id"], shape={"duration": None})

    assert refused(answer) == (400, "invalid_request")


def test_it_shows_an_interaction_to_its_own_key_only(omni):
    made = omni.made()
    theirs = {"x-goog-api-key": "AIza" + "Another"}

    assert refused(omni.http.get(f"{ADDRESS}/{made['id']}", headers=theirs)) == (404, "not_found")
    assert refused(omni.http.delete(f"{ADDRESS}/{made['id']}", headers=theirs)) == (404, "not_found")
    body = omni.body("On", previous_interaction_id=made["id"], task="extend")
    assert refused(omni.http.post(ADDRESS, json=body, headers=theirs)) == (404, "not_found")


def test_it_takes_api_keys_only(start):
    caller = start()
    del caller.http.headers["x-goog-api-key"]

    def create(**headers):
        return caller.http.post(ADDRESS, json=Omni(caller).body(UNDRAWN), headers=headers).status_code

    assert create(authorization="Bearer ya29.token") == 401
    assert create(authorization="Bearer AIza" + "Key") == 401
    assert create(**{"x-goog-api-key": "invalid-key"}) == 400
    assert create() == 403
    assert caller.simulator.charged == 0


def test_it_keeps_nothing_that_is_not_to_be_stored(omni):
    made = omni.made(UNDRAWN, store=False)

    assert refused(omni.read(made["id"])) == (404, "not_found")
    assert omni.simulator.charged == 1


def test_it_deletes_an_interaction_but_not_its_file(omni):
    made = omni.made()

    assert omni.http.delete(f"{ADDRESS}/{made['id']}").json() == {}

    assert refused(omni.read(made["id"])) == (404, "not_found")
    assert omni.http.get(content(made)[0]["uri"]).status_code == 200
    assert omni.simulator.charged == 1


def test_it_cancels_what_runs_in_the_background(start):
    omni = Omni(start(latency=60))
    begun = omni.made(background=True)

    cancelled = omni.http.post(f"{ADDRESS}/{begun['id']}/cancel").json()

    assert cancelled["status"] == omni.read(begun["id"]).json()["status"] == "cancelled"
    again = omni.http.post(f"{ADDRESS}/{begun['id']}/cancel")
    assert refused(again) == (400, "failed_precondition")


def test_it_cancels_nothing_that_is_done(omni):
    made = omni.made(UNDRAWN)

    assert refused(omni.http.post(f"{ADDRESS}/{made['id']}/cancel")) == (400, "failed_precondition")


@pytest.mark.parametrize(
    ("model", "today"), [("gemini-omni-flash-preview", "refuse"), ("gemini-omni-9", "serve")]
)
def test_it_does_not_know_a_model_that_is_gone_or_never_was(start, model, today):
    omni = Omni(start(retired=today))

    assert refused(omni.create(model=model, shape={"resolution": "720p"})) == (404, "model_not_found")
    assert omni.simulator.charged == 0


def test_it_names_the_model_to_take_instead(start):
    answer = Omni(start(retired="refuse")).create(model="gemini-omni-flash-preview")

    assert "gemini-omni-1.1-flash" in answer.json()["error"]["message"]


def test_it_makes_no_video_with_a_model_of_another_wire(omni):
    assert refused(omni.create(model="veo-3.1-generate-preview")) == (404, "model_not_found")


def test_it_lets_a_client_try_whether_reading_works_at_no_charge(omni):
    begun = omni.http.post(ADDRESS, json={"model": TEXT_MODEL, "input": "Say OK", "background": True}).json()

    read = omni.read(begun["id"]).json()

    assert (begun["status"], read["status"]) == ("in_progress", "completed")
    assert content(read) == [{"type": "text", "text": "OK"}]
    assert omni.simulator.charged == 0
    assert omni.http.delete(f"{ADDRESS}/{begun['id']}").status_code == 200
    assert refused(omni.read(begun["id"])) == (404, "not_found")


def test_it_answers_a_read_as_google_did_in_october_on_request(omni):
    name = omni.made("[sim:empty][sim:two-credentials=1]")["id"]

    assert omni.read(name).status_code == 400
    assert omni.read(name).json()["status"] == "completed"


def test_it_lists_omni_among_its_models(omni):
    assert omni.http.get(f"/v1beta/models/{OMNI}").json()["name"] == f"models/{OMNI}"


def test_it_knows_its_interactions_after_a_restart(start, clock):
    omni = Omni(start(latency=30, clock=clock))
    running = omni.made(background=True)["id"]
    cancelled = omni.made(UNDRAWN, background=True)["id"]
    omni.http.post(f"{ADDRESS}/{cancelled}/cancel")
    omni.simulator.close()

    clock.now += dt.timedelta(seconds=31)
    again = Omni(start(clock=clock))

    assert again.read(running).json()["status"] == "completed"
    assert again.read(cancelled).json()["status"] == "cancelled"
    assert again.simulator.charged == 2
