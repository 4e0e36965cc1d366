"""What can be done with a finished clip, and why something cannot.

The catalog says what a model can do at all, the clip whether Google would take it, and the line-up whether
the model can be used here today.
"""

import math
from typing import Any

from projects.models import Clip, Lineup
from projects.veo.catalog import EDIT, EXTEND, Model

TASKS = (EXTEND, EDIT)


def why_no_work(clip: Clip, task: str, lineup: Lineup) -> str:
    """Why that clip cannot be extended or edited here and now, as a sentence; "" when it can."""
    model = lineup.get(clip.model)
    if model is None:
        return f"The model {clip.model} is not known here."
    able = model.extend_by if task == EXTEND else model.edit
    if not able:
        return f"{model.label} {'extends' if task == EXTEND else 'edits'} no clips."
    if not lineup.can_be_chosen(model):
        return f"{model.label} cannot be chosen. {lineup.why_not(model)}"
    return clip.why_no_source(model, task) or (_too_much(clip, model) if task == EXTEND else "")


def why_no_again(clip: Clip, lineup: Lineup) -> str:
    """Why an extension or edit cannot be asked for once more; "" when it can, and for a clip of its own."""
    if not clip.task:
        return ""
    if clip.source is None:
        return "The clip that it worked on is no longer here."
    return why_no_work(clip.source, clip.task, lineup)


def again_parts(clip: Clip, lineup: Lineup) -> list[dict[str, Any]] | None:
    """The parts of the same recipe at today's prices; None when one cannot be ordered any more."""
    if why_no_again(clip, lineup):
        return None
    parts: list[dict[str, Any]] = []
    segment = (clip.source and clip.source.seconds) or 0
    for part in clip.chain.parts:
        later = EXTEND if part.method == EXTEND else ""
        task = later if part.position else clip.task
        source_seconds = segment if task else 0
        price = lineup.price(
            clip.model,
            clip.resolution,
            part.seconds,
            audio=clip.audio,
            task=task,
            source_seconds=source_seconds,
        )
        if price is None:
            return None
        parts.append(part.as_asked() | {"price_micros": price})
        segment = source_seconds + part.seconds
    return parts


def again_price(clip: Clip, lineup: Lineup) -> int | None:
    """Today's price of the same recipe in micro-dollars; None when it cannot be ordered any more."""
    parts = again_parts(clip, lineup)
    return None if parts is None else sum(part["price_micros"] for part in parts)


def whole_seconds(clip: Clip) -> int:
    """The length of its video, rounded up. A stray twentieth of a second does not count as another one."""
    return max(1, math.ceil(round(clip.seconds or clip.duration_seconds, 1)))


def lengths(model: Model, task: str, source: Clip | None) -> list[int]:
    """Seconds that may be asked for: what an extension may still add, or what an edit keeps."""
    if source is None or not task:
        return list(model.durations)
    if task == EDIT:
        return [whole_seconds(source)]
    has = round(source.seconds or 0)
    return [seconds for seconds in model.extend_by if has + seconds <= model.extend_to]


def _too_much(clip: Clip, model: Model) -> str:
    """An extension goes on in the size of its clip, and only up to the longest result."""
    if model.extend_in and clip.resolution not in model.extend_in:
        return f"{model.label} extends clips of {' or '.join(model.extend_in)} only."
    if not lengths(model, EXTEND, clip):
        has = f"{clip.seconds or 0:g}"
        return f"{model.label} extends to {model.extend_to} s at most; this clip has {has} s."
    return ""
