"""Input about films: which clips, how much of each, and how they are put together."""

import math
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.db import transaction

from projects.figures import read_seconds
from projects.forms.pictures import as_id
from projects.forms.words import LineField
from projects.models import Clip, ClipStatus, Cut, Film, Project
from projects.models.projects import remove_files
from projects.montage.probe import KINDS, ProbeError, kind_of, track_seconds
from projects.montage.room import MAX_PIECES
from projects.montage.timeline import rate

TRACK_MAX_BYTES = settings.TRACK_MAX_BYTES
LONGEST_CROSSFADE = 10.0
TITLE_SECONDS = (0.5, 30.0)
SIZES = (
    ("1280x720", "1280 × 720"),
    ("1920x1080", "1920 × 1080"),
    ("3840x2160", "3840 × 2160"),
    ("720x1280", "720 × 1280, upright"),
    ("1080x1920", "1080 × 1920, upright"),
    ("2160x3840", "2160 × 3840, upright"),
    ("1080x1080", "1080 × 1080, square"),
)
_LONGEST_NAME = Film._meta.get_field("name").max_length or 0
_LONGEST_TITLE = Film._meta.get_field("title").max_length or 0
_LONGEST_TRACK_NAME = Film._meta.get_field("track_name").max_length or 0


def _no_longer_than(limit: int, what: str) -> MaxLengthValidator:
    return MaxLengthValidator(limit, f"This {what} has %(show_value)d characters; the limit is {limit}.")


class NameField(LineField):
    def __init__(self) -> None:
        super().__init__(
            label="Name",
            error_messages={"required": "Give the film a name."},
            validators=[_no_longer_than(_LONGEST_NAME, "name")],
            widget=forms.TextInput(attrs={"maxlength": _LONGEST_NAME, "autocomplete": "off"}),
        )


class SecondsField(LineField):
    """A length or a moment as people write it, in seconds; None for nothing."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(widget=widget, **options)

    def to_python(self, value: Any) -> float | None:  # type: ignore[override]
        text = super().to_python(value)
        if not text:
            return None
        seconds = read_seconds(text)
        if seconds is None:
            raise ValidationError(f"“{_short(text)}” is no time; write seconds, such as 2.5, or 0:02.5.")
        return seconds

    def prepare_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, float) else value


class PickForm(forms.Form):
    """Ready clips of one project, for a film that may have some already."""

    def __init__(self, *args: Any, project: Project, film: Film | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.project = project
        self.film = film
        self.fields["clip"] = forms.Field(required=False)
        ids = self.data.getlist("clip") if self.is_bound else self.initial.get("clip", [])
        self.asked = list(dict.fromkeys(ids))
        self.chosen = _ready(project).filter(pk__in=[pk for pk in map(as_id, self.asked) if pk])
        """The clips that were asked for and are there, in the order in which they were made."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        clips = list(self.chosen)
        if len(clips) < len(self.asked):
            self.add_error("clip", "A clip that you chose is no longer here, or not ready. Choose again.")
        there = self.film.cuts.count() if self.film else 0
        if there + len(clips) > MAX_PIECES:
            self.add_error("clip", f"That would be {there + len(clips)} clips; the limit is {MAX_PIECES}.")
        if self.film and not self.asked:
            self.add_error("clip", "Choose at least one clip.")
        return {**cleaned, "clip": clips}

    @property
    def chosen_ids(self) -> set[uuid.UUID]:
        return {clip.pk for clip in self.chosen}

    def add(self, film: Film) -> list[Clip]:
        """Puts the chosen clips at the end of the film, and returns them."""
        clips: list[Clip] = self.cleaned_data["clip"]
        for clip in clips:
            film.add(clip)
        return clips


class NewFilmForm(PickForm):
    name = NameField()

    @transaction.atomic
    def save(self) -> Film:
        film = Film.objects.create(project=self.project, name=self.cleaned_data["name"])
        self.add(film)
        return film


class CutForm(forms.Form):
    """From where to where a clip is seen in the film, and how it begins."""

    start = SecondsField(label="Starts at", required=False)
    end = SecondsField(label="Ends at", required=False)
    crossfade = SecondsField(label="Crossfade into it", required=False)

    def __init__(self, data: Any = None, *, cut: Cut) -> None:
        self.cut = cut
        self.length = length_of(cut.clip) if cut.clip else 0.0
        end = self.length if cut.end is None else cut.end
        initial = {"start": float(cut.start), "end": float(end), "crossfade": float(cut.crossfade)}
        super().__init__(data, initial=initial, auto_id=f"cut-{cut.pk}-%s")

    def clean_start(self) -> float:
        start = self._on_frame(self.cleaned_data["start"] or 0.0)
        if self.cut.clip and start >= self.length - 1e-6:
            raise ValidationError(f"This clip has {written(self.length)} s; start it earlier.")
        return start

    def clean_end(self) -> float | None:
        end = self.cleaned_data["end"]
        if end is None or self.cut.clip is None:
            return self.cut.end if self.cut.clip is None else None
        frame = self.frame
        has = max(self.length, self.cut.clip.seconds or 0.0)
        if end > has + frame:
            raise ValidationError(f"This clip has only {written(self.length)} s; end it there or before.")
        return None if end > self.length - frame / 2 else self._on_frame(end)

    def clean_crossfade(self) -> float:
        seconds: float = self.cleaned_data["crossfade"] or 0.0
        if seconds > LONGEST_CROSSFADE:
            raise ValidationError(f"A crossfade lasts {LONGEST_CROSSFADE:g} s at most.")
        return round(seconds, 4)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.cut.clip is None:
            raise ValidationError(
                "This clip is deleted, so there is nothing to trim. Take it out of the film."
            )
        start, end = cleaned.get("start"), cleaned.get("end")
        if start is not None and end is not None and end <= start:
            self.add_error("end", "The end has to come after the start.")
        return cleaned

    @property
    def frame(self) -> float:
        """How long one frame of the clip is shown, in seconds."""
        return 1 / float(_fps(self.cut.clip))

    def save(self) -> None:
        Cut.objects.filter(pk=self.cut.pk).update(**self.cleaned_data)

    def _on_frame(self, seconds: float) -> float:
        return round(round(seconds / self.frame) * self.frame, 4)


@dataclass(frozen=True)
class TrackUpload:
    """A sound file that was found to be one."""

    file: UploadedFile
    kind: str
    name: str


class TrackField(forms.FileField):
    """Cleans to a `TrackUpload`; what the file says about its own type is ignored."""

    def __init__(self) -> None:
        super().__init__(
            label="Music or voice",
            required=False,
            error_messages={"empty": "This file is empty.", "invalid": "No file arrived; choose it again."},
            widget=forms.FileInput(attrs={"accept": "audio/*,.mp3,.aac,.m4a,.wav,.ogg,.flac"}),
            help_text=f"{KINDS}, up to {TRACK_MAX_BYTES // 2**20} MB.",
        )

    def to_python(self, data: Any) -> TrackUpload | None:  # type: ignore[override]
        upload = super().to_python(data)
        if upload is None:
            return None
        if upload.size > TRACK_MAX_BYTES:
            megabytes = math.ceil(upload.size / 2**20 * 10) / 10
            limit = TRACK_MAX_BYTES // 2**20
            raise ValidationError(f"This file is {megabytes:g} MB; the limit is {limit} MB.")
        with _on_disk(upload) as path:
            try:
                track_seconds(path)
            except ProbeError as error:
                raise ValidationError(str(error), code="bad_track") from error
            with path.open("rb") as file:
                kind = kind_of(file.read(12))
        name = "".join(c for c in str(upload.name) if c.isprintable())[:_LONGEST_TRACK_NAME]
        return TrackUpload(upload, kind, name)


class FilmForm(forms.ModelForm):
    """A film's name, its shape, its title card and its sound."""

    use_required_attribute = False

    name = NameField()
    size = forms.ChoiceField(
        label="Size",
        required=False,
        choices=[("", "As most of the clips"), *SIZES],
        error_messages={"invalid_choice": "Choose one of the sizes in the list."},
    )
    framing = forms.ChoiceField(
        label="Clips of another shape",
        choices=Film.FRAMINGS,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose fit, fill or pad."),
    )
    title = LineField(
        label="Title card",
        required=False,
        validators=[_no_longer_than(_LONGEST_TITLE, "title")],
        widget=forms.TextInput(attrs={"maxlength": _LONGEST_TITLE, "autocomplete": "off"}),
        help_text="White words on black before the first clip; empty for none.",
    )
    title_seconds = SecondsField(label="Seconds of the title card", required=False)
    track = TrackField()
    remove_track = forms.BooleanField(label="Take it out", required=False)
    volume = forms.IntegerField(
        label="Volume of the track, in percent",
        min_value=0,
        max_value=100,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), "The volume is a number from 0 to 100."
        ),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    duck = forms.BooleanField(label="Softer while the clips speak", required=False)
    even_loudness = forms.BooleanField(label="Even out how loud the clips are", required=False)

    class Meta:
        model = Film
        fields: ClassVar = ["name", "size", "framing", "title", "title_seconds", "duck", "even_loudness"]

    def __init__(self, data: Any = None, files: Any = None, *, instance: Film) -> None:
        super().__init__(
            data, files, instance=instance, initial={"volume": round(instance.track_volume * 100)}
        )

    def clean_title_seconds(self) -> float:
        shortest, longest = TITLE_SECONDS
        seconds = self.cleaned_data["title_seconds"]
        if seconds is None:
            return float(Film._meta.get_field("title_seconds").get_default())
        if not shortest <= seconds <= longest:
            raise ValidationError(f"A title card lasts {shortest:g} to {longest:g} s.")
        return float(seconds)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        latest = self.instance.latest
        replaced = cleaned.get("track") or cleaned.get("remove_track")
        if replaced and self.instance.track and latest and latest.active:
            self.add_error(
                "track", "The film is being rendered with its track. Wait for it, or cancel it first."
            )
        return cleaned

    def save(self, commit: bool = True) -> Film:
        """Writes the row and the track's file; a track that is replaced or taken out is deleted."""
        film: Film = self.instance
        upload: TrackUpload | None = self.cleaned_data["track"]
        before = film.track.name
        film.track_volume = self.cleaned_data["volume"] / 100
        if upload:
            film.track.save(f"track.{upload.kind}", upload.file, save=False)
            film.track_name = upload.name
        elif self.cleaned_data["remove_track"]:
            film.track, film.track_name = "", ""
        with transaction.atomic():
            film.save(update_fields=[*self.Meta.fields, "track", "track_name", "track_volume"])
            if film.track.name != before:
                remove_files([before])
        return film


def written(seconds: float) -> str:
    """As a person would write them: "4", "2.5", "0.042"."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def length_of(clip: Clip) -> float:
    """Seconds of its picture. The sound of a file is often a little longer, which is not to be seen."""
    frames = clip.facts.get("frames")
    return float(frames / _fps(clip)) if frames else clip.seconds or 0.0


def _fps(clip: Clip | None) -> Any:
    return rate((clip and clip.facts.get("fps")) or 24.0)


def _ready(project: Project) -> Any:
    return project.clips.filter(status=ClipStatus.READY).order_by("asked_at", "take", "id")


def _short(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"


@contextmanager
def _on_disk(upload: UploadedFile) -> Iterator[Path]:
    """The upload as a file that another process can open. A large one is on disk already."""
    if hasattr(upload, "temporary_file_path"):
        yield Path(upload.temporary_file_path())
        return
    with tempfile.NamedTemporaryFile() as file:
        for chunk in upload.chunks():
            file.write(chunk)
        file.flush()
        yield Path(file.name)
