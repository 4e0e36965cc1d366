"""What a page says of the parts of a long clip: which is at work, what each cost, how long the rest takes."""

from collections.abc import Mapping
from dataclasses import dataclass

from projects import figures
from projects.models import CLIP_STATUS, Chain, Clip, ClipStatus, Part, State
from projects.models.queue import Kind

Spans = Mapping[Kind, tuple[float, float]]
"""Usual and long time by kind of generation, in seconds."""


@dataclass(frozen=True)
class Row:
    """One part in the list. `tone` and `word` are its state, `money` its price before and its cost after."""

    part: Part
    tone: str
    word: str
    money: str
    made: bool


@dataclass(frozen=True)
class Parts:
    """The parts of a clip that has several. `number` counts the one that is at work, or came last, from 1."""

    number: int
    rows: list[Row]
    following: int
    """How many are begun after the one at work."""
    rest: tuple[float, float] | None
    """Usual and long time for those; None where we cannot judge."""
    can_stop: bool
    stops: bool
    """A person asked for no part after the one at work."""
    unfinished: bool
    keepable: bool
    next_number: int

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def made(self) -> int:
        return sum(row.made for row in self.rows)


def kinds(clip: Clip) -> set[Kind]:
    """What the parts still to be made are like; see `OperationQuerySet.usual_seconds`."""
    if not clip.active:
        return set()
    return {clip.kind, *(_kind(clip, part) for part in clip.chain.missing)}


def parts_of(clip: Clip, usual: Spans) -> Parts | None:
    """None for a clip of one part."""
    chain = clip.chain
    if not chain.long:
        return None
    at_work = clip.operation.part
    follow = clip.active and not clip.stop_asked
    later = [part for part in chain.missing if part.position > at_work.position] if follow else []
    return Parts(
        number=at_work.number,
        rows=[_row(clip, chain, part) for part in chain.parts],
        following=len(later),
        rest=_together([usual.get(_kind(clip, part)) for part in later]),
        can_stop=bool(later),
        stops=clip.active and clip.stop_asked and at_work != chain.parts[-1],
        unfinished=chain.unfinished,
        keepable=chain.unfinished and not clip.ready,
        next_number=len(chain.made) + 1,
    )


def _kind(clip: Clip, part: Part) -> Kind:
    return clip.model, clip.resolution, part.seconds, clip.simulated


def _together(spans: list[tuple[float, float] | None]) -> tuple[float, float] | None:
    known = [span for span in spans if span]
    if not known or len(known) < len(spans):
        return None
    return sum(low for low, _ in known), sum(high for _, high in known)


def _row(clip: Clip, chain: Chain, part: Part) -> Row:
    made = part in chain.made
    operations = list(part.operations.all())
    if made:
        tone, word = ClipStatus.READY, "Made"
    elif part.saved:
        tone, word = ClipStatus.FAILED, "Not joined"
    elif operations:
        tone = ClipStatus(CLIP_STATUS[operations[-1].state])
        word = tone.label
    else:
        tone = ClipStatus.QUEUED
        word = "Waits for its turn" if clip.active and not clip.stop_asked else "Not made"
    return Row(part, str(tone), str(word), _money(clip, part), part.saved is not None)


def _money(clip: Clip, part: Part) -> str:
    """All that was paid for it, in earlier tries too."""
    price = figures.usd(part.price_micros)
    if clip.simulated:
        return f"would cost {price}"
    operations = list(part.operations.all())
    ended = [one for one in operations if one.state in State.FINAL]
    if not ended or len(ended) < len(operations):
        return f"about {price}"
    known = [one.charged_micros for one in ended if one.charged_micros is not None]
    if not known:
        return "cost not known"
    return f"{'at least ' if len(known) < len(ended) else ''}{figures.usd(sum(known))}"
