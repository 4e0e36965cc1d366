"""What goes in and what comes out of a back end: plain frozen values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from projects.veo.catalog import Task

OnRef = Callable[[str], bool]
"""Told the operation's name at Google as soon as it is known, while the paid POST is still open.

It must not raise. It answers whether to go on reading: False closes the connection, and the outcome then says
no more than that the operation was accepted.
"""


@dataclass(frozen=True)
class Picture:
    """An image as it is sent: bytes and their true media type (image/png or image/jpeg)."""

    data: bytes = field(repr=False)
    mime_type: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """The earlier clip that is extended or edited.

    `ref` is the name of its operation (or interaction) at Google, `uri` where its video lies there ("" when
    it came inside an answer), `file` our own copy.
    """

    ref: str
    uri: str = ""
    file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything one generation is made from. `operation_id` names our row, for labels and storage."""

    model: str
    prompt: str
    aspect_ratio: str
    resolution: str
    duration_seconds: int
    """Of an extension: the seconds it adds. An edit keeps the length of its source."""
    negative_prompt: str = ""
    seed_image: Picture | None = None
    last_frame: Picture | None = None
    references: tuple[Picture, ...] = ()
    seed: int | None = None
    audio: bool = True
    task: Task = ""
    source: Source | None = None
    operation_id: str = ""


@dataclass(frozen=True)
class Output:
    """One finished video at Google: an address to download, or (`inline`) what came in the answer itself.

    Long inline videos are written to a file while they arrive; that file belongs to whoever gets the output.
    """

    uri: str = ""
    inline: bytes | Path | None = field(default=None, repr=False)
    mime_type: str = "video/mp4"


class Phase(Enum):
    """Where a remote operation stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FILTERED = "filtered"
    FAILED = "failed"
    EMPTY = "empty"
    """Done, with neither video, nor error, nor a filter's reason."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A parsed status answer. `raw` is Google's JSON without secrets and with inline bytes cut out."""

    phase: Phase
    outputs: tuple[Output, ...] = ()
    reasons: tuple[str, ...] = ()
    """The safety filter's own sentences, word for word; also beside outputs when only some takes passed."""
    error_code: int | None = None
    """gRPC code of a failed operation (3 invalid, 7 denied, 8 exhausted, 13 internal, 14 unavailable)."""
    error_message: str = ""
    cost_micros: int | None = None
    """Counted from the usage that Google reports, in micro-dollars; None where it reports none."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)


class Verdict(Enum):
    """What became of a paid POST: the classes of the outcome table."""

    NOT_SENT = "not_sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_ACCEPTED = "not_accepted"
    """429: Google did no work; may be sent again once the limit opens."""
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The judged answer to a paid POST.

    `retry_after` is seconds, from Retry-After or RetryInfo, 0 when Google named none. `reason` is Google's
    machine word (API_KEY_INVALID, RESOURCE_EXHAUSTED …) and `excerpt` at most 2,000 characters of the body;
    neither holds a secret.
    """

    verdict: Verdict
    ref: str = ""
    http_status: int | None = None
    code: str = ""
    reason: str = ""
    message: str = ""
    retry_after: float = 0.0
    excerpt: str = ""
    progress: Progress | None = None


@dataclass(frozen=True, kw_only=True)
class FileInfo:
    """Google's record of a stored file (`files.get`); sizes in bytes, times as Google wrote them."""

    name: str
    state: str = ""
    size: int | None = None
    mime_type: str = ""
    expires_at: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Download:
    """An open byte stream of one output.

    `start` is the offset of the first byte delivered (0 unless a Range was honoured), `length` the size of
    the whole file when the server said it, `etag` a strong validator or "".
    """

    chunks: Iterator[bytes] = field(repr=False)
    start: int = 0
    length: int | None = None
    etag: str = ""
    content_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A remote operation that a listing shows; `created_at` as Google wrote it, "" when it says nothing.

    `certain` when it can only be ours, because it lies where only our operation's results are put.
    """

    ref: str
    created_at: str = ""
    certain: bool = False
