"""Making a film and taking it away: its file, captions, edit lists and everything together."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse


def render(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def video(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def poster(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def captions_vtt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def captions_srt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def edl(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def otio(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def bundle(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404
