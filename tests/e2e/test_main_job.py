"""The main job in a real browser: log in, ask, watch it move, play, seek, download."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import Studio, card, choose_model, generate, log_in

CAROL = """
from django.contrib.auth.models import User
User.objects.create_user("carol", password="a long enough password")
"""
PLAYED = """video => new Promise((done, failed) => {
  video.muted = true;
  video.addEventListener("error", () => failed(video.error.message));
  video.addEventListener("timeupdate", () => video.currentTime > 0.3 && done(
    video.getVideoPlaybackQuality().totalVideoFrames));
  video.play();
})"""
SOUGHT = """video => new Promise(done => {
  video.pause();
  video.addEventListener("seeked", () => done([video.currentTime, video.seekable.end(0), video.duration]));
  video.currentTime = 2;
})"""


def test_from_log_in_to_a_clip_that_is_watched_and_downloaded(
    studio: Studio, browser: Any, seed_picture: Path
) -> None:
    context = browser.new_context(base_url=studio.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    log_in(page, studio, "alice")
    page.get_by_role("link", name="The film of alice").first.click()

    page.get_by_label("Prompt", exact=True).fill("Rain on neon, a slow dolly through the night market")
    page.get_by_label("Seed image").set_input_files(seed_picture)
    expect(page.get_by_text("Google will see this crop")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(r"Generate · about \$0\.2085"))).to_be_enabled()
    page.evaluate("window.notReloaded = true")
    page.locator("#generate").click()

    expect(card(page, "generating")).to_have_count(1)
    expect(card(page, "ready")).to_have_count(1, timeout=30_000)
    assert page.evaluate("window.notReloaded")
    assert b"GPS" not in studio.simulator.requests[-1].body

    video = card(page, "ready").locator("video")
    assert video.evaluate(PLAYED) > 0
    position, seekable, duration = video.evaluate(SOUGHT)
    assert position == pytest.approx(2, abs=0.05)
    assert seekable == pytest.approx(duration) == pytest.approx(3, abs=0.1)

    with page.expect_download() as download:
        card(page, "ready").get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == ("the-film-of-alice_rain-on-neon-a-slow-dolly_720p.mp4")
    saved = Path(download.value.path()).read_bytes()
    [(sha256, name)] = studio.rows(
        "SELECT sha256, video FROM projects_clip WHERE prompt LIKE 'Rain on neon%'"
    )
    assert hashlib.sha256(saved).hexdigest() == sha256
    assert saved == (studio.folder / "media" / name).read_bytes()
    context.close()


HIDE = """() => {
  Object.defineProperty(document, "hidden", {get: () => true, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""
SHOW = "() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }"
HALF_MINUTES_PASS = """() => {
  const now = Date.now.bind(Date);
  let asked = 0;
  Date.now = () => now() + 31000 * ++asked;
}"""


def test_a_page_that_nobody_sees_hardly_polls_and_catches_up_at_once(screen: Page) -> None:
    generate(screen, "A kite over the roofs")
    screen.evaluate(HIDE)
    screen.wait_for_timeout(2500)
    expect(card(screen, "ready")).to_have_count(0)
    screen.evaluate(SHOW)
    expect(card(screen, "ready")).to_have_count(1, timeout=30_000)


def test_the_title_says_that_a_clip_is_ready_until_somebody_looks(screen: Page) -> None:
    generate(screen, "A kite over the hills")
    screen.evaluate(HIDE)
    screen.evaluate(HALF_MINUTES_PASS)
    expect(screen).to_have_title("(1) Ready – Night market · veoweb", timeout=30_000)
    screen.evaluate(SHOW)
    expect(screen).to_have_title("Night market · veoweb")


def test_a_playing_video_and_typed_text_are_left_alone(screen: Page) -> None:
    generate(screen, "First of two")
    expect(card(screen, "ready")).to_have_count(1, timeout=30_000)
    video = card(screen, "ready").locator("video")
    video.evaluate(PLAYED)
    video.evaluate("video => { video.loop = true; window.first = video }")
    generate(screen, "Second of two")
    prompt = screen.get_by_label("Prompt", exact=True)
    prompt.fill("typed while waiting")
    expect(card(screen, "ready")).to_have_count(2, timeout=30_000)
    assert screen.evaluate("window.first.isConnected && !window.first.paused")
    expect(prompt).to_have_value("typed while waiting")


def test_a_double_click_makes_one_clip(screen: Page) -> None:
    screen.get_by_label("Prompt", exact=True).fill("Only once")
    screen.locator("#generate").dblclick()
    expect(screen.locator("[data-clip]")).to_have_count(1)
    screen.wait_for_timeout(600)
    screen.reload()
    expect(screen.locator("[data-clip]")).to_have_count(1)


def test_control_enter_generates_from_the_prompt(screen: Page) -> None:
    screen.get_by_label("Prompt", exact=True).fill("By keyboard")
    screen.keyboard.press("Control+Enter")
    expect(screen.locator("[data-clip]")).to_have_count(1)


def test_several_takes_are_several_clips_at_their_common_price(screen: Page) -> None:
    screen.get_by_label("Prompt", exact=True).fill("Three takes of a door")
    screen.get_by_role("group", name="Takes").get_by_text("3", exact=True).click()
    expect(screen.locator("#generate")).to_contain_text("$0.6255")
    screen.locator("#generate").click()
    expect(screen.locator("[data-clip]")).to_have_count(3)


def test_what_a_model_forbids_is_visible_disabled_and_explained(screen: Page) -> None:
    choose_model(screen, "Veo 3.1 Lite preview")
    resolution = screen.get_by_role("group", name="Resolution")
    expect(resolution.get_by_role("radio", name="4k")).to_be_disabled()
    expect(screen.get_by_text("360p, 4k: Veo 3.1 Lite preview makes 720p or 1080p.")).to_be_visible()
    resolution.get_by_text("1080p", exact=True).click()
    expect(screen.get_by_text("1080p needs 8 s: the length was set to 8 s.")).to_be_visible()
    expect(screen.locator("#generate")).to_contain_text("$0.64")


def test_the_form_keeps_everything_when_a_picture_is_bad(screen: Page, tmp_path: Path) -> None:
    bad = tmp_path / "not-a-picture.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\nthis is no picture")
    screen.get_by_label("Prompt", exact=True).fill("Kept words")
    screen.get_by_label("Seed image").set_input_files(bad)
    expect(screen.locator("#seed_image_error")).not_to_be_empty()
    expect(screen.get_by_label("Prompt", exact=True)).to_have_value("Kept words")
    expect(screen.locator("[data-clip]")).to_have_count(0)


def test_a_seed_image_can_be_dropped_and_removed(screen: Page, seed_picture: Path) -> None:
    transfer = screen.evaluate_handle(
        """bytes => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "seed.jpg", {type: "image/jpeg"}));
          return transfer;
        }""",
        list(seed_picture.read_bytes()),
    )
    screen.locator("#seed_image_slot [data-drop]").dispatch_event("drop", {"dataTransfer": transfer})
    expect(screen.get_by_text("Google will see this crop")).to_be_visible()
    screen.get_by_role("button", name="Remove").click()
    expect(screen.get_by_text("Google will see this crop")).to_be_hidden()


def test_an_empty_prompt_gets_one_sentence_and_the_focus(screen: Page) -> None:
    screen.locator("#generate").click()
    expect(screen.get_by_text("Write what the clip should show.")).to_be_visible()
    expect(screen.get_by_label("Prompt", exact=True)).to_be_focused()


def test_reuse_settings_fills_the_form(screen: Page) -> None:
    screen.get_by_role("group", name="Shape").get_by_text("9:16").click()
    generate(screen, "A tall tower")
    expect(card(screen, "ready")).to_have_count(1, timeout=30_000)
    card(screen, "ready").get_by_role("link", name="Reuse settings").click()
    expect(screen.get_by_label("Prompt", exact=True)).to_have_value("A tall tower")
    expect(screen.get_by_role("radio", name="9:16")).to_be_checked()


def test_the_clip_page_shows_the_exact_request_and_the_story(screen: Page) -> None:
    generate(screen, "A data sheet")
    expect(card(screen, "ready")).to_have_count(1, timeout=30_000)
    card(screen, "ready").get_by_role("heading").get_by_role("link").click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("A data sheet")
    page = screen.content()
    assert '"duration": "3s"' in page.replace("&quot;", '"')
    for words in (
        "The video is saved",
        "Gemini Omni 1.2 Flash (gemini-omni-1.2-flash)",
        "h264, aac",
        "72 at 24 a second",
    ):
        assert words in page
    assert screen.locator("video").evaluate(PLAYED) > 0


def test_the_clip_page_moves_by_itself(screen: Page) -> None:
    generate(screen, "Watched from its own page")
    screen.locator("[data-clip]").get_by_role("heading").get_by_role("link").click()
    screen.evaluate("window.notReloaded = true")
    expect(screen.locator('[data-clip][data-status="ready"]')).to_have_count(1, timeout=30_000)
    expect(screen.locator("video")).to_be_visible()
    assert screen.evaluate("window.notReloaded")


def test_a_clip_is_deleted_after_a_question(screen: Page) -> None:
    generate(screen, "To be deleted")
    expect(card(screen, "ready")).to_have_count(1, timeout=30_000)
    card(screen, "ready").get_by_role("heading").get_by_role("link").click()
    screen.get_by_role("link", name="Delete…").click()
    screen.get_by_role("button", name="Delete the clip").click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("Night market")
    expect(screen.locator("[data-clip]")).to_have_count(0)


class TestWithoutJavaScript:
    @pytest.fixture
    def context_options(self) -> dict[str, Any]:
        return {"java_script_enabled": False}

    def test_the_whole_job_works(self, screen: Page, seed_picture: Path) -> None:
        screen.get_by_label("Prompt", exact=True).fill("Without a script")
        screen.get_by_label("Seed image").set_input_files(seed_picture)
        screen.locator("#generate").click()
        expect(screen.locator("[data-clip]")).to_have_count(1)
        for _ in range(40):
            if card(screen, "ready").count():
                break
            screen.wait_for_timeout(500)
            screen.reload()
        with screen.expect_download() as download:
            card(screen, "ready").get_by_role("link", name="Download").click()
        assert Path(download.value.path()).read_bytes()[4:8] == b"ftyp"

    def test_a_mistake_keeps_what_was_typed(self, screen: Page, tmp_path: Path) -> None:
        bad = tmp_path / "bad.gif"
        bad.write_bytes(b"GIF89a nothing")
        screen.get_by_label("Prompt", exact=True).fill("Kept without a script")
        screen.get_by_label("Seed image").set_input_files(bad)
        screen.locator("#generate").click()
        expect(screen.get_by_label("Prompt", exact=True)).to_have_value("Kept without a script")
        expect(screen.locator("#seed_image_error")).not_to_be_empty()
        expect(screen.locator("[data-clip]")).to_have_count(0)


def test_log_out_and_password_change(studio: Studio, browser: Any) -> None:
    studio.manage("shell", "--no-imports", "-c", CAROL)
    context: BrowserContext = browser.new_context(base_url=studio.url)
    page = context.new_page()
    log_in(page, studio, "carol")
    page.goto("/accounts/password_change/")
    page.get_by_label("Old password").fill("a long enough password")
    page.get_by_label("New password", exact=True).fill("an even longer password")
    page.get_by_label(re.compile("confirmation")).fill("an even longer password")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    page.goto("/")
    page.locator("summary", has_text="carol").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    context.close()
