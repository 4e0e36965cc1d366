import base64

import pytest

from projects.simulator.answers import Refusal
from projects.simulator.wires.gemini_omni_body import check_source, read_asked
from projects.veo.catalog import CATALOG
from tests.simulator.omni import ADDRESS, OMNI, UNDRAWN, Omni, image, text

VIDEO = {"type": "video", "uri": "https://x.example/v1beta/files/abc", "mime_type": "video/mp4"}
HALF_A_PICTURE = base64.b64encode(base64.b64decode(image()["data"])[:100]).decode()
EARLIER = {"previous_interaction_id": "v1_earlier"}


@pytest.fixture
def omni(start):
    return Omni(start())


def refused(answer):
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]


def asked(prompt="A fox", model=OMNI, **more):
    body = {"model": model, "input": prompt} | more
    return read_asked(body, CATALOG.by_id[model])


def config(**video):
    return {"generation_config": {"video_config": video}}


@pytest.mark.parametrize(
    "body",
    [
        {"background": True},
        {"store": False},
        {"labels": {"veoweb": "0e7b6a4c-8a51-4bf0-9a83-3f4a1c2d5e6f"}},
        {"service_tier": "standard"},
        {"webhook_config": {"uris": ["https://x.example"], "user_metadata": {"a": "b"}}},
        {
            "generation_config": {
                "seed": 7,
                "thinking_level": "low",
                "video_config": {"task": "text_to_video"},
            }
        },
        {"input": [text(UNDRAWN)]},
        {"input": text(UNDRAWN)},
        {"input": [{"type": "user_input", "content": [text(UNDRAWN)]}]},
        {"model": f"models/{OMNI}"},
    ],
)
def test_it_takes_what_the_schema_has_for_video(omni, body):
    assert omni.http.post(ADDRESS, json=omni.body(UNDRAWN) | body).status_code == 200


@pytest.mark.parametrize(
    "field",
    [
        "agent",
        "cached_content",
        "response_mime_type",
        "response_modalities",
        "safety_settings",
        "system_instruction",
        "tools",
    ],
)
def test_it_refuses_what_interactions_know_and_omni_does_not(omni, field):
    error = refused(omni.create(UNDRAWN, **{field: "x"}))

    assert error == {"code": "invalid_request", "message": f"`{field}` is not supported by this model."}
    assert omni.simulator.charged == 0


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"negative_prompt": "rain"}, "negative_prompt"),
        ({"personGeneration": "allow_all"}, "personGeneration"),
        ({"sampleCount": 2}, "sampleCount"),
        ({"shape": {"durationSeconds": 8}}, "response_format.durationSeconds"),
        ({"generation_config": {"negative": "x"}}, "generation_config.negative"),
        (config(task="edit", strength=1), "generation_config.video_config.strength"),
        ({"prompt": [text() | {"style": "x"}]}, "input[0].style"),
        ({"prompt": [image() | {"bytesBase64Encoded": "x"}]}, "input[0].bytesBase64Encoded"),
        ({"webhook_config": {"url": "x"}}, "webhook_config.url"),
    ],
)
def test_it_refuses_a_parameter_it_does_not_know(omni, more, name):
    assert refused(omni.create(**{"prompt": UNDRAWN} | more)) == {
        "code": "parameter_unknown",
        "message": f"Unknown parameter: `{name}`.",
    }


@pytest.mark.parametrize("field", ["temperature", "top_p", "stop_sequences", "speech_config"])
def test_it_refuses_settings_for_text(omni, field):
    assert f"`generation_config.{field}`" in refused(omni.create(generation_config={field: 1}))["message"]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"duration": 8}, "`response_format.duration`: it must be a string"),
        ({"duration": "8"}, 'such as "8s"'),
        ({"duration": "PT8S"}, 'such as "8s"'),
        ({"duration": "3.5s"}, "whole seconds only"),
        ({"duration": "2s"}, "minimum allowed 3s"),
        ({"duration": "16s"}, "maximum allowed 15s"),
        ({"resolution": "480p"}, "supported values are 360p, 720p, 1080p, 4k"),
        ({"resolution": 720}, "`response_format.resolution`: it must be a string"),
        ({"aspect_ratio": "1:1"}, "supported values are 16:9, 9:16"),
        ({"delivery": "gcs"}, "supported values are inline, uri"),
        ({"gcs_uri": "gs://b/x/"}, "is for Vertex AI"),
        ({"type": "image"}, "this model makes video"),
        ({"type": None}, "this model makes video"),
    ],
)
def test_it_refuses_a_shape_it_does_not_make(omni, shape, message):
    assert message in refused(omni.create(shape=shape))["message"]
    assert omni.simulator.charged == 0


def test_it_takes_a_shape_in_a_list_of_one():
    shape = {"type": "video", "aspect_ratio": "9:16", "duration": "4.0s"}

    found = asked(response_format=[shape])

    assert (found.aspect_ratio, found.seconds) == ("9:16", 4)
    with pytest.raises(Refusal):
        asked(response_format=[shape, shape])
    with pytest.raises(Refusal):
        asked(response_format="video")


def test_it_makes_ten_seconds_in_720p_inline_when_nothing_is_said():
    found = asked()

    assert (found.seconds, found.resolution, found.delivery, found.store) == (10, "720p", "inline", True)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"background": "yes"}, "`background`: it must be true or false"),
        ({"stream": 1}, "`stream`: it must be true or false"),
        ({"background": True, "store": False}, "`background` requires `store`"),
        ({"labels": []}, "`labels`: it must be an object"),
        ({"labels": {"Job": "x"}}, "Invalid label `Job`"),
        ({"labels": {"1job": "x"}}, "Invalid label `1job`"),
        ({"labels": {"job": "x" * 64}}, "Invalid label `job`"),
        ({"labels": {"job": 1}}, "`labels.job`: it must be a string"),
        ({"service_tier": "gold"}, "`service_tier`"),
        ({"generation_config": {"seed": "7"}}, "`generation_config.seed`: it must be a whole number"),
        ({"generation_config": []}, "`generation_config`: it must be an object"),
        ({"input": 7}, "`input`: it must be"),
        ({"input": [{"type": "audio", "data": "x"}]}, "takes text, image and video"),
        ({"input": [{"type": "text", "text": 7}]}, "`input[0].text`: it must be a string"),
        ({"input": [{"type": "model_output", "content": []}]}, "one `user_input` step"),
        ({"input": ["words"]}, "takes text, image and video"),
        ({"model": 7}, "`model` is required"),
        ({"model": ""}, "`model` is required"),
        ({"previous_interaction_id": 7}, "`previous_interaction_id`: it must be a string"),
    ],
)
def test_it_refuses_a_value_of_another_kind(omni, more, message):
    answer = omni.http.post(ADDRESS, json=omni.body(UNDRAWN) | more)

    assert message in refused(answer)["message"]


def test_it_asks_for_an_input(omni):
    body = omni.body()
    del body["input"]

    assert refused(omni.http.post(ADDRESS, json=body))["message"] == "The parameter `input` is required."


@pytest.mark.parametrize("body", [b"{", b"", b"[]"])
def test_it_refuses_what_is_no_json_object(omni, body):
    error = refused(omni.http.post(ADDRESS, content=body))

    assert error["code"] == ("invalid_request" if body == b"[]" else 400)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (image() | {"mime_type": "image/heic"}, "`input[0].mime_type`"),
        (image() | {"mime_type": "image/jpeg"}, "is not a valid image/jpeg"),
        (image() | {"data": "%%%"}, "Base64 decoding failed"),
        (image() | {"data": HALF_A_PICTURE}, "is not a valid image/png"),
        ({"type": "image", "mime_type": "image/png"}, "exactly one of `data` and `uri`"),
        (image() | {"uri": "https://x"}, "exactly one of `data` and `uri`"),
        ({"type": "image", "uri": "https://x", "mime_type": "image/png"}, "has no uploads"),
        ({"type": "video", "data": "AAAA", "mime_type": "video/mp4"}, "videos that it made itself"),
    ],
)
def test_it_refuses_media_it_cannot_use(omni, part, message):
    assert message in refused(omni.create([part, text()]))["message"]


def test_it_takes_one_image_or_two_for_the_first_and_the_last_frame():
    one, two = asked([image(), text()]), asked([image(), image("#993333", "JPEG"), text()])

    assert one.seed_image
    assert not one.last_frame
    assert two.seed_image
    assert two.last_frame
    assert not two.references


@pytest.mark.parametrize(
    ("count", "words", "more"),
    [
        (1, "<IMAGE_REF_0> walks", {}),
        (2, "[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2] They meet", {}),
        (2, "They meet", config(task="reference_to_video")),
        (6, "They all meet", {}),
    ],
)
def test_it_takes_images_to_refer_to(count, words, more):
    found = asked([*[image()] * count, text(words)], **more)

    assert len(found.references) == count
    assert found.seed_image is found.last_frame is None


@pytest.mark.parametrize(
    ("model", "count", "more"),
    [
        (OMNI, 7, {}),
        ("gemini-omni-1.1-flash", 4, {}),
        ("gemini-omni-flash-preview", 2, {}),
        (OMNI, 3, config(task="image_to_video")),
        (OMNI, 0, config(task="image_to_video")),
        (OMNI, 0, config(task="reference_to_video")),
        (OMNI, 1, config(task="text_to_video")),
        (OMNI, 1, EARLIER),
        (OMNI, 1, EARLIER | config(task="extend")),
    ],
)
def test_it_refuses_images_that_do_not_fit(model, count, more):
    with pytest.raises(Refusal):
        asked([*[image()] * count, text()], model, **more)


@pytest.mark.parametrize(
    "more",
    [
        config(task="edit"),
        config(task="extend"),
        config(task="dance"),
        EARLIER | config(task="text_to_video"),
        EARLIER | {"response_format": {"type": "video", "duration": "8s"}},
        EARLIER | config(task="extend") | {"response_format": {"type": "video", "aspect_ratio": "16:9"}},
        EARLIER | config(task="extend") | {"response_format": {"type": "video", "duration": "11s"}},
        EARLIER | {"input": [VIDEO, text()]},
        {"input": [VIDEO, VIDEO, text()]},
    ],
)
def test_it_refuses_a_task_that_does_not_fit(more):
    with pytest.raises(Refusal):
        asked(**more)


def test_it_says_that_it_does_not_upscale(omni):
    answer = omni.create(task="upscale", **EARLIER)

    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "unimplemented")


def test_it_edits_when_no_task_is_named():
    assert asked(**EARLIER).task == asked([VIDEO, text()]).task == "edit"


def test_it_does_not_extend_with_a_model_that_does_not():
    with pytest.raises(Refusal):
        asked(model="gemini-omni-flash-preview", **EARLIER | config(task="extend"))


def test_it_extends_no_further_than_the_model_goes():
    model, longer = CATALOG.by_id[OMNI], asked(**EARLIER | config(task="extend"))

    check_source(longer, model, model.extend_to - 10)
    with pytest.raises(Refusal):
        check_source(longer, model, model.extend_to - 9)


def test_it_refuses_a_tag_it_does_not_know(omni):
    assert "[sim:fltered]" in refused(omni.create("[sim:fltered]"))["message"]
