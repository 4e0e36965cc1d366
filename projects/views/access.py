"""Rows by their id, for this person only: whatever a stranger asks for does not exist (promise P5)."""

import uuid
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

from projects.models import Clip, Film, Picture, Project, Shot

CLIP_NEEDS = ("operations__submissions", "operations__part", "parts__operations", "references__picture")
"""What the pages of a clip ask of every clip, fetched at once."""


def visible_project(request: HttpRequest, pk: uuid.UUID) -> Project:
    return get_object_or_404(Project.objects.visible_to(request.user), pk=pk)


def visible_clip(request: HttpRequest, pk: uuid.UUID) -> Clip:
    """With its project, operation, submissions and pictures."""
    clips = Clip.objects.visible_to(request.user).select_related("project", "seed_picture", "last_picture")
    return get_object_or_404(clips.prefetch_related(*CLIP_NEEDS), pk=pk)


def visible_film(request: HttpRequest, pk: uuid.UUID) -> Film:
    """With its project, cuts and their clips."""
    films = Film.objects.visible_to(request.user).select_related("project")
    return get_object_or_404(films.prefetch_related("cuts__clip"), pk=pk)


def visible_shot(request: HttpRequest, pk: uuid.UUID) -> Shot:
    return get_object_or_404(Shot.objects.visible_to(request.user).select_related("project"), pk=pk)


def visible_picture(request: HttpRequest, pk: uuid.UUID) -> Picture:
    return get_object_or_404(Picture.objects.visible_to(request.user), pk=pk)


def back(request: HttpRequest, default: str) -> HttpResponseRedirect:
    """To the page that the form names in `next`, if it is one of ours; else to `default`."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(wanted if ours and _exists(wanted) else default)


def _exists(address: str) -> bool:
    try:
        resolve(urlsplit(address).path)
    except Resolver404:
        return False
    return True
