"""Cloud Storage on a server of this machine."""

from collections.abc import Iterator

import pytest

from projects.veo.credentials import OAuthToken
from projects.veo.errors import BadDownload, Forbidden, ForeignHost, Garbled, NotFound
from projects.veo.storage import CloudStorage, Place, place
from projects.veo.transport import Limits
from projects.veo.types import FileInfo, Found
from tests.veo.conftest import MP4, Server, as_json, redirect, video

TOKEN = OAuthToken("ya29." + "test-token-of-storage")
AT = Place("studio", "clips/op 1/sample_0.mp4")
PATH = "/storage/v1/b/studio/o/clips%2Fop%201%2Fsample_0.mp4"


@pytest.fixture
def storage(server: Server) -> Iterator[CloudStorage]:
    storage = CloudStorage(TOKEN, base_url=server.url, limits=Limits(poll_read=2, download_read=2))
    yield storage
    storage.close()


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("gs://studio", Place("studio", "")),
        ("gs://studio/clips/", Place("studio", "clips")),
        ("gs://studio/a/b.mp4", Place("studio", "a/b.mp4")),
        ("gs://studio/a?x=1#y", Place("studio", "a?x=1#y")),
    ],
)
def test_it_reads_addresses_of_cloud_storage(uri, found):
    assert place(uri) == found


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "gs://",
        "gs:///a",
        "gs://UPPER/a",
        "gs://a b/c",
        "gs://user@evil.example/a",
        "gs://studio:80/a",
        "gs://studio/../other/a",
        "gs://studio/a/./b",
        "gs://stu..dio/a",
        "gs://studio/line\nbreak",
        "gs://studio/" + "x" * 1025,
        "https://storage.googleapis.com/studio/a",
        "GS://studio/a",
    ],
)
def test_it_believes_no_address_that_no_object_can_have(uri):
    assert place(uri) is None


def test_it_reads_an_object_with_the_token_as_one_segment_of_the_path(server, storage):
    server.will(video(MP4, headers={"ETag": '"v1"'}))
    with storage.open(AT) as download:
        assert b"".join(download.chunks) == MP4
    assert (download.etag, download.length) == ('"v1"', len(MP4))
    assert server.seen[0].path == f"{PATH}?alt=media"
    assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN.token}"


def test_it_goes_on_where_a_download_stopped(server, storage):
    rest = {"ETag": '"v1"', "Content-Range": f"bytes 100-{len(MP4) - 1}/{len(MP4)}"}
    server.will(video(MP4[100:], 206, headers=rest))
    with storage.open(AT, offset=100, etag='"v1"') as download:
        assert (download.start, b"".join(download.chunks)) == (100, MP4[100:])
    assert (server.seen[0].headers["range"], server.seen[0].headers["if-range"]) == ("bytes=100-", '"v1"')


def test_it_starts_anew_without_an_etag_that_it_can_trust(server, storage):
    server.will(video(MP4, headers={"ETag": "CJ7vGoogleSendsItSo="}))
    with storage.open(AT, offset=100, etag="") as download:
        assert (download.start, download.etag) == (0, "")
    assert "range" not in server.seen[0].headers


def test_it_takes_no_error_page_for_a_video(server, storage):
    server.will(as_json({"kind": "storage#object"}))
    with pytest.raises(BadDownload, match="application/json"), storage.open(AT):
        pass


def test_a_redirect_takes_no_token_along(server, stranger, storage):
    server.will(redirect(f"{stranger.url}/elsewhere.mp4"))
    stranger.will(video())
    with storage.open(AT) as download:
        assert b"".join(download.chunks) == MP4
    assert "authorization" not in stranger.seen[0].headers


def test_an_address_outside_is_not_asked(server, storage):
    with pytest.raises(ForeignHost), storage.open_url("https://evil.example/a.mp4"):
        pass
    with pytest.raises(Garbled), storage.open_url("file:///etc/passwd"):
        pass


def test_it_reads_an_objects_record(server, storage):
    record = {"name": AT.name, "size": "4412345", "contentType": "video/mp4", "timeCreated": "2026-11-24"}
    server.will(as_json(record))
    assert storage.info(AT) == FileInfo(name=AT.name, size=4412345, mime_type="video/mp4", raw=record)
    assert server.seen[0].path == PATH


def test_it_tells_a_deleted_object_from_one_that_may_not_be_read(server, storage):
    server.will(
        as_json({"error": {"code": 404, "message": f"No such object: studio/{AT.name}"}}, 404),
        as_json({"error": {"code": 403, "message": "x does not have storage.objects.get access."}}, 403),
    )
    with pytest.raises(NotFound, match="Cloud Storage no longer has this object"):
        storage.info(AT)
    with pytest.raises(Forbidden, match=r"roles/storage.objectUser") as refused:
        storage.info(AT)
    assert refused.value.code == "role_missing"


def test_it_lists_the_videos_of_a_folder_over_all_pages(server, storage):
    folder = "clips/op 1/"
    server.will(
        as_json(
            {
                "items": [
                    {"name": f"{folder}7/sample_0.mp4", "timeCreated": "2026-11-24T10:00:00Z"},
                    {"name": f"{folder}7/log.txt"},
                    {"name": "clips/op 12/a.mp4"},
                    {"name": f"{folder}../../a.mp4"},
                    {"name": 7},
                    "odd",
                ],
                "nextPageToken": "a&b",
            }
        ),
        as_json({"items": [{"name": f"{folder}8/sample_0.mp4"}]}),
    )
    assert storage.videos(Place("studio", "clips/op 1")) == [
        Found(ref=f"gs://studio/{folder}7/sample_0.mp4", created_at="2026-11-24T10:00:00Z", certain=True),
        Found(ref=f"gs://studio/{folder}8/sample_0.mp4", certain=True),
    ]
    first = "/storage/v1/b/studio/o?prefix=clips%2Fop+1%2F&maxResults=100"
    assert [seen.path for seen in server.seen] == [first, f"{first}&pageToken=a%26b"]


def test_it_gives_up_on_a_list_that_does_not_end(server, storage):
    server.will(*[as_json({"items": [], "nextPageToken": "again"})] * 30)
    with pytest.raises(Garbled, match="does not end"):
        storage.videos(Place("studio", "clips"))
    assert len(server.seen) == 20
