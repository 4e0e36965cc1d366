"""Where clips are made: in the background, at most two at a time, each only once, kept by fingerprint."""

import hashlib
import logging
import math
import os
import secrets
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from projects.simulator.render import Cancelled, Shot, render

log = logging.getLogger(__name__)

AT_ONCE = 2

KEPT = {".part": 3_600, ".mp4": 7 * 86_400}
"""Seconds after which a file is swept at the next start: remains of a kill, and old clips."""


@dataclass(frozen=True)
class Clip:
    """A finished file: its size in bytes and the raw sha256 of its content."""

    path: Path
    size: int
    sha256: bytes


class Darkroom:
    """Renders shots into a folder, which is a cache: what is removed from it is made again when asked for."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="render")
        self._in_hand: dict[str, Future[None]] = {}
        self._spoilt: set[str] = set()
        self._sweep()

    def order(self, shot: Shot) -> None:
        """Starts the work unless it is done or in hand."""
        name = shot.fingerprint
        with self._lock:
            settled = self._stop.is_set() or name in self._spoilt or name in self._in_hand
            if not settled and not self._path(name).exists():
                self._in_hand[name] = self._pool.submit(self._make, shot, name)

    def find(self, shot: Shot, *, patience: float = 0) -> Clip | None:
        """The finished clip; None while it is in work, after at most `patience` seconds of waiting for it."""
        self.order(shot)
        name = shot.fingerprint
        with self._lock:
            work = self._in_hand.get(name)
        if work is not None and patience:
            wait([work], timeout=patience)
        path = self._path(name)
        return _developed(path) if path.exists() else None

    def spoilt(self, shot: Shot) -> bool:
        """Whether rendering it has failed; the log says why."""
        with self._lock:
            return shot.fingerprint in self._spoilt

    def settle(self, timeout: float) -> bool:
        """Waits until nothing is in work; False when that takes longer than `timeout` seconds."""
        with self._lock:
            work = list(self._in_hand.values())
        return not wait(work, timeout=timeout).not_done

    def close(self) -> None:
        """Gives up what is in work. A clip that was cut short is made again when it is next asked for."""
        with self._lock:
            self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def _make(self, shot: Shot, name: str) -> None:
        part = self._folder / f"{name}.{secrets.token_hex(4)}.part"
        try:
            render(shot, part, self._stop, self._beginning(shot))
            os.replace(part, self._path(name))
        except Cancelled:
            pass
        except Exception:
            log.exception("A clip could not be rendered")
            with self._lock:
                self._spoilt.add(name)
        finally:
            part.unlink(missing_ok=True)
            with self._lock:
                self._in_hand.pop(name, None)

    def _beginning(self, shot: Shot) -> Path | None:
        """The file of what it extends, made first where it is not there."""
        earlier = shot.extends
        if not isinstance(earlier, Shot):
            return earlier
        path = self._path(earlier.fingerprint)
        if not path.exists():
            self._make(earlier, earlier.fingerprint)
        return path

    def _sweep(self) -> None:
        now = time.time()
        for path in self._folder.iterdir():
            if now - path.stat().st_mtime > KEPT.get(path.suffix, math.inf):
                path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.mp4"


@cache
def _developed(path: Path) -> Clip:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return Clip(path, path.stat().st_size, digest)
