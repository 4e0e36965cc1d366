"""Rows that pollers work on: a due time, a lease and a fence, the same for all of them.

`next_at` is both the time of the next step and, while a poller holds the row, the end of its lease; `fence`
rises with every claim and every decision of a person, and every write names the fence it believes in, so that
a holder that slept past its lease can change nothing.
"""

import datetime as dt
from typing import Any, ClassVar

from django.db import models
from django.db.models import F
from django.db.models.functions import Now


class LostLease(Exception):
    """Another claim, or a person, moved the row on. Whoever meets this drops the work in hand."""


class ForbiddenArrow(Exception):
    """The state machine has no such arrow."""


def in_seconds(seconds: float) -> Any:
    """A moment by the database's clock, which is the same for all pollers."""
    return Now() + dt.timedelta(seconds=seconds)


class Leased(models.Model):
    """Wants a `state` field beside its own."""

    WORKED_ON_WITH: ClassVar[tuple[str, ...]]
    """Rows that whoever works on one needs beside it."""

    next_at = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    owner = models.CharField(max_length=120, blank=True)

    class Meta:
        abstract = True

    @property
    def held(self) -> bool:
        return self.owner != ""

    def _release(self, next_in: float) -> dict[str, Any]:
        return {"owner": "", "next_at": in_seconds(next_in)}

    def _update(self, by_person: bool, **fields: Any) -> None:
        """Raises LostLease when the row is no longer as this holder, or this person, has seen it."""
        mine = type(self)._default_manager.filter(pk=self.pk, state=self.state, fence=self.fence)
        if by_person:
            fields["fence"] = F("fence") + 1
        if mine.update(**fields) != 1:
            name = self._meta.verbose_name
            raise LostLease(f"{name} {self.pk} has moved on from {self.state}, fence {self.fence}")
