"""Captions of a script, read back by a parser that shares nothing with the writer."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.captions import FROM_SCRIPT, Cue, cues, moved, srt, webvtt
from projects.prompts import Scene

few = settings(max_examples=60, deadline=None, database=None)

LONG = (
    "Once upon a time there was a lighthouse at the end of the world, and nobody knew who kept it burning, "
    "night after night, until the day it went out."
)
SCENES = (
    Scene(start=0, end=2, action="A lantern swings."),
    Scene(start=2, end=4, speaker="Mara", line="“Almost there.”"),
    Scene(start=4, end=7.5, line="A & B < C"),
)

Read = tuple[int, int, str, str]
"""Start and end in milliseconds, the speaker, and the text with its line breaks."""


def milliseconds(stamp: str) -> int:
    hours, minutes, seconds, rest = map(int, re.fullmatch(r"(\d\d):(\d\d):(\d\d)[.,](\d{3})", stamp).groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def read_vtt(text: str) -> list[Read]:
    header, *blocks = text.removesuffix("\n").split("\n\n")
    assert header == "WEBVTT"
    found = []
    for block in blocks:
        times, *rows = block.split("\n")
        if times == "NOTE":
            continue
        start, arrow, end = times.split(" ")
        assert arrow == "-->"
        whole = "\n".join(rows)
        assert "-->" not in whole
        voice = re.match(r"<v ([^>]*)>", whole)
        words = whole[voice.end() :] if voice else whole
        assert not re.search("[<>]", words)
        name = html.unescape(voice[1]) if voice else ""
        found.append((milliseconds(start), milliseconds(end), name, html.unescape(words)))
    return found


def read_srt(text: str) -> list[Read]:
    assert "\n" not in text.replace("\r\n", "")
    found = []
    for number, block in enumerate(filter(None, text.split("\r\n\r\n")), start=1):
        counter, times, *rows = block.removesuffix("\r\n").split("\r\n")
        assert counter == str(number)
        start, end = times.split(" --> ")
        assert "-->" not in "".join(rows)
        found.append((milliseconds(start), milliseconds(end), "", "\n".join(rows)))
    return found


def letters(text: str) -> str:
    """What is left when blanks and line breaks do not count."""
    return "".join(text.split())


def test_only_lines_become_captions() -> None:
    assert cues(SCENES) == [Cue(2, 4, "Almost there.", "Mara"), Cue(4, 7.5, "A & B < C")]


def test_they_are_moved_and_cut_with_the_video() -> None:
    assert cues(SCENES, offset=8, until=13) == [
        Cue(10, 12, "Almost there.", "Mara"),
        Cue(12, 13, "A & B < C"),
    ]
    assert cues(SCENES, until=4) == [Cue(2, 4, "Almost there.", "Mara")]


def test_a_piece_of_a_clip_takes_its_captions_along() -> None:
    whole = cues(SCENES)
    assert moved(whole, start=3, end=5, offset=60) == [
        Cue(60, 61, "Almost there.", "Mara"),
        Cue(61, 62, "A & B < C"),
    ]
    assert moved(whole, start=4, offset=1) == [Cue(1, 4.5, "A & B < C")]
    assert moved(whole) == whole


def test_a_long_line_becomes_several_captions_in_its_time() -> None:
    found = cues([Scene(start=1, end=9, speaker="Mara", line=LONG)])
    assert len(found) == 3
    assert (found[0].start, found[-1].end) == (1, 9)
    assert [cue.end for cue in found[:-1]] == [cue.start for cue in found[1:]]
    assert all(2 < cue.end - cue.start < 3.5 for cue in found)
    assert " ".join(cue.text for cue in found) == LONG


def test_captions_that_fill_the_screen_stay_whole() -> None:
    row = " ".join(["x" * 20, "y" * 21])
    found = cues([Scene(start=0, end=4, line=" ".join([row] * 4))])
    assert found == [Cue(0, 2, f"{row} {row}"), Cue(2, 4, f"{row} {row}")]
    assert read_vtt(webvtt(found))[0][3] == f"{row}\n{row}"


def test_it_writes_webvtt() -> None:
    assert webvtt(cues(SCENES)) == (
        "WEBVTT\n"
        "\n"
        f"NOTE\n{FROM_SCRIPT}\n"
        "\n"
        "00:00:02.000 --> 00:00:04.000\n"
        "<v Mara>Almost there.\n"
        "\n"
        "00:00:04.000 --> 00:00:07.500\n"
        "A &amp; B &lt; C\n"
    )


def test_it_writes_srt() -> None:
    assert srt(cues(SCENES, offset=3598)) == (
        "1\r\n01:00:00,000 --> 01:00:02,000\r\nMara: Almost there.\r\n\r\n"
        "2\r\n01:00:02,000 --> 01:00:05,500\r\nA & B < C\r\n"
    )


def test_nothing_said_makes_files_without_captions() -> None:
    assert webvtt([]) == f"WEBVTT\n\nNOTE\n{FROM_SCRIPT}\n"
    assert srt([]) == ""


def test_a_note_cannot_end_its_block() -> None:
    assert read_vtt(webvtt([], note="a\n\n00:01 --> 00:02")) == []


def test_no_words_are_taken_for_tags() -> None:
    assert "‹b>bold‹/b>" in srt([Cue(0, 2, "<b>bold</b>")])
    assert read_vtt(webvtt([Cue(0, 2, "<b>bold</b>", "M<a>&")])) == [(0, 2000, "M<a>&", "<b>bold</b>")]


def test_rows_are_about_equally_long() -> None:
    text = "The lighthouse at the end of the world went out."
    assert read_vtt(webvtt([Cue(0, 2, text)]))[0][3] == "The lighthouse at the end\nof the world went out."


def test_wide_characters_take_two_columns_and_break_anywhere_but_before_a_stop() -> None:
    line = "灯台の灯りが消えた夜、私は一人で海を見ていました。波の音だけが聞こえて、誰もいませんでした。"
    rows = [
        row
        for cue in read_vtt(webvtt(cues([Scene(start=0, end=8, line=line)])))
        for row in cue[3].split("\n")
    ]
    assert "".join(rows) == line
    assert all(len(row) <= 21 and row[0] not in "、。" for row in rows)


def test_a_long_name_leaves_room_for_the_line() -> None:
    found = read_srt(srt([Cue(0, 2, "Hello there.", "x" * 200)]))
    assert found == [(0, 2000, "", f"{'x' * 29}…:\nHello there.")]


def test_captions_that_overlap_are_in_order_of_time() -> None:
    both = [Scene(start=2, end=10, line=LONG), Scene(start=3, end=4, line="Hush!")]
    starts = [cue[0] for cue in read_vtt(webvtt(cues(both)))]
    assert starts == sorted(starts)
    assert 3000 in starts


wild = st.text(max_size=200)
somewhen = st.floats(0, 4000)
captions = st.lists(st.builds(Cue, start=somewhen, end=somewhen, text=wild, speaker=wild), max_size=5)
said = st.lists(st.builds(Scene, start=somewhen, end=somewhen, speaker=wild, line=wild), max_size=5)


@few
@given(captions)
def test_times_never_go_backwards_and_rows_are_few(made: list[Cue]) -> None:
    for found in (read_vtt(webvtt(made)), read_srt(srt(made))):
        assert [start for start, *_ in found] == sorted(start for start, *_ in found)
        assert all(start < end for start, end, *_ in found)
        assert all(text.count("\n") <= 1 for *_, text in found)
        assert all(len(row) <= 42 + 40 for *_, text in found for row in text.split("\n"))


@few
@given(st.lists(st.text("ab&<>- 灯é\n", max_size=300), max_size=4))
def test_every_word_survives(lines: list[str]) -> None:
    scenes = [Scene(start=8 * i, end=8 * i + 8, speaker="Mara", line=line) for i, line in enumerate(lines)]
    found = read_vtt(webvtt(cues(scenes)))
    assert letters("".join(text for *_, text in found)) == letters("".join(lines))
    assert {name for *_, name, _ in found} <= {"Mara"}


@few
@given(said, st.floats(0, 100), st.floats(0, 100))
def test_a_piece_holds_nothing_from_outside(scenes: list[Scene], start: float, length: float) -> None:
    piece = moved(cues(scenes), start=start, end=start + length, offset=7)
    assert all(cue.start >= 7 - 1e-6 and cue.start < cue.end <= 7 + length + 1e-6 for cue in piece)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", ["word " * 2000, "x" * 10_000, "灯" * 5000, "́" * 10_000])
def test_it_is_not_slowed_down_by_a_line_that_never_ends(line: str) -> None:
    read_vtt(webvtt(cues([Scene(start=0, end=8, line=line)])))
