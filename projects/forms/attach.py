"""Input about what a person found at Google: the name of an operation, as its back end writes it."""

import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from projects.forms.words import LineField
from projects.models import Clip, Operation
from projects.veo.catalog import GEMINI_OMNI, GEMINI_VEO, VERTEX_VEO
from projects.veo.errors import Garbled
from projects.veo.operations import operation_name

_LONGEST_REF = Operation._meta.get_field("remote_ref").max_length

_VERTEX_NAME = re.compile(
    r"projects/[\w.:-]+/locations/[\w-]+/publishers/google/models/[\w.-]+/operations/[A-Za-z0-9][\w.-]*",
    re.ASCII,
)
_OBJECT = re.compile(r"gs://[a-z0-9][a-z0-9._-]+/[^\s?#\\]+\.mp4")
_INTERACTION = re.compile(r"v1_[A-Za-z0-9_~=-]+", re.ASCII)


@dataclass(frozen=True)
class Wire:
    """How one back end names what it works on, for people."""

    noun: str
    looks: str
    example: str


_WIRES = {
    GEMINI_VEO: Wire("operation", "models/…/operations/…", "models/{model}/operations/abc123"),
    VERTEX_VEO: Wire(
        "operation",
        "projects/…/operations/…, or gs://…/….mp4 for its video in Cloud Storage",
        "projects/my-project/locations/us-central1/publishers/google/models/{model}/operations/1234",
    ),
    GEMINI_OMNI: Wire("interaction", "v1_…", "v1_ChdpQUJD"),
}


class AttachForm(forms.Form):
    """The name of an operation at Google, as the clip's back end writes it."""

    operation_name = LineField(
        label="Operation name",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    use_required_attribute = False

    def __init__(self, *args: Any, clip: Clip, **options: Any) -> None:
        super().__init__(*args, **options)
        self.clip = clip
        self.back_end = clip.operation.back_end
        self.wire = _WIRES.get(self.back_end, _WIRES[GEMINI_VEO])
        field = self.fields["operation_name"]
        field.label = f"{self.wire.noun.capitalize()} name"
        field.help_text = f"It looks like {self.wire.example.format(model=clip.model)}."
        field.error_messages["required"] = f"Paste the name of the {self.wire.noun}."

    def clean_operation_name(self) -> str:
        name = self.cleaned_data["operation_name"].strip("\"'")
        if not self._is_name(name):
            noun = self.wire.noun
            raise ValidationError(f"This is not the name of an {noun}. It looks like {self.wire.looks}.")
        if len(name) > _LONGEST_REF:
            raise ValidationError(f"This name is too long for an {self.wire.noun}.")
        if "models/" in name and f"models/{self.clip.model}/" not in name and not name.startswith("gs://"):
            raise ValidationError(f"This operation is not one of {self.clip.model}, the model of this clip.")
        if Operation.objects.filter(remote_ref=name).exists():
            raise ValidationError(f"A clip here has this {self.wire.noun} already.")
        return name

    def _is_name(self, name: str) -> bool:
        """It becomes part of an address, so it holds nothing that leads elsewhere."""
        if ".." in name:
            return False
        if self.back_end == GEMINI_OMNI:
            return _INTERACTION.fullmatch(name) is not None
        if self.back_end == VERTEX_VEO:
            return (_VERTEX_NAME.fullmatch(name) or _OBJECT.fullmatch(name)) is not None
        try:
            return operation_name(name[:500]) != "" and not name.startswith("projects/")
        except Garbled:
            return False
