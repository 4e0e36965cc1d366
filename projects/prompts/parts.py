"""A script as JSON: the list of timestamped `prompt_parts` that people and language models write.

Google's API knows no such field; here it is how a script is kept in a file and handed on.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, NoReturn

from projects.prompts.languages import known_language
from projects.prompts.pasted import MOST_CHARACTERS, MOST_ENTRIES, natural_seconds
from projects.prompts.script import Scene, Script, ScriptError
from projects.prompts.times import LONGEST, NoTime, clock, halves, read_span, read_time

_TEXT = ("text", "prompt", "content", "description")
_NAMES = {
    "speaker": ("speaker", "character"),
    "line": ("line", "dialogue"),
    "delivery": ("delivery",),
    "action": ("action",),
    "sound": ("sound", "sfx"),
    "camera": ("camera",),
}
"""What the fields of a scene are called, best name first."""

_START, _END = ("start", "start_time"), ("end", "end_time")
_Read = tuple[float | None, float | None, float | None, dict[str, str]]
"""Start, end and duration of an entry, None where it does not say, and the words of its scene."""

_NEAR = 0.01
"""Seconds by which a timestamp may differ from the numbers beside it: it is rounded to thousandths."""


def write_parts(script: Script) -> str:
    """JSON that `read_parts` makes the same script of. Empty fields are left out."""
    whole: dict[str, Any] = {"prompt_parts": [_part(scene) for scene in script.scenes]}
    whole |= {name: value for name in ("setting", "ambience") if (value := getattr(script, name))}
    return json.dumps(whole | {"language": script.language}, ensure_ascii=False, indent=2)


def read_parts(text: str) -> Script:
    """The script in a piece of JSON: a list of entries, or an object that has one as `prompt_parts`.

    An entry is an object, or a string, which is its action. Its time is a `timestamp` ("00:00-00:02", or
    "00:00" until the next one starts) or numbers of seconds: `start`, `end`, `duration`; without any it
    follows the one before. Text without a name for what it is (`text`, `prompt`, `content`) is spoken when
    the entry has a speaker and no other line, else action. Times are rounded to halves; a language that is
    not known here becomes English. ScriptError when it is anything else; overlaps and the like are for
    `problems`.
    """
    whole = _json(text)
    if isinstance(whole, list):
        whole = {"prompt_parts": whole}
    if not isinstance(whole, dict) or not isinstance(whole.get("prompt_parts"), list):
        raise ScriptError("This JSON is neither a list of scenes nor an object with a list “prompt_parts”.")
    entries = whole["prompt_parts"]
    if len(entries) > MOST_ENTRIES:
        raise ScriptError(f"Entry {MOST_ENTRIES + 1} is one too many: {MOST_ENTRIES} are read at once.")
    language = known_language(_words(whole, ("language",), "The script") or "en")
    return Script(
        scenes=_scenes(entries, language),
        setting=_words(whole, ("setting", "prompt"), "The script"),
        ambience=_words(whole, ("ambience",), "The script"),
        language=language,
    )


def _part(scene: Scene) -> dict[str, Any]:
    times = {"start": _plain(scene.start), "end": _plain(scene.end)}
    words = {name: value for name, value in asdict(scene).items() if name not in times and value}
    return {"timestamp": f"{clock(scene.start)}-{clock(scene.end)}", **times, **words}


def _plain(value: float) -> float | int:
    return int(value) if value == int(value) else value


# --- reading ---


def _json(text: str) -> Any:
    if len(text) > MOST_CHARACTERS:
        raise ScriptError(f"This is longer than {MOST_CHARACTERS:,} characters. Paste a part of it.")
    try:
        return json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as wrong:
        raise ScriptError(f"Line {wrong.lineno} is not JSON: {wrong.msg}.") from None
    except ScriptError:
        raise
    except ValueError:
        # Python reads no whole number of thousands of digits.
        raise ScriptError("A number in this JSON is far too long.") from None
    except RecursionError:
        raise ScriptError("This JSON is nested too deeply to be a script.") from None


def _no_number(name: str) -> NoReturn:
    raise ScriptError(f"“{name}” is not a number that JSON has.")


def _scenes(entries: list[Any], language: str) -> tuple[Scene, ...]:
    """With the times that are missing filled in from the neighbours."""
    read = [_entry(number, entry) for number, entry in enumerate(entries, start=1)]
    scenes: list[Scene] = []
    for index, (given, end, duration, words) in enumerate(read):
        start = given if given is not None else scenes[-1].end if scenes else 0.0
        following = read[index + 1][0] if index + 1 < len(read) else None
        if end is None and duration is not None:
            end = start + duration
        elif end is None and given is not None and following is not None and following > start:
            end = following
        elif end is None:
            end = start + natural_seconds(words.get("line", ""), language)
        start, end = halves(start, end)
        scenes.append(Scene(start=start, end=end, **words))
    return tuple(scenes)


def _entry(number: int, entry: Any) -> _Read:
    """What one entry says, by itself."""
    where = f"Entry {number}"
    if isinstance(entry, str):
        start, end, rest = _stamped(entry, where) or (None, None, entry)
        return start, end, None, {"action": _checked(rest, where)}
    if not isinstance(entry, dict):
        raise ScriptError(f"{where} is neither an object nor a text.")
    words = {name: _words(entry, keys, where) for name, keys in _NAMES.items()}
    if plain := _words(entry, _TEXT, where):
        name = "line" if words["speaker"] and not words["line"] else "action"
        words[name] = f"{words[name]} {plain}".strip()
    start, end = (_seconds(entry, keys, where) for keys in (_START, _END))
    stamp = _timestamp(entry, where)
    for given, stamped in ((start, stamp[0]), (end, stamp[1])):
        if given is not None and stamped is not None and abs(given - stamped) > _NEAR:
            raise ScriptError(f"{where} has two times: its timestamp and its numbers differ.")
    start = stamp[0] if start is None else start
    end = stamp[1] if end is None else end
    return start, end, _seconds(entry, ("duration",), where), {k: v for k, v in words.items() if v}


def _timestamp(entry: Mapping[str, Any], where: str) -> tuple[float | None, float | None]:
    stamp = entry.get("timestamp")
    if stamp is None or stamp == "":
        return None, None
    if not isinstance(stamp, str):
        return _seconds(entry, ("timestamp",), where), None
    span = _stamped(stamp, where)
    if span and not span[2]:
        return span[0], span[1]
    return _seconds(entry, ("timestamp",), where), None


def _stamped(text: str, where: str) -> tuple[float, float | None, str] | None:
    try:
        return read_span(text)
    except NoTime as wrong:
        raise ScriptError(f"{where}: {wrong}.") from None


def _seconds(entry: Mapping[str, Any], keys: Iterable[str], where: str) -> float | None:
    """The first of these keys that is there, in seconds: a number, or a text such as "2", "2s" or "0:02"."""
    for key in keys:
        value = entry.get(key)
        if value is None or value == "":
            continue
        if isinstance(value, str):
            try:
                return read_time(value)
            except NoTime as wrong:
                raise ScriptError(f"{where}, “{key}”: {wrong}.") from None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ScriptError(f"{where}: “{key}” must be a number of seconds.")
        if not 0 <= value <= LONGEST or not math.isfinite(value):
            raise ScriptError(f"{where}: “{key}” must be between 0 and {LONGEST:.0f} seconds.")
        return float(value)
    return None


def _words(entry: Mapping[str, Any], keys: Iterable[str], where: str) -> str:
    """The first of these keys that holds words."""
    for key in keys:
        value = entry.get(key)
        if value is not None and not isinstance(value, str):
            raise ScriptError(f"{where}: “{key}” must be text.")
        if value:
            return _checked(value, where)
    return ""


def _checked(text: str, where: str) -> str:
    """The text as it is, when it can be stored and sent."""
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ScriptError(f"{where} holds a character that cannot be used.")
    return text
