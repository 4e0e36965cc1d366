import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.veo.credentials import ApiKey
from projects.veo.errors import Garbled
from projects.veo.operations import operation_name, read_accepted, read_progress, storable_json
from projects.veo.types import Output, Phase

REF = "models/veo-3.1-generate-preview/operations/abc"
URI = "https://generativelanguage.googleapis.com/v1beta/files/qu4d28uipuqh:download?alt=media"
RAI = "We encountered an issue with the audio for your prompt. You have not been charged for this attempt."


def done(response=None, **more):
    return {"name": REF, "done": True} | ({} if response is None else {"response": response}) | more


def sample(**video):
    return {"generateVideoResponse": {"generatedSamples": [{"video": video}]}}


@pytest.mark.parametrize(
    "name",
    [REF, "operations/a1", "projects/p-1/locations/l/operations/A_b~c=", "tunedModels/x/operations/9.1"],
)
def test_it_takes_a_path_for_a_name(name):
    assert operation_name(name) == name


@pytest.mark.parametrize(
    "name",
    [None, 5, [REF], "", "abc", f"/{REF}", f"{REF}/..", f"{REF}?key=1", f"https://h/{REF}", f"{REF}\n"],
)
def test_it_takes_nothing_else_for_a_name(name):
    with pytest.raises(Garbled) as error:
        operation_name(name)
    assert error.value.code == "bad_name"


@pytest.mark.parametrize(
    "body",
    [
        {"name": REF},
        {"name": REF, "done": False},
        {"name": REF, "metadata": {"p": 1}},
        {"metadata": {}},
        {"name": REF, "done": None},
    ],
)
def test_it_sees_that_an_operation_runs(body):
    assert read_progress(body, ref=REF).phase is Phase.RUNNING


@pytest.mark.parametrize(
    "response",
    [
        sample(uri=URI),
        {"generatedSamples": [{"video": {"uri": URI}}]},
        {"generateVideoResponse": {"videos": [{"uri": URI}]}},
        {"videos": [{"video": {"uri": URI}}]},
        {"generatedVideos": [{"video": {"uri": URI}}]},
        {"video": {"uri": URI}},
        {"video": {"uri": URI}} | sample(uri=URI),
        sample(uri=URI.replace("?", "?key=abc&")),
        sample(uri=URI + "&key=abc"),
    ],
)
def test_it_finds_the_address_of_a_video_wherever_it_stands(response):
    progress = read_progress(done(response), ref=REF)
    assert (progress.phase, progress.outputs) == (Phase.SUCCEEDED, (Output(uri=URI),))


def test_it_keeps_the_signature_that_an_address_needs():
    uri = "https://storage.googleapis.com/b/o.mp4?X-Goog-Signature=4af"
    progress = read_progress(done(sample(uri=uri)))
    assert progress.outputs == (Output(uri=uri),)
    assert "4af" not in str(progress.raw)


@pytest.mark.parametrize("field", ["encodedVideo", "bytesBase64Encoded", "videoBytes"])
@pytest.mark.parametrize(
    "encode", [base64.b64encode, base64.urlsafe_b64encode, lambda data: base64.b64encode(data).rstrip(b"=")]
)
def test_it_decodes_a_video_in_the_answer_and_keeps_its_bytes_out_of_the_record(field, encode):
    data = bytes(range(250, 256)) * 700
    progress = read_progress(done(sample(**{field: encode(data).decode(), "encoding": "video/webm"})))
    assert progress.outputs == (Output(inline=data, mime_type="video/webm"),)
    [kept] = progress.raw["response"]["generateVideoResponse"]["generatedSamples"]
    assert kept["video"][field] == "<4200 bytes>"


def test_it_reads_what_vertex_ai_answers():
    response = {
        "@type": "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse",
        "raiMediaFilteredCount": 0,
        "raiMediaFilteredReasons": [],
        "videos": [
            {"gcsUri": "gs://b/o/sample_0.mp4", "mimeType": "video/mp4"},
            {"bytesBase64Encoded": "QUJD", "mimeType": "video/mp4"},
        ],
    }
    progress = read_progress(done(response))
    assert progress.phase is Phase.SUCCEEDED
    assert progress.outputs == (Output(uri="gs://b/o/sample_0.mp4"), Output(inline=b"ABC"))
    filtered = response | {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Code: 42."], "videos": []}
    assert (read_progress(done(filtered)).phase, read_progress(done(filtered)).reasons) == (
        Phase.FILTERED,
        ("Code: 42.",),
    )


def test_it_says_when_a_video_in_the_answer_cannot_be_decoded():
    with pytest.raises(Garbled, match="decoded"):
        read_progress(done(sample(encodedVideo="a")))


def test_it_keeps_several_videos_in_order():
    response = {"generatedSamples": [{"video": {"uri": "files/a"}}, {"video": {"uri": "files/b"}}]}
    assert [output.uri for output in read_progress(done(response)).outputs] == ["files/a", "files/b"]


@pytest.mark.parametrize(
    ("response", "reasons"),
    [
        ({"generateVideoResponse": {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [RAI]}}, (RAI,)),
        ({"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [RAI]}, (RAI,)),
        ({"raiMediaFilteredReasons": RAI}, (RAI,)),
        (
            {
                "raiMediaFilteredReasons": ["One.", "Two.", "One."],
                "generateVideoResponse": {"raiMediaFilteredReasons": ["Three."]},
            },
            ("Three.", "One.", "Two."),
        ),
        ({"raiMediaFilteredCount": 2}, ()),
        ({"raiMediaFilteredCount": "1", "raiMediaFilteredReasons": None}, ()),
        ({"generateVideoResponse": {"generatedSamples": [], "raiMediaFilteredReasons": [RAI]}}, (RAI,)),
    ],
)
def test_it_keeps_every_reason_of_the_filter(response, reasons):
    progress = read_progress(done(response), ref=REF)
    assert (progress.phase, progress.reasons, progress.outputs) == (Phase.FILTERED, reasons, ())


def test_it_keeps_the_reasons_beside_the_takes_that_passed():
    response = {
        "generatedSamples": [{"video": {"uri": URI}}],
        "raiMediaFilteredCount": 1,
        "raiMediaFilteredReasons": [RAI],
    }
    progress = read_progress(done(response))
    assert (progress.phase, progress.reasons, len(progress.outputs)) == (Phase.SUCCEEDED, (RAI,), 1)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ({"code": 13, "message": "Internal."}, 13, "Internal."),
        ({"code": 3}, 3, ""),
        ({"code": "INTERNAL", "message": "Internal."}, None, "Internal."),
        ({"status": "UNAVAILABLE"}, None, "UNAVAILABLE"),
    ],
)
def test_it_sees_that_an_operation_failed(error, code, message):
    progress = read_progress(done(error=error), ref=REF)
    assert (progress.phase, progress.error_code, progress.error_message) == (Phase.FAILED, code, message)


def test_it_puts_an_error_before_a_video():
    assert read_progress(done(sample(uri=URI), error={"code": 13})).phase is Phase.FAILED


@pytest.mark.parametrize(
    "response",
    [
        None,
        {},
        sample(),
        {"generatedSamples": "none"},
        {"generatedSamples": [None, 1, {}]},
        {"video": []},
        {"raiMediaFilteredCount": 0},
        sample(uri=""),
        sample(uri=7),
    ],
)
def test_it_sees_that_an_operation_brought_nothing(response):
    assert read_progress(done(response, error={}), ref=REF).phase is Phase.EMPTY


@pytest.mark.parametrize(
    "body", [{}, {"done": False}, {"done": "true"}, {"error": {"code": 429}}, {"response": {}}]
)
def test_it_does_not_take_anything_for_an_operation(body):
    with pytest.raises(Garbled):
        read_progress(body, ref=REF)


def test_it_never_takes_somebody_elses_operation():
    with pytest.raises(Garbled, match="another operation"):
        read_progress(done(sample(uri=URI)), ref="models/veo/operations/mine")


def test_it_keeps_all_metadata():
    response = {"video": {"uri": URI, "metadata": {"duration": "8s"}}}
    progress = read_progress(done(response, metadata={"@type": "x", "progressPercent": 100}))
    assert progress.metadata == {"@type": "x", "progressPercent": 100, "video": {"duration": "8s"}}
    assert progress.raw["metadata"] == {"@type": "x", "progressPercent": 100}


def test_it_keeps_no_secret_in_what_is_stored():
    key = ApiKey("relay-secret-0123456789")
    body = done(
        sample(uri=f"https://h/v1/files/a?key=k7k7&x={key.key}"),
        metadata={"echo": key.key},
        error={"message": key.key},
    )
    progress = read_progress(body, key)
    assert key.key not in repr(progress)
    assert "k7k7" not in json.dumps(progress.raw)


def test_it_stores_only_what_every_database_takes():
    assert storable_json({"a\x00": ["\ud800", 1.5, None, True]}) == {"a": ["?", 1.5, None, True]}
    assert storable_json(json.loads('{"huge": 1e999}')) == {"huge": "inf"}
    assert storable_json("QUJD" * 5000) == "<15000 bytes>"
    assert storable_json({"type": "video", "data": "QUJD"}) == {"type": "video", "data": "<3 bytes>"}
    assert storable_json({"data": {"id": "v1_a"}}) == {"data": {"id": "v1_a"}}
    assert storable_json("a long prompt " * 5000) == "a long prompt " * 5000


@pytest.mark.parametrize("nested", ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900])
def test_it_survives_an_answer_nested_without_end(nested):
    progress = read_progress(done(metadata=json.loads(nested)))
    assert "<too deep>" in json.dumps(progress.raw)


def test_it_reads_the_name_of_what_a_post_started():
    assert read_accepted({"name": REF}) == (REF, None)
    name, progress = read_accepted(done(sample(uri=URI)))
    assert (name, progress.phase) == (REF, Phase.SUCCEEDED)


FIELDS = ["generateVideoResponse", "generatedSamples", "videos", "video", "uri", "encodedVideo", "metadata"]
FIELDS += ["raiMediaFilteredReasons", "raiMediaFilteredCount", "code", "message"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(json_values, json_values, json_values)
def test_it_raises_nothing_but_garbled_on_a_strange_answer(response, error, metadata):
    try:
        progress = read_progress({"done": True, "response": response, "error": error, "metadata": metadata})
    except Garbled:
        return
    json.dumps(progress.raw)
    assert progress.phase is not Phase.RUNNING
