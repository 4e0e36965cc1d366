"""The only gate for input."""

from django.forms.renderers import TemplatesSetting

from projects.forms.choices import Choice, offers, price_now, settle
from projects.forms.clips import AttachForm, ClipForm, new_token
from projects.forms.examples import EXAMPLES
from projects.forms.pictures import PictureForm, PicturesForm
from projects.forms.projects import ProjectForm

__all__ = [
    "EXAMPLES",
    "AttachForm",
    "Choice",
    "ClipForm",
    "PictureForm",
    "PicturesForm",
    "ProjectForm",
    "Renderer",
    "new_token",
    "offers",
    "price_now",
    "settle",
]


class Renderer(TemplatesSetting):
    field_template_name = "forms/field.html"
