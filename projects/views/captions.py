"""Captions of a clip, made from its script: they say what was asked for, not what was heard."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from projects import captions
from projects.models import Clip
from projects.views.access import visible_clip
from projects.views.texts import text_file


@require_safe
def webvtt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """For the player. A clip without a script has a file without captions."""
    clip = visible_clip(request, pk)
    text = captions.webvtt(clip.chain.captions())
    return text_file(request, text, "text/vtt", filename=_name(clip, "vtt"), as_attachment=False)


@require_safe
def srt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    clip = visible_clip(request, pk)
    text = captions.srt(clip.chain.captions())
    return text_file(request, text, "application/x-subrip", filename=_name(clip, "srt"))


def _name(clip: Clip, ending: str) -> str:
    return f"{clip.download_name().removesuffix('.mp4')}.{ending}"
