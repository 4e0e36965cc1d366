"""List the models, and compare the list with what Google offers today. Costs nothing."""

import datetime as dt
import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from projects import figures
from projects.models.lineup import Lineup
from projects.veo.catalog import BACK_ENDS, GEMINI_OMNI, VERTEX_VEO, Model
from projects.veo.client import open_back_end
from projects.veo.errors import VeoError
from projects.veo.setup import Access

STALE = dt.timedelta(days=60)
"""Facts that nobody has looked at for so long are told apart."""


class Command(BaseCommand):
    help = "Lists the models: state today, price a second, retirement and successor. Costs nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="ask each Google that is set up for its models; exit code 1 when that differs from our list",
        )

    def handle(self, *, check: bool, **options: Any) -> None:
        lineup = _lineup()
        for access in lineup.setup.all_access():
            self.stdout.write(f"{BACK_ENDS[access.back_end]}: {_set_up(access)}")
            for model in lineup.catalog.of(access.back_end):
                self.stdout.write(f"  {model.id:<30} {_state(model, lineup)}")
        for sentence in _stale(lineup):
            self.stdout.write(sentence)
        if check and not self._agrees(lineup):
            sys.exit(1)

    def _agrees(self, lineup: Lineup) -> bool:
        """Whether all that answer list what we list, and all answer; what differs goes to standard error."""
        found = [
            f"{BACK_ENDS[access.back_end]}: {sentence}"
            for access in lineup.setup.all_access()
            if access.configured
            for sentence in _differences(access, lineup)
        ]
        for sentence in found:
            self.stderr.write(sentence)
        if not found:
            self.stdout.write("Our list and Google's agree.")
        return not found


def _lineup() -> Lineup:
    try:
        return Lineup.now()
    except DatabaseError as error:
        raise CommandError("The database is not ready. Run manage.py migrate first.") from error


def _set_up(access: Access) -> str:
    return f"set up by {access.source}" if access.configured else f"needs {access.missing}"


def _state(model: Model, lineup: Lineup) -> str:
    prices = ", ".join(f"{size} {figures.usd(micros)}" for size, micros in model.prices.items())
    words = ["can be chosen" if lineup.can_be_chosen(model) else "cannot be chosen", f"{prices} a second"]
    if model.retires_on:
        later = " or later" if model.retires_at_earliest else ""
        words.append(f"retires on {model.retires_on}{later}")
    if model.replaced_by:
        words.append(f"replaced by {model.replaced_by}")
    return "; ".join([*words, lineup.why_not(model)]).rstrip("; ")


def _stale(lineup: Lineup) -> Iterator[str]:
    """The rows whose facts are old, by day; a retired model has no more news."""
    days = {model.verified_on for model in lineup.catalog.models if not model.retired(lineup.today)}
    for day in sorted(days):
        if lineup.today - day > STALE:
            ids = ", ".join(each.id for each in lineup.catalog.models if each.verified_on == day)
            yield f"Not verified for {(lineup.today - day).days} days, since {day}: {ids}."


def _differences(access: Access, lineup: Lineup) -> Iterator[str]:
    try:
        offered = _offered(access, lineup)
    except (VeoError, ValueError) as error:
        yield f"not compared. {error}"
        return
    ours = lineup.catalog.of(access.back_end)
    if access.back_end == VERTEX_VEO and not any(model.id in offered for model in ours):
        yield "none of our models is listed. Whether Vertex AI lists them at all is not verified."
        return
    for name in sorted(offered - lineup.catalog.by_id.keys()):
        if _looks_like_ours(name, access.back_end):
            yield f"{name} is listed, and we do not know it."
    for model in ours:
        if model.id not in offered and not lineup.gone(model) and not model.retired(lineup.today):
            yield f"{model.id} is not listed."
        if model.id in offered and lineup.gone(model):
            yield f"{model.id} is listed, and we take it for retired."


def _offered(access: Access, lineup: Lineup) -> set[str]:
    back_end = open_back_end(access.back_end, lineup.setup)
    try:
        return set(back_end.models())
    finally:
        back_end.close()


def _looks_like_ours(name: str, back_end: str) -> bool:
    """Google lists models of all kinds; only the name says which of them make videos (a guess)."""
    return bool(re.search(r"\bomni\b" if back_end == GEMINI_OMNI else r"^veo-", name))
