"""What comes back from a request, before anybody has judged it. Knows no HTTP library."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from projects.veo.credentials import Credentials, excerpt
from projects.veo.errors import Garbled, VeoError
from projects.veo.inline import Body, Files


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds to wait and bytes to take.

    `total` bounds a JSON answer that comes in drops; every 256 KiB that have come add a second to it.
    `held_total` bounds an answer that is held open until the video is made, `held_read` its silences.
    `answer_bytes` is the JSON of an answer without the videos in it, `file_bytes` a video.
    """

    connect: float = 10
    paid_read: float = 45
    poll_read: float = 20
    download_read: float = 30
    held_read: float = 600
    held_total: float = 1800
    total: float = 120
    answer_bytes: int = 16 * 2**20
    error_bytes: int = 64 * 2**10
    file_bytes: int = 2**30


@dataclass(frozen=True)
class Answer:
    """A whole answer. Header names are lower case."""

    http_status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    files: Files = field(default_factory=Files, repr=False)
    """Of long values of the body, in which marks stand for them."""
    renewed: bool = False
    """Whether the token that was refused with 401 has been exchanged for a fresh one meanwhile."""


@dataclass(frozen=True)
class Unanswered:
    """A POST without a whole answer. `sent` is False only where no byte of it can have left.

    `http_status` is there when the answer broke off after its head.
    """

    error: VeoError
    sent: bool
    http_status: int | None = None


@dataclass(frozen=True)
class Heard:
    """A stream of events that was listened to: to its end, or until the listener had heard enough.

    `lost` counts events that could not be read.
    """

    lost: int = 0


@dataclass(frozen=True)
class Stream:
    """An open answer whose body is still to come. `chunks` raises NoAnswer when it breaks off."""

    http_status: int
    headers: Mapping[str, str] = field(repr=False)
    chunks: Iterator[bytes] = field(repr=False)

    def start(self, limit: int) -> bytes:
        """At most `limit` bytes of the body, for an error text."""
        taken = bytearray()
        for chunk in self.chunks:
            taken += chunk
            if len(taken) >= limit:
                break
        return bytes(taken[:limit])


def json_object(answer: Answer, credentials: Credentials | None) -> Body:
    """The JSON object in a 200 answer; Garbled for anything else, NaN and Infinity included."""
    if answer.http_status != 200:
        raise unexpected(answer.http_status, answer.body, credentials)
    return json_body(answer.body, answer.files, credentials)


def json_body(text: bytes, files: Files, credentials: Credentials | None = None) -> Body:
    """The JSON object that a text is, and its files; Garbled if it is none."""
    try:
        data = json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise Garbled(
            "garbled", "Google's answer is not the JSON it should be.", detail=excerpt(text, credentials)
        )
    return Body(data, files)


def unexpected(http_status: int, body: bytes, credentials: Credentials | None) -> Garbled:
    code = "redirected" if 300 <= http_status < 400 else "garbled"
    return Garbled(
        code, f"Google answered with an unexpected HTTP {http_status}.", detail=excerpt(body, credentials)
    )


def _not_json(word: str) -> None:
    raise ValueError(word)
