"""The bytes of a clip, whole or in part."""

import re
from collections.abc import Iterator
from pathlib import Path

from projects.simulator.answers import Answer, Request
from projects.simulator.darkroom import Clip

CHUNK = 256 * 1024

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def ranged(request: Request, clip: Clip) -> Answer:
    """200 with the file, 206 with the one range asked for, or 416. Several ranges at once get the whole file.

    The ETag is strong; a Range under an If-Range with another one gets the whole file.
    """
    etag = f'"{clip.sha256.hex()[:32]}"'
    headers = {"Content-Type": "video/mp4", "Accept-Ranges": "bytes", "ETag": etag}
    wanted = RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None or not any(wanted.groups()) or request.headers.get("if-range", etag) != etag:
        return Answer(headers=headers, chunks=_bytes_of(clip.path, 0, clip.size), length=clip.size)
    first, last = wanted.groups()
    start = int(first) if first else max(0, clip.size - int(last))
    end = min(int(last), clip.size - 1) if first and last else clip.size - 1
    if start > end:
        return Answer(status=416, headers=headers | {"Content-Range": f"bytes */{clip.size}"})
    headers |= {"Content-Range": f"bytes {start}-{end}/{clip.size}"}
    length = end - start + 1
    return Answer(status=206, headers=headers, chunks=_bytes_of(clip.path, start, length), length=length)


def _bytes_of(path: Path, start: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (chunk := file.read(min(CHUNK, length))):
            length -= len(chunk)
            yield chunk
