"""Films: list, page, create, change, delete."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse


def index(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def create(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def live(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def settings(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def add(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


def cut(request: HttpRequest, pk: uuid.UUID, cut_pk: int) -> HttpResponse:
    raise Http404


def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404
