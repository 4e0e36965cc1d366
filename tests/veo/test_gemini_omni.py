"""Gemini Omni: what is sent, and what is made of a held answer."""

import base64
import logging

import pytest

from projects.veo.credentials import ApiKey
from projects.veo.errors import NoAnswer, VeoError
from projects.veo.gemini_omni import TEST_MODEL, GeminiOmni
from projects.veo.types import Output, Phase, Source, Verdict
from tests.veo.conftest import KEY, MP4, Reply, as_json, streamed, video
from tests.veo.omni import (
    COST,
    ID,
    INSIDE,
    JPEG,
    LONG,
    MODEL,
    PNG,
    TWO_CREDENTIALS,
    URI,
    USAGE,
    VIDEO,
    completed,
    created,
    delta,
    interaction,
    part,
    recipe,
    start,
    text,
)

# --- what is sent ---


def test_it_writes_a_text_to_video_request(omni):
    assert omni.held
    assert omni.request_body(recipe()) == {
        "model": MODEL,
        "input": "A marble rolls.",
        "response_format": {
            "type": "video",
            "aspect_ratio": "9:16",
            "resolution": "720p",
            "duration": "8s",
            "delivery": "uri",
        },
        "store": True,
        "stream": True,
        "labels": {"veoweb": "0b1f8c9e-0000-4000-8000-000000000001"},
    }


def sent(picture):
    return {
        "type": "image",
        "data": base64.b64encode(picture.data).decode(),
        "mime_type": picture.mime_type,
    }


@pytest.mark.parametrize(
    ("pictures", "parts", "start", "task"),
    [
        ({"seed_image": PNG}, [PNG], "<FIRST_FRAME>", "image_to_video"),
        (
            {"seed_image": PNG, "last_frame": JPEG},
            [PNG, JPEG],
            "[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2]",
            "",
        ),
        ({"references": (PNG,)}, [PNG], "[# References <IMAGE_REF_0>@Image1]", "reference_to_video"),
        (
            {"references": (JPEG, PNG)},
            [JPEG, PNG],
            "[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2]",
            "reference_to_video",
        ),
    ],
)
def test_it_says_what_each_picture_is_for(omni, pictures, parts, start, task):
    body = omni.request_body(recipe(**pictures))
    assert body["input"] == [*map(sent, parts), text(f"{start} A marble rolls.")]
    assert body.get("generation_config") == ({"video_config": {"task": task}} if task else None)


def test_it_extends_an_earlier_interaction(omni):
    body = omni.request_body(recipe(task="extend", source=Source(ref="v1_prev"), duration_seconds=5))
    assert body["previous_interaction_id"] == "v1_prev"
    assert body["generation_config"] == {"video_config": {"task": "extend"}}
    assert body["response_format"] == {
        "type": "video", "resolution": "720p", "duration": "5s", "delivery": "uri",
    }  # fmt: skip


def test_it_edits_an_earlier_interaction(omni):
    body = omni.request_body(recipe(task="edit", source=Source(ref="v1_prev")))
    assert (body["previous_interaction_id"], body["input"]) == ("v1_prev", "A marble rolls.")
    assert "generation_config" not in body
    assert body["response_format"] == {"type": "video", "resolution": "720p", "delivery": "uri"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"negative_prompt": "text"}, "no negative prompt"),
        ({"seed": 7}, "no seed number"),
        ({"audio": False}, "always makes sound"),
        ({"last_frame": PNG}, "only with a seed image"),
        ({"references": (PNG,), "seed_image": PNG}, "only without a seed image"),
        ({"task": "edit", "seed_image": PNG, "source": Source(ref="v1_a")}, "without other pictures"),
        ({"task": "extend"}, "only clips that it made itself"),
        ({"task": "extend", "source": Source(ref="models/veo/operations/a")}, "only clips that it made"),
    ],
)
def test_it_says_what_it_cannot_carry(server, omni, changes, words):
    with pytest.raises(ValueError, match=words):
        omni.request_body(recipe(**changes))
    with pytest.raises(ValueError, match=words):
        omni.submit(recipe(**changes))
    assert server.seen == []


# --- the held request ---


def submitted(server, omni, *replies, go_on=True, **changes):
    """The outcome of a paid request, and the ids that were told while it was open."""
    server.will(*replies)
    told = []
    outcome = omni.submit(recipe(**changes), lambda ref: told.append(ref) or go_on)
    assert len(server.seen) == 1
    return outcome, told


def test_a_stream_names_the_interaction_and_brings_the_video(server, omni):
    outcome, told = submitted(server, omni, streamed(created(), 0.02, start(), VIDEO, completed()))
    assert (outcome.verdict, outcome.ref, told) == (Verdict.ACCEPTED, ID, [ID])
    progress = outcome.progress
    assert (progress.phase, progress.outputs) == (Phase.SUCCEEDED, (Output(uri=URI),))
    assert progress.cost_micros == COST
    [seen] = server.seen
    assert (seen.path, seen.headers["accept"]) == ("/v1beta/interactions", "text/event-stream")
    assert seen.json == omni.request_body(recipe())


@pytest.mark.parametrize(
    "events",
    [
        [created(), start(), delta(type="video", mime_type="video/mp4", data=LONG), completed()],
        [created(), start(content=[part(data=LONG)]), completed()],
        [created(), completed(steps=interaction("completed", part(data=LONG))["steps"])],
        [created(), start(), delta(type="video", mime_type="video/mp4"), INSIDE, completed()],
        [created(), INSIDE | {"index": 3}, completed()],
        [created(), {"event_type": "step.delta", "delta": part(data=LONG)}, completed()],
        [{"event_type": "interaction.status_update", "interaction_id": ID, "status": "queued"}, start(),
         INSIDE, completed()],
    ],
)  # fmt: skip
def test_a_video_inside_a_stream_becomes_a_file_wherever_it_stands(server, omni, tmp_path, events):
    outcome, told = submitted(server, omni, streamed(*events))
    [output] = outcome.progress.outputs
    assert output.inline.read_bytes() == MP4 * 4
    assert [path.name for path in tmp_path.glob("inline-*")] == [output.inline.name]
    assert told == [ID]
    assert LONG[:100] not in outcome.excerpt


def test_the_video_of_the_last_step_counts(server, omni):
    other = delta(0, type="video", uri="files/draft")
    stream = streamed(created(), start(0), other, start(1), VIDEO | {"index": 1}, completed())
    outcome, _ = submitted(server, omni, stream)
    assert outcome.progress.outputs == (Output(uri=URI),)


def test_a_thoughts_signature_leaves_no_file(server, omni, tmp_path):
    thought = delta(0, type="thought_signature", signature=LONG)
    stream = streamed(created(), start(0, "thought"), thought, start(1), VIDEO | {"index": 1}, completed())
    outcome, _ = submitted(server, omni, stream)
    assert outcome.progress.outputs == (Output(uri=URI),)
    assert list(tmp_path.glob("inline-*")) == []


def test_a_refusal_that_looks_like_success_is_held_back(server, omni):
    usage = {"total_input_tokens": 20, "total_output_tokens": 30, "output_tokens_by_modality": []}
    outcome, _ = submitted(
        server,
        omni,
        streamed(
            created(),
            start(),
            delta(type="text", text="I cannot make "),
            delta(type="text", text="a video of that."),
            completed(usage=usage),
        ),
    )
    progress = outcome.progress
    assert (progress.phase, progress.reasons) == (Phase.FILTERED, ("I cannot make a video of that.",))
    assert progress.cost_micros == 20 * 1.5 + 30 * 9


def test_a_refusal_without_a_word_says_so(server, omni):
    usage = {"total_input_tokens": 20, "total_output_tokens": 0}
    outcome, _ = submitted(server, omni, streamed(created(), completed(usage=usage)))
    assert outcome.progress.reasons == ("Google gave no reason.",)
    assert (outcome.progress.phase, outcome.progress.cost_micros) == (Phase.FILTERED, 30)


@pytest.mark.parametrize(
    "events",
    [
        [created(), start(), VIDEO],
        [created(), start(), VIDEO | {"delta": {"type": "text", "text": "No."}}],
        [created(), completed(usage={})],
        [created(), completed()],
        [created(), b"data: {lost\n\n", completed(usage={"total_input_tokens": 20})],
        [created(), start(), delta(type="video", data=LONG), delta(type="video", data=LONG), completed()],
        [created(), start(), delta(type="video", data="not base64 " * 1000), completed()],
        [created(), start(), delta(type="video", data="A"), completed()],
        [created(), *[start(number) for number in range(80)], completed()],
        [created(), {"event_type": "error", "error": {"code": "gateway_timeout", "message": "Late."}}],
        [created(), {"event_type": "error", "error": {"code": "api_error"}}],
        [created(), {"event_type": "error", "error": {"code": "something_new"}}],
        [created(), {"event_type": "error"}],
        [created()],
    ],
)
def test_what_a_stream_leaves_open_is_left_to_a_poll(server, omni, tmp_path, events):
    outcome, told = submitted(server, omni, streamed(*events))
    assert (outcome.verdict, outcome.ref, outcome.progress) == (Verdict.ACCEPTED, ID, None)
    assert told == [ID]
    assert list(tmp_path.glob("inline-*")) == []


@pytest.mark.parametrize(
    "reply",
    [
        streamed(created(), torn=True),
        streamed(created(), 2.0),
        streamed(created(), start(), delta(type="text", text="No."), torn=True),
        streamed(created(), start(), delta(type="video", data=LONG), torn=True),
        streamed(created(), start(), b'data: {"delta": {"data": "' + LONG.encode(), torn=True),
        streamed(created(), completed(), torn=True),
    ],
)
def test_an_answer_that_breaks_off_after_the_id_is_polled_for(server, omni, tmp_path, reply):
    outcome, told = submitted(server, omni, reply)
    assert (outcome.verdict, outcome.ref, outcome.progress, told) == (Verdict.ACCEPTED, ID, None, [ID])
    assert list(tmp_path.glob("inline-*")) == []


def test_a_break_after_the_end_loses_nothing(server, omni):
    outcome, _ = submitted(server, omni, streamed(created(), start(), VIDEO, completed(), torn=True))
    assert outcome.progress.outputs == (Output(uri=URI),)


def test_it_stops_listening_when_somebody_else_has_the_row(server, omni):
    outcome, told = submitted(
        server, omni, streamed(created(), start(), VIDEO, 2.0, completed()), go_on=False
    )
    assert (outcome.verdict, outcome.ref, outcome.progress, told) == (Verdict.ACCEPTED, ID, None, [ID])


def test_it_tells_the_id_once_and_works_without_a_listener(server, omni):
    update = {
        "event_type": "interaction.status_update",
        "interaction_id": "v1_other",
        "status": "in_progress",
    }
    _, told = submitted(server, omni, streamed(created(), update, created(), start(), VIDEO, completed()))
    assert told == [ID]
    server.will(streamed(created(), start(), VIDEO, completed()))
    assert omni.submit(recipe()).ref == ID


@pytest.mark.parametrize(
    "reply",
    [
        streamed(torn=True),
        streamed(b": nothing yet\n\n", torn=True),
        streamed(),
        streamed(b"data: {broken\n\n"),
        streamed(b"data: \x00\n\n"),
        streamed({"event_type": "interaction.created", "interaction": {"id": "a/../b"}}),
        streamed({"event_type": "interaction.created", "interaction": "v1_a"}),
        streamed(2.0),
        Reply(drop=True),
        Reply(200, b"<html>Sign in</html>"),
        Reply(200),
        Reply(503, b"{}"),
        as_json({"error": {"code": "aborted", "message": "Again."}}, 409),
        as_json({"status": "completed"}),
        as_json({"id": "v1/a", "status": "completed"}),
        streamed({"event_type": "error", "error": {"code": "gateway_timeout", "message": "Late."}}),
        streamed({"event_type": "error", "error": {"code": "aborted"}}),
        streamed({"event_type": "error", "error": {"code": "cancelled"}}),
        streamed({"event_type": "error", "error": {"code": "brand_new", "message": "?"}}),
        streamed({"event_type": "error", "error": {"code": 503}}),
        streamed({"event_type": "error", "error": {}}),
    ],
)
def test_without_an_id_nobody_knows_what_was_bought(server, omni, reply):
    outcome, told = submitted(server, omni, reply)
    assert (outcome.verdict, outcome.ref, told) == (Verdict.AMBIGUOUS, "", [])
    assert "may have been charged" in outcome.message


@pytest.mark.parametrize(
    ("code", "verdict", "ours"),
    [
        ("invalid_request", Verdict.REJECTED, "bad_request"),
        ("model_not_found", Verdict.REJECTED, "model_retired"),
        ("payment_required", Verdict.REJECTED, "billing"),
        ("permission_denied", Verdict.REJECTED, "forbidden"),
        ("prohibited_content", Verdict.REJECTED, "prompt_blocked"),
        (403, Verdict.REJECTED, "forbidden"),
        ("rate_limit_exceeded", Verdict.NOT_ACCEPTED, "quota"),
        ("quota_exceeded", Verdict.NOT_ACCEPTED, "quota"),
    ],
)
def test_an_error_before_the_id_means_what_its_status_would(server, omni, code, verdict, ours):
    error = {"event_type": "error", "error": {"code": code, "message": "Because."}}
    outcome, _ = submitted(server, omni, streamed(error))
    assert (outcome.verdict, outcome.code, outcome.http_status) == (verdict, ours, 200)


@pytest.mark.parametrize(
    ("code", "phase"),
    [
        ("invalid_request", Phase.FAILED),
        ("rate_limit_exceeded", Phase.FAILED),
        ("safety", Phase.FILTERED),
        ("prohibited_content", Phase.FILTERED),
    ],
)
def test_an_error_after_the_id_is_how_it_ended(server, omni, code, phase):
    error = {"event_type": "error", "error": {"code": code, "message": "Because."}}
    usage = {
        "event_type": "interaction.status_update",
        "interaction_id": ID,
        "usage": {"total_input_tokens": 20},
    }
    outcome, told = submitted(server, omni, streamed(created(), usage, start(), error))
    progress = outcome.progress
    assert (outcome.verdict, outcome.ref, told, progress.phase) == (Verdict.ACCEPTED, ID, [ID], phase)
    assert "Because." in (progress.error_message or progress.reasons[0])
    assert progress.cost_micros == 30


def test_an_error_after_the_video_ends_nothing(server, omni, tmp_path):
    error = {"event_type": "error", "error": {"code": "invalid_request", "message": "Because."}}
    outcome, _ = submitted(server, omni, streamed(created(), start(), INSIDE, error))
    assert (outcome.verdict, outcome.ref, outcome.progress) == (Verdict.ACCEPTED, ID, None)
    assert list(tmp_path.glob("inline-*")) == []


@pytest.mark.parametrize(
    ("status", "error", "verdict", "code"),
    [
        (400, {"code": "invalid_request", "message": "No."}, Verdict.REJECTED, "bad_request"),
        (404, {"code": "model_not_found", "message": "No model."}, Verdict.REJECTED, "model_retired"),
        (402, {"code": "payment_required", "message": "Pay."}, Verdict.REJECTED, "billing"),
        (400, {"code": "safety", "message": "No."}, Verdict.REJECTED, "prompt_blocked"),
        (429, {"code": "rate_limit_exceeded", "message": "Slow."}, Verdict.NOT_ACCEPTED, "quota"),
    ],
)
def test_a_refused_request_is_judged_by_the_outcome_table(server, omni, status, error, verdict, code):
    outcome, _ = submitted(server, omni, as_json({"error": error}, status))
    assert (outcome.verdict, outcome.code, outcome.http_status) == (verdict, code, status)


def test_a_server_that_does_not_stream_answers_when_it_is_done(server, omni, tmp_path):
    outcome, told = submitted(server, omni, as_json(interaction("completed", part(data=LONG), usage=USAGE)))
    [output] = outcome.progress.outputs
    assert output.inline.read_bytes() == MP4 * 4
    assert (outcome.ref, told, outcome.progress.cost_micros) == (ID, [], COST)


def test_the_key_is_in_no_text(server, omni, caplog):
    secret = streamed(
        created(note=KEY),
        {"event_type": "error", "error": {"code": "safety", "message": f"No {KEY}", "x": KEY}},
    )
    with caplog.at_level(logging.DEBUG):
        outcome, _ = submitted(server, omni, secret)
        server.will(streamed({"event_type": "error", "error": {"code": KEY, "message": KEY}}))
        other = omni.submit(recipe())
        server.will(as_json(interaction("failed", text(KEY), errors=[{"code": KEY, "message": KEY}])))
        progress = omni.poll(ID)
    for shown in (outcome, outcome.progress.raw, other, progress, progress.raw, caplog.text):
        assert KEY not in str(shown)
        assert KEY not in repr(shown)


# --- in the background ---


def test_in_the_background_the_request_returns_at_once(server, omni):
    omni.background = True
    assert not omni.held
    body = omni.request_body(recipe())
    assert body["background"] is True
    assert "stream" not in body
    outcome, told = submitted(server, omni, as_json({"id": ID, "status": "in_progress"}))
    assert (outcome.verdict, outcome.ref, outcome.progress, told) == (Verdict.ACCEPTED, ID, None, [])
    assert server.seen[0].headers["accept"] == "*/*"


def test_the_self_test_asks_for_a_word_and_reads_it(server, omni):
    server.will(as_json({"id": ID, "status": "in_progress"}), as_json({"id": ID, "status": "in_progress"}))
    assert omni.self_test() == ""
    post, get = server.seen
    assert (post.json["model"], post.json["background"]) == (TEST_MODEL, True)
    assert (get.method, get.path) == ("GET", f"/v1beta/interactions/{ID}")


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ([as_json({"id": ID, "status": "in_progress"}), as_json(TWO_CREDENTIALS, 400)], "two credentials"),
        ([as_json({"error": {"code": "invalid_request", "message": "Off."}}, 400)], "Off."),
        ([Reply(drop=True)], "may have been charged"),
    ],
)
def test_the_self_test_says_why_not(server, omni, replies, words):
    server.will(*replies)
    assert words in omni.self_test()


# --- the rest of the back end ---


def test_it_lists_no_interactions_and_asks_nobody(server, omni):
    assert omni.locate(recipe()) == []
    assert server.seen == []


def test_it_lists_models_and_reads_files_as_the_host_has_them(server, omni):
    server.will(as_json({"models": [{"name": f"models/{MODEL}"}]}), video())
    assert omni.models() == [MODEL]
    with omni.open_output(Output(uri=URI)) as download:
        assert b"".join(download.chunks) == MP4
    assert server.seen[1].path == "/v1beta/files/abc123:download?alt=media"


def test_a_file_that_google_still_stores_is_not_ready(server, omni):
    server.will(as_json({"name": "files/abc123", "state": "PROCESSING"}))
    with pytest.raises(VeoError, match="still storing") as error:
        omni.file_info(Output(uri=URI))
    assert error.value.code == "not_ready"


def test_the_version_is_a_setting(server, tmp_path):
    omni = GeminiOmni(ApiKey(KEY), base_url=server.url, version="v1", spool=tmp_path)
    server.will(as_json({"id": ID, "status": "queued"}))
    omni.poll(ID)
    omni.close()
    assert server.seen[0].path == f"/v1/interactions/{ID}"


def test_nothing_is_sent_where_there_is_no_connection(tmp_path):
    omni = GeminiOmni(ApiKey(KEY), base_url="http://127.0.0.1:9", spool=tmp_path)
    outcome = omni.submit(recipe())
    with pytest.raises(NoAnswer):
        omni.poll(ID)
    omni.close()
    assert outcome.verdict is Verdict.NOT_SENT
