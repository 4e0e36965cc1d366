"""Everything we know about a clip, for its page: facts, the exact request, Google's answers, its story."""

import datetime as dt
import json
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

from projects import figures
from projects.models import Clip, Operation
from projects.models.reasons import doubtful_micros, time_left
from projects.veo.catalog import BACK_ENDS, EDIT, EXTEND


def datasheet(clip: Clip) -> dict[str, Any]:
    """Texts and rows; every key of the template's context is there, empty where nothing is known."""
    operation = clip.operation
    submissions = list(operation.submissions.all())
    request = next((each.request for each in reversed(submissions) if each.request), None)
    # `found` is our own list, kept beside Google's words while a clip is not confirmed.
    answer = {name: value for name, value in operation.answer.items() if name != "found"}
    return {
        "submissions": submissions,
        "events": list(operation.events.all()),
        "request_json": _pretty(request),
        "answer_json": _pretty(answer),
        "file_record_json": _pretty(operation.file_record),
        "facts": [(label, value) for label, value in _facts(clip, operation) if value],
    }


def _facts(clip: Clip, operation: Operation) -> list[tuple[str, str]]:
    return [
        ("Model", f"{clip.model_label} ({clip.model})"),
        ("Service", BACK_ENDS.get(operation.back_end, operation.back_end)),
        (_WORKED_ON.get(clip.task, "Works on"), _source(clip)),
        ("Settings", _settings(clip)),
        ("Seed number", "" if clip.seed is None else str(clip.seed)),
        ("Take", str(clip.take) if clip.take > 1 else ""),
        ("Price before", figures.usd(clip.price_micros)),
        ("Cost", _cost(clip, operation)),
        ("Asked for", _moment(clip.asked_at) + (f" by {clip.asked_by}" if clip.asked_by else "")),
        ("Accepted by Google", _moment(operation.accepted_at)),
        ("Finished at Google", _moment(operation.done_at)),
        ("Google took", _span(operation.accepted_at, operation.done_at)),
        ("Ended", _moment(clip.finished_at)),
        ("Kept by Google", time_left(operation)),
        ("Picture", _picture(clip)),
        ("Length", f"{clip.seconds:.2f} s" if clip.seconds else ""),
        ("Frames", _frames(clip.facts)),
        ("Codecs", ", ".join(filter(None, [_word(clip, "video"), _word(clip, "audio")]))),
        ("File size", filesizeformat(clip.size) if clip.size else ""),
        ("SHA-256", clip.sha256),
        ("Operation", operation.remote_ref),
        ("Status checks", str(operation.polls) if operation.polls else ""),
    ]


_WORKED_ON = {EXTEND: "Extends", EDIT: "Edits"}


def _source(clip: Clip) -> str:
    """A link to the clip that it worked on."""
    if not clip.task:
        return ""
    if clip.source is None:
        return "a clip that is deleted"
    return format_html('<a href="{}">{}</a>', clip.source.get_absolute_url(), clip.source.title)


def _settings(clip: Clip) -> str:
    """ "16:9, 720p, 7 s more, no sound"."""
    length = f"{clip.duration_seconds} s{' more' if clip.task == EXTEND else ''}"
    return ", ".join([clip.aspect_ratio, clip.resolution, length, *([] if clip.audio else ["no sound"])])


def _cost(clip: Clip, operation: Operation) -> str:
    if clip.simulated:
        return "nothing: simulated"
    known = "not known" if clip.cost_micros is None else figures.usd(clip.cost_micros)
    cost = "" if clip.active else known
    doubtful = doubtful_micros(operation)
    if doubtful and cost:
        return f"{cost}; a request that was never confirmed may have cost {figures.usd(doubtful)}"
    return cost


def _picture(clip: Clip) -> str:
    return f"{clip.width} × {clip.height} pixels" if clip.width and clip.height else ""


def _frames(facts: dict[str, Any]) -> str:
    frames, rate = facts.get("frames"), facts.get("fps")
    return " at ".join([str(frames), f"{rate:g} a second"]) if frames and rate else ""


def _word(clip: Clip, name: str) -> str:
    return str(clip.facts.get(name) or "")


def _moment(moment: dt.datetime | None) -> str:
    return date_format(timezone.localtime(moment), "j F Y, H:i:s") if moment else ""


def _span(start: dt.datetime | None, end: dt.datetime | None) -> str:
    return figures.seconds((end - start).total_seconds()) if start and end else ""


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""
