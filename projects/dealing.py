"""Which scenes are shown in which part of a long clip, and when in it. Arithmetic only. No Django, no app."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import floor

from projects.prompts import Scene

_SHORTEST = 0.5
"""Seconds. Times are in halves, so no scene can be shorter."""
_WORTH_A_PIECE = 1.0
"""Seconds of a long scene below which a part gets no piece of it."""


@dataclass(frozen=True)
class _Window:
    """Where a part lies in the clip, in seconds."""

    start: int
    end: int

    def holds(self, scene: Scene) -> float:
        """How much of the scene falls into it."""
        return min(self.end, scene.end) - max(self.start, scene.start)

    def inside(self, scene: Scene) -> bool:
        return scene.start <= self.start and self.end <= scene.end


def to_scale(scenes: Sequence[Scene], *, asked: float, total: int) -> tuple[Scene, ...]:
    """The scenes of a script for `asked` seconds in a clip of `total`, each of half a second or more.

    A script that goes on after the length that was asked for is pressed together as a whole.
    """
    wish = max(asked, max((scene.end for scene in scenes), default=0.0))
    factor = total / wish if wish > 0 else 1.0
    found: list[Scene] = []
    for scene in scenes:
        start = min(max(0.0, scene.start * factor), total - _SHORTEST)
        end = min(max(start + _SHORTEST, scene.end * factor), float(total))
        found.append(replace(scene, start=start, end=end))
    return tuple(found)


def deal(scenes: Sequence[Scene], lengths: Sequence[int]) -> tuple[tuple[Scene, ...], ...]:
    """The scenes of each part, timed from its start in halves of a second; `lengths` are the parts' seconds.

    A scene goes to the part that holds most of it, of two to the earlier, and scenes stay in order. One that
    is longer than its part, or fills another one as well, is split: what is said goes with the first piece,
    in the following ones the action and the camera go on. What a part got is stretched or pressed to its
    length, pauses that were written stay. A part with more scenes than halves of a second lets them overlap,
    so that nothing is lost; the checks of its script say so.
    """
    ends = list(accumulate(lengths))
    windows = [_Window(end - length, end) for end, length in zip(ends, lengths, strict=True)]
    hands: list[list[Scene]] = [[] for _ in windows]
    earliest = 0
    for scene in scenes:
        for number, piece in _pieces(scene, windows, earliest):
            hands[number].append(piece)
            earliest = number
    return tuple(_timed(hands, number, windows[number]) for number in range(len(windows)))


def _pieces(scene: Scene, windows: list[_Window], earliest: int) -> list[tuple[int, Scene]]:
    """The scene, or its pieces, each with the number of its part; none before the part `earliest`."""
    most = max(range(earliest, len(windows)), key=lambda number: (windows[number].holds(scene), -number))
    window = windows[most]
    too_long = scene.end - scene.start > window.end - window.start
    if not too_long and not any(each.inside(scene) for each in windows if each is not window):
        return [(most, scene)]
    shares = [
        (number, replace(scene, start=max(each.start, scene.start), end=min(each.end, scene.end)))
        for number, each in enumerate(windows[earliest:], earliest)
        if each.holds(scene) >= min(_WORTH_A_PIECE, each.end - each.start)
    ]
    if len(shares) < 2:
        return [(most, scene)]
    shares[0] = (shares[0][0], replace(shares[0][1], start=scene.start))
    shares[-1] = (shares[-1][0], replace(shares[-1][1], end=scene.end))
    return [shares[0], *((number, _going_on(piece)) for number, piece in shares[1:])]


def _going_on(scene: Scene) -> Scene:
    """The same shot without what was said and heard once."""
    action = f"Goes on: {scene.action}" if scene.action else "The shot goes on."
    return Scene(start=scene.start, end=scene.end, action=action, camera=scene.camera)


def _timed(hands: list[list[Scene]], number: int, window: _Window) -> tuple[Scene, ...]:
    """The scenes of one part from 0 to its end."""
    hand = hands[number]
    if not hand:
        return ()
    begin, end = _stretch(hands, number, window)
    scale = (window.end - window.start) / (end - begin)
    halves = 2 * (window.end - window.start)
    found: list[Scene] = []
    at = 0
    for left, scene in zip(range(len(hand), 0, -1), hand, strict=True):
        first = max(at, floor((scene.start - begin) * scale * 2 + 0.5))
        first = max(0, min(first, halves - left))
        last = floor((scene.end - begin) * scale * 2 + 0.5)
        last = max(first + 1, min(last, halves - left + 1))
        found.append(replace(scene, start=first / 2, end=last / 2))
        at = last
    return tuple(found)


def _stretch(hands: list[list[Scene]], number: int, window: _Window) -> tuple[float, float]:
    """From when to when its scenes reach: its window, less what neighbours took, and what sticks out."""
    hand = hands[number]
    first, last = min(scene.start for scene in hand), max(scene.end for scene in hand)
    before = any(scene.end > window.start for each in hands[:number] for scene in each)
    after = any(scene.start < window.end for each in hands[number + 1 :] for scene in each)
    return first if before else min(first, window.start), last if after else max(last, window.end)
