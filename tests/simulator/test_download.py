import base64
import hashlib

import pytest

from tests.simulator.conftest import Caller


@pytest.fixture
def uri(caller: Caller) -> str:
    return caller.uri()


@pytest.fixture
def content(caller: Caller, uri: str) -> bytes:
    return caller.download(uri).content


def test_it_redirects_a_download_on_the_same_host(caller, uri):
    answer = caller.http.get(uri)

    assert answer.status_code == 302
    assert answer.headers["location"] == uri.replace("/v1beta/files/", "/download/v1beta/files/")


def test_it_delivers_an_mp4(caller, uri):
    answer = caller.download(uri)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.content[4:8] == b"ftyp"


@pytest.mark.parametrize("prefix", ["", "/download"])
def test_it_wants_alt_media(caller, uri, prefix):
    bare = uri.replace("/v1beta/files/", f"{prefix}/v1beta/files/").replace("?alt=media", "")

    assert caller.http.get(bare).status_code == 400


def test_it_keeps_a_key_given_in_the_query_over_the_redirect(caller, uri):
    del caller.http.headers["x-goog-api-key"]

    assert caller.download(f"{uri}&key=AIzaTestKey").status_code == 200


def test_it_describes_a_file(start, clock):
    caller = start(clock=clock)
    uri = caller.uri()
    content = caller.download(uri).content
    address = uri.removesuffix(":download?alt=media")

    assert caller.http.get(address).json() == {
        "name": f"files/{address.rpartition('/')[2]}",
        "mimeType": "video/mp4",
        "sizeBytes": str(len(content)),
        "createTime": "2026-11-22T10:00:00.000000Z",
        "updateTime": "2026-11-22T10:00:00.000000Z",
        "expirationTime": "2026-11-24T10:00:00.000000Z",
        "sha256Hash": base64.b64encode(hashlib.sha256(content).digest()).decode(),
        "uri": address,
        "downloadUri": uri,
        "state": "ACTIVE",
        "source": "GENERATED",
        "videoMetadata": {"videoDuration": "4s"},
    }


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-1", slice(0, 2)),
        ("bytes=1000-1999", slice(1000, 2000)),
        ("bytes=5000-", slice(5000, None)),
        ("bytes=-100", slice(-100, None)),
    ],
)
def test_it_delivers_a_range(caller, uri, content, wanted, part):
    answer = caller.download(uri, Range=wanted)

    assert answer.status_code == 206
    assert answer.content == content[part]
    places = range(len(content))[part]
    assert answer.headers["content-range"] == f"bytes {places[0]}-{places[-1]}/{len(content)}"


def test_it_shortens_a_range_that_reaches_too_far(caller, uri, content):
    assert caller.download(uri, Range="bytes=10-999999999").content == content[10:]


@pytest.mark.parametrize("wanted", ["bytes={size}-", "bytes=-0"])
def test_it_refuses_a_range_behind_the_end(caller, uri, content, wanted):
    answer = caller.download(uri, Range=wanted.format(size=len(content)))

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "bytes=-", "rows=0-1"])
def test_it_delivers_everything_for_a_range_it_does_not_understand(caller, uri, content, wanted):
    answer = caller.download(uri, Range=wanted)

    assert (answer.status_code, answer.content) == (200, content)


def test_it_honours_if_range(caller, uri, content):
    etag = caller.download(uri).headers["etag"]

    same = caller.download(uri, **{"Range": "bytes=7-", "If-Range": etag})
    other = caller.download(uri, **{"Range": "bytes=7-", "If-Range": '"other"'})

    assert (same.status_code, same.content) == (206, content[7:])
    assert (other.status_code, other.content) == (200, content)


def test_it_forgets_a_file_after_two_days(start, clock):
    caller = start(clock=clock)
    uri = caller.uri()
    name = caller.simulator.operations[0]
    file_id = uri.split("files/")[1].split(":")[0]
    clock.move(hours=47, minutes=59)
    assert caller.download(uri).status_code == 200
    clock.move(minutes=1)

    for answer in (caller.http.get(uri), caller.http.get(uri.removesuffix(":download?alt=media"))):
        assert answer.status_code == 403
        assert answer.json()["error"]["message"] == (
            f"You do not have permission to access the File {file_id} or it may not exist."
        )
    assert caller.poll(name).json()["done"] is True


def test_it_shows_a_file_to_nobody_before_it_is_ready(start, clock):
    caller = start(clock=clock, latency=30)
    clock.move(seconds=-31)
    caller.submit()
    clock.move(seconds=31)
    uri = caller.poll(caller.simulator.operations[0]).json()["response"]["generateVideoResponse"]
    clock.move(seconds=-31)

    assert caller.http.get(uri["generatedSamples"][0]["video"]["uri"]).status_code == 403


@pytest.mark.parametrize("path", ["/v1beta/files/unknown", "/v1beta/files/unknown:download?alt=media"])
def test_it_says_of_an_unknown_file_what_it_says_of_a_foreign_one(caller, path):
    answer = caller.http.get(path)

    assert answer.status_code == 403
    assert answer.json()["error"]["message"] == (
        "You do not have permission to access the File unknown or it may not exist."
    )


def test_it_shows_a_file_to_no_other_key_but_to_a_token(caller, uri):
    caller.http.headers["x-goog-api-key"] = "AIzaOther"
    assert caller.http.get(uri).status_code == 403

    del caller.http.headers["x-goog-api-key"]
    caller.http.headers["authorization"] = "Bearer ya29.good"
    assert caller.http.get(uri).status_code == 302
