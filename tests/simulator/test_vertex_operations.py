"""A clip's whole way on Vertex AI: the POST that polls, both deliveries, credentials and the model list."""

import base64
import re
import uuid

import httpx
import pytest

from projects.veo.catalog import CATALOG, VERTEX_VEO
from tests.simulator.conftest import CLOUD_MODEL, PROMPT

RESPONSE_TYPE = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
STORAGE = "gs://bucket/studio/7/"


def reason(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["details"][0]["reason"])


def test_it_answers_a_finished_clip_with_its_bytes(cloud):
    done = cloud.made()

    (video,) = done["response"].pop("videos")
    assert done == {
        "name": cloud.simulator.operations[0],
        "done": True,
        "response": {
            "@type": RESPONSE_TYPE,
            "raiMediaFilteredCount": 0,
            "raiMediaFilteredReasons": [],
        },
    }
    assert base64.b64decode(video.pop("bytesBase64Encoded"))[4:8] == b"ftyp"
    assert video == {"mimeType": "video/mp4"}


def test_it_answers_with_an_address_where_a_bucket_was_named(cloud):
    (video,) = cloud.made(storageUri=STORAGE)["response"]["videos"]

    assert video["mimeType"] == "video/mp4"
    assert re.fullmatch(rf"{STORAGE}[0-9]+/sample_0\.mp4", video["gcsUri"])


def test_it_leaves_done_away_while_the_clip_is_in_work(start_cloud, clock):
    cloud = start_cloud(latency=30, clock=clock)
    name = cloud.submit().json()["name"]

    assert cloud.poll(name).json() == {"name": name}


def test_it_answers_several_samples(cloud):
    videos = cloud.made(sampleCount=2, storageUri="gs://bucket")["response"]["videos"]

    assert [video["gcsUri"].rpartition("/")[2] for video in videos] == ["sample_0.mp4", "sample_1.mp4"]


def test_it_makes_a_clip_without_sound(cloud):
    loud, silent = (
        cloud.made(generateAudio=audio)["response"]["videos"][0]["bytesBase64Encoded"]
        for audio in (True, False)
    )

    assert b"mp4a" in base64.b64decode(loud)
    assert b"mp4a" not in base64.b64decode(silent)


def test_it_draws_another_seed_another_way(start_cloud, clock):
    cloud = start_cloud(clock=clock, latency=60)
    shots = [cloud.submit(seed=seed) for seed in (1, 2)]

    assert [answer.status_code for answer in shots] == [200, 200]
    assert [one.seed for one in cloud.simulator.accepted] == [1, 2]


def test_it_extends_a_clip_from_its_bucket_by_seven_seconds(start_cloud, clock):
    cloud = start_cloud(clock=clock)
    (first,) = cloud.made(storageUri=STORAGE)["response"]["videos"]

    def extend(video, prompt=f"{PROMPT} [sim:slow=60]"):
        return cloud.extend(video, prompt, storageUri=STORAGE)

    answer = extend(first)

    assert answer.status_code == 200
    longer = cloud.simulator.accepted[-1]
    assert (longer.seconds, longer.task, longer.aspect_ratio) == (11, "extend", "16:9")
    assert longer.source == cloud.simulator.accepted[0].id
    assert cloud.simulator.charged == 2


@pytest.mark.parametrize(("tag", "code"), [("failed", 13), ("failed=3", 3)])
def test_it_fails_with_a_code_and_words(cloud, tag, code):
    done = cloud.made(f"[sim:{tag}]")

    assert done["error"]["code"] == code
    assert done["error"]["message"] != ""
    assert "response" not in done


def test_it_names_support_codes_for_what_it_holds_back(cloud):
    response = cloud.made("[sim:filtered]")["response"]

    assert response["raiMediaFilteredCount"] == 1
    assert "Support codes: 42237218" in response["raiMediaFilteredReasons"][0]
    assert "videos" not in response


def test_it_delivers_a_part_and_holds_back_a_part(cloud):
    response = cloud.made(f"{PROMPT} [sim:partial]", sampleCount=2)["response"]

    assert (len(response["videos"]), response["raiMediaFilteredCount"]) == (1, 1)


def test_it_ends_with_nothing_or_in_another_shape(cloud):
    assert cloud.made("[sim:empty]")["response"] == {"@type": RESPONSE_TYPE}
    (sample,) = cloud.made(f"{PROMPT} [sim:seed-shape]")["response"]["generatedSamples"]
    assert base64.b64decode(sample["video"]["video"])[4:8] == b"ftyp"


def test_it_brings_the_bytes_in_spite_of_a_bucket_when_told_to(cloud):
    (video,) = cloud.made(f"{PROMPT} [sim:inline]", storageUri=STORAGE)["response"]["videos"]

    assert "bytesBase64Encoded" in video


def test_it_is_polled_by_a_post_only(cloud):
    name = cloud.submit("[sim:empty]").json()["name"]

    assert cloud.http.get(f"/v1beta1/{name}").status_code == 404
    assert cloud.http.get(f"/v1/{name}").status_code == 404


def test_it_does_not_know_an_operation_of_another_name(cloud):
    name = cloud.submit("[sim:empty]").json()["name"]

    assert cloud.poll(f"{cloud.parent()}/operations/{uuid.uuid4()}").status_code == 404
    assert cloud.poll(name.replace("the-project", "another")).status_code == 404
    assert cloud.poll(name.replace("/models/veo-3.1-fast-", "/models/veo-3.1-")).status_code == 404


def test_it_refuses_a_poll_of_another_model_or_with_other_fields(cloud):
    name = cloud.submit("[sim:empty]").json()["name"]
    elsewhere = cloud.parent("veo-3.1-generate-001")

    wrong = cloud.http.post(f"/v1beta1/{elsewhere}:fetchPredictOperation", json={"operationName": name})
    assert wrong.status_code == 400
    assert cloud.poll(name, pageSize=1).status_code == 400


def test_it_knows_after_a_restart_what_it_knew_before(start_cloud):
    before = start_cloud("kept")
    name = before.submit(storageUri=STORAGE).json()["name"]
    before.simulator.close()

    after = start_cloud("kept")

    assert (after.simulator.charged, after.simulator.operations) == (1, [name])
    assert after.poll(name).json()["response"]["videos"][0]["gcsUri"].startswith(STORAGE)


@pytest.mark.parametrize("kind", ["drop", "reset"])
@pytest.mark.parametrize("accepted", [True, False])
def test_it_loses_the_answer_of_a_submit(cloud, kind, accepted):
    cloud.simulator.script("submit", kind, accepted=accepted)

    with pytest.raises(httpx.TransportError):
        cloud.submit("[sim:empty]")
    assert cloud.simulator.charged == int(accepted)


def test_it_answers_faults_and_tags_as_on_the_first_wire(cloud):
    cloud.simulator.script("submit", "status", status=429, retry_info=3)
    assert cloud.submit().json()["error"]["details"][0]["retryDelay"] == "3s"
    assert cloud.submit("[sim:unavailable]").status_code == 503
    name = cloud.submit("[sim:poll-503] [sim:empty]").json()["name"]
    assert [cloud.poll(name).status_code for _ in range(3)] == [503, 503, 200]
    cloud.simulator.script("poll", "bad_json")
    assert cloud.poll(name).text == '{"name": "models/veo'
    cloud.simulator.script("submit", "failed", code=8)
    assert cloud.made()["error"]["code"] == 8
    assert cloud.submit("[sim:unheard-of]").status_code == 400


KEYS = (
    "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials"
)


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 401, "Request is missing required authentication credential."),
        ({"x-goog-api-key": "AIza" + "Good"}, 401, KEYS),
        ({"x-goog-api-key": "AIza" + "Good", "authorization": "Bearer ya29.good"}, 401, KEYS),
        ({"authorization": "Bearer AIza" + "Good"}, 401, "Request had invalid authentication credentials."),
        ({"authorization": "Bearer ya29.expired-1"}, 401, "Request had invalid authentication credentials."),
        ({"authorization": "Bearer ya29.noscope-1"}, 403, "Request had insufficient authentication scopes."),
        ({"authorization": "Bearer ya29.norole-1"}, 403, "Permission 'aiplatform.endpoints.predict' denied"),
    ],
)
def test_it_asks_for_a_token_that_may_do_it(cloud, headers, status, message):
    del cloud.http.headers["authorization"]
    cloud.http.headers.update(headers)

    for answer in (cloud.submit(), cloud.poll(f"{cloud.parent()}/operations/x")):
        assert answer.status_code == status
        assert answer.json()["error"]["message"].startswith(message)
    assert cloud.simulator.charged == 0


def test_it_gives_googles_reasons(caller, cloud_with):
    simulator = caller.simulator

    assert reason(cloud_with(simulator, "ya29.noscope").submit()) == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    denied = cloud_with(simulator, "ya29.norole").submit()
    assert reason(denied) == "IAM_PERMISSION_DENIED"
    assert denied.json()["error"]["details"][0]["metadata"]["permission"] == "aiplatform.endpoints.predict"


def test_it_takes_only_the_configured_tokens_when_some_are_configured(start, cloud_with):
    simulator = start(tokens={"ya29.mine"}).simulator

    assert cloud_with(simulator, "ya29.mine").submit("[sim:empty]").status_code == 200
    assert cloud_with(simulator, "ya29.other").submit("[sim:empty]").status_code == 401


@pytest.mark.parametrize("version", ["v1beta1", "v1"])
def test_it_lists_the_models_that_google_publishes(cloud, version):
    address = f"/{version}/publishers/google/models"
    first = cloud.http.get(f"{address}?pageSize=2").json()
    second = cloud.http.get(f"{address}?pageSize=2&pageToken={first['nextPageToken']}").json()

    listed = [model["name"] for model in first["publisherModels"] + second["publisherModels"]]
    assert listed == [f"publishers/google/models/{model.id}" for model in CATALOG.of(VERTEX_VEO)]
    assert cloud.simulator.counts["models"] == 2


def test_it_describes_one_model(cloud):
    found = cloud.http.get(f"/v1beta1/publishers/google/models/{CLOUD_MODEL}")

    assert found.json()["launchStage"] == "GA"
    assert cloud.http.get("/v1beta1/publishers/google/models/veo-3.0-generate-001").status_code == 404
