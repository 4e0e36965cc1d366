"""A film as an edit list: read back by OpenTimelineIO, the library that editors read such lists with."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.editlist import edl, otio
from projects.montage.reel import Piece, Reel, Title
from projects.montage.timeline import rate, timeline, total_frames

RATES = [23.976, 24, 25, 29.97, 30, 60]


def a_piece(name: str, *, seconds: float = 8, fps: float = 24, **more: Any) -> Piece:
    facts = {"frames": round(seconds * rate(fps)), "seconds": seconds, "width": 1280, "height": 720} | more
    return Piece(path=Path(f"{name}.mp4"), name=name, fps=fps, **facts)


def a_film(**more: Any) -> Reel:
    """Five clips, one of them twice: a title, trims, a cut, two crossfades and another frame rate."""
    pieces = (
        a_piece("The door"),
        a_piece("The street", start=1, end=6.5, crossfade=1),
        a_piece("The door", start=2, crossfade=0.5),
        a_piece("The sea", seconds=4, fps=30),
        a_piece("The end", seconds=3),
    )
    facts: dict[str, Any] = {"width": 1280, "height": 720, "title": Title(text="By the sea", seconds=3)}
    return Reel(pieces=pieces, **(facts | more))


def names_of(reel: Reel) -> dict[int, str]:
    return {number: f"{number + 1:02} {piece.name}.mp4" for number, piece in enumerate(reel.pieces)}


def read(text: str, kind: str, fps: float = 24) -> Any:
    """The list as the library understands it."""
    library = pytest.importorskip("opentimelineio", reason="OpenTimelineIO has no wheel for this Python")
    more = {"rate": float(rate(fps))} if kind == "cmx_3600" else {}
    return library.adapters.read_from_string(text, kind, **more)


def seen(track: Iterable[Any]) -> list[tuple[int, int, int, int]]:
    """Of each clip of a track: its first frame in the film, the one after its last, where it starts in the
    clip, and over how many frames it comes in. With the frames of a dissolve, which a clip does not hold.
    """
    found: list[tuple[int, int, int, int]] = []
    fade = 0
    for item in track:
        if item.schema_name() == "Transition":
            assert item.transition_type == "SMPTE_Dissolve"
            assert item.in_offset.value == 0
            fade = round(item.out_offset.value)
            start, end, source, came_in = found[-1]
            found[-1] = (start, end + fade, source, came_in)
            continue
        if item.schema_name() == "Clip":
            here, used = item.range_in_parent(), item.source_range
            start, frames = round(here.start_time.value), round(here.duration.value)
            found.append((start, start + frames, round(used.start_time.value), fade))
        fade = 0
    return found


def laid(reel: Reel) -> list[tuple[int, int, int, int]]:
    """The same of the film itself."""
    return [
        (span.start_frame, span.end_frame, round(span.source_start * rate(reel.fps)), span.crossfade_frames)
        for span in timeline(reel)
        if span.piece is not None
    ]


def test_it_writes_a_cmx_3600_list() -> None:
    reel = Reel(pieces=a_film().pieces[:3], width=1280, height=720, title=Title(text="By the\nsea"))
    assert edl(reel, "A film").splitlines() == [
        "TITLE: A film",
        "FCM: NON-DROP FRAME",
        "",
        "001  BL       V     C        00:00:00:00 00:00:03:00 01:00:00:00 01:00:03:00",
        "* FROM CLIP NAME: By the sea",
        "",
        "002  CLIP0001 AA/V  C        00:00:00:00 00:00:07:00 01:00:03:00 01:00:10:00",
        "* FROM CLIP NAME: The door.mp4",
        "* COMMENT: The door",
        "",
        "003  CLIP0001 AA/V  C        00:00:07:00 00:00:07:00 01:00:10:00 01:00:10:00",
        "003  CLIP0002 AA/V  D    024 00:00:01:00 00:00:06:00 01:00:10:00 01:00:15:00",
        "* FROM CLIP NAME: The door.mp4",
        "* TO CLIP NAME: The street.mp4",
        "* COMMENT: The street",
        "",
        "004  CLIP0002 AA/V  C        00:00:06:00 00:00:06:00 01:00:15:00 01:00:15:00",
        "004  CLIP0001 AA/V  D    012 00:00:02:00 00:00:08:00 01:00:15:00 01:00:21:00",
        "* FROM CLIP NAME: The street.mp4",
        "* TO CLIP NAME: The door.mp4",
        "* COMMENT: The door",
    ]


def test_the_cmx_3600_list_opens_at_the_frames_of_the_film() -> None:
    reel = a_film()
    opened = read(edl(reel, "By the sea", names_of(reel)), "cmx_3600")
    picture, left, right = opened.tracks
    assert [track.name for track in opened.tracks] == ["V", "A1", "A2"]
    card = timeline(reel)[0].end_frame
    assert seen(picture)[1:] == laid(reel)
    assert (
        seen(left) == seen(right) == [(a - card, b - card, source, fade) for a, b, source, fade in laid(reel)]
    )
    assert picture.duration().value == total_frames(reel)
    assert [item.name for item in picture.find_clips()] == ["By the sea", *names_of(reel).values()]


def test_the_cmx_3600_list_starts_at_one_hour() -> None:
    assert "01:00:00:00 01:00:03:00" in edl(a_film(), "A film")
    at_25 = edl(a_film(fps=25, title=None), "A film").splitlines()[3]
    assert at_25.endswith("00:00:00:00 00:00:07:00 01:00:00:00 01:00:07:00")


def test_a_name_cannot_break_the_list() -> None:
    reel = Reel(pieces=(a_piece("x\r\n002  EVIL\u2028\x00"),), width=1280, height=720)
    opened = read(edl(reel, "a\nFCM: b", {0: "1.mp4\n003  EVIL"}), "cmx_3600")
    assert opened.name == "a FCM: b"
    assert [clip.name for clip in opened.tracks[0]] == ["1.mp4 003 EVIL"]


def test_the_otio_list_opens_at_the_frames_of_the_film() -> None:
    reel = a_film()
    opened = read(otio(reel, "By the sea", names_of(reel)), "otio_json")
    picture, sound = opened.tracks
    assert (opened.name, opened.global_start_time.to_timecode()) == ("By the sea", "01:00:00:00")
    assert [(track.name, track.kind) for track in (picture, sound)] == [("V1", "Video"), ("A1", "Audio")]
    assert seen(picture) == seen(sound) == laid(reel)
    assert picture.duration().value == total_frames(reel)
    assert [clip.name for clip in picture.find_clips()] == [piece.name for piece in reel.pieces]


def test_the_otio_list_finds_the_clips_next_to_it() -> None:
    opened = read(otio(a_film(), "A film", names_of(a_film())), "otio_json")
    files = [clip.media_reference for clip in opened.tracks[0].find_clips()]
    assert [file.target_url for file in files][:2] == ["01%20The%20door.mp4", "02%20The%20street.mp4"]
    sea = files[3].available_range
    assert (sea.duration.value, sea.duration.rate) == (120, 30)


def test_the_otio_list_keeps_the_words_of_the_title() -> None:
    opened = read(otio(a_film(), "A film", names_of(a_film())), "otio_json")
    gap = opened.tracks[0][0]
    assert (gap.schema_name(), gap.duration().value) == ("Gap", 72)
    assert gap.metadata["veoweb"]["title"] == "By the sea"


def test_the_otio_list_is_what_the_library_itself_would_write() -> None:
    opened = read(otio(a_film(), "A film", names_of(a_film())), "otio_json")
    library = pytest.importorskip("opentimelineio")
    again = library.adapters.read_from_string(opened.to_json_string(), "otio_json")
    assert again.is_equivalent_to(opened)
    assert json.loads(opened.to_json_string())["OTIO_SCHEMA"] == "Timeline.1"


@st.composite
def films(draw: st.DrawFn) -> Reel:
    """A few clips of any of the usual rates, some trimmed, some faded to."""
    pieces = []
    for number in range(draw(st.integers(1, 5))):
        frames, fps = draw(st.integers(60, 400)), draw(st.sampled_from(RATES))
        seconds = float(frames / rate(fps))
        cut = {"start": draw(st.floats(0, seconds / 4)), "end": draw(st.floats(seconds / 2, seconds))}
        fade = draw(st.sampled_from([0, 0.5, 3]))
        pieces.append(a_piece(f"{number}", fps=fps, frames=frames, seconds=seconds, crossfade=fade, **cut))
    title = draw(st.sampled_from([None, Title(text="A film")]))
    return Reel(pieces=tuple(pieces), width=1280, height=720, fps=draw(st.sampled_from(RATES)), title=title)


@settings(max_examples=60, deadline=None)
@given(reel=films())
def test_both_lists_say_the_same_as_the_film(reel: Reel) -> None:
    simple = read(edl(reel, "A film"), "cmx_3600", reel.fps)
    rich = read(otio(reel, "A film", names_of(reel)), "otio_json")
    assert seen(simple.tracks[0])[bool(reel.title) :] == seen(rich.tracks[0]) == laid(reel)
    assert simple.tracks[0].duration().value == rich.tracks[0].duration().value == total_frames(reel)
