"""Claims, leases and fences: how any number of pollers share the work.

A claim is one short transaction: it picks one due row that nobody else is picking (SKIP LOCKED on PostgreSQL,
the IMMEDIATE write lock on SQLite), sets its lease in `next_at`, raises its fence and signs it. The work is
done with no transaction open, and every later write names the fence.

Two rules that experience taught. A renewal also asks for our signature, because the fence does not move when
a row is released, and a late renewal would otherwise revive a finished row. A claim leaves out the rows this
process holds, because a machine that slept past its leases would else claim its own open request.
"""

import datetime as dt
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef
from django.db.models.functions import Now

from projects.models import Gate, Operation, State
from projects.models.leased import Leased
from projects.models.queue import OperationQuerySet
from projects.veo.catalog import GEMINI_OMNI

logger = logging.getLogger(__name__)

Row = TypeVar("Row", bound=Leased)

HELD = (GEMINI_OMNI,)
"""Back ends whose paid request stays open until the video is made."""


@dataclass
class Hold:
    """One row in hand. `until` is monotonic: past it the renewer lets go, so no hung thread keeps it."""

    until: float
    lost: threading.Event = field(default_factory=threading.Event)
    """Set when the row is no longer ours."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the poller is asked to stop: what can be resumed later should be put down."""


def sendable(*, held: bool | None = None) -> OperationQuerySet:
    """Queued rows that Google's rate limit and our own limit of clips in flight let through.

    `held` asks for those whose request stays open until the video is made, or for the others.
    """
    closed = Gate.objects.closed().filter(back_end=OuterRef("back_end"), model=OuterRef("clip__model"))
    full = (
        Operation.objects.filter(state__in=State.AT_GOOGLE)
        .values("back_end", "clip__model")
        .annotate(flying=Count("pk"))
        .filter(flying__gte=settings.MAX_IN_FLIGHT)
    )
    queued = Operation.objects.due().filter(~Exists(closed), state=State.QUEUED)
    for row in full:
        queued = queued.exclude(back_end=row["back_end"], clip__model=row["clip__model"])
    if held is None:
        return queued
    return queued.filter(back_end__in=HELD) if held else queued.exclude(back_end__in=HELD)


class Holds:
    """The rows in hand of one poller process."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._held: dict[tuple[type[Leased], UUID, int], Hold] = {}
        self._lock = threading.Lock()

    @property
    def lease(self) -> dt.timedelta:
        return dt.timedelta(seconds=settings.LEASE_SECONDS)

    def due_states(self) -> set[str]:
        """The states in which an operation is due, found without taking a lock."""
        due = Operation.objects.due().exclude(pk__in=self._ours())
        states = set(due.order_by().values_list("state", flat=True).distinct())
        if State.QUEUED in states and not sendable().exists():
            states.discard(State.QUEUED)
        return states

    def claim(
        self, rows: models.QuerySet[Row], *, limit: float, order: Sequence[str]
    ) -> tuple[Row, Hold] | None:
        """Takes the first of these rows for at most `limit` seconds; None when there is none."""
        table = rows.model._default_manager
        with transaction.atomic():
            pk = (
                rows.exclude(pk__in=self._ours())
                .select_for_update(skip_locked=True, of=("self",))
                .order_by(*order)
                .values_list("pk", flat=True)
                .first()
            )
            if pk is None:
                return None
            table.filter(pk=pk).update(next_at=Now() + self.lease, fence=F("fence") + 1, owner=self.owner)
            row = table.select_related(*rows.model.WORKED_ON_WITH).get(pk=pk)
        hold = Hold(time.monotonic() + limit)
        with self._lock:
            self._held[rows.model, row.pk, row.fence] = hold
        return row, hold

    def drop(self, hold: Hold) -> None:
        with self._lock:
            self._held = {key: other for key, other in self._held.items() if other is not hold}

    def renew(self) -> None:
        """Extends the lease of everything in hand; what is no longer ours is marked lost."""
        with self._lock:
            held = list(self._held.items())
        for (table, pk, fence), hold in held:
            mine = table._default_manager.filter(pk=pk, fence=fence, owner=self.owner)
            if time.monotonic() > hold.until or not mine.update(next_at=Now() + self.lease):
                hold.lost.set()
                self.drop(hold)

    def put_down(self) -> None:
        """Asks all work that can be resumed later to stop."""
        with self._lock:
            for hold in self._held.values():
                hold.stopping.set()

    def _ours(self) -> list[UUID]:
        with self._lock:
            return [pk for _, pk, _ in self._held]
