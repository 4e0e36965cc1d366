"""Everything we know about a clip, for its page: facts, the exact request, Google's answers, its story."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any, TypeVar

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

from projects import figures
from projects.models import Clip, Event, Operation, State, Submission
from projects.models.reasons import doubtful_micros, time_left
from projects.veo.catalog import BACK_ENDS, EDIT, EXTEND

_Row = TypeVar("_Row", Submission, Event)


@dataclass(frozen=True)
class Sheet:
    """What is known of one generation of a clip that has several parts."""

    title: str
    facts: list[tuple[str, str]]


def datasheet(clip: Clip) -> dict[str, Any]:
    """Texts and rows; every key of the template's context is there, empty where nothing is known.

    The request and Google's answer are those of the newest generation; `of_part` says which part that is.
    """
    operation = clip.operation
    request = next((each.request for each in reversed(operation.submissions.all()) if each.request), None)
    # `found` is our own list, kept beside Google's words while a clip is not confirmed.
    answer = {name: value for name, value in operation.answer.items() if name != "found"}
    several = clip.chain.long
    return {
        "submissions": _submissions(clip),
        "events": _events(clip),
        "request_json": _pretty(request),
        "answer_json": _pretty(answer),
        "file_record_json": _pretty(operation.file_record),
        "facts": _known(_facts(clip, [] if several else _generation(operation))),
        "sheets": [_sheet(one) for one in clip.operations.all()] if several else [],
        "of_part": operation.part.number if several else None,
    }


def _submissions(clip: Clip) -> list[Submission]:
    """Of all its generations, in order; each with the number of its part where there are several."""
    return [
        _of_part(submission, operation, clip)
        for operation in clip.operations.all()
        for submission in operation.submissions.all()
    ]


def _events(clip: Clip) -> list[Event]:
    events = Event.objects.filter(operation__clip=clip).select_related("operation__part")
    return [_of_part(event, event.operation, clip) for event in events]


def _of_part(row: _Row, operation: Operation, clip: Clip) -> _Row:
    row.part_number = operation.part.number if clip.chain.long else None
    return row


def _sheet(operation: Operation) -> Sheet:
    part = operation.part
    again = f", attempt {operation.attempt}" if operation.attempt > 1 else ""
    facts = [
        ("State", operation.get_state_display().capitalize()),
        ("Made", f"{part.get_method_display()}, {part.seconds} s"),
        ("Price before", figures.usd(_agreed(operation))),
        ("Cost", _cost_of(operation)),
        *_generation(operation),
        ("Ended", _moment(operation.finished_at)),
        ("Length", f"{operation.seconds:.2f} s" if operation.seconds else ""),
        ("SHA-256", operation.sha256),
    ]
    return Sheet(f"Part {part.number}{again}", _known(facts))


def _generation(operation: Operation) -> list[tuple[str, str]]:
    return [
        ("Accepted by Google", _moment(operation.accepted_at)),
        ("Finished at Google", _moment(operation.done_at)),
        ("Google took", _span(operation.accepted_at, operation.done_at)),
        ("Kept by Google", time_left(operation)),
        ("Operation", operation.remote_ref),
        ("Status checks", str(operation.polls) if operation.polls else ""),
    ]


def _known(facts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(label, value) for label, value in facts if value]


def _facts(clip: Clip, generation: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """`generation` comes between what was asked for and what it became."""
    return [
        ("Model", f"{clip.model_label} ({clip.model})"),
        ("Service", BACK_ENDS.get(clip.operation.back_end, clip.operation.back_end)),
        (_WORKED_ON.get(clip.task, "Works on"), _source(clip)),
        ("Settings", _settings(clip)),
        ("Seed number", "" if clip.seed is None else str(clip.seed)),
        ("Take", str(clip.take) if clip.take > 1 else ""),
        ("Price before", figures.usd(clip.price_micros)),
        ("Cost", _cost(clip)),
        ("Asked for", _moment(clip.asked_at) + (f" by {clip.asked_by}" if clip.asked_by else "")),
        *generation,
        ("Ended", _moment(clip.finished_at)),
        ("Picture", _picture(clip)),
        ("Length", f"{clip.seconds:.2f} s" if clip.seconds else ""),
        ("Frames", _frames(clip.facts)),
        ("Codecs", ", ".join(filter(None, [_word(clip, "video"), _word(clip, "audio")]))),
        ("File size", filesizeformat(clip.size) if clip.size else ""),
        ("SHA-256", clip.sha256),
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


def _cost(clip: Clip) -> str:
    """ "$2.10", "at least $2.10", and what a lost answer may have cost on top."""
    if clip.simulated:
        return "nothing: simulated"
    operations = list(clip.operations.all())
    doubtful = sum(map(doubtful_micros, operations))
    if clip.cost_micros is None:
        cost = "" if clip.active else "not known"
    else:
        ended = [one for one in operations if one.state in State.FINAL]
        least = "at least " if len(ended) > 1 and any(one.charged_micros is None for one in ended) else ""
        cost = f"{least}{figures.usd(clip.cost_micros)}{' so far' if clip.active else ''}"
    if doubtful and cost:
        return f"{cost}; a request that was never confirmed may have cost {figures.usd(doubtful)}"
    return cost


def _agreed(operation: Operation) -> int:
    """What somebody agreed to pay for this very generation: a later agreement may name another price."""
    submissions = list(operation.submissions.all())
    return submissions[-1].price_micros if submissions else operation.part.price_micros


def _cost_of(operation: Operation) -> str:
    if operation.clip.simulated:
        return "nothing: simulated"
    if operation.charged_micros is None:
        return "not known" if operation.state in State.FINAL else ""
    return figures.usd(operation.charged_micros)


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
