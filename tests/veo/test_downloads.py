import os

import pytest

from projects.veo.credentials import ApiKey
from projects.veo.downloads import is_strong, range_headers
from projects.veo.errors import (
    BadDownload,
    CredentialRefused,
    Forbidden,
    ForeignHost,
    NoAnswer,
    RateLimited,
    ServerTrouble,
)
from projects.veo.types import Output
from tests.veo.conftest import KEY, MP4, Reply, as_json, redirect, video

FILE = Output(uri="https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media")
ETAG = '"v1"'


def fetch(google, output=FILE, **more):
    with google.open_output(output, **more) as download:
        return download, b"".join(download.chunks)


def part(start, body=MP4, **more):
    headers = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}", "ETag": ETAG} | more.pop(
        "headers", {}
    )
    return video(body[start:], 206, headers=headers, **more)


def test_it_streams_the_whole_file_with_the_key(server, google):
    server.will(video(headers={"ETag": ETAG}))
    download, data = fetch(google)
    assert data == MP4
    assert (download.start, download.length, download.etag) == (0, len(MP4), ETAG)
    assert download.content_type == "video/mp4"
    [seen] = server.seen
    assert seen.path == "/v1beta/files/abc123:download?alt=media"
    assert seen.headers["x-goog-api-key"] == KEY
    assert seen.headers["accept-encoding"] == "identity"
    assert "range" not in seen.headers


@pytest.mark.parametrize(
    "uri",
    [
        "files/abc123",
        "/v1beta/files/abc123",
        "https://generativelanguage.googleapis.com/v1beta/files/abc123",
        "https://generativelanguage.googleapis.com/download/v1beta/files/abc123:download?alt=media&key=x",
        "https://relay.example/google/v1beta/files/abc123:download",
        "https://evil.example/v1/files/abc123:download?alt=media#x",
    ],
)
def test_it_takes_the_id_and_does_not_believe_the_host(server, google, uri):
    server.will(video())
    assert fetch(google, Output(uri=uri))[1] == MP4
    assert server.seen[0].path == "/v1beta/files/abc123:download?alt=media"


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/clip.mp4",
        "https://evil.example/?x=/v1beta/files/abc123",
        "https://evil.example/#/v1beta/files/abc123",
        "https://evil.example/v1beta/files/../../x",
        "http://10.0.0.1/clip.mp4",
        "gs://bucket/clip.mp4",
    ],
)
def test_it_asks_no_foreign_host_for_a_video(server, google, uri):
    with pytest.raises(ForeignHost):
        fetch(google, Output(uri=uri))
    assert server.seen == []


def test_it_reads_another_loopback_address_without_the_key(stranger, google):
    stranger.will(video())
    assert fetch(google, Output(uri=f"{stranger.url}/clip.mp4?sig=1"))[1] == MP4
    assert stranger.seen[0].path == "/clip.mp4?sig=1"
    assert "x-goog-api-key" not in stranger.seen[0].headers


def test_it_yields_the_bytes_of_an_answer_that_holds_them(server, google):
    data = os.urandom(2**21 + 5)
    with google.open_output(Output(inline=data, mime_type="video/webm"), offset=7, etag=ETAG) as download:
        chunks = list(download.chunks)
    assert b"".join(chunks) == data
    assert [len(chunk) for chunk in chunks] == [2**20, 2**20, 5]
    assert (download.start, download.length, download.content_type) == (0, len(data), "video/webm")
    assert server.seen == []


def test_it_yields_chunks_of_at_most_one_mebibyte(server, google):
    server.will(video(bytes(3 * 2**20)))
    with google.open_output(FILE) as download:
        assert 0 < max(len(chunk) for chunk in download.chunks) <= 2**20


@pytest.mark.parametrize(
    "content_type", ["video/mp4", "VIDEO/MP4; codecs=avc1", "application/octet-stream", "binary/octet-stream"]
)
def test_it_takes_the_types_that_a_video_comes_as(server, google, content_type):
    server.will(video(content_type=content_type))
    assert fetch(google)[1] == MP4


def test_it_takes_a_file_without_type_or_length(server, google):
    server.will(Reply(200, MP4, length=-1))
    download, data = fetch(google)
    assert (data, download.length) == (MP4, None)


def test_it_takes_a_file_in_http_chunks(server, google):
    server.will(video(chunked=True))
    assert fetch(google)[1] == MP4


# --- resuming ---


def test_it_asks_for_the_rest_and_gets_it(server, google):
    server.will(part(100))
    download, data = fetch(google, offset=100, etag=ETAG)
    assert data == MP4[100:]
    assert (download.start, download.length, download.etag) == (100, len(MP4), ETAG)
    assert server.seen[0].headers["range"] == "bytes=100-"
    assert server.seen[0].headers["if-range"] == ETAG


def test_it_resumes_across_a_redirect(server, google):
    server.will(redirect("/elsewhere"), part(100))
    assert fetch(google, offset=100, etag=ETAG)[1] == MP4[100:]
    assert server.seen[1].headers["range"] == "bytes=100-"


def test_it_starts_again_when_the_file_has_changed(server, google):
    server.will(video(headers={"ETag": '"v2"'}))
    download, data = fetch(google, offset=100, etag=ETAG)
    assert (download.start, download.etag, data) == (0, '"v2"', MP4)


def test_it_is_done_when_nothing_is_left(server, google):
    server.will(Reply(416, b"<html>", {"Content-Range": f"bytes */{len(MP4)}"}))
    download, data = fetch(google, offset=len(MP4), etag=ETAG)
    assert (data, download.start, download.length) == (b"", len(MP4), len(MP4))


@pytest.mark.parametrize("content_range", [None, "bytes */99", "bytes */*", "bytes 0-1/100"])
def test_it_does_not_take_another_416_for_done(server, google, content_range):
    server.will(Reply(416, b"", {"Content-Range": content_range} if content_range else {}))
    with pytest.raises(BadDownload) as error:
        fetch(google, offset=100, etag=ETAG)
    assert error.value.code == "range_refused"


@pytest.mark.parametrize(
    "reply",
    [
        part(50),
        part(100, headers={"Content-Range": f"bytes 50-{len(MP4) - 1}/{len(MP4)}"}),
        part(100, headers={"Content-Range": "bytes 100-"}),
        part(100, headers={"Content-Range": ""}),
        part(100, headers={"ETag": '"v2"'}),
    ],
)
def test_it_does_not_append_another_part(server, google, reply):
    server.will(reply)
    with pytest.raises(BadDownload) as error:
        fetch(google, offset=100, etag=ETAG)
    assert error.value.code == "range_refused"


def test_it_does_not_take_a_part_that_nobody_asked_for(server, google):
    server.will(part(0))
    with pytest.raises(BadDownload):
        fetch(google)


def test_it_sees_that_a_part_is_too_long_or_too_short(server, google):
    server.will(part(100, headers={"Content-Range": "bytes 100-200/300"}))
    with pytest.raises(BadDownload, match="more than"):
        fetch(google, offset=100, etag=ETAG)
    server.will(part(100, headers={"Content-Range": f"bytes 100-200/{len(MP4) + 1}"}))
    with pytest.raises(NoAnswer, match="ended early"):
        fetch(google, offset=100, etag=ETAG)


@pytest.mark.parametrize("etag", ["", 'W/"v1"', "v1", '"', '"a\r\nX: 1"'])
def test_it_resumes_only_with_a_strong_validator(etag):
    assert not is_strong(etag)
    assert range_headers(100, etag) == {}


def test_it_hands_on_only_a_strong_validator(server, google):
    server.will(video(headers={"ETag": 'W/"v1"'}))
    assert fetch(google)[0].etag == ""


# --- what goes wrong ---


def test_it_does_not_begin_a_file_beyond_the_limit(server, google):
    server.will(video(length=2**40))
    with pytest.raises(BadDownload, match="larger than 1024 MiB"):
        fetch(google)


@pytest.mark.parametrize(
    "reply",
    [
        video(cut=1000),
        video(cut=1000, reset=True),
        video(cut=0),
        video(length=9_999),
        video(chunked=True, cut=1000),
        video(trickle=0.5),
    ],
)
def test_it_says_when_the_bytes_stop_coming(server, connect, reply):
    server.will(reply)
    with pytest.raises(NoAnswer) as error:
        fetch(connect(download_read=0.2))
    assert error.value.code == "cut_off"


def test_it_keeps_the_bytes_that_came_before_the_cut(server, google):
    server.will(video(cut=1000))
    have = []
    with google.open_output(FILE) as download, pytest.raises(NoAnswer):
        have.extend(download.chunks)
    assert b"".join(have) == MP4[:1000]


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (
            Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html; charset=utf-8"}),
            "<html>Sign in</html>",
        ),
        (as_json({"error": f"no {KEY}"}), '{"error": "no ***"}'),
        (Reply(206, b"--x", {"Content-Type": "multipart/byteranges; boundary=x"}), "--x"),
        (video(b""), ""),
        (video(headers={"Content-Encoding": "gzip"}), ""),
    ],
)
def test_it_does_not_take_a_page_for_a_video(server, google, reply, detail):
    server.will(reply)
    with pytest.raises(BadDownload) as error:
        fetch(google)
    assert (error.value.code, error.value.detail) == ("not_a_video", detail)


@pytest.mark.parametrize(
    "reply", [video(bytes(5000)), video(bytes(5000), chunked=True), Reply(200, bytes(5000), length=-1)]
)
def test_it_takes_no_more_than_the_limit(server, connect, reply):
    server.will(reply)
    with pytest.raises(BadDownload) as error:
        fetch(connect(file_bytes=4096))
    assert error.value.code == "too_large"


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (
            as_json(
                {"error": {"code": 403, "message": "You do not have permission to access the File abc."}}, 403
            ),
            Forbidden,
            "file_gone",
        ),
        (
            as_json({"error": {"code": 403, "message": "Method doesn't allow unregistered callers"}}, 403),
            CredentialRefused,
            "no_credential",
        ),
        (
            as_json([{"error": {"code": 400, "message": "API key not valid."}}], 400),
            CredentialRefused,
            "key_invalid",
        ),
        (Reply(429, b"slow down", {"Retry-After": "3"}), RateLimited, "quota"),
        (Reply(503, b"<html>"), ServerTrouble, "server_trouble"),
    ],
)
def test_it_tells_refused_downloads_apart(server, google, reply, kind, code):
    server.will(reply)
    with pytest.raises(kind) as error:
        fetch(google)
    assert error.value.code == code


def test_it_closes_the_connection_when_the_reader_leaves(server, google):
    server.will(video(bytes(50 * 2**20)), video())
    with google.open_output(FILE) as download:
        first = next(download.chunks)
    assert set(first) == {0}
    with pytest.raises(NoAnswer):
        list(download.chunks)
    assert fetch(google)[1] == MP4


def test_it_never_writes_the_key_into_an_address(server, connect):
    server.will(redirect("/a?alt=media"), video(), Reply(403, b"{}"))
    google = connect(ApiKey("a-relay-key-of-any-form"))
    fetch(google)
    with pytest.raises(Forbidden) as error:
        fetch(google)
    assert all("relay-key" not in seen.path for seen in server.seen)
    assert "relay-key" not in f"{error.value!r}{error.value.detail}"
