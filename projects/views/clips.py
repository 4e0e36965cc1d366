"""Clips: ask for one, see it, and keep the page in step with it.

Creating a clip writes rows and nothing else; the poller sends them to Google (promise P6).
"""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from projects.forms import AttachForm, ClipForm, new_token
from projects.models import Clip, ClipStatus, Lineup, Project
from projects.views.access import visible_clip, visible_project
from projects.views.cards import dress
from projects.views.composer import Change, answer, change, typed, updated
from projects.views.datasheet import datasheet
from projects.views.parsing import as_uuid
from projects.views.projects import form_context, page

MOST_POLLED = 200
USED = "This form has made a clip already. Press Generate again to make another one."
_NEWS = (ClipStatus.READY, ClipStatus.FAILED, ClipStatus.FILTERED, ClipStatus.UNCONFIRMED)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Asks for the clips of a form, once however often the button is pressed."""
    project = visible_project(request, pk)
    if request.method != "POST":
        return _to_page(request, project)
    if "update" in request.POST:
        return updated(request, project)
    form = ClipForm(request.POST, request.FILES, project=project)
    earlier: list[Clip] = []
    if form.is_valid():
        earlier = list(Clip.objects.asked_with(project, form.cleaned_data["token"]))
        if earlier and form.repeats(earlier):
            return _created(request, form, earlier, repeated=True)
        if earlier:
            form.add_error(None, USED)
    form.keep_pictures()
    if form.errors:
        if request.htmx:
            return render(request, "projects/_clip_form.html", form_context(project, form), status=422)
        return page(request, project, form, status=422)
    token, takes = form.cleaned_data["token"], form.cleaned_data["takes"]
    clips = Clip.objects.ask_for(project, request.user, token, takes, form.recipe())
    return _created(request, form, clips, repeated=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def options(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The settings part of the form after a change: the nearest possible settings, price, and what was moved.

    Buttons of the scenes are pressed here too, and `live` asks only for what depends on the words. The token
    stays, so that a button pressed before and after a change still makes one set of clips. Without JavaScript
    the whole page comes back.
    """
    project = visible_project(request, pk)
    if request.method == "POST":
        data = request.POST.dict()
        if "live" in data:
            return typed(request, project, data)
        return answer(request, project, change(project, data))
    if request.htmx:
        return answer(request, project, Change(request.GET.dict()))
    return _to_page(request, project)


@never_cache
@require_safe
def poll(request: HttpRequest) -> HttpResponse:
    """204, or the cards that differ from what the browser has; ids that this person cannot see are `gone`."""
    sent = _sent(request)
    clips = list(Clip.objects.visible_to(request.user).filter(pk__in=sent))
    changed = [clip for clip in clips if clip.version != sent[clip.pk]]
    gone = sent.keys() - {clip.pk for clip in clips}
    still = _still(clips)
    if still and not changed and not gone:
        return HttpResponse(status=204)
    context = {
        "clips": dress(changed, Lineup.now()) if changed else [],
        "news": [clip for clip in changed if clip.status in _NEWS],
        "gone": sorted(gone),
        "still": still,
        "oob": True,
        "swapped_in": True,
    }
    return render(request, "projects/_poll.html", context)


@require_safe
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    clip = visible_clip(request, pk)
    return clip_page(request, clip, AttachForm(clip=clip))


@never_cache
@require_safe
def live(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """204, or the moving part of the clip's page. A page whose clip is deleted is sent to the projects."""
    try:
        clip = visible_clip(request, pk)
    except Http404:
        if not request.htmx:
            raise
        return HttpResponse(status=404, headers={"HX-Redirect": reverse("project_list")})
    if request.GET.get("v") == str(clip.version):
        return HttpResponse(status=204)
    context = _live_context(clip, AttachForm(clip=clip)) | {"swapped_in": True}
    return render(request, "projects/_clip_live.html", context)


def clip_page(request: HttpRequest, clip: Clip, attach_form: AttachForm) -> HttpResponse:
    """The clip's whole page; 422 when the name of an operation did not pass."""
    context = _live_context(clip, attach_form) | datasheet(clip)
    return render(request, "projects/clip_detail.html", context, status=422 if attach_form.is_bound else 200)


def _live_context(clip: Clip, attach_form: AttachForm) -> dict[str, object]:
    lineup = Lineup.now()
    dress([clip], lineup)
    found = clip.operation.answer.get("found", [])
    return {
        "clip": clip,
        "project": clip.project,
        "operation": clip.operation,
        "explanation": clip.explanation,
        "usual": clip.usual,
        "again_micros": clip.again_micros,
        "again_token": new_token(),
        "attach_form": attach_form,
        "found_refs": [ref for ref in found if isinstance(ref, str)],
        "still": clip.active or clip.operation.next_at is not None,
    }


def _created(request: HttpRequest, form: ClipForm, clips: list[Clip], *, repeated: bool) -> HttpResponse:
    said = "Asked for. You can close this page." if len(clips) == 1 else f"{len(clips)} takes asked for."
    if not request.htmx:
        messages.success(request, said)
        return redirect(form.project)
    context = {
        "project": form.project,
        "clips": dress(clips, form.lineup),
        "gone": [clip.pk for clip in clips] if repeated else [],
        "token": new_token(),
        "toast": said,
        "still": True,
        "oob": True,
    }
    return render(request, "projects/_clip_created.html", context)


def _to_page(request: HttpRequest, project: Project) -> HttpResponse:
    """For a GET of an address that is posted to: a reload, a link to page 2, a log-in in between."""
    query = request.GET.urlencode()
    return redirect(f"{project.get_absolute_url()}?{query}" if query else project)


def _still(clips: list[Clip]) -> bool:
    """Also when only another clip of the same projects is active: it may have been asked for a moment ago."""
    if any(clip.active for clip in clips):
        return True
    return Clip.objects.active().filter(project__in={clip.project_id for clip in clips}).exists()


def _sent(request: HttpRequest) -> dict[uuid.UUID, int]:
    """Clip id to the version that the browser shows. What is not `<id>:<version>` is left out."""
    sent: dict[uuid.UUID, int] = {}
    for pair in request.GET.getlist("v")[:MOST_POLLED]:
        pk, _, version = pair.partition(":")
        if (known := as_uuid(pk)) and version.isascii() and version.isdigit() and len(version) < 10:
            sent[known] = int(version)
    return sent
