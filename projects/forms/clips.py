"""Input about clips: the recipe, the price that was seen, and the name of an operation at Google."""

import math
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from projects import figures
from projects.forms import choices
from projects.forms.examples import EXAMPLES
from projects.forms.pictures import PicturesForm, too_small
from projects.forms.words import LineField, WordsField
from projects.models import Clip, Operation, Project
from projects.veo.catalog import CATALOG, Model
from projects.veo.errors import Garbled
from projects.veo.operations import operation_name

_SETTINGS = ("model", "aspect_ratio", "resolution", "duration_seconds", "takes")
_RECIPE = ("prompt", "negative_prompt", "model", "aspect_ratio", "resolution", "duration_seconds")
_LONGEST_REF = Operation._meta.get_field("remote_ref").max_length


class ClipForm(PicturesForm):
    """A recipe, checked against the catalog: what Google would refuse does not pass (promises P7 and P9)."""

    prompt = WordsField(
        label="Prompt",
        error_messages={"required": "Write what the clip should show."},
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    negative_prompt = WordsField(
        label="Negative prompt",
        required=False,
        help_text="What should not be in the clip.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    model = LineField(label="Model", error_messages={"required": "Choose a model."})
    aspect_ratio = LineField(label="Aspect ratio", error_messages={"required": "Choose an aspect ratio."})
    resolution = LineField(label="Resolution", error_messages={"required": "Choose a resolution."})
    duration_seconds = forms.IntegerField(
        label="Length", error_messages=dict.fromkeys(("required", "invalid"), "Choose a length.")
    )
    takes = forms.IntegerField(
        label="Takes",
        required=False,
        error_messages={"invalid": f"Choose 1 to {choices.MOST_TAKES} takes."},
    )
    token = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ("required", "invalid"), "This form was incomplete, so nothing was sent. Press Generate again."
        ),
    )
    price_micros = forms.CharField(required=False, widget=forms.HiddenInput)
    """The total that stood on the button; not checked when a client without a page leaves it out."""

    @classmethod
    def like(cls, clip: Clip) -> "ClipForm":
        """Filled with everything of a clip: its words, pictures and settings."""
        initial = {name: getattr(clip, name) for name in _RECIPE}
        pictures = {"seed_picture": clip.seed_picture_id, "last_picture": clip.last_picture_id}
        return cls(initial=initial | pictures, project=clip.project)

    @classmethod
    def fresh(cls, project: Project, example: dict[str, Any] | None = None) -> "ClipForm":
        """Empty, or an example, with the settings of the project's last clip."""
        last = project.clips.values("model", "aspect_ratio", "resolution", "duration_seconds").first()
        words = {name: value for name, value in (example or {}).items() if name != "title"}
        return cls(initial=(last or {}) | words, project=project)

    @classmethod
    def example(cls, project: Project, number: str) -> "ClipForm":
        """Filled with example 1, 2 …; empty for any other number."""
        found = EXAMPLES[int(number) - 1] if number in map(str, range(1, len(EXAMPLES) + 1)) else None
        return cls.fresh(project, found)

    @property
    def settled(self) -> tuple[choices.Choice, list[str]]:
        """The nearest settings that are possible, for drawing the form; see `choices.settle`."""
        source = self.data if self.is_bound else self.initial
        asked = {name: source.get(name) for name in _SETTINGS}
        return choices.settle(asked | {"last_frame": self.has_picture("last_frame")})

    @property
    def ratio_slug(self) -> str:
        return self.settled[0].ratio_slug

    def clean_model(self) -> str:
        model_id: str = self.cleaned_data["model"]
        model = CATALOG.get(model_id)
        if model is None:
            raise ValidationError("That model is not known here. Choose one from the list.")
        if not choices.can_be_chosen(model):
            raise ValidationError(f"{model.label} cannot be chosen. {choices.retirement(model)}")
        return model_id

    def clean_takes(self) -> int:
        takes: int = 1 if self.cleaned_data["takes"] is None else self.cleaned_data["takes"]
        if not 1 <= takes <= choices.MOST_TAKES:
            raise ValidationError(f"Choose 1 to {choices.MOST_TAKES} takes.")
        return takes

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if model := CATALOG.get(cleaned.get("model", "")):
            self._check_words(model)
            self._check_combination(model)
        self._check_pictures()
        if not self.errors:
            self._check_price(CATALOG.by_id[cleaned["model"]])
        return cleaned

    def recipe(self) -> dict[str, Any]:
        """The frozen fields of a clip. Only for a valid form whose pictures are kept."""
        return {name: self.cleaned_data[name] for name in _RECIPE} | {
            "seed_picture": self.pictures["seed_image"],
            "last_picture": self.pictures["last_frame"],
        }

    def repeats(self, clips: list[Clip]) -> bool:
        """Whether this is the press that made those clips, and not another recipe on a used form.

        Ask before `keep_pictures`: a picture uploaded twice gets two ids.
        """
        first = clips[0]
        same = all(getattr(first, name) == self.cleaned_data[name] for name in _RECIPE)
        pictures = {"seed_image": first.seed_picture_id, "last_frame": first.last_picture_id}
        kept = all(self._may_be(field, pk) for field, pk in pictures.items())
        return same and kept and len(clips) == self.cleaned_data["takes"]

    def _may_be(self, field: str, pk: uuid.UUID | None) -> bool:
        if self.cleaned_data[field] is not None:
            return pk is not None
        picture = self.pictures[field]
        return pk == (picture.pk if picture else None)

    def _check_words(self, model: Model) -> None:
        for name in ("prompt", "negative_prompt"):
            tokens = math.ceil(len(self.cleaned_data.get(name, "").encode()) / 4)
            if tokens > model.prompt_tokens:
                most = f"{model.label} takes {model.prompt_tokens:,}"
                self.add_error(name, f"This is about {tokens:,} tokens long; {most}. Shorten it.")

    def _check_combination(self, model: Model) -> None:
        given = self.cleaned_data
        if not {"aspect_ratio", "resolution", "duration_seconds"} <= given.keys():
            return
        refusals = model.refusals(
            aspect_ratio=given["aspect_ratio"],
            resolution=given["resolution"],
            duration_seconds=given["duration_seconds"],
            seed_image=self.has_picture("seed_image"),
            last_frame=self.has_picture("last_frame"),
            negative_prompt=bool(given.get("negative_prompt")),
        )
        for name, sentence in refusals.items():
            if name not in self.errors:
                self.add_error(name, sentence)

    def _check_pictures(self) -> None:
        ratio = self.settled[0].aspect_ratio
        for field in ("seed_image", "last_frame"):
            size = self.picture_size(field)
            sentence = too_small(size, ratio) if size else ""
            if sentence and field not in self.errors:
                self.add_error(field, sentence)

    def _check_price(self, model: Model) -> None:
        given = self.cleaned_data
        total = model.price(given["resolution"], given["duration_seconds"]) * given["takes"]
        if given["price_micros"] and given["price_micros"] != str(total):
            self.add_error(None, f"The price is now {figures.usd(total)}. Press Generate again if you agree.")


class AttachForm(forms.Form):
    """The name of an operation at Google, as `models/…/operations/…`."""

    operation_name = LineField(
        label="Operation name",
        error_messages={"required": "Paste the name of the operation."},
        help_text="It looks like models/veo-3.1-generate-preview/operations/abc123.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    use_required_attribute = False

    def __init__(self, *args: Any, clip: Clip, **options: Any) -> None:
        super().__init__(*args, **options)
        self.clip = clip

    def clean_operation_name(self) -> str:
        given = self.cleaned_data["operation_name"].strip("\"'")
        try:
            name = operation_name(given)
        except Garbled:
            raise ValidationError(
                "This is not the name of an operation. It looks like models/…/operations/…."
            ) from None
        if len(name) > _LONGEST_REF:
            raise ValidationError("This name is too long for an operation.")
        if name.startswith("models/") and not name.startswith(f"models/{self.clip.model}/"):
            raise ValidationError(f"This operation is not one of {self.clip.model}, the model of this clip.")
        if Operation.objects.filter(remote_ref=name).exists():
            raise ValidationError("A clip here has this operation already.")
        return name


def new_token() -> uuid.UUID:
    return uuid.uuid4()
