"""HTTP: the only module that imports httpx, so that changing the library is one line.

Three clients, one each for paid requests, polls and downloads, so that none waits for another's connections.
None keeps a connection alive: on a stale one a request that was never read looks like a lost answer, and
polls are too rare to gain by it. None retries, sleeps, follows redirects by itself or keeps cookies.
"""

import json
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import httpx as http

from projects.veo.addresses import Border, Origin, Resolver, resolve
from projects.veo.answers import Answer, Heard, Limits, Stream, Unanswered, json_object, unexpected
from projects.veo.credentials import Credentials, excerpt
from projects.veo.errors import Garbled, NoAnswer, VeoError
from projects.veo.inline import Body, Room, Sieve
from projects.veo.refusals import About, from_response
from projects.veo.sse import Events

__all__ = ["Answer", "Heard", "Limits", "Stream", "Transport", "Unanswered", "exchange", "json_object"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

_NOT_SENT = (
    http.ConnectError,
    http.ConnectTimeout,
    http.PoolTimeout,
    http.UnsupportedProtocol,
    http.InvalidURL,
)
_HOPS = 3
_SLOWEST = 256 * 2**10
_EXCHANGED = 2**20
_METADATA = frozenset({"metadata.google.internal", "169.254.169.254"})
"""Where Google's machines are told their tokens; link-local, and http only."""
_PROBES = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
_JSON = {"content-type": "application/json"}
_PLAIN = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "veoweb"}
_MAY_TRAVEL = frozenset({*_PLAIN, "range", "if-range"})
"""The headers that a host other than our own gets to see."""


@cache
def _certificates() -> ssl.SSLContext:
    """Reading the list of authorities takes 40 ms, and every foreign hop opens a client."""
    return http.create_ssl_context()


def _client(read: float, *, connect: float) -> http.Client:
    # httpx ignores the client's own limits once it is given a transport.
    return http.Client(
        follow_redirects=False,
        timeout=http.Timeout(read, connect=connect, pool=5),
        transport=http.HTTPTransport(
            verify=_certificates(),
            retries=0,
            limits=http.Limits(max_keepalive_connections=0),
            socket_options=_PROBES,
        ),
    )


class Transport:
    """One origin, one credential. Safe to use from several threads."""

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        base_url: str,
        limits: Limits | None = None,
        resolver: Resolver = resolve,
        spool: Path | None = None,
    ) -> None:
        """ValueError if the base URL is no address, or would carry the credential unencrypted.

        Videos inside answers are written to the folder `spool`, by default the system's temporary one.
        """
        self.credentials = credentials
        self.limits = limits or Limits()
        self._base = base_url.rstrip("/")
        try:
            base = http.URL(self._base)
        except http.InvalidURL as error:
            raise ValueError(f"The base URL is not an address: {error}") from None
        if base.userinfo or base.query or not base.host:
            raise ValueError("The base URL must be scheme, host and path, and nothing else.")
        self._border = Border(_origin(base), resolver)
        self._spool = spool
        client = partial(_client, connect=self.limits.connect)
        self._paid, self._held = client(self.limits.paid_read), client(self.limits.held_read)
        self._poll, self._download = client(self.limits.poll_read), client(self.limits.download_read)

    def close(self) -> None:
        for client in (self._paid, self._held, self._poll, self._download):
            client.close()

    def url(self, path: str) -> str:
        return f"{self._base}/{path}"

    def post(self, path: str, body: Mapping[str, Any]) -> Answer | Unanswered:
        """Send one paid POST, exactly once. Never raises: what happened is in what comes back.

        After a 401 only the token is renewed, so that whoever sends again under a new record has a fresh one;
        `renewed` of the answer says so.
        """
        return self._pay(self._paid, path, body, self._read)

    def hold(
        self, path: str, body: Mapping[str, Any], heard: Callable[[Body], bool]
    ) -> Answer | Heard | Unanswered:
        """Send one paid POST, exactly as `post`, and stay until the work is done.

        `heard` is given every event as it comes, with its files, and says whether to go on: False closes the
        connection. A server that does not stream gives an Answer. Unanswered is also a stream that broke off.
        """
        listen = partial(self._listen, heard=heard)
        return self._pay(self._held, path, body, listen, accept="text/event-stream")

    def _pay(
        self,
        client: http.Client,
        path: str,
        body: Mapping[str, Any],
        read: Callable[[http.Response], Answer | T],
        accept: str = "*/*",
    ) -> Answer | T | Unanswered:
        response = None
        try:
            headers = self._headers(home=True) | _JSON | {"accept": accept}
        except Exception as error:  # A token had to be fetched first.
            return Unanswered(self._known(error), sent=False)
        try:
            content = json.dumps(body).encode()
            request = http.Request("POST", self.url(path), headers=headers, content=content)
            response = client.send(request, stream=True)
            answer = read(response)
        except _NOT_SENT as error:
            return Unanswered(self._no_answer(error), sent=False)
        except Exception as error:  # Bytes may have left: whatever this is, it must not look like "not sent".
            status = response.status_code if response is not None else None
            return Unanswered(self._known(error), sent=True, http_status=status)
        finally:
            if response is not None:
                response.close()
        if isinstance(answer, Answer) and answer.http_status != 200:
            self._log("POST", response.url, answer.http_status, answer.body)
            return replace(answer, renewed=self._renewed(response))
        return answer

    def get(self, path: str, *, about: About) -> Body:
        """The JSON object at a path of our own origin. Raises any error of the tree but BadDownload.

        Of an operation it is given with the files of its videos, which are the caller's from then on.
        """
        return self._read_object("GET", path, None, about)

    def ask(self, path: str, body: Mapping[str, Any], *, about: About) -> Body:
        """The answer to a POST that only reads (Vertex AI asks for an operation so); else as `get`."""
        return self._read_object("POST", path, json.dumps(body).encode(), about)

    def _read_object(self, method: str, path: str, content: bytes | None, about: About) -> Body:
        with self._opened(self._poll, self.url(path), {}, method=method, content=content) as response:
            try:
                answer = self._read(response)
            except http.HTTPError as error:
                raise self._no_answer(error) from None
        if answer.http_status >= 400:
            self._log(method, response.url, answer.http_status, answer.body)
            raise from_response(
                answer.http_status, answer.headers, answer.body, about=about, credentials=self.credentials
            )
        try:
            found = json_object(answer, self.credentials)
        except Garbled:
            answer.files.discard()
            raise
        if about is not About.OPERATION:
            found.files.discard()
        return found

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str], *, accept: frozenset[int]) -> Iterator[Stream]:
        """The open answer of a file's address, if its status is one of `accept`; else it is raised."""
        with self._opened(self._download, url, headers) as response:
            stream = Stream(response.status_code, dict(response.headers), self._chunks(response))
            if response.status_code not in accept:
                body = stream.start(self.limits.error_bytes)
                self._log("GET", response.url, response.status_code, body)
                if response.status_code < 400:
                    raise unexpected(response.status_code, body, self.credentials)
                raise from_response(
                    response.status_code, stream.headers, body, about=About.FILE, credentials=self.credentials
                )
            yield stream

    @contextmanager
    def _opened(
        self,
        client: http.Client,
        url: str,
        headers: Mapping[str, str],
        *,
        method: str = "GET",
        content: bytes | None = None,
    ) -> Iterator[http.Response]:
        """The answer of a request that only reads; asked once more with a fresh token if that was refused."""
        with ExitStack() as stack:
            send = partial(self._send, stack, client, headers=headers, method=method, content=content)
            try:
                response = self._followed(send, url)
                if self._renewed(response):
                    response.close()
                    response = self._followed(send, url)
            except http.InvalidURL as error:
                raise Garbled(
                    "garbled",
                    "Google's answer points to something that is not an address.",
                    detail=str(error)[:200],
                ) from None
            except http.HTTPError as error:
                raise self._no_answer(error) from None
            yield response

    def _followed(self, send: Callable[[http.URL], http.Response], url: str) -> http.Response:
        """The answer at the end of at most three redirects; a POST follows none."""
        response = send(http.URL(url))
        for _ in range(_HOPS):
            if not response.has_redirect_location or response.request.method != "GET":
                return response
            response.close()
            response = send(response.url.join(response.headers["location"]))
        if response.has_redirect_location:
            raise Garbled("redirected", f"Google redirected more than {_HOPS} times.")
        return response

    def _renewed(self, response: http.Response) -> bool:
        """Whether a fresh token has taken the place of the one that our own origin refused."""
        if response.status_code != 401 or self.credentials is None:
            return False
        if not self._border.is_home(_origin(response.url)):
            return False
        return self.credentials.renew(dict(response.request.headers))

    def _send(
        self,
        stack: ExitStack,
        client: http.Client,
        url: http.URL,
        *,
        headers: Mapping[str, str],
        method: str,
        content: bytes | None,
    ) -> http.Response:
        """Ask the border, then the host."""
        if url.userinfo or not url.host:
            raise Garbled("garbled", "Google's answer points to an address without host or with a user name.")
        home = self._border.is_home(_origin(url))
        if not home:
            client = stack.enter_context(_client(self.limits.download_read, connect=self.limits.connect))
        extra = headers if content is None else {**headers, **_JSON}
        request = http.Request(method, url, headers=self._headers(home=home, extra=extra), content=content)
        response = client.send(request, stream=True)
        stack.callback(response.close)
        return response

    def _headers(self, *, home: bool, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        headers = _PLAIN | dict(extra or {})
        if home:
            return headers | (self.credentials.headers() if self.credentials else {})
        return {name: value for name, value in headers.items() if name in _MAY_TRAVEL}

    def _read(self, response: http.Response) -> Answer:
        """The whole answer, or the start of an error's."""
        return self._whole(response, _in_time(response, self.limits.total))

    def _whole(self, response: http.Response, chunks: Iterator[bytes]) -> Answer:
        head = response.status_code, dict(response.headers)
        if response.status_code != 200:
            return Answer(*head, Stream(*head, chunks).start(self.limits.error_bytes))
        sieve = self._sieve(Room(self.limits.file_bytes))
        try:
            for chunk in chunks:
                sieve.feed(chunk)
            return Answer(*head, sieve.finish(), sieve.files)
        except BaseException:
            sieve.discard()
            raise

    def _listen(self, response: http.Response, *, heard: Callable[[Body], bool]) -> Answer | Heard:
        """The events of a stream; a whole answer where the first byte shows that it is no stream."""
        chunks = _in_time(response, self.limits.held_total)
        start = b""
        while not start.strip() and (chunk := next(chunks, b"")):
            start += chunk
        chunks = chain([start], chunks)
        if response.status_code != 200 or start.lstrip()[:1] in (b"", b"{", b"[", b"<"):
            return self._whole(response, chunks)
        room = Room(self.limits.file_bytes)
        events = Events(lambda: self._sieve(room))
        try:
            for chunk in chunks:
                if not all(map(heard, events.feed(chunk))) or events.done:
                    return Heard(events.lost)
            all(map(heard, events.finish()))
            return Heard(events.lost)
        finally:
            events.discard()

    def _sieve(self, room: Room) -> Sieve:
        return Sieve(self._spool, most=self.limits.answer_bytes, room=room)

    def _chunks(self, response: http.Response) -> Iterator[bytes]:
        try:
            yield from response.iter_raw()
        except http.HTTPError as error:
            raise self._no_answer(error, code="cut_off") from None

    def _known(self, error: Exception) -> VeoError:
        return error if isinstance(error, VeoError) else self._no_answer(error)

    def _no_answer(self, error: Exception, code: str = "no_answer") -> NoAnswer:
        return _no_answer(error, code, self.credentials)

    def _log(self, method: str, url: http.URL, http_status: int, body: bytes) -> None:
        words = " ".join(excerpt(body, self.credentials).split())
        logger.warning("HTTP %s from %s to %s %s: %s", http_status, url.host, method, url.path, words)


def _no_answer(error: Exception, code: str = "no_answer", credentials: Credentials | None = None) -> NoAnswer:
    host = error.request.url.host if isinstance(error, http.RequestError) else "Google"
    match error:
        case http.ConnectTimeout():
            message = f"{host} did not take the connection in time."
        case http.ConnectError():
            message = f"Could not connect to {host}."
        case http.TimeoutException():
            message = f"{host} did not answer in time."
        case http.InvalidURL() | http.UnsupportedProtocol():
            message = "The address of the request is not valid."
        case _:
            message = f"The connection to {host} broke before the answer was complete."
    return NoAnswer(code, message, detail=excerpt(f"{type(error).__name__}: {error}", credentials))


def _in_time(response: http.Response, seconds: float) -> Iterator[bytes]:
    """The body's chunks; ReadTimeout when they take longer than is allowed for as much as has come."""
    deadline = time.monotonic() + seconds
    for chunk in response.iter_bytes():
        yield chunk
        deadline += len(chunk) / _SLOWEST
        if time.monotonic() > deadline:
            raise http.ReadTimeout("The answer came too slowly.", request=response.request)


def exchange(
    url: str, *, method: str, body: bytes | None, headers: Mapping[str, str], timeout: float
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers (lower case) and at most 1 MiB of the answer of a token server, whatever its status.

    Carries no credential of ours and follows no redirect. `timeout` is seconds, for the whole answer too.
    NoAnswer where the network fails, and for an address that would see secrets in clear text: it must be
    https, this very machine, or its metadata server.
    """
    try:
        target = http.URL(url)
        if target.userinfo or not _may_see_secrets(_origin(target)):
            raise NoAnswer("no_answer", f"The address of the token server at {target.host} is not https.")
        with (
            _client(timeout, connect=min(timeout, Limits.connect)) as client,
            client.stream(method, target, content=body, headers=_PLAIN | dict(headers)) as response,
        ):
            taken = bytearray()
            for chunk in _in_time(response, timeout):
                taken += chunk
                if len(taken) > _EXCHANGED:
                    break
            return response.status_code, dict(response.headers), bytes(taken[:_EXCHANGED])
    except (http.HTTPError, http.InvalidURL) as error:
        raise _no_answer(error) from None


def _may_see_secrets(origin: Origin) -> bool:
    if origin.scheme == "http":
        return origin.is_loopback or origin.host in _METADATA
    return origin.scheme == "https" and bool(origin.host)


def _origin(url: http.URL) -> Origin:
    port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    return Origin(url.scheme, url.raw_host.decode("ascii").lower(), port)
