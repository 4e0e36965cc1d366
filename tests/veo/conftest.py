"""A real HTTP server that answers by script, and back ends that talk to it."""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any

import hypothesis
import pytest

from projects.veo.credentials import ApiKey
from projects.veo.gemini_omni import GeminiOmni
from projects.veo.gemini_veo import GeminiVeo
from projects.veo.transport import Limits

# On a busy machine a slow example is no failure.
hypothesis.settings.register_profile("veo", deadline=None, database=None)
hypothesis.settings.load_profile("veo")

KEY = "AIza" + "SyTestKeyForTheScriptedServer_0123456"
MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 8


@dataclass
class Reply:
    """One scripted answer.

    `cut` sends only so many bytes of the body, `drop` hangs up before the head, `length` is what the head
    claims (-1: nothing). Delays are seconds. The connection is closed after it unless `keep`, unannounced.
    `pieces` come one by one instead of a body, numbers among them are pauses, and `torn` leaves out the end.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    length: int | None = None
    drop: bool = False
    reset: bool = False
    delay: float = 0
    trickle: float = 0
    chunked: bool = False
    keep: bool = False
    pieces: Sequence[bytes | float] = ()
    torn: bool = False


def as_json(data: Any, status: int = 200, **more: Any) -> Reply:
    headers = {"Content-Type": "application/json"} | more.pop("headers", {})
    return Reply(status, json.dumps(data).encode(), headers, **more)


def redirect(location: str, status: int = 302) -> Reply:
    return Reply(status, headers={"Location": location})


def video(body: bytes = MP4, status: int = 200, content_type: str = "video/mp4", **more: Any) -> Reply:
    headers = {"Content-Type": content_type} | more.pop("headers", {})
    return Reply(status, body, headers, **more)


def event(data: Any) -> bytes:
    """One server-sent event, as Google writes them."""
    return f"event: {data.get('event_type', 'message')}\ndata: {json.dumps(data)}\n\n".encode()


def streamed(*pieces: Any, torn: bool = False, done: bool = True) -> Reply:
    """A stream of events: dictionaries, raw bytes and pauses. `torn` breaks off, `done` ends properly."""
    made = [event(piece) if isinstance(piece, dict) else piece for piece in pieces]
    end = [b"event: done\ndata: [DONE]\n\n"] if done and not torn else []
    return Reply(200, headers={"Content-Type": "text/event-stream"}, pieces=[*made, *end], torn=torn)


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    client: tuple[str, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server(ThreadingTCPServer):
    """Answers each request with the next reply of the script and remembers what it saw."""

    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Reply] = []
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def will(self, *replies: Reply) -> None:
        self.script.extend(replies)

    def next(self, seen: Seen) -> Reply:
        with self.lock:
            self.seen.append(seen)
            return self.script.pop(0) if self.script else Reply(599, b"not in the script")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        # An idle kept-alive connection must not hold up the end of the test.
        self.connection.settimeout(2)

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.next(Seen(self.command, self.path, headers, body, self.client_address))
        self.server.stopping.wait(reply.delay)
        with contextlib.suppress(OSError):
            self.answer(reply)

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def answer(self, reply: Reply) -> None:
        self.close_connection = not reply.keep
        if not reply.drop:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.chunked or reply.pieces:
                self.send_header("Transfer-Encoding", "chunked")
            elif reply.length != -1:
                self.send_header(
                    "Content-Length", str(len(reply.body) if reply.length is None else reply.length)
                )
            self.end_headers()
            self.send_body(reply)
        if reply.reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def send_pieces(self, reply: Reply) -> None:
        for piece in reply.pieces:
            if isinstance(piece, bytes):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            elif self.server.stopping.wait(piece):
                return
        if not reply.torn:
            self.wfile.write(b"0\r\n\r\n")

    def send_body(self, reply: Reply) -> None:
        if reply.pieces:
            self.send_pieces(reply)
            return
        body = reply.body[: reply.cut]
        if reply.chunked:
            body = f"{len(reply.body):x}\r\n".encode() + body + (b"" if reply.cut else b"\r\n0\r\n\r\n")
        if not reply.trickle:
            self.wfile.write(body)
            return
        for byte in body:
            if self.server.stopping.wait(reply.trickle):
                return
            self.wfile.write(bytes([byte]))

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def running() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def stranger() -> Iterator[Server]:
    """Another origin: same host, another port."""
    with running() as server:
        yield server


Opener = Callable[..., GeminiVeo]


@pytest.fixture
def connect(server: Server, tmp_path: Path) -> Iterator[Opener]:
    """Opens back ends that talk to the server, by default with KEY and short limits; closes them after."""
    with contextlib.ExitStack() as stack:

        def connect(credentials: Any = ApiKey(KEY), *, base_url: str = "", **limits: Any) -> GeminiVeo:  # noqa: B008
            chosen = Limits(**({"paid_read": 2, "poll_read": 2, "download_read": 2} | limits))
            back_end = GeminiVeo(credentials, base_url=base_url or server.url, limits=chosen, spool=tmp_path)
            stack.callback(back_end.close)
            return back_end

        yield connect


@pytest.fixture
def google(connect: Opener) -> GeminiVeo:
    return connect()


@pytest.fixture
def omni(server: Server, tmp_path: Path) -> Iterator[GeminiOmni]:
    """Talks to the server with KEY and short limits."""
    limits = Limits(connect=2, paid_read=2, poll_read=2, held_read=1, held_total=3)
    back_end = GeminiOmni(ApiKey(KEY), base_url=server.url, limits=limits, spool=tmp_path)
    yield back_end
    back_end.close()
