"""Where each piece of a film lies, in whole frames."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.montage.reel import Piece, Reel, Title
from projects.montage.timeline import problems, rate, timeline, total_frames


def a_piece(name: str = "The door", *, seconds: float = 8, fps: float = 24, **more: Any) -> Piece:
    facts = {"frames": round(seconds * rate(fps)), "seconds": seconds} | more
    return Piece(path=Path(f"{name}.mp4"), name=name, width=1280, height=720, fps=fps, **facts)


def a_reel(*pieces: Piece, **more: Any) -> Reel:
    return Reel(pieces=pieces, width=1280, height=720, **more)


def frames_of(reel: Reel) -> list[tuple[int | None, int, int]]:
    return [(span.piece, span.start_frame, span.end_frame) for span in timeline(reel)]


def test_it_lays_pieces_one_after_the_other() -> None:
    assert frames_of(a_reel(a_piece(seconds=8), a_piece(seconds=4))) == [(0, 0, 192), (1, 192, 288)]


def test_it_begins_with_the_title_card() -> None:
    reel = a_reel(a_piece(seconds=1), title=Title(text="A film", seconds=2.5))
    assert frames_of(reel) == [(None, 0, 60), (0, 60, 84)]


def test_it_overlaps_a_crossfade_with_the_piece_before() -> None:
    reel = a_reel(a_piece(seconds=8), a_piece(seconds=8, crossfade=1))
    assert frames_of(reel) == [(0, 0, 192), (1, 168, 360)]
    assert total_frames(reel) == 360


def test_it_never_shows_more_than_two_pieces_at_once() -> None:
    reel = a_reel(a_piece(seconds=8), a_piece(seconds=1, crossfade=5), a_piece(seconds=8, crossfade=5))
    assert frames_of(reel) == [(0, 0, 192), (1, 180, 204), (2, 192, 384)]


def test_it_cuts_to_the_first_piece_whatever_it_says() -> None:
    reel = a_reel(a_piece(crossfade=2), title=Title(text="A film"))
    assert [span.crossfade_frames for span in timeline(reel)] == [0, 0]


def test_it_trims_to_whole_frames() -> None:
    (span,) = timeline(a_reel(a_piece(start=1.01, end=3.99)))
    assert (span.frames, span.source_start, span.source_end) == (72, 1.0, 4.0)


def test_it_stays_inside_the_picture_where_the_sound_is_longer() -> None:
    (span,) = timeline(a_reel(a_piece(seconds=8.021, frames=192, end=8.021)))
    assert (span.frames, span.source_end) == (192, 8.0)


def test_it_counts_at_the_rate_of_the_film() -> None:
    reel = a_reel(a_piece(seconds=4, fps=30), a_piece(seconds=4, fps=25), fps=24)
    assert [span.frames for span in timeline(reel)] == [96, 96]


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        (24.0, Fraction(24)),
        (23.976, Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (25.0, Fraction(25)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_it_knows_which_rate_is_meant(written: float, exact: Fraction) -> None:
    assert rate(written) == exact


def test_it_keeps_every_frame_of_a_film_in_23_976() -> None:
    assert total_frames(a_reel(a_piece(seconds=8.008, fps=23.976, frames=192), fps=23.976)) == 192


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"start": 5, "end": 3}, "“The door” would end at 3 s, which is not after its start at 5 s."),
        ({"start": 9}, "“The door” has only 8 s; it cannot start at 9 s."),
        ({"end": 9.5}, "“The door” has only 8 s; it cannot end at 9.5 s."),
        ({"start": -1}, "“The door” cannot start before its beginning, at -1 s."),
        (
            {"start": 2, "end": 2.01},
            "Nothing is left of “The door”: what remains after trimming is shorter than one frame.",
        ),
    ],
)
def test_it_says_what_cannot_be_cut(changes: dict[str, float], sentence: str) -> None:
    assert problems(a_reel(a_piece("The street"), a_piece(**changes))) == [sentence]


def test_it_says_that_a_film_needs_a_clip() -> None:
    assert problems(a_reel(title=Title(text="Alone"))) == ["There is no clip in the film."]


def test_it_finds_nothing_wrong_with_a_whole_clip() -> None:
    assert problems(a_reel(a_piece(seconds=8.021, frames=192, end=8.03))) == []


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.tuples(st.integers(1, 400), st.floats(0, 20)), min_size=1, max_size=12),
    fps=st.sampled_from([23.976, 24, 25, 29.97, 30, 60]),
)
def test_every_frame_of_a_film_shows_one_piece_or_two(lengths: list[tuple[int, float]], fps: float) -> None:
    pieces = [
        a_piece(fps=fps, frames=frames, seconds=float(frames / rate(fps)), crossfade=fade)
        for frames, fade in lengths
    ]
    reel = a_reel(*pieces, fps=fps)
    spans = timeline(reel)
    assert [span.frames for span in spans] == [frames for frames, _ in lengths]
    seen = [
        sum(span.start_frame <= at < span.end_frame for span in spans) for at in range(total_frames(reel))
    ]
    assert set(seen) <= {1, 2}
    assert seen.count(2) == sum(span.crossfade_frames for span in spans)
