"""From an open HTTP answer to a checked stream of video bytes: ranges, types, lengths.

Whoever resumes must look at `Download.start`: 0 means that the server sends the whole file again.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from projects.veo.credentials import Credentials, excerpt
from projects.veo.errors import BadDownload, NoAnswer
from projects.veo.transport import Limits, Stream
from projects.veo.types import Download

STATUSES = frozenset({200, 206, 416})

_BINARY = frozenset({"", "application/octet-stream", "binary/octet-stream"})


def range_headers(offset: int, etag: str) -> dict[str, str]:
    """Ask for the rest, and for all of it if the file has changed. Without a strong ETag: for all of it."""
    if offset and is_strong(etag):
        return {"range": f"bytes={offset}-", "if-range": etag}
    return {}


def is_strong(etag: str) -> bool:
    return re.fullmatch(r'"[!#-~]*"', etag) is not None


def opened(
    stream: Stream, *, offset: int, etag: str, limits: Limits, credentials: Credentials | None
) -> Download:
    """The stream as a Download. BadDownload if this cannot be the (rest of the) video."""
    if stream.http_status == 416:
        return _nothing_left(stream, offset, etag)
    content_type = stream.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type not in _BINARY and not content_type.startswith("video/"):
        raise BadDownload(
            "not_a_video",
            f"Google sent {content_type} instead of a video.",
            detail=excerpt(stream.start(limits.error_bytes), credentials),
        )
    if stream.headers.get("content-encoding", "identity") != "identity":
        raise BadDownload("not_a_video", "Google sent the video packed, which nobody asked for.")
    start, length = _extent(stream, offset, etag)
    if length == 0:
        raise BadDownload("not_a_video", "Google sent an empty file.")
    if length is not None and length > limits.file_bytes:
        raise _too_large(limits)
    sent_etag = stream.headers.get("etag", "")
    return Download(
        chunks=_counted(stream, start, length, limits),
        start=start,
        length=length,
        etag=sent_etag if is_strong(sent_etag) else "",
        content_type=content_type,
    )


def from_inline(video: bytes | Path, mime_type: str, *, piece: int = 2**20) -> Download:
    """What came inside an answer as a Download, always from the start. OSError where its file is gone."""
    if isinstance(video, Path):
        return Download(chunks=_pieces(video, piece), length=video.stat().st_size, content_type=mime_type)
    pieces = (video[at : at + piece] for at in range(0, len(video), piece))
    return Download(chunks=pieces, length=len(video), content_type=mime_type)


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(size):
            yield piece


def _extent(stream: Stream, offset: int, etag: str) -> tuple[int, int | None]:
    """Offset of the first byte, and the size of the whole file or None."""
    if stream.http_status == 200:
        return 0, _number(stream.headers.get("content-length", ""))
    found = re.fullmatch(
        r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", stream.headers.get("content-range", "")
    )
    same_file = stream.headers.get("etag", etag) == etag
    if found is None or int(found[1]) != offset or not same_file or not range_headers(offset, etag):
        raise BadDownload("range_refused", "Google sent another part of the file than the one asked for.")
    return offset, _number(found[3])


def _nothing_left(stream: Stream, offset: int, etag: str) -> Download:
    if offset and stream.headers.get("content-range") == f"bytes */{offset}":
        return Download(chunks=iter(()), start=offset, length=offset, etag=etag)
    raise BadDownload("range_refused", "Google does not have the part of the file that was asked for.")


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _counted(stream: Stream, start: int, length: int | None, limits: Limits) -> Iterator[bytes]:
    """The chunks; NoAnswer when they end too early, BadDownload when there are too many of them."""
    have = start
    for chunk in stream.chunks:
        have += len(chunk)
        if have > limits.file_bytes:
            raise _too_large(limits)
        if length is not None and have > length:
            raise BadDownload("range_refused", "Google sent more than the file is long.")
        yield chunk
    if length is not None and have < length:
        raise NoAnswer("cut_off", f"The download ended early: {have} of {length} bytes came.")


def _too_large(limits: Limits) -> BadDownload:
    return BadDownload("too_large", f"The file is larger than {limits.file_bytes // 2**20} MiB.")
