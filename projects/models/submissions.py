"""The record of every paid POST, and the story of every operation."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from projects.models.operations import Operation
from projects.models.states import SubmissionOutcome


class Submission(models.Model):
    """The write-ahead record of one paid POST (promise P1).

    `consent` counts the times a person agreed to pay. One consent pays for one POST: the database allows a
    second row for the same consent only when the first was certainly not accepted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="submissions")
    ordinal = models.PositiveSmallIntegerField()
    consent = models.PositiveSmallIntegerField()
    consented_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    consented_at = models.DateTimeField(db_default=Now(), editable=False)
    price_micros = models.PositiveBigIntegerField()
    request = models.JSONField(default=dict, blank=True)
    """The exact body, with each picture replaced by its type, size and hash."""
    request_sha256 = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    """Committed just before the POST: it may have been sent from here on."""
    sends = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=14, choices=SubmissionOutcome, default=SubmissionOutcome.OPEN)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_excerpt = models.TextField(blank=True)
    remote_ref = models.CharField(max_length=300, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "ordinal"], name="submissions_are_counted"),
            models.UniqueConstraint(
                fields=["operation"], condition=Q(outcome="open"), name="one_open_submission_an_operation"
            ),
            models.UniqueConstraint(
                fields=["operation", "consent"],
                condition=~Q(outcome="not_accepted"),
                name="one_paid_post_a_consent",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="accepted") | ~Q(remote_ref=""), name="accepted_submission_has_its_name"
            ),
            models.CheckConstraint(
                condition=Q(outcome="open", closed_at__isnull=True)
                | (~Q(outcome="open") & Q(closed_at__isnull=False)),
                name="closed_submission_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ordinal}: {self.outcome}"

    def close(
        self, outcome: str, *, ref: str = "", http_status: int | None = None, excerpt: str = ""
    ) -> None:
        """Keeps the evidence before anything else moves. Needs no fence: only its sender writes here."""
        Submission.objects.filter(pk=self.pk).update(
            outcome=outcome,
            remote_ref=ref,
            http_status=http_status,
            response_excerpt=excerpt[:2000],
            closed_at=Now(),
        )


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **fields: Any) -> int:
        raise TypeError("Events are only ever added.")


class Event(models.Model):
    """One line of an operation's story. Only ever added."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(db_default=Now(), editable=False)
    before = models.CharField(max_length=12, blank=True)
    after = models.CharField(max_length=12)
    note = models.TextField()

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}: {self.note}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("Events are only ever added.")
        super().save(*args, **kwargs)
