"""Captions of a clip, made from its script: they say what was asked for, not what was heard."""

import hashlib
import uuid

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import content_disposition_header, quote_etag
from django.views.decorators.http import require_safe

from projects import captions
from projects.views.access import visible_clip


@require_safe
def webvtt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """For the player. A clip without a script has a file without captions."""
    text = captions.webvtt(visible_clip(request, pk).chain.captions())
    return _text(request, text, "text/vtt; charset=utf-8")


@require_safe
def srt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    clip = visible_clip(request, pk)
    filename = f"{clip.download_name().removesuffix('.mp4')}.srt"
    text = captions.srt(clip.chain.captions())
    return _text(request, text, "application/x-subrip; charset=utf-8", filename=filename)


def _text(request: HttpRequest, text: str, content_type: str, *, filename: str = "") -> HttpResponse:
    """Asked for again each time, sent again only when it has changed: another part may bring more of it."""
    etag = quote_etag(hashlib.sha256(text.encode()).hexdigest())
    response: HttpResponse | None = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(text, content_type=content_type)
        response["X-Content-Type-Options"] = "nosniff"
        if disposition := content_disposition_header(bool(filename), filename):
            response["Content-Disposition"] = disposition
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie"])
    return response
