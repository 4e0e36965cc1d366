"""Making a film and taking it away: its file, captions, edit lists and everything together."""

import uuid

from django.contrib import messages
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from projects.captions import srt, webvtt
from projects.models import Film, ForbiddenArrow, LostLease, Render
from projects.views.access import back, visible_film
from projects.views.handover import Handover
from projects.views.parsing import as_uuid
from projects.views.ranges import ranged_file
from projects.views.texts import text_file


@require_http_methods(["GET", "HEAD", "POST"])
def render(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Writes a row, which a poller takes up. One at a time, and once however often the button is pressed."""
    film = visible_film(request, pk)
    if request.method == "POST":
        _ask(request, film, as_uuid(request.POST.get("token")))
    return back(request, film.get_absolute_url())


def _ask(request: HttpRequest, film: Film, token: uuid.UUID | None) -> None:
    if token is None:
        messages.error(request, "That button was incomplete, so nothing was begun. Press it again.")
        return
    if troubles := film.troubles():
        messages.error(request, f"This film cannot be rendered as it is. {troubles[0]}")
        return
    try:
        film.ask_render(request.user, token)
    except ForbiddenArrow:
        messages.warning(request, "This film is being rendered already. Wait for it, or cancel it first.")
    else:
        messages.success(request, "The film is being made. You can close this page.")


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    film = visible_film(request, pk)
    if request.method == "POST":
        latest = film.latest
        try:
            if latest is None or not latest.active:
                raise ForbiddenArrow("nothing is at work")
            latest.cancel()
        except (ForbiddenArrow, LostLease):
            messages.warning(request, "This film has just moved on; here is how it stands now.")
        else:
            messages.success(request, "Cancelled. It cost nothing.")
    return back(request, film.get_absolute_url())


# --- its file ---


@require_safe
def video(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    film, made = _made(request, pk)
    return _video(request, film, made, as_attachment=False)


@require_safe
def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    film, made = _made(request, pk)
    return _video(request, film, made, as_attachment=True)


@require_safe
def poster(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    _, made = _made(request, pk)
    size = _size(made.poster)
    response = ranged_file(
        request, made.poster, size=size, etag=f"{made.sha256}-poster", content_type="image/jpeg"
    )
    return _of_this_render(request, made, response)


def _made(request: HttpRequest, pk: uuid.UUID) -> tuple[Film, Render]:
    film = visible_film(request, pk)
    made = film.made
    if made is None:
        raise Http404("This film is not rendered yet.")
    return film, made


def _video(request: HttpRequest, film: Film, made: Render, *, as_attachment: bool) -> HttpResponseBase:
    response = ranged_file(
        request,
        made.file,
        size=made.size or 0,
        etag=made.sha256,
        content_type="video/mp4",
        filename=film.download_name(),
        as_attachment=as_attachment,
    )
    return _of_this_render(request, made, response)


def _of_this_render(request: HttpRequest, made: Render, response: HttpResponseBase) -> HttpResponseBase:
    """The next render makes it another file at the same address; our pages name the render they mean."""
    if request.GET.get("of") != str(made.pk):
        response["Cache-Control"] = "private, no-cache"
    return response


def _size(file: FieldFile) -> int:
    try:
        return int(file.size)
    except (FileNotFoundError, ValueError):
        raise Http404("The file is missing.") from None


# --- captions, edit lists, everything ---


@require_safe
def captions_vtt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """For the player; a film whose clips have no scripts has a file without captions."""
    film = visible_film(request, pk)
    text, name = webvtt(film.cues()), film.download_name("vtt")
    return text_file(request, text, "text/vtt", filename=name, as_attachment=False)


@require_safe
def captions_srt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    film = visible_film(request, pk)
    return text_file(request, srt(film.cues()), "application/x-subrip", filename=film.download_name("srt"))


@require_safe
def edl(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    film, handover = _handover(request, pk)
    return text_file(request, handover.edl(), "text/plain", filename=film.download_name("edl"))


@require_safe
def otio(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    film, handover = _handover(request, pk)
    return text_file(request, handover.otio(), "application/json", filename=film.download_name("otio"))


@require_safe
def bundle(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """In constant memory, and as an open file, so that a slow reader holds no thread of the server."""
    film, handover = _handover(request, pk)
    response = FileResponse(
        handover.zipped(),
        as_attachment=True,
        filename=film.download_name("zip"),
        content_type="application/zip",
    )
    response.block_size = 2**16
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, ["Cookie"])
    return response


def _handover(request: HttpRequest, pk: uuid.UUID) -> tuple[Film, Handover]:
    film = visible_film(request, pk)
    handover = Handover(film)
    if why := handover.why_not():
        raise Http404(why)
    return film, handover
