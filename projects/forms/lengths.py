"""How long a clip is to be: what a person said, and the plan that comes nearest to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from projects import chains, figures
from projects.models import Clip
from projects.prompts import Scene
from projects.veo.catalog import EDIT, Model

LONGER, SCENES = "longer", "scenes"
"""What stands for a length in its choice: the one in the text field beside it, and that of the scenes."""


@dataclass(frozen=True)
class Wish:
    """A length as somebody asked for it. `seconds` is None where nothing that can be read was said."""

    seconds: float | None
    by_scenes: bool = False
    """It is to be as long as its scenes, whatever they say."""
    longer: str | None = None
    """What stands in the text field, when that is to count."""

    @classmethod
    def of(cls, data: Mapping[str, Any], scenes: Sequence[Scene]) -> "Wish":
        """From the form's fields: a length as people write it, or one of LONGER and SCENES."""
        given = data.get("duration_seconds")
        said = str(given if given is not None else "").strip()
        if said == SCENES:
            end = max((scene.end for scene in scenes), default=None)
            return cls(end, by_scenes=end is not None)
        if said == LONGER:
            longer = str(data.get("longer") or "").strip()
            return cls(figures.read_seconds(longer), longer=longer)
        return cls(figures.read_seconds(said))


def written(seconds: float) -> str:
    """A length as the form writes it: "16 s", "1:00"."""
    return f"{seconds:g} s" if seconds < 60 or seconds % 1 else figures.clock(seconds)


def planned(
    model: Model,
    resolution: str,
    wish: Wish,
    *,
    audio: bool,
    last_frame: bool,
    references: int,
    scenes: Sequence[Scene],
    notes: list[str],
) -> chains.Plan:
    """The plan whose length is nearest to the wish; a sentence in `notes` for what had to be changed."""
    seconds = _asked(model, wish, notes)
    if last_frame and seconds is not None and seconds > model.durations[-1]:
        notes.append(f"{ONE_GO} The length was set to {model.durations[-1]} s.")
        seconds = float(model.durations[-1])
    full_first = last_frame or bool(references)
    if seconds is None or seconds <= model.durations[-1]:
        length = _short(model, resolution, seconds, last_frame, references, notes)
        if not (wish.by_scenes and seconds):
            seconds = float(length)
    plan = chains.plan(
        model, resolution=resolution, seconds=seconds, audio=audio, full_first=full_first, scenes=scenes
    )
    if seconds > model.durations[-1]:
        notes += plan.reasons
    if wish.by_scenes and wish.seconds != plan.seconds:
        notes.append(f"The scenes are {written(wish.seconds or 0)} long; they are fitted to the clip.")
    return plan


ONE_GO = "A clip with a last frame is made in one go."


def task_plan(
    model: Model, resolution: str, seconds: int, source: Clip, audio: bool, scenes: Sequence[Scene]
) -> chains.Plan:
    """An extension or an edit of an earlier clip is one generation, at the price that counts that clip."""
    price = model.price(resolution, seconds, audio=audio, source_seconds=source.seconds or 0)
    part = chains.Part(method=chains.NEW, seconds=seconds, start=0, price_micros=price, scenes=tuple(scenes))
    return chains.Plan((part,), float(seconds), ())


def nearest(
    possible: Sequence[int], asked: float | None, model: Model, notes: list[str], *, task: str = ""
) -> int:
    """The length nearest to the asked one, the shortest while nobody asked."""
    length = min(possible, key=lambda each: abs(each - (asked or 0)))
    if asked not in (None, length):
        what = "keeps the length of the clip" if task == EDIT else f"does not make {asked:g} s"
        notes.append(f"{model.label} {what}: the length was set to {length} s.")
    return length


def _asked(model: Model, wish: Wish, notes: list[str]) -> float | None:
    """Where a longer clip is wished for and nobody has said yet how long: twice the longest generation."""
    if wish.longer is None or wish.seconds is not None:
        return wish.seconds
    if wish.longer:
        notes.append(f"“{wish.longer[:20]}” is not a length. Write 45, 45 s or 1:00.")
    return 2.0 * model.durations[-1]


def _short(
    model: Model,
    resolution: str,
    asked: float | None,
    last_frame: bool,
    references: int,
    notes: list[str],
) -> int:
    """A length that one generation makes."""
    longest = model.durations[-1]
    causes = {
        f"{resolution} needs": resolution in model.full_length,
        "A last frame needs": last_frame and "last_frame" in model.full_length,
        "Reference images need": bool(references) and "references" in model.full_length,
    }
    cause = next((words for words, holds in causes.items() if holds), "")
    if not cause:
        return nearest(model.durations, asked, model, notes)
    if asked not in (None, longest):
        notes.append(f"{cause} {longest} s: the length was set to {longest} s.")
    return longest
