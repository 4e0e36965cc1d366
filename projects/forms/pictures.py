"""Pictures that come with a form, or came with it before.

A picture is stored as soon as it is known to be good, also when the rest of the form is not: what a person
has uploaded comes back as a hidden id and need not be sent twice (promise P9).
"""

import uuid
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from projects import images
from projects.models import Picture, Project
from projects.veo.catalog import CATALOG

REFERENCES = tuple(f"reference_{n + 1}" for n in range(max(model.references for model in CATALOG.models)))
"""The file fields of reference images: as many as the most generous model takes."""
KEPT_ID = {"seed_image": "seed_picture", "last_frame": "last_picture"} | {
    field: f"{field}_picture" for field in REFERENCES
}
"""File field to the hidden field with the id of a picture that was uploaded before."""
LABELS = {"seed_image": "Seed image", "last_frame": "Last frame"} | {
    field: f"Reference {number}" for number, field in enumerate(REFERENCES, start=1)
}

GONE = "That picture is no longer here; choose it again."
MISSING = "No picture arrived; choose it again."


class PictureField(forms.FileField):
    """Cleans to an `images.CleanImage`; the file's name and type as sent are ignored."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            error_messages={"empty": "This file is empty.", "invalid": MISSING},
            widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
            **options,
        )

    def to_python(self, data: Any) -> images.CleanImage | None:  # type: ignore[override]
        upload = super().to_python(data)
        if upload is None:
            return None
        try:
            return images.clean(upload.read())
        except images.BadImage as error:
            raise ValidationError(str(error), code="bad_image") from error


class PicturesForm(forms.Form):
    """The pictures of a clip, new or kept: seed image, last frame and references."""

    use_required_attribute = False

    def __init__(self, *args: Any, project: Project, **options: Any) -> None:
        super().__init__(*args, **options)
        for field, kept in KEPT_ID.items():
            self.fields[field] = PictureField(label=LABELS[field])
            self.fields[kept] = forms.CharField(required=False, widget=forms.HiddenInput)
        self.project = project
        source = self.data if self.is_bound else self.initial
        self.pictures = kept_pictures(project, {field: source.get(kept) for field, kept in KEPT_ID.items()})
        """File field to the stored picture behind it; complete once `keep_pictures` was called."""
        self._uploads: dict[str, images.CleanImage] = {}

    def kept_ids(self) -> dict[str, uuid.UUID]:
        """Hidden field to the id of its stored picture."""
        return {KEPT_ID[field]: picture.pk for field, picture in self.pictures.items() if picture}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        # Kept apart: Django forgets the cleaned value once the field gets an error.
        self._uploads = {field: cleaned[field] for field in KEPT_ID if cleaned.get(field) is not None}
        for field, kept in KEPT_ID.items():
            if cleaned.get(kept) and not self.has_picture(field):
                self.add_error(field, GONE)
        return cleaned

    def has_picture(self, field: str) -> bool:
        return field in self._uploads or self.pictures[field] is not None

    @property
    def references(self) -> list[str]:
        """The file fields of the reference images that are there, in order."""
        return [field for field in REFERENCES if self.has_picture(field)]

    def picture_size(self, field: str) -> tuple[int, int] | None:
        """Width and height in pixels."""
        picture = self._uploads.get(field) or self.pictures[field]
        return (picture.width, picture.height) if picture else None

    def keep_pictures(self) -> None:
        """Stores what was uploaded and is good. Safe to call for an invalid form."""
        for field, image in self._uploads.items():
            self.pictures[field] = store(self.project, image)
        self._uploads = {}


class PictureForm(PicturesForm):
    """One picture on its own, uploaded as soon as it was chosen, or taken away."""

    field = forms.ChoiceField(
        choices=[(name, name) for name in KEPT_ID],
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Say which picture this is."),
    )
    remove = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        field = cleaned.get("field")
        if field and cleaned["remove"]:
            self.pictures[field] = None
        elif field and field not in self._uploads and field not in self.errors:
            self.add_error(field, MISSING)
        return cleaned


def kept_pictures(project: Project, ids: Mapping[str, Any]) -> dict[str, Picture | None]:
    """The pictures of this project with those ids; None for every other value. At most one query."""
    known = {field: as_id(value) for field, value in ids.items()}
    wanted = {pk for pk in known.values() if pk}
    found = Picture.objects.filter(project=project).in_bulk(wanted) if wanted else {}
    return {field: found.get(pk) if pk else None for field, pk in known.items()}


def as_id(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value)) if value else None
    except ValueError:
        return None


def too_small(size: tuple[int, int], aspect_ratio: str) -> str:
    """Why a picture of that size cannot be cropped to the ratio; "" when it can."""
    ratio = Fraction(*(int(part) for part in aspect_ratio.split(":")))
    width = min(size[0], round(size[1] * ratio))
    height = min(size[1], round(size[0] / ratio))
    if min(width, height) >= images.MIN_SIDE:
        return ""
    return (
        f"Cropped to {aspect_ratio} this picture has only {width} × {height} pixels; "
        f"each side needs {images.MIN_SIDE}."
    )


def store(project: Project, image: images.CleanImage) -> Picture:
    """A new row and its file."""
    suffix = "png" if image.mime_type == "image/png" else "jpg"
    picture = Picture(project=project, mime_type=image.mime_type, width=image.width, height=image.height)
    picture.file.save(f"picture.{suffix}", ContentFile(image.data), save=False)
    picture.save(force_insert=True)
    return picture
