import http.client
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished
from django.db import close_old_connections
from django.db.models import FileField
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django.urls import path
from waitress import wasyncore
from waitress.server import create_server

from projects.views.ranges import ranged_file

CONTENT = bytes(range(256)) * 1000
SIZE = len(CONTENT)
LARGE = 64 * 2**20


def stored(folder: Path, name: str = "clip.mp4") -> FieldFile:
    return FieldFile(None, FileField(storage=FileSystemStorage(folder)), name)


@pytest.fixture(autouse=True)
def no_database() -> Iterator[None]:
    """Closing a response looks after the database connections of its thread; these tests have none."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


@pytest.fixture
def clip(tmp_path) -> FieldFile:
    (tmp_path / "clip.mp4").write_bytes(CONTENT)
    return stored(tmp_path)


def ask(clip: FieldFile, *, method: str = "GET", size: int = SIZE, **options: object) -> HttpResponseBase:
    headers = {name: options.pop(name) for name in ("Range", "If-Range", "If-None-Match") if name in options}
    request = RequestFactory().generic(method, "/clips/1/video.mp4", headers=headers)
    return ranged_file(request, clip, size=size, etag="abc123", content_type="video/mp4", **options)


def body(response: HttpResponseBase) -> bytes:
    data = b"".join(response) if response.streaming else response.content
    response.close()
    return data


def test_it_sends_the_whole_file(clip):
    response = ask(clip)

    assert response.status_code == 200
    assert dict(response.headers) == {
        "Content-Type": "video/mp4",
        "Content-Length": str(SIZE),
        "Accept-Ranges": "bytes",
        "ETag": '"abc123"',
        "Cache-Control": "private, max-age=86400, immutable",
        "Vary": "Cookie",
        "X-Content-Type-Options": "nosniff",
    }
    assert body(response) == CONTENT


PARTS = [
    ("bytes=0-1", 0, 1),
    ("bytes=0-0", 0, 0),
    ("bytes=1000-1999", 1000, 1999),
    ("bytes=0-", 0, SIZE - 1),
    (f"bytes={SIZE - 5}-", SIZE - 5, SIZE - 1),
    ("bytes=-5", SIZE - 5, SIZE - 1),
    (f"bytes=-{SIZE + 10}", 0, SIZE - 1),
    (f"bytes={SIZE - 1}-{SIZE + 10}", SIZE - 1, SIZE - 1),
    ("BYTES=2-3", 2, 3),
]


@pytest.mark.parametrize(("asked", "first", "last"), PARTS)
def test_it_sends_the_part_asked_for(clip, asked, first, last):
    response = ask(clip, Range=asked)

    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response["Content-Length"] == str(last - first + 1)
    assert response["Content-Type"] == "video/mp4"
    assert response["ETag"] == '"abc123"'
    assert body(response) == CONTENT[first : last + 1]


@pytest.mark.parametrize(
    "asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0", "bytes=999999999999-"]
)
def test_it_says_that_there_is_no_such_part(clip, asked):
    response = ask(clip, Range=asked)

    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{SIZE}"
    assert "Cache-Control" not in response
    assert body(response) == b""


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-6",
        "bytes=5-2",
        "bytes=-",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=+1-2",
        "bytes=١-٢",
        "bytes 0-1",
        "items=0-1",
        "bytes=0-1 ",
        "bytes=" + "9" * 5000 + "-",
        "",
    ],
)
def test_it_sends_the_whole_file_for_a_range_it_does_not_know(clip, asked):
    response = ask(clip, Range=asked)

    assert response.status_code == 200
    assert "Content-Range" not in response
    assert body(response) == CONTENT


def test_it_has_no_part_of_an_empty_file(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"")

    assert ask(stored(tmp_path), Range="bytes=0-", size=0).status_code == 416
    assert body(ask(stored(tmp_path), size=0)) == b""


@pytest.mark.parametrize(
    ("validator", "status"),
    [
        ('"abc123"', 206),
        ('"another"', 200),
        ('W/"abc123"', 200),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 200),
    ],
)
def test_it_sends_a_part_only_of_the_file_that_the_client_knows(clip, validator, status):
    response = ask(clip, Range="bytes=0-1", **{"If-Range": validator})

    assert response.status_code == status
    response.close()


@pytest.mark.parametrize("validator", ['"abc123"', 'W/"abc123"', '"x", "abc123"', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_does_not_send_again_what_the_client_has(tmp_path, method, validator):
    response = ask(stored(tmp_path, "never-opened.mp4"), method=method, **{"If-None-Match": validator})

    assert response.status_code == 304
    assert dict(response.headers) == {
        "ETag": '"abc123"',
        "Cache-Control": "private, max-age=86400, immutable",
        "Vary": "Cookie",
    }


def test_it_sends_a_part_when_the_client_has_another_version(clip):
    response = ask(clip, Range="bytes=0-1", **{"If-None-Match": '"another"'})

    assert response.status_code == 206
    response.close()


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-1"}])
def test_it_answers_head_without_opening_the_file(clip, tmp_path, headers):
    full = ask(clip)
    full.close()

    head = ask(stored(tmp_path, "never-opened.mp4"), method="HEAD", **headers)

    assert head.status_code == 200
    assert dict(head.headers) == dict(full.headers)
    assert body(head) == b""


def test_it_names_the_file_for_a_download(clip):
    response = ask(clip, as_attachment=True, filename="höhle_scene-03.mp4")
    response.close()

    assert response["Content-Disposition"] == "attachment; filename*=utf-8''h%C3%B6hle_scene-03.mp4"


def test_it_can_name_a_file_that_is_shown(clip):
    response = ask(clip, filename="scene.mp4")
    response.close()

    assert response["Content-Disposition"] == 'inline; filename="scene.mp4"'


def test_it_answers_404_for_a_file_that_the_storage_has_lost(tmp_path, caplog):
    with pytest.raises(Http404):
        ask(stored(tmp_path))

    assert "The storage has lost clip.mp4" in caplog.text


def test_it_answers_404_for_a_file_that_is_shorter_than_known(clip, caplog):
    with pytest.raises(Http404):
        ask(clip, size=SIZE + 1)

    assert f"clip.mp4 has {SIZE} bytes in the storage, not {SIZE + 1}" in caplog.text


# With real servers


def show(request: HttpRequest, name: str) -> HttpResponseBase:
    file = stored(Path(request.environ["test.folder"]), name)
    return ranged_file(request, file, size=file.size, etag=name, content_type="video/mp4")


urlpatterns = [path("<str:name>", show)]

Get = Callable[..., tuple[http.client.HTTPResponse, bytes]]


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class ThreadingServer(ThreadingMixIn, WSGIServer):
    pass


@contextmanager
def wsgiref_server(app: object) -> Iterator[int]:
    with make_server("127.0.0.1", 0, app, ThreadingServer, QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def waitress_server(app: object) -> Iterator[int]:
    channels: dict[int, object] = {}
    server = create_server(app, map=channels, host="127.0.0.1", port=0, threads=2)
    stopped = threading.Event()

    def run() -> None:  # as server.run() does, which has no way to be stopped from outside
        while not stopped.is_set():
            wasyncore.loop(timeout=0.02, map=channels, count=1)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield server.effective_port
    stopped.set()
    thread.join()
    server.task_dispatcher.shutdown()
    wasyncore.close_all(channels)


@pytest.fixture(params=[wsgiref_server, waitress_server], ids=["wsgiref", "waitress"])
def port(request, tmp_path, settings) -> Iterator[int]:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    (tmp_path / "clip.mp4").write_bytes(CONTENT)
    django = WSGIHandler()

    def app(environ, start_response):
        return django({**environ, "test.folder": str(tmp_path)}, start_response)

    with request.param(app) as port:
        yield port


def fetch(port: int, name: str = "clip.mp4", method: str = "GET", **headers: str):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, f"/{name}", headers=headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("asked", "first", "last"), PARTS)
def test_it_sends_exactly_the_part_through_a_real_server(port, asked, first, last):
    response, data = fetch(port, Range=asked)

    assert response.status == 206
    assert response.headers["Content-Length"] == str(last - first + 1)
    assert data == CONTENT[first : last + 1]


def test_it_sends_the_whole_file_through_a_real_server(port):
    response, data = fetch(port)

    assert (response.status, response.headers["Content-Length"]) == (200, str(SIZE))
    assert data == CONTENT


def test_it_answers_head_through_a_real_server(port):
    response, data = fetch(port, method="HEAD")

    assert (response.status, response.headers["Content-Length"], data) == (200, str(SIZE), b"")


def test_it_sends_nothing_past_the_part_on_a_kept_connection(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    parts = []
    for first in (0, 1000, 5):
        connection.request("GET", "/clip.mp4", headers={"Range": f"bytes={first}-{first + 9}"})
        parts.append(connection.getresponse().read())
    connection.close()

    assert parts == [CONTENT[:10], CONTENT[1000:1010], CONTENT[5:15]]


def test_it_sends_a_large_file_in_little_memory(port, tmp_path):
    with (tmp_path / "large.mp4").open("wb") as file:
        file.truncate(LARGE)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    tracemalloc.start()
    try:
        connection.request("GET", "/large.mp4", headers={"Range": "bytes=1-"})
        response = connection.getresponse()
        received = sum(len(block) for block in iter(lambda: response.read(2**16), b""))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        connection.close()

    assert received == LARGE - 1
    assert peak < LARGE / 4  # waitress holds some socket buffers of a few megabytes


def test_it_closes_the_file_when_the_client_goes_away(port, tmp_path):
    with (tmp_path / "large.mp4").open("wb") as file:
        file.truncate(LARGE)
    finished = threading.Event()

    def note(**signal: object) -> None:
        finished.set()

    request_finished.connect(note)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/large.mp4", headers={"Range": "bytes=0-"})
        connection.getresponse().read(100)
        connection.close()
        assert finished.wait(5)
    finally:
        request_finished.disconnect(note)
    assert open_files(tmp_path) == []


def open_files(folder: Path) -> list[Path]:
    links = (entry for entry in Path("/proc/self/fd").iterdir())
    return [target for target in map(target_of, links) if folder in target.parents]


def target_of(link: Path) -> Path:
    try:
        return link.readlink()
    except FileNotFoundError:
        return Path()
