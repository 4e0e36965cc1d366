"""From the lines of a script to captions in a file. No Django, no app.

They say what was asked for, not what was heard: the files say so.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from projects.prompts import Scene
from projects.prompts.script import one_line, unquoted

FROM_SCRIPT = "These captions come from the script, not from what was heard."
WIDE = 42
"""Columns of a row at most, as captions are usually set; a Chinese or Japanese character takes two."""

ROWS = 2
_FULL = ROWS * WIDE + ROWS - 1
"""Columns of a full screen, with the blank that the break takes the place of."""
_LONGEST_NAME = 30
_MOST_EVENED = 9
"""Captions that one line is dealt evenly over; a longer one is only cut where it must be."""


@dataclass(frozen=True)
class Cue:
    """One caption. Times are seconds from the start of the video."""

    start: float
    end: float
    text: str
    speaker: str = ""


def cues(scenes: Iterable[Scene], *, offset: float = 0.0, until: float | None = None) -> list[Cue]:
    """The captions of the scenes with a line, `offset` seconds later, in order of time.

    What would be shown after `until`, in seconds of the video, is cut off. A line that is too long for one
    caption becomes several, each for its share of the scene by its letters.
    """
    whole = [
        Cue(scene.start + offset, scene.end + offset, unquoted(text), one_line(scene.speaker))
        for scene in scenes
        if (text := one_line(scene.line)) and scene.end > scene.start
    ]
    parts = [part for cue in whole for part in _parts(cue)]
    return sorted(_cut(parts, 0.0, until), key=lambda cue: cue.start)


def moved(
    cues: Iterable[Cue], *, start: float = 0.0, end: float | None = None, offset: float = 0.0
) -> list[Cue]:
    """The captions of a piece of a video, from `start` to `end`, in another where it begins at `offset`.

    What lies outside the piece falls away.
    """
    return [
        replace(cue, start=cue.start - start + offset, end=cue.end - start + offset)
        for cue in _cut(cues, start, end)
    ]


def webvtt(cues: Iterable[Cue], *, note: str = FROM_SCRIPT) -> str:
    """A WebVTT file for a player. Without captions it is only the header and the note."""
    blocks = ["WEBVTT", f"NOTE\n{one_line(note).replace('-->', '→')}"]
    for start, end, cue in _laid_out(cues):
        name, text = one_line(cue.speaker), _shown(cue.text)
        voice = f"<v {html.escape(name, quote=False)}>" if name else ""
        times = f"{_stamp(start, '.')} --> {_stamp(end, '.')}"
        blocks.append(f"{times}\n{voice}{html.escape(text, quote=False)}")
    return "\n\n".join(blocks) + "\n"


def srt(cues: Iterable[Cue]) -> str:
    """A SubRip file for editors and players, with each speaker's name before the line.

    Lines end in CRLF, as SubRip itself writes them: some readers know no other, and the rest do not mind.
    SubRip has no escapes: an arrow in the text becomes one character, and what looks like a tag none.
    """
    blocks = []
    for number, (start, end, cue) in enumerate(_laid_out(cues), start=1):
        text = _shown(_prefix(cue) + cue.text)
        text = re.sub(r"<(?=[A-Za-z/])", "‹", text.replace("-->", "→"))
        blocks.append(f"{number}\n{_stamp(start, ',')} --> {_stamp(end, ',')}\n{text}\n")
    return "\n".join(blocks).replace("\n", "\r\n")


def _cut(cues: Iterable[Cue], start: float, end: float | None) -> Iterator[Cue]:
    """What is shown between these two times; less than a thousandth of a second is nothing."""
    for cue in cues:
        first, last = max(cue.start, start), cue.end if end is None else min(cue.end, end)
        if last - first >= 0.001:
            yield replace(cue, start=first, end=last)


# --- files ---


def _laid_out(cues: Iterable[Cue]) -> Iterator[tuple[int, int, Cue]]:
    """What fits on the screen, with times in milliseconds that never go backwards."""
    earliest = 0
    for part in sorted((part for cue in cues for part in _parts(cue)), key=lambda part: part.start):
        earliest = max(earliest, round(part.start * 1000))
        yield earliest, max(earliest + 1, round(part.end * 1000)), part


def _stamp(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


# --- rows ---


def _parts(cue: Cue) -> list[Cue]:
    """The caption in as few as fit on the screen, about equally long, with its time shared out by letters."""
    words, name = _words(cue.text), _prefix(cue)
    texts = _split(words, name, _FULL)
    if 1 < len(texts) <= _MOST_EVENED:
        even = min(_FULL, sum(map(_width, words)) // len(texts))
        splits = (_split(words, name, limit) for limit in range(even, _FULL + 1))
        texts = next(split for split in splits if len(split) <= len(texts))
    letters, parts, start = sum(map(len, texts)), [], cue.start
    for number, text in enumerate(texts, start=1):
        share = (cue.end - cue.start) * len(text) / letters
        end = start + share if number < len(texts) else cue.end
        parts.append(replace(cue, start=start, end=end, text=text))
        start = end
    return parts


def _split(words: list[str], name: str, limit: int) -> list[str]:
    """The words in texts of so many columns that fit on the screen with the name before them."""
    texts: list[str] = []
    for word in words:
        longer = f"{texts[-1]}{word}" if texts else ""
        if longer and _width(longer.strip()) <= limit and len(_rows(name + longer)) <= ROWS:
            texts[-1] = longer
        else:
            texts.append(word)
    return [text.strip() for text in texts]


def _prefix(cue: Cue) -> str:
    """The name before a line, where a file has no other place for it."""
    name = one_line(cue.speaker)
    return f"{name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + '…'}: " if name else ""


def _rows(text: str, wide: int = WIDE) -> list[str]:
    """The text in as few rows as it goes into. A word that is wider than a row has one of its own."""
    rows: list[str] = []
    taken = 0
    for word in _words(text):
        if rows and taken + _width(word.strip()) <= wide:
            rows[-1] += word
        else:
            rows.append(word)
            taken = 0
        taken += _width(word)
    return [row.strip() for row in rows]


def _shown(text: str) -> str:
    """The rows as they stand in a file: two are about equally long."""
    rows = _rows(text)
    if len(rows) == ROWS:
        tried = (_rows(text, wide) for wide in range(min(WIDE, _width(text) // ROWS), WIDE + 1))
        rows = next(even for even in tried if len(even) == ROWS)
    return "\n".join(rows)


def _words(text: str) -> list[str]:
    """What a row can be broken after: words with their blank, and the characters of one that fits no row."""
    found: list[str] = []
    for word in one_line(text).split(" "):
        found += [word] if _width(word) <= WIDE else _characters(word)
        found[-1:] = [f"{part} " for part in found[-1:]]
    return [word for word in found if word.strip()]


def _characters(word: str) -> list[str]:
    """Single characters, with the marks and the closing punctuation that belong to them."""
    found: list[str] = []
    for character in word:
        if found and unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf", "Po", "Pe", "Pf"):
            found[-1] += character
        else:
            found.append(character)
    return found


def _width(text: str) -> int:
    """Columns: two for a wide character, none for a mark on another."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
