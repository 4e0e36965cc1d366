"""Questions to the operation table, which is the poller's queue: what is due, and how long things take."""

import uuid
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Window
from django.db.models.functions import Now, RowNumber

from projects.models.states import State

if TYPE_CHECKING:
    from projects.models.operations import Operation

PAST = 50
"""How many of our own past clips of a kind an estimate is made from."""

Kind = tuple[str, str, int, bool]
"""Model, resolution, seconds of video and whether it is simulated: what takes about equally long."""


class OperationQuerySet(models.QuerySet["Operation"]):
    def due(self) -> Self:
        """Rows whose time has come and whose mode (demo or paid) is the one we run in."""
        worked_on = (*State.ACTIVE, State.UNCONFIRMED)
        return self.filter(next_at__lte=Now(), state__in=worked_on, clip__simulated=settings.DEMO)

    def wake(self, operation: "Operation") -> None:
        """New evidence of an unconfirmed operation came in late: have it looked at now."""
        self.filter(pk=operation.pk, state=State.UNCONFIRMED).update(next_at=Now())

    def usual_seconds(self, kinds: Collection[Kind]) -> dict[Kind, tuple[float, float]]:
        """Median and 90th percentile of how long Google took for our last 50 clips of each kind."""
        if not kinds:
            return {}
        fields = ("clip__model", "clip__resolution", "part__seconds", "clip__simulated")
        latest = Window(RowNumber(), partition_by=[F(name) for name in fields], order_by=F("done_at").desc())
        spans: dict[Kind, list[float]] = defaultdict(list)
        rows = (
            self.filter(
                state=State.SUCCEEDED, done_at__isnull=False, clip__model__in={model for model, *_ in kinds}
            )
            .annotate(nth=latest)
            .filter(nth__lte=PAST)
            .values_list(*fields, "accepted_at", "done_at")
        )
        for *kind, accepted, done in rows:
            spans[tuple(kind)].append((done - accepted).total_seconds())
        return {kind: _middle_and_long(sorted(took)) for kind, took in spans.items()}

    def places_in_line(self) -> dict[uuid.UUID, int]:
        """Clip id to its place among the queued clips of its model, counted from 1; one query."""
        places: dict[uuid.UUID, int] = {}
        ahead: dict[str, int] = defaultdict(int)
        line = self.filter(state=State.QUEUED, clip__simulated=settings.DEMO).order_by("created_at")
        for clip_id, model in line.values_list("clip_id", "clip__model"):
            ahead[model] += 1
            places[clip_id] = ahead[model]
        return places


def _middle_and_long(took: list[float]) -> tuple[float, float]:
    return took[len(took) // 2], took[len(took) * 9 // 10]
