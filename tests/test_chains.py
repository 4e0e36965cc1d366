"""A length beyond one generation, planned as a chain."""

import time
from collections.abc import Sequence
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.chains import CONTINUE, EXTEND, LONGEST, NEW, Plan, limits, plan
from projects.dealing import deal
from projects.prompts import Scene
from projects.veo.catalog import CATALOG, Model

VEO = CATALOG.by_id["veo-3.1-generate-001"]
LITE = CATALOG.by_id["veo-3.1-lite-generate-001"]
OLD_VEO = CATALOG.by_id["veo-3.1-generate-preview"]
OMNI = CATALOG.by_id["gemini-omni-1.2-flash"]

KINDS = [(model, resolution) for model in CATALOG.models for resolution in model.resolutions]


def steps(found: Plan) -> list[tuple[str, int]]:
    return [(part.method, part.seconds) for part in found.parts]


def a_dialogue(*ends: float) -> tuple[Scene, ...]:
    """One scene after the other, each with its own line."""
    starts = (0.0, *ends)
    return tuple(
        Scene(start=start, end=end, speaker="Mara", line=f"Line {number}.", action="She turns.")
        for number, (start, end) in enumerate(zip(starts, ends, strict=False), 1)
    )


def times(scenes: Sequence[Scene]) -> list[tuple[float, float]]:
    return [(scene.start, scene.end) for scene in scenes]


def said(found: Plan) -> list[list[str]]:
    return [[scene.line for scene in part.scenes if scene.line] for part in found.parts]


# --- lengths and methods ---


@pytest.mark.parametrize(("model", "seconds"), [(VEO, 8), (VEO, 4), (OMNI, 15), (OMNI, 11)])
def test_what_one_generation_makes_is_one_part(model: Model, seconds: int) -> None:
    found = plan(model, resolution="720p", seconds=seconds)
    assert steps(found) == [(NEW, seconds)]
    assert (found.seconds, found.segments, found.reasons) == (seconds, 1, ())


def test_veo_is_extended_by_sevens() -> None:
    found = plan(VEO, resolution="720p", seconds=36)
    assert steps(found) == [(NEW, 8), (EXTEND, 7), (EXTEND, 7), (EXTEND, 7), (EXTEND, 7)]
    assert [part.start for part in found.parts] == [0, 8, 15, 22, 29]
    assert found.segments == 1


def test_what_is_longer_than_an_extension_may_be_starts_afresh() -> None:
    found = plan(VEO, resolution="720p", seconds=60)
    assert (found.seconds, found.reasons) == (60, ())
    assert [part.method for part in found.parts].count(CONTINUE) == found.segments - 1 == 2


def test_where_nothing_is_extended_each_part_starts_from_the_last_frame() -> None:
    found = plan(VEO, resolution="1080p", seconds=24)
    assert steps(found) == [(NEW, 8), (CONTINUE, 8), (CONTINUE, 8)]


def test_of_equal_parts_the_shorter_comes_last() -> None:
    assert steps(plan(LITE, resolution="720p", seconds=20)) == [(NEW, 8), (CONTINUE, 8), (CONTINUE, 4)]


def test_omni_goes_on_in_the_same_interaction_up_to_its_limit() -> None:
    found = plan(OMNI, resolution="720p", seconds=60)
    assert steps(found) == [
        (NEW, 10),
        (EXTEND, 10),
        (EXTEND, 10),
        (CONTINUE, 10),
        (EXTEND, 10),
        (EXTEND, 10),
    ]


def test_pictures_that_need_the_longest_length_get_it_in_the_first_part() -> None:
    assert steps(plan(VEO, resolution="720p", seconds=11))[0] == (NEW, 4)
    found = plan(VEO, resolution="720p", seconds=11, full_first=True)
    assert steps(found) == [(NEW, 8), (CONTINUE, 4)]
    assert found.reasons == ("11 s cannot be made exactly in 720p: 12 s is the nearest.",)


def test_pictures_make_no_difference_where_they_need_nothing() -> None:
    assert steps(plan(OMNI, resolution="720p", seconds=4, full_first=True)) == [(NEW, 4)]


@pytest.mark.parametrize(
    ("resolution", "asked", "made"),
    [("1080p", 60, 56), ("720p", 5, 4), ("720p", 7.5, 8), ("720p", 1, 4), ("1080p", 12, 8)],
)
def test_what_cannot_be_reached_is_rounded_and_said(resolution: str, asked: float, made: int) -> None:
    found = plan(VEO, resolution=resolution, seconds=asked)
    assert found.seconds == made
    assert found.reasons == (f"{asked:g} s cannot be made exactly in {resolution}: {made} s is the nearest.",)


def test_no_clip_is_longer_than_the_longest() -> None:
    found = plan(OMNI, resolution="720p", seconds=600)
    assert found.seconds == LONGEST
    assert found.reasons == ("600 s is too long: a clip has 150 s at most.",)


# --- prices ---


def test_every_part_has_its_price() -> None:
    found = plan(VEO, resolution="720p", seconds=15)
    assert [part.price_micros for part in found.parts] == [3_200_000, 2_800_000]
    assert found.price_micros == 6_000_000
    assert plan(VEO, resolution="720p", seconds=15, audio=False).price_micros == 3_000_000


def test_what_is_extended_counts_as_input_where_google_counts_it() -> None:
    found = plan(OMNI, resolution="720p", seconds=30)
    second = OMNI.prices["720p"]
    assert [part.price_micros for part in found.parts] == [
        10 * second,
        10 * second + 10 * OMNI.source_price,
        10 * second + 20 * OMNI.source_price,
    ]


# --- scenes ---


def test_parts_end_where_scenes_end() -> None:
    found = plan(OMNI, resolution="720p", seconds=24, scenes=a_dialogue(5, 14, 19, 24))
    assert [part.start for part in found.parts] == [0, 14]
    assert said(found) == [["Line 1.", "Line 2."], ["Line 3.", "Line 4."]]
    assert times(found.parts[1].scenes) == [(0, 5), (5, 10)]


def test_a_scene_goes_to_the_part_that_holds_most_of_it_and_fills_it() -> None:
    first, second = deal(a_dialogue(5, 10, 16), [8, 8])
    assert times(first) == [(0, 4), (4, 8)]
    assert times(second) == [(0, 8)]


def test_a_pause_that_was_written_stays() -> None:
    scenes = (Scene(start=2, end=4, line="One."), Scene(start=10, end=12, line="Two."))
    first, second = deal(scenes, [8, 8])
    assert times(first) == [(2, 4)]
    assert times(second) == [(2, 4)]


def test_a_scene_in_the_middle_of_two_parts_goes_to_the_earlier() -> None:
    first, second = deal(a_dialogue(6, 10, 16), [8, 8])
    assert [scene.line for scene in first] == ["Line 1.", "Line 2."]
    assert times(second) == [(0, 8)]


def test_a_long_scene_goes_on_in_the_next_parts_with_its_line_said_once() -> None:
    scene = Scene(
        start=0, end=20, speaker="Mara", line="Wait.", delivery="calmly", action="Waves roll.", camera="Wide."
    )
    first, second, third = deal([scene], [8, 8, 4])
    assert first == (
        Scene(
            start=0,
            end=8,
            speaker="Mara",
            line="Wait.",
            delivery="calmly",
            action="Waves roll.",
            camera="Wide.",
        ),
    )
    assert second == (Scene(start=0, end=8, action="Goes on: Waves roll.", camera="Wide."),)
    assert third == (Scene(start=0, end=4, action="Goes on: Waves roll.", camera="Wide."),)


def test_a_script_fills_the_length_that_could_be_made() -> None:
    found = plan(VEO, resolution="1080p", seconds=60, scenes=a_dialogue(*range(5, 61, 5)))
    assert found.seconds == 56
    assert list(chain(*said(found))) == [f"Line {number}." for number in range(1, 13)]
    assert all(part.scenes and part.scenes[-1].end == 8 for part in found.parts)


def test_a_script_of_one_part_stays_as_it_was_written() -> None:
    scenes = (Scene(start=0.5, end=2, line="One."), Scene(start=4, end=6.5, line="Two."))
    assert plan(VEO, resolution="720p", seconds=8, scenes=scenes).parts[0].scenes == scenes


def test_no_line_is_lost_among_more_scenes_than_there_is_time_for() -> None:
    found = plan(VEO, resolution="720p", seconds=4, scenes=a_dialogue(*range(1, 61)))
    assert list(chain(*said(found))) == [f"Line {number}." for number in range(1, 61)]


@st.composite
def scripts(draw: st.DrawFn) -> tuple[Scene, ...]:
    """Up to sixty seconds of scenes in order, some with pauses between, some without a line."""
    scenes: list[Scene] = []
    at = 0
    for number in range(draw(st.integers(0, 30))):
        start = at + draw(st.sampled_from([0, 0, 0, 1, 5]))
        at = start + draw(st.integers(1, 24))
        if at > 120:
            break
        line = f"Line {number}." if draw(st.booleans()) else ""
        scenes.append(Scene(start=start / 2, end=at / 2, line=line, action="She turns."))
    return tuple(scenes)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(KINDS), seconds=st.integers(1, 160), full=st.booleans(), scenes=scripts())
def test_google_takes_every_part_and_no_line_is_lost(
    kind: tuple[Model, str], seconds: int, full: bool, scenes: tuple[Scene, ...]
) -> None:
    model, resolution = kind
    found = plan(model, resolution=resolution, seconds=seconds, full_first=full, scenes=scenes)
    assert 1 <= found.seconds <= LONGEST
    assert (found.seconds == seconds) == (not found.reasons)
    at = segment = 0
    for part in found.parts:
        assert not _refusals(model, resolution, part.method, part.seconds, segment)
        assert (part.start, part.method == NEW) == (at, at == 0)
        assert part.price_micros > 0
        at, segment = at + part.seconds, part.seconds + (segment if part.method == EXTEND else 0)
        assert all(0 <= scene.start < scene.end <= part.seconds for scene in part.scenes)
        assert all(time * 2 == int(time * 2) for pair in times(part.scenes) for time in pair)
    assert list(chain(*said(found))) == [scene.line for scene in scenes if scene.line]


def _refusals(model: Model, resolution: str, method: str, seconds: int, segment: int) -> dict[str, str]:
    extends = method == EXTEND
    return model.refusals(
        aspect_ratio="16:9",
        resolution=resolution,
        duration_seconds=seconds,
        task="extend" if extends else "",
        seed_image=method == CONTINUE,
        source_seconds=segment if extends else 0,
    )


# --- words and time ---


def test_it_says_how_long_clips_are_made() -> None:
    assert limits(VEO, "720p") == (
        "Veo 3.1 extends a clip by 7 s up to 37 s; what is longer is joined from several."
    )
    assert limits(VEO, "1080p") == (
        "Veo 3.1 extends in 720p only, so at 1080p each part starts from the last frame of the one before."
    )
    assert limits(OMNI, "4k").startswith("Gemini Omni 1.2 Flash extends a clip by 3 to 10 s up to 30 s;")
    assert limits(LITE, "720p") == (
        "Veo 3.1 Lite extends no clips, so each part of a longer clip starts from the last frame of the "
        "one before."
    )


@pytest.mark.parametrize("model", [VEO, OLD_VEO, OMNI, CATALOG.by_id["gemini-omni-1.1-flash"]])
def test_a_plan_is_made_while_somebody_types(model: Model) -> None:
    scenes = a_dialogue(*(3.5 * number for number in range(1, 44)))
    began = time.process_time()
    plan(model, resolution="720p", seconds=LONGEST, scenes=scenes)
    assert time.process_time() - began < 0.5, "much slower than the 0.05 s that it takes"
