"""Real pollers, really killed, at every named point of a clip's life (promises P1, P2 and P3)."""

import signal
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from projects.poller.failpoints import NAMES
from projects.simulator.app import Simulator
from tests.poller.studio import SHORTEST, SIGKILLED, Studio, wait_until, whole

pytestmark = pytest.mark.kill

ASKS = {*((back_end, "intent") for back_end in SHORTEST), ("vertex_veo", "posted")}
"""Killed after the intent was committed, and before its answer was kept where Google lists nothing:
nobody can know, so a person is asked."""
WHILE_OPEN = {"ref_kept", "ref_saved"}
"""Only where the request stays open until the video is made, and its answer begins with a name."""
JOINING = {"joined"}
"""Only where a clip has several parts."""
ASKED_LATER = {"polled", "done_saved"}
"""There only after an answer that broke off."""
CASES = [
    (back_end, point)
    for back_end in SHORTEST
    for point in NAMES
    if point not in JOINING and (point not in WHILE_OPEN or back_end == "gemini_omni")
]
INSIDE_AND_BETWEEN = [
    ("gemini_omni_long", "posted:2"),
    ("gemini_omni_long", "joined"),
    ("gemini_omni_long", "ready_saved"),
    *(
        pytest.param(back_end, point, marks=pytest.mark.full)
        for back_end, points in {
            "gemini_omni_long": ("intent:2", "ref_saved:3", "mid_download:3", "published:3", "ready_saved:2"),
            "gemini_veo_long": ("posted:2", "joined", "ready_saved"),
            "vertex_veo_long": ("intent:3", "evidence:2", "ready_saved"),
        }.items()
        for point in points
    ),
]
"""Places in the second and third part of a long clip, and between two of them."""


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Studio]:
    """One clip asked for on each back end, made once."""

    @cache
    def seeded(back_end: str) -> Studio:
        studio = Studio(tmp_path_factory.mktemp(back_end), "")
        studio.seed(1, back_end)
        return studio

    return seeded


@pytest.fixture
def back_end() -> str:
    return "gemini_veo"


@pytest.fixture
def studio(
    seeded: Callable[[str], Studio], simulator: Simulator, tmp_path: Path, back_end: str
) -> Iterator[Studio]:
    studio = seeded(back_end).copy_to(tmp_path / "studio", simulator.url)
    yield studio
    studio.check(simulator)


@pytest.mark.parametrize(("back_end", "point"), CASES)
def test_a_killed_poller_neither_pays_twice_nor_loses_the_clip(
    studio: Studio, simulator: Simulator, back_end: str, point: str
) -> None:
    if back_end == "gemini_omni" and point in ASKED_LATER:
        simulator.script("submit", "cut_after_id")
    assert studio.drain(kill_at=point) == [SIGKILLED]
    studio.check(simulator)
    studio.let_leases_run_out()
    assert studio.drain() == [0]
    assert studio.statuses() == ["unconfirmed" if (back_end, point) in ASKS else "ready"]
    assert simulator.charged == (0 if point == "intent" else 1)
    assert simulator.counts.get("submit", 0) <= 1
    leftovers = [path.name for path in studio.media.glob(".incoming/*")]
    assert len(leftovers) <= 1


@pytest.mark.parametrize(("back_end", "point"), INSIDE_AND_BETWEEN)
def test_a_long_clip_survives_a_kill_inside_and_between_its_parts(
    studio: Studio, simulator: Simulator, back_end: str, point: str
) -> None:
    assert studio.drain(kill_at=point) == [SIGKILLED]
    studio.check(simulator)
    studio.let_leases_run_out()
    assert studio.drain() == [0]
    paid = simulator.charged
    assert simulator.counts["submit"] == paid
    if point.startswith("intent"):  # nobody can know whether it was sent, so a person is asked
        assert studio.statuses() == ["unconfirmed"]
        assert paid == int(point[-1]) - 1
        return
    assert studio.statuses() == ["ready"]
    assert paid == 3
    [(name, seconds)] = studio.rows("SELECT video, duration_seconds FROM projects_clip")
    made = whole((studio.media / name).read_bytes())
    assert made.duration_seconds == pytest.approx(seconds, abs=0.1)


def test_a_download_that_was_killed_goes_on_where_it_stopped(studio: Studio, simulator: Simulator) -> None:
    studio.drain(kill_at="mid_download")
    studio.let_leases_run_out()
    studio.drain()
    ranges = [request.headers.get("range") for request in simulator.requests if request.route == "media"]
    assert ranges[0] is None
    assert ranges[-1] is not None
    assert ranges[-1].startswith("bytes=")


def test_a_poller_frozen_past_its_lease_changes_nothing_when_it_wakes(
    studio: Studio, simulator: Simulator
) -> None:
    simulator.script("submit", "slow", seconds=1.5)
    frozen = studio.start()
    try:
        wait_until(lambda: simulator.counts.get("submit", 0) == 1)
        studio.freeze(frozen)
        wait_until(lambda: simulator.charged == 1)
        studio.let_leases_run_out()
        assert studio.drain() == [0]
        assert studio.statuses() == ["ready"]
        before = studio.rows("SELECT state, fence, remote_ref, finished_at FROM projects_operation")
        frozen.send_signal(signal.SIGCONT)
        wait_until(lambda: "dropped" in studio.log)
        frozen.terminate()
        assert frozen.wait(20) == 0
        assert studio.rows("SELECT state, fence, remote_ref, finished_at FROM projects_operation") == before
    finally:
        frozen.kill()
        frozen.wait()
    assert simulator.counts["submit"] == 1
    (evidence,) = studio.rows("SELECT outcome, remote_ref FROM projects_submission")
    assert evidence == ("accepted", before[0][2])


@pytest.mark.parametrize("back_end", ["vertex_veo", "gemini_omni"])
def test_what_a_frozen_poller_hears_when_it_wakes_still_finds_the_clip(
    studio: Studio, simulator: Simulator, back_end: str
) -> None:
    """Where Google lists nothing, the late answer is the only one that names the paid work."""
    simulator.script("submit", "slow", seconds=1.5)
    frozen = studio.start()
    try:
        wait_until(lambda: simulator.counts.get("submit", 0) == 1)
        studio.freeze(frozen)
        wait_until(lambda: simulator.charged == 1)
        studio.let_leases_run_out()
        assert studio.drain() == [0]
        assert studio.statuses() == ["unconfirmed"]
        frozen.send_signal(signal.SIGCONT)
        wait_until(lambda: studio.rows("SELECT remote_ref FROM projects_submission") != [("",)])
        frozen.terminate()
        assert frozen.wait(20) == 0
    finally:
        frozen.kill()
        frozen.wait()
    assert studio.drain() == [0]
    assert studio.statuses() == ["ready"]
    assert simulator.counts["submit"] == simulator.charged == 1


@pytest.mark.parametrize("back_end", SHORTEST)
def test_a_request_may_stay_open_for_longer_than_the_lease(
    studio: Studio, simulator: Simulator, back_end: str
) -> None:
    simulator.script("submit", "slow", seconds=3)
    assert studio.drain(pollers=2) == [0, 0]
    assert studio.statuses() == ["ready"]
    assert simulator.counts["submit"] == 1
    assert studio.rows("SELECT count(*) FROM projects_event WHERE after = 'unconfirmed'") == [(0,)]


def test_two_pollers_share_the_work_and_pay_for_each_clip_once(
    simulator: Simulator, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    studio = Studio(tmp_path / "many", simulator.url)
    studio.folder.mkdir()
    studio.seed(12)
    assert studio.drain(pollers=2) == [0, 0]
    studio.check(simulator)
    assert studio.statuses() == ["ready"] * 12
    assert simulator.counts["submit"] == simulator.charged == 12


class TestStopping:
    def test_the_first_signal_lets_the_paid_request_finish(
        self, studio: Studio, simulator: Simulator
    ) -> None:
        simulator.script("submit", "slow", seconds=1.5)
        with studio.start() as poller:
            wait_until(lambda: simulator.counts.get("submit", 0) == 1)
            poller.terminate()
            assert poller.wait(20) == 0
        assert studio.rows("SELECT state, owner FROM projects_operation") == [("running", "")]

    def test_a_download_is_put_down_at_once_and_resumed_later(
        self, studio: Studio, simulator: Simulator
    ) -> None:
        simulator.script("media", "drip", seconds=1)
        with studio.hurried(), studio.start() as poller:
            wait_until(lambda: simulator.counts.get("media", 0) == 1)
            wait_until(lambda: any(part.stat().st_size for part in studio.media.glob(".incoming/*.part")))
            started = time.monotonic()
            poller.terminate()
            assert poller.wait(20) == 0
            assert time.monotonic() - started < 5
        assert studio.rows("SELECT state, owner FROM projects_operation") == [("downloading", "")]
        studio.drain()
        assert studio.statuses() == ["ready"]
        assert simulator.requests[-1].headers.get("range", "").startswith("bytes=")

    def test_the_second_signal_forces_and_leaves_an_honest_question(
        self, studio: Studio, simulator: Simulator
    ) -> None:
        simulator.script("submit", "slow", seconds=20)
        with studio.start() as poller:
            wait_until(lambda: simulator.counts.get("submit", 0) == 1)
            poller.terminate()
            time.sleep(0.3)
            poller.terminate()
            assert poller.wait(5) == -signal.SIGTERM
        simulator.clear()
        studio.let_leases_run_out()
        assert studio.run("--once") == 0
        assert studio.statuses() == ["unconfirmed"]

    def test_drain_says_when_it_ran_out_of_time(self, studio: Studio, simulator: Simulator) -> None:
        simulator.script("poll", "drop", times=None)
        assert studio.run("--drain", "--timeout", "1") == 1

    def test_once_does_what_is_due_and_exits(self, studio: Studio, simulator: Simulator) -> None:
        assert studio.run("--once") == 0
        assert studio.statuses() == ["generating"]
