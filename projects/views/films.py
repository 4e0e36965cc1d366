"""Films: list, page, create, change, delete. Rendering one is in `renders`."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from projects.forms.films import CutForm, FilmForm, NewFilmForm, PickForm
from projects.models import Clip, ClipStatus, Cut, Film, Project
from projects.models.reels import Assembly
from projects.views.access import visible_film, visible_project
from projects.views.filmcards import arrangement_context, film_card, page_context, plan_context, state_context
from projects.views.parsing import as_uuid

MOST_OFFERED = 200
"""Clips to pick from on one page."""
NEXT_CUT = {"up": -1, "down": 1}


@require_safe
def index(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The films of a project; with `?clip=` also a button at each that puts that clip at its end."""
    project = visible_project(request, pk)
    films = project.films.prefetch_related(Prefetch("cuts", Cut.objects.select_related("clip")), "renders")
    context = {
        "project": project,
        "cards": [film_card(film) for film in films],
        "clip": _ready(project).filter(pk=as_uuid(request.GET.get("clip"))).first(),
        "ready_count": _ready(project).count(),
    }
    return render(request, "projects/film_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    project = visible_project(request, pk)
    if request.method != "POST":
        initial = {"name": f"Film {project.films.count() + 1}", "clip": request.GET.getlist("clip")}
        return _pick(request, project, NewFilmForm(project=project, initial=initial))
    form = NewFilmForm(request.POST, project=project)
    if form.is_valid():
        return redirect(form.save())
    return _pick(request, project, form)


@require_safe
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    film = visible_film(request, pk)
    return _page(request, film)


@never_cache
@require_safe
def live(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """204, or the state of the film's rendering; with the player and the plan once that has ended."""
    try:
        film = visible_film(request, pk)
    except Http404:
        if not request.htmx:
            raise
        return HttpResponse(status=404, headers={"HX-Redirect": reverse("project_list")})
    context = state_context(film)
    if request.GET.get("v") == context["version"]:
        return HttpResponse(status=204)
    latest, ready = context["latest"], context["ready"]
    if latest is None or not latest.active:
        context |= plan_context(Assembly(film), ready) | {"ended": True}
    return render(request, "projects/_film_live.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    film = visible_film(request, pk)
    if request.method != "POST":
        return redirect(film)
    form = FilmForm(request.POST, request.FILES, instance=film)
    valid = form.is_valid()
    if valid:
        form.save()
    film = visible_film(request, pk)
    if not request.htmx:
        if not valid:
            return _page(request, film, form)
        messages.success(request, "Saved. The next rendering is made like this.")
        return redirect(film)
    form = FilmForm(instance=film) if valid else form
    context = page_context(film, form) | {"oob": True, "said": "Saved." if valid else ""}
    return render(request, "projects/_film_saved.html", context, status=200 if valid else 422)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Which clips shall stand at the end."""
    film = visible_film(request, pk)
    if request.method != "POST":
        form = PickForm(project=film.project, film=film, initial={"clip": request.GET.getlist("clip")})
        return _pick(request, film.project, form)
    form = PickForm(request.POST, project=film.project, film=film)
    with transaction.atomic():
        _lock(film)
        if form.is_valid():
            clips = form.add(film)
            what = "The clip is" if len(clips) == 1 else f"{len(clips)} clips are"
            messages.success(request, f"{what} at the end of the film now.")
            return redirect(film)
    return _pick(request, film.project, form)


@require_http_methods(["GET", "HEAD", "POST"])
def cut(request: HttpRequest, pk: uuid.UUID, cut_pk: int) -> HttpResponse:
    """Moves a clip in the film's order, takes it out, or trims it, as the pressed button says."""
    film = visible_film(request, pk)
    wanted = get_object_or_404(film.cuts.select_related("clip"), pk=cut_pk)
    if request.method != "POST":
        return redirect(film)
    form = None
    if request.POST.get("do") in ("up", "down", "remove"):
        said = _rearrange(film, wanted, request.POST["do"])
    else:
        form = CutForm(request.POST, cut=wanted)
        said = "Saved." if form.is_valid() else ""
        if said:
            form.save()
            form = None
    film = visible_film(request, pk)
    if request.htmx:
        context = arrangement_context(film, form) | {"oob": True, "said": said}
        return render(request, "projects/_film_ordered.html", context, status=422 if form else 200)
    return _page(request, film, cut_form=form) if form else redirect(f"{film.get_absolute_url()}#film-order")


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    film = visible_film(request, pk)
    if request.method == "POST":
        film.remove()
        messages.success(request, "The film is deleted. Its clips are still here.")
        return redirect("film_list", film.project.pk)
    return render(request, "projects/film_confirm_delete.html", {"film": film, "project": film.project})


def _page(
    request: HttpRequest, film: Film, form: FilmForm | None = None, cut_form: CutForm | None = None
) -> HttpResponse:
    """The film's whole page; 422 when what was sent did not pass."""
    context = page_context(film, form or FilmForm(instance=film), cut_form)
    return render(request, "projects/film_detail.html", context, status=422 if form or cut_form else 200)


def _pick(request: HttpRequest, project: Project, form: PickForm) -> HttpResponse:
    clips = list(_ready(project)[: MOST_OFFERED + 1])
    chosen, shown = list(form.chosen), clips[:MOST_OFFERED]
    context: dict[str, Any] = {
        "project": project,
        "film": form.film,
        "form": form,
        "clips": chosen + [clip for clip in shown if clip.pk not in form.chosen_ids],
        "more": len(clips) > MOST_OFFERED,
        "chosen_ids": form.chosen_ids,
        "there": set(form.film.cuts.values_list("clip_id", flat=True)) if form.film else set(),
    }
    return render(request, "projects/film_pick.html", context, status=422 if form.is_bound else 200)


def _rearrange(film: Film, wanted: Cut, what: str) -> str:
    """Returns what has happened, for those who do not see it."""
    with transaction.atomic():
        _lock(film)
        cuts = list(film.cuts.all())
        place = next((at for at, cut in enumerate(cuts) if cut.pk == wanted.pk), None)
        if place is None:
            return "It was taken out already."
        moved = cuts.pop(place)
        if what == "remove":
            moved.delete()
            said = f"{wanted.clip_title} is out of the film."
        else:
            place = min(max(0, place + NEXT_CUT[what]), len(cuts))
            cuts.insert(place, moved)
            said = f"{wanted.clip_title} is number {place + 1} of {len(cuts)} now."
        film.put_in_order(cuts)
    return said


def _lock(film: Film) -> None:
    """Two changes of the same order at the same moment happen one after the other."""
    get_object_or_404(Film.objects.select_for_update(), pk=film.pk)


def _ready(project: Project) -> QuerySet[Clip]:
    return project.clips.filter(status=ClipStatus.READY)
