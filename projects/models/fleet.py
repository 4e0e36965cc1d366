"""Rows that all pollers share: the rate gate, the sign of life, and what they know of each back end."""

import datetime as dt
import random
from typing import Self

from django.db import models
from django.db.models import F
from django.db.models.functions import Greatest, Now

from projects.veo.catalog import BACK_ENDS

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


class BackEndReportQuerySet(models.QuerySet["BackEndReport"]):
    def worked(self, back_end: str) -> None:
        self.update_or_create(back_end=back_end, defaults={"last_success_at": Now()})

    def failed(self, back_end: str, sentence: str) -> None:
        defaults = {"last_error_at": Now(), "last_error": sentence[:1000]}
        self.update_or_create(back_end=back_end, defaults=defaults)

    def want_check(self) -> None:
        """Asks the pollers to look at every back end now: a page itself asks Google nothing (promise P6)."""
        for back_end in BACK_ENDS:
            self.update_or_create(back_end=back_end, defaults={"check_at": Now()})

    def claim_check(self, back_end: str, again_in: dt.timedelta) -> bool:
        """Whether a check is due and this caller is the one to make it."""
        self.get_or_create(back_end=back_end)
        due = self.filter(back_end=back_end, check_at__lte=Now())
        return due.update(check_at=Now() + again_in) == 1


class BackEndReport(models.Model):
    """What the pollers last learned of one back end. Holds no credential."""

    back_end = models.CharField(max_length=20, primary_key=True)
    check_at = models.DateTimeField(db_default=Now())
    """When it is looked at next."""
    checked_at = models.DateTimeField(null=True, blank=True)
    accepted = models.BooleanField(null=True)
    """Whether Google accepted the credential at the last check."""
    sentence = models.TextField(blank=True)
    models_listed = models.JSONField(default=list, blank=True)
    """Ids of our catalog that Google lists for this credential."""
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    background_ok = models.BooleanField(null=True)
    """Gemini Omni only: whether this key can read background work; None while it was not tried."""
    background_sentence = models.TextField(blank=True)

    objects = BackEndReportQuerySet.as_manager()

    def __str__(self) -> str:
        return self.back_end
