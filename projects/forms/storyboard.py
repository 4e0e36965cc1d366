"""Input about the storyboard: where a shot goes, and what making it takes today."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from projects.forms.clips import ClipForm
from projects.models import Lineup, Shot

WHERE = "Say where the shot goes: up, down, first, last, or a number."
_PLACE = re.compile(r"[0-9]{1,4}", re.ASCII)


class MoveForm(forms.Form):
    """`to` is a place counted from 1, or a word."""

    to = forms.CharField(max_length=8, error_messages=dict.fromkeys(("required", "max_length"), WHERE))

    def clean_to(self) -> str:
        to: str = self.cleaned_data["to"]
        if to not in ("up", "down", "first", "last") and not _PLACE.fullmatch(to):
            raise ValidationError(WHERE)
        return to

    def move(self, shot: Shot) -> None:
        """Only when valid. Beyond an end is at that end."""
        to = self.cleaned_data["to"]
        if to in ("up", "down"):
            shot.move_by(-1 if to == "up" else 1)
        else:
            shot.move_to({"first": 0, "last": 9999}.get(to, int(to) - 1 if to.isdigit() else 0))


@dataclass(frozen=True)
class Making:
    """What making one shot takes today: a price, or the reasons why it cannot be made."""

    shot: Shot
    form: ClipForm

    @classmethod
    def of(cls, shot: Shot, lineup: Lineup) -> "Making":
        """One take, whatever the composer was set to."""
        data = shot.settings | {"takes": "1", "token": str(uuid.uuid4())}
        return cls(shot, ClipForm(data, project=shot.project, lineup=lineup))

    @cached_property
    def reasons(self) -> list[str]:
        """The clip form's own sentences; none when the shot can be made."""
        return list(dict.fromkeys(error for errors in self.form.errors.values() for error in errors))

    @cached_property
    def price_micros(self) -> int | None:
        """List price of one take; None when it cannot be made."""
        return None if self.reasons else self.form.settled[0].total_micros

    @property
    def possible(self) -> bool:
        return self.price_micros is not None

    @cached_property
    def seconds(self) -> int:
        """How long the clip is to be; the nearest possible length when that cannot be made."""
        return self.form.settled[0].duration_seconds

    def recipe(self) -> dict[str, Any]:
        """For `ClipQuerySet.ask_for`: the clip becomes a take of the shot. Only when it can be made."""
        return self.form.recipe() | {"shot": self.shot}


def makings(shots: Iterable[Shot], lineup: Lineup) -> list[Making]:
    """Of those shots that are missing."""
    return [Making.of(shot, lineup) for shot in shots if shot.missing]
