import re

import pytest

from projects.veo.catalog import CATALOG, GEMINI_VEO
from tests.simulator.conftest import MODEL, picture

UNDRAWN = "[sim:empty]"
"""A prompt for which nothing is rendered."""


def refused(answer):
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
    return answer.json()["error"]["message"]


def unsupported(name):
    return (
        f"`{name}` isn't supported by this model. Please remove it or refer to the Gemini API documentation "
        "for supported usage."
    )


def test_it_answers_a_submit_with_the_name_alone(caller):
    answer = caller.submit()

    assert answer.status_code == 200
    assert list(answer.json()) == ["name"]
    assert re.fullmatch(rf"models/{MODEL}/operations/[a-z0-9]{{12}}", answer.json()["name"])
    assert caller.simulator.charged == 1
    assert caller.simulator.operations == [answer.json()["name"]]


@pytest.mark.parametrize("model", [model.id for model in CATALOG.of(GEMINI_VEO)])
def test_it_serves_every_model_of_its_wire(start, model):
    assert start().submit(UNDRAWN, model=model, durationSeconds=8).status_code == 200


def test_it_takes_an_image_and_a_last_frame(start):
    caller = start()
    frames = {"image": picture(), "lastFrame": picture("#993333", kind="JPEG")}

    assert (
        caller.submit(UNDRAWN, instance=frames, durationSeconds=8, personGeneration="allow_adult").status_code
        == 200
    )


def test_it_ignores_a_last_frame_without_an_image(start):
    caller = start()

    assert caller.submit(UNDRAWN, instance={"lastFrame": {"any": "thing"}}).status_code == 200


def test_it_takes_an_image_without_words(start):
    caller = start()

    assert caller.submit("", instance={"image": picture(kind="WEBP")}).status_code == 200


def test_it_takes_two_samples_with_veo_2_only(start):
    caller = start()

    assert (
        caller.submit(UNDRAWN, model="veo-2.0-generate-001", durationSeconds=5, sampleCount=2).status_code
        == 200
    )
    assert "sampleCount" in refused(caller.submit(sampleCount=2))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"durationSeconds": "8"}, "The value type for `durationSeconds` needs to be a number."),
        ({"durationSeconds": True}, "The value type for `durationSeconds` needs to be a number."),
        ({"aspectRatio": 16}, "The value type for `aspectRatio` needs to be a string."),
        ({"sampleCount": "1"}, "The value type for `sampleCount` needs to be a number."),
        ({"seed": 7}, unsupported("seed")),
        ({"generateAudio": True}, unsupported("generateAudio")),
        ({"enhancePrompt": False}, unsupported("enhancePrompt")),
        ({"personGeneration": "dont_allow"}, "dont_allow for personGeneration is currently not supported."),
        ({"personGeneration": "allow_adult"}, "allow_adult for personGeneration is currently not supported."),
    ],
)
def test_it_refuses_a_bad_parameter(caller, parameters, message):
    assert refused(caller.submit(**parameters)) == message
    assert caller.simulator.charged == 0


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"resolution": "1080p", "durationSeconds": 4}, "durationSeconds"),
        ({"resolution": "480p"}, "resolution"),
        ({"aspectRatio": "1:1"}, "aspectRatio"),
        ({"durationSeconds": 5}, "durationSeconds"),
        ({"durationSeconds": 4.5}, "durationSeconds"),
    ],
)
def test_it_refuses_what_the_catalog_forbids(caller, parameters, name):
    assert f"`{name}`" in refused(caller.submit(**parameters))


def test_it_refuses_a_person_setting_that_does_not_fit_an_image(caller):
    answer = caller.submit(instance={"image": picture()}, personGeneration="allow_all")

    assert refused(answer) == "allow_all for personGeneration is currently not supported."


def test_it_refuses_a_last_frame_that_the_model_does_not_take(caller):
    frames = {"image": picture(), "lastFrame": picture()}

    answer = caller.submit(model="veo-3.1-lite-generate-preview", instance=frames, durationSeconds=8)

    assert refused(answer) == unsupported("lastFrame")


def test_it_refuses_a_short_clip_with_a_last_frame(caller):
    frames = {"image": picture(), "lastFrame": picture()}

    assert "`durationSeconds`" in refused(caller.submit(instance=frames, durationSeconds=4))


@pytest.mark.parametrize("prompt", ["", "   "])
def test_it_refuses_an_empty_prompt(caller, prompt):
    assert "`prompt`" in refused(caller.submit(prompt))


def test_it_refuses_a_prompt_that_is_surely_too_long(caller):
    assert "1024 tokens" in refused(caller.submit("word " * 1025))


GOOD = picture()


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ({"inlineData": {"mimeType": "image/png", "data": "AA=="}}, unsupported("inlineData")),
        ({"gcsUri": "gs://b/o"}, unsupported("gcsUri")),
        ({"mimeType": "image/png"}, "`image` needs `bytesBase64Encoded`."),
        (
            GOOD | {"mimeType": "image/gif"},
            "The value for `mimeType` of `image` is not supported: use image/png,",
        ),
        (GOOD | {"bytesBase64Encoded": "***"}, "`bytesBase64Encoded` of `image`: Base64 decoding failed."),
        (GOOD | {"bytesBase64Encoded": "AAAA"}, "Unable to process input image"),
        (GOOD | {"mimeType": "image/jpeg"}, "Unable to process input image"),
        (GOOD | {"bytesBase64Encoded": GOOD["bytesBase64Encoded"][:80]}, "Unable to process input image"),
        ("text", "The value type for `image` needs to be an object."),
    ],
)
def test_it_refuses_a_bad_image(caller, image, message):
    assert refused(caller.submit(instance={"image": image})).startswith(message)


def test_it_refuses_instance_fields_that_it_does_not_know(caller):
    assert refused(caller.submit(instance={"prompt_parts": []})) == unsupported("prompt_parts")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Invalid JSON payload received."),
        (b"[]", "Invalid JSON payload received."),
        (
            b'{"instances": [{"prompt": "x"}], "labels": {}}',
            'Invalid JSON payload received. Unknown name "labels"',
        ),
        (b'{"instances": []}', "`instances`"),
        (b'{"instances": [{"prompt": "x"}, {"prompt": "y"}]}', "`instances`"),
        (b'{"instances": [{"prompt": "x"}], "parameters": 5}', "The value type for `parameters`"),
    ],
)
def test_it_refuses_a_malformed_body(caller, body, message):
    answer = caller.http.post(f"/v1beta/models/{MODEL}:predictLongRunning", content=body)

    assert refused(answer).startswith(message)


def test_it_has_a_usual_value_for_each_parameter(start):
    caller = start()

    answer = caller.http.post(
        f"/v1beta/models/{MODEL}:predictLongRunning", json={"instances": [{"prompt": "x"}]}
    )

    assert answer.status_code == 200


def test_it_refuses_a_model_that_it_does_not_know(caller):
    answer = caller.submit(model="veo-9")

    assert answer.status_code == 404
    assert answer.json()["error"]["status"] == "NOT_FOUND"
    assert answer.json()["error"]["message"].startswith("models/veo-9 is not found for API version v1beta")


def test_it_refuses_a_body_without_a_length(caller):
    answer = caller.http.post(f"/v1beta/models/{MODEL}:predictLongRunning", content=iter([b"{}"]))

    assert answer.status_code == 411
