"""A studio whose Google is the simulator: real HTTP, real files, no waiting."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.db.models.functions import Now

from projects.models import Clip, Gate, Operation, Project
from projects.poller.loop import Poller
from projects.simulator.app import Simulator
from tests.factories import RECIPE


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips that any simulator of this run has drawn already."""
    return tmp_path_factory.mktemp("rendered")


@pytest.fixture
def simulator(tmp_path: Path, rendered: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path / "google", clips_dir=rendered) as simulator:
        yield simulator


@pytest.fixture
def poller(simulator: Simulator, settings: Any, tmp_path: Path) -> Iterator[Poller]:
    settings.GOOGLE_GEMINI_BASE_URL = simulator.url
    settings.MEDIA_ROOT = tmp_path / "media"
    poller = Poller()
    yield poller
    poller.google.close()


@pytest.fixture
def ask(project: Project, alice: User) -> Callable[..., Clip]:
    def ask(**changes: Any) -> Clip:
        return Clip.objects.ask_for(project, alice, uuid.uuid4(), 1, {**RECIPE, **changes})[0]

    return ask


@pytest.fixture
def finish(poller: Poller) -> Callable[[Clip], Clip]:
    """Turns the poller, skipping all waits, until nothing can move; returns the clip as it is then."""

    def finish(clip: Clip, *, steps: int = 60) -> Clip:
        for _ in range(steps):
            skip_waits()
            if not poller.step():
                break
        return Clip.objects.get(pk=clip.pk)

    return finish


def skip_waits() -> None:
    """Brings every waiting step forward, as if its time had come; work in hand keeps its lease."""
    Operation.objects.filter(next_at__isnull=False, owner="").update(next_at=Now())
    Gate.objects.update(not_before=Now())


def age(clip: Clip, **by: Any) -> None:
    """Moves everything that happened to a clip into the past by a timedelta."""
    times = ("accepted_at", "expires_at", "trouble_since", "done_at")
    Operation.objects.filter(clip=clip).update(**{name: F(name) - by["by"] for name in times})


def media_files(folder: Path) -> list[str]:
    """What lies in a media folder, leftovers included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
