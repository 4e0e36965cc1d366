"""A whole studio in processes of its own, Google played by the simulator, and a real Chromium in front."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from projects.simulator.app import Simulator
from tests import media
from tests.processes import Installation

KEY = "AIza" + "SyNeverToBeSeenAnywhere-0123456789ab"
"""Looks like a real key, so that everything that hides keys, and everything that leaks them, sees one."""

TOKEN = "ya29." + "never-to-be-seen-anywhere"

CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The same engine; the first one comes without a desktop browser's own pages and is half again as fast."""

expect.set_options(timeout=15_000)
"""On a busy machine a slow page is no failure."""

PEOPLE = """
from django.contrib.auth.models import User
from projects.models import Project
for name in ("alice", "mallory"):
    user = User.objects.create_user(name, password="a long enough password", is_staff=name == "alice")
    Project.objects.create(owner=user, name=f"The film of {name}")
"""


class Studio(Installation):
    """Web server and poller as people run them, with those credentials in the environment."""

    def __init__(self, folder: Path, simulator: Simulator, credentials: dict[str, str]) -> None:
        self.simulator = simulator
        settings = {
            **credentials,
            "GOOGLE_GEMINI_BASE_URL": simulator.url,
            "GOOGLE_VERTEX_BASE_URL": simulator.url,
            "VEOWEB_POLL_SECONDS": "0.5",
            "VEOWEB_UI_POLL_MS": "300",
            "VEOWEB_LEASE_SECONDS": "5",
            "VEOWEB_LOG_LEVEL": "DEBUG",
        }
        super().__init__(folder, settings)
        self.manage("shell", "--no-imports", "-c", PEOPLE)
        self.start()

    def rows(self, sql: str) -> list[Any]:
        connection = sqlite3.connect(self.folder / "db.sqlite3", timeout=20)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def write(self, sql: str) -> None:
        connection = sqlite3.connect(self.folder / "db.sqlite3", timeout=20)
        try:
            with connection:
                connection.execute(sql)
        finally:
            connection.close()


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    with Simulator(folder / "google", latency=1.0) as simulator:
        studio = Studio(folder, simulator, {"GEMINI_API_KEY": KEY})
        try:
            yield studio
        finally:
            studio.stop()


@pytest.fixture(scope="session")
def cloud_studio(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A second one, for people with a Google Cloud project and no API key, in front of the same simulator."""
    credentials = {"GOOGLE_CLOUD_PROJECT": "night-market-1", "GEMINI_OAUTH_TOKEN": TOKEN}
    cloud = Studio(tmp_path_factory.mktemp("cloud-studio"), studio.simulator, credentials)
    yield cloud
    cloud.stop()


@pytest.fixture(autouse=True)
def no_leftover_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "studio" in request.fixturenames:
        request.getfixturevalue("studio").simulator.clear()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    assert chromium, "The browser tests need Chromium; scripts/debian-packages installs it."
    quiet = (
        "--disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required"
    )
    return {**browser_type_launch_args, "executable_path": chromium, "args": quiet.split()}


@pytest.fixture(scope="session")
def sessions(studio: Studio, browser: Browser) -> dict[str, Any]:
    """The cookies of people who have logged in, each through the log-in page."""
    found = {}
    for name in ("alice", "mallory"):
        context = browser.new_context()
        log_in(context.new_page(), studio, name)
        found[name] = context.storage_state()
        context.close()
    return found


def log_in(page: Page, studio: Studio, name: str) -> None:
    page.goto(f"{studio.url}/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Projects")


class Complaints:
    """What the browser complained about: errors of scripts, and everything the security policy blocked."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def hear(self, message: ConsoleMessage) -> None:
        network = message.text.startswith(("Failed to load resource", "htmx:"))
        if message.type == "error" and not network:
            self.lines.append(message.text)


@pytest.fixture
def context_options() -> dict[str, Any]:
    return {}


@pytest.fixture
def alice(
    studio: Studio, browser: Browser, sessions: dict[str, Any], context_options: dict[str, Any]
) -> Iterator[BrowserContext]:
    # Nothing here looks at the animations, and drawing them without a graphics card fills both cores.
    options = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **context_options}
    context = browser.new_context(storage_state=sessions["alice"], base_url=studio.url, **options)
    context.set_default_timeout(15_000)
    complaints = Complaints()
    context.on("console", complaints.hear)
    context.on("weberror", lambda error: complaints.lines.append(str(error.error)))
    yield context
    context.close()
    assert complaints.lines == []


@pytest.fixture
def screen(alice: BrowserContext, studio: Studio) -> Page:
    """A new, empty project of alice's."""
    return new_project(alice.new_page())


@pytest.fixture(scope="session")
def seed_picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "seed.jpg"
    path.write_bytes(media.make_jpeg_with_gps())
    return path


def new_project(page: Page) -> Page:
    page.goto("/projects/new/")
    page.get_by_label("Name").fill("Night market")
    page.get_by_role("button", name="Create the project").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Night market")
    return page


def choose_model(page: Page, label: str) -> None:
    page.locator("#models-summary").click()
    page.get_by_role("radio", name=label, exact=True).click()
    expect(page.locator("#models-summary")).to_contain_text(label)


def choose(page: Page, group: str, value: str) -> None:
    page.get_by_role("group", name=group).get_by_text(value, exact=True).click()


def generate(page: Page, prompt: str) -> None:
    page.get_by_label("Prompt", exact=True).fill(prompt)
    page.locator("#generate").click()


def card(page: Page, status: str) -> Any:
    return page.locator(f'[data-clip][data-status="{status}"]')
