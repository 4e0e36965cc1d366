"""What is bought of each back end that is set up: the cheapest clip, and the cheapest extension of it."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from projects import figures
from projects.veo.catalog import BACK_ENDS, CATALOG, EXTEND, Model
from projects.veo.setup import Access, Setup


@dataclass(frozen=True)
class Plan:
    """One clip in the smallest size and length, and `extender`, None where nothing extends it."""

    access: Access
    model: Model
    extender: Model | None

    def __str__(self) -> str:
        return self.access.back_end

    @property
    def resolution(self) -> str:
        return self.model.resolutions[0]

    @property
    def seconds(self) -> int:
        return self.model.durations[0]

    @property
    def more_seconds(self) -> int:
        return self.extender.extend_by[0] if self.extender else 0

    @property
    def price(self) -> int:
        """Of the clip, in micro-dollars."""
        return self.model.price(self.resolution, self.seconds)

    @property
    def more_price(self) -> int:
        if self.extender is None:
            return 0
        return self.extender.price(self.resolution, self.more_seconds, source_seconds=self.seconds)

    def told(self) -> str:
        """One line for a person who is asked to pay."""
        clip = f"{self.model.id}, {self.resolution}, {self.seconds} s: {figures.usd(self.price)}"
        more = ""
        if self.extender:
            more = f"; {self.more_seconds} s more by {self.extender.id}: {figures.usd(self.more_price)}"
        return f"{BACK_ENDS[self.access.back_end]} at {self.access.base_url}\n    {clip}{more}"


def plans(setup: Setup, today: dt.date) -> list[Plan]:
    """Empty in the demo, which has no credential of anybody's."""
    if setup.demo:
        return []
    found = []
    for access in setup.all_access():
        alive = [model for model in CATALOG.of(access.back_end) if not (access.own and model.retired(today))]
        if access.configured and alive:
            model = min(alive, key=lambda each: each.price(each.resolutions[0], each.durations[0]))
            found.append(Plan(access, model, _extender(model, alive)))
    return found


def total(found: Iterable[Plan]) -> int:
    """In micro-dollars. The self-test of Omni's background comes on top, a fraction of a cent."""
    return sum(plan.price + plan.more_price for plan in found)


def _extender(model: Model, alive: list[Model]) -> Model | None:
    """The model itself, else the cheapest of its back end that extends clips of this size."""
    size = model.resolutions[0]
    able = [each for each in alive if each.extend_by and size in each.sizes(EXTEND)]
    if model in able:
        return model
    return min(able, key=lambda each: each.price(size, each.extend_by[0]), default=None)
