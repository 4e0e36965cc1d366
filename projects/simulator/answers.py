"""What the server hears and what it says, as plain values; and errors in the shape Google gives them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

JSON_TYPE = "application/json; charset=UTF-8"

STATUS_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it was received. Header names are in lower case; `path` is decoded and has no query,
    `raw_path` is the same as it was sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    client: str
    route: str = ""
    raw_path: str = ""

    @cached_property
    def parameters(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.query, keep_blank_values=True).items()}

    @cached_property
    def json(self) -> Any:
        """The body as JSON; ValueError if it is none."""
        return json.loads(self.body)


class Ending(Enum):
    """What happens to the connection after an answer."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer. `length` is the Content-Length to declare, true or not; None lets the end of the
    connection mark the end of the body. An empty chunk sends nothing, but ends an answer whose client has
    gone. A `silent` answer says nothing at all."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Iterable[bytes] = ()
    length: int | None = 0
    ending: Ending = Ending.KEEP
    silent: bool = False


class Refusal(Exception):
    """Raised anywhere below a route to answer with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def text_answer(
    text: str, content_type: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    data = text.encode()
    return Answer(
        status=status,
        headers={"Content-Type": content_type, **(headers or {})},
        chunks=(data,),
        length=len(data),
    )


def json_answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return text_answer(json.dumps(body, indent=2), JSON_TYPE, status=status, headers=headers)


def error_body(
    status: int, message: str, *, word: str = "", details: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Google's error object; `word` replaces the usual status word of that HTTP status."""
    error: dict[str, Any] = {
        "code": status,
        "message": message,
        "status": word or STATUS_WORDS.get(status, "UNKNOWN"),
    }
    if found := list(details):
        error["details"] = found
    return {"error": error}


def error_info(
    reason: str, service: str = "generativelanguage.googleapis.com", **metadata: str
) -> dict[str, Any]:
    """The detail that carries Google's machine-readable reason."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": service} | metadata,
    }


def refusal(
    status: int, message: str, *, word: str = "", details: Iterable[Mapping[str, Any]] = ()
) -> Refusal:
    return Refusal(json_answer(error_body(status, message, word=word, details=details), status=status))


NOT_FOUND_PAGE = """<!DOCTYPE html>
<html lang=en><meta charset=utf-8><title>Error 404 (Not Found)!!1</title>
<p><b>404.</b> <ins>That’s an error.</ins>
<p>The requested URL was not found on this server. <ins>That’s all we know.</ins>
"""


def page_not_found() -> Answer:
    """What Google's front end says of an address that no API has: a page, not JSON."""
    return text_answer(NOT_FOUND_PAGE, "text/html; charset=UTF-8", status=404)
