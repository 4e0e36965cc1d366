"""Reference images and extensions on the first wire: what they take, and what becomes of them."""

import itertools
import zlib
from io import BytesIO

import av
import pytest

from tests.simulator.conftest import picture
from tests.simulator.test_submit import UNDRAWN, refused, unsupported

REFERENCE = {"image": picture(), "referenceType": "ASSET"}


@pytest.fixture
def uri(caller):
    return caller.uri()


def extend(caller, video, prompt=UNDRAWN, *, model="veo-3.1-fast-generate-preview", more=None, **parameters):
    instance = {"prompt": prompt, "video": video} | (more or {})
    body = {"instances": [instance], "parameters": parameters}
    return caller.http.post(f"/v1beta/models/{model}:predictLongRunning", json=body)


def test_it_takes_reference_images(caller):
    for kind in ("ASSET", "asset"):
        instance = {"referenceImages": [REFERENCE | {"referenceType": kind}] * 3}
        answer = caller.submit(UNDRAWN, instance=instance, durationSeconds=8, personGeneration="allow_adult")
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("instance", "about"),
    [
        ({"referenceImages": REFERENCE}, "`referenceImages` needs to be a list"),
        ({"referenceImages": [REFERENCE] * 4}, "at most 3"),
        ({"referenceImages": [REFERENCE | {"referenceType": "STYLE"}]}, "STYLE for `referenceType`"),
        ({"referenceImages": [{"image": picture()}]}, "`referenceType`"),
        ({"referenceImages": [{"image": {"gcsUri": "gs://b/o"}, "referenceType": "ASSET"}]}, "`gcsUri`"),
        ({"referenceImages": [REFERENCE], "image": picture()}, "cannot be combined with `image`"),
        ({"referenceImages": [REFERENCE], "lastFrame": picture()}, "cannot be combined with `lastFrame`"),
        ({"referenceImages": [REFERENCE], "video": {}}, "cannot be combined with `video`"),
        ({"referenceImages": [REFERENCE], "prompt": ""}, "needs a `prompt`"),
    ],
)
def test_it_refuses_bad_reference_images(caller, instance, about):
    assert about in refused(caller.submit(instance=instance, durationSeconds=8))
    assert caller.simulator.charged == 0


def test_it_refuses_a_short_clip_with_reference_images(caller):
    assert "`durationSeconds`" in refused(caller.submit(instance={"referenceImages": [REFERENCE]}))


def test_it_refuses_reference_images_where_the_model_takes_none(caller):
    answer = caller.submit(model="veo-3.0-generate-001", instance={"referenceImages": [REFERENCE]})

    assert refused(answer) == unsupported("referenceImages")


def test_it_takes_grown_people_only_with_reference_images(caller):
    answer = caller.submit(
        instance={"referenceImages": [REFERENCE]}, durationSeconds=8, personGeneration="allow_all"
    )

    assert refused(answer) == "allow_all for personGeneration is currently not supported."


def test_it_extends_a_clip_by_seven_seconds(caller):
    first = caller.submit(UNDRAWN).json()["name"]
    video = {"uri": address_of_last(caller), "encoding": "video/mp4"}

    assert extend(caller, video, sampleCount=1, resolution="720p").status_code == 200
    longer = caller.simulator.accepted[-1]
    assert (longer.seconds, longer.task, longer.source) == (4 + 7, "extend", first.rpartition("/")[2])


def address_of_last(caller):
    """Where the file of the newest clip lies, without having it drawn."""
    return f"{caller.simulator.url}/v1beta/files/{caller.simulator.accepted[-1].files[0]}"


def test_it_keeps_the_ratio_of_what_it_extends(caller):
    caller.submit(UNDRAWN, aspectRatio="9:16")
    video = {"uri": address_of_last(caller)}

    assert extend(caller, video, personGeneration="allow_all", durationSeconds=8).status_code == 200
    assert caller.simulator.accepted[-1].aspect_ratio == "9:16"


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"more": {"image": picture()}}, "`video` cannot be combined with `image`"),
        ({"more": {"lastFrame": picture()}}, "`video` cannot be combined"),
        ({"resolution": "1080p"}, "`resolution`"),
        ({"durationSeconds": 7}, "`durationSeconds`"),
        ({"aspectRatio": "9:16"}, "`aspectRatio`"),
        ({"personGeneration": "allow_adult"}, "allow_adult for personGeneration"),
        ({"model": "veo-3.1-lite-generate-preview"}, unsupported("video")),
    ],
)
def test_it_refuses_an_extension_that_does_not_fit(caller, uri, changes, about):
    assert about in refused(extend(caller, {"uri": uri}, **changes))
    assert caller.simulator.charged == 1


@pytest.mark.parametrize(
    ("video", "about"),
    [
        ("text", "`video` needs to be an object"),
        ({}, "`uri` of a video that Veo has generated"),
        ({"uri": "https://example.org/a.mp4"}, "`uri` of a video that Veo has generated"),
        ({"uri": "https://generativelanguage.googleapis.com/v1beta/files/unknown"}, "`uri` of a video"),
        ({"encodedVideo": "AAAA"}, unsupported("encodedVideo")),
        ({"inlineData": {}}, unsupported("inlineData")),
        ({"uri": "x", "encoding": "video/webm"}, "`encoding`"),
    ],
)
def test_it_refuses_to_extend_what_is_no_video_of_its_own(caller, video, about):
    assert about in refused(extend(caller, video))
    assert caller.simulator.charged == 0


def test_it_extends_no_file_of_another_key(caller, uri):
    caller.http.headers["x-goog-api-key"] = "AIza" + "Other"

    assert "`uri`" in refused(extend(caller, {"uri": uri}))


def test_it_extends_no_file_that_has_expired(start, clock):
    caller = start(clock=clock)
    uri = caller.uri()
    clock.move(hours=48)

    assert "no longer stored" in refused(extend(caller, {"uri": uri}))


def test_it_extends_no_clip_of_another_size(caller):
    caller.submit(UNDRAWN, resolution="1080p", durationSeconds=8)

    assert refused(extend(caller, {"uri": address_of_last(caller)})) == "`video` needs to be 720p."


def test_it_extends_no_longer_than_google_does(caller):
    caller.submit(UNDRAWN, durationSeconds=8)

    answers = [extend(caller, {"uri": address_of_last(caller)}) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [200] * 20 + [400]
    assert "148 s at most" in refused(answers[-1])


def test_an_extension_begins_with_the_very_pictures_that_it_extends(start):
    caller = start()
    first = caller.uri("The door is shut")
    name = extend(caller, {"uri": first}, "The door opens").json()["name"]
    sample = caller.poll(name).json()["response"]["generateVideoResponse"]["generatedSamples"][0]
    before, after = caller.download(first).content, caller.download(sample["video"]["uri"]).content

    assert pictures(after)[: 4 * 24] == pictures(before)
    assert len(pictures(after)) == (4 + 7) * 24
    with av.open(BytesIO(after)) as container:
        times = [frame.pts for frame in container.decode(audio=0)]
        assert {later - earlier for earlier, later in itertools.pairwise(times)} == {1024}
        assert len(times) == pytest.approx((4 + 7) * 48_000 / 1024, abs=2)


def pictures(video):
    """A number for each frame that tells them apart."""
    with av.open(BytesIO(video)) as container:
        return [zlib.crc32(bytes(frame.planes[0])) for frame in container.decode(video=0)]
