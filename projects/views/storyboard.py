"""The storyboard of a project: its shots in order, made or not.

Nothing here is paid but by `make`, and that only writes rows, as asking for a single clip does (promise P6).
"""

import uuid
from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import Truncator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from projects import figures
from projects.forms import ClipForm, Making, MoveForm, kept_clip, new_token
from projects.models import MOST_SHOTS, Clip, ClipStatus, Lineup, Project, Shot, StoryboardFull
from projects.views.access import back, visible_project, visible_shot
from projects.views.board import Board
from projects.views.parsing import as_uuid
from projects.views.projects import form_context
from projects.views.projects import page as project_page

FULL = f"A storyboard holds {MOST_SHOTS} shots at most. Delete one first; nothing was added."
INCOMPLETE = "That button was incomplete, so nothing was made. Press it again."
CHANGED = (
    "What is missing has changed meanwhile, so nothing was asked for. Look again, and press if you agree."
)
_OTHERS = 100
"""So many clips at most are offered as takes of a shot."""

_ProjectView = Callable[[HttpRequest, Project], HttpResponse]
_ShotView = Callable[[HttpRequest, Shot], HttpResponse]


def _on_board(view: _ProjectView) -> Callable[[HttpRequest, uuid.UUID], HttpResponse]:
    """One POST. A GET, after a reload or a log-in in between, leads to the storyboard."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapped(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        project = visible_project(request, pk)
        return view(request, project) if request.method == "POST" else redirect("storyboard", project.pk)

    return wrapped


def _on_shot(view: _ShotView) -> Callable[[HttpRequest, uuid.UUID], HttpResponse]:
    """One POST. A GET leads to the shot's page."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapped(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        shot = visible_shot(request, pk)
        return view(request, shot) if request.method == "POST" else redirect(shot)

    return wrapped


@require_safe
def page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    board = Board.of(visible_project(request, pk), Lineup.now())
    return render(request, "projects/storyboard.html", board.context() | {"token": new_token()})


@never_cache
@require_safe
def live(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """204, or the board as it stands now."""
    board = Board.of(visible_project(request, pk), Lineup.now())
    if request.GET.get("v") == board.version:
        return HttpResponse(status=204)
    return render(request, "projects/storyboard_board.html", board.context() | {"token": new_token()})


@_on_board
def add(request: HttpRequest, project: Project) -> HttpResponse:
    """Puts what the composer holds on the storyboard, or a clip with its settings; nothing is paid.

    With `shot` the composer's content becomes that shot's. A repeated press adds nothing more.
    """
    if "clip" in request.POST:
        return _add_clip(request, project)
    data = request.POST.copy()
    data.pop("price_micros", None)
    form = ClipForm(data, request.FILES, project=project)
    valid = form.is_valid()
    form.keep_pictures()
    if not valid:
        return _form_again(request, project, form, status=422)
    settings, pictures = form.as_settings()
    if shot := form.take_of:
        shot.change(settings, pictures)
        return _told(request, project, form, shot, f"Shot {shot.number} is changed; nothing was made.")
    try:
        shot = Shot.objects.put(project, settings, pictures, token=form.cleaned_data["token"])
    except StoryboardFull:
        form.add_error(None, FULL)
        return _form_again(request, project, form, status=422)
    return _told(request, project, form, shot, f"Shot {shot.number} is on the storyboard; nothing was made.")


@require_http_methods(["GET", "HEAD", "POST"])
def make(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Shows what is missing with every price, and makes all of it for the one total that was agreed to."""
    project = visible_project(request, pk)
    if request.method != "POST":
        board = Board.of(project, Lineup.now())
        return render(request, "projects/storyboard_make.html", board.context() | {"token": new_token()})
    token = as_uuid(request.POST.get("token"))
    if token is None:
        messages.error(request, INCOMPLETE)
        return redirect("shots_make", project.pk)
    with transaction.atomic():
        Shot.objects.held(project)
        board = Board.of(project, Lineup.now())
        presses = {uuid.uuid5(token, str(shot.pk)): shot for shot in board.shots}
        if made := project.clips.filter(form_token__in=presses).count():
            return _asked_for(request, project, made)
        if refusal := _not_as_agreed(request, board.possible):
            messages.warning(request, refusal)
            return redirect("shots_make", project.pk)
        for making in board.possible:
            press = uuid.uuid5(token, str(making.shot.pk))
            Clip.objects.ask_for(project, request.user, press, 1, making.recipe())
        return _asked_for(request, project, len(board.possible))


@_on_board
def film(request: HttpRequest, project: Project) -> HttpResponse:
    """A film of the takes that stand for the shots, in order."""
    token = as_uuid(request.POST.get("token"))
    board = Board.of(project, Lineup.now())
    if token is None or not board.ready:
        nothing = "No shot has a finished take yet, so there is nothing to make a film of."
        messages.error(request, INCOMPLETE if token is None else nothing)
        return redirect("storyboard", project.pk)
    made = Shot.objects.make_film(project, token)
    if board.not_ready:
        messages.warning(request, _left_out(board.not_ready))
    return redirect(made)


@require_safe
def shot(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The shot with all its takes, and which of them stands for it."""
    board = Board.of(visible_shot(request, pk).project, Lineup.now())
    row = next(row for row in board.rows if row.shot.pk == pk)
    others = board.project.clips.filter(shot=None, status=ClipStatus.READY)[:_OTHERS]
    context = {"project": board.project, "row": row, "shot": row.shot, "board": board, "others": others}
    return render(request, "projects/storyboard_shot.html", context)


@_on_shot
def move(request: HttpRequest, shot: Shot) -> HttpResponse:
    """A live page gets the board in its new order."""
    form = MoveForm(request.POST)
    trouble = "" if form.is_valid() else form.errors["to"][0]
    if not trouble:
        form.move(shot)
    if not request.htmx:
        if trouble:
            messages.error(request, trouble)
        return back(request, f"{reverse('storyboard', args=[shot.project_id])}#shot-{shot.pk}")
    board = Board.of(shot.project, Lineup.now())
    place = next((row.shot.number for row in board.rows if row.shot == shot), shot.number)
    said = trouble or f"The shot is at place {place} of {len(board.shots)}."
    context = board.context() | {"token": new_token(), "said": said}
    return render(request, "projects/storyboard_board.html", context)


@_on_shot
def take(request: HttpRequest, shot: Shot) -> HttpResponse:
    """Marks a clip of the project as the take that stands for the shot; without one the newest does."""
    if not request.POST.get("clip"):
        shot.choose_newest()
        messages.success(request, "The newest finished take stands for the shot now.")
    elif clip := kept_clip(shot.project, request.POST["clip"]):
        shot.take_in(clip)
        messages.success(request, "This take stands for the shot now.")
    else:
        messages.error(request, "That clip is no longer here. Choose another one; nothing was changed.")
    return back(request, shot.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """After a question; its clips stay."""
    shot = visible_shot(request, pk)
    if request.method != "POST":
        context = {"shot": shot, "project": shot.project, "takes": len(shot.takes)}
        return render(request, "projects/storyboard_delete.html", context)
    number = shot.number
    shot.remove()
    messages.success(request, f"Shot {number} is deleted; its clips are still in the project.")
    return redirect("storyboard", shot.project_id)


def _add_clip(request: HttpRequest, project: Project) -> HttpResponse:
    """One clip is a take of one shot, so that a second press finds it there."""
    board = reverse("storyboard", args=[project.pk])
    clip = kept_clip(project, request.POST.get("clip"))
    if clip is None:
        messages.error(request, "That clip is no longer here; nothing was added.")
        return redirect(board)
    there = project.shots.filter(pk=clip.shot_id).first()
    if there is None:
        settings, pictures = ClipForm.like(clip, Lineup.now()).as_settings()
        try:
            there = Shot.objects.put(project, settings, pictures, token=clip.pk, take=clip)
        except StoryboardFull:
            messages.error(request, FULL)
            return redirect(board)
        messages.success(request, f"The clip is on the storyboard, as shot {there.number}.")
    else:
        messages.info(request, f"The clip is on the storyboard already, as shot {there.number}.")
    return redirect(f"{board}#shot-{there.pk}")


def _form_again(request: HttpRequest, project: Project, form: ClipForm, *, status: int) -> HttpResponse:
    if not request.htmx:
        return project_page(request, project, form, status=status)
    return render(request, "projects/_clip_form.html", form_context(project, form), status=status)


def _told(request: HttpRequest, project: Project, form: ClipForm, shot: Shot, sentence: str) -> HttpResponse:
    """To the storyboard; a page that is alive stays where it is, with its form ready to go on."""
    if not request.htmx:
        messages.success(request, sentence)
        return redirect(f"{reverse('storyboard', args=[project.pk])}#shot-{shot.pk}")
    of_shot = {"shot": str(shot.pk)} if form.take_of else {}
    again = ClipForm(initial=shot.settings | of_shot, project=project, lineup=form.lineup)
    context = form_context(project, again) | {"shot": shot, "toast": sentence}
    response = render(request, "projects/storyboard_added.html", context)
    response["HX-Reswap"] = "outerHTML"
    return response


def _not_as_agreed(request: HttpRequest, possible: list[Making]) -> str:
    """Why what stands missing now is not what the person saw with its price; "" when it is."""
    if not possible:
        return "Nothing that is missing can be made now, so nothing was asked for."
    total = sum(making.price_micros or 0 for making in possible)
    if request.POST.get("price_micros") != str(total):
        return f"The total is now {figures.usd(total)}, so nothing was asked for. Press again if you agree."
    seen = request.POST.getlist("shot")
    return CHANGED if seen and set(seen) != {str(making.shot.pk) for making in possible} else ""


def _asked_for(request: HttpRequest, project: Project, count: int) -> HttpResponse:
    said = "One clip is" if count == 1 else f"{count} clips are"
    messages.success(request, f"{said} asked for. You can close this page.")
    return redirect("storyboard", project.pk)


def _left_out(shots: list[Shot]) -> str:
    named = Truncator(", ".join(str(shot.number) for shot in shots)).chars(60)
    if len(shots) == 1:
        return f"Shot {named} is not in the film: it has no finished take."
    return f"Shots {named} are not in the film: they have no finished take."
