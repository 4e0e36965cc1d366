"""The catalog: every row is whole, and what Google would refuse is refused by it first (promise P7)."""

import dataclasses
import datetime as dt
from typing import Any

import pytest

from projects.veo.catalog import (
    BACK_ENDS,
    CATALOG,
    EDIT,
    EXTEND,
    GEMINI_OMNI,
    GEMINI_VEO,
    VERTEX_VEO,
    Catalog,
    Model,
    read_catalog,
)

TODAY = dt.date(2026, 11, 24)
SMALLEST = """
[[model]]
id = "veo-9"
label = "Veo 9"
back_end = "vertex_veo"
durations = [4, 8]
resolutions = ["720p"]
prices = { 720p = 0.05 }
price_source = "Google, today"
priced_on = 2026-11-22
verified_on = 2026-11-22
"""


def row(**changes: str) -> str:
    """The smallest row, with lines in TOML added, replaced, or ("") left out."""
    lines = dict(line.split(" = ", 1) for line in SMALLEST.strip().splitlines()[1:])
    lines |= changes
    return "\n".join(["[[model]]", *(f"{name} = {value}" for name, value in lines.items() if value)])


def model(model_id: str) -> Model:
    found = CATALOG.get(model_id)
    assert found is not None
    return found


OMNI = model("gemini-omni-1.2-flash")
VERTEX = model("veo-3.1-generate-001")
LITE = model("veo-3.1-lite-generate-001")
RELAY = model("veo-3.1-generate-preview")
VEO_3 = model("veo-3.0-generate-001")


# --- the rows ---


@pytest.mark.parametrize("each", CATALOG.models, ids=lambda each: each.id)
class TestEveryRow:
    def test_names_its_source_and_its_dates(self, each: Model) -> None:
        assert each.price_source
        assert dt.date(2026, 1, 1) < each.priced_on <= each.verified_on

    def test_has_a_price_for_each_size(self, each: Model) -> None:
        assert set(each.prices) == set(each.resolutions)
        for resolution, micros in each.prices.items():
            assert 1_000 < micros < 1_000_000, "dollars a second, not cents and not a clip"
            assert each.silent_prices.get(resolution, micros) <= micros

    def test_asks_no_more_for_a_smaller_picture(self, each: Model) -> None:
        order = ("360p", "720p", "1080p", "4k")
        prices = [each.prices[resolution] for resolution in order if resolution in each.prices]
        assert prices == sorted(prices)

    def test_has_lengths_in_order(self, each: Model) -> None:
        assert list(each.durations) == sorted(set(each.durations))
        assert list(each.extend_by) == sorted(set(each.extend_by))
        assert all(3 <= seconds <= 15 for seconds in each.durations + each.extend_by)

    def test_extends_to_something_or_not_at_all(self, each: Model) -> None:
        assert bool(each.extend_by) == bool(each.extend_to)
        if each.extend_by:
            assert each.extend_to >= each.durations[-1] + each.extend_by[0]
        assert set(each.extend_in) <= set(each.resolutions)

    def test_speaks_of_full_length_only_where_it_has_the_thing(self, each: Model) -> None:
        things = set(each.resolutions)
        things |= {"last_frame"} if each.last_frame else set()
        things |= {"references"} if each.references else set()
        assert each.full_length <= things
        assert each.wide_only <= set(each.resolutions)

    def test_has_silent_prices_only_where_sound_is_a_switch(self, each: Model) -> None:
        assert not each.silent_prices or each.sound == "switch"

    def test_counts_tokens_where_google_reports_them(self, each: Model) -> None:
        wanted = {"input", "text", "video"} if each.back_end == GEMINI_OMNI else set()
        assert set(each.tokens) == wanted

    def test_is_replaced_by_a_model_that_we_know(self, each: Model) -> None:
        assert not each.replaced_by or each.replaced_by in CATALOG.by_id
        assert each.replaced_by != each.id

    def test_takes_its_own_simplest_clip(self, each: Model) -> None:
        ratio, size, seconds = each.aspect_ratios[0], each.resolutions[0], each.durations[-1]
        found = each.refusals(aspect_ratio=ratio, resolution=size, duration_seconds=seconds)
        assert found == {}
        assert each.price(size, seconds) == each.prices[size] * seconds


@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_every_back_end_has_models(back_end: str) -> None:
    assert CATALOG.of(back_end) != ()
    assert {each.back_end for each in CATALOG.of(back_end)} == {back_end}


@pytest.mark.parametrize("back_end", [GEMINI_OMNI, VERTEX_VEO])
def test_a_key_and_a_project_each_have_a_model_that_is_alive(back_end: str) -> None:
    assert [each for each in CATALOG.of(back_end) if not each.retired(TODAY)] != []


def test_nothing_is_left_of_veo_on_the_gemini_api() -> None:
    """Google's page of 2026-10-22: "Veo 3.1 preview in the Gemini API has been disabled"."""
    assert [each.id for each in CATALOG.of(GEMINI_VEO) if not each.retired(TODAY)] == []
    assert RELAY.retires_on == dt.date(2026, 10, 22)


# --- what is refused ---

CLIP: dict[str, Any] = {"aspect_ratio": "16:9", "resolution": "720p", "duration_seconds": 8}
SHORT = CLIP | {"duration_seconds": 4}
MORE = CLIP | {"task": EXTEND, "duration_seconds": 7, "source_seconds": 8}


@pytest.mark.parametrize(
    ("each", "asked", "field", "sentence"),
    [
        (OMNI, CLIP | {"aspect_ratio": "1:1"}, "aspect_ratio", "Gemini Omni 1.2 Flash makes 16:9 or 9:16."),
        (LITE, CLIP | {"resolution": "4k"}, "resolution", "Veo 3.1 Lite makes 720p or 1080p, not 4k."),
        (
            VEO_3,
            CLIP | {"resolution": "1080p", "aspect_ratio": "9:16"},
            "resolution",
            "1080p is made in 16:9 only with Veo 3.",
        ),
        (OMNI, CLIP | {"duration_seconds": 16}, "duration_seconds", "makes 3 to 15 s."),
        (VERTEX, CLIP | {"duration_seconds": 5}, "duration_seconds", "Veo 3.1 makes 4 s, 6 s or 8 s."),
        (VERTEX, SHORT | {"resolution": "1080p"}, "duration_seconds", "1080p needs 8 s."),
        (
            VERTEX,
            SHORT | {"seed_image": True, "last_frame": True},
            "duration_seconds",
            "A last frame needs 8 s.",
        ),
        (VERTEX, SHORT | {"references": 1}, "duration_seconds", "Reference images need 8 s."),
        (VEO_3, CLIP | {"seed_image": True, "last_frame": True}, "last_frame", "takes no last frame."),
        (VERTEX, CLIP | {"last_frame": True}, "last_frame", "needs a seed image to start from."),
        (LITE, CLIP | {"references": 1}, "references", "Veo 3.1 Lite takes no reference images."),
        (VERTEX, CLIP | {"references": 4}, "references", "Veo 3.1 takes 3 reference images at most."),
        (OMNI, CLIP | {"references": 7}, "references", "takes 6 reference images at most."),
        (VERTEX, CLIP | {"references": 1, "seed_image": True}, "references", "cannot be combined"),
        (OMNI, CLIP | {"negative_prompt": True}, "negative_prompt", "takes no negative prompt."),
        (OMNI, CLIP | {"seed": True}, "seed", "takes no seed number."),
        (OMNI, CLIP | {"audio": False}, "audio", "always makes sound."),
        (LITE, MORE, "task", "Veo 3.1 Lite extends no clips."),
        (VERTEX, CLIP | {"task": EDIT}, "task", "Veo 3.1 edits no clips."),
        (VERTEX, MORE | {"duration_seconds": 8}, "duration_seconds", "Veo 3.1 extends by 7 s."),
        (VERTEX, MORE | {"resolution": "1080p"}, "resolution", "Veo 3.1 extends in 720p, not 1080p."),
        (
            VERTEX,
            MORE | {"source_seconds": 31.04},
            "duration_seconds",
            "Veo 3.1 extends to 37 s at most; this clip has 31.04 s.",
        ),
        (OMNI, MORE | {"source_seconds": 24}, "duration_seconds", "extends to 30 s at most"),
        (VERTEX, MORE | {"references": 2}, "references", "An extension takes no other pictures."),
        (OMNI, CLIP | {"task": EDIT, "seed_image": True}, "seed_image", "An edit takes no other pictures."),
    ],
)
def test_it_refuses_what_google_would_refuse(
    each: Model, asked: dict[str, Any], field: str, sentence: str
) -> None:
    found = each.refusals(**asked)
    assert list(found) == [field]
    assert sentence in found[field]


@pytest.mark.parametrize(
    ("each", "asked"),
    [
        (VERTEX, CLIP | {"seed_image": True, "last_frame": True, "resolution": "4k"}),
        (VERTEX, CLIP | {"references": 3, "seed": True, "audio": False, "negative_prompt": True}),
        (VERTEX, MORE),
        (VERTEX, MORE | {"source_seconds": 30.04}),
        (RELAY, MORE | {"source_seconds": 141}),
        (OMNI, CLIP | {"duration_seconds": 15, "resolution": "4k", "aspect_ratio": "9:16"}),
        (OMNI, CLIP | {"references": 6}),
        (OMNI, CLIP | {"task": EDIT, "duration_seconds": 0}),
    ],
)
def test_it_lets_through_what_google_takes(each: Model, asked: dict[str, Any]) -> None:
    assert each.refusals(**asked) == {}


def test_it_refuses_several_things_at_once() -> None:
    asked = {"aspect_ratio": "4:3", "resolution": "8k", "duration_seconds": 1, "seed": True}
    assert set(OMNI.refusals(**asked)) == {"aspect_ratio", "resolution", "duration_seconds", "seed"}


def test_an_extension_has_lengths_and_sizes_of_its_own() -> None:
    assert (VERTEX.lengths(), VERTEX.lengths(EXTEND)) == ((4, 6, 8), (7,))
    assert (VERTEX.sizes(), VERTEX.sizes(EXTEND)) == (("720p", "1080p", "4k"), ("720p",))
    assert OMNI.sizes(EXTEND) == OMNI.resolutions
    assert LITE.lengths(EXTEND) == ()


# --- prices ---


def test_a_clip_without_sound_costs_what_is_known_for_it() -> None:
    assert (VERTEX.price("720p", 8), VERTEX.price("720p", 8, audio=False)) == (3_200_000, 1_600_000)
    assert LITE.price("720p", 4, audio=False) == LITE.price("720p", 4) == 200_000
    assert OMNI.price("360p", 3, audio=False) == 69_600


# --- retirement ---


def test_a_certain_day_switches_a_model_off() -> None:
    day = dt.date(2026, 10, 22)
    assert not RELAY.retired(day - dt.timedelta(days=1))
    assert RELAY.retired(day)


def test_a_day_or_later_switches_nothing_off_by_itself() -> None:
    assert VERTEX.retires_on is not None
    assert not VERTEX.retired(VERTEX.retires_on + dt.timedelta(days=100))
    assert VERTEX.retires_soon(VERTEX.retires_on + dt.timedelta(days=100))


@pytest.mark.parametrize(("days", "soon"), [(61, False), (60, True), (1, True), (0, False)])
def test_it_warns_sixty_days_before(days: int, soon: bool) -> None:
    assert RELAY.retires_on is not None
    assert RELAY.retires_soon(RELAY.retires_on - dt.timedelta(days=days)) is soon


def test_a_model_without_a_date_is_never_over() -> None:
    assert OMNI.retires_on is None
    assert not OMNI.retired(dt.date(2099, 1, 1))
    assert not OMNI.retires_soon(dt.date(2099, 1, 1))


def test_the_successor_is_one_that_is_alive() -> None:
    found = CATALOG.successor(VEO_3, TODAY)
    assert found is not None
    assert found.id == "gemini-omni-1.1-flash"
    before = CATALOG.successor(VEO_3, dt.date(2026, 7, 1))
    assert before is RELAY


def test_no_successor_is_made_up() -> None:
    assert CATALOG.successor(VERTEX, TODAY) is None


def test_models_that_replace_each_other_come_to_an_end() -> None:
    over = {"retires_on": dt.date(2026, 1, 1)}
    one = dataclasses.replace(VEO_3, id="one", replaced_by="two", **over)
    two = dataclasses.replace(VEO_3, id="two", replaced_by="one", **over)
    assert Catalog((one, two)).successor(one, TODAY) in (one, two)


# --- reading ---


def test_it_reads_a_row() -> None:
    [each] = read_catalog(SMALLEST).models
    assert (each.durations, each.prices, each.sound) == ((4, 8), {"720p": 50_000}, "always")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SMALLEST + SMALLEST, "A model is there twice."),
        (row(colour='"red"'), "veo-9: there is no colour."),
        (row(label=""), "label"),
        (row(verified_on=""), "verified_on"),
        (row(back_end='"sora"'), "veo-9: its back end, or the price of a resolution, is missing."),
        (row(resolutions='["720p", "1080p"]'), "the price of a resolution, is missing."),
        (row(extend_in='["4k"]'), "the price of a resolution, is missing."),
        (row(sound='"loud"'), "veo-9: sound must be one of always, never, switch"),
        (row(durations='"abc"'), "veo-9: durations holds 'abc', which is no list"),
        (row(durations='[4, "8"]'), "veo-9: durations holds '8', which is no int"),
        (row(preview="1"), "veo-9: preview holds 1, which is no bool"),
        (row(prices='{ 720p = "cheap" }'), "veo-9: prices holds 'cheap', which is no float"),
        (row(retires_on='"soon"'), "veo-9: retires_on holds 'soon', which is no date"),
    ],
)
def test_it_refuses_a_row_that_is_not_whole(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as wrong:
        read_catalog(text)
    assert sentence in str(wrong.value)
