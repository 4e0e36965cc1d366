"""Clips of several parts: what a person decides between them."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse


def stop(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def keep(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def go_on(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def part_video(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    raise Http404
