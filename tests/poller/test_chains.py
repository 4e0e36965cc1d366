"""Clips of several parts on each of Google's wires: each paid once, and never lost (P1, P2)."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from projects.models import CONTINUE, EXTEND, NEW, Clip, Operation
from projects.montage.copy import difference
from projects.montage.reel import Piece
from projects.montage.scan import scan
from projects.poller.loop import Poller
from projects.simulator.app import Simulator
from projects.video import inspect
from tests.poller.conftest import age, skip_waits

pytestmark = pytest.mark.django_db

Ask = Callable[..., Clip]
Finish = Callable[[Clip], Clip]

LONG: dict[str, tuple[dict[str, Any], list[tuple[str, int]]]] = {
    "gemini_veo": (
        {"model": "veo-3.1-fast-generate-preview", "resolution": "720p"},
        [(NEW, 4), (EXTEND, 7), (CONTINUE, 4)],
    ),
    "vertex_veo": (
        {"model": "veo-3.1-fast-generate-001", "resolution": "720p"},
        [(NEW, 4), (EXTEND, 7), (CONTINUE, 4)],
    ),
    "gemini_omni": (
        {"model": "gemini-omni-1.2-flash", "resolution": "360p"},
        [(NEW, 3), (EXTEND, 3), (CONTINUE, 3)],
    ),
}

ONWARD = {"method": CONTINUE, "seconds": 3, "prompt": "It goes on", "price_micros": 300_000}


def parts_of(back_end: str, *prompts: str) -> list[dict[str, Any]]:
    _, plan = LONG[back_end]
    words = [*prompts, *["It goes on"] * len(plan)]
    return [
        {"method": method, "seconds": seconds, "prompt": prompt, "price_micros": seconds * 100_000}
        for (method, seconds), prompt in zip(plan, words, strict=False)
    ]


@pytest.fixture(
    params=["gemini_omni", *(pytest.param(name, marks=pytest.mark.full) for name in list(LONG)[:2])]
)
def back_end(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ask_long(ask: Ask, back_end: str) -> Ask:
    def ask_long(*prompts: str) -> Clip:
        settings, plan = LONG[back_end]
        parts = parts_of(back_end, *prompts)
        return ask(**settings, duration_seconds=sum(seconds for _, seconds in plan), parts=parts)

    return ask_long


def test_the_parts_become_one_video_and_each_is_paid_once(
    ask_long: Ask, finish: Finish, simulator: Simulator, back_end: str
) -> None:
    clip = finish(ask_long("A door"), steps=120)  # type: ignore[call-arg]
    planned = sum(seconds for _, seconds in LONG[back_end][1])
    assert clip.status == "ready"
    assert simulator.charged == simulator.counts["submit"] == 3
    info = inspect(Path(clip.video.path))
    assert info.duration_seconds == pytest.approx(planned, abs=0.1)
    assert info.frames == pytest.approx(planned * 24, abs=2)
    assert info.audio_codec == "aac"
    assert clip.seconds == info.duration_seconds
    assert clip.price_micros == planned * 100_000
    first, second, third = clip.operations.all()
    assert second.seconds == pytest.approx(first.seconds + LONG[back_end][1][1][1], abs=0.1)
    assert [laid.start for laid in clip.chain.laid] == pytest.approx([0, first.seconds, second.seconds])
    joined = [scan(_piece(one)) for one in (second, third)]
    assert difference(joined) == ""  # so that nothing was encoded again


def _piece(operation: Operation) -> Piece:
    unknown: dict[str, Any] = dict.fromkeys(("width", "height", "fps", "frames", "seconds"), 0)
    return Piece(path=Path(operation.file.path), name=str(operation.part), **unknown)


def test_a_part_that_is_held_back_leaves_what_was_made_and_is_made_anew(
    ask_long: Ask, finish: Finish, simulator: Simulator, alice: User, back_end: str
) -> None:
    clip = finish(ask_long("A door", "Somebody famous [sim:filtered]"))
    assert (clip.status, clip.operation.part.number) == ("filtered", 2)
    assert inspect(Path(clip.video.path)).duration_seconds == pytest.approx(LONG[back_end][1][0][1], abs=0.1)
    clip.chain.go_on(alice, parts_of(back_end, "A door", "Nobody at all")[1:])
    clip = finish(clip)
    assert clip.status == "ready"
    assert simulator.charged == 4
    assert clip.seconds == pytest.approx(sum(seconds for _, seconds in LONG[back_end][1]), abs=0.1)


@pytest.mark.parametrize("back_end", ["gemini_omni"])
def test_a_stopped_clip_is_ready_with_what_it_has(
    ask_long: Ask, finish: Finish, simulator: Simulator, alice: User, poller: Poller
) -> None:
    clip = ask_long("A door")
    clip.chain.stop(alice)
    clip = finish(clip)
    assert (clip.status, simulator.charged) == ("ready", 1)
    assert clip.seconds == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("back_end", ["gemini_veo"])
def test_an_extension_of_what_google_no_longer_keeps_is_not_sent(
    ask_long: Ask, finish: Finish, simulator: Simulator, alice: User, back_end: str
) -> None:
    clip = ask_long("A door")
    clip.chain.stop(alice)
    clip = finish(clip)
    age(clip, by=dt.timedelta(hours=49))
    clip.chain.go_on(alice, parts_of(back_end)[1:])
    clip = finish(clip)
    assert (clip.status, clip.operation.reason) == ("failed", "source_gone")
    assert clip.operation.charged_micros == 0
    assert simulator.charged == 1
    assert clip.watchable
    clip.chain.go_on(alice, [{**ONWARD, "seconds": 4}])
    clip = finish(clip)
    assert clip.status == "ready"
    assert clip.seconds == pytest.approx(8, abs=0.1)


class TestAFileThatIsRuinedHere:
    @pytest.mark.parametrize("back_end", ["gemini_omni"])
    def test_a_part_is_not_begun_from_a_frame_that_cannot_be_read(
        self, ask_long: Ask, finish: Finish, alice: User, simulator: Simulator
    ) -> None:
        clip = finish(ask_long("A door", "Somebody [sim:filtered]"))
        Path(clip.made.file.path).write_bytes(b"ruined on our disk")
        clip.chain.go_on(alice, [ONWARD])
        clip = finish(clip)
        assert (clip.status, clip.operation.charged_micros) == ("failed", 0)
        assert simulator.charged == 2

    def test_a_part_that_cannot_be_joined_to_it_is_saved_and_said(
        self, ask: Ask, finish: Finish, simulator: Simulator, poller: Poller
    ) -> None:
        settings, _ = LONG["gemini_omni"]
        clip = ask(**settings, duration_seconds=6, parts=[{**ONWARD, "method": NEW}, ONWARD])
        while Operation.objects.filter(part__position=1, state="downloading").count() == 0:
            skip_waits()
            assert poller.step()
        Path(clip.made.file.path).write_bytes(b"ruined on our disk")
        clip = finish(clip)
        assert (clip.status, clip.operation.reason) == ("failed", "not_joined")
        assert "part 1" in clip.operation.sentence
        assert inspect(Path(clip.operation.file.path)).duration_seconds == pytest.approx(3, abs=0.1)
        assert simulator.charged == 2
