"""What a script is: timed scenes, who speaks in them, and what holds for all of them."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MOST_SCENES = 60
"""In one clip; ours."""

_UNWRITTEN = {"Cc", "Cs"}
"""Control characters and halves of surrogate pairs: nothing that can be read or sent."""

_QUOTES = '"“”„‟«»″＂「」『』'
_SOFTENED = str.maketrans(dict.fromkeys(_QUOTES, "'"))


class ScriptError(ValueError):
    """What was pasted cannot be read. The message is one sentence that names the line or the entry."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One timed beat of a clip. Times are seconds from the clip's start, in halves."""

    start: float
    end: float
    speaker: str = ""
    """A name of one of the project's speakers."""
    line: str = ""
    """What is said, word for word."""
    delivery: str = ""
    """How it is said: "whispering"."""
    action: str = ""
    sound: str = ""
    camera: str = ""


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Somebody who speaks in a project, described once."""

    name: str
    looks: str = ""
    voice: str = ""


@dataclass(frozen=True, kw_only=True)
class Script:
    """The scenes of a clip and what holds for all of them. `language` is a code such as "en"."""

    scenes: tuple[Scene, ...] = ()
    setting: str = ""
    """Place, style, light: what the plain prompt says."""
    ambience: str = ""
    language: str = "en"


def speakers_in(scenes: Iterable[Scene]) -> list[str]:
    """The names in the scenes, each once and as it is first written, in order of appearance."""
    names: dict[str, str] = {}
    for scene in scenes:
        if name := one_line(scene.speaker):
            names.setdefault(name.casefold(), name)
    return list(names.values())


def by_name(speakers: Iterable[Speaker]) -> Mapping[str, Speaker]:
    """The speakers by `name_key`: a name means the same person in capitals and without."""
    return {name_key(speaker.name): speaker for speaker in speakers}


def name_key(name: str) -> str:
    return one_line(name).casefold()


def one_line(text: str) -> str:
    """Every run of white space is one blank; nothing is left that cannot be written."""
    written = (c for c in text if c.isspace() or unicodedata.category(c) not in _UNWRITTEN)
    return " ".join("".join(written).split())


def unquoted(line: str) -> str:
    """A line without the one pair of quotes around it, if there is one."""
    inner = line[1:-1].strip()
    quoted = line[:1] in set(_QUOTES) and line[-1:] in set(_QUOTES) and not any(c in inner for c in _QUOTES)
    return inner if inner and quoted else line


def softened(text: str) -> str:
    """With single quotes for all double ones, of any language."""
    return text.translate(_SOFTENED)
