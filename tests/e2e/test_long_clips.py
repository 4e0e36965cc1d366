"""A minute of dialogue on each of Google's wires: planned, priced, killed, watched with its captions."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from projects.video import inspect
from tests.e2e.conftest import Studio, card, choose, choose_model, log_in, new_project
from tests.poller.studio import wait_until

LINES = [
    f"0:{5 * n:02}-{'1:00' if n == 11 else f'0:{5 * n + 5:02}'} {name}: This is line number {n + 1}."
    for n, name in enumerate(["Mara", "Jon"] * 6)
]
SCRIPT = "\n".join(LINES)

WIRES = {
    "gemini_omni": ("Gemini Omni 1.2 Flash", "360p", 6),
    "gemini_veo": ("Veo 3.1 Fast preview", "720p", 9),
    "vertex_veo": ("Veo 3.1 Fast", "720p", 9),
}
"""Model, resolution, and in how many parts it makes a minute."""
EVERY_WIRE = pytest.mark.parametrize(
    "wire",
    ["gemini_omni", *(pytest.param(name, marks=pytest.mark.full) for name in ("gemini_veo", "vertex_veo"))],
    indirect=True,
)


@pytest.fixture
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def here(wire: str, studio: Studio, request: pytest.FixtureRequest) -> Studio:
    """The studio whose credentials reach that wire."""
    return studio if wire != "vertex_veo" else request.getfixturevalue("cloud_studio")


@pytest.fixture
def page(here: Studio, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        base_url=here.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    log_in(page, here, "alice")
    yield new_project(page)
    context.close()


@EVERY_WIRE
@pytest.mark.timeout(240)
def test_a_minute_of_dialogue_survives_two_kills(page: Page, here: Studio, wire: str) -> None:
    model, resolution, count = WIRES[wire]
    if page.locator("#models-summary").inner_text().split("\n")[0] != model:
        choose_model(page, model)
    choose(page, "Resolution", resolution)
    page.locator("#scenes-fold > summary").click()
    page.locator("#paste > summary").click()
    page.get_by_label("Script", exact=True).fill(SCRIPT)
    page.get_by_role("button", name="Make scenes of it").click()
    expect(page.locator("fieldset.scene")).to_have_count(12)
    page.get_by_label("Prompt", exact=True).fill("A harbour at dawn, hand-held camera.")

    plan = page.locator("section.plan")
    expect(plan).to_contain_text(f"Made in {count} parts")
    expect(plan).to_contain_text("1:00")
    plan.locator("#sent-2 > summary").click()
    expect(plan.locator("#sent-2")).to_contain_text("A harbour at dawn")
    expect(plan.locator("#sent-2")).to_contain_text(' says: "This is line number ')
    price = str(plan.locator(".facts-line span").nth(1).inner_text()).removeprefix("about ")
    expect(page.locator("#generate")).to_have_text(f"Generate · about {price}")

    before = here.simulator.charged
    page.locator("#generate").click()
    expect(card(page, "ready").or_(page.locator("[data-clip]"))).to_have_count(1)
    for parts in (1, 3):  # not while a request is being sent: nobody could know then, and a person is asked
        wait_until(lambda parts=parts: made(here) >= parts and generating(here), seconds=90)
        kill_the_poller(here)
    expect(card(page, "ready")).to_have_count(1, timeout=150_000)
    assert here.simulator.charged - before == count

    card(page, "ready").get_by_role("heading").get_by_role("link").click()
    check_what_is_shown(page, count)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    assert inspect(Path(download.value.path())).duration_seconds == pytest.approx(60, abs=0.2)


def check_what_is_shown(page: Page, count: int) -> None:
    """One video of a minute that can be sought in, with each line at its time."""
    expect(page.locator(".parts")).to_contain_text(f"{count} of {count} made")
    video = page.locator("video")
    assert duration(page) == pytest.approx(60, abs=0.2)
    assert video.evaluate("v => v.seekable.end(0)") == pytest.approx(60, abs=0.2)
    video.evaluate("v => { v.textTracks[0].mode = 'showing' }")
    page.wait_for_function("document.querySelector('video').textTracks[0].cues?.length >= 12")
    cues = video.evaluate("v => [...v.textTracks[0].cues].map(cue => [cue.startTime, cue.endTime, cue.text])")
    said = [text.partition(">")[2].partition("<")[0] or text for _, _, text in cues]
    assert said == [f"This is line number {n + 1}." for n in range(12)]
    starts = [start for start, _, _ in cues]
    assert starts == sorted(starts)
    for n, (start, end, _) in enumerate(cues):
        assert abs((start + end) / 2 - (5 * n + 2.5)) < 5  # at most a part's border away from the script
    assert cues[-1][1] <= 60.2
    middle = (cues[7][0] + cues[7][1]) / 2
    video.evaluate("(v, at) => new Promise(done => { v.onseeked = done; v.currentTime = at })", middle)
    page.wait_for_function("document.querySelector('video').textTracks[0].activeCues.length === 1")
    shown = video.evaluate("v => v.textTracks[0].activeCues[0].text")
    assert "line number 8." in shown


@EVERY_WIRE
def test_a_part_that_is_held_back_is_changed_and_the_clip_goes_on(
    page: Page, here: Studio, wire: str
) -> None:
    model, resolution, _ = WIRES[wire]
    first, length = (10, "0:20") if wire == "gemini_omni" else (4, "11")
    if page.locator("#models-summary").inner_text().split("\n")[0] != model:
        choose_model(page, model)
    choose(page, "Resolution", resolution)
    if wire == "gemini_omni":
        page.get_by_label("Length").select_option("longer")
    else:
        choose(page, "Length", "Longer…")
    expect(page.get_by_label("How long")).not_to_have_value("")
    page.get_by_label("How long").fill(length)
    page.get_by_label("How long").blur()
    expect(page.locator("section.plan .facts-line")).to_contain_text(
        "0:20" if wire == "gemini_omni" else "0:11"
    )
    before = here.simulator.charged
    page.get_by_label("Prompt", exact=True).fill("A door\n\nSomebody famous opens it [sim:filtered]")
    page.locator("#generate").click()
    expect(card(page, "filtered")).to_have_count(1, timeout=60_000)
    card(page, "filtered").get_by_role("heading").get_by_role("link").click()
    expect(page.locator(".told")).to_contain_text("Part 2 of 2: Google's safety filter held it back")
    assert duration(page) == pytest.approx(first, abs=0.1)

    page.get_by_role("link", name="Go on with part 2…").click()
    page.get_by_label("Prompt of part 2").fill("The wind opens it")
    page.get_by_role("button", name="Make part 2").first.click()
    expect(page.locator("main [data-clip]").first).to_have_attribute("data-status", "ready", timeout=60_000)
    assert here.simulator.charged - before == 3
    expect(page.locator(".parts")).to_contain_text("2 of 2 made")
    assert duration(page) == pytest.approx(20 if wire == "gemini_omni" else 11, abs=0.1)


def duration(page: Page) -> float:
    """Of the video on a clip's page, in seconds, as the browser tells it."""
    video = page.locator("video")
    video.evaluate("v => new Promise(done => v.readyState ? done() : v.onloadedmetadata = done)")
    return float(video.evaluate("v => v.duration"))


def made(studio: Studio) -> int:
    """Parts of the newest clip whose video is saved."""
    [(count,)] = studio.rows(
        f"SELECT count(*) FROM projects_operation WHERE state = 'succeeded' AND {NEWEST}"
    )
    return int(count)


def generating(studio: Studio) -> bool:
    """Whether Google has named the part at work and is still making it."""
    return bool(studio.rows(f"SELECT 1 FROM projects_operation WHERE state = 'running' AND {NEWEST}"))


NEWEST = "clip_id = (SELECT id FROM projects_clip ORDER BY asked_at DESC LIMIT 1)"


def kill_the_poller(studio: Studio) -> None:
    """With SIGKILL; web server and supervisor end with it, and all are started again."""
    group = studio.process.pid
    children = Path(f"/proc/{group}/task/{group}/children").read_text().split()
    [poller] = [
        int(pid) for pid in children if b"poll" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    ]
    os.kill(poller, signal.SIGKILL)
    studio.process.wait(30)
    studio.start()
