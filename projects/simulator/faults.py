"""What can go wrong, on request: faults as values, a script that hands them out, and what each does to an
answer.

Faults are asked for in three ways: `Simulator.script()`, a control request, or a tag in a prompt (tags.py).
"""

import email.utils
import itertools
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from projects.simulator.answers import (
    JSON_TYPE,
    Answer,
    Ending,
    Request,
    error_body,
    error_info,
    json_answer,
    text_answer,
)

ROUTES = (
    "submit",
    "poll",
    "list",
    "models",
    "model",
    "file",
    "download",
    "media",
    "token",
    "cancel",
    "delete",
)
"""The same names on every wire. `submit` is the paid request. `download` is the address in an operation's
answer, `media` the one it redirects to or that of an object in Cloud Storage; `list` asks for operations or
for objects, `file` for what is known of a file or an object, `token` for an OAuth token."""

INSTEAD = {
    "status": "an error in Google's shape: status, message, reason, retry_after, retry_info, shape",
    "drop": "the connection is closed without an answer",
    "reset": "the connection is reset (TCP RST) without an answer",
    "bad_json": "200 with JSON that stops in the middle",
    "html": "200 with a log-in page",
    "answer": "exactly this answer: status, body (text, or any JSON), content_type",
    "redirect": "302 to location",
    "redirect_loop": "302 to itself",
}
"""What is answered in place of the truth."""

BODY = {
    "truncated": "the body stops short of its Content-Length: size is the bytes that come, half without it",
    "short": "the same, under a Content-Length that fits what comes: only decoding shows it",
    "longer": "size more bytes than declared",
    "no_length": "no Content-Length",
    "zero": "an empty body, honestly declared",
    "endless": "a body that never ends",
    "wrong_type": "the right bytes under another content_type",
    "changed_etag": "another ETag each time, so that If-Range never holds",
    "no_range": "Range is ignored and not offered",
    "drip": "64 KiB every so many seconds",
}
"""What is done to the bytes of a file (on download and media)."""

OUTCOMES = {
    "filtered": "done, held back by the safety filter, with its reasons",
    "partial": "done, one video, and reasons why another was held back",
    "failed": "done, with an error: code (gRPC, 13 without it), message",
    "empty": "done, with neither video nor error nor reasons",
    "inline": "done, the video's bytes in the answer (encodedVideo)",
    "seed_shape": "done, in the shape response.video.uri with response.video.metadata",
    "expired": "done, but its file is gone already",
}
"""How a submitted operation ends (on submit)."""

STREAM = {
    "cut_before_id": "the answer ends before anything of it came",
    "cut_after_id": "the stream ends after its first event, which tells the id",
    "cut_in_video": "the answer ends in the middle of the video, or of its address",
    "stuck": "nothing comes after the first event, until the client goes away",
}
"""How the open answer of an interaction breaks off (on submit); it is accepted, and goes on by itself."""

KINDS = {
    "pass": "nothing: this request is let through",
    "slow": "the true answer, seconds later; accepted says whether the work is done before the wait",
}
KINDS |= INSTEAD | BODY | OUTCOMES | STREAM

SETTLED = frozenset(OUTCOMES | STREAM)
"""Kinds that the wire itself takes care of, when it accepts a submit."""

LATE = frozenset({"drop", "reset", "bad_json", "html"})
"""Faults that by default strike after the work was done (and charged): only the answer is lost."""

DRIP = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong. Which options count depends on `kind`; see the tables above.

    `accepted` says whether a submit is worked on and charged before its answer goes wrong. `retry_after` is
    the header's text: seconds, or an HTTP date; a leading "+" makes a date that many seconds from now.
    `retry_info` and `seconds` are seconds, `size` bytes.
    """

    kind: str
    accepted: bool = False
    status: int = 503
    message: str = "The service is currently unavailable."
    reason: str = ""
    retry_after: str = ""
    retry_info: float | None = None
    shape: str = "object"
    body: Any = None
    content_type: str = ""
    location: str = ""
    seconds: float = 1.0
    size: int | None = None
    code: int = 13


def fault(kind: str, **options: Any) -> Fault:
    """A checked Fault; ValueError with a sentence for an unknown kind or option."""
    if kind not in KINDS:
        raise ValueError(f"There is no fault {kind!r}. Known: {', '.join(KINDS)}.")
    defaults: dict[str, Any] = {"accepted": kind in LATE}
    if kind == "answer":
        defaults["status"] = 200
    if kind == "failed":
        defaults["message"] = ""
    try:
        return Fault(kind=kind, **defaults | options)
    except TypeError as error:
        raise ValueError(f"A fault has no such option: {error}.") from error


class Script:
    """Faults waiting for their requests: per route, first in, first out. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[tuple[Fault, int | None]]] = {}

    def add(self, route: str, wanted: Fault, *, times: int | None = 1) -> None:
        """Strikes the next `times` requests of that route, all of them with None. ValueError if it cannot."""
        if route not in ROUTES:
            raise ValueError(f"There is no route {route!r}. Known: {', '.join(ROUTES)}.")
        if wanted.kind in SETTLED and route != "submit":
            raise ValueError(f"{wanted.kind!r} is decided when a clip is submitted: script it on 'submit'.")
        if wanted.kind in BODY and route not in ("download", "media"):
            raise ValueError(
                f"{wanted.kind!r} is about the bytes of a file: script it on 'download' or 'media'."
            )
        with self._lock:
            self._waiting.setdefault(route, []).append((wanted, times))

    def take(self, route: str) -> Fault | None:
        with self._lock:
            queue = self._waiting.get(route)
            if not queue:
                return None
            wanted, times = queue[0]
            if times is not None:
                queue[:1] = [(wanted, times - 1)] if times > 1 else []
            return wanted

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> dict[str, list[str]]:
        """The kinds still to come, per route."""
        with self._lock:
            return {
                route: [wanted.kind for wanted, _ in queue] for route, queue in self._waiting.items() if queue
            }


Normal = Callable[[Request], Answer]
Pause = Callable[[float], object]


def strike(wanted: Fault, request: Request, normal: Normal, pause: Pause) -> Answer:
    """The answer to a request that a fault strikes; `normal` gives the true one, `pause` sleeps."""
    if wanted.kind in INSTEAD:
        if wanted.accepted and request.route == "submit":
            truth = normal(request)
            if truth.status >= 400:
                return truth
        return _instead(wanted, request)
    if wanted.kind in BODY:
        truth = normal(_without_range(wanted, request))
        return truth if truth.status >= 400 else _spoiled(wanted, truth, pause)
    if wanted.kind == "slow":
        return _late(wanted, request, normal, pause)
    return normal(request)


def _late(wanted: Fault, request: Request, normal: Normal, pause: Pause) -> Answer:
    if wanted.accepted:
        truth = normal(request)
        pause(wanted.seconds)
        return truth
    stopping = pause(wanted.seconds)
    return Answer(silent=True, ending=Ending.CLOSE) if stopping else normal(request)


def _instead(wanted: Fault, request: Request) -> Answer:
    match wanted.kind:
        case "drop":
            return Answer(silent=True, ending=Ending.CLOSE)
        case "reset":
            return Answer(silent=True, ending=Ending.RESET)
        case "bad_json":
            return text_answer('{"name": "models/veo', JSON_TYPE)
        case "html":
            return text_answer(SIGN_IN_PAGE, "text/html; charset=UTF-8")
        case "answer":
            return _verbatim(wanted)
        case "redirect":
            return Answer(status=302, headers={"Location": wanted.location})
        case "redirect_loop":
            return Answer(status=302, headers={"Location": f"{request.path}?{request.query}"})
        case _:
            return _error(wanted)


SIGN_IN_PAGE = (
    "<!DOCTYPE html>\n<title>Sign in</title>\n<form><input name=user><button>Next</button></form>\n"
)


def _verbatim(wanted: Fault) -> Answer:
    body = wanted.body if isinstance(wanted.body, str) else json.dumps(wanted.body)
    return text_answer(body, wanted.content_type or JSON_TYPE, status=wanted.status)


def _error(wanted: Fault) -> Answer:
    headers = {"Retry-After": _when(wanted.retry_after)} if wanted.retry_after else {}
    if wanted.shape == "html":
        page = f"<!DOCTYPE html>\n<title>Error {wanted.status}</title>\n<p>{wanted.message}\n"
        return text_answer(page, "text/html; charset=UTF-8", status=wanted.status, headers=headers)
    if wanted.shape == "word":
        told = {"code": wanted.reason or "api_error", "message": wanted.message}
        return json_answer({"error": told}, status=wanted.status, headers=headers)
    if wanted.shape == "text":
        return text_answer(wanted.message, "text/plain; charset=UTF-8", status=wanted.status, headers=headers)
    details = [error_info(wanted.reason)] if wanted.reason else []
    if wanted.retry_info is not None:
        delay = f"{wanted.retry_info:g}s"
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    body = error_body(wanted.status, wanted.message, details=details)
    return json_answer([body] if wanted.shape == "list" else body, status=wanted.status, headers=headers)


def _when(retry_after: str) -> str:
    if retry_after.startswith("+"):
        return email.utils.formatdate(time.time() + float(retry_after[1:]), usegmt=True)
    return retry_after


def _without_range(wanted: Fault, request: Request) -> Request:
    """The request as a server sees it that knows no ranges, or whose file is never the one remembered."""
    if wanted.kind == "no_range" or (wanted.kind == "changed_etag" and "if-range" in request.headers):
        headers = {name: value for name, value in request.headers.items() if name != "range"}
        return replace(request, headers=headers)
    return request


def _spoiled(wanted: Fault, truth: Answer, pause: Pause) -> Answer:
    length = truth.length or 0
    size = length // 2 if wanted.size is None else wanted.size
    match wanted.kind:
        case "truncated":
            return replace(truth, chunks=_cut(truth.chunks, size), ending=Ending.CLOSE)
        case "short":
            return replace(truth, chunks=_cut(truth.chunks, size), length=min(size, length))
        case "longer":
            return replace(truth, chunks=itertools.chain(truth.chunks, [bytes(size)]), ending=Ending.CLOSE)
        case "no_length":
            return replace(truth, length=None)
        case "zero":
            return replace(truth, chunks=(), length=0)
        case "endless":
            return replace(truth, chunks=_endless(truth.chunks, pause), length=None)
        case "wrong_type":
            return _with_headers(truth, {"Content-Type": wanted.content_type or "text/plain"})
        case "changed_etag":
            return _with_headers(truth, {"ETag": f'"{secrets.token_hex(8)}"'})
        case "no_range":
            return _with_headers(truth, {"Accept-Ranges": "none"})
        case _:
            return replace(truth, chunks=_dripping(truth.chunks, wanted.seconds, pause))


def _with_headers(truth: Answer, headers: Mapping[str, str]) -> Answer:
    return replace(truth, headers={**truth.headers, **headers})


def _cut(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        if size <= 0:
            break
        yield chunk[:size]
        size -= len(chunk)


def _endless(chunks: Iterable[bytes], pause: Pause) -> Iterator[bytes]:
    yield from chunks
    while not pause(0.001):
        yield bytes(DRIP)


def _dripping(chunks: Iterable[bytes], seconds: float, pause: Pause) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), DRIP):
            yield chunk[start : start + DRIP]
            if pause(seconds):
                return
