"""A finished clip's files, for those who may see it."""

import uuid

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from projects.models import Clip
from projects.views.access import visible_clip
from projects.views.ranges import ranged_file


@require_safe
def video(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    return _video(request, _ready_clip(request, pk), as_attachment=False)


@require_safe
def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    return _video(request, _ready_clip(request, pk), as_attachment=True)


@require_safe
def poster(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    clip = _ready_clip(request, pk)
    if not clip.poster:
        raise Http404("This clip has no poster.")
    try:
        size = clip.poster.size
    except FileNotFoundError:
        raise Http404("The file is missing.") from None
    return ranged_file(
        request, clip.poster, size=size, etag=f"{clip.sha256}-poster", content_type="image/jpeg"
    )


def _video(request: HttpRequest, clip: Clip, *, as_attachment: bool) -> HttpResponseBase:
    return ranged_file(
        request,
        clip.video,
        size=clip.size,
        etag=clip.sha256,
        content_type="video/mp4",
        filename=clip.download_name(),
        as_attachment=as_attachment,
    )


def _ready_clip(request: HttpRequest, pk: uuid.UUID) -> Clip:
    clip = visible_clip(request, pk)
    if not clip.ready:
        raise Http404("This clip is not ready.")
    return clip
