"""What Vertex AI takes and what it refuses, before any work."""

import base64
import io
import re

import av
import pytest

from projects.veo.catalog import CATALOG, VERTEX_VEO
from tests.simulator.conftest import CLOUD_MODEL, MODEL, Caller, picture

UNDRAWN = "[sim:empty]"
"""A prompt for which nothing is rendered."""

FAMILY = "veo-3.1-generate-001"
PICTURE = picture()
REFERENCE = {"image": PICTURE, "referenceType": "ASSET"}


def refused(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]["message"]


def footage(seconds=1, size=(1280, 720)):
    """An mp4 of one colour, encoded as the wire wants it."""
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        track = container.add_stream("libx264", rate=24)
        track.width, track.height = size
        track.pix_fmt = "yuv420p"
        track.options = {"preset": "ultrafast"}
        for number in range(seconds):
            frame = av.VideoFrame(*size, "yuv420p")
            frame.pts = number * 24
            container.mux(track.encode(frame))
        last = av.VideoFrame(*size, "yuv420p")
        last.pts = seconds * 24 - 1
        container.mux(track.encode(last))
        container.mux(track.encode(None))
    return {"bytesBase64Encoded": base64.b64encode(data.getvalue()).decode(), "mimeType": "video/mp4"}


@pytest.mark.parametrize("version", ["v1beta1", "v1"])
def test_it_answers_a_submit_with_the_name_of_an_operation(cloud, version):
    answer = cloud.submit(UNDRAWN, version=version)

    assert list(answer.json()) == ["name"]
    name = answer.json()["name"]
    assert re.fullmatch(rf"{cloud.parent()}/operations/[0-9a-f-]{{36}}", name)
    assert cloud.simulator.operations == [name]
    assert cloud.simulator.charged == cloud.simulator.counts["submit"] == 1


@pytest.mark.parametrize("model", [model.id for model in CATALOG.of(VERTEX_VEO)])
def test_it_serves_every_model_of_its_wire(cloud, model):
    assert cloud.submit(UNDRAWN, model=model, durationSeconds=8).status_code == 200


def test_it_takes_every_field_at_once(cloud):
    answer = cloud.submit(
        UNDRAWN,
        model=FAMILY,
        instance={"image": PICTURE, "lastFrame": picture("#993333", kind="JPEG")},
        labels={"job": "x-1"},
        sampleCount=4,
        durationSeconds=8,
        aspectRatio="9:16",
        resolution="1080p",
        seed=2**32 - 1,
        personGeneration="allow_adult",
        negativePrompt="n",
        enhancePrompt=True,
        generateAudio=False,
        storageUri="gs://bucket/x/",
        compressionQuality="OPTIMIZED",
        resizeMode="PAD",
        fps=24,
        pubsubTopic="projects/p/topics/t",
    )

    assert answer.status_code == 200


def test_it_takes_reference_images(cloud):
    instance = {"referenceImages": [REFERENCE] * 3}

    assert cloud.submit(UNDRAWN, instance=instance, durationSeconds=8).status_code == 200


def test_it_has_a_usual_value_for_each_parameter(cloud):
    body = {"instances": [{"prompt": UNDRAWN}]}

    answer = cloud.http.post(f"/v1/{cloud.parent()}:predictLongRunning", json=body)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("parameters", "about"),
    [
        ({"durationSeconds": "4"}, "`durationSeconds` needs to be a number"),
        ({"durationSeconds": 5}, "`durationSeconds`"),
        ({"resolution": "4k", "durationSeconds": 8}, "`resolution`"),
        ({"resolution": "1080p"}, "`durationSeconds`"),
        ({"aspectRatio": "1:1"}, "`aspectRatio`"),
        ({"sampleCount": 5}, "`sampleCount`"),
        ({"sampleCount": 0}, "`sampleCount`"),
        ({"seed": -1}, "`seed`"),
        ({"seed": 2**32}, "`seed`"),
        ({"seed": "7"}, "`seed`"),
        ({"generateAudio": "yes"}, "`generateAudio`"),
        ({"negativePrompt": 7}, "`negativePrompt`"),
        ({"personGeneration": "allow_all"}, "allow_all for personGeneration"),
        ({"enhancePrompt": False}, "`enhancePrompt`"),
        ({"compressionQuality": "BEST"}, "BEST for compressionQuality"),
        ({"resizeMode": "STRETCH"}, "STRETCH for resizeMode"),
        ({"resizeMode": "CROP"}, "`resizeMode` needs an `image`"),
        ({"fps": 30}, "`fps`"),
        ({"pubsubTopic": "topic"}, "`pubsubTopic`"),
        ({"storageUri": "s3://bucket/x/"}, "`storageUri`"),
        ({"storageUri": "gs://"}, "`storageUri`"),
        ({"outputGcsUri": "gs://bucket/x/"}, "`outputGcsUri`"),
    ],
)
def test_it_refuses_a_bad_parameter(cloud, parameters, about):
    assert about in refused(cloud.submit(**parameters))
    assert cloud.simulator.charged == 0


@pytest.mark.parametrize(
    ("instance", "about"),
    [
        ({"prompt": " "}, "`prompt` is required"),
        ({"image": {"gcsUri": "gs://bucket/a.png", "mimeType": "image/png"}}, "`gcsUri` of `image`"),
        ({"image": picture(kind="WEBP")}, "`mimeType` of `image`"),
        ({"image": {"inlineData": {}}}, "`mimeType` of `image`"),
        ({"lastFrame": PICTURE}, "`lastFrame`"),
        ({"mask": PICTURE}, "`mask`"),
        ({"referenceImages": PICTURE}, "`referenceImages` needs to be a list"),
        ({"referenceImages": [REFERENCE] * 4}, "at most 3"),
        ({"referenceImages": [REFERENCE | {"referenceType": "STYLE"}]}, "`referenceType`"),
        ({"referenceImages": [REFERENCE | {"weight": 1}]}, "`weight`"),
        ({"referenceImages": [{"referenceType": "ASSET"}]}, "`referenceImages[0].image`"),
        ({"referenceImages": [REFERENCE], "image": PICTURE}, "cannot be combined with `image`"),
        ({"referenceImages": [REFERENCE], "prompt": ""}, "`prompt` is required"),
        ({"referenceImages": [REFERENCE]}, "`durationSeconds`"),
    ],
)
def test_it_refuses_a_bad_instance(cloud, instance, about):
    assert about in refused(cloud.submit(instance=instance))
    assert cloud.simulator.charged == 0


@pytest.mark.parametrize(
    "labels", [{"Job": "x"}, {"1": "x"}, {"job": 1}, {"job": "X Y"}, {"j" * 64: "x"}, []]
)
def test_it_refuses_bad_labels(cloud, labels):
    assert "label" in refused(cloud.submit(labels=labels))


def test_it_refuses_references_and_extension_where_the_model_has_none(cloud):
    lite = "veo-3.1-lite-generate-001"

    assert "referenceImages" in refused(cloud.submit(model=lite, instance={"referenceImages": [REFERENCE]}))
    assert "`video`" in refused(cloud.submit(model=lite, instance={"video": footage()}))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Invalid JSON payload received."),
        (b'{"instances": [{"prompt": "x"}], "webhookConfig": {}}', "Invalid JSON payload received. Unknown"),
        (b'{"instances": []}', "`instances`"),
    ],
)
def test_it_refuses_a_malformed_body(cloud, body, message):
    answer = cloud.http.post(f"/v1beta1/{cloud.parent()}:predictLongRunning", content=body)

    assert refused(answer).startswith(message)


@pytest.mark.parametrize(
    ("model", "location"),
    [
        ("veo-3.1-generate-preview", "us-central1"),
        ("veo-9", "us-central1"),
        ("gemini-omni-1.2-flash", "us-central1"),
        (CLOUD_MODEL, "europe-west4"),
    ],
)
def test_it_does_not_find_a_model_that_is_not_there(cloud, model, location):
    answer = cloud.submit(model=model, location=location)

    assert answer.json()["error"]["status"] == "NOT_FOUND"
    assert refused(answer, 404).startswith(
        f"Publisher Model `{cloud.parent(model, location)}` was not found or your project does not have "
        "access to it."
    )


def test_it_does_not_serve_its_models_on_the_other_wire(cloud):
    with Caller(cloud.simulator).http as http:
        path = f"/v1beta/models/{CLOUD_MODEL}:predictLongRunning"
        assert http.post(path, json={"instances": [{"prompt": UNDRAWN}]}).status_code == 404
    assert cloud.submit(model=MODEL).status_code == 404


def test_it_takes_the_global_location(cloud):
    assert cloud.submit(UNDRAWN, location="global").status_code == 200


def test_it_extends_a_video_sent_as_bytes(cloud):
    assert cloud.extend(footage(30), UNDRAWN, durationSeconds=7, resolution="720p").status_code == 200
    assert cloud.extend(footage(1, (720, 1280)), UNDRAWN, aspectRatio="9:16").status_code == 200


@pytest.mark.parametrize(
    ("video", "parameters", "about"),
    [
        (footage(31), {}, "1 to 30 seconds"),
        (footage(1, (640, 360)), {}, "`video` needs to be 720p"),
        (footage(1, (720, 720)), {}, "ratio"),
        (footage(), {"aspectRatio": "9:16"}, "`aspectRatio`"),
        (footage(), {"durationSeconds": 8}, "`durationSeconds`"),
        (footage(), {"resolution": "1080p"}, "`resolution`"),
        ({"bytesBase64Encoded": "AAAA", "mimeType": "video/mp4"}, {}, "Unable to process input video"),
        ({"bytesBase64Encoded": "AAAA", "mimeType": "video/webm"}, {}, "`mimeType` of `video`"),
        ({"mimeType": "video/mp4"}, {}, "either"),
        ({"uri": "https://x", "mimeType": "video/mp4"}, {}, "`uri`"),
        ({"gcsUri": "gs://bucket/none.mp4", "mimeType": "video/mp4"}, {}, "`gcsUri` of `video`"),
    ],
)
def test_it_refuses_what_it_cannot_extend(cloud, video, parameters, about):
    assert about in refused(cloud.extend(video, **parameters))
    assert cloud.simulator.charged == 0


@pytest.mark.parametrize("other", ["image", "lastFrame"])
def test_it_extends_nothing_with_other_pictures(cloud, other):
    answer = cloud.submit(instance={"video": footage(), other: PICTURE}, durationSeconds=7)

    assert refused(answer) == f"`video` cannot be combined with `{other}`."
