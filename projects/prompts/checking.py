"""What is wrong with a script, said before anything is paid for (promise P9)."""

import math
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from projects.prompts.languages import BY_CHARACTER, LANGUAGES, known_language, speaking_seconds, spoken
from projects.prompts.script import MOST_SCENES, Scene, Script, Speaker, by_name, name_key, one_line
from projects.prompts.times import number


@dataclass(frozen=True)
class Problem:
    """One sentence about a script. An error unless it is a `warning`, which a person may leave as it is."""

    sentence: str
    scene: int | None = None
    """Its place in `script.scenes`, from 0; sentences count from 1. None: the script as a whole."""
    field: str = ""
    """The field of the scene that it is about; empty for the whole scene."""
    warning: bool = False


def problems(script: Script, speakers: Iterable[Speaker], seconds: float | None) -> list[Problem]:
    """Everything to say about a script, in the order of its scenes, errors and warnings mixed.

    `seconds` is the clip's length; None when that follows the scenes. Scenes are to be in order of time.
    """
    found: list[Problem] = []
    if len(script.scenes) > MOST_SCENES:
        found.append(
            Problem(f"{len(script.scenes)} scenes are too many. A clip takes {MOST_SCENES} at most.")
        )
    names = by_name(speakers)
    timed: list[tuple[int, Scene]] = []
    for index, scene in enumerate(script.scenes):
        wrong = list(_own_times(index, scene, seconds))
        found += wrong
        if not wrong:
            found += _place(index, scene, timed)
            found += _too_many_words(index, scene, script.language)
            timed.append((index, scene))
        found += _words(index, scene, names)
    return found + list(_rest(timed, seconds))


def _own_times(index: int, scene: Scene, seconds: float | None) -> Iterator[Problem]:
    """Errors in the times of one scene, whatever the others say."""
    start, end = scene.start, scene.end
    if not (math.isfinite(start) and math.isfinite(end)):
        yield Problem(f"Scene {index + 1} needs a start and an end in seconds.", index, "start")
    elif start < 0:
        yield Problem(
            f"Scene {index + 1} starts before the clip does. Let it start at 0 s or later.", index, "start"
        )
    elif end <= start:
        yield Problem(
            f"Scene {index + 1} ends at {_s(end)}, but starts at {_s(start)}. Let it end later.", index, "end"
        )
    elif seconds is not None and end > seconds:
        yield Problem(
            f"Scene {index + 1} ends at {_s(end)}, but the clip is {_s(seconds)} long. "
            "Let it end sooner, or make the clip longer.",
            index,
            "end",
        )


def _place(index: int, scene: Scene, timed: list[tuple[int, Scene]]) -> Iterator[Problem]:
    """What a scene overlaps, or what lies between it and the one before."""
    before = timed[-1] if timed else None
    until = before[1].end if before else 0.0
    if before and scene.start < until:
        yield Problem(
            f"Scene {index + 1} starts at {_s(scene.start)}, but scene {before[0] + 1} lasts until "
            f"{_s(until)}. Let it start later, or let scene {before[0] + 1} end sooner.",
            index,
            "start",
        )
    elif scene.start > until:
        where = f"between scenes {before[0] + 1} and {index + 1}" if before else f"before scene {index + 1}"
        yield _gap(until, scene.start, where, index, "start")


def _rest(timed: list[tuple[int, Scene]], seconds: float | None) -> Iterator[Problem]:
    """What lies after the last scene."""
    if timed and seconds is not None and timed[-1][1].end < seconds:
        index, scene = timed[-1]
        yield _gap(scene.end, seconds, f"after scene {index + 1}", index, "end")


def _gap(start: float, end: float, where: str, index: int, field: str) -> Problem:
    sentence = (
        f"Nothing is written for {_s(start)} to {_s(end)}, {where}. "
        "The model fills that as it likes, unless a scene covers it."
    )
    return Problem(sentence, index, field, warning=True)


def _too_many_words(index: int, scene: Scene, language: str) -> Iterator[Problem]:
    line, code = one_line(scene.line), known_language(language)
    needed, given = speaking_seconds(line, code), scene.end - scene.start
    if needed <= given:
        return
    label, rate = LANGUAGES[code]
    unit = "characters" if code in BY_CHARACTER else "words"
    sentence = (
        f"Scene {index + 1} has {spoken(line, code)} {unit} for {_s(given)}. {label} is spoken at about "
        f"{number(rate)} {unit} a second, so they need {_s(math.ceil(needed * 2) / 2)}. "
        "Shorten the line, or lengthen the scene."
    )
    yield Problem(sentence, index, "line", warning=True)


def _words(index: int, scene: Scene, names: Container[str]) -> Iterator[Problem]:
    """Errors in what a scene says."""
    name, scene_number = one_line(scene.speaker), index + 1
    line, delivery = one_line(scene.line), one_line(scene.delivery)
    if name and name_key(name) not in names:
        yield Problem(
            f"Scene {scene_number}: no speaker of this project is called “{name}”. "
            "Add that name to the speakers, or choose one of them.",
            index,
            "speaker",
        )
    if name and not line:
        yield Problem(
            f"Scene {scene_number} has a speaker, but nothing to say. Write the line, or clear the speaker.",
            index,
            "line",
        )
    elif delivery and not line:
        yield Problem(
            f"Scene {scene_number} says how a line is spoken, but has no line. "
            "Write it, or clear the delivery.",
            index,
            "line",
        )
    elif not any(map(one_line, (line, scene.action, scene.sound, scene.camera))):
        yield Problem(f"Scene {scene_number} is empty. Write what happens in it, or remove it.", index)


def _s(value: float) -> str:
    return f"{number(value)} s"
