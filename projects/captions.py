"""Captions from the script (to be written)."""

from collections.abc import Iterable
from dataclasses import dataclass

from projects.prompts import Scene


@dataclass(frozen=True)
class Cue:
    start: float
    end: float
    text: str
    speaker: str = ""


def cues(scenes: Iterable[Scene], *, offset: float = 0.0, until: float | None = None) -> list[Cue]:
    return [Cue(s.start + offset, s.end + offset, s.line, s.speaker) for s in scenes if s.line]
