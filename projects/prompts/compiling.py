"""From a script to the words that a model is sent.

Google's API knows no timed parts: times are words in the prompt. The forms are those of guides to Veo 3.1
(`[00:00-00:02] …`) and of Google's own notes on Gemini Omni (`[0-3s] …`); how closely a model keeps to them
is not verified.
"""

import math
from collections.abc import Iterable
from typing import Literal

from projects.prompts.script import (
    Scene,
    Script,
    Speaker,
    by_name,
    name_key,
    one_line,
    softened,
    speakers_in,
    unquoted,
)
from projects.prompts.times import clock, number

Form = Literal["veo", "omni"]
"""How a model's prompts write times."""

NO_SUBTITLES: dict[Form, str] = {"veo": "(no subtitles)", "omni": "No subtitles or captions in the picture."}
"""Models tend to burn spoken words into the picture. The wording for Veo is what users report to work;
neither is documented by Google."""

_STRAIGHT = str.maketrans(dict.fromkeys("“”„‟″＂", '"'))
_ENDS = ".!?…。！？"


def compile_prompt(script: Script, speakers: Iterable[Speaker], form: Form) -> str:
    """The whole prompt, exactly as it is sent.

    First the setting, whose line breaks stay; then a line for each speaker who says something and is
    described; then a line for each scene; then the ambience and, if anything is said, that no subtitles are
    wanted. Blank lines stand between. A script without scenes is its setting and ambience. Nothing is
    checked here: see `problems`.
    """
    scenes = [scene for scene in script.scenes if _words(scene)]
    heard = [scene for scene in scenes if one_line(scene.line)]
    known = by_name(speakers)
    cast = [known[name_key(name)] for name in speakers_in(heard) if name_key(name) in known]
    timed = [f"{_times(scene, form)} {_beat(scene, known.get(name_key(scene.speaker)))}" for scene in scenes]
    ambience = one_line(script.ambience)
    blocks = (
        "\n".join(one_line(row) for row in script.setting.strip().splitlines()),
        "\n".join(filter(None, map(_described, cast))),
        "\n".join(timed),
        f"Ambience: {_sentence(ambience)}" if ambience else "",
        NO_SUBTITLES[form] if heard else "",
    )
    return "\n\n".join(filter(None, blocks))


def estimate_tokens(text: str) -> int:
    """About how many tokens a text is: one for every four bytes of UTF-8. Google's own count differs."""
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / 4)


def _times(scene: Scene, form: Form) -> str:
    if form == "omni":
        return f"[{number(scene.start)}-{number(scene.end)}s]"
    return f"[{clock(scene.start)}-{clock(scene.end)}]"


def _words(scene: Scene) -> bool:
    return any(map(one_line, (scene.camera, scene.action, scene.line, scene.sound)))


def _described(speaker: Speaker) -> str:
    """ "Mara: a lighthouse keeper. Voice: low." No word says "he" or "she": nobody told us."""
    name, looks, voice = one_line(speaker.name), _sentence(speaker.looks), _sentence(speaker.voice)
    if not looks:
        return f"{name}'s voice: {voice}" if voice else ""
    return f"{name}: {looks}" + (f" Voice: {voice}" if voice else "")


def _beat(scene: Scene, speaker: Speaker | None) -> str:
    """Camera, action, dialogue and sound of one scene, in this order."""
    sound = _sentence(scene.sound)
    parts = (
        _sentence(scene.camera),
        _sentence(scene.action),
        _dialogue(scene, one_line(speaker.name if speaker else scene.speaker)),
        f"SFX: {sound}" if sound else "",
    )
    return " ".join(filter(None, parts))


def _dialogue(scene: Scene, name: str) -> str:
    """`Mara, whispering, says: "Almost there."`; without a name it is a voice that says it.

    Quotes inside a line become single ones, so that they cannot end it.
    """
    said = softened(unquoted(one_line(scene.line)))
    if not said:
        return ""
    delivery = softened(one_line(scene.delivery).strip("().,;: "))
    how = f", {delivery}," if delivery else ""
    return f'{softened(name) or "A voice"}{how} says: "{said}"'


def _sentence(text: str) -> str:
    """With a full stop, and with no quote that is left open."""
    text = one_line(text).translate(_STRAIGHT)
    if text.count('"') % 2:
        text = softened(text)
    return text if not text or text.rstrip("\"'”’)»").endswith(tuple(_ENDS)) else f"{text}."
