"""The process that films are cut in: takes one order from its input, prints progress and an answer."""

import errno
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from projects import child
from projects.montage import copy
from projects.montage.errors import MontageError
from projects.montage.order import from_values
from projects.montage.reel import Piece
from projects.montage.render import render

MAX_MEMORY = 3 * 2**30
"""Address space in bytes: two decoders and an encoder at 3840 × 2160, and what their threads set aside."""
MAX_BYTES_PER_SECOND = 25_000_000
"""Of the film's file, which bounds what a hostile piece can fill the disk with."""
NICENESS = 10
"""Pages and polling go first."""

_TELL_EVERY = 0.25
_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS, errno.EACCES, errno.ENOENT}
)


def main() -> None:
    order = json.loads(_first_line())
    threading.Thread(target=_end_with_caller, daemon=True).start()
    os.nice(NICENESS)
    seconds = order["seconds"]
    child.confine(
        seconds=seconds,
        cpu_seconds=seconds * (os.cpu_count() or 1),
        memory=MAX_MEMORY,
        file_size=MAX_BYTES_PER_SECOND * seconds,
    )
    answer = _answer(order)
    print(json.dumps(answer), flush=True)
    sys.exit("error" in answer)


def _first_line() -> bytes:
    """Read without a buffer: the thread that waits for the end of the input shall find it."""
    line = b""
    while not line.endswith(b"\n"):
        data = os.read(0, 2**16)
        if not data:
            os._exit(1)
        line += data
    return line


def _end_with_caller() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    import av

    try:
        return _obey(order)
    except MontageError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "The film needs more memory than is allowed."}
    except av.error.FFmpegError as error:
        told = {"errno": error.errno} if error.errno in _DISK else {}
        return {"error": f"The film could not be written ({error.strerror}).", **told}
    except OSError as error:
        return {"error": error.strerror or str(error), "errno": error.errno or errno.EIO}


def _obey(order: dict[str, Any]) -> dict[str, Any]:
    reel = from_values(order["reel"])
    found = copy.scans(reel)
    if order["task"] == "measure":
        return {"facts": [_facts(each.piece) for each in found]}
    obstacle = copy.obstacle(reel) or copy.difference(found)
    if order["task"] == "look":
        return {"obstacle": obstacle}
    target = Path(order["target"])
    tell = _Teller()
    frames = render(reel, found, target, tell) if obstacle else copy.copy(found, target, reel.chapters, tell)
    _sync(target)
    return {"frames": frames}


def _facts(piece: Piece) -> dict[str, float]:
    return {name: getattr(piece, name) for name in ("width", "height", "fps", "frames", "seconds")}


class _Teller:
    """Prints progress, no more often than somebody can read it."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, share: float) -> None:
        if time.monotonic() - self._told >= _TELL_EVERY:
            self._told = time.monotonic()
            print(json.dumps({"progress": round(share, 4)}), flush=True)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


if __name__ == "__main__":
    main()
