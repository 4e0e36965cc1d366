"""Captions of a clip, made from its script."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse


def webvtt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def srt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404
