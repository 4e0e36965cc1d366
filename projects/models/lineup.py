"""The models that this studio can use today: catalog and set-up, and what staff and Google changed."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format

from projects.models.google import google_setup
from projects.veo.catalog import CATALOG, EDIT, Catalog, Model
from projects.veo.setup import Setup

DEAREST = 100.0
"""US dollars a second; a higher price is a slip of the hand."""


class ModelOverrideQuerySet(models.QuerySet["ModelOverride"]):
    def mark_retired(self, model_id: str, told_by: str, sentence: str) -> None:
        """Google answered that the model is gone. `told_by` is the base URL that said so."""
        told = {"retired_at": Now(), "told_by": told_by, "told": sentence[:500]}
        self.update_or_create(model=model_id, defaults=told)


class ModelOverride(models.Model):
    """What differs from the catalog here: staff's prices and switches, retirements that Google told us."""

    model = models.CharField(max_length=80, primary_key=True)
    switched_off = models.BooleanField(default=False, help_text="Nobody can choose this model here.")
    note = models.CharField(
        max_length=200, blank=True, help_text="Shown beside a model that is switched off."
    )
    prices = models.JSONField(
        default=dict,
        blank=True,
        help_text='US dollars per second of video by resolution, such as {"720p": 0.05}. '
        "What is missing keeps Google’s list price.",
    )
    retired_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When Google told us that the model is gone. Empty it if that was a mistake.",
    )
    told_by = models.CharField(max_length=200, blank=True, editable=False)
    told = models.CharField(max_length=500, blank=True, editable=False)

    objects = ModelOverrideQuerySet.as_manager()

    def __str__(self) -> str:
        return self.model

    def clean(self) -> None:
        known = CATALOG.get(self.model)
        if known is None:
            raise ValidationError({"model": "The catalog has no such model."})
        if wrong := _wrong_price(self.prices, known):
            raise ValidationError({"prices": wrong})

    def applied_to(self, model: Model) -> Model:
        """The model at our prices. Prices that staff could not have saved are left alone."""
        if not self.prices or _wrong_price(self.prices, model):
            return model
        ours = {name: round(dollars * 1_000_000) for name, dollars in self.prices.items()}
        return replace(model, prices={**model.prices, **ours}, silent_prices={**model.silent_prices, **ours})


def _wrong_price(prices: Any, model: Model) -> str:
    if not isinstance(prices, dict):
        return 'Write the prices as {"720p": 0.05}.'
    for name, dollars in prices.items():
        if name not in model.resolutions:
            return f"{model.label} does not make {name}."
        if isinstance(dollars, bool) or not isinstance(dollars, int | float) or not 0 <= dollars <= DEAREST:
            return f"The price of {name} must be a number of dollars from 0 to {DEAREST:g}."
    return ""


@dataclass(frozen=True)
class Lineup:
    """One look at the models: `now()` asks the database once, everything else is arithmetic."""

    catalog: Catalog
    overrides: Mapping[str, ModelOverride]
    setup: Setup
    today: dt.date

    @classmethod
    def now(cls) -> Self:
        overrides = {override.model: override for override in ModelOverride.objects.all()}
        ours = tuple(
            overrides[model.id].applied_to(model) if model.id in overrides else model
            for model in CATALOG.models
        )
        return cls(Catalog(ours), overrides, google_setup(), timezone.localdate())

    @cached_property
    def usable(self) -> tuple[Model, ...]:
        """What can be chosen, in the order of the catalog."""
        return tuple(model for model in self.catalog.models if self.can_be_chosen(model))

    def get(self, model_id: str) -> Model | None:
        return self.catalog.get(model_id)

    def can_be_chosen(self, model: Model) -> bool:
        return not self.gone(model) and not self._off(model) and self.setup.access(model.back_end).configured

    def why_not(self, model: Model) -> str:
        """Why the model cannot be chosen, as a sentence; "" when it can."""
        if self.gone(model):
            return self.retirement(model)
        if self._off(model):
            return f"Switched off here. {self.overrides[model.id].note}".strip()
        access = self.setup.access(model.back_end)
        return "" if access.configured else f"Needs {access.missing}."

    def _off(self, model: Model) -> bool:
        return model.id in self.overrides and self.overrides[model.id].switched_off

    def gone(self, model: Model) -> bool:
        """Retired where we would send it: by its date at Google's own address, or on that address's word."""
        access = self.setup.access(model.back_end)
        if access.own and model.retired(self.today):
            return True
        override = self.overrides.get(model.id)
        return (
            override is not None and override.retired_at is not None and override.told_by == access.base_url
        )

    def retirement(self, model: Model) -> str:
        """ "Retired by Google on 22 October 2026; use …", or a warning, or "" while no end is near.

        At an address that is not Google's own a retired model can be chosen, and this is a remark.
        """
        successor = self.successor(model)
        use = f"; use {successor.label}" if successor else ""
        override = self.overrides.get(model.id)
        if model.retires_on is not None and model.retired(self.today):
            return f"Retired by Google on {date_format(model.retires_on, 'j F Y')}{use}."
        if override is not None and override.retired_at is not None and self.gone(model):
            told_on = date_format(timezone.localtime(override.retired_at), "j F Y")
            return f"Google said on {told_on} that it is gone{use}."
        if model.retires_on is not None and model.retires_soon(self.today):
            later = " or later" if model.retires_at_earliest else ""
            return f"Google switches it off on {date_format(model.retires_on, 'j F Y')}{later}{use}."
        return ""

    def successor(self, model: Model) -> Model | None:
        """What to use instead: what Google names, else the cheapest usable one, of its back end first."""
        named = self.catalog.successor(model, self.today)
        if named is not None and self.can_be_chosen(named):
            return named
        others = [other for other in self.usable if other.id != model.id]
        same = [other for other in others if other.back_end == model.back_end]
        return self._cheapest(same or others) or named

    def default(self) -> Model:
        """The cheapest that works with the credential at hand; of all models when none does."""
        alive = [model for model in self.usable if not model.retired(self.today)]
        found = self._cheapest(alive or list(self.usable) or list(self.catalog.models))
        assert found is not None  # noqa: S101 - the catalog is not empty
        return found

    def price(
        self,
        model_id: str,
        resolution: str,
        seconds: int,
        *,
        audio: bool = True,
        task: str = "",
        source_seconds: float = 0,
    ) -> int | None:
        """Today's list price in micro-dollars; None when that cannot be ordered (any more)."""
        model = self.get(model_id)
        if model is None or not self.can_be_chosen(model) or resolution not in model.sizes(task):
            return None
        if task != EDIT and seconds not in model.lengths(task):
            return None
        return model.price(resolution, seconds, audio=audio, source_seconds=source_seconds)

    @staticmethod
    def _cheapest(found: list[Model]) -> Model | None:
        """By the price of the shortest clip in the size that people expect."""

        def price(model: Model) -> int:
            size = "720p" if "720p" in model.prices else model.resolutions[0]
            return model.price(size, model.durations[0])

        return min(found, key=price, default=None)
