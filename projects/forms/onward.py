"""Going on with a clip whose next part is missing: what it says, how it is made, what the rest costs."""

import re
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from projects import figures
from projects.forms.words import WordsField
from projects.forms.work import why_no_again
from projects.models import CONTINUE, EXTEND, Clip, Lineup, Part
from projects.prompts import estimate_tokens
from projects.veo.catalog import GEMINI_VEO, Model

NAMES = {EXTEND: "extending what is there", CONTINUE: "a fresh start from the last frame"}

_SAID = re.compile(r'says:\s*"([^"]*)"')
"""How a line stands in a prompt that was compiled from scenes."""
_STRAIGHT = str.maketrans("“”„", '"' * 3)


@dataclass(frozen=True)
class Way:
    """One way to make the missing parts; `why_not` says why it is closed today, `remark` what differs."""

    method: str
    parts: list[dict[str, Any]] = field(default_factory=list)
    why_not: str = ""
    remark: str = ""

    @property
    def price_micros(self) -> int:
        return sum(part["price_micros"] for part in self.parts)

    @property
    def name(self) -> str:
        return NAMES.get(self.method, "a new start")


def ways_on(clip: Clip, lineup: Lineup) -> list[Way]:
    """As it was planned, and, where an extension was planned, from the last frame: that needs no Google file.

    The later parts stay as they are, so that each keeps the words that were written for it.
    """
    missing = clip.chain.missing
    if not missing:
        return []
    planned = [part.as_asked() for part in missing]
    model = lineup.get(clip.model)
    if why_not := _why_closed(clip, model, lineup):
        return [Way(missing[0].method, why_not=why_not)]
    assert model is not None  # noqa: S101
    ways = [_checked(clip, model, Way(missing[0].method, planned))]
    if missing[0].method == EXTEND:
        ways.append(_checked(clip, model, _from_last_frame(clip, model, planned)))
    return ways


def part_price(clip: Clip, lineup: Lineup) -> int | None:
    """Today's price of the part at work alone; None when it cannot be ordered any more."""
    part = clip.operation.part
    if part.position == 0:
        task, source_seconds = clip.task, (clip.source and clip.source.seconds) or 0
    else:
        task = EXTEND if part.method == EXTEND else ""
        source_seconds = _segment(clip, before=part.position) if task else 0
    if part.position == 0 and why_no_again(clip, lineup):
        return None
    return lineup.price(
        clip.model,
        clip.resolution,
        part.seconds,
        audio=clip.audio,
        task=task,
        source_seconds=source_seconds,
    )


def _why_closed(clip: Clip, model: Model | None, lineup: Lineup) -> str:
    if model is None:
        return f"The model {clip.model} is not known here."
    if not lineup.can_be_chosen(model):
        return f"{model.label} cannot be chosen. {lineup.why_not(model)}"
    if clip.simulated != settings.DEMO:
        return f"A clip of {'the demo' if clip.simulated else 'Google'} cannot be gone on with here now."
    return ""


def _from_last_frame(clip: Clip, model: Model, planned: list[dict[str, Any]]) -> Way:
    """The first of them starts afresh, in the shortest length that holds it."""
    first, *later = planned
    lengths = model.durations[-1:] if clip.resolution in model.full_length else model.durations
    seconds = next((each for each in lengths if each >= first["seconds"]), lengths[-1])
    whole = sum(part["seconds"] for part in [*map(Part.as_asked, clip.chain.made), *planned])
    remark = ""
    if seconds != first["seconds"]:
        total = figures.clock(whole - first["seconds"] + seconds)
        remark = f"The part has {seconds} s then, not {first['seconds']} s, and the whole clip {total}."
    return Way(CONTINUE, [first | {"method": CONTINUE, "seconds": seconds}, *later], remark=remark)


def _checked(clip: Clip, model: Model, way: Way) -> Way:
    """At today's prices; closed where the catalog or Google's two days of keeping do not allow it."""
    segment = _segment(clip, before=len(clip.chain.made))
    parts: list[dict[str, Any]] = []
    for part in way.parts:
        extends = part["method"] == EXTEND
        source = segment if extends else 0
        refusals = model.refusals(
            aspect_ratio=clip.aspect_ratio,
            resolution=clip.resolution,
            duration_seconds=part["seconds"],
            seed_image=not extends,
            audio=clip.audio,
            task=EXTEND if extends else "",
            source_seconds=source,
        )
        if refusals:
            return Way(way.method, why_not=" ".join(refusals.values()))
        price = model.price(clip.resolution, part["seconds"], audio=clip.audio, source_seconds=source)
        parts.append(part | {"price_micros": price})
        segment = part["seconds"] + source
    return Way(way.method, parts, why_not=_why_gone(clip, way), remark=way.remark)


def _why_gone(clip: Clip, way: Way) -> str:
    """The Gemini API extends a file of its own only, for as long as it keeps it."""
    last = clip.chain.made[-1]
    if way.method != EXTEND or clip.back_end != GEMINI_VEO or (last.made and last.made.at_google):
        return ""
    return f"Google no longer keeps part {last.number}, and extends only what it keeps."


def _segment(clip: Clip, *, before: int) -> int:
    """Planned seconds since the last fresh start, which an extension works on."""
    seconds = 0
    for part in clip.chain.parts[:before]:
        seconds = part.seconds + (seconds if part.method == EXTEND else 0)
    return seconds


class OnwardForm(forms.Form):
    """The words of the next part and the way that was chosen, at the price that stood on its button.

    `version` is the clip's when the page was made: it lets one page be sent once.
    """

    prompt = WordsField(
        widget=forms.Textarea(attrs={"rows": 8}), error_messages={"required": "Write what the part shows."}
    )
    method = forms.CharField(required=False, widget=forms.HiddenInput)
    version = forms.CharField(required=False, widget=forms.HiddenInput)
    price_micros = forms.CharField(required=False, widget=forms.HiddenInput)

    use_required_attribute = False

    def __init__(self, *args: Any, clip: Clip, lineup: Lineup, **options: Any) -> None:
        self.clip, self.lineup = clip, lineup
        self.next = clip.chain.missing[0]
        self.ways = ways_on(clip, lineup)
        super().__init__(*args, initial={"prompt": self.next.prompt}, **options)
        self.fields["prompt"].label = f"Prompt of part {self.next.number}"

    @property
    def stale(self) -> bool:
        """Whether the clip has moved on since the page that was sent was made."""
        return self.is_bound and str(self.data.get("version", "")) != str(self.clip.version)

    @property
    def way(self) -> Way | None:
        return next((way for way in self.ways if way.method == self.data.get("method")), None)

    def clean_prompt(self) -> str:
        prompt: str = self.cleaned_data["prompt"]
        model = self.lineup.get(self.clip.model)
        tokens = estimate_tokens(prompt)
        if model and tokens > model.prompt_tokens:
            most = f"{model.label} takes {model.prompt_tokens:,}"
            raise ValidationError(f"This is about {tokens:,} tokens long; {most}. Shorten it.")
        return prompt

    def clean(self) -> dict[str, Any]:
        if self.way is None:
            raise ValidationError("Nothing was sent. Choose how the next part is to be made.")
        if self.way.why_not:
            raise ValidationError(f"Nothing was sent. {self.way.why_not}")
        seen = self.data.get(f"price_{self.way.method}") or self.cleaned_data.get("price_micros")
        if seen != str(self.way.price_micros):
            price = figures.usd(self.way.price_micros)
            raise ValidationError(f"The price is now {price}. Press again if you agree.")
        return self.cleaned_data

    def parts(self) -> list[dict[str, Any]]:
        """What `Chain.go_on` is to make."""
        assert self.way is not None  # noqa: S101
        first, *later = self.way.parts
        prompt = self.cleaned_data["prompt"]
        if prompt != first["prompt"]:
            first = first | {"prompt": prompt, "scenes": as_written(first["scenes"], prompt)}
        return [first, *later]


def as_written(scenes: list[dict[str, Any]], prompt: str) -> list[dict[str, Any]]:
    """The scenes with the lines that a changed prompt has people say, so that captions say what it says.

    Where they are not as many as before, a line stays only if the prompt still has it word for word.
    """
    spoken = [scene for scene in scenes if scene.get("line")]
    said = [words.strip() for words in _SAID.findall(prompt.translate(_STRAIGHT))]
    if len(said) == len(spoken) and all(said):
        lines = iter(said)
        return [scene | {"line": next(lines)} if scene.get("line") else scene for scene in scenes]
    return [scene if scene.get("line", "") in prompt else _without_line(scene) for scene in scenes]


def _without_line(scene: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scene.items() if name not in ("line", "delivery", "speaker")}
