"""Every page, in both themes and two widths: accessible, nothing cut off, nothing of other people, no key."""

import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import KEY, Studio, card, generate

AXE_SOURCE = AXE_FILE_PATH.read_text()
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}

ONE_OF_EACH = {
    "ready": "A ready one",
    "filtered": "Held back [sim:filtered]",
    "failed": "Refused [sim:refused]",
    "unconfirmed": "Lost [sim:lost]",
    "downloading": "Slowly arriving [sim:drip=5]",
    "queued": "Too many [sim:quota=600]",
}
"""The quota comes last: it holds back every clip of its model."""


@pytest.fixture(scope="module")
def gallery(studio: Studio, browser: Browser, sessions: dict[str, Any]) -> Iterator[dict[str, str]]:
    """A project of alice's with a clip in every state; addresses of its pages by name."""
    studio.simulator.script("list", "status", status=404, times=None)
    context = browser.new_context(
        storage_state=sessions["alice"], base_url=studio.url, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/projects/new/")
    page.get_by_label("Name").fill("Everything at once")
    page.get_by_role("button", name="Create the project").click()
    project = page.url.removeprefix(studio.url)
    for status, prompt in ONE_OF_EACH.items():
        generate(page, prompt)
        expect(page.get_by_role("heading", name=prompt)).to_be_visible()
        if status == "downloading":
            expect(card(page, "queued")).to_have_count(0, timeout=40_000)
    for status in ONE_OF_EACH:
        expect(card(page, status)).to_have_count(1, timeout=40_000)
    clips = {
        status: card(page, status).get_by_role("heading").get_by_role("link").get_attribute("href")
        for status in ONE_OF_EACH
    }
    context.close()
    ready = str(clips["ready"]).split("/")[-2]
    yield {
        "projects": "/",
        "new project": "/projects/new/",
        "project": project,
        "ready only": f"{project}?show=ready",
        "rename": f"{project}rename/",
        "delete project": f"{project}delete/",
        "password": "/accounts/password_change/",
        "google": "/google/",
        "delete clip": f"{clips['ready']}delete/",
        "cancel clip": f"{clips['downloading']}cancel/",
        "missing": "/clips/00000000-0000-0000-0000-000000000000/",
        "extension": f"{project}?extend={ready}",
        "edit": f"{project}?edit={ready}",
        "a model with everything": f"{project}?from={ready}&model=veo-3.1-generate-preview",
        **{f"{status} clip": address for status, address in clips.items() if address},
    }
    studio.write("UPDATE projects_gate SET not_before = '2000-01-01 00:00:00'")
    studio.simulator.clear()


def check(page: Page, name: str) -> None:
    """The page as it is loaded, at both widths."""
    page.evaluate(AXE_SOURCE)
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        violations = page.evaluate("options => axe.run(options).then(found => found.violations)", AXE)
        told = [f"{one['id']}: {[node['failureSummary'] for node in one['nodes']][:3]}" for one in violations]
        assert told == [], f"{name}, {width} px"
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} scrolls sideways by {wide} px at {width} px"


@pytest.mark.parametrize("theme", ["dark", "light"])
class TestInBothThemes:
    @pytest.fixture
    def context_options(self, theme: str) -> dict[str, Any]:
        return {"color_scheme": theme}

    def test_every_page_is_accessible_and_fits(self, alice: BrowserContext, gallery: dict[str, str]) -> None:
        page = alice.new_page()
        for name, address in gallery.items():
            page.goto(address)
            for fold in page.locator("main details").all():
                fold.evaluate("fold => fold.open = true")
            check(page, name)

    def test_the_log_in_page_is_accessible_and_fits(
        self, studio: Studio, browser: Browser, context_options: dict[str, Any]
    ) -> None:
        context = browser.new_context(base_url=studio.url, **context_options)
        page = context.new_page()
        page.goto("/accounts/login/")
        check(page, "log-in")
        page.get_by_label("Username").fill("alice")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        check(page, "log-in, refused")
        context.close()


def test_a_stranger_gets_404_on_every_address(
    studio: Studio, browser: Browser, sessions: dict[str, Any], gallery: dict[str, str]
) -> None:
    project, clip = gallery["project"], gallery["ready clip"]
    addresses = [project, f"{project}rename/", f"{project}delete/"]
    addresses += [
        f"{clip}{rest}" for rest in ("", "live/", "video.mp4", "poster.jpg", "download/", "delete/")
    ]
    context = browser.new_context(storage_state=sessions["mallory"], base_url=studio.url)
    page = context.new_page()
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 404, address
    page.goto("/")
    expect(page.get_by_text("Everything at once")).to_have_count(0)
    context.close()
    nobody = browser.new_context(base_url=studio.url)
    page = nobody.new_page()
    for address in addresses:
        page.goto(address)
        assert "/accounts/login/" in page.url, address
    nobody.close()


def test_the_admin_shows_states_and_lets_nobody_set_them(
    studio: Studio, alice: BrowserContext, gallery: dict[str, str]
) -> None:
    studio.write("UPDATE auth_user SET is_superuser = 1 WHERE username = 'alice'")
    page = alice.new_page()
    page.goto("/admin/projects/operation/")
    expect(page.get_by_text("submitting").or_(page.get_by_text("succeeded")).first).to_be_visible()
    page.locator("#result_list tbody tr a").first.click()
    assert page.locator("main input:not([type=hidden]), main select, main textarea").count() == 0


def test_the_key_is_nowhere(studio: Studio, alice: BrowserContext, gallery: dict[str, str]) -> None:
    assert any(request.headers.get("x-goog-api-key") == KEY for request in studio.simulator.requests)
    assert not any(KEY in request.query for request in studio.simulator.requests)
    page = alice.new_page()
    for address in gallery.values():
        page.goto(address)
        assert KEY not in page.content()
    assert KEY not in studio.log.read_text()
    connection = sqlite3.connect(studio.folder / "db.sqlite3")
    try:
        assert KEY not in "\n".join(connection.iterdump())
    finally:
        connection.close()
    for path in studio.folder.rglob("*"):
        if path.is_file() and "google" not in path.parts:
            assert KEY.encode() not in path.read_bytes(), path


def test_five_wrong_passwords_lock_the_log_in(studio: Studio, browser: Browser) -> None:
    context = browser.new_context(base_url=studio.url)
    page = context.new_page()
    for _ in range(5):
        page.goto("/accounts/login/")
        page.get_by_label("Username").fill("nobody-here")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text(re.compile("15 minutes"))).to_be_visible()
    context.close()
