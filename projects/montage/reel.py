"""What a film is cut from, in plain values."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Framing = Literal["fit", "fill", "pad"]
"""How a picture of another shape comes in: whole with black bars, cropped, or whole over a blurred copy."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One clip's file in the film, from `start` to `end` (seconds in the clip; None: to its end).

    `name` is what sentences call it. `crossfade` is how many seconds it overlaps the piece before it; 0 is a
    cut. The facts are those that were measured when the file was saved.
    """

    path: Path
    name: str
    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    start: float = 0.0
    end: float | None = None
    crossfade: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Title:
    """A card before the first piece: white words on black."""

    text: str
    seconds: float = 3.0


@dataclass(frozen=True, kw_only=True)
class Track:
    """An uploaded piece of music or voice that lies under the whole film. `duck`: softer under speech."""

    path: Path
    duck: bool = True
    volume: float = 0.5
    """Of its own loudness, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Reel:
    """Everything that a film is made from."""

    pieces: tuple[Piece, ...]
    width: int
    height: int
    fps: float = 24.0
    framing: Framing = "fit"
    title: Title | None = None
    track: Track | None = None
    even_loudness: bool = True
    chapters: tuple[str, ...] = field(default=())
    """One name for each piece, in the film's menu; empty for none."""
