"""Timed scenes in the composer: reading what was pasted, giving out what was written."""

import re
import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from projects.forms.lengths import LONGER, Wish
from projects.forms.scripted import PastedForm
from projects.models import Clip
from projects.prompts import (
    MOST_SCENES,
    Scene,
    Script,
    ScriptError,
    read_parts,
    read_script,
    write_parts,
)
from projects.views.access import visible_clip, visible_project
from projects.views.composer import Change, answer, filled_with

_JSON = re.compile(r"\s*(\{|\[\s*[\[{\"\]])")
"""What begins like JSON: `[0-4s] Mara: …` does not."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def read(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Fills the rows of the composer with a pasted script; the rest of the form stays as it is."""
    project = visible_project(request, pk)
    if request.method != "POST":
        return redirect(project)
    data = request.POST.dict()
    form = PastedForm(request.POST)
    if not form.is_valid():
        return answer(request, project, Change(data, wrong=form.errors["script"][0]))
    wish = Wish.of(data, ()).seconds if data.get("duration_seconds") == LONGER else None
    try:
        script = _script(form.cleaned_data["script"], wish, data.get("language", "en"))
    except ScriptError as wrong:
        return answer(request, project, Change(data, wrong=f"{wrong} Nothing was changed."))
    return answer(request, project, filled_with(project, data, script))


@require_safe
def export(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The clip's script as JSON that the composer reads back; a plain prompt is its setting."""
    clip = visible_clip(request, pk)
    name = clip.download_name().removesuffix(".mp4")
    return HttpResponse(
        write_parts(script_of(clip)),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}.json"'},
    )


def script_of(clip: Clip) -> Script:
    """The scenes as they were written."""
    kept = clip.script
    if not kept:
        return Script(setting=clip.prompt)
    return Script(
        scenes=tuple(Scene(**scene) for scene in kept.get("scenes", [])),
        setting=kept.get("setting", ""),
        ambience=kept.get("ambience", ""),
        language=kept.get("language", "en"),
    )


def _script(text: str, seconds: float | None, language: str) -> Script:
    """JSON, or a script as people write it: that one is fitted into so many seconds where it has no times."""
    if _JSON.match(text):
        script = read_parts(text)
    else:
        script = Script(
            scenes=read_script(text, seconds=seconds, language=language), language=language or "en"
        )
    if not script.scenes:
        raise ScriptError("There are no scenes in it.")
    if len(script.scenes) > MOST_SCENES:
        raise ScriptError(
            f"This script has {len(script.scenes)} scenes; a clip takes {MOST_SCENES} at most. Paste a part."
        )
    return script
