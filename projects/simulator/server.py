"""HTTP on a socket: reads a request, asks for an answer, sends it exactly as told, lies and all."""

import logging
import select
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from projects.simulator.answers import Answer, Ending, Request, error_body, json_answer

log = logging.getLogger(__name__)

BODY_LIMIT = 100 * 2**20
"""Bytes of JSON that Google takes inline since January 2026."""

IDLE = 75
"""Seconds after which a silent connection is closed."""


class Server(ThreadingHTTPServer):
    """One thread per connection; `close` ends them all and leaves no socket open."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], respond: Callable[[Request], Answer]) -> None:
        self.respond = respond
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)
        self._loop = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="simulator", daemon=True
        )

    def server_bind(self) -> None:
        # HTTPServer's own asks the name service for the host's full name, which may take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def start(self) -> None:
        self._loop.start()

    def close(self) -> None:
        self.shutdown()
        self._loop.join()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, client = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, client

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.exception("A request could not be answered")


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "veoweb-simulator"
    sys_version = ""
    timeout = IDLE
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        # A client that goes away in the middle is everyday life for a server that is told to misbehave.
        with suppress(ConnectionError, TimeoutError):
            body = self._body()
            if body is None:
                return
            answer = self.server.respond(self._request(body))
            log.debug(
                "%s %s %s", self.command, urlsplit(self.path).path, "-" if answer.silent else answer.status
            )
            self._send(answer)
            return
        self.close_connection = True

    def _body(self) -> bytes | None:
        """The request's body; None when it was refused unread."""
        declared = self.headers.get("Content-Length", "0")
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower() or not declared.isdecimal():
            refused = json_answer(error_body(411, "Content-Length is required."), status=411)
        elif int(declared) > BODY_LIMIT:
            message = f"Request payload size exceeds the limit: {BODY_LIMIT} bytes."
            refused = json_answer(error_body(400, message), status=400)
        else:
            body = self.rfile.read(int(declared))
            if len(body) < int(declared):
                raise ConnectionAbortedError("The client went away in the middle of its request.")
            return body
        self.close_connection = True
        self._send(refused)
        return None

    def _request(self, body: bytes) -> Request:
        target = urlsplit(self.path)
        return Request(
            method=self.command,
            path=unquote(target.path),
            raw_path=target.path,
            query=target.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            client=str(self.client_address[0]),
        )

    def _send(self, answer: Answer) -> None:
        self.close_connection |= answer.ending is not Ending.KEEP or answer.length is None
        if not answer.silent:
            self._send_out(answer)
        if answer.ending is Ending.RESET:
            self._reset()

    def _send_out(self, answer: Answer) -> None:
        """Head and body; the head goes out with the first bytes of the body, or in the end."""
        begun = False
        for chunk in answer.chunks:
            if not chunk:
                self._look_for_client()
                continue
            if not begun:
                self._send_head(answer)
                begun = True
            self.wfile.write(chunk)
        if not begun:
            self._send_head(answer)

    def _look_for_client(self) -> None:
        """ConnectionAbortedError when the client has gone away, which nothing else would tell."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            raise ConnectionAbortedError("The client went away while its answer was in work.")

    def _send_head(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.length is not None:
            self.send_header("Content-Length", str(answer.length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _reset(self) -> None:
        """Ends the connection with a TCP reset: a lingering time of zero, and no orderly shutdown first."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
