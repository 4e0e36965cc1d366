"""A film planned shot by shot in a real browser: put in order, made for one price, and joined."""

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import Studio, choose, new_project
from tests.e2e.test_pages import check

NAMES = ("Dawn", "Noon", "Night")


def plan(page: Page, *names: str) -> None:
    """Shots from the composer, 3 s of 360p each, and then the storyboard."""
    choose(page, "Resolution", "360p")
    for name in names:
        page.get_by_label("Prompt", exact=True).fill(name)
        page.get_by_role("button", name="Add to the storyboard").click()
        expect(page.locator(".toast").last).to_contain_text("is on the storyboard")
        page.locator(".toast [data-dismiss]").last.click()
    page.get_by_role("link", name="Storyboard").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Storyboard")


def order(page: Page, *names: str) -> None:
    expect(page.locator("[data-shot] h2")).to_have_text(
        [f"Shot {number}: {name}" for number, name in enumerate(names, 1)]
    )


def test_shots_are_ordered_made_for_one_price_and_joined(screen: Page, studio: Studio) -> None:
    before = studio.simulator.counts.get("submit", 0)
    plan(screen, *NAMES)
    order(screen, "Dawn", "Noon", "Night")

    screen.get_by_role("button", name="Move shot 1 down").press("Enter")
    order(screen, "Noon", "Dawn", "Night")
    expect(screen.get_by_role("button", name="Move shot 2 down")).to_be_focused()
    expect(screen.locator("#board-said")).to_have_text("The shot is at place 2 of 3.")
    screen.keyboard.press("End")
    order(screen, "Noon", "Night", "Dawn")
    screen.keyboard.press("Home")
    order(screen, "Dawn", "Noon", "Night")
    handles = screen.locator("[data-handle]")
    handles.nth(2).drag_to(handles.nth(0), target_position={"x": 5, "y": 2})
    order(screen, "Night", "Dawn", "Noon")
    handles.nth(0).drag_to(screen.locator("[data-shot]").nth(2), target_position={"x": 400, "y": 100})
    order(screen, "Dawn", "Noon", "Night")

    screen.get_by_role("link", name="Make what is missing").click()
    assert studio.simulator.counts.get("submit", 0) == before
    button = screen.get_by_role("button", name="Make these 3 shots")
    expect(button).to_contain_text("about $")
    button.dblclick()
    expect(screen.locator("[data-shot][data-status=ready]")).to_have_count(3, timeout=60_000)
    assert studio.simulator.counts["submit"] == before + 3

    screen.get_by_role("button", name="Make a film of it").click()
    expect(screen.locator("[data-film]")).to_be_visible()
    for name in NAMES:
        expect(screen.locator("main")).to_contain_text(name)


def test_a_shot_is_changed_and_gets_another_take(screen: Page) -> None:
    plan(screen, "A gate")
    screen.get_by_role("link", name="Edit or make").click()
    expect(screen.get_by_role("heading", name="Shot 1")).to_be_visible()
    screen.get_by_label("Prompt", exact=True).fill("A red gate")
    screen.get_by_role("button", name="Save as shot 1").click()
    expect(screen.locator(".toast").last).to_contain_text("Shot 1 is changed")
    screen.locator("#generate").click()
    expect(screen.locator("[data-clip][data-status=ready]")).to_have_count(1, timeout=30_000)
    screen.locator(".toast a").first.click()
    order(screen, "A red gate")
    expect(screen.locator("[data-shot]")).to_have_attribute("data-status", "ready")
    expect(screen.get_by_role("link", name="Take 1, ready, stands for the shot")).to_be_visible()


def test_it_works_without_scripts(studio: Studio, browser: Browser, sessions: dict[str, Any]) -> None:
    context = browser.new_context(
        storage_state=sessions["alice"], base_url=studio.url, java_script_enabled=False
    )
    page = new_project(context.new_page())
    for name in ("Dawn", "Noon"):
        page.goto(page.url.partition("storyboard/")[0])
        page.get_by_label("Prompt", exact=True).fill(name)
        page.get_by_role("button", name="Add to the storyboard").click()
        expect(page.locator(".notice")).to_contain_text("is on the storyboard")
    page.get_by_role("button", name="Move shot 2 up").click()
    order(page, "Noon", "Dawn")
    page.get_by_role("link", name="Shot 2: Dawn").click()
    page.get_by_label("Place").select_option("1")
    page.get_by_role("button", name="Move it there").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shot 1 of 2")
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete the shot").click()
    order(page, "Noon")
    context.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
class TestInBothThemes:
    @pytest.fixture
    def context_options(self, theme: str) -> dict[str, Any]:
        return {"color_scheme": theme}

    def test_every_page_of_it_is_accessible_and_fits(self, alice: BrowserContext, screen: Page) -> None:
        board = f"{screen.url}storyboard/"
        screen.goto(board)
        check(screen, "an empty storyboard")
        screen.set_viewport_size({"width": 1280, "height": 900})
        screen.goto(board.removesuffix("storyboard/"))
        plan(screen, "A" * 200, "Noon")
        for fold in screen.locator("main details").all():
            fold.evaluate("fold => fold.open = true")
        check(screen, "storyboard")
        shot = screen.locator("[data-shot] h2 a").first.get_attribute("href")
        for address in (f"{board}make/", f"{shot}", f"{shot}delete/"):
            screen.goto(address)
            check(screen, address)
