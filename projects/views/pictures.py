"""Pictures: upload, and the crop that Google will see."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_POST, require_safe

from projects import images
from projects.forms import KEPT_ID, LABELS, REFERENCES, ClipForm, PictureForm, settle
from projects.models import Lineup, Picture
from projects.views.access import visible_picture, visible_project

RATIOS = {"16x9": "16:9", "9x16": "9:16", "full": None}


@require_POST
def upload(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Takes one picture as soon as it was chosen; a bad one leaves the picture from before where it was."""
    project = visible_project(request, pk)
    form = PictureForm(request.POST, request.FILES, project=project)
    valid = form.is_valid()
    form.keep_pictures()
    field = form.cleaned_data.get("field", "seed_image")
    choice, _ = settle(request.POST, Lineup.now())
    context = {
        "project": project,
        "slot": slot(field, form.pictures[field]),
        "ratio_slug": choice.ratio_slug,
        "error": "" if valid else next(iter(form.errors.values()))[0],
    }
    return render(request, "projects/_picture.html", context, status=200 if valid else 422)


def slot(field: str, picture: Picture | None, errors: Sequence[str] = ()) -> dict[str, Any]:
    """One place for a picture in the form. A reference is sent as it is, the others are cut."""
    return {
        "field": field,
        "kept": KEPT_ID[field],
        "label": LABELS[field],
        "whole": field in REFERENCES,
        "picture": picture,
        "errors": errors,
    }


def reference_slots(form: ClipForm, most: int) -> list[dict[str, Any]]:
    """Those that are filled or wrong, and one empty one as long as the model takes another."""
    shown = [field for field in REFERENCES if form.pictures[field] or form.errors_of(field)]
    free = next((field for field in REFERENCES if field not in shown), None)
    if free and len(shown) < most:
        shown.append(free)
    return [
        slot(field, form.pictures[field], form.errors_of(field)) for field in REFERENCES if field in shown
    ]


@require_safe
def crop(request: HttpRequest, pk: uuid.UUID, ratio: str) -> HttpResponse:
    """The picture cut to a ratio by the same code that cuts it for Google."""
    picture = visible_picture(request, pk)
    etag = quote_etag(f"{picture.pk}-{ratio}")
    response = get_conditional_response(request, etag=etag)
    if response is None:
        image = _cut(picture, RATIOS[ratio])
        response = HttpResponse(image.data, content_type=image.mime_type)
        response["X-Content-Type-Options"] = "nosniff"
    response["ETag"] = etag
    # A stored picture never changes.
    response["Cache-Control"] = "private, max-age=86400, immutable"
    response["Vary"] = "Cookie"
    return response


def _cut(picture: Picture, aspect_ratio: str | None) -> images.CleanImage:
    try:
        with picture.file.open("rb") as file:
            return images.clean(file.read(), aspect_ratio=aspect_ratio)
    except (FileNotFoundError, images.BadImage) as error:
        raise Http404("This picture cannot be shown.") from error
