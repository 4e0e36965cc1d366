"""The composer after something in it has changed: by a script in its moving parts, else as the whole page."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from projects.forms import ClipForm, PicturesForm
from projects.forms.lengths import LONGER, SCENES
from projects.forms.scenes import DO, as_rows, pressed, with_rows
from projects.forms.speakers import add_speakers
from projects.models import Project
from projects.prompts import Script
from projects.views.parsing import as_uuid
from projects.views.projects import form_context, page

ADD_SPEAKER = "speaker-add"
"""The name of the buttons that add somebody who is named in a scene; the value is the name."""


@dataclass(frozen=True)
class Change:
    """What the form holds now. `focus` is the id of what is to have the focus, `notes` say what was done."""

    data: dict[str, Any]
    focus: str = ""
    notes: list[str] = field(default_factory=list)
    rows: bool = False
    """Whether the rows are others than those in the browser."""
    prompt: bool = False
    """Whether the prompt is."""
    wrong: str = ""
    """Why a pasted script cannot be read."""


def change(project: Project, data: Mapping[str, Any]) -> Change:
    """What a press of one of the composer's own buttons makes of its fields. Pays nothing."""
    held = {name: value for name, value in data.items() if name not in (DO, ADD_SPEAKER)}
    if button := data.get(DO):
        changed, focus = pressed(held, str(button))
        return Change(changed, focus, rows=True)
    if name := data.get(ADD_SPEAKER):
        return Change(held, notes=told_of_speakers(project, [str(name)]))
    return Change(held)


def filled_with(project: Project, data: Mapping[str, Any], script: Script) -> Change:
    """The form with a pasted script in its rows, as long as its scenes; new speakers are added."""
    held = {name: value for name, value in data.items() if name != "script"}
    names = list(dict.fromkeys(scene.speaker for scene in script.scenes if scene.speaker))
    notes = told_of_speakers(project, names)
    words = {"prompt": script.setting, "ambience": script.ambience}
    held |= {name: value for name, value in words.items() if value}
    held |= {"language": script.language}
    if held.get("duration_seconds") != LONGER:
        held["duration_seconds"] = SCENES
    return Change(
        with_rows(held, as_rows(script.scenes)),
        focus="id_scenes-0-line",
        notes=notes,
        rows=True,
        prompt=bool(script.setting),
    )


def told_of_speakers(project: Project, names: list[str]) -> list[str]:
    """Adds those who are new, and says so."""
    added, refused = add_speakers(project, names)
    notes = []
    if added:
        verb = "is a speaker" if len(added) == 1 else "are speakers"
        notes.append(f"{', '.join(added)} {verb} now. The speakers’ page is for how they look and sound.")
    return notes + refused


def answer(request: HttpRequest, project: Project, changed: Change) -> HttpResponse:
    """Everything as it was typed and chosen, and the price for it; nothing is asked for.

    422 when a pasted script cannot be read.
    """
    status = 422 if changed.wrong else 200
    more = {
        "focus": changed.focus,
        "rows_oob": changed.rows or bool(changed.wrong),
        "prompt_oob": changed.prompt,
        "script_error": changed.wrong,
    }
    if not request.htmx:
        uploads = PicturesForm(request.POST, request.FILES, project=project)
        uploads.is_valid()
        uploads.keep_pictures()
        form = ClipForm(initial=changed.data | uploads.kept_ids(), project=project)
        form.rows.focus(changed.focus)
        return page(request, project, form, status=status, notes=changed.notes, **more)
    form = ClipForm(initial=changed.data, project=project)
    form.rows.focus(changed.focus)
    token = as_uuid(changed.data.get("token")) or uuid.uuid4()
    context = form_context(project, form, token=token) | more
    context["notes"] = changed.notes + context["notes"]
    return render(request, "projects/_clip_options.html", context, status=status)


def updated(request: HttpRequest, project: Project) -> HttpResponse:
    """The form after the Enter key, or after the button for the price: nothing is asked for."""
    data = request.POST.dict()
    if not request.htmx:
        return answer(request, project, Change(data))
    context = form_context(project, ClipForm(initial=data, project=project))
    response = render(request, "projects/_clip_form.html", context)
    response["HX-Reswap"] = "outerHTML"
    return response


def typed(request: HttpRequest, project: Project, data: Mapping[str, Any]) -> HttpResponse:
    """What depends on the words alone, while they are typed: prompt, checks and plan.

    Where their times make the clip longer, what has a price comes with it.
    """
    form = ClipForm(initial=dict(data), project=project)
    context = form_context(project, form, token=as_uuid(data.get("token")))
    shown = str(data.get("price_micros") or "")
    context["price_moved"] = context["total_micros"] is not None and shown != str(context["total_micros"])
    return render(request, "projects/_compiled_typed.html", context)
