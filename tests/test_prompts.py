"""Scenes: compiled to prompts, checked, and read from what people paste."""

import contextlib
import json
import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.prompts import (
    LANGUAGES,
    MOST_SCENES,
    Problem,
    Scene,
    Script,
    ScriptError,
    Speaker,
    compile_prompt,
    estimate_tokens,
    problems,
    read_parts,
    read_script,
    speakers_in,
    write_parts,
)
from projects.prompts.compiling import Form
from projects.prompts.languages import BY_CHARACTER, speaking_seconds
from projects.prompts.times import NoTime, clock, halves, read_span, read_time, shares

few = settings(max_examples=60, deadline=None, database=None)

MARA = Speaker(name="Mara", looks="a lighthouse keeper in her sixties, grey braid", voice="low and rough.")
TOM = Speaker(name="Tom", voice="high")
CAST = [MARA, TOM]
SCENES = (
    Scene(start=0, end=1.5, camera="Wide shot of the stair", action="A lantern swings.", sound="wind"),
    Scene(start=1.5, end=4, speaker="Mara", line="Almost there.", delivery="whispering", camera="Close-up"),
    Scene(start=4, end=8, speaker="tom", line='He said "run" and ran!', action="Tom turns"),
)
SCRIPT = Script(scenes=SCENES, setting="A lighthouse.\nBlue dusk.", ambience="waves far below")

halved = st.integers(0, 240).map(lambda units: units / 2)
writable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
wild = st.text(max_size=60)


def scenes_of(words: st.SearchStrategy[str]) -> st.SearchStrategy[Scene]:
    names = ("speaker", "line", "delivery", "action", "sound", "camera")
    return st.builds(Scene, start=halved, end=halved, **dict.fromkeys(names, words))


def scripts_of(words: st.SearchStrategy[str]) -> st.SearchStrategy[Script]:
    return st.builds(
        Script,
        scenes=st.lists(scenes_of(words), max_size=4).map(tuple),
        setting=words,
        ambience=words,
        language=st.sampled_from(sorted(LANGUAGES)),
    )


def said(*scenes: Scene, seconds: float | None = None, language: str = "en") -> list[str]:
    """The sentences about these scenes."""
    found = problems(Script(scenes=scenes, language=language), CAST, seconds)
    return [problem.sentence for problem in found]


def short(scenes: tuple[Scene, ...]) -> list[tuple[float, float, str, str]]:
    """Times, speaker, and what is said or happens."""
    return [(scene.start, scene.end, scene.speaker, scene.line or scene.action) for scene in scenes]


# --- compiling ---


def test_it_compiles_a_prompt_for_veo() -> None:
    assert compile_prompt(SCRIPT, CAST, "veo") == (
        "A lighthouse.\n"
        "Blue dusk.\n"
        "\n"
        "Mara: a lighthouse keeper in her sixties, grey braid. Voice: low and rough.\n"
        "Tom's voice: high.\n"
        "\n"
        "[00:00-00:01.5] Wide shot of the stair. A lantern swings. SFX: wind.\n"
        '[00:01.5-00:04] Close-up. Mara, whispering, says: "Almost there."\n'
        "[00:04-00:08] Tom turns. Tom says: \"He said 'run' and ran!\"\n"
        "\n"
        "Ambience: waves far below.\n"
        "\n"
        "(no subtitles)"
    )


def test_it_compiles_a_prompt_for_omni() -> None:
    prompt = compile_prompt(SCRIPT, CAST, "omni")
    assert [line.partition(" ")[0] for line in prompt.splitlines() if line.startswith("[")] == [
        "[0-1.5s]",
        "[1.5-4s]",
        "[4-8s]",
    ]
    assert prompt.endswith("\n\nNo subtitles or captions in the picture.")


def test_it_describes_only_who_speaks() -> None:
    script = Script(scenes=(Scene(start=0, end=2, speaker="Tom", line="Ho."),))
    assert compile_prompt(script, CAST, "veo").splitlines()[0] == "Tom's voice: high."


def test_it_leaves_a_line_without_a_speaker_to_a_voice() -> None:
    script = Script(scenes=(Scene(start=0, end=2, line="“Once upon a time…”", delivery="(slowly)"),))
    assert compile_prompt(script, [], "veo") == (
        '[00:00-00:02] A voice, slowly, says: "Once upon a time…"\n\n(no subtitles)'
    )


def test_it_says_nothing_of_subtitles_where_nothing_is_said() -> None:
    assert compile_prompt(Script(scenes=SCENES[:1]), CAST, "veo") == (
        "[00:00-00:01.5] Wide shot of the stair. A lantern swings. SFX: wind."
    )


def test_a_script_without_scenes_is_its_setting_and_ambience() -> None:
    script = Script(setting="  A lighthouse.\r\nBlue dusk ", ambience="waves")
    assert compile_prompt(script, CAST, "omni") == "A lighthouse.\nBlue dusk\n\nAmbience: waves."
    assert compile_prompt(Script(), CAST, "veo") == ""


def test_it_closes_a_quote_that_was_left_open() -> None:
    script = Script(scenes=(Scene(start=0, end=2, action='A sign says "OPEN'),))
    assert compile_prompt(script, [], "veo") == "[00:00-00:02] A sign says 'OPEN."
    whole = Script(scenes=(Scene(start=0, end=2, action="A sign says “OPEN”"),))
    assert compile_prompt(whole, [], "veo") == '[00:00-00:02] A sign says "OPEN".'


@few
@given(scripts_of(wild), st.sampled_from(["veo", "omni"]))
def test_whatever_is_written_each_scene_is_one_line_with_its_quotes_closed(
    script: Script, form: Form
) -> None:
    prompt = compile_prompt(Script(scenes=script.scenes), [], form)
    prompt.encode()
    beats = prompt.partition("\n\n")[0].split("\n") if prompt else []
    written = [scene for scene in script.scenes if re.search(r"\[[\d:.-]+s?\] \S", one(scene, form))]
    assert len(beats) == len(written)
    assert all(beat.count('"') % 2 == 0 for beat in beats)


def one(scene: Scene, form: Form) -> str:
    return compile_prompt(Script(scenes=(scene,)), [], form)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("灯台", 2)])
def test_it_estimates_tokens(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_it_names_who_speaks_once_in_order() -> None:
    scenes = (*SCENES, Scene(start=8, end=9, speaker=" MARA "), Scene(start=9, end=10, speaker="Ann"))
    assert speakers_in(scenes) == ["Mara", "tom", "Ann"]


# --- checking ---


def test_it_has_nothing_to_say_about_a_good_script() -> None:
    assert problems(SCRIPT, CAST, 8) == []
    assert problems(SCRIPT, CAST, None) == []
    assert problems(Script(setting="Only words."), [], 8) == []


@pytest.mark.parametrize(
    ("scenes", "problem"),
    [
        (
            (Scene(start=2, end=2, action="x"),),
            Problem("Scene 1 ends at 2 s, but starts at 2 s. Let it end later.", 0, "end"),
        ),
        (
            (Scene(start=-1, end=2, action="x"),),
            Problem("Scene 1 starts before the clip does. Let it start at 0 s or later.", 0, "start"),
        ),
        (
            (Scene(start=math.nan, end=8, action="x"),),
            Problem("Scene 1 needs a start and an end in seconds.", 0, "start"),
        ),
        (
            (Scene(start=0, end=9.5, action="x"),),
            Problem(
                "Scene 1 ends at 9.5 s, but the clip is 8 s long. "
                "Let it end sooner, or make the clip longer.",
                0,
                "end",
            ),
        ),
        (
            (Scene(start=0, end=4, action="x"), Scene(start=3.5, end=8, action="y")),
            Problem(
                "Scene 2 starts at 3.5 s, but scene 1 lasts until 4 s. "
                "Let it start later, or let scene 1 end sooner.",
                1,
                "start",
            ),
        ),
        (
            (Scene(start=0, end=8, speaker="Ann", line="Hello."),),
            Problem(
                "Scene 1: no speaker of this project is called “Ann”. "
                "Add that name to the speakers, or choose one of them.",
                0,
                "speaker",
            ),
        ),
        (
            (Scene(start=0, end=8, speaker="MARA", action="x"),),
            Problem(
                "Scene 1 has a speaker, but nothing to say. Write the line, or clear the speaker.", 0, "line"
            ),
        ),
        (
            (Scene(start=0, end=8, delivery="softly", action="x"),),
            Problem(
                "Scene 1 says how a line is spoken, but has no line. Write it, or clear the delivery.",
                0,
                "line",
            ),
        ),
        (
            (Scene(start=0, end=8, action="\n "),),
            Problem("Scene 1 is empty. Write what happens in it, or remove it.", 0),
        ),
    ],
)
def test_it_says_what_must_be_put_right(scenes: tuple[Scene, ...], problem: Problem) -> None:
    found = problems(Script(scenes=scenes), CAST, 8)
    assert [one for one in found if not one.warning] == [problem]


def test_it_warns_of_gaps() -> None:
    scenes = (Scene(start=1, end=3, action="x"), Scene(start=4, end=6, action="y"))
    found = problems(Script(scenes=scenes), [], 8)
    fill = "The model fills that as it likes, unless a scene covers it."
    assert found == [
        Problem(f"Nothing is written for 0 s to 1 s, before scene 1. {fill}", 0, "start", warning=True),
        Problem(
            f"Nothing is written for 3 s to 4 s, between scenes 1 and 2. {fill}", 1, "start", warning=True
        ),
        Problem(f"Nothing is written for 6 s to 8 s, after scene 2. {fill}", 1, "end", warning=True),
    ]


def test_it_warns_of_more_words_than_there_is_time_for() -> None:
    found = problems(Script(scenes=(Scene(start=0, end=2, line="one two three four five six"),)), [], 2)
    assert found == [
        Problem(
            "Scene 1 has 6 words for 2 s. English is spoken at about 2.5 words a second, so they need 2.5 s. "
            "Shorten the line, or lengthen the scene.",
            0,
            "line",
            warning=True,
        )
    ]


def test_it_counts_characters_where_words_are_not_parted() -> None:
    line = "灯台の灯りが消えた夜、私は海を見ていた。"
    assert said(Scene(start=0, end=3, line=line), language="ja") == []
    assert said(Scene(start=0, end=2, line=line), language="ja") == [
        "Scene 1 has 18 characters for 2 s. Japanese is spoken at about 6 characters a second, so they need "
        "3 s. Shorten the line, or lengthen the scene."
    ]


def test_it_takes_a_language_of_a_region_and_an_unknown_one() -> None:
    assert speaking_seconds("ja ja ja", "de-AT") == speaking_seconds("ja ja ja", "de")
    assert speaking_seconds("one - two", "xx") == 2 / 2.5


def test_every_language_has_a_rate() -> None:
    assert BY_CHARACTER.issubset(LANGUAGES)
    assert all(label and 1 < rate < 12 for label, rate in LANGUAGES.values())


def test_it_refuses_too_many_scenes() -> None:
    scenes = tuple(Scene(start=i, end=i + 1, action="x") for i in range(MOST_SCENES + 1))
    assert said(*scenes) == ["61 scenes are too many. A clip takes 60 at most."]


# --- times ---


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0:00-0:04", (0, 4, "")),
        ("[00:00-00:04] Mara: Hi", (0, 4, "Mara: Hi")),
        ("[0-4s]", (0, 4, "")),
        ("[1.5-3s] x", (1.5, 3, "x")),
        ("0-4", (0, 4, "")),
        ("0 – 4 s x", (0, 4, "x")),
        ("00:00:01,500 --> 00:00:04,000", (1.5, 4, "")),
        ("1:00:00-1:00:00", (3600, 3600, "")),
        ("[0:04] x", (4, None, "x")),
        ("0:04 x", (4, None, "x")),
        ("Mara: 0:04", None),
        ("4 horses", None),
        ("", None),
    ],
)
def test_it_reads_times_in_any_usual_form(text: str, span: tuple[float, float | None, str] | None) -> None:
    assert read_span(text) == span


@pytest.mark.parametrize("text", ["", "x", "1:75", "1:60:00", "-1", "1e3", "9" * 400, "٣", "1:00:01", "1s s"])
def test_it_takes_nothing_else_for_a_time(text: str) -> None:
    with pytest.raises(NoTime):
        read_time(text)


@few
@given(halved)
def test_it_reads_the_times_that_it_writes(value: float) -> None:
    assert read_time(clock(value)) == value


def test_it_keeps_a_length_when_it_rounds() -> None:
    assert halves(1.1, 1.2) == (1.0, 1.5)
    assert halves(1.26, 2.74) == (1.5, 2.5)
    assert halves(3, 2) == (3, 2)


@few
@given(st.lists(st.floats(0.1, 60), min_size=1, max_size=20), st.floats(0, 100))
def test_it_deals_out_time_in_halves(lengths: list[float], total: float) -> None:
    dealt = shares(lengths, total)
    assert all(share >= 0.5 and share * 2 == int(share * 2) for share in dealt)
    assert sum(dealt) == max(len(lengths) / 2, math.floor(total * 2 + 0.5) / 2)


# --- reading a pasted script ---


def test_it_reads_lines_with_names() -> None:
    text = "Mara (whispering): Almost there.\nMind the step.\n\n**Tom:** “Hurry!”\nMara: (calmly) I do."
    assert read_script(text) == (
        Scene(start=0, end=2, speaker="Mara", line="Almost there. Mind the step.", delivery="whispering"),
        Scene(start=2, end=3.5, speaker="Tom", line="Hurry!"),
        Scene(start=3.5, end=5, speaker="Mara", line="I do.", delivery="calmly"),
    )


def test_it_fits_scenes_without_times_into_the_clip() -> None:
    text = "Mara: one two three four five six seven eight nine ten\nTom: no\nMara: yes"
    assert ends(read_script(text, seconds=8)) == [4.5, 6.5, 8]
    assert ends(read_script(text)) == [4, 5.5, 7]


def ends(scenes: tuple[Scene, ...]) -> list[float]:
    return [scene.end for scene in scenes]


def test_it_takes_more_time_for_a_slower_language() -> None:
    text = "Mara: one two three four five six"
    assert [read_script(text, language=code)[0].end for code in ("es", "tr")] == [2.5, 3.5]


def test_it_reads_times_before_lines() -> None:
    text = (
        "0:00-0:02 Mara: Hi.\n[00:02-00:04] Tom: Ho.\n[4-6s] (They laugh.)\n"
        "6-8: Mara: Well.\n[0:08] Tom: Bye."
    )
    assert short(read_script(text, seconds=10)) == [
        (0, 2, "Mara", "Hi."),
        (2, 4, "Tom", "Ho."),
        (4, 6, "", "They laugh."),
        (6, 8, "Mara", "Well."),
        (8, 10, "Tom", "Bye."),
    ]


def test_it_reads_subtitles() -> None:
    text = (
        "1\n00:00:01,500 --> 00:00:04,000\nAlmost\nthere.\n\n"
        "2\n00:00:04,000 --> 00:00:06,000\n- Hi.\n- Mara: Ho.\n"
    )
    assert short(read_script(text)) == [
        (1.5, 4, "", "Almost there."),
        (4, 5, "", "Hi."),
        (5, 6, "Mara", "Ho."),
    ]


def test_it_puts_directions_sounds_and_camera_with_their_lines() -> None:
    text = "(She climbs.)\nCamera: low angle\nMara: Ha.\nSFX: thunder\n\n[Rain begins]\n\nCUT TO:\nTom: No."
    assert read_script(text) == (
        Scene(start=0, end=1.5, speaker="Mara", line="Ha.", action="She climbs.", sound="thunder",
              camera="low angle"),
        Scene(start=1.5, end=3, action="Rain begins"),
        Scene(start=3, end=4.5, speaker="Tom", line="No.", camera="Cut to"),
    )  # fmt: skip


def test_it_keeps_what_happens_under_one_time_in_that_time() -> None:
    text = "[0-4s]\nMara: Hi.\n(She waves.)\nSFX: bell\n\nTom: Ho."
    assert read_script(text) == (
        Scene(start=0, end=4, speaker="Mara", line="Hi.", action="She waves.", sound="bell"),
        Scene(start=4, end=5.5, speaker="Tom", line="Ho."),
    )


def test_it_reads_a_screenplay() -> None:
    text = (
        "INT. LIGHTHOUSE - NIGHT\n\nA lantern swings.\n\n"
        "MARA (V.O.)\n(hoarse)\nAlmost there.\nOne more.\n\nDR. WHO (CONT'D)\nWhere?\n"
    )
    assert read_script(text)[2:] == (
        Scene(
            start=3, end=5, speaker="MARA", line="Almost there. One more.", delivery="in voice-over, hoarse"
        ),
        Scene(start=5, end=6.5, speaker="DR. WHO", line="Where?"),
    )
    assert [scene.action for scene in read_script(text)[:2]] == [
        "INT. LIGHTHOUSE - NIGHT",
        "A lantern swings.",
    ]


def test_it_takes_words_for_words() -> None:
    text = "2-3 people walk in.\n\n12:30 is late.\n\nSee https://example.org/a\n\n“Who is there?”"
    assert short(read_script(text)) == [
        (0, 1.5, "", "2-3 people walk in."),
        (1.5, 3, "", "12:30 is late."),
        (3, 4.5, "", "See https://example.org/a"),
        (4.5, 6, "", "Who is there?"),
    ]


def test_it_leaves_an_end_before_the_start_for_the_check() -> None:
    (scene,) = read_script("0:04-0:02 Mara: Hi.")
    assert (scene.start, scene.end) == (4, 2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" \n", "There is nothing to read. Paste lines such as “Mara: Almost there.”"),
        ("Mara: Hi.\n0:00-0:75 Tom: Ho.", "Line 2: “0:75” is not a time."),
        ("[0-9999s] Tom: Ho.", "Line 1: “9999” is beyond an hour, the most that is read."),
        ("Mara: Hi.\n\n" * 201, "Line 401 is beyond the 200 scenes that are read at once."),
        ("x" * 100_001, "This script is longer than 100,000 characters. Paste a part of it."),
    ],
)
def test_it_says_what_is_wrong_with_a_pasted_script(text: str, sentence: str) -> None:
    with pytest.raises(ScriptError) as caught:
        read_script(text)
    assert str(caught.value) == sentence


ugly = st.lists(
    st.one_of(
        wild,
        st.sampled_from(["Mara: Hi.", "(", "(x)", "MARA", "0-4", "[0:01]", "1 --> 2", "SFX:", "", ":", "-"]),
    ),
    max_size=12,
).map("\n".join)


@few
@given(ugly, st.one_of(st.none(), st.floats(0.5, 60)))
def test_it_reads_anything_or_says_why_not(text: str, seconds: float | None) -> None:
    with contextlib.suppress(ScriptError):
        scenes = read_script(text, seconds=seconds)
        assert scenes
        assert all(scene.start * 2 == int(scene.start * 2) for scene in scenes)
        compile_prompt(Script(scenes=scenes), [], "veo")


@few
@given(st.lists(st.text("abcdefgh", min_size=1, max_size=8), min_size=1, max_size=30), st.integers(1, 60))
def test_it_loses_no_word_and_fills_the_clip(words: list[str], seconds: int) -> None:
    lines = [f"{name}: {word}" for name, word in zip(["Mara", "Tom"] * 30, words, strict=False)]
    scenes = read_script("\n".join(lines), seconds=seconds)
    assert [scene.line for scene in scenes] == words
    assert [scene.end for scene in scenes[:-1]] == [scene.start for scene in scenes[1:]]
    assert (scenes[0].start, scenes[-1].end) == (0, max(seconds, len(words) / 2))


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text", ["0" + " " * 99_000, "a\n" * 49_000, "(" * 99_000, "0:" * 49_000, "1" * 99_000]
)
def test_it_is_not_slowed_down_by_strange_texts(text: str) -> None:
    for read in (lambda: read_script(text), lambda: read_parts(json.dumps([{"timestamp": text[:90_000]}]))):
        with contextlib.suppress(ScriptError):
            read()


# --- JSON ---


def test_it_writes_parts() -> None:
    written = json.loads(write_parts(Script(scenes=SCENES[:2], setting="Dusk.")))
    assert written == {
        "prompt_parts": [
            {
                "timestamp": "00:00-00:01.5",
                "start": 0,
                "end": 1.5,
                "action": "A lantern swings.",
                "sound": "wind",
                "camera": "Wide shot of the stair",
            },
            {
                "timestamp": "00:01.5-00:04",
                "start": 1.5,
                "end": 4,
                "speaker": "Mara",
                "line": "Almost there.",
                "delivery": "whispering",
                "camera": "Close-up",
            },
        ],
        "setting": "Dusk.",
        "language": "en",
    }


@few
@given(scripts_of(writable))
def test_it_reads_the_parts_that_it_writes(script: Script) -> None:
    assert read_parts(write_parts(script)) == script


def test_it_reads_the_parts_of_others() -> None:
    parts: list[Any] = [
        {"timestamp": "00:00-00:02", "text": "Wide shot.", "sfx": "wind"},
        {"timestamp": "00:02", "character": "Mara", "text": "Almost there."},
        {"start_time": "4s", "duration": 2.2, "speaker": "Tom", "dialogue": "Ho.", "prompt": "He turns."},
        {"content": "Dark.", "line": None},
        "[00:08-00:09] The end",
        "Nothing.",
    ]
    assert read_parts(json.dumps(parts)).scenes == (
        Scene(start=0, end=2, action="Wide shot.", sound="wind"),
        Scene(start=2, end=4, speaker="Mara", line="Almost there."),
        Scene(start=4, end=6, speaker="Tom", line="Ho.", action="He turns."),
        Scene(start=6, end=7.5, action="Dark."),
        Scene(start=8, end=9, action="The end"),
        Scene(start=9, end=10.5, action="Nothing."),
    )


def test_it_reads_what_holds_for_all_parts() -> None:
    whole = {"prompt": "Dusk.", "ambience": "waves", "language": "pt_BR", "prompt_parts": [], "model": "x"}
    assert read_parts(json.dumps(whole)) == Script(setting="Dusk.", ambience="waves", language="pt")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Line 1 is not JSON: Expecting value."),
        ('[\n{"a": }]', "Line 2 is not JSON: Expecting value."),
        ("3", "This JSON is neither a list of scenes nor an object with a list “prompt_parts”."),
        (
            '{"prompt_parts": {}}',
            "This JSON is neither a list of scenes nor an object with a list “prompt_parts”.",
        ),
        ("[1]", "Entry 1 is neither an object nor a text."),
        ('[{"start": NaN}]', "“NaN” is not a number that JSON has."),
        ('[{"start": -1}]', "Entry 1: “start” must be between 0 and 3600 seconds."),
        ('["x", {"end": 1e999}]', "Entry 2: “end” must be between 0 and 3600 seconds."),
        (f'[{{"end": 1{"0" * 400}}}]', "Entry 1: “end” must be between 0 and 3600 seconds."),
        (f'[{{"end": 1{"0" * 5000}}}]', "A number in this JSON is far too long."),
        ('[{"start": true}]', "Entry 1: “start” must be a number of seconds."),
        ('[{"start": [0]}]', "Entry 1: “start” must be a number of seconds."),
        ('[{"start": "soon"}]', "Entry 1, “start”: “soon” is not a time."),
        ('[{"timestamp": "00:00-00:99"}]', "Entry 1: “00:99” is not a time."),
        ('[{"timestamp": "00:00-00:02 x"}]', "Entry 1, “timestamp”: “00:00-00:02 x” is not a time."),
        (
            '[{"timestamp": "00:00-00:02", "start": 1}]',
            "Entry 1 has two times: its timestamp and its numbers differ.",
        ),
        ('[{"line": 3}]', "Entry 1: “line” must be text."),
        ('{"prompt_parts": [], "setting": []}', "The script: “setting” must be text."),
        ('[{"line": "\\ud800"}]', "Entry 1 holds a character that cannot be used."),
        ('["\\u0000"]', "Entry 1 holds a character that cannot be used."),
        (json.dumps(["x"] * 201), "Entry 201 is one too many: 200 are read at once."),
        ("[" * 90_000, "This JSON is nested too deeply to be a script."),
        (" " * 100_001, "This is longer than 100,000 characters. Paste a part of it."),
    ],
)
def test_it_says_what_is_wrong_with_parts(text: str, sentence: str) -> None:
    with pytest.raises(ScriptError) as caught:
        read_parts(text)
    assert str(caught.value) == sentence


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | wild,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(wild, inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(
    ["timestamp", "start", "end", "duration", "speaker", "line", "text", "prompt_parts", "x"]
)


@few
@given(st.lists(st.dictionaries(keys, json_values, max_size=4) | json_values, max_size=4))
def test_it_reads_any_json_or_says_why_not(entries: list[Any]) -> None:
    with contextlib.suppress(ScriptError):
        script = read_parts(json.dumps(entries))
        assert len(script.scenes) == len(entries)
        assert all(math.isfinite(scene.start) and math.isfinite(scene.end) for scene in script.scenes)
