"""Timed scenes in a real browser: by keys, with scripts switched off, and for everybody to use."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import Studio, card, choose, choose_model
from tests.e2e.test_pages import check

LITE = "Veo 3.1 Lite preview"
SCRIPT = """\
0:00-0:04 Mara: Almost there.

0:04-0:08 Jon (whispering): Look.

0:08-0:12 (Waves hit the rocks)
"""


def open_scenes(page: Page) -> None:
    page.locator("#scenes-fold > summary").click()


def paste(page: Page, script: str) -> None:
    page.locator("#paste > summary").click()
    page.get_by_label("Script", exact=True).fill(script)
    page.get_by_role("button", name="Make scenes of it").click()


def scene(page: Page, number: int) -> Any:
    return page.get_by_role("group", name=f"Scene {number}", exact=True)


def test_scenes_are_written_and_moved_by_keys_alone(screen: Page) -> None:
    choose_model(screen, LITE)
    screen.locator("#scenes-fold > summary").press("Enter")
    screen.locator("#scenes-add").press("Enter")
    expect(screen.locator("#id_scenes-0-line")).to_be_focused()
    screen.keyboard.type("Almost there.")
    screen.locator("#scenes-add").press("Enter")
    expect(screen.locator("#id_scenes-1-line")).to_be_focused()
    screen.keyboard.press("Tab")
    screen.keyboard.type("Waves")
    expect(screen.locator(".sent")).to_contain_text('[00:00-00:02] A voice says: "Almost there."')
    expect(screen.locator(".sent")).to_contain_text("[00:02-00:04] Waves.")
    expect(screen.locator("#id_scenes-1-action")).to_be_focused()

    screen.get_by_role("button", name="Move scene 2 up").press("Enter")
    expect(screen.get_by_role("button", name="Move scene 1 down")).to_be_focused()
    expect(scene(screen, 1).get_by_label("What happens")).to_have_value("Waves")
    screen.keyboard.press("Enter")
    expect(screen.get_by_role("button", name="Move scene 2 up")).to_be_focused()
    expect(scene(screen, 1).get_by_label("Line")).to_have_value("Almost there.")
    screen.get_by_role("button", name="Remove scene 1").press("Enter")
    expect(screen.locator("fieldset.scene")).to_have_count(1)
    expect(screen.get_by_role("button", name="Remove scene 1")).to_be_focused()


def test_the_enter_key_in_a_field_pays_nothing(screen: Page) -> None:
    open_scenes(screen)
    screen.locator("#scenes-add").click()
    screen.get_by_label("Speaker").fill("Mara")
    screen.get_by_label("Speaker").press("Enter")
    expect(screen.get_by_role("button", name="Add Mara to the speakers")).to_be_visible()
    assert card(screen, "queued").count() == 0


def test_a_pasted_dialogue_is_checked_priced_and_made(screen: Page) -> None:
    choose_model(screen, LITE)
    open_scenes(screen)
    paste(screen, SCRIPT)
    expect(screen.locator("fieldset.scene")).to_have_count(3)
    expect(screen.locator("#notes")).to_contain_text("Mara, Jon are speakers now.")
    expect(screen.locator(".plan")).to_contain_text("Made in 2 parts")
    expect(screen.locator("#generate")).to_have_text("Generate · about $0.60")

    choose(screen, "Length", "8 s")
    expect(screen.locator(".checks")).to_contain_text("Scene 3 ends at 12 s, but the clip is 8 s long.")
    screen.get_by_role("button", name="Make the clip 12 s long").click()
    expect(screen.locator(".checks")).to_have_count(0)

    scene(screen, 3).get_by_label("To", exact=True).fill("16")
    expect(screen.locator("#generate")).to_have_text("Generate · about $0.80")
    scene(screen, 3).get_by_label("To", exact=True).fill("12")
    expect(screen.locator("#generate")).to_have_text("Generate · about $0.60")
    screen.locator("#generate").click()
    expect(card(screen, "ready")).to_have_count(1, timeout=60_000)
    card(screen, "ready").get_by_role("link", name="Reuse settings").click()
    expect(screen.locator("fieldset.scene")).to_have_count(3)
    expect(screen.locator("#generate")).to_have_text("Generate · about $0.60")


def test_what_is_typed_while_an_answer_arrives_stays(screen: Page) -> None:
    choose_model(screen, LITE)
    screen.route("**/options/", lambda route: (screen.wait_for_timeout(400), route.continue_()))
    choose(screen, "Length", "Longer…")
    screen.get_by_label("How long").fill("0:50")
    screen.get_by_label("How long").blur()
    expect(screen.locator(".plan")).to_contain_text("0:50")
    expect(screen.get_by_label("How long")).to_have_value("50 s")


@pytest.mark.parametrize("theme", ["dark", "light"])
class TestInBothThemes:
    @pytest.fixture
    def context_options(self, theme: str) -> dict[str, Any]:
        return {"color_scheme": theme}

    def test_scenes_plan_and_speakers_are_accessible_and_fit(self, screen: Page) -> None:
        choose_model(screen, LITE)
        open_scenes(screen)
        paste(screen, SCRIPT)
        expect(screen.locator(".plan")).to_be_visible()
        scene(screen, 1).get_by_label("Speaker").fill("Somebody else")
        expect(screen.get_by_role("button", name="Add Somebody else to the speakers")).to_be_visible()
        check(screen, "scenes and plan")
        screen.set_viewport_size({"width": 1280, "height": 900})
        scene(screen, 1).get_by_label("To", exact=True).fill("soon")
        screen.locator("#generate").click()
        expect(scene(screen, 1).get_by_text("“soon” is not a time.")).to_be_visible()
        check(screen, "a scene with a mistake")
        screen.set_viewport_size({"width": 1280, "height": 900})
        screen.get_by_role("link", name="Speakers", exact=True).click()
        expect(screen.get_by_role("heading", level=1)).to_have_text("Speakers")
        check(screen, "speakers")
        screen.get_by_role("link", name="Change Mara").click()
        check(screen, "a speaker")


class TestWithoutScripts:
    @pytest.fixture
    def plain(self, studio: Studio, browser: Browser, sessions: dict[str, Any]) -> Iterator[Page]:
        context: BrowserContext = browser.new_context(
            storage_state=sessions["alice"], base_url=studio.url, java_script_enabled=False
        )
        page = context.new_page()
        page.goto("/projects/new/")
        page.get_by_label("Name").fill("Without scripts")
        page.get_by_role("button", name="Create the project").click()
        yield page
        context.close()

    def test_everything_works_and_nothing_is_lost(self, plain: Page) -> None:
        plain.get_by_label("Prompt", exact=True).fill("A lighthouse.")
        plain.locator("#scenes-fold > summary").click()
        plain.locator("#paste > summary").click()
        plain.get_by_label("Script", exact=True).fill(SCRIPT)
        plain.get_by_role("button", name="Make scenes of it").click()
        assert plain.locator("fieldset.scene").count() == 3
        assert plain.get_by_label("Prompt", exact=True).input_value() == "A lighthouse."
        plain.get_by_role("button", name="Move scene 3 up").click()
        assert scene(plain, 2).get_by_label("What happens").input_value() == "Waves hit the rocks"
        plain.get_by_role("button", name="Remove scene 3").click()
        assert plain.locator("fieldset.scene").count() == 2
        plain.get_by_label("Length").select_option("longer")
        plain.get_by_label("How long").fill("0:20")
        plain.get_by_label("How long").press("Enter")
        assert "Made in" in plain.locator("#compiled").inner_text()
        assert plain.locator("[data-clip]").count() == 0
        plain.locator("#generate").click()
        assert plain.locator("[data-clip]").count() == 1
