"""Input about who speaks in a project."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, transaction

from projects.forms.words import LineField, WordsField
from projects.models import Project, Speaker

LONGEST_NAME = Speaker._meta.get_field("name").max_length
LONGEST_WORDS = 1000
"""Characters of looks and of voice: both go into every prompt where somebody speaks."""
MOST_SPEAKERS = 100

FULL = f"A project has {MOST_SPEAKERS} speakers at most. Delete one first; nothing was saved."
_NO_NAME = set('":()[]')


def _words(label: str, hint: str) -> WordsField:
    """A few sentences."""
    limit = MaxLengthValidator(
        LONGEST_WORDS, f"This has %(show_value)d characters; the limit is {LONGEST_WORDS}."
    )
    return WordsField(
        label=label,
        required=False,
        help_text=hint,
        validators=[limit],
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class SpeakerForm(forms.ModelForm):
    name = LineField(
        label="Name",
        error_messages={"required": "Give the speaker a name."},
        validators=[
            MaxLengthValidator(
                LONGEST_NAME, f"This name has %(show_value)d characters; the limit is {LONGEST_NAME}."
            )
        ],
        widget=forms.TextInput(attrs={"maxlength": LONGEST_NAME, "autocomplete": "off"}),
    )
    looks = _words("Looks", "“A lighthouse keeper in her sixties, grey braid, oilskin coat.”")
    voice = _words("Voice", "“Low and rough, with a Breton accent.”")

    use_required_attribute = False

    class Meta:
        model = Speaker
        fields: ClassVar = ["name", "looks", "voice"]

    def clean_name(self) -> str:
        """A name means the same person in capitals and without, so it is there once."""
        name: str = self.cleaned_data["name"]
        if wrong := sorted(_NO_NAME & set(name)):
            raise ValidationError(f"A name cannot hold {' '.join(wrong)}.")
        others = self.instance.project.speakers.exclude(pk=self.instance.pk)
        if name.casefold() in {other.name.casefold() for other in others}:
            raise ValidationError(f"{name} is one of the speakers already.")
        if self.instance.pk is None and len(others) >= MOST_SPEAKERS:
            raise ValidationError(FULL)
        return name

    def saved(self) -> bool:
        """Only when valid. False, with a sentence at the name, when somebody else was quicker."""
        try:
            with transaction.atomic():
                self.save()
        except IntegrityError:
            self.add_error("name", "That name was taken a moment ago.")
            return False
        return True


def add_speakers(project: Project, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Adds people of whom only the name is known: the names that were added, and why others were not."""
    added: list[str] = []
    refused: list[str] = []
    known = {speaker.name.casefold() for speaker in project.speakers.all()}
    for name in names:
        if name.casefold() in known:
            continue
        form = SpeakerForm({"name": name}, instance=Speaker(project=project))
        if form.is_valid() and form.saved():
            added.append(form.cleaned_data["name"])
            known.add(name.casefold())
        else:
            refused.append(f"{name[:60]}: {_first(form)}")
    return added, refused


def _first(form: Any) -> str:
    return next(sentence for sentences in form.errors.values() for sentence in sentences)
