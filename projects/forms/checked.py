"""What a clip form asks for, and every check of it: what Google would refuse does not pass (promise P7)."""

import uuid
from dataclasses import replace
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from projects import chains, figures
from projects.forms import choices, plans
from projects.forms.lengths import LONGER, ONE_GO, Wish
from projects.forms.pictures import as_id, too_small
from projects.forms.scripted import ScriptedForm
from projects.forms.words import LineField, WordsField
from projects.forms.work import TASKS, whole_seconds, why_no_work
from projects.models import Clip, Lineup, Project, Shot
from projects.prompts import estimate_tokens
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
    "longer",
    "takes",
    "audio",
    "negative_prompt",
    "seed",
    "task",
)
CHOOSE_LENGTH = "Choose a length."
WRITE_LENGTH = "Write how long the clip is to be: 45, 45 s or 1:00."
_WRONG_SEED = f"A seed is a whole number from 0 to {LARGEST_SEED:,}."


class RecipeForm(ScriptedForm):
    """A recipe, checked against the catalog: what Google would refuse does not pass (promises P7 and P9).

    With `task` it is for work on the finished clip `source` of the same project.
    """

    prompt = WordsField(label="Prompt", required=False, widget=forms.Textarea(attrs={"rows": 6}))
    negative_prompt = WordsField(
        label="Negative prompt",
        required=False,
        help_text="What should not be in the clip.",
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": " "}),
    )
    model = LineField(label="Model", error_messages={"required": "Choose a model."})
    aspect_ratio = LineField(label="Aspect ratio", error_messages={"required": "Choose an aspect ratio."})
    resolution = LineField(label="Resolution", error_messages={"required": "Choose a resolution."})
    duration_seconds = LineField(label="Length", error_messages={"required": CHOOSE_LENGTH})
    """Cleans to whole seconds."""
    longer = LineField(label="How long", required=False)
    """The length, where `duration_seconds` says that it stands here."""
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
        self.take_of = kept_shot(project, given.get("shot"))
        """The shot that is filled in, made or changed."""
        self.fields["prompt"].label, self._missing = ASKS[self.work]

    # --- what it comes to ---

    @cached_property
    def settled(self) -> tuple[choices.Choice, list[str]]:
        """The nearest settings that are possible, for drawing the form; see `choices.settle`."""
        asked = {name: self.given.get(name) for name in _SETTINGS}
        asked |= {field: self.has_picture(field) for field in ("seed_image", "last_frame")}
        asked["references"] = len(self.references)
        return choices.settle(asked, self.lineup, self.worked_on, self.rows.scenes)

    @property
    def planned(self) -> list[plans.PlannedPart]:
        """What each generation is told, as the form stands now."""
        script = self.script
        return plans.planned(self.settled[0], script, self.speakers if script.scenes else ())

    @property
    def wish(self) -> Wish:
        """The length as it was asked for."""
        return Wish.of(self.given, self.rows.scenes)

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
        # Only now are the pictures known that came with it.
        self.__dict__.pop("settled", None)
        cleaned["source"] = self.worked_on
        if not len(self.rows) and "prompt" in cleaned and not cleaned["prompt"]:
            self.add_error("prompt", self._missing)
        self._read_length()
        self.check_script(None if self.wish.by_scenes else cleaned.get("duration_seconds"))
        if model := self.lineup.get(cleaned.get("model", "")):
            self._check_work()
            if not self.non_field_errors():
                self._check_combination(model)
            self._check_words(model)
        self._check_pictures()
        if not self.errors:
            cleaned["duration_seconds"] = self.settled[0].duration_seconds
            self._check_price()
        return cleaned

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
        """No generation is told more than the model reads."""
        most = f"{model.label} takes {model.prompt_tokens:,}. Shorten it."
        for part in self.planned if "prompt" in self.cleaned_data else []:
            if part.tokens <= model.prompt_tokens:
                continue
            several = len(self.settled[0].plan.parts) > 1
            what = f"The prompt of part {part.number}" if several else "This"
            what = "With its scenes this" if self.rows.scenes and not several else what
            self.add_error("prompt", f"{what} is about {part.tokens:,} tokens long; {most}")
            break
        if (tokens := estimate_tokens(self.cleaned_data.get("negative_prompt", ""))) > model.prompt_tokens:
            self.add_error("negative_prompt", f"This is about {tokens:,} tokens long; {most}")

    def _check_combination(self, model: Model) -> None:
        """Every part of it, against the catalog."""
        given, choice = self.cleaned_data, self.settled[0]
        if not {"aspect_ratio", "resolution", "duration_seconds"} <= given.keys():
            return
        first = {
            "seed_image": self.has_picture("seed_image"),
            "last_frame": self.has_picture("last_frame"),
            "references": len(self.references),
            "negative_prompt": bool(given.get("negative_prompt")),
            "seed": given.get("seed") is not None,
        }
        plan = self._long_plan(model)
        if plan is None:
            refusals = model.refusals(
                aspect_ratio=given["aspect_ratio"],
                resolution=given["resolution"],
                duration_seconds=given["duration_seconds"],
                audio=given.get("audio", True),
                task=self.work,
                source_seconds=(self.worked_on and self.worked_on.seconds) or 0,
                **first,
            )
        else:
            whole = replace(
                choice,
                model=model,
                aspect_ratio=given["aspect_ratio"],
                resolution=given["resolution"],
                plan=plan,
                audio=given.get("audio", True),
            )
            refusals = plans.refusals(whole, **first)
            if plan.reasons and not self.wish.by_scenes:
                refusals["duration_seconds"] = " ".join(plan.reasons)
        for name, sentence in refusals.items():
            # References have one field each: the sentence stands at the last of them.
            place = self.references[-1] if name == "references" else name
            if place not in self.errors:
                self.add_error(place, sentence)

    def _long_plan(self, model: Model) -> chains.Plan | None:
        """The plan of what was asked for, where that is more than one generation makes."""
        given = self.cleaned_data
        seconds = given["duration_seconds"]
        if self.work or seconds <= model.durations[-1] or given["resolution"] not in model.resolutions:
            return None
        if self.has_picture("last_frame"):
            longest = f"Remove it, or choose up to {model.durations[-1]} s."
            self.add_error("last_frame", f"{ONE_GO} {longest}")
        return chains.plan(
            model,
            resolution=given["resolution"],
            seconds=seconds,
            audio=given.get("audio", True),
            full_first=bool(self.references),
        )

    def _read_length(self) -> None:
        """From words to seconds, whole where they are: what the catalog says to them comes later."""
        said = self.cleaned_data.get("duration_seconds")
        if said is None:
            return
        wish = self.wish
        if wish.seconds is None:
            self.add_error("duration_seconds", WRITE_LENGTH if said == LONGER else CHOOSE_LENGTH)
            return
        # What follows the scenes is as long as can be made; the page has said how long that is.
        seconds = self.settled[0].duration_seconds if wish.by_scenes else wish.seconds
        self.cleaned_data["duration_seconds"] = int(seconds) if seconds == int(seconds) else seconds

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
