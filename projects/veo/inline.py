"""Videos inside answers: written to files while they arrive, so that memory stays flat (promise P2).

A video inside an answer is one JSON string with tens of MB of base64. `Sieve` lets JSON through, except such
strings: each is decoded into a file of its own, and a mark that only this answer knows takes its place.
"""

import binascii
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from projects.veo.errors import Garbled, VeoError

LONG = 4096
"""Characters of base64 from which a value goes to a file."""
MOST_FILES = 64

_BLANKS = b" \t\r\n"
_BASE64 = re.compile(rb"[A-Za-z0-9+/_=-]+")
_PLAIN = re.compile(rb'[^"\\]+')
_URLSAFE = bytes.maketrans(b"-_", b"+/")
_ESCAPES = {rb"\/": b"/", rb"\u002f": b"/", rb"\u002b": b"+", rb"\u003d": b"="}
"""How writers of JSON escape what base64 is made of, in lower case."""
_BLOCK = 3 * 2**18


class Files(Mapping[str, Path]):
    """The files of one answer by the marks that stand for them. They belong to whoever takes their paths."""

    def __init__(self) -> None:
        self._paths: dict[str, Path] = {}

    def __getitem__(self, mark: str) -> Path:
        return self._paths[mark]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, mark: str, path: Path) -> None:
        self._paths[mark] = path

    def keep(self, wanted: Iterable[Path]) -> None:
        """Deletes all others."""
        kept = set(wanted)
        for mark, path in list(self._paths.items()):
            if path not in kept:
                del self._paths[mark]
                path.unlink(missing_ok=True)

    def discard(self) -> None:
        self.keep(())


class Body(dict[str, Any]):
    """The JSON object of an answer, and the files in which its long values lie."""

    def __init__(self, data: Mapping[str, Any], files: Files) -> None:
        super().__init__(data)
        self.files = files


def files_of(body: Mapping[str, Any]) -> Files:
    return body.files if isinstance(body, Body) else Files()


class Room:
    """What the files of one answer may take together."""

    def __init__(self, file_bytes: int) -> None:
        self.most = self.bytes = file_bytes
        self.files = MOST_FILES

    def open(self, folder: Path | None) -> tuple[BinaryIO, Path]:
        """A new file `inline-….part` in the folder, by default the system's temporary one."""
        self.files -= 1
        if self.files < 0:
            raise Garbled("garbled", f"Google's answer holds more than {MOST_FILES} long values.")
        try:
            handle, name = tempfile.mkstemp(prefix="inline-", suffix=".part", dir=folder)
        except OSError as error:
            raise _disk(error) from None
        return os.fdopen(handle, "w+b"), Path(name)

    def take(self, size: int) -> None:
        self.bytes -= size
        if self.bytes < 0:
            raise Garbled("garbled", f"The video in Google's answer is larger than {self.most // 2**20} MiB.")


class _Part:
    """One value on its way into a file."""

    def __init__(self, folder: Path | None, room: Room) -> None:
        self._room = room
        self._file, self.path = room.open(folder)
        self._rest = b""
        self._padding = 0
        self._special = b""
        """Which of the two alphabets is in use; a text that mixes them is none."""

    def write(self, text: bytes) -> bool:
        """False, and nothing is written, if the value is no base64 after all."""
        head, mark, tail = text.partition(b"=")
        tail = mark + tail
        if (head and self._padding) or tail.strip(b"=") or self._padding + len(tail) > 2:
            return False
        used = {letters for letters in (b"+/", b"-_") if any(letter in head for letter in letters)}
        used |= {self._special} if self._special else set()
        if len(used) > 1:
            return False
        self._special = used.pop() if used else b""
        self._padding += len(tail)
        whole = self._rest + head
        cut = len(whole) // 4 * 4
        self._rest = whole[cut:]
        self._save(whole[:cut])
        return True

    def finish(self) -> bool:
        """False if the value ended where base64 cannot end. The file is on disk when this returns."""
        left = len(self._rest)
        if left == 1 or (self._padding and left + self._padding != 4):
            return False
        if left:
            self._save(self._rest + b"=" * (4 - left))
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise _disk(error) from None
        return True

    def text(self, most: int) -> bytes:
        """The value as it came, for a value that was no video; Garbled if longer than `most`."""
        if self._file.tell() > most:
            raise Garbled("garbled", f"Google's answer is larger than {most // 2**20} MiB.")
        self._file.seek(0)
        taken = bytearray()
        while block := self._file.read(_BLOCK):
            taken += binascii.b2a_base64(block, newline=False)
        if self._special == b"-_":
            taken = taken.translate(bytes.maketrans(b"+/", b"-_"))
        return bytes(taken) + self._rest + b"=" * self._padding

    def discard(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _save(self, encoded: bytes) -> None:
        data = binascii.a2b_base64(encoded.translate(_URLSAFE))
        self._room.take(len(data))
        try:
            self._file.write(data)
        except OSError as error:
            raise _disk(error) from None


class Sieve:
    """Takes the bytes of one JSON text, in pieces of any size.

    It judges no JSON: broken text comes out as broken. Raises Garbled for more than `most` bytes of JSON, and
    VeoError `disk` where a file cannot be written; `discard` it then.
    """

    def __init__(self, folder: Path | None, *, most: int, room: Room, long: int = LONG) -> None:
        self.files = Files()
        self._folder, self._most, self._room, self._long = folder, most, room, long
        self._json = bytearray()
        self._token = f"inline:{secrets.token_hex(16)}"
        self._step: Callable[[bytes, int], int] = self._outside
        self._last = b""
        self._raw = bytearray()
        self._text = bytearray()
        self._escape = b""
        self._part: _Part | None = None

    def feed(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            at = self._step(data, at)

    def finish(self) -> bytes:
        """The JSON with marks. A value that never ended is text again, so its file is gone."""
        if self._step in (self._value, self._in_escape):
            self._no_video()
        return bytes(self._json)

    def discard(self) -> None:
        if self._part:
            self._part.discard()
            self._part = None
        self.files.discard()

    def _outside(self, data: bytes, at: int) -> int:
        """Between strings. Only what follows a colon is a value; names and list items are never videos."""
        quote = data.find(b'"', at)
        end = len(data) if quote < 0 else quote
        between = data[at:end].rstrip(_BLANKS)
        self._last = between[-1:] or self._last
        if quote < 0:
            self._let_through(data[at:])
            return len(data)
        self._let_through(data[at : quote + 1])
        self._step = self._value if self._last == b":" else self._plain
        self._last = b'"'
        return quote + 1

    def _plain(self, data: bytes, at: int) -> int:
        """In a string that is no video."""
        if run := _PLAIN.match(data, at):
            self._let_through(run[0])
            return run.end()
        self._let_through(data[at : at + 1])
        self._step = self._outside if data[at : at + 1] == b'"' else self._after_backslash
        return at + 1

    def _after_backslash(self, data: bytes, at: int) -> int:
        self._let_through(data[at : at + 1])
        self._step = self._plain
        return at + 1

    def _value(self, data: bytes, at: int) -> int:
        """In a string that is base64 so far."""
        if run := _BASE64.match(data, at):
            if not self._more(run[0], run[0]):
                self._no_video(run[0])
            return run.end()
        match data[at : at + 1]:
            case b'"':
                self._value_ends()
                return at + 1
            case b"\\":
                self._escape = b"\\"
                self._step = self._in_escape
                return at + 1
        self._no_video()
        return at

    def _in_escape(self, data: bytes, at: int) -> int:
        self._escape += data[at : at + 1]
        lower = self._escape.lower()
        if lower in _ESCAPES:
            escape, self._escape = self._escape, b""
            self._step = self._value
            if not self._more(escape, _ESCAPES[lower]):
                self._no_video(escape)
        elif not any(known.startswith(lower) for known in _ESCAPES):
            self._no_video()
        return at + 1

    def _more(self, raw: bytes, text: bytes) -> bool:
        if self._part:
            return self._part.write(text)
        self._raw += raw
        self._text += text
        if len(self._text) < self._long:
            return True
        self._part = _Part(self._folder, self._room)
        if self._part.write(bytes(self._text)):
            self._raw.clear()
            self._text.clear()
            return True
        self._part.discard()
        self._part = None
        del self._raw[len(self._raw) - len(raw) :]
        return False

    def _value_ends(self) -> None:
        if self._part is None:
            self._no_video()
        elif self._part.finish():
            mark = f"{self._token}:{len(self.files)}"
            self.files.add(mark, self._part.path)
            self._part = None
            self._let_through(mark.encode())
        else:
            self._no_video()
        self._let_through(b'"')
        self._step = self._outside

    def _no_video(self, more: bytes = b"") -> None:
        """What was held back of a value goes through after all, and so does its rest."""
        if self._part:
            self._let_through(self._part.text(self._most))
            self._part.discard()
            self._part = None
        self._let_through(bytes(self._raw) + more + self._escape)
        self._raw.clear()
        self._text.clear()
        # A backslash at the very end of what is known escapes the byte that comes next.
        self._step = self._after_backslash if self._escape == b"\\" else self._plain
        self._escape = b""

    def _let_through(self, piece: bytes) -> None:
        self._json += piece
        if len(self._json) > self._most:
            raise Garbled("garbled", f"Google's answer is larger than {self._most // 2**20} MiB.")


def _disk(error: OSError) -> VeoError:
    return VeoError(
        "disk", f"The video in Google's answer could not be saved here: {error.strerror or error}."
    )
