"""Who speaks in a project."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse


def index(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def edit(request: HttpRequest, pk: uuid.UUID, speaker_pk: int) -> HttpResponse:
    raise Http404


def delete(request: HttpRequest, pk: uuid.UUID, speaker_pk: int) -> HttpResponse:
    raise Http404
