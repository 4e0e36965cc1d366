"""Input about clips: the recipe, and the price that was seen."""

import uuid
from collections.abc import Mapping
from typing import Any

from projects.forms import plans
from projects.forms.checked import RecipeForm
from projects.forms.examples import EXAMPLES
from projects.forms.pictures import KEPT_ID, REFERENCES
from projects.forms.scripted import scripted_words
from projects.forms.work import lengths
from projects.models import Clip, Lineup, Picture, Project
from projects.prompts import compile_prompt

_RECIPE = ("negative_prompt", "model", "aspect_ratio", "resolution", "duration_seconds")
_MORE = ("seed", "audio", "task", "source")
_OF_ONE_PRESS = ("token", "price_micros", "takes", "shot", "script", *KEPT_ID)
"""Fields that say nothing about what a clip is like."""


class ClipForm(RecipeForm):
    """A recipe, filled for a person to go on from, and what becomes of it.

    With `task` it is for work on the finished clip `source` of the same project.
    """

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
        initial: dict[str, Any] = {name: getattr(clip, name) for name in ("prompt", *_RECIPE)}
        initial["audio"] = "on" if clip.audio else "off"
        if start:
            initial["prompt"] = clip.script.get("setting") or clip.prompt
            return cls(initial=initial | {"seed_picture": start.pk}, project=clip.project, lineup=lineup)
        initial |= {"seed": clip.seed, **scripted_words(clip)}
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
        A length beyond one generation stays behind too: nobody asks for ten parts by accident.
        """
        lineup = lineup or Lineup.now()
        made = project.clips.filter(task="")
        last = made.values("model", "aspect_ratio", "resolution", "duration_seconds").first() or {}
        words = {name: value for name, value in (example or {}).items() if name != "title"}
        model = lineup.get(last.get("model", ""))
        if model and last.get("duration_seconds") not in (None, *model.durations):
            last.pop("duration_seconds")
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

    # --- what becomes of it ---

    def recipe(self) -> dict[str, Any]:
        """The frozen fields of a clip. Only for a valid form whose pictures are kept."""
        return self._words_and_settings() | {
            "seed_picture": self.pictures["seed_image"],
            "last_picture": self.pictures["last_frame"],
            "references": [self.pictures[field] for field in self.references],
            "shot": self.take_of,
            "parts": [part.as_asked() for part in self.planned],
        }

    def as_settings(self) -> tuple[dict[str, Any], list[Picture]]:
        """What fills the form again, as plain text, and its pictures. Only once those are kept."""
        given = self.data if self.is_bound else self.initial
        settings = {
            name: "" if value is None else str(value)
            for name, value in given.items()
            if name in self.fields and name not in _OF_ONE_PRESS
        }
        settings |= self.rows_as_text() if len(self.rows) else {}
        settings |= dict.fromkeys(KEPT_ID.values(), "")
        settings |= {kept: str(pk) for kept, pk in self.kept_ids().items()}
        return settings, [picture for picture in self.pictures.values() if picture]

    def repeats(self, clips: list[Clip]) -> bool:
        """Whether this is the press that made those clips, and not another recipe on a used form.

        Ask before `keep_pictures`: a picture uploaded twice gets two ids.
        """
        first = clips[0]
        if any(getattr(first, name) != value for name, value in self._words_and_settings().items()):
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

    def _words_and_settings(self) -> dict[str, Any]:
        """The plain fields of a clip. A script is kept as it was written; its prompt is all of it."""
        found = {name: self.cleaned_data[name] for name in _RECIPE + _MORE}
        script, parts = self.script, self.planned
        if not script.scenes:
            return found | {"prompt": self.cleaned_data["prompt"], "script": {}}
        whole = parts[0].prompt
        if len(parts) > 1:
            whole = compile_prompt(script, self.speakers, plans.prompt_form(self.settled[0].model))
        return found | {"prompt": whole, "script": plans.kept_script(script)}
