"""The back ends as `.env` sets them up, and buying of them."""

import datetime as dt
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings

from projects.models.google import google_setup
from projects.veo.client import BackEnd, open_back_end
from projects.veo.setup import Setup
from projects.veo.types import Outcome, Output, Progress, Recipe
from tests.google.__main__ import CONSENT
from tests.google.plan import Plan, plans
from tests.google.record import Record

if os.environ.get(CONSENT) != "yes":
    pytest.exit("These tests buy clips of Google. `make test-google` says for how much, and asks.", 2)

SETUP = google_setup()
"""Read now, before the fixtures of the other tests put the simulator in."""
VAR = Path(settings.VAR_DIR)
DEADLINE = 20 * 60.0
"""Seconds; Google's pages say six minutes at peak."""


@dataclass
class Bought:
    """One paid generation: what was asked for and what came of it."""

    recipe: Recipe
    outcome: Outcome
    ref: str
    ref_after: float
    """Seconds until its name was known, and until it was done."""
    done_after: float = 0.0
    progress: Progress | None = None
    file: Path | None = None
    outputs: tuple[Output, ...] = field(default_factory=tuple)


@pytest.fixture(scope="session")
def setup() -> Setup:
    return SETUP


@pytest.fixture(scope="session")
def record() -> Record:
    return Record(VAR, SETUP, dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))


@pytest.fixture(scope="session", params=plans(SETUP, dt.datetime.now(dt.UTC).date()), ids=str)
def plan(request: pytest.FixtureRequest) -> Plan:
    chosen: Plan = request.param
    return chosen


@pytest.fixture(scope="session")
def google(plan: Plan, setup: Setup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackEnd]:
    back_end = open_back_end(plan.access.back_end, setup, spool=tmp_path_factory.mktemp("spool"))
    yield back_end
    back_end.close()


def buy(google: BackEnd, recipe: Recipe) -> Bought:
    """Sends it once, whatever comes, and waits for the end. Polls are repeated; the POST is not."""
    began = time.monotonic()
    names: list[tuple[str, float]] = []

    def on_ref(ref: str) -> bool:
        names.append((ref, time.monotonic() - began))
        return True

    outcome = google.submit(recipe, on_ref)
    names.append((outcome.ref, time.monotonic() - began))
    bought = Bought(recipe, outcome, *names[0])
    bought.progress = outcome.progress or (wait_for(google, outcome.ref) if outcome.ref else None)
    bought.done_after = time.monotonic() - began
    bought.outputs = bought.progress.outputs if bought.progress else ()
    return bought


def wait_for(google: BackEnd, ref: str) -> Progress:
    """The last answer, which is a running one when the time is over."""
    pause = 0.2 if "127.0.0.1" in SETUP.gemini_base_url else 10.0
    until = time.monotonic() + DEADLINE
    progress = google.poll(ref)
    while progress.phase.value == "running" and time.monotonic() < until:
        time.sleep(pause)
        progress = google.poll(ref)
    return progress
