"""Timed scenes in the composer: reading what was pasted, giving out what was written."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse


def read(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def export(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404
