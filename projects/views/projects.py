"""Projects: list, page, create, rename, delete."""

import uuid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Prefetch, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from projects.forms import (
    EXAMPLES,
    ClipForm,
    ProjectForm,
    kept_clip,
    kept_pictures,
    kept_shot,
    new_token,
    nothing_usable,
    offers,
)
from projects.models import Clip, ClipStatus, Lineup, Project
from projects.veo.catalog import EDIT, EXTEND
from projects.views.access import visible_project
from projects.views.cards import dress
from projects.views.pictures import reference_slots, slot
from projects.views.planned import script_context

PAGE_SIZE = 24
GROUPS: dict[str, tuple[str, ...]] = {
    "working": ClipStatus.ACTIVE,
    "ready": (ClipStatus.READY,),
    "failed": (ClipStatus.FAILED, ClipStatus.FILTERED, ClipStatus.UNCONFIRMED, ClipStatus.CANCELLED),
}
_HEADINGS = {"": "Clips", "working": "Clips at work", "ready": "Ready clips", "failed": "Clips with trouble"}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    posters = Clip.objects.filter(status=ClipStatus.READY).exclude(poster="").order_by("-finished_at")[:4]
    projects = (
        Project.objects.visible_to(request.user)
        .annotate(
            clip_count=Count("clips"),
            working_count=Count("clips", filter=Q(clips__status__in=GROUPS["working"])),
            ready_count=Count("clips", filter=Q(clips__status__in=GROUPS["ready"])),
            spent_micros=Sum("clips__cost_micros", filter=Q(clips__simulated=False), default=0),
        )
        .prefetch_related(Prefetch("clips", posters, to_attr="latest_posters"))
    )
    return render(request, "projects/project_list.html", {"projects": projects})


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = ProjectForm(data, instance=Project(owner=request.user))
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    return _name_form(request, form, None)


@require_safe
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    project = visible_project(request, pk)
    lineup = Lineup.now()
    form = _form_from(request, project, lineup)
    return page(request, project, form)


@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    project = visible_project(request, pk)
    form = ProjectForm(request.POST if request.method == "POST" else None, instance=project)
    if request.method == "POST" and form.is_valid():
        form.instance.save(update_fields=["name"])
        return redirect(project)
    return _name_form(request, form, project)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Locked while it looks: a clip asked for at the same moment waits, and then finds no project."""
    with transaction.atomic():
        mine = Project.objects.visible_to(request.user).select_for_update()
        project = get_object_or_404(mine, pk=pk)
        refusal = _refusal_to_delete(project)
        if request.method == "POST" and not refusal:
            project.remove()
            messages.success(request, f"The project “{project.name}” is deleted.")
            return redirect("project_list")
    if request.method == "POST":
        messages.error(request, refusal)
        return redirect(project)
    context = {"project": project, "refusal": refusal, "clip_count": project.clips.count()}
    return render(request, "projects/project_confirm_delete.html", context)


def page(
    request: HttpRequest, project: Project, form: ClipForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The project's page around a form, which may come back with errors.

    `more` is added for the templates; its `notes` stand before those about the settings.
    """
    show = request.GET.get("show", "")
    show = show if show in GROUPS else ""
    clips = project.clips.filter(status__in=GROUPS[show]) if show else project.clips.all()
    cards = Paginator(clips, PAGE_SIZE).get_page(request.GET.get("page"))
    cards.object_list = dress(list(cards.object_list), form.lineup)
    counts = _counts(project)
    context = {
        "project": project,
        "cards": cards.object_list,
        "page": cards,
        "show": show,
        "heading": _HEADINGS[show],
        "counts": counts,
        "spent_micros": counts.pop("spent_micros"),
        "still": any(clip.active for clip in cards.object_list),
        "examples": EXAMPLES,
        **form_context(project, form),
    }
    notes = [*more.pop("notes", ()), *context["notes"]]
    return render(request, "projects/project_detail.html", context | more | {"notes": notes}, status=status)


def form_context(project: Project, form: ClipForm, *, token: uuid.UUID | None = None) -> dict[str, Any]:
    """Everything that the form and its settings part need. Without `token` they get a new one."""
    choice, notes = form.settled
    access = form.lineup.setup.access(choice.model.back_end)
    return {
        "project": project,
        "form": form,
        "choice": choice,
        "offers": offers(choice),
        "length_legend": "Adds" if choice.task == EXTEND else "Length",
        "price_micros": choice.price_micros,
        "total_micros": choice.total_micros,
        "ratio_slug": choice.ratio_slug,
        "seed_slot": slot("seed_image", form.pictures["seed_image"], form.errors_of("seed_image")),
        "last_slot": slot("last_frame", form.pictures["last_frame"], form.errors_of("last_frame")),
        "reference_slots": reference_slots(form, choice.model.references),
        "relay": "" if access.own or settings.DEMO else urlsplit(access.base_url).hostname,
        "nothing_usable": nothing_usable(form.lineup) if choice.total_micros is None else "",
        "notes": notes,
        "token": token or new_token(),
        **script_context(form),
    }


def _form_from(request: HttpRequest, project: Project, lineup: Lineup) -> ClipForm:
    """Filled from a clip or a shot of this project, for work on it, or from an example, as the address says.

    Anything else in the address is as good as nothing.
    """
    for task in (EXTEND, EDIT):
        if clip := kept_clip(project, request.GET.get(task)):
            return ClipForm.work_on(clip, task, lineup)
    if shot := kept_shot(project, request.GET.get("shot")):
        return ClipForm(initial=shot.settings | {"shot": str(shot.pk)}, project=project, lineup=lineup)
    clip = kept_clip(project, request.GET.get("from"))
    if clip is None:
        return ClipForm.example(project, request.GET.get("example", ""), lineup)
    start = kept_pictures(project, {"start": request.GET.get("seed_picture")})["start"]
    return ClipForm.like(clip, lineup, model=request.GET.get("model", ""), start=start)


def _name_form(request: HttpRequest, form: ProjectForm, project: Project | None) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, "projects/project_form.html", {"form": form, "project": project}, status=status)


def _counts(project: Project) -> dict[str, int]:
    groups = {name: Count("pk", filter=Q(status__in=statuses)) for name, statuses in GROUPS.items()}
    spent = Sum("cost_micros", filter=Q(simulated=False), default=0)
    return project.clips.order_by().aggregate(all=Count("pk"), spent_micros=spent, **groups)


def _refusal_to_delete(project: Project) -> str:
    """Not while Google may still send, and charge for, something that belongs here."""
    statuses = list(project.clips.values_list("status", flat=True).distinct().order_by())
    if any(status in ClipStatus.ACTIVE for status in statuses):
        return "Clips of this project are still at work. Wait for them or cancel them, then delete it."
    if ClipStatus.UNCONFIRMED in statuses:
        return "A clip of this project is not confirmed. Decide what to do with it, then delete the project."
    return ""
