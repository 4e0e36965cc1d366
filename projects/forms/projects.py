"""Input about projects."""

from typing import ClassVar

from django import forms
from django.core.validators import MaxLengthValidator

from projects.forms.words import LineField
from projects.models import Project

LONGEST_NAME = Project._meta.get_field("name").max_length


class ProjectForm(forms.ModelForm):
    name = LineField(
        label="Name",
        error_messages={"required": "Give the project a name."},
        validators=[
            MaxLengthValidator(
                LONGEST_NAME, f"This name has %(show_value)d characters; the limit is {LONGEST_NAME}."
            )
        ],
        widget=forms.TextInput(attrs={"maxlength": LONGEST_NAME, "autocomplete": "off"}),
    )

    class Meta:
        model = Project
        fields: ClassVar = ["name"]
