"""Pictures that come with a form, or came with it before.

A picture is stored as soon as it is known to be good, also when the rest of the form is not: what a person
has uploaded comes back as a hidden id and need not be sent twice (promise P9).
"""

import uuid
from fractions import Fraction
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from projects import images
from projects.models import Picture, Project

KEPT_ID = {"seed_image": "seed_picture", "last_frame": "last_picture"}
"""File field to the hidden field with the id of a picture that was uploaded before."""

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
    """Both pictures of a clip, new or kept."""

    seed_image = PictureField(label="Seed image")
    last_frame = PictureField(label="Last frame")
    seed_picture = forms.CharField(required=False, widget=forms.HiddenInput)
    last_picture = forms.CharField(required=False, widget=forms.HiddenInput)

    use_required_attribute = False

    def __init__(self, *args: Any, project: Project, **options: Any) -> None:
        super().__init__(*args, **options)
        self.project = project
        self.pictures: dict[str, Picture | None] = {}
        """File field to the stored picture behind it; complete once `keep_pictures` was called."""
        self._uploads: dict[str, images.CleanImage] = {}
        source = self.data if self.is_bound else self.initial
        for field, kept in KEPT_ID.items():
            self.pictures[field] = kept_picture(project, source.get(kept))

    def kept_ids(self) -> dict[str, uuid.UUID]:
        """Hidden field to the id of its stored picture."""
        return {KEPT_ID[field]: picture.pk for field, picture in self.pictures.items() if picture}

    def clean_seed_image(self) -> images.CleanImage | None:
        return self._uploaded("seed_image")

    def clean_last_frame(self) -> images.CleanImage | None:
        return self._uploaded("last_frame")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for field, kept in KEPT_ID.items():
            if cleaned.get(kept) and not self.has_picture(field):
                self.add_error(field, GONE)
        return cleaned

    def has_picture(self, field: str) -> bool:
        return field in self._uploads or self.pictures[field] is not None

    def picture_size(self, field: str) -> tuple[int, int] | None:
        """Width and height in pixels."""
        picture = self._uploads.get(field) or self.pictures[field]
        return (picture.width, picture.height) if picture else None

    def keep_pictures(self) -> None:
        """Stores what was uploaded and is good. Safe to call for an invalid form."""
        for field, image in self._uploads.items():
            self.pictures[field] = _stored(self.project, image)
        self._uploads = {}

    def _uploaded(self, field: str) -> images.CleanImage | None:
        image: images.CleanImage | None = self.cleaned_data[field]
        if image is not None:
            # Kept apart: Django forgets the cleaned value once the field gets an error.
            self._uploads[field] = image
        return image


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


def kept_picture(project: Project, value: Any) -> Picture | None:
    """The picture of this project with that id; None for every other value."""
    try:
        return Picture.objects.filter(project=project, pk=uuid.UUID(str(value))).first() if value else None
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


def _stored(project: Project, image: images.CleanImage) -> Picture:
    suffix = "png" if image.mime_type == "image/png" else "jpg"
    picture = Picture(project=project, mime_type=image.mime_type, width=image.width, height=image.height)
    picture.file.save(f"picture.{suffix}", ContentFile(image.data), save=False)
    picture.save(force_insert=True)
    return picture
