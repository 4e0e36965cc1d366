"""How a clip longer than one generation is made: which parts, each how, at which price. No Django, no app.

A chain is made of segments. A segment starts fresh (the first from the prompt, each later one from the last
frame of what is there) and may be extended; an extension's file holds its whole segment. Segments are joined
here, without Google. Plans are made on every change of a form, so they take milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from projects.dealing import deal, to_scale
from projects.prompts import Scene
from projects.veo.catalog import Model

NEW, EXTEND, CONTINUE = "new", "extend", "continue"
"""Made from the prompt, as an extension of what is there, from the last frame of what is there."""

LONGEST = 150
"""Seconds of the longest clip. Ours: the longest that Google extends to anywhere is 148 s."""

_SECOND = 10**12
"""What a plan is worse for when a part ends a second inside a scene. One micro-dollar makes it worse by 1, so
prices only decide between plans that are otherwise equally good."""
_PART = _SECOND
_FRESH_START = 3 * _SECOND
_INSIDE = 3.0
"""Seconds. Further inside a scene a boundary is no worse: the scene is torn anyway."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One generation. `start` is where it begins in the clip, in seconds; its scenes are timed from there."""

    method: str
    seconds: int
    """What it adds to the clip. The file of an extension is longer: it holds what was there before."""
    start: int
    price_micros: int
    scenes: tuple[Scene, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The parts of a clip in the order in which they are made, and in which they are seen."""

    parts: tuple[Part, ...]
    asked: float
    """Seconds that were wished for."""
    reasons: tuple[str, ...]
    """Why its length is another, in sentences; empty when it is not."""

    @property
    def seconds(self) -> int:
        return sum(part.seconds for part in self.parts)

    @property
    def price_micros(self) -> int:
        return sum(part.price_micros for part in self.parts)

    @property
    def segments(self) -> int:
        """How many fresh starts there are: one less than the seams."""
        return sum(part.method != EXTEND for part in self.parts)


def plan(
    model: Model,
    *,
    resolution: str,
    seconds: float,
    audio: bool = True,
    full_first: bool = False,
    scenes: Sequence[Scene] = (),
) -> Plan:
    """The best chain of that length, or of the nearest that can be reached; of two as near, the shorter.

    `full_first`: pictures go into the first part that may need the longest length (reference images, a last
    frame). Of all chains that are as long the one is taken whose parts end where scenes end, with few fresh
    starts and few parts; then the cheapest. `resolution` is one that the model makes.
    """
    ways = _Ways.of(model, resolution, audio, full_first)
    total, reasons = _nearest(ways, seconds, resolution)
    placed = to_scale(scenes, asked=seconds, total=total)
    steps = ((NEW, total),) if total in ways.first else _steps(ways, _torn(placed, total))
    dealt = deal(placed, tuple(length for _, length in steps))
    parts: list[Part] = []
    start = segment = 0
    for (method, length), scenes_here in zip(steps, dealt, strict=True):
        source = segment if method == EXTEND else 0
        price = model.price(resolution, length, audio=audio, source_seconds=source)
        parts.append(Part(method=method, seconds=length, start=start, price_micros=price, scenes=scenes_here))
        start, segment = start + length, source + length
    return Plan(tuple(parts), seconds, reasons)


def limits(model: Model, resolution: str) -> str:
    """How that model makes long clips, in one sentence for the form."""
    label, last_frame = model.label, "starts from the last frame of the one before"
    if not model.extend_by:
        return f"{label} extends no clips, so each part of a longer clip {last_frame}."
    if resolution not in model.sizes(EXTEND):
        sizes = " or ".join(model.sizes(EXTEND))
        return f"{label} extends in {sizes} only, so at {resolution} each part {last_frame}."
    least, most = model.extend_by[0], model.extend_by[-1]
    step = f"{least} s" if least == most else f"{least} to {most} s"
    return (
        f"{label} extends a clip by {step} up to {model.extend_to} s; what is longer is joined from several."
    )


@dataclass(frozen=True)
class _Ways:
    """What a chain can be made of, without what does not matter for it. Prices are micro-dollars a second."""

    first: tuple[int, ...]
    fresh: tuple[int, ...]
    extend_by: tuple[int, ...]
    extend_to: int
    price: int
    source_price: int

    @classmethod
    def of(cls, model: Model, resolution: str, audio: bool, full_first: bool) -> "_Ways":
        longest = model.lengths()[-1:]
        fresh = longest if resolution in model.full_length else model.lengths()
        needs_it = full_first and model.full_length & {"references", "last_frame"}
        extends = resolution in model.sizes(EXTEND)
        return cls(
            first=longest if needs_it else fresh,
            fresh=fresh,
            extend_by=model.lengths(EXTEND) if extends else (),
            extend_to=model.extend_to,
            price=model.price(resolution, 1, audio=audio),
            source_price=model.source_price,
        )


def _nearest(ways: _Ways, asked: float, resolution: str) -> tuple[int, tuple[str, ...]]:
    """The length that can be reached, and why it is not the one that was asked for."""
    reasons: list[str] = []
    if asked > LONGEST:
        reasons.append(f"{asked:g} s is too long: a clip has {LONGEST} s at most.")
    wish = min(asked, LONGEST)
    total = min(_reachable(ways), key=lambda length: (abs(length - wish), length))
    if total != wish:
        reasons.append(f"{wish:g} s cannot be made exactly in {resolution}: {total} s is the nearest.")
    return total, tuple(reasons)


@lru_cache(maxsize=256)
def _reachable(ways: _Ways) -> tuple[int, ...]:
    """Every length up to LONGEST, in seconds, that some chain has."""
    segments: list[set[int]] = [set() for _ in range(LONGEST + 1)]
    for length in ways.first:
        segments[length].add(length)
    for total, here in enumerate(segments):
        for added in ways.fresh:
            if here and total + added <= LONGEST:
                segments[total + added].add(added)
        for added in ways.extend_by:
            if total + added <= LONGEST:
                segments[total + added] |= {had + added for had in here if had + added <= ways.extend_to}
    return tuple(total for total, here in enumerate(segments) if here)


_Way = tuple[int, str, int, int]
"""The best way to a total with a certain segment at its end: cost, method, seconds added, segment before."""


@lru_cache(maxsize=256)
def _steps(ways: _Ways, torn: tuple[int, ...]) -> tuple[tuple[str, int], ...]:
    """Method and seconds of each part of the best chain. `torn[t]` is what a boundary at t seconds costs.

    Dynamic programming over the length so far and the length of the segment at its end.
    """
    total = len(torn) - 1
    best: list[dict[int, _Way]] = [{} for _ in torn]

    def reach(end: int, segment: int, way: _Way) -> None:
        if segment not in best[end] or way < best[end][segment]:
            best[end][segment] = way

    for length in ways.first:
        if length <= total:
            reach(length, length, (_PART + ways.price * length, NEW, length, 0))
    for start in range(1, total):
        cheapest: int | None = None
        for segment in sorted(best[start]):
            cost = best[start][segment][0]
            # A longer segment has less room to grow and costs no less to extend.
            if cheapest is not None and cost >= best[start][cheapest][0]:
                continue
            cheapest = segment
            cost += torn[start] + _PART + ways.source_price * segment
            for added in ways.extend_by:
                if start + added <= total and segment + added <= ways.extend_to:
                    way = (cost + ways.price * added, EXTEND, added, segment)
                    reach(start + added, segment + added, way)
        if cheapest is not None:
            cost = best[start][cheapest][0] + torn[start] + _PART + _FRESH_START
            for added in ways.fresh:
                if start + added <= total:
                    reach(start + added, added, (cost + ways.price * added, CONTINUE, added, cheapest))
    return _traced(best)


def _traced(best: list[dict[int, _Way]]) -> tuple[tuple[str, int], ...]:
    """The best chain to the last total, read back from its end; of equal ones the shorter parts come last."""
    end = len(best) - 1
    segment = min(best[end], key=lambda length: (best[end][length][0], length))
    steps: list[tuple[str, int]] = []
    while end:
        _, method, added, before = best[end][segment]
        steps.append((method, added))
        end, segment = end - added, before
    return tuple(reversed(steps))


def _torn(scenes: Sequence[Scene], total: int) -> tuple[int, ...]:
    """For every second of the clip what it costs to end a part there: nothing on a border and in a pause."""
    inside = [0.0] * (total + 1)
    for scene in scenes:
        for second in range(max(0, int(scene.start)), min(total, int(scene.end)) + 1):
            inside[second] = max(inside[second], min(second - scene.start, scene.end - second, _INSIDE))
    return tuple(round(each * _SECOND) for each in inside)
