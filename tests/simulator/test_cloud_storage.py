"""The bucket that Vertex AI was told to use: what lies there, who may read it, and when."""

from urllib.parse import quote

import httpx
import pytest

from tests.simulator.conftest import PROMPT, Cloud

FOLDER = "studio/7/"
STORAGE = f"gs://bucket/{FOLDER}"


@pytest.fixture
def name(cloud: Cloud) -> str:
    """The name of an object that is ready."""
    return made(cloud)


def made(cloud: Cloud, prompt: str = PROMPT) -> str:
    (video,) = cloud.made(prompt, storageUri=STORAGE)["response"]["videos"]
    return str(video["gcsUri"].removeprefix("gs://bucket/"))


def path(name: str, query: str = "") -> str:
    return f"/storage/v1/b/bucket/o/{quote(name, safe='')}{query}"


def listed(cloud: Cloud, prefix: str = FOLDER, bucket: str = "bucket") -> list[str]:
    answer = cloud.http.get(f"/storage/v1/b/{bucket}/o", params={"prefix": prefix})
    return [item["name"] for item in answer.json()["items"]]


def test_it_delivers_an_object(cloud, name):
    answer = cloud.http.get(path(name, "?alt=media"))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.content[4:8] == b"ftyp"
    assert cloud.simulator.counts["media"] == 1


def test_it_delivers_a_range(cloud, name):
    whole = cloud.http.get(path(name, "?alt=media"))
    headers = {"Range": "bytes=1000-", "If-Range": whole.headers["etag"]}

    rest = cloud.http.get(path(name, "?alt=media"), headers=headers)

    assert (rest.status_code, rest.content) == (206, whole.content[1000:])


def test_it_describes_an_object(start_cloud, clock):
    cloud = start_cloud(clock=clock)
    name = made(cloud)
    size = len(cloud.http.get(path(name, "?alt=media")).content)

    told = cloud.http.get(path(name)).json()

    assert (
        told
        | {
            "kind": "storage#object",
            "name": name,
            "bucket": "bucket",
            "contentType": "video/mp4",
            "size": str(size),
            "timeCreated": "2026-11-22T10:00:00.000000Z",
        }
        == told
    )
    assert told["etag"] != ""


def test_it_lists_what_is_ready_under_a_prefix(start_cloud, clock):
    cloud = start_cloud(clock=clock, latency=30)
    cloud.submit(storageUri=STORAGE)
    cloud.simulator.settle()
    assert listed(cloud) == []
    clock.move(seconds=31)

    (name,) = listed(cloud)
    assert name.startswith(FOLDER)
    assert listed(cloud, "studio/8/") == listed(cloud, bucket="another") == []


def test_it_lists_in_pages(cloud):
    for _ in range(3):
        made(cloud)
    first = cloud.http.get("/storage/v1/b/bucket/o?maxResults=2").json()
    second = cloud.http.get(f"/storage/v1/b/bucket/o?pageToken={first['nextPageToken']}").json()

    assert [len(page["items"]) for page in (first, second)] == [2, 1]


@pytest.mark.parametrize("tag", ["filtered", "failed", "empty", "inline", "expired"])
def test_it_lists_nothing_where_nothing_was_put(cloud, tag):
    cloud.made(f"{PROMPT} [sim:{tag}]", storageUri=STORAGE)

    assert listed(cloud) == []


def test_it_puts_one_sample_there_when_the_other_was_held_back(cloud):
    cloud.made(f"{PROMPT} [sim:partial]", storageUri=STORAGE, sampleCount=2)

    assert len(listed(cloud)) == 1


def test_it_knows_no_other_objects(cloud, name):
    answer = cloud.http.get(path(f"{name}x", "?alt=media"))

    assert answer.status_code == 404
    assert answer.json()["error"]["errors"][0]["reason"] == "notFound"
    assert cloud.http.get(path(name).replace("/bucket/", "/another/")).status_code == 404


def test_it_wants_the_slashes_of_a_name_escaped(cloud, name):
    assert cloud.http.get(f"/storage/v1/b/bucket/o/{name}").status_code == 404


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({}, 401, "required"),
        ({"x-goog-api-key": "AIza" + "Good"}, 401, "required"),
        ({"authorization": "Bearer ya29.expired"}, 401, "authError"),
        ({"authorization": "Bearer AIza" + "Good"}, 401, "authError"),
        ({"authorization": "Bearer ya29.noscope"}, 403, "insufficientPermissions"),
        ({"authorization": "Bearer ya29.norole"}, 403, "forbidden"),
    ],
)
def test_it_asks_for_a_token_that_may_read(cloud, name, headers, status, reason):
    del cloud.http.headers["authorization"]
    cloud.http.headers.update(headers)

    for address in ("/storage/v1/b/bucket/o", path(name), path(name, "?alt=media")):
        answer = cloud.http.get(address)
        assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (status, reason)


def test_it_spoils_downloads_by_tag_and_by_script(cloud):
    name = made(cloud, f"{PROMPT} [sim:download-403=1]")
    address = path(name, "?alt=media")
    assert [cloud.http.get(address).status_code for _ in range(2)] == [403, 200]
    cloud.simulator.script("media", "zero")
    assert cloud.http.get(address).content == b""
    cloud.simulator.script("media", "truncated", size=100)
    with pytest.raises(httpx.RemoteProtocolError):
        cloud.http.get(address)
    cloud.simulator.script("list", "status", status=503)
    assert cloud.http.get("/storage/v1/b/bucket/o").status_code == 503
    cloud.simulator.script("file", "status", status=500)
    assert cloud.http.get(path(name)).status_code == 500
