"""The only gate for input."""

from django.forms.renderers import TemplatesSetting

from projects.forms.attach import AttachForm
from projects.forms.checked import kept_clip, kept_shot, new_token
from projects.forms.choices import Choice, nothing_usable, offers, settle
from projects.forms.clips import ClipForm
from projects.forms.examples import EXAMPLES
from projects.forms.pictures import (
    KEPT_ID,
    LABELS,
    REFERENCES,
    PictureForm,
    PicturesForm,
    kept_pictures,
    store,
)
from projects.forms.projects import ProjectForm
from projects.forms.speakers import SpeakerForm
from projects.forms.storyboard import Making, MoveForm, makings
from projects.forms.work import again_parts, again_price, why_no_again, why_no_work

__all__ = [
    "EXAMPLES",
    "KEPT_ID",
    "LABELS",
    "REFERENCES",
    "AttachForm",
    "Choice",
    "ClipForm",
    "Making",
    "MoveForm",
    "PictureForm",
    "PicturesForm",
    "ProjectForm",
    "Renderer",
    "SpeakerForm",
    "again_parts",
    "again_price",
    "kept_clip",
    "kept_pictures",
    "kept_shot",
    "makings",
    "new_token",
    "nothing_usable",
    "offers",
    "settle",
    "store",
    "why_no_again",
    "why_no_work",
]


class Renderer(TemplatesSetting):
    field_template_name = "forms/field.html"
