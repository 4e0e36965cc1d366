"""From a script as people write it to timed scenes."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from projects.prompts.languages import speaking_seconds
from projects.prompts.script import Scene, ScriptError, one_line, unquoted
from projects.prompts.times import NoTime, halves, perhaps_words, read_span, shares

MOST_CHARACTERS = 100_000
MOST_ENTRIES = 200
"""Of scenes in what is pasted: more than a clip takes, for a person to choose from."""

SHORTEST = 1.5
"""Seconds that a scene gets when nothing says how long it is."""

_NAMED = re.compile(
    r"(?P<name>[^:：()\[\],!?;\"“”]{1,40}?)\s*(?:\((?P<delivery>[^()]*)\))?\s*[:：](?!//)\s*(?P<rest>.*)"
)
_DIRECTION = re.compile(
    r"\((?P<round>[^()]*)\)|\[(?P<square>[^\[\]]*)\]|(?P<place>(?:INT|EXT|EST|I/E)[./ ].*)"
)
_CUE = re.compile(r"(?P<name>[^:()\[\]!?,;]{1,39}[^:()\[\]!?,;.\s])\s*(?:\((?P<how>[^()]*)\))?")
_TRANSITION = re.compile(r"[A-Z ]+ (?:TO|IN|OUT)")
_SPOKEN_FIRST = re.compile(r"\((?P<delivery>[^()]*)\)\s*(?P<line>.+)")
_COUNTER = re.compile(r"\d{1,4}")

_FIELDS = {
    **dict.fromkeys(("sfx", "fx", "sound", "sound effect", "sounds", "ambience"), "sound"),
    **dict.fromkeys(("camera", "shot"), "camera"),
    **dict.fromkeys(("action", "visual"), "action"),
}
"""Words before a colon that are no names."""

_HOW = {"v.o.": "in voice-over", "o.s.": "off screen", "o.c.": "off screen", "cont'd": "", "cont’d": ""}
"""What screenplays put in parentheses after a name."""


@dataclass
class Draft:
    """A scene without its times."""

    speaker: str = ""
    delivery: str = ""
    line: str = ""
    action: str = ""
    sound: str = ""
    camera: str = ""

    def add(self, name: str, text: str) -> None:
        """Appends to a field, for what goes on over several lines."""
        setattr(self, name, f"{getattr(self, name)} {text}".strip())


@dataclass
class Block:
    """Lines that stand together: up to a blank line, or under one time."""

    number: int
    """Of its first line, from 1."""
    start: float | None = None
    end: float | None = None
    drafts: list[Draft] = field(default_factory=list)
    captions: bool = False
    """Its time was written as subtitles have it: bare words in it are spoken."""
    talking: bool = False
    """The last line was spoken, or named who speaks next."""

    def draft(self, *fields: str) -> Draft:
        """The draft that takes these fields: the last one while it has none of them, else a new one."""
        if not self.drafts or any(getattr(self.drafts[-1], name) for name in fields):
            self.drafts.append(Draft())
        return self.drafts[-1]


def read_script(text: str, *, seconds: float | None = None, language: str = "en") -> tuple[Scene, ...]:
    """The scenes of a pasted script. ScriptError when there are none, or times that cannot be.

    `Mara: line` and `Mara (whispering): line` are spoken, and so is what follows `MARA` on a line of its own.
    A line in brackets is action, `SFX: …` is a sound, and a line without a name goes on from the one before
    it. Any of them may have its times before it. Blank lines separate. Times are rounded to halves. Scenes
    without times follow the one before, each as long as its words take; when none has any, they are fitted
    into `seconds`. Overlaps and the like are not looked for here: see `problems`.
    """
    if len(text) > MOST_CHARACTERS:
        raise ScriptError(f"This script is longer than {MOST_CHARACTERS:,} characters. Paste a part of it.")
    blocks = [block for block in _blocks(text) if block.drafts]
    count = sum(len(block.drafts) for block in blocks)
    if not count:
        raise ScriptError("There is nothing to read. Paste lines such as “Mara: Almost there.”")
    if count > MOST_ENTRIES:
        raise ScriptError(
            f"Line {blocks[-1].number} is beyond the {MOST_ENTRIES} scenes that are read at once."
        )
    if all(block.start is None for block in blocks):
        drafts = [draft for block in blocks for draft in block.drafts]
        return tuple(_dealt(drafts, 0.0, seconds, language))
    return tuple(_timed(blocks, seconds, language))


# --- times ---


def natural_seconds(line: str, language: str) -> float:
    """How long a scene with this line is when nothing says so, in halves."""
    return max(SHORTEST, math.ceil(speaking_seconds(line, language) * 2) / 2)


def _timed(blocks: list[Block], seconds: float | None, language: str) -> Iterator[Scene]:
    """Each block at its time; one without a time after the one before it.

    Where only a start is given, the next start ends it, or the end of the clip.
    """
    after = 0.0
    for index, block in enumerate(blocks):
        start = after if block.start is None else block.start
        end = block.end
        following = blocks[index + 1].start if index + 1 < len(blocks) else seconds
        if end is None and block.start is not None and following is not None and following > start:
            end = following
        if end is None:
            scenes = list(_dealt(block.drafts, start, None, language))
        else:
            start, end = halves(start, end)
            scenes = list(_dealt(block.drafts, start, end - start, language))
        yield from scenes
        after = max(after, scenes[-1].end)


def _dealt(drafts: list[Draft], start: float, seconds: float | None, language: str) -> Iterator[Scene]:
    """One after the other, each as long as it takes, or in proportion to that over so many seconds."""
    lengths = [natural_seconds(draft.line, language) for draft in drafts]
    if seconds is not None:
        # An end before its start stays as it is: `problems` says so.
        lengths = [seconds] if seconds <= 0 and len(drafts) == 1 else shares(lengths, seconds)
    start, _ = halves(start, start)
    for draft, length in zip(drafts, lengths, strict=True):
        words = vars(draft) | {"line": unquoted(draft.line)}
        yield Scene(start=start, end=start + length, **words)
        start += length


# --- lines ---


def _blocks(text: str) -> Iterator[Block]:
    """The script, line by line, with every draft in the block of its time."""
    lines = [one_line(line.replace("**", "")) for line in text.splitlines()]
    block = Block(1)
    for number, line in enumerate(lines, start=1):
        following = lines[number] if number < len(lines) else ""
        if not line:
            # Blank lines separate, but a time on a line of its own still waits for its words.
            if block.drafts:
                yield block
                block = Block(number + 1)
            continue
        if _COUNTER.fullmatch(line) and "-->" in following:
            continue
        span = _span(line, number)
        if span:
            yield block
            start, end, line = span
            block = Block(number, start, end, captions="-->" in lines[number - 1])
        if line:
            _take(block, line, following)
    yield block


def _span(line: str, number: int) -> tuple[float, float | None, str] | None:
    try:
        span = read_span(line)
    except NoTime as wrong:
        raise ScriptError(f"Line {number}: {wrong}.") from None
    if span is None:
        return None
    start, end, rest = span
    rest = rest.lstrip(":：|–—- ") if rest else ""
    if rest and perhaps_words(line) and _direction(rest) is None and not _name(rest):
        return None
    return start, end, rest


def _take(block: Block, line: str, following: str) -> None:
    """Puts one line where it belongs."""
    last = block.drafts[-1] if block.drafts else None
    waiting = last if block.talking and last and not last.line else None
    if (direction := _direction(line)) is not None:
        if waiting:
            waiting.delivery = ", ".join(filter(None, (waiting.delivery, direction)))
        else:
            _direct(block, direction)
    elif named := _name(line):
        _named(block, *named)
    elif not waiting and (cue := _cue(line, following, block)):
        _named(block, *cue, "")
    elif block.captions and line.startswith("-"):
        _named(block, "", "", line.lstrip("- "))
    elif block.talking and last:
        _speak(last, line)
    elif block.captions or line[0] in '"“„«':
        _named(block, "", "", line)
    else:
        _put(block, "action", line)


def _direct(block: Block, direction: str) -> None:
    """What stands in brackets: action, or a field such as `(SFX: wind)`."""
    name, _, words = direction.partition(":")
    kind = _FIELDS.get(name.strip().lower())
    _put(block, kind or "action", words.strip() if kind else direction)


def _named(block: Block, name: str, delivery: str, rest: str) -> None:
    """`Mara (whispering): line`, a field such as `SFX: wind`, or `CUT TO:`."""
    if kind := _FIELDS.get(name.lower()):
        _put(block, kind, rest)
    elif not rest and _TRANSITION.fullmatch(name):
        _put(block, "camera", name.capitalize())
    else:
        draft = block.draft("line", "speaker")
        draft.speaker, draft.delivery = name, _HOW.get(delivery.lower(), delivery)
        block.talking = True
        if rest:
            _speak(draft, rest)


def _put(block: Block, kind: str, text: str) -> None:
    """Action, sound or camera: a beat before the next line, or, under a time, part of what happens then.

    A sound after a line is heard with it.
    """
    last = block.drafts[-1] if block.drafts else None
    block.talking = False
    if last and (block.start is not None or (kind == "sound" and not last.sound)):
        last.add(kind, text)
    elif text:
        block.draft("line").add(kind, text)


def _speak(draft: Draft, text: str) -> None:
    if not draft.line and not draft.delivery and (found := _SPOKEN_FIRST.fullmatch(text)):
        draft.delivery, text = found["delivery"].strip(), found["line"]
    draft.add("line", text)


def _direction(line: str) -> str | None:
    """What stands in brackets that hold the whole line, or a screenplay's place: `INT. KITCHEN - DAY`."""
    found = _DIRECTION.fullmatch(line)
    return next(part for part in found.groups() if part is not None).strip() if found else None


def _name(line: str) -> tuple[str, str, str] | None:
    """Name, delivery and the rest of a line that says who speaks."""
    found = _NAMED.fullmatch(line.lstrip("-–—•* "))
    if not found:
        return None
    name = found["name"].strip()
    if not any(c.isalpha() for c in name) or len(name.split()) > 5:
        return None
    return name, (found["delivery"] or "").strip(), found["rest"]


def _cue(line: str, following: str, block: Block) -> tuple[str, str] | None:
    """A name in capitals that opens a block and has words under it, as screenplays have it."""
    found = _CUE.fullmatch(line)
    if not found or not following or (block.drafts and block.drafts[-1].line):
        return None
    name = found["name"].strip()
    if not name.isupper() or len(name.split()) > 5:
        return None
    return name, (found["how"] or "").strip()
