"""Where each piece lies in a film, in whole frames at the film's rate. Arithmetic only, nothing is opened."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from projects.montage.reel import Piece, Reel

_NTSC = (24, 30, 48, 60, 120)
_NEAR = Fraction(1, 200)
"""How far a written rate may be from the exact one: 23.98 is 24000/1001."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """One piece's frames in the film: `start_frame` is its first one, `end_frame` the one after its last.

    `source_start` and `source_end` are the same points in the clip, in seconds, on whole frames of the film.
    For `crossfade_frames` frames from its start the piece before it is still seen.
    """

    piece: int | None
    """Its place in `Reel.pieces`, from 0; None: the title card."""
    start_frame: int
    end_frame: int
    source_start: float
    source_end: float
    crossfade_frames: int

    @property
    def frames(self) -> int:
        return self.end_frame - self.start_frame


def rate(fps: float) -> Fraction:
    """The exact frame rate that is meant: 23.976 and 23.98 are 24000/1001, 29.97 is 30000/1001."""
    for nominal in _NTSC:
        exact = Fraction(nominal * 1000, 1001)
        if abs(Fraction(fps) - exact) < _NEAR:
            return exact
    return Fraction(fps).limit_denominator(1001)


def timeline(reel: Reel) -> tuple[Span, ...]:
    """The title card, if there is one, then the pieces in order. For a reel without `problems`.

    A crossfade of n frames lets a piece start n frames before the end of the one before it. It is at most
    half of the shorter of the two, so never more than two are seen at once. The title card is cut to: it
    fades by itself.
    """
    fps = rate(reel.fps)
    spans: list[Span] = []
    if reel.title:
        card = max(1, round(_exact(reel.title.seconds) * fps))
        spans.append(_span(None, 0, (0, card), fps))
    for number, piece in enumerate(reel.pieces):
        used = _frames_used(piece, fps)
        fade = _crossfade(piece, used[1] - used[0], spans[-1], fps) if number else 0
        start = (spans[-1].end_frame if spans else 0) - fade
        spans.append(_span(number, start, used, fps, fade))
    return tuple(spans)


def total_frames(reel: Reel) -> int:
    """How many frames the film has."""
    spans = timeline(reel)
    return spans[-1].end_frame if spans else 0


def problems(reel: Reel) -> list[str]:
    """Why that cannot be cut, a sentence for each piece that is at fault; empty when all is well."""
    if not reel.pieces:
        return ["There is no clip in the film."]
    return list(_problems(reel))


def _problems(reel: Reel) -> Iterator[str]:
    fps = rate(reel.fps)
    for piece in reel.pieces:
        name, has = f"“{piece.name}”", max(float(length(piece)), piece.seconds)
        too_far = has + float(1 / fps) / 2
        if piece.start < 0:
            yield f"{name} cannot start before its beginning, at {piece.start:g} s."
        elif piece.end is not None and piece.end <= piece.start:
            yield f"{name} would end at {piece.end:g} s, which is not after its start at {piece.start:g} s."
        elif piece.start >= has:
            yield f"{name} has only {has:.4g} s; it cannot start at {piece.start:g} s."
        elif piece.end is not None and piece.end > too_far:
            yield f"{name} has only {has:.4g} s; it cannot end at {piece.end:g} s."
        else:
            first, last = _frames_used(piece, fps)
            if last <= first:
                yield f"Nothing is left of {name}: what remains after trimming is shorter than one frame."


def _frames_used(piece: Piece, fps: Fraction) -> tuple[int, int]:
    """The first frame that is used and the one after the last, counted in the clip at the film's rate."""
    whole = floor(length(piece) * fps)
    first = min(max(0, round(_exact(piece.start) * fps)), whole)
    last = whole if piece.end is None else min(round(_exact(piece.end) * fps), whole)
    return first, max(first, last)


def length(piece: Piece) -> Fraction:
    """How long its picture is. The sound of a file is often a little longer, which is not to be seen."""
    if piece.frames and piece.fps:
        return Fraction(piece.frames) / rate(piece.fps)
    return _exact(piece.seconds)


def _crossfade(piece: Piece, frames: int, before: Span, fps: Fraction) -> int:
    return max(0, min(round(_exact(piece.crossfade) * fps), frames // 2, before.frames // 2))


def _span(number: int | None, start: int, used: tuple[int, int], fps: Fraction, fade: int = 0) -> Span:
    first, last = used
    return Span(
        piece=number,
        start_frame=start,
        end_frame=start + last - first,
        source_start=float(first / fps),
        source_end=float(last / fps),
        crossfade_frames=fade,
    )


def _exact(seconds: float) -> Fraction:
    """As it was written: 0.1 is a tenth, not the nearest binary number."""
    return Fraction(str(seconds))
