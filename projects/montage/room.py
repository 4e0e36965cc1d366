"""The cutting room's door: films are made in a process of their own, which is watched from here.

caller                            the process (projects.montage)
------                            ------------------------------
the order, one line of JSON  -->  reads it, and gives up when the pipe closes: its caller is dead
progress, 0 to 1             <--  a line of JSON now and then
killed when `stop` is set         the last line: the number of frames, or one sentence why not
"""

import json
import logging
import os
import selectors
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from projects import child
from projects.montage import copy
from projects.montage.errors import MontageError, Stopped
from projects.montage.order import to_values
from projects.montage.reel import Piece, Reel
from projects.montage.timeline import problems, rate, total_frames
from projects.video import VideoError, VideoInfo, inspect

MAX_PIECES = 200
MAX_SECONDS = 3600
"""Longest film."""
BASE_TIMEOUT = 60.0
"""Seconds that the shortest film may take to make."""
TIMEOUT_PER_SECOND = 30.0
"""How many seconds more for each of the film's."""

_LOOK_EVERY = 0.1

logger = logging.getLogger(__name__)


def _unwatched(share: float) -> None:
    """What progress is told to when nobody asks."""


def why_no_copy(reel: Reel) -> str:
    """One sentence why these pieces cannot be joined without re-encoding; "" if they can.

    Reads the pieces' packets unless the reel's own facts answer already. Raises MontageError when a piece is
    missing or damaged.
    """
    return copy.obstacle(reel) or str(_ask(_order("look", reel))["obstacle"])


def make(
    reel: Reel,
    target: Path,
    *,
    progress: Callable[[float], None] = _unwatched,
    stop: threading.Event | None = None,
) -> VideoInfo:
    """Make the film and write it to `target`, by copying where that is possible, and say what is in it.

    `progress` is told now and then, in this thread, which share of the work is done; what it raises ends the
    work. Raises MontageError when a piece or the reel is at fault, Stopped once `stop` is set, OSError when
    the disk is at fault; then nothing is left at `target`. A process that is killed while it waits here
    leaves what is written so far, so let `target` be a temporary name.
    """
    _check_limits(reel)
    with _gone_on_failure(target):
        answer = _ask(_order("make", reel) | {"target": str(target.absolute())}, progress, stop)
        return _facts(target, int(answer["frames"]))


def join(
    files: Sequence[tuple[Path, str]], target: Path, *, stop: threading.Event | None = None
) -> VideoInfo:
    """Join the parts of one long clip, each a file and the name that sentences use, and write it to `target`.

    Copied where that is possible, else re-encoded at the first part's size and rate. How loud they are is
    left alone. Raises what `make` raises.
    """
    pieces = _measured(files, stop)
    if not pieces:
        raise MontageError("There is nothing to join.")
    first = pieces[0]
    reel = Reel(pieces=pieces, width=first.width, height=first.height, fps=first.fps, even_loudness=False)
    return make(reel, target, stop=stop)


def _measured(files: Sequence[tuple[Path, str]], stop: threading.Event | None) -> tuple[Piece, ...]:
    """The files as pieces, with the facts that are in them."""
    unknown = tuple(
        Piece(path=path, name=name, width=0, height=0, fps=0, frames=0, seconds=0) for path, name in files
    )
    reel = Reel(pieces=unknown, width=0, height=0)
    facts = _ask(_order("measure", reel), stop=stop)["facts"]
    return tuple(replace(piece, **each) for piece, each in zip(unknown, facts, strict=True))


def _check_limits(reel: Reel) -> None:
    if found := problems(reel):
        raise MontageError(found[0])
    if len(reel.pieces) > MAX_PIECES:
        raise MontageError(f"The film has {len(reel.pieces)} clips; the limit is {MAX_PIECES}.")
    if _seconds(reel) > MAX_SECONDS:
        raise MontageError(f"The film lasts {_seconds(reel):.0f} s; the limit is {MAX_SECONDS} s.")
    if reel.width % 2 or reel.height % 2:
        raise MontageError(f"A film cannot be {reel.width} × {reel.height} pixels: both must be even.")


def _seconds(reel: Reel) -> float:
    return float(total_frames(reel) / rate(reel.fps))


def _order(task: str, reel: Reel) -> dict[str, Any]:
    return {
        "task": task,
        "reel": to_values(reel),
        "seconds": int(BASE_TIMEOUT + TIMEOUT_PER_SECOND * _seconds(reel)),
    }


@contextmanager
def _gone_on_failure(target: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            target.unlink(missing_ok=True)
        raise


def _facts(target: Path, frames: int) -> VideoInfo:
    try:
        info = inspect(target, longest=MAX_SECONDS + 1)
    except VideoError as error:
        raise MontageError(f"The film came out damaged: {error}") from None
    if info.frames != frames:
        raise MontageError(f"The film came out with {info.frames} frames, not {frames}.")
    return info


def _ask(
    order: dict[str, Any],
    progress: Callable[[float], None] = _unwatched,
    stop: threading.Event | None = None,
) -> dict[str, Any]:
    """Let the process do what the order says. The time it may take is part of the order."""
    answer: dict[str, Any] = {}
    with (
        tempfile.TemporaryFile() as noise,
        child.start("projects.montage", stdin=subprocess.PIPE, stderr=noise) as cutter,
    ):
        try:
            _tell(cutter, order)
            for line in _lines(cutter, order["seconds"], stop):
                answer = json.loads(line)
                if "progress" in answer:
                    progress(answer.pop("progress"))
        finally:
            child.kill(cutter)
        code = cutter.wait()
        if not answer:
            logger.warning("Cutting a film ended with %s: %s", code, _end_of(noise))
    if "errno" in answer:
        raise OSError(answer["errno"], answer["error"])
    if "error" in answer:
        raise MontageError(answer["error"])
    if not answer:
        raise MontageError(f"The film could not be made: the cutting process stopped ({code}).")
    return answer


def _tell(cutter: "subprocess.Popen[bytes]", order: dict[str, Any]) -> None:
    assert cutter.stdin  # noqa: S101 - a pipe was asked for; for the type checker
    line = json.dumps(order).encode() + b"\n"
    with suppress(BrokenPipeError):  # it has ended already, which its output will tell
        while line:  # not through a buffer, which would break again when it is closed
            line = line[os.write(cutter.stdin.fileno(), line) :]


def _lines(
    cutter: "subprocess.Popen[bytes]", seconds: float, stop: threading.Event | None
) -> Iterator[bytes]:
    """What the process prints, as it comes. Raises Stopped, and MontageError when the time is over."""
    assert cutter.stdout  # noqa: S101 - as above
    deadline = time.monotonic() + seconds
    rest = b""
    with selectors.DefaultSelector() as ready:
        ready.register(cutter.stdout, selectors.EVENT_READ)
        while True:
            if stop is not None and stop.is_set():
                raise Stopped
            if time.monotonic() > deadline:
                raise MontageError(f"The film could not be made within {seconds:g} s.")
            if ready.select(_LOOK_EVERY):
                data = os.read(cutter.stdout.fileno(), 2**16)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                yield from lines


def _end_of(noise: IO[bytes]) -> str:
    noise.seek(0)
    return noise.read()[-2000:].decode(errors="replace")
