"""Rows that all pollers share: the rate gate and the sign of life."""

import datetime as dt
import random
from typing import Self

from django.db import models
from django.db.models import F
from django.db.models.functions import Greatest, Now

LONGEST_BACKOFF = 600.0
"""Seconds; the ceiling of our own waiting after a 429 for which Google named no time."""


class GateQuerySet(models.QuerySet["Gate"]):
    def closed(self) -> Self:
        return self.filter(not_before__gt=Now())

    def close_for(self, back_end: str, model: str, seconds: float, reason: str) -> float:
        """Holds back every submission of that model, and returns for how many seconds.

        The wait is what Google asked for, or 2, 4, 8 … seconds with full jitter when it asked for nothing.
        """
        gate, _ = self.get_or_create(back_end=back_end, model=model)
        own = min(2.0 ** min(gate.strikes + 1, 12), LONGEST_BACKOFF)
        wait = max(seconds, random.uniform(own / 2, own))  # noqa: S311
        until = Now() + dt.timedelta(seconds=wait)
        self.filter(pk=gate.pk).update(
            not_before=Greatest(F("not_before"), until), strikes=F("strikes") + 1, reason=reason[:200]
        )
        return wait

    def opened(self, back_end: str, model: str) -> None:
        """An accepted submission proves that the limit is open again."""
        self.filter(back_end=back_end, model=model, strikes__gt=0).update(strikes=0, reason="")


class Gate(models.Model):
    """Google's rate limit for one model, shared by all pollers. It stops submissions and nothing else."""

    back_end = models.CharField(max_length=20)
    model = models.CharField(max_length=80)
    not_before = models.DateTimeField(db_default=Now())
    strikes = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)

    objects = GateQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["back_end", "model"], name="one_gate_a_model")]

    def __str__(self) -> str:
        return f"{self.back_end} {self.model}"


class HeartbeatQuerySet(models.QuerySet["PollerHeartbeat"]):
    def alive(self) -> Self:
        return self.filter(seen_at__gt=Now() - dt.timedelta(seconds=60))

    def beat(self, poller: str, host: str) -> None:
        self.update_or_create(poller=poller, defaults={"host": host, "seen_at": Now()})
        self.filter(seen_at__lt=Now() - dt.timedelta(days=1)).delete()


class PollerHeartbeat(models.Model):
    """Says in the pages whether a poller is alive. Leases do not depend on it."""

    poller = models.CharField(max_length=120, primary_key=True)
    host = models.CharField(max_length=120)
    seen_at = models.DateTimeField()

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return self.poller
