"""ZIP files that are never whole in memory or on disk.

The standard library writes the file's frame; what it writes of the stored files is left out and read when its
turn comes. So the length is known before the first byte, no data descriptors follow the entries (which some
programs cannot read for entries that are not compressed), and a server may send it as it sends any open file.
"""

import bisect
import datetime as dt
import io
import zipfile
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage

_BLOCK = 2**20
_READABLE_BY_ALL = 0o100644 << 16


@dataclass(frozen=True)
class _Stored:
    """The content of a stored file."""

    name: str
    size: int


class Zipped:
    """Add everything, then `finish`; then it reads like an open file. Add no name twice.

    What is added must not change until it is sent. Each stored file is read once before, for its checksum.
    """

    def __init__(self) -> None:
        self._frame = _Frame()
        self._zip = zipfile.ZipFile(self._frame, "w", allowZip64=True)
        self._starts: list[int] = []
        self._at = 0
        self._open: tuple[int, File] | None = None

    def add_text(self, name: str, text: str, when: dt.datetime) -> None:
        self._zip.writestr(_entry(name, when, zipfile.ZIP_DEFLATED), text.encode())

    def add_file(self, name: str, stored: str, when: dt.datetime) -> None:
        """Not compressed, as videos and music are already. Raises FileNotFoundError."""
        entry = _entry(name, when, zipfile.ZIP_STORED)
        with default_storage.open(stored, "rb") as source:
            entry.file_size = source.size  # whether it needs the long form of sizes is decided beforehand
            with self._zip.open(entry, "w") as target:
                self._frame.leave_out(_Stored(stored, source.size))
                while block := source.read(_BLOCK):
                    target.write(block)
                self._frame.left_out = False

    def finish(self) -> "Zipped":
        self._zip.close()
        self._starts = sorted(self._frame.parts)
        return self

    # --- an open file ---

    def read(self, size: int = -1) -> bytes:
        end = self._frame.size if size < 0 else min(self._at + size, self._frame.size)
        found = bytearray()
        while self._at < end:
            piece = self._read_part(end - self._at)
            self._at += len(piece)
            found += piece
        return bytes(found)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._frame.size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _read_part(self, wanted: int) -> bytes:
        """So many bytes or fewer of the part that we are in, at least one."""
        start = self._starts[bisect.bisect_right(self._starts, self._at) - 1]
        part, skipped = self._frame.parts[start], self._at - start
        if isinstance(part, bytes):
            return part[skipped : skipped + wanted]
        if self._open is None or self._open[0] != start:
            self.close()
            self._open = start, default_storage.open(part.name, "rb")
        file = self._open[1]
        file.seek(skipped)
        found: bytes = file.read(min(wanted, part.size - skipped))
        if not found:
            raise OSError(f"{part.name} has become shorter while it was sent")
        return found


class _Frame(io.RawIOBase):
    """What zipfile writes, by where it stands, with the contents of stored files left out."""

    def __init__(self) -> None:
        self.parts: dict[int, bytes | _Stored] = {}
        self.size = 0
        self.left_out = False
        self._at = 0

    def leave_out(self, stored: _Stored) -> None:
        if stored.size:
            self.parts[self._at] = stored
        self.left_out = True

    def write(self, data: Any) -> int:
        length = memoryview(data).nbytes
        if not self.left_out and length:
            self.parts[self._at] = bytes(data)
        self._at += length
        self.size = max(self.size, self._at)
        return length

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True


def _entry(name: str, when: dt.datetime, kind: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (when.year, when.month, when.day, when.hour, when.minute, when.second))
    entry.compress_type = kind
    entry.external_attr = _READABLE_BY_ALL
    return entry
