"""Every way to direct a clip, in a real browser and on each of Google's wires."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from projects.video import inspect
from tests.e2e.conftest import (
    Studio,
    card,
    choose,
    choose_model,
    generate,
    log_in,
    new_project,
)


def more(page: Page, of: Locator) -> Locator:
    """The opened menu of a ready card."""
    of.locator(".menu > summary").click()
    return of.locator(".menu-sheet")


def wait_for_ready(page: Page, count: int = 1) -> Locator:
    expect(card(page, "ready")).to_have_count(count, timeout=30_000)
    return card(page, "ready").first


def body(studio: Studio) -> dict[str, Any]:
    """The last paid request that the simulator got."""
    paths = (":predictLongRunning", "/interactions")
    [*_, last] = [request for request in studio.simulator.requests if request.path.endswith(paths)]
    found: dict[str, Any] = json.loads(last.body)
    return found


def downloaded(page: Page, of: Locator) -> float:
    """How many seconds the downloaded video lasts."""
    with page.expect_download() as download:
        of.get_by_role("link", name="Download").click()
    return inspect(Path(download.value.path())).duration_seconds


def upload(page: Page, label: str, picture: Path) -> None:
    page.get_by_label(label).set_input_files(picture)
    expect(page.get_by_role("button", name=f"Remove {label.lower()}")).to_be_visible()


class TestOmni:
    """With an API key."""

    def test_references_go_with_the_prompt(self, screen: Page, studio: Studio, seed_picture: Path) -> None:
        screen.locator("#more > summary").click()
        upload(screen, "Reference 1", seed_picture)
        upload(screen, "Reference 2", seed_picture)
        expect(screen.get_by_label("Reference 3")).to_be_visible()
        screen.get_by_role("button", name="Remove reference 1").click()
        expect(screen.get_by_role("button", name="Remove reference 1")).to_be_hidden()
        upload(screen, "Reference 1", seed_picture)
        choose(screen, "Resolution", "360p")
        generate(screen, "The same person twice")
        wait_for_ready(screen)
        assert [part["type"] for part in body(studio)["input"]].count("image") == 2
        card(screen, "ready").get_by_role("heading").get_by_role("link").click()
        expect(screen.get_by_alt_text("Reference 2")).to_be_visible()

    def test_a_clip_goes_from_its_seed_image_to_its_last_frame(
        self, screen: Page, studio: Studio, seed_picture: Path
    ) -> None:
        upload(screen, "Seed image", seed_picture)
        screen.locator("#more > summary").click()
        upload(screen, "Last frame", seed_picture)
        choose(screen, "Resolution", "360p")
        generate(screen, "From here to there")
        wait_for_ready(screen)
        assert [part["type"] for part in body(studio)["input"]].count("image") == 2

    def test_a_seed_image_and_references_exclude_each_other_before_anything_is_paid(
        self, screen: Page, studio: Studio, seed_picture: Path
    ) -> None:
        upload(screen, "Seed image", seed_picture)
        screen.locator("#more > summary").click()
        upload(screen, "Reference 1", seed_picture)
        expect(screen.locator(".notes")).to_contain_text("cannot be combined with a seed image")
        before = studio.simulator.counts.get("submit", 0)
        generate(screen, "Both at once")
        expect(screen.locator("#reference_1_error")).to_contain_text("cannot be combined with a seed image")
        expect(screen.locator("[data-clip]")).to_have_count(0)
        assert studio.simulator.counts.get("submit", 0) == before

    def test_a_finished_clip_is_extended_edited_and_continued(self, screen: Page, studio: Studio) -> None:
        project = screen.url
        choose(screen, "Resolution", "360p")
        generate(screen, "A door")
        first = wait_for_ready(screen)

        more(screen, first).get_by_role("link", name="Extend…").click()
        expect(screen.get_by_role("heading", name="Extend a clip")).to_be_visible()
        screen.get_by_label("Adds").select_option("4")
        expect(screen.locator("#generate")).to_contain_text("Extend · about $0.1189")
        screen.get_by_label("What happens next?").fill("It opens")
        screen.locator("#generate").click()
        extended = wait_for_ready(screen, 2)
        assert body(studio)["generation_config"]["video_config"]["task"] == "extend"
        assert downloaded(screen, extended) == pytest.approx(7, abs=0.1)
        extended.get_by_role("heading").get_by_role("link").click()
        screen.locator("#sheet").get_by_role("link", name="A door").click()
        expect(screen.get_by_role("heading", level=1)).to_have_text("A door")

        screen.get_by_role("link", name="Edit…").click()
        expect(screen.locator("#generate")).to_contain_text("Edit · about $0.0957")
        screen.get_by_label("What should change?").fill("Make it night. Keep everything else the same.")
        screen.locator("#generate").click()
        edited = wait_for_ready(screen, 3)
        assert body(studio)["previous_interaction_id"].startswith("v1_")
        assert downloaded(screen, edited) == pytest.approx(3, abs=0.1)

        screen.goto(project)
        more(screen, card(screen, "ready").last).get_by_role("button", name="Continue").click()
        expect(screen.get_by_alt_text("The seed image, cropped to the clip’s shape")).to_be_visible()
        expect(screen.get_by_label("Prompt", exact=True)).to_have_value("A door")
        generate(screen, "Behind the door")
        wait_for_ready(screen, 4)
        assert [part["type"] for part in body(studio)["input"]].count("image") == 1

    def test_the_mode_is_left_by_a_link_and_kept_by_a_mistake(self, screen: Page) -> None:
        choose(screen, "Resolution", "360p")
        generate(screen, "A gate")
        more(screen, wait_for_ready(screen)).get_by_role("link", name="Extend…").click()
        screen.locator("#generate").click()
        expect(screen.get_by_text("Write what happens next.")).to_be_visible()
        expect(screen.get_by_label("What happens next?")).to_be_focused()
        screen.get_by_role("link", name="Make a new clip instead").click()
        expect(screen.get_by_role("heading", name="New clip")).to_be_visible()

    def test_a_menu_of_a_card_works_by_keyboard(self, screen: Page) -> None:
        choose(screen, "Resolution", "360p")
        generate(screen, "A window")
        summary = wait_for_ready(screen).locator(".menu > summary")
        summary.focus()
        screen.keyboard.press("Enter")
        screen.keyboard.press("Tab")
        expect(screen.get_by_role("link", name="Extend…")).to_be_focused()
        screen.keyboard.press("Escape")
        expect(summary).to_be_focused()
        expect(screen.get_by_role("link", name="Extend…")).to_be_hidden()


class TestVeoOnTheGeminiAPI:
    """At a relay that still serves it."""

    def test_a_clip_is_extended_and_downloaded(self, screen: Page, studio: Studio) -> None:
        choose_model(screen, "Veo 3.1 Fast preview")
        choose(screen, "Length", "4 s")
        generate(screen, "A boat of paper")
        more(screen, wait_for_ready(screen)).get_by_role("link", name="Extend…").click()
        screen.get_by_label("What happens next?").fill("It sinks")
        expect(screen.locator("#generate")).to_contain_text("Extend · about $0.70")
        screen.locator("#generate").click()
        extended = wait_for_ready(screen, 2)
        assert body(studio)["instances"][0]["video"]["uri"] != ""
        assert downloaded(screen, extended) == pytest.approx(11, abs=0.1)

    def test_a_model_that_is_gone_is_replaced_with_the_same_settings(
        self, screen: Page, studio: Studio
    ) -> None:
        gone = "This model models/veo-2.0-generate-001 is no longer available."
        studio.simulator.script("submit", "status", status=404, message=gone)
        choose_model(screen, "Veo 2")
        choose(screen, "Shape", "9:16")
        generate(screen, "A tower of cards")
        failed = card(screen, "failed")
        expect(failed).to_contain_text("Nothing was charged", timeout=30_000)
        failed.get_by_role("link", name=re.compile("Make it with")).click()
        expect(screen.get_by_label("Prompt", exact=True)).to_have_value("A tower of cards")
        expect(screen.get_by_role("radio", name="9:16")).to_be_checked()
        expect(screen.locator("#models-summary")).not_to_contain_text("Veo 2")
        screen.locator("#models-summary").click()
        screen.locator("#other-models > summary").click()
        expect(screen.locator("#other-models")).to_contain_text("Veo 2")
        screen.locator("#generate").click()
        wait_for_ready(screen)
        studio.write("DELETE FROM projects_modeloverride")


class TestVertex:
    """With a Google Cloud project and no API key."""

    @pytest.fixture(scope="class")
    def session(self, cloud_studio: Studio, browser: Browser) -> Any:
        context = browser.new_context()
        log_in(context.new_page(), cloud_studio, "alice")
        state = context.storage_state()
        context.close()
        return state

    @pytest.fixture
    def cloud(self, cloud_studio: Studio, browser: Browser, session: Any) -> Iterator[Page]:
        context: BrowserContext = browser.new_context(
            storage_state=session, base_url=cloud_studio.url, viewport={"width": 390, "height": 844}
        )
        yield new_project(context.new_page())
        context.close()

    def test_a_clip_with_a_seed_number_and_no_sound_is_extended_and_downloaded(
        self, cloud: Page, cloud_studio: Studio
    ) -> None:
        cloud.locator("#settings-fold > summary").click()
        choose_model(cloud, "Veo 3.1 Fast")
        choose(cloud, "Sound", "Off")
        expect(cloud.locator("#settings-line")).to_contain_text("no sound")
        cloud.locator("#more > summary").click()
        cloud.get_by_label("Seed number").fill("4294967296")
        generate(cloud, "A train comes in")
        expect(cloud.get_by_text("A seed is a whole number from 0 to 4,294,967,295.")).to_be_visible()
        cloud.get_by_label("Seed number").fill("42")
        cloud.locator("#generate").click()
        first = wait_for_ready(cloud)
        parameters = body(cloud_studio)["parameters"]
        assert (parameters["seed"], parameters["generateAudio"]) == (42, False)

        more(cloud, first).get_by_role("link", name="Extend…").click()
        cloud.get_by_label("What happens next?").fill("It leaves")
        expect(cloud.locator("#generate")).to_contain_text("Extend · about $0.70")
        cloud.locator("#generate").click()
        extended = wait_for_ready(cloud, 2)
        assert downloaded(cloud, extended) == pytest.approx(11, abs=0.1)
        extended.get_by_role("heading").get_by_role("link").click()
        expect(cloud.locator("#sheet")).to_contain_text("16:9, 720p, 7 s more, no sound")

    def test_the_price_follows_the_sound_where_it_costs_less_without(self, cloud: Page) -> None:
        cloud.locator("#settings-fold > summary").click()
        choose_model(cloud, "Veo 3.1")
        expect(cloud.locator("#generate")).to_contain_text("$1.60")
        choose(cloud, "Sound", "Off")
        expect(cloud.locator("#generate")).to_contain_text("$0.80")
