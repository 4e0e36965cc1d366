"""Server-sent events, as html.spec.whatwg.org/multipage/server-sent-events.html describes them.

Only the data counts here: each event's is one JSON object, and one line of it may hold a whole video.
"""

import logging
import re
from collections.abc import Callable, Iterator

from projects.veo.answers import json_body
from projects.veo.errors import Garbled
from projects.veo.inline import Body, Sieve

logger = logging.getLogger(__name__)

DONE = b"[DONE]"
"""The data of the event after which nothing comes."""

_END = re.compile(rb"\r\n|\r|\n")
_LONGEST_NAME = 64
_MARK = b"\xef\xbb\xbf"


class Events:
    """Takes the bytes of a stream in pieces of any size, and gives the JSON objects of its events.

    What is no JSON object is passed over and counted as `lost`: the events after it still count. `sieve`
    opens the sieve of one event; what that raises ends the stream. `discard` it when the stream breaks off.
    """

    def __init__(self, sieve: Callable[[], Sieve]) -> None:
        self.done = False
        self.lost = 0
        self._open = sieve
        self._sieve: Sieve | None = None
        self._name: bytes | None = None
        """The field of the current line, None until its colon has come."""
        self._start = b""
        self._bare = True
        self._after_return = False

    def feed(self, chunk: bytes) -> Iterator[Body]:
        """The events that end in this piece. Take all of them before the next piece."""
        at = 1 if self._after_return and chunk.startswith(b"\n") else 0
        self._after_return = self._after_return and not chunk
        while at < len(chunk) and not self.done:
            end = _END.search(chunk, at)
            self._line_goes_on(chunk[at : end.start() if end else len(chunk)])
            if end is None:
                return
            at = end.end()
            self._after_return = end[0] == b"\r" and at == len(chunk)
            if self._line_ends() and (body := self._event()):
                yield body

    def finish(self) -> Iterator[Body]:
        """The event whose last empty line never came, if it is whole."""
        self._line_ends()
        if body := self._event():
            yield body

    def discard(self) -> None:
        if self._sieve:
            self._sieve.discard()
            self._sieve = None

    def _line_goes_on(self, piece: bytes) -> None:
        if self._name is None:
            self._start += piece
            name, colon, piece = self._start.removeprefix(_MARK).partition(b":")
            if not colon and len(self._start) <= _LONGEST_NAME:
                return
            self._name, self._start, self._bare = name, b"", True
        if self._name == b"data" and piece:
            self._data(piece[1:] if self._bare and piece.startswith(b" ") else piece)
            self._bare = False

    def _line_ends(self) -> bool:
        """True for the empty line, which ends an event."""
        empty = self._name is None and not self._start
        if self._name == b"data":
            self._data(b"\n")
        self._name, self._start = None, b""
        return empty

    def _data(self, piece: bytes) -> None:
        if self._sieve is None:
            self._sieve = self._open()
        self._sieve.feed(piece)

    def _event(self) -> Body | None:
        sieve, self._sieve = self._sieve, None
        if sieve is None:
            return None
        text = sieve.finish().strip()
        if text == DONE:
            self.done = True
            return None
        try:
            return json_body(text, sieve.files)
        except Garbled:
            sieve.discard()
            self.lost += 1
            logger.warning("An event of %s bytes is not the JSON that it should be", len(text))
            return None
