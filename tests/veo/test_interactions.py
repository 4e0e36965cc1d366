"""What is made of an interaction that is asked for by its id."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.veo.errors import BadRequest, Garbled, ModelRetired, VeoError
from projects.veo.interactions import interaction_id, read_interaction
from projects.veo.types import Output, Phase
from tests.veo.conftest import MP4, Reply, as_json
from tests.veo.omni import COST, ID, LONG, MODEL, TWO_CREDENTIALS, URI, USAGE, interaction, part, text


def polled(server, omni, body, status=200):
    server.will(as_json(body, status))
    return omni.poll(ID)


def test_it_polls_by_the_id_alone(server, omni):
    assert polled(server, omni, {"id": ID, "status": "in_progress"}).phase is Phase.RUNNING
    assert (server.seen[0].method, server.seen[0].path) == ("GET", f"/v1beta/interactions/{ID}")


@pytest.mark.parametrize("ref", ["", "a/b", "..", "a..b", ".", "a?stream=true", "é", "a b", "x" * 301, "a\n"])
def test_it_polls_no_id_that_is_none(server, omni, ref):
    with pytest.raises(Garbled) as error:
        omni.poll(ref)
    assert error.value.code == "bad_name"
    assert server.seen == []


@pytest.mark.parametrize("ref", [ID, "v1_a-b~c=", "0", "a.b"])
def test_ids_are_plain_parts_of_a_path(ref):
    assert interaction_id(ref) == ref


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_it_sees_that_an_interaction_runs(server, omni, status):
    assert polled(server, omni, interaction(status, part(uri=URI))).phase is Phase.RUNNING


@pytest.mark.parametrize("status", ["completed", "failed", "incomplete", "brand_new"])
def test_a_video_is_a_video_whatever_the_status(server, omni, status):
    progress = polled(server, omni, interaction(status, text("Here."), part(uri=URI), usage=USAGE))
    assert (progress.phase, progress.outputs, progress.cost_micros) == (
        Phase.SUCCEEDED,
        (Output(uri=URI),),
        COST,
    )


def test_inline_delivery_is_taken_though_an_address_was_asked_for(server, omni, tmp_path):
    body = interaction("completed", part(data=LONG, uri=URI), usage=USAGE)
    body["steps"][0]["signature"] = LONG
    [output] = polled(server, omni, body).outputs
    assert output.inline.read_bytes() == MP4 * 4
    assert len(list(tmp_path.glob("inline-*"))) == 1


def test_billed_but_unparsed_is_told_as_that(server, omni):
    progress = polled(server, omni, interaction("completed", {"type": "film", "at": "x"}, usage=USAGE))
    assert (progress.phase, progress.outputs, progress.cost_micros) == (Phase.EMPTY, (), COST)
    assert progress.reasons == (
        "Google counted 46,336 tokens of video, but no video can be found in its answer.",
    )
    assert progress.raw["steps"][1]["content"] == [{"type": "film", "at": "x"}]


def test_text_alone_is_a_refusal(server, omni):
    progress = polled(server, omni, interaction("completed", text("Not this person."), text(" ")))
    assert (progress.phase, progress.reasons, progress.cost_micros) == (
        Phase.FILTERED,
        ("Not this person.",),
        None,
    )
    assert polled(server, omni, {"id": ID, "status": "completed"}).reasons == ("Google gave no reason.",)


@pytest.mark.parametrize(
    "status",
    [
        "failed",
        "cancelled",
        "incomplete",
        "budget_exceeded",
        "requires_action",
        "requires_continuation",
        "new",
    ],
)
def test_every_other_end_is_a_failure(server, omni, status):
    progress = polled(server, omni, {"id": ID, "status": status})
    assert (progress.phase, progress.error_message) == (
        Phase.FAILED,
        f"The interaction ended with the status {status}.",
    )
    errors = [{"code": "api_error", "message": "Broken."}, {"code": "other"}, {}, "?"]
    progress = polled(server, omni, {"id": ID, "status": status, "errors": errors})
    assert progress.error_message == "Broken. (api_error) other"


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_error_inside_a_step_counts(server, omni, status):
    step = {"type": "model_output", "error": {"code": 13, "message": "Internal."}}
    progress = polled(server, omni, {"id": ID, "status": status, "steps": [step]})
    assert (progress.phase, progress.error_message) == (Phase.FAILED, "Internal. (13)")
    step = {"type": "model_output", "error": {"code": "image_safety", "message": "A minor."}}
    progress = polled(server, omni, {"id": ID, "status": status, "steps": [step]})
    assert (progress.phase, progress.reasons) == (Phase.FILTERED, ("A minor.",))


@pytest.mark.parametrize(
    "body", [{}, {"id": ID}, {"id": ID, "status": 3}, {"id": "v1_other", "status": "failed"}]
)
def test_it_does_not_take_anything_for_its_interaction(server, omni, body):
    with pytest.raises(Garbled):
        polled(server, omni, body)


def test_googles_two_credentials_bug_stays_an_error(server, omni):
    with pytest.raises(BadRequest) as error:
        polled(server, omni, TWO_CREDENTIALS, 400)
    assert error.value.code == "two_credentials"


@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(503, b"{}"), Reply(200, b"<html>")])
def test_trouble_with_a_poll_is_raised(server, omni, reply):
    server.will(reply)
    with pytest.raises(VeoError):
        omni.poll(ID)


def test_a_retired_model_is_told_by_its_code(server, omni):
    error = {"error": {"code": "model_not_found", "message": "No such model."}}
    with pytest.raises(ModelRetired):
        polled(server, omni, error, 404)


# --- cost ---


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"total_output_tokens": 46336}, 46336 * 12),
        ({"total_output_tokens": "46336"}, 46336 * 12),
        ({"output_tokens_by_modality": [{"modality": "VIDEO", "tokens": 46336}]}, 46336 * 12),
        ({"total_input_tokens": True, "total_output_tokens": -5}, 0),
        ({"total_input_tokens": 1e9, "output_tokens_by_modality": "?"}, 0),
        ({}, None),
        (None, None),
        ("free", None),
    ],
)  # fmt: skip
def test_the_cost_is_counted_from_the_usage(usage, cost):
    body = interaction("completed", part(uri=URI), usage=usage)
    assert read_interaction(body).cost_micros == cost


def test_a_model_that_we_have_no_prices_for_has_no_cost():
    body = interaction("completed", part(uri=URI), usage=USAGE, model="gemini-omni-9")
    assert read_interaction(body).cost_micros is None
    assert read_interaction(body, model=MODEL).cost_micros == COST


words = st.sampled_from(
    [
        "id",
        "status",
        "steps",
        "content",
        "type",
        "model_output",
        "video",
        "text",
        "data",
        "uri",
        "usage",
        "error",
    ]
)
strange = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(words, strange, max_size=6))
def test_it_raises_nothing_but_garbled_on_a_strange_interaction(body):
    try:
        progress = read_interaction({"status": "completed"} | body)
    except Garbled:
        return
    json.dumps(progress.raw)
