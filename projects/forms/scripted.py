"""The part of the clip form that holds a script: timed scenes beside the prompt, and who speaks in them."""

from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from projects.forms import scenes as rows
from projects.forms.pictures import PicturesForm
from projects.forms.words import LineField, WordsField
from projects.models import Clip
from projects.prompts import LANGUAGES, Problem, Scene, Script, Speaker, problems, speakers_in
from projects.prompts.script import name_key
from projects.veo.catalog import EDIT

LANGUAGE = "en"


class ScriptedForm(PicturesForm):
    """With scenes the prompt is their setting, and may be empty. An edit has none."""

    scenes = forms.CharField(required=False, widget=forms.HiddenInput)
    """Never sent: where the sentences about the rows stand."""
    ambience = LineField(
        label="Ambience",
        required=False,
        help_text="What is heard all the time.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "waves, far gulls"}),
    )
    language = forms.ChoiceField(
        label="Language",
        required=False,
        choices=[(code, label) for code, (label, _) in LANGUAGES.items()],
        error_messages={"invalid_choice": "Choose a language from the list."},
    )

    work = ""
    """The task that was asked for; see the clip form."""

    @property
    def given(self) -> Any:
        """What the form was filled with, by a browser or by us."""
        return self.data if self.is_bound else self.initial

    @cached_property
    def rows(self) -> rows.SceneRows:
        return rows.SceneRows({} if self.work == EDIT else self.given, sent=self.is_bound)

    @cached_property
    def speakers(self) -> list[Speaker]:
        """Everybody who can speak in this project."""
        return [speaker.as_sent() for speaker in self.project.speakers.all()]

    @property
    def script(self) -> Script:
        """As it would be sent now, without what cannot be read. A plain prompt is its setting alone."""
        setting = self.said("prompt")
        if not self.rows.scenes:
            return Script(setting=setting)
        return Script(
            scenes=self.rows.scenes,
            setting=setting,
            ambience=self.said("ambience"),
            language=self.said("language") or LANGUAGE,
        )

    @property
    def unknown_speakers(self) -> list[str]:
        """Names in the scenes that are none of the project's speakers."""
        if not self.rows.scenes:
            return []
        known = {name_key(speaker.name) for speaker in self.speakers}
        return [name for name in speakers_in(self.rows.scenes) if name_key(name) not in known]

    @property
    def pasted(self) -> str:
        """What stands in the field for a script to read."""
        return str(self.given.get("script") or "")

    def said(self, name: str) -> str:
        """A field of words as it would be sent; empty while it cannot be."""
        try:
            return str(self.fields[name].clean(self.given.get(name)) or "")
        except ValidationError:
            return ""

    def problems(self, seconds: float | None) -> list[Problem]:
        """Errors and warnings for a clip of that length; only once every row can be read."""
        if not self.rows.scenes or not self.rows.readable:
            return []
        return problems(self.script, self.speakers, seconds)

    def check_script(self, seconds: float | None) -> None:
        """Puts what is wrong at its row, and all of it at `scenes`, where whoever has no rows sees it."""
        if not len(self.rows):
            return
        if self.rows.sent_too_many:
            self.add_error("scenes", rows.FULL)
        for problem in self.problems(seconds):
            if problem.warning:
                continue
            if problem.scene is None:
                self.add_error("scenes", problem.sentence)
            else:
                self.rows.add_error(problem.scene, problem.field, problem.sentence)
        for sentence in dict.fromkeys(self.rows.errors()):
            self.add_error("scenes", sentence)

    def rows_as_text(self) -> dict[str, str]:
        """What fills the rows again."""
        return rows.flattened(rows.rows_of(self.given))


def scripted_words(clip: Clip) -> dict[str, Any]:
    """The fields that a clip's script fills, its length among them; nothing for a plain prompt.

    Scenes that go on to the clip's end, or beyond what could be made exactly, say how long it is.
    """
    script = clip.script
    kept = [Scene(**scene) for scene in script.get("scenes", [])]
    if not kept:
        return {}
    end = max(scene.end for scene in kept)
    follows = not clip.task and end >= clip.duration_seconds
    length = {"duration_seconds": rows.SCENES} if follows else {}
    return {
        "prompt": script.get("setting", ""),
        "ambience": script.get("ambience", ""),
        "language": script.get("language", LANGUAGE),
        **rows.flattened(rows.as_rows(kept)),
        **length,
    }


class PastedForm(forms.Form):
    """A script as people write it, or as JSON."""

    script = WordsField(required=False, strip=False)
