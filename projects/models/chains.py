"""A clip's parts in order: what is made, what is missing, and what a person may decide in between."""

from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from projects.captions import Cue, cues
from projects.models.leased import ForbiddenArrow, LostLease
from projects.models.parts import EXTEND, Part
from projects.models.states import ClipStatus
from projects.prompts import Scene

if TYPE_CHECKING:
    from projects.models.clips import Clip
    from projects.models.operations import Operation


@dataclass(frozen=True)
class Laid:
    """Where the video of one part lies in the clip's, in seconds, by the measured lengths.

    `begins` is where its own file begins: for an extension with what it extends in it, at that one's start.
    """

    part: Part
    operation: "Operation"
    start: float
    end: float
    begins: float


class Chain:
    """The generations behind a clip, one for most. Ask a new one after anything has changed."""

    def __init__(self, clip: "Clip") -> None:
        self.clip = clip

    # --- questions ---

    @cached_property
    def parts(self) -> list[Part]:
        return list(self.clip.parts.all())

    @property
    def long(self) -> bool:
        """Whether it takes more than one generation."""
        return len(self.parts) > 1

    @cached_property
    def made(self) -> list[Part]:
        """The first that is missing ends them: nothing later can be there."""
        return list(takewhile(lambda part: part.made, self.parts))

    @property
    def missing(self) -> list[Part]:
        return self.parts[len(self.made) :]

    @property
    def joined(self) -> bool:
        """Whether its video was joined here from several of Google's."""
        return len(files_of(self.laid)) > 1

    @property
    def unfinished(self) -> bool:
        """Nothing is at work, there is a video, and parts are missing: a person may go on or leave it so."""
        return self.clip.status in ClipStatus.FINAL and bool(self.made) and bool(self.missing)

    @cached_property
    def laid(self) -> list[Laid]:
        made = [(part, part.made, part.made.seconds) for part in self.made if part.made]
        return lay_out([(part, one, seconds or float(part.seconds)) for part, one, seconds in made])

    def captions(self) -> list[Cue]:
        """What is said and when, from the script, for the parts that are there.

        An extension of another clip begins with the captions of that one.
        """
        found: list[Cue] = []
        offset = 0.0
        source = self.clip.source
        if self.clip.task == EXTEND and source is not None:
            found = source.chain.captions()
            offset = source.seconds or 0.0
        for laid in self.laid:
            scenes = [Scene(**scene) for scene in laid.part.scenes]
            end = max(laid.end, self.clip.seconds or 0.0) if laid is self.laid[-1] else laid.end
            found += cues(scenes, offset=offset + laid.start, until=offset + end)
        return found

    def part_after(self, part: Part) -> Part | None:
        """The part whose turn comes then, unless a person asked to stop. Inside a transaction."""
        clips = type(self.clip)._default_manager.select_for_update()
        if clips.values_list("stop_asked", flat=True).get(pk=self.clip.pk):
            return None
        return self.clip.parts.filter(position=part.position + 1).first()

    # --- a person's decisions ---

    def stop(self, user: Any) -> None:
        """Begins no further part; the one at work is finished. ForbiddenArrow when none would follow."""
        operation = self.clip.operation
        if operation.part == self.parts[-1]:
            raise ForbiddenArrow("no part follows")
        with transaction.atomic():
            if not self._rows(status__in=ClipStatus.ACTIVE, stop_asked=False).update(
                stop_asked=True, version=F("version") + 1
            ):
                raise LostLease("the clip has moved on")
            operation.tell(operation.state, operation.state, f"{user} asked to stop after this part")

    def keep(self, user: Any) -> None:
        """The parts that are there become the finished clip. ForbiddenArrow when there are none, or all."""
        if not self.unfinished or self.clip.ready:
            raise ForbiddenArrow("nothing to keep")
        with transaction.atomic():
            self._as_seen(status=ClipStatus.READY)
            operation = self.clip.operation
            operation.tell(operation.state, operation.state, f"{user} kept the parts that are there")

    def go_on(self, user: Any, parts: list[dict[str, Any]]) -> None:
        """Makes the missing parts after all, as `parts` says, with a new consent to pay for each.

        The caller has shown the price. ForbiddenArrow when something is still at work or nothing is missing.
        """
        if not self.unfinished:
            raise ForbiddenArrow("no part can be made now")
        first, *later = self.missing
        with transaction.atomic():
            self._as_seen(
                status=ClipStatus.QUEUED,
                finished_at=None,
                stop_asked=False,
                price_micros=sum(p.price_micros for p in self.made) + sum(p["price_micros"] for p in parts),
                duration_seconds=sum(p.seconds for p in self.made) + sum(p["seconds"] for p in parts),
            )
            for part in later:
                part.delete()
            tried = first.operations.filter(attempt=first.consents).exists()
            Part.objects.filter(pk=first.pk).update(
                **parts[0], agreed_by=user, agreed_at=Now(), consents=first.consents + tried
            )
            for position, part_asked in enumerate(parts[1:], first.position + 1):
                self.clip.parts.create(position=position, agreed_by=user, **part_asked)
            self.clip.parts.get(pk=first.pk).ask(f"{user} asked to go on with part {first.number}")

    def _rows(self, **asked: Any) -> Any:
        return type(self.clip)._default_manager.filter(pk=self.clip.pk, **asked)

    def _as_seen(self, **changes: Any) -> None:
        """Changes the clip's row if it still is as the person saw it."""
        rows = self._rows(status=self.clip.status, version=self.clip.version)
        if not rows.update(version=F("version") + 1, **changes):
            raise LostLease("the clip has moved on")


def lay_out(made: list[tuple[Part, "Operation", float]]) -> list[Laid]:
    """Where each part lies, from the measured seconds of each file.

    Google's extensions hold what they extend; should one come without, its length shows it.
    """
    found: list[Laid] = []
    begins = end = 0.0
    for part, operation, seconds in made:
        start = end
        holds_its_source = seconds > (start - begins) + part.seconds / 2
        if part.method != EXTEND or not holds_its_source:
            begins = start
        end = begins + seconds
        found.append(Laid(part, operation, start, end, begins))
    return found


def files_of(laid: list[Laid]) -> list[Laid]:
    """Those whose files, one after the other, are the whole video."""
    found: list[Laid] = []
    for each in laid:
        while found and found[-1].begins >= each.begins:
            found.pop()
        found.append(each)
    return found
