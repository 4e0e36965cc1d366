"""What the storyboard shows: each shot with its place in time and its money, and the sums."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from projects.forms import Making, makings
from projects.models import Clip, Lineup, Project, Shot


@dataclass(frozen=True)
class Row:
    """One shot as it stands on the board; `start` and `so_far_micros` count what comes before it, too."""

    shot: Shot
    making: Making | None
    """Of a shot that is missing."""
    start: float
    seconds: float
    micros: int
    """What its takes cost, or would have cost were they not simulated; of a missing shot also its price."""
    so_far_micros: int

    @property
    def end(self) -> float:
        return self.start + self.seconds

    @property
    def about(self) -> str:
        """How sure the money is."""
        if self.making or any(take.cost_micros is None and not take.deletable for take in self.shot.takes):
            return "About"
        return "Would cost" if any(take.simulated for take in self.shot.takes) else "Cost"


@dataclass(frozen=True)
class Board:
    project: Project
    shots: Sequence[Shot]
    lineup: Lineup

    @classmethod
    def of(cls, project: Project, lineup: Lineup) -> "Board":
        shots = list(project.shots.with_takes())
        for shot in shots:
            shot.project = project
        return cls(project, shots, lineup)

    @cached_property
    def missing(self) -> list[Making]:
        return makings(self.shots, self.lineup)

    @property
    def possible(self) -> list[Making]:
        return [making for making in self.missing if making.possible]

    @property
    def impossible(self) -> list[Making]:
        return [making for making in self.missing if not making.possible]

    @property
    def undecided(self) -> list[Shot]:
        return [shot for shot in self.shots if shot.undecided]

    @property
    def total_micros(self) -> int:
        """Price of everything that is missing and can be made."""
        return sum(making.price_micros or 0 for making in self.possible)

    @cached_property
    def rows(self) -> list[Row]:
        of = {making.shot.pk: making for making in self.missing}
        rows: list[Row] = []
        start, so_far = 0.0, 0
        for shot in self.shots:
            making = of.get(shot.pk)
            seconds = float(making.seconds if making else _seconds(shot.shown))
            micros = sum(map(_cost, shot.takes)) + ((making and making.price_micros) or 0)
            so_far += micros
            rows.append(Row(shot, making, start, seconds, micros, so_far))
            start += seconds
        return rows

    @property
    def seconds(self) -> float:
        return self.rows[-1].end if self.rows else 0.0

    @property
    def spent_micros(self) -> int:
        """What the takes cost or are going to cost, simulated ones left out."""
        return sum(_cost(take) for shot in self.shots for take in shot.takes if not take.simulated)

    @property
    def taken_micros(self) -> int:
        """The same with simulated ones, at what they would cost."""
        return sum(_cost(take) for shot in self.shots for take in shot.takes)

    @property
    def simulated(self) -> bool:
        """Whether every take is, so that the sum is nobody's money."""
        takes = [take for shot in self.shots for take in shot.takes]
        return bool(takes) and all(take.simulated for take in takes)

    @property
    def ready(self) -> int:
        return sum(shot.take is not None for shot in self.shots)

    @property
    def not_ready(self) -> list[Shot]:
        return [shot for shot in self.shots if shot.take is None]

    @property
    def still(self) -> bool:
        """Whether anything on it is at work."""
        return any(take.active for shot in self.shots for take in shot.takes)

    @property
    def version(self) -> str:
        """Another one whenever something on the board has changed."""
        seen = [
            (shot.pk, shot.chosen_id, shot.settings, [(take.pk, take.version) for take in shot.takes])
            for shot in self.shots
        ]
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]

    def context(self) -> dict[str, Any]:
        return {"project": self.project, "board": self, "still": self.still}


def _cost(take: Clip) -> int:
    """As far as that is known: the price stands for it while it is at work or not confirmed."""
    if take.cost_micros is not None:
        return take.cost_micros
    return 0 if take.deletable else take.price_micros


def _seconds(take: Clip | None) -> float:
    return float(take.seconds or take.duration_seconds) if take else 0.0
