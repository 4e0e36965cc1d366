"""What a person sees when things go wrong at Google, on the way, or here."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Studio, card, choose_model, generate


def test_a_held_back_clip_shows_googles_own_words(screen: Page) -> None:
    generate(screen, "A storm with a famous actor [sim:filtered]")
    held = card(screen, "filtered")
    expect(held).to_have_count(1, timeout=30_000)
    held.get_by_text("Google’s own words").click()
    expect(held.locator("blockquote")).to_contain_text("may go against Google's policies")
    expect(held.get_by_role("button", name=re.compile("Try again"))).to_be_visible()


def test_a_failed_download_recovers_by_itself_and_is_not_generated_again(
    screen: Page, studio: Studio
) -> None:
    before = studio.simulator.charged
    studio.simulator.script("download", "status", status=403, times=1)
    generate(screen, "A download that is refused at first")
    trouble = card(screen, "downloading")
    expect(trouble).to_contain_text("fetching the file again costs nothing", timeout=30_000)
    trouble.get_by_role("button", name="Download again").click()
    expect(card(screen, "ready")).to_have_count(1, timeout=30_000)
    assert studio.simulator.charged == before + 1


def test_a_refused_request_says_that_nothing_was_charged(screen: Page) -> None:
    generate(screen, "No such thing [sim:refused]")
    expect(card(screen, "failed")).to_contain_text("Nothing was charged", timeout=30_000)


def test_a_closed_limit_is_waited_for_in_the_open(screen: Page) -> None:
    generate(screen, "Too many at once [sim:quota=4]")
    expect(card(screen, "queued")).to_contain_text(re.compile("limit is reached"), timeout=30_000)
    expect(card(screen, "ready")).to_have_count(1, timeout=40_000)


@pytest.fixture
def model() -> str:
    return "Veo 3.1 Lite preview"


@pytest.fixture
def unconfirmed(screen: Page, studio: Studio, model: str) -> Page:
    studio.simulator.script("list", "status", status=404, times=None)
    choose_model(screen, model)
    generate(screen, "An answer that is lost [sim:lost]")
    card(screen, "unconfirmed").get_by_role("heading").get_by_role("link").click(timeout=30_000)
    expect(screen.locator("#decide")).to_be_visible()
    expect(screen.get_by_text("It may have been accepted.").first).to_be_visible()
    return screen


class TestUnconfirmed:
    @pytest.mark.parametrize("model", ["Veo 3"])
    def test_look_again_finds_it(self, unconfirmed: Page, studio: Studio) -> None:
        """With a model of its own: what other lost answers left at Google would make it ambiguous."""
        studio.simulator.clear()
        unconfirmed.get_by_role("button", name="Look again").click()
        expect(unconfirmed.locator('[data-status="ready"]')).to_have_count(1, timeout=30_000)

    def test_an_operation_can_be_attached_by_name(self, unconfirmed: Page, studio: Studio) -> None:
        unconfirmed.get_by_label("Operation name").fill("nonsense")
        unconfirmed.get_by_role("button", name="Attach it").click()
        expect(unconfirmed.get_by_text(re.compile("This is not the name of an operation"))).to_be_visible()
        unconfirmed.get_by_label("Operation name").fill(studio.simulator.operations[-1])
        unconfirmed.get_by_role("button", name="Attach it").click()
        expect(unconfirmed.locator('[data-status="ready"]')).to_have_count(1, timeout=30_000)

    def test_submitting_again_needs_a_second_word_and_tells_the_price(
        self, unconfirmed: Page, studio: Studio
    ) -> None:
        before = studio.simulator.counts["submit"]
        unconfirmed.locator("#submit-again summary").click()
        unconfirmed.get_by_label(re.compile(r"may cost \$0\.20 twice")).check()
        unconfirmed.get_by_role("button", name=re.compile("Submit again")).click()
        expect(unconfirmed.locator('[data-status="unconfirmed"]')).to_have_count(1, timeout=30_000)
        assert studio.simulator.counts["submit"] == before + 1

    def test_giving_up_ends_it(self, unconfirmed: Page) -> None:
        unconfirmed.get_by_role("button", name="Give up on it").click()
        expect(unconfirmed.locator('[data-status="cancelled"]')).to_have_count(1)
        expect(unconfirmed.get_by_text(re.compile("may have charged")).first).to_be_visible()


def test_a_running_clip_is_cancelled_after_the_price_was_named_and_fetched_after_all(screen: Page) -> None:
    generate(screen, "Change of mind [sim:slow=3]")
    card(screen, "generating").get_by_role("link", name="Cancel…").click()
    expect(screen.get_by_text(re.compile(r"may still charge \$0\.20"))).to_be_visible()
    screen.get_by_role("button", name="Cancel the clip").click()
    expect(screen.locator('[data-status="cancelled"]')).to_have_count(1)
    screen.get_by_role("button", name="Fetch it after all").first.click()
    expect(screen.locator('[data-status="ready"]')).to_have_count(1, timeout=30_000)


class TestSurvival:
    def test_the_page_goes_on_after_the_server_was_restarted(self, screen: Page, studio: Studio) -> None:
        generate(screen, "Across a restart [sim:slow=4]")
        expect(card(screen, "generating")).to_have_count(1)
        studio.stop()
        studio.start()
        expect(card(screen, "ready")).to_have_count(1, timeout=40_000)

    def test_the_page_says_when_it_is_offline_and_goes_on_later(self, screen: Page) -> None:
        generate(screen, "Across a tunnel [sim:slow=3]")
        expect(card(screen, "generating")).to_have_count(1)
        screen.context.set_offline(True)
        expect(screen.locator("#offline")).to_be_visible()
        screen.context.set_offline(False)
        expect(card(screen, "ready")).to_have_count(1, timeout=30_000)
        expect(screen.locator("#offline")).to_be_hidden()

    def test_a_log_out_elsewhere_leads_to_the_log_in_page_and_back(
        self, screen: Page, studio: Studio, browser: Any
    ) -> None:
        generate(screen, "Logged out meanwhile [sim:slow=5]")
        expect(card(screen, "generating")).to_have_count(1)
        address = screen.url
        screen.context.clear_cookies(name="sessionid")
        expect(screen.get_by_role("heading", level=1)).to_have_text("Log in")
        screen.get_by_label("Username").fill("alice")
        screen.get_by_label("Password").fill("a long enough password")
        screen.get_by_role("button", name="Log in").click()
        expect(screen).to_have_url(address)
