"""A clip's files, for those who may see it."""

import uuid

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from projects.models import Clip
from projects.views.access import visible_clip
from projects.views.ranges import ranged_file


@require_safe
def video(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    return _video(request, _watchable_clip(request, pk), as_attachment=False)


@require_safe
def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    return _video(request, _watchable_clip(request, pk), as_attachment=True)


@require_safe
def part_video(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponseBase:
    """What came from Google for one part: for an extension, with what it extends in it."""
    clip = visible_clip(request, pk)
    made = next((part.saved for part in clip.chain.parts if part.number == number), None)
    if made is None:
        raise Http404("This part is not made.")
    try:
        size = made.file.size
    except FileNotFoundError:
        raise Http404("The file is missing.") from None
    return ranged_file(
        request,
        made.file,
        size=size,
        etag=made.sha256,
        content_type="video/mp4",
        filename=f"{clip.download_name().removesuffix('.mp4')}_part-{number}.mp4",
    )


@require_safe
def poster(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    clip = _watchable_clip(request, pk)
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
    response = ranged_file(
        request,
        clip.video,
        size=clip.size,
        etag=clip.sha256,
        content_type="video/mp4",
        filename=clip.download_name(),
        as_attachment=as_attachment,
    )
    if clip.chain.long and request.GET.get("v") != clip.sha256[:12]:
        # Another part makes it another file at the same address; our pages name the one they mean.
        response["Cache-Control"] = "private, no-cache"
    return response


def _watchable_clip(request: HttpRequest, pk: uuid.UUID) -> Clip:
    """Also while later parts are made, and after one of them did not work out."""
    clip = visible_clip(request, pk)
    if not clip.watchable:
        raise Http404("There is no video of this clip yet.")
    return clip
