"""What the composer says about scenes and parts before anything is paid."""

from typing import Any

from projects import chains
from projects.forms import ClipForm, plans
from projects.forms.lengths import SCENES, written

MOST_SAID = 6
"""How many sentences about scenes stand above the button at once."""


def script_context(form: ClipForm) -> dict[str, Any]:
    """Prompts as they will be sent, checks, and the plan of a clip of several parts."""
    choice, _ = form.settled
    planned = form.planned
    found = form.problems(None if choice.length == SCENES else choice.duration_seconds)
    return {
        "planned": planned,
        "several": len(planned) > 1,
        "problems": sorted(found, key=lambda problem: problem.warning)[:MOST_SAID],
        "more_problems": max(0, len(found) - MOST_SAID),
        "speaker_names": [speaker.name for speaker in form.speakers] if form.rows else [],
        "unknown_speakers": form.unknown_speakers,
        "limits": "" if choice.task else chains.limits(choice.model, choice.resolution),
        "usual_seconds": plans.usual_seconds(choice) if len(planned) > 1 else None,
        "fit": _fit(form),
    }


def _fit(form: ClipForm) -> str:
    """How long the clip can become for scenes that are longer than it; "" when they are not."""
    choice, scenes = form.settled[0], form.rows.scenes
    end = max((scene.end for scene in scenes), default=0.0)
    if choice.task or choice.length == SCENES or end <= choice.duration_seconds:
        return ""
    if choice.last_frame and end > choice.model.durations[-1]:
        return ""
    plan = chains.plan(
        choice.model,
        resolution=choice.resolution,
        seconds=end,
        audio=choice.audio,
        full_first=choice.last_frame or bool(choice.references),
    )
    return written(plan.seconds)
