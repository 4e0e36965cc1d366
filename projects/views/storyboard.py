"""The storyboard of a project: its shots in order, made or not."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse


def page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def add(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def make(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def shot(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def move(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def take(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def live(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def film(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404
