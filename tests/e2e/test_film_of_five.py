"""A film of five clips with a title and a crossfade: what it is handed over with matches its frames."""

import re
from collections.abc import Iterable
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Page, expect

from tests.e2e.conftest import card, choose
from tests.e2e.test_films import cut, pick_all
from tests.e2e.test_main_job import SOUGHT
from tests.e2e.test_scenes import open_scenes, paste
from tests.test_editlist import read, seen

FPS = 24
TITLE = 3 * FPS
"""Frames of the title card, the form's own length."""
FADE = FPS // 2


def generate_takes(page: Page, takes: int, line: str) -> None:
    paste(page, f"0:00-0:03 Mara: {line}")
    expect(page.locator("fieldset.scene").first.get_by_label("Line", exact=True)).to_have_value(line)
    choose(page, "Takes", str(takes))
    page.locator("#generate").click()


@pytest.fixture
def film(screen: Page) -> Page:
    """Five clips of 3 s in which Mara says one line, the third faded in; rendered."""
    open_scenes(screen)
    generate_takes(screen, 4, "The boat is late.")
    expect(card(screen, "ready")).to_have_count(4, timeout=60_000)
    generate_takes(screen, 1, "There it is.")
    expect(card(screen, "ready")).to_have_count(5, timeout=60_000)
    pick_all(screen, "The late boat")
    screen.get_by_role("button", name="Create the film").click()
    third = cut(screen, 3)
    screen.locator(f"#trim-{third} > summary").click()
    screen.locator(f"#cut-{third}-crossfade").fill("0.5")
    screen.locator(f"#save-{third}").click()
    expect(screen.locator("#film-how")).to_contain_text("is faded in over the piece before it")
    screen.locator("#film-title > summary").click()
    screen.get_by_label("Title card", exact=True).fill("The late boat")
    screen.locator("#save-settings").click()
    screen.get_by_role("button", name="Render the film").click()
    expect(screen.locator('[data-film][data-status="ready"]')).to_be_visible(timeout=90_000)
    screen.locator("#film-exports > summary").click()
    return screen


def saved(page: Page, link: str) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    return Path(download.value.path())


def frames_of(path: Path, wanted: Iterable[int]) -> dict[int, Image.Image]:
    """Grey pictures of those frames, counted from 0."""
    numbers = set(wanted)
    with av.open(str(path)) as video:
        return {
            number: frame.to_image().convert("L")
            for number, frame in enumerate(video.decode(video=0))
            if number in numbers
        }


def apart(one: Image.Image, other: Image.Image) -> float:
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


@pytest.mark.full
@pytest.mark.timeout(300)
def test_edit_list_and_captions_of_five_clips_match_the_frames(film: Page, tmp_path: Path) -> None:
    position, seekable, duration = film.locator("#film-stage video").evaluate(SOUGHT)
    assert position == pytest.approx(2, abs=0.05)
    frames = TITLE + 5 * 3 * FPS - FADE
    assert seekable == pytest.approx(duration) == pytest.approx(frames / FPS, abs=0.06)

    listed = seen(read(saved(film, "Edit list .edl").read_text(), "cmx_3600", FPS).video_tracks()[0])
    clips = [place for place in listed if place[1] - place[0] > FPS][-5:]
    starts = [start for start, *_ in clips]
    assert starts == [TITLE + n * 3 * FPS - (FADE if n > 1 else 0) for n in range(5)]
    assert [came_in for *_, came_in in clips] == [0, 0, FADE, 0, 0]
    assert clips[-1][1] == frames

    captions = saved(film, "Captions .vtt").read_text()
    minutes = re.findall(r"^(?:(\d+):)?(\d\d):(\d\d\.\d\d\d) -->", captions, re.MULTILINE)
    times = [int(minute) * 60 + float(second) for _, minute, second in minutes]
    assert times == pytest.approx([start / FPS for start in starts], abs=FADE / FPS)
    assert times[0] == pytest.approx(TITLE / FPS, abs=1 / FPS)

    movie = saved(film, "Download MP4")
    for number, (start, _, source, came_in) in enumerate(clips):
        href = film.locator("[data-cut]").nth(number).get_by_role("link").first.get_attribute("href")
        clip = tmp_path / f"{number}.mp4"
        clip.write_bytes(film.request.get(f"{href}video.mp4").body())
        into = came_in + FPS
        [shown] = frames_of(movie, [start + into]).values()
        near = frames_of(clip, range(source + into - 3, source + into + 4))
        closest = min(near, key=lambda at: apart(near[at], shown))
        assert closest == source + into
