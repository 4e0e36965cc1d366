"""A studio whose Google is the simulator: real HTTP, real files, no waiting."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.db.models import F
from django.db.models.functions import Now

from projects.models import Clip, Gate, Operation, Project
from projects.poller.loop import Poller
from projects.simulator.app import Simulator
from tests.factories import RECIPE

RECIPES: dict[str, dict[str, Any]] = {
    "gemini_veo": {"model": "veo-3.1-lite-generate-preview", "resolution": "720p", "duration_seconds": 4},
    "vertex_veo": {"model": "veo-3.1-lite-generate-001", "resolution": "720p", "duration_seconds": 4},
    "gemini_omni": {"model": "gemini-omni-1.2-flash", "resolution": "360p", "duration_seconds": 3},
}
"""The clip that is drawn fastest, by back end."""


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
    settings.GOOGLE_GEMINI_BASE_URL = settings.GOOGLE_VERTEX_BASE_URL = simulator.url
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


@pytest.fixture(scope="session")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.fixture
def service_account(tmp_path: Path, simulator: Simulator, private_key: str) -> Path:
    """A credentials file whose tokens the simulator gives out."""
    return _account(tmp_path, simulator, private_key, "studio@the-project.iam.gserviceaccount.com")


@pytest.fixture
def revoked_account(tmp_path: Path, simulator: Simulator, private_key: str) -> Path:
    return _account(tmp_path, simulator, private_key, "revoked@the-project.iam.gserviceaccount.com")


def _account(folder: Path, simulator: Simulator, private_key: str, email: str) -> Path:
    path = folder / "account.json"
    account = {
        "type": "service_account",
        "project_id": "the-project",
        "private_key_id": "1",
        "private_key": private_key,
        "client_email": email,
        "token_uri": f"{simulator.url}/token",
    }
    path.write_text(json.dumps(account))
    return path


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
