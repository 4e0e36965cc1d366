"""Fixtures for everybody: alice owns things, charlie is a stranger, files go to the test's own folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from projects.models import Project
from tests.factories import make_project, make_user

NOT_SET = (
    "GEMINI_API_KEY",
    "GEMINI_OAUTH_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_CLOUD_QUOTA_PROJECT",
    "VERTEX_STORAGE",
)


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def uncollected_static_files(settings: Any) -> None:
    """Straight from the source folders, looked up when asked for: a bare clone has no others."""
    settings.STATIC_ROOT = None
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def media_root(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    return settings.MEDIA_ROOT


@pytest.fixture(autouse=True)
def simulated(settings: Any) -> None:
    """As with an empty `.env`, whatever the machine that runs the tests has in its own."""
    settings.DEMO = True
    settings.GOOGLE_GEMINI_BASE_URL = settings.GOOGLE_VERTEX_BASE_URL = "http://127.0.0.1:8090"
    settings.GOOGLE_CLOUD_LOCATION = "us-central1"
    for name in NOT_SET:
        setattr(settings, name, "")


@pytest.fixture
def against_google(settings: Any) -> None:
    settings.DEMO = False
    settings.GOOGLE_GEMINI_BASE_URL = "https://generativelanguage.googleapis.com"


@pytest.fixture
def alice(db: None) -> Any:
    return make_user("alice")


@pytest.fixture
def charlie(db: None) -> Any:
    return make_user("charlie")


@pytest.fixture
def project(alice: Any) -> Project:
    return make_project(alice)


@pytest.fixture
def as_alice(alice: Any) -> Client:
    return _logged_in(alice)


@pytest.fixture
def as_charlie(charlie: Any) -> Client:
    return _logged_in(charlie)


@pytest.fixture
def htmx(alice: Any) -> Client:
    """Alice's browser with its script: every request says that it comes from htmx."""
    return _logged_in(alice, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/"})


@pytest.fixture
def after_commit(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., Any]:
    """A block at whose end the test's database does what waits for a commit: deleting files."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def _logged_in(user: Any, **defaults: Any) -> Client:
    client = Client(**defaults)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
