"""The parts of a clip: what each of its generations makes, how, and at which price. Most clips have one."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from projects.models.states import State

if TYPE_CHECKING:
    from projects.models.operations import Operation

NEW, EXTEND, CONTINUE = "new", "extend", "continue"
NOT_JOINED = "not_joined"
"""The reason of an operation whose video is saved, and could not be joined to the parts before it."""


class Part(models.Model):
    """One generation's share of a clip, as a person agreed to it before anything was sent.

    It becomes an operation when its turn comes. `consents` counts how often somebody agreed to pay for it;
    the database allows one operation for each.
    """

    clip = models.ForeignKey("Clip", on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveSmallIntegerField()
    method = models.CharField(
        max_length=8,
        default=NEW,
        choices=[
            (NEW, "made anew"),
            (EXTEND, "extends what is there"),
            (CONTINUE, "starts from the last frame"),
        ],
    )
    prompt = models.TextField()
    seconds = models.PositiveSmallIntegerField()
    price_micros = models.PositiveBigIntegerField()
    scenes = models.JSONField(default=list, blank=True)
    """The clip's timed scenes that fall into it, timed from its own start; captions are made of them."""
    consents = models.PositiveSmallIntegerField(default=1)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    agreed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["clip", "position"], name="parts_are_counted"),
        ]

    def __str__(self) -> str:
        return f"part {self.number}"

    @property
    def number(self) -> int:
        return self.position + 1

    @property
    def saved(self) -> "Operation | None":
        """The newest operation whose video is here; None while there is none."""
        found = [one for one in self.operations.all() if one.state == State.SUCCEEDED]
        return found[-1] if found else None

    @property
    def made(self) -> "Operation | None":
        """The operation whose video is in the clip's; None for one that could not be joined to it, too."""
        saved = self.saved
        return None if saved is None or saved.reason == NOT_JOINED else saved

    def ask(self, note: str) -> "Operation":
        """Its turn has come: one queued operation, with the consent that was given for it.

        IntegrityError when that consent has its operation already, or another part is at work.
        """
        operation = self.operations.create(
            clip=self.clip, attempt=self.consents, back_end=self.clip.back_end, next_at=Now()
        )
        operation.consent_to(self.agreed_by, self.price_micros)
        operation.tell("", State.QUEUED, note)
        return operation

    def as_asked(self) -> dict[str, Any]:
        """What to ask for to get the same part again."""
        names = ("method", "prompt", "seconds", "price_micros", "scenes")
        return {name: getattr(self, name) for name in names}
