"""What each generation of a clip is told, and how long all of them usually take.

The words are compiled here and nowhere else: what the page shows before paying is what is stored and sent.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from django.conf import settings

from projects import chains
from projects.forms.choices import Choice
from projects.models import Operation
from projects.prompts import Form, Scene, Script, Speaker, compile_prompt, estimate_tokens
from projects.veo.catalog import EXTEND, GEMINI_OMNI, Model

GO_ON = "Continue the same shot without a cut."
"""What a later part is told when nobody wrote anything for it. Ours; how well models keep to it is not
verified."""

_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")


@dataclass(frozen=True)
class PlannedPart:
    """One generation: how it is made, and its prompt exactly as it will be sent."""

    number: int
    part: chains.Part
    prompt: str

    @property
    def tokens(self) -> int:
        return estimate_tokens(self.prompt)

    @property
    def end(self) -> int:
        """Where it ends in the clip, in seconds."""
        return self.part.start + self.part.seconds

    @property
    def how(self) -> str:
        """As part of a plan of several."""
        before = self.number - 1
        return {
            chains.EXTEND: f"extends part {before} by {self.part.seconds} s",
            chains.CONTINUE: f"starts from the last frame of part {before}, joined here",
        }.get(self.part.method, "made anew")

    def as_asked(self) -> dict[str, Any]:
        """The fields of a part of a clip."""
        return {
            "method": self.part.method,
            "prompt": self.prompt,
            "seconds": self.part.seconds,
            "price_micros": self.part.price_micros,
            "scenes": as_kept(self.part.scenes),
        }


def as_kept(scenes: Sequence[Scene]) -> list[dict[str, Any]]:
    """Scenes as JSON."""
    return [asdict(scene) for scene in scenes]


def kept_script(script: Script) -> dict[str, Any]:
    """A script as JSON, as it was written."""
    return {
        "scenes": as_kept(script.scenes),
        "setting": script.setting,
        "ambience": script.ambience,
        "language": script.language,
    }


def planned(choice: Choice, script: Script, speakers: Sequence[Speaker]) -> list[PlannedPart]:
    """The parts with their prompts. A script without scenes is its setting: a prompt in plain words."""
    parts = choice.plan.parts
    if script.scenes:
        said = [_compiled(part, script, speakers, prompt_form(choice.model)) for part in parts]
    else:
        said = dealt(script.setting, len(parts))
    return [
        PlannedPart(number, part, prompt)
        for number, (part, prompt) in enumerate(zip(parts, said, strict=True), start=1)
    ]


def prompt_form(model: Model) -> Form:
    """How the prompts of that model write times."""
    return "omni" if model.back_end == GEMINI_OMNI else "veo"


def dealt(prompt: str, count: int) -> list[str]:
    """A plain prompt for so many parts: its paragraphs in order, or, where they are too few, all of it."""
    if count == 1:
        return [prompt]
    paragraphs = [text for text in _PARAGRAPHS.split(prompt.strip()) if text]
    if len(paragraphs) < count:
        return [prompt, *[f"{GO_ON} {prompt}".strip()] * (count - 1)]
    borders = [number * len(paragraphs) // count for number in range(count + 1)]
    return ["\n\n".join(paragraphs[start:end]) for start, end in pairwise(borders)]


def refusals(choice: Choice, **first: Any) -> dict[str, str]:
    """What the catalog says to any part of the plan; `first` are the settings of the first part alone."""
    found: dict[str, str] = {}
    segment = 0
    for number, part in enumerate(choice.plan.parts):
        extends = part.method == chains.EXTEND
        pictures = first if number == 0 else {"seed_image": part.method == chains.CONTINUE}
        shared = {name: first.get(name, False) for name in ("negative_prompt", "seed")}
        said = choice.model.refusals(
            aspect_ratio=choice.aspect_ratio,
            resolution=choice.resolution,
            duration_seconds=part.seconds,
            audio=choice.audio,
            task=EXTEND if extends else "",
            source_seconds=segment if extends else 0,
            **shared | pictures,
        )
        found = said | found
        segment = part.seconds + (segment if extends else 0)
    return found


def usual_seconds(choice: Choice) -> float | None:
    """How long the parts take one after the other, by our own past ones; None where there are none yet."""
    model, size, demo = choice.model.id, choice.resolution, settings.DEMO
    kinds = [(model, size, part.seconds, demo) for part in choice.plan.parts]
    usual = Operation.objects.usual_seconds(set(kinds))
    if any(kind not in usual for kind in kinds):
        return None
    return sum(usual[kind][0] for kind in kinds)


def _compiled(part: chains.Part, script: Script, speakers: Sequence[Speaker], form: Form) -> str:
    """A part in which nothing is written goes on with the shot."""
    whole = compile_prompt(replace(script, scenes=part.scenes), speakers, form)
    if part.scenes or part.method == chains.NEW:
        return whole or GO_ON
    return f"{GO_ON} {whole}".strip()
