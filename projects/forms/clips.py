"""Input about clips: the recipe, and the price that was seen."""

import math
import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from projects import figures
from projects.forms import choices
from projects.forms.examples import EXAMPLES
from projects.forms.pictures import KEPT_ID, REFERENCES, PicturesForm, as_id, too_small
from projects.forms.words import LineField, WordsField
from projects.forms.work import TASKS, lengths, whole_seconds, why_no_work
from projects.models import Clip, Lineup, Picture, Project, Shot
from projects.veo.catalog import EDIT, EXTEND, Model

LARGEST_SEED = 2**32 - 1
ASKS = {
    "": ("Prompt", "Write what the clip should show."),
    EXTEND: ("What happens next?", "Write what happens next."),
    EDIT: ("What should change?", "Write what should change."),
}
"""Label of the prompt by task, and the sentence for an empty one."""

_SETTINGS = (
    "model",
    "aspect_ratio",
    "resolution",
    "duration_seconds",
    "takes",
    "audio",
    "negative_prompt",
    "seed",
    "task",
)
_RECIPE = ("prompt", "negative_prompt", "model", "aspect_ratio", "resolution", "duration_seconds")
_MORE = ("seed", "audio", "task", "source")
_OF_ONE_PRESS = ("token", "price_micros", "takes", "shot", *KEPT_ID)
"""Fields that say nothing about what a clip is like."""
_WRONG_SEED = f"A seed is a whole number from 0 to {LARGEST_SEED:,}."


class ClipForm(PicturesForm):
    """A recipe, checked against the catalog: what Google would refuse does not pass (promises P7 and P9).

    With `task` it is for work on the finished clip `source` of the same project.
    """

    prompt = WordsField(label="Prompt", widget=forms.Textarea(attrs={"rows": 6}))
    negative_prompt = WordsField(
        label="Negative prompt",
        required=False,
        help_text="What should not be in the clip.",
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": " "}),
    )
    model = LineField(label="Model", error_messages={"required": "Choose a model."})
    aspect_ratio = LineField(label="Aspect ratio", error_messages={"required": "Choose an aspect ratio."})
    resolution = LineField(label="Resolution", error_messages={"required": "Choose a resolution."})
    duration_seconds = forms.IntegerField(
        label="Length", error_messages=dict.fromkeys(("required", "invalid"), "Choose a length.")
    )
    seed = forms.IntegerField(
        label="Seed number",
        required=False,
        min_value=0,
        max_value=LARGEST_SEED,
        help_text="The same number and settings give a similar clip.",
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _WRONG_SEED),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "placeholder": " "}),
    )
    audio = forms.ChoiceField(
        label="Sound",
        required=False,
        choices=[("on", "On"), ("off", "Off")],
        error_messages={"invalid_choice": "Choose sound on or off."},
    )
    takes = forms.IntegerField(
        label="Takes",
        required=False,
        error_messages={"invalid": f"Choose 1 to {choices.MOST_TAKES} takes."},
    )
    task = forms.ChoiceField(
        required=False,
        choices=[(task, task) for task in TASKS],
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "Say whether the clip is to be extended or edited."},
    )
    source = forms.CharField(required=False, widget=forms.HiddenInput)
    shot = forms.CharField(required=False, widget=forms.HiddenInput)
    """The shot of the storyboard that the clip becomes a take of."""
    token = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ("required", "invalid"), "This form was incomplete, so nothing was sent. Press Generate again."
        ),
    )
    price_micros = forms.CharField(required=False, widget=forms.HiddenInput)
    """The total that stood on the button; not checked when a client without a page leaves it out."""

    def __init__(self, *args: Any, project: Project, lineup: Lineup | None = None, **options: Any) -> None:
        super().__init__(*args, project=project, **options)
        self.lineup = lineup or Lineup.now()
        given = self.data if self.is_bound else self.initial
        self.work = str(given.get("task") or "") if given.get("task") in TASKS else ""
        """The task that was asked for, possible or not."""
        self.worked_on = kept_clip(project, given.get("source")) if self.work else None
        """The clip that it is to be done to, as a row with everything that is asked about it."""
        self.shot = kept_shot(project, given.get("shot"))
        """The shot that is filled in, made or changed."""
        label, missing = ASKS[self.work]
        self.fields["prompt"].label = label
        self.fields["prompt"].error_messages["required"] = missing

    # --- filled, for a person to go on from ---

    @classmethod
    def like(
        cls,
        clip: Clip,
        lineup: Lineup | None = None,
        *,
        model: str = "",
        start: Picture | None = None,
    ) -> "ClipForm":
        """Filled with everything of a clip: its words, pictures and settings.

        With `model`, for another one to make it anew. With `start`, for what comes after it: that picture is
        the seed image, and the rest of its pictures, its seed and its task stay behind.
        """
        initial: dict[str, Any] = {name: getattr(clip, name) for name in _RECIPE}
        initial["audio"] = "on" if clip.audio else "off"
        if start:
            return cls(initial=initial | {"seed_picture": start.pk}, project=clip.project, lineup=lineup)
        initial["seed"] = clip.seed
        if clip.task and not model:
            initial |= {"task": clip.task, "source": clip.source_id}
        pictures = {"seed_picture": clip.seed_picture_id, "last_picture": clip.last_picture_id}
        pictures |= {
            KEPT_ID[field]: picture.pk
            for field, picture in zip(REFERENCES, clip.reference_pictures, strict=False)
        }
        initial |= pictures | ({"model": model} if model else {})
        return cls(initial=initial, project=clip.project, lineup=lineup)

    @classmethod
    def work_on(cls, clip: Clip, task: str, lineup: Lineup | None = None) -> "ClipForm":
        """Empty, to extend or edit that clip in its own settings."""
        lineup = lineup or Lineup.now()
        model = lineup.get(clip.model)
        possible = lengths(model, task, clip) if model else []
        initial = {
            "task": task,
            "source": clip.pk,
            "model": clip.model,
            "aspect_ratio": clip.aspect_ratio,
            "resolution": clip.resolution,
            "duration_seconds": min(possible, default=None),
            "audio": "on" if clip.audio else "off",
        }
        return cls(initial=initial, project=clip.project, lineup=lineup)

    @classmethod
    def fresh(
        cls, project: Project, lineup: Lineup | None = None, example: Mapping[str, Any] | None = None
    ) -> "ClipForm":
        """Empty, or an example, with the settings of the project's last clip.

        Where its model cannot be chosen any more only the shape stays: another may charge more for the rest.
        """
        lineup = lineup or Lineup.now()
        made = project.clips.filter(task="")
        last = made.values("model", "aspect_ratio", "resolution", "duration_seconds").first() or {}
        words = {name: value for name, value in (example or {}).items() if name != "title"}
        model = lineup.get(last.get("model", ""))
        if model is None or not lineup.can_be_chosen(model):
            last = {name: value for name, value in last.items() if name == "aspect_ratio"}
            model = lineup.default()
        if not model.negative_prompt:
            words.pop("negative_prompt", None)
        return cls(initial=last | words, project=project, lineup=lineup)

    @classmethod
    def example(cls, project: Project, number: str, lineup: Lineup | None = None) -> "ClipForm":
        """Filled with example 1, 2 …; empty for any other number."""
        found = EXAMPLES[int(number) - 1] if number in map(str, range(1, len(EXAMPLES) + 1)) else None
        return cls.fresh(project, lineup, found)

    # --- what the page draws ---

    @property
    def settled(self) -> tuple[choices.Choice, list[str]]:
        """The nearest settings that are possible, for drawing the form; see `choices.settle`."""
        given = self.data if self.is_bound else self.initial
        asked = {name: given.get(name) for name in _SETTINGS}
        asked |= {field: self.has_picture(field) for field in ("seed_image", "last_frame")}
        asked["references"] = len(self.references)
        return choices.settle(asked, self.lineup, self.worked_on)

    @property
    def opens_more(self) -> bool:
        """Whether something stands, or is wrong, in the part of the form that is folded at first."""
        folded = ("last_frame", *REFERENCES)
        words = ("negative_prompt", "seed")
        return any(self.pictures[name] or self.errors_of(name) for name in folded) or any(
            self[name].value() not in (None, "") or self.errors_of(name) for name in words
        )

    @property
    def file_fields(self) -> list[str]:
        return list(KEPT_ID)

    @property
    def ratio_slug(self) -> str:
        return self.settled[0].ratio_slug

    def errors_of(self, name: str) -> list[str]:
        """Without checking anything that was not sent."""
        return list(self.errors.get(name, [])) if self.is_bound else []

    # --- what is checked ---

    def clean_model(self) -> str:
        model_id: str = self.cleaned_data["model"]
        model = self.lineup.get(model_id)
        if model is None:
            raise ValidationError("That model is not known here. Choose one from the list.")
        if not self.lineup.can_be_chosen(model):
            raise ValidationError(f"{model.label} cannot be chosen. {self.lineup.why_not(model)}")
        return model_id

    def clean_takes(self) -> int:
        takes: int = 1 if self.cleaned_data["takes"] is None else self.cleaned_data["takes"]
        if not 1 <= takes <= choices.MOST_TAKES:
            raise ValidationError(f"Choose 1 to {choices.MOST_TAKES} takes.")
        return takes

    def clean_audio(self) -> bool:
        """On unless it is switched off."""
        return bool(self.cleaned_data["audio"] != "off")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["source"] = self.worked_on
        if model := self.lineup.get(cleaned.get("model", "")):
            self._check_work()
            self._check_words(model)
            if not self.non_field_errors():
                self._check_combination(model)
        self._check_pictures()
        if not self.errors:
            self._check_price()
        return cleaned

    def recipe(self) -> dict[str, Any]:
        """The frozen fields of a clip. Only for a valid form whose pictures are kept."""
        return {name: self.cleaned_data[name] for name in _RECIPE + _MORE} | {
            "seed_picture": self.pictures["seed_image"],
            "last_picture": self.pictures["last_frame"],
            "references": [self.pictures[field] for field in self.references],
            "shot": self.shot,
        }

    def as_settings(self) -> tuple[dict[str, Any], list[Picture]]:
        """What fills the form again, as plain text, and its pictures. Only once those are kept."""
        given = self.data if self.is_bound else self.initial
        settings = {
            name: "" if value is None else str(value)
            for name, value in given.items()
            if name in self.fields and name not in _OF_ONE_PRESS
        }
        settings |= dict.fromkeys(KEPT_ID.values(), "")
        settings |= {kept: str(pk) for kept, pk in self.kept_ids().items()}
        return settings, [picture for picture in self.pictures.values() if picture]

    def repeats(self, clips: list[Clip]) -> bool:
        """Whether this is the press that made those clips, and not another recipe on a used form.

        Ask before `keep_pictures`: a picture uploaded twice gets two ids.
        """
        first = clips[0]
        if any(getattr(first, name) != self.cleaned_data[name] for name in _RECIPE + _MORE):
            return False
        if len(clips) != self.cleaned_data["takes"]:
            return False
        asked = [field for field in REFERENCES if self.has_picture(field)]
        made = [picture.pk for picture in first.reference_pictures]
        if len(asked) != len(made):
            return False
        pictures = {"seed_image": first.seed_picture_id, "last_frame": first.last_picture_id}
        pictures |= dict(zip(asked, made, strict=True))
        return all(self._may_be(field, pk) for field, pk in pictures.items())

    def _may_be(self, field: str, pk: uuid.UUID | None) -> bool:
        if self.cleaned_data[field] is not None:
            return pk is not None
        picture = self.pictures[field]
        return pk == (picture.pk if picture else None)

    def _check_work(self) -> None:
        """A task works on one clip, in that clip's shape and, for an edit, length."""
        given, clip = self.cleaned_data, self.worked_on
        if not self.work:
            return
        if clip is None:
            self.add_error(None, "The clip to work on is no longer here.")
            return
        if why_not := why_no_work(clip, self.work, self.lineup):
            self.add_error(None, why_not)
        elif given["model"] != clip.model:
            self.add_error("model", f"Only the model that made the clip, {clip.model_label}, can do that.")
        elif given.get("aspect_ratio", clip.aspect_ratio) != clip.aspect_ratio:
            self.add_error("aspect_ratio", f"The clip is {clip.aspect_ratio}, and stays so.")
        elif self.work == EDIT and given.get("duration_seconds") not in (None, whole_seconds(clip)):
            self.add_error("duration_seconds", f"An edit keeps the clip's {whole_seconds(clip)} s.")

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
            references=len(self.references),
            negative_prompt=bool(given.get("negative_prompt")),
            seed=given.get("seed") is not None,
            audio=given.get("audio", True),
            task=self.work,
            source_seconds=(self.worked_on and self.worked_on.seconds) or 0,
        )
        for name, sentence in refusals.items():
            # References have one field each: the sentence stands at the last of them.
            place = self.references[-1] if name == "references" else name
            if place not in self.errors:
                self.add_error(place, sentence)

    def _check_pictures(self) -> None:
        ratio = self.settled[0].aspect_ratio
        for field in ("seed_image", "last_frame"):
            size = self.picture_size(field)
            sentence = too_small(size, ratio) if size else ""
            if sentence and field not in self.errors:
                self.add_error(field, sentence)

    def _check_price(self) -> None:
        """Only for a form that is right so far: it then is what `settled` settles on."""
        given, total = self.cleaned_data, self.settled[0].total_micros
        if given["price_micros"] and total is not None and given["price_micros"] != str(total):
            self.add_error(None, f"The price is now {figures.usd(total)}. Press Generate again if you agree.")


def kept_clip(project: Project, value: Any) -> Clip | None:
    """The clip of this project with that id, with what is asked about a source; None for any other value."""
    pk = as_id(value)
    clips = project.clips.select_related("project").prefetch_related(
        "operations", "parts__operations", "references__picture"
    )
    return clips.filter(pk=pk).first() if pk else None


def kept_shot(project: Project, value: Any) -> Shot | None:
    """The shot of this project with that id; None for any other value."""
    pk = as_id(value)
    return project.shots.filter(pk=pk).first() if pk else None


def new_token() -> uuid.UUID:
    return uuid.uuid4()
