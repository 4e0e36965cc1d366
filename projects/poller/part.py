"""The files that a video is in before it is published.

It lies in MEDIA_ROOT/.incoming, named after the operation and the fence of its holder, with a note of the
server's ETag and length beside it. A later holder copies what an earlier one left (a copy, because a stale
holder that wakes up may still write to its own) and goes on from there.

A video that came inside an answer waits beside it, named after its operation, until it is published.
"""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Self

from django.conf import settings

from projects.models import Operation, State

STALE_SECONDS = 3600
"""Older leftovers belong to nobody: no download is allowed to take a quarter of that."""


def incoming_folder() -> Path:
    """Where it is, whether or not it is there."""
    return Path(settings.MEDIA_ROOT) / ".incoming"


def incoming() -> Path:
    folder = incoming_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def answer_file(operation: Operation) -> Path:
    """Where a video that came inside Google's answer waits; there may be none."""
    return incoming() / f"{operation.pk}.answer"


def keep_answer(operation: Operation, video: Path) -> None:
    """Durable before the operation moves: the answer may be the only time that Google sends the video."""
    os.replace(video, answer_file(operation))
    folder = os.open(incoming(), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class PartFile:
    """Open for appending. `have` counts bytes, `etag` and `length` are what the server said ("" and None)."""

    def __init__(self, operation: Operation) -> None:
        self.path = incoming() / f"{operation.pk}.{operation.fence}.part"
        self.note = self.path.with_suffix(".json")
        self.poster = self.path.with_suffix(".jpg")
        self.etag = ""
        self.length: int | None = None
        self.have = 0
        self._hash = hashlib.sha256()
        self._adopt(operation)
        self._file = self.path.open("ab", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def _adopt(self, operation: Operation) -> None:
        """Takes over the largest part of an earlier holder that can be resumed: one with a strong ETag."""
        left = sorted(incoming().glob(f"{operation.pk}.*.part"), key=lambda path: path.stat().st_size)
        for earlier in reversed(left):
            if earlier == self.path:
                continue
            try:
                note = json.loads(earlier.with_suffix(".json").read_text())
                shutil.copyfile(earlier, self.path)
            except (OSError, ValueError):
                continue
            self.etag, self.length = note["etag"], note["length"]
            with self.path.open("rb") as file:
                while block := file.read(2**20):
                    self._hash.update(block)
            self.have = self.path.stat().st_size
            break
        for earlier in left:
            if earlier != self.path:
                earlier.unlink(missing_ok=True)
                earlier.with_suffix(".json").unlink(missing_ok=True)

    def expect(self, *, etag: str, length: int | None) -> None:
        """Notes what the server says of the whole file; only with an ETag can the download be resumed."""
        self.etag, self.length = etag, length
        if etag:
            self.note.write_text(json.dumps({"etag": etag, "length": length}))

    def restart(self) -> None:
        self._file.truncate(0)
        self.note.unlink(missing_ok=True)
        self.have, self.etag, self.length = 0, "", None
        self._hash = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view:
            view = view[self._file.write(view) :]
        self._hash.update(chunk)
        self.have += len(chunk)

    def complete(self) -> None:
        os.fsync(self._file.fileno())

    def discard(self) -> None:
        for path in (self.path, self.note, self.poster):
            path.unlink(missing_ok=True)


def sweep() -> int:
    """Removes leftovers of dead holders; returns how many files."""
    swept = 0
    for path in incoming().iterdir():
        try:
            stale = time.time() - path.stat().st_mtime > STALE_SECONDS
            if stale and not _awaited(path):
                path.unlink()
                swept += 1
        except FileNotFoundError:
            continue
    return swept


def _awaited(path: Path) -> bool:
    """A video out of an answer stays as long as its operation is not published, however long that takes."""
    if path.suffix != ".answer":
        return False
    return Operation.objects.filter(pk=path.stem, state__in=(*State.ACTIVE, State.CANCELLED)).exists()
