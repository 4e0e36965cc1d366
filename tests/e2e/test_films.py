"""A film in a real browser: picked, put in order, trimmed by eye, titled, rendered, watched, handed over."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Studio, card, choose, generate
from tests.e2e.test_main_job import PLAYED, SOUGHT
from tests.e2e.test_pages import check
from tests.test_montage_probe import wav_bytes


@pytest.fixture
def film(screen: Page) -> Page:
    """The page of a new film of two takes of 3 seconds."""
    choose(screen, "Takes", "2")
    generate(screen, "A ferry leaves the harbour")
    expect(card(screen, "ready")).to_have_count(2, timeout=40_000)
    pick_all(screen, "The ferry")
    look(screen, "picking clips")
    screen.get_by_role("button", name="Create the film").click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("The ferry")
    return screen


def pick_all(page: Page, name: str) -> None:
    """Every clip of the project for its first film, which is not created yet."""
    page.get_by_role("navigation", name="Rooms").get_by_role("link", name="Films").click()
    page.get_by_role("link", name="Pick clips for the first film").click()
    page.get_by_label("Name").fill(name)
    for box in page.get_by_role("checkbox").all():
        box.check()


def look(page: Page, name: str) -> None:
    """From its top: what is half under the bar is no target."""
    page.evaluate("document.documentElement.scrollTo(0, 0)")
    check(page, name)
    page.set_viewport_size({"width": 1280, "height": 900})


def cut(page: Page, number: int) -> str:
    return str(page.locator("[data-cut]").nth(number - 1).get_attribute("data-cut"))


def test_from_two_takes_to_a_film_that_is_watched_and_handed_over(
    film: Page, studio: Studio, tmp_path: Path
) -> None:
    expect(film.locator("#film-how")).to_contain_text("joined without re-encoding")

    first, second = cut(film, 1), cut(film, 2)
    film.locator(f"#down-{first}").focus()
    film.keyboard.press("Enter")
    expect(film.locator("[data-cut]").first).to_have_attribute("data-cut", second)
    expect(film.locator(f"#down-{first}")).to_be_focused()
    expect(film.get_by_role("status").filter(has_text="is number 2 of 2 now")).to_have_count(1)

    film.get_by_role("link", name="Add clips…").click()
    film.get_by_role("checkbox").first.check()
    film.get_by_role("button", name="Add to the film").click()
    film.locator(f"#remove-{cut(film, 3)}").click()
    expect(film.locator("[data-cut]")).to_have_count(2)
    expect(film.locator("#film-order-title")).to_be_focused()
    film.evaluate("window.notReloaded = true")

    film.locator(f"#trim-{first} > summary").click()
    film.locator(f"#from-{first}").fill("1.5")
    expect(film.locator(f"#cut-{first}-start")).to_have_value("1.5")
    film.locator(f"#cut-{first}-crossfade").fill("half")
    film.locator(f"#save-{first}").click()
    expect(film.get_by_text("“half” is no time")).to_be_visible()
    film.locator(f"#cut-{first}-crossfade").fill("0.5 s")
    film.locator(f"#save-{first}").click()
    expect(film.locator("#film-length")).to_have_text("0:04")
    expect(film.locator("#film-how")).to_contain_text("is faded in over the piece before it")

    film.locator("#film-title > summary").click()
    film.get_by_label("Title card", exact=True).fill("The ferry")
    film.locator("#film-sound > summary").click()
    track = tmp_path / "song.wav"
    track.write_bytes(wav_bytes(3.0))
    film.get_by_label("Music or voice").set_input_files(track)
    film.locator("#save-settings").click()
    expect(film.locator("#film-length")).to_have_text("0:07")
    expect(film.locator("#film-sound")).to_contain_text("song.wav")
    assert film.evaluate("window.notReloaded")
    look(film, "film before rendering")

    film.get_by_role("button", name="Render the film").click()
    expect(film.locator('[data-film][data-status="ready"]')).to_be_visible(timeout=60_000)
    video = film.locator("#film-stage video")
    assert video.evaluate(PLAYED) > 0
    position, seekable, duration = video.evaluate(SOUGHT)
    assert position == pytest.approx(2, abs=0.05)
    assert seekable == pytest.approx(duration) == pytest.approx(3 + 3 + 1.5 - 0.5, abs=0.1)
    look(film, "film")
    film.emulate_media(color_scheme="dark")
    look(film, "film in the dark")

    film.locator("#film-exports > summary").click()
    with film.expect_download() as download:
        film.get_by_role("link", name="Edit list .edl").click()
    edits = Path(download.value.path()).read_text()
    assert re.search(r"^TITLE: The ferry", edits, re.MULTILINE | re.IGNORECASE)
    with film.expect_download() as download:
        film.get_by_role("link", name="Download MP4").click()
    assert Path(download.value.path()).read_bytes()[4:8] == b"ftyp"

    film.get_by_role("navigation", name="Rooms").get_by_role("link", name="Films").click()
    expect(film.locator('[data-film][data-status="ready"]')).to_have_count(1)
    look(film, "films")
