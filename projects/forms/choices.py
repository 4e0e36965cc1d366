"""The settings of a clip before it exists: what is chosen, what may be chosen, and why something may not.

Everything is read from one look at the line-up (promise P7). `settle` takes anything a browser may send and
never raises.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from projects import chains, figures
from projects.forms.lengths import LONGER, ONE_GO, SCENES, Wish, nearest, planned, task_plan, written
from projects.forms.work import lengths, why_no_work
from projects.models import Clip, Lineup
from projects.prompts import Scene
from projects.veo.catalog import BACK_ENDS, Model

MOST_TAKES = 4
USUAL_SIZE = "720p"
"""What is chosen while nobody has chosen: the size that people expect, and never a dearer one."""
MANY = 5
"""More choices than this do not fit side by side; they become a list to drop down."""


@dataclass(frozen=True)
class Offer:
    """One radio button. A `reason` on an enabled one is a remark."""

    value: str
    label: str
    checked: bool
    enabled: bool
    reason: str = ""
    rate: str = ""
    """What a second costs, on models only."""


@dataclass(frozen=True)
class Group:
    """Models of one back end, under its name, with the same `reason`: why none can be used, or a remark."""

    name: str
    offers: list[Offer]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Settings that the model takes. `source` is the clip that `task` works on."""

    lineup: Lineup = field(repr=False)
    model: Model
    aspect_ratio: str
    resolution: str
    plan: chains.Plan
    """The generations that it takes; their prompts are no setting."""
    takes: int
    length: str = ""
    """LONGER or SCENES where the length was said so; empty for one of the lengths to choose from."""
    audio: bool = True
    last_frame: bool = False
    references: int = 0
    task: str = ""
    source: Clip | None = None

    @property
    def duration_seconds(self) -> int:
        """Of the whole clip; of an extension the seconds that it adds."""
        return self.plan.seconds

    @property
    def longer(self) -> str:
        """What stands in the text field for a longer clip."""
        return written(self.duration_seconds) if self.length == LONGER else ""

    @property
    def price_micros(self) -> int | None:
        """List price of one take; None while the model cannot be chosen."""
        return self.plan.price_micros if self.lineup.can_be_chosen(self.model) else None

    @property
    def total_micros(self) -> int | None:
        return None if self.price_micros is None else self.price_micros * self.takes

    @property
    def remark(self) -> str:
        """When the model ends, or that it has ended for everybody who asks Google itself."""
        return self.lineup.retirement(self.model) if self.lineup.can_be_chosen(self.model) else ""

    @property
    def ratio_slug(self) -> str:
        return self.aspect_ratio.replace(":", "x")

    def refusals(self, **other: Any) -> dict[str, str]:
        """What the model says to its first part, with some settings changed."""
        asked = {
            "aspect_ratio": self.aspect_ratio,
            "resolution": self.resolution,
            "duration_seconds": self.plan.parts[0].seconds,
            "audio": self.audio,
            "last_frame": self.last_frame,
            "seed_image": self.last_frame,
            "references": self.references,
            "task": self.task,
            "source_seconds": (self.source and self.source.seconds) or 0,
            **other,
        }
        return self.model.refusals(**asked)


def settle(
    data: Mapping[str, Any], lineup: Lineup, source: Clip | None = None, scenes: Sequence[Scene] = ()
) -> tuple[Choice, list[str]]:
    """The nearest settings that the model takes, and a sentence for each that had to be changed.

    `source` is the clip that `data["task"]` is to work on. Where that cannot be, it settles on a new clip.
    `scenes` are dealt to the parts, and may say how long the clip is to be.
    """
    notes: list[str] = []
    task = _task(data, lineup, source, notes)
    if not task:
        source = None
    model = lineup.catalog.by_id[source.model] if source else _model(data, lineup, notes)
    ratio = source.aspect_ratio if source else _ratio(model, data, lineup, notes)
    resolution = _resolution(model, ratio, task, source, data, notes, lineup)
    last_frame, references = (False, 0) if task else _pictures(model, data, notes)
    audio = _audio(model, data, notes)
    wish = Wish.of(data, scenes)
    if source:
        seconds = nearest(lengths(model, task, source), wish.seconds, model, notes, task=task)
        plan = task_plan(model, resolution, seconds, source, audio, scenes)
    else:
        plan = planned(
            model,
            resolution,
            wish,
            audio=audio,
            last_frame=last_frame,
            references=references,
            scenes=scenes,
            notes=notes,
        )
    _words(model, data, notes)
    choice = Choice(
        lineup=lineup,
        model=model,
        aspect_ratio=ratio,
        resolution=resolution,
        plan=plan,
        takes=min(max(_whole(data.get("takes")) or 1, 1), MOST_TAKES),
        length=_length(wish, plan.seconds, lengths(model, task, source)),
        audio=audio,
        last_frame=last_frame,
        references=references,
        task=task,
        source=source,
    )
    return choice, notes


def offers(choice: Choice) -> dict[str, Any]:
    """Every choice by field name, the forbidden ones with their reason."""
    model, lineup = choice.model, choice.lineup
    usable, others = _models(choice)
    seconds = lengths(model, choice.task, choice.source)
    return {
        "models": usable,
        "other_models": others,
        "model": _model_offer(model, lineup, checked=True),
        "aspect_ratio": _offers(choice, "aspect_ratio", _all(lineup, "aspect_ratios")),
        "resolution": _offers(choice, "resolution", _all(lineup, "resolutions")),
        "duration_seconds": _lengths(choice, seconds),
        "longer": _longer(choice),
        "like_scenes": Offer(SCENES, "As long as the scenes", choice.length == SCENES, True),
        "takes": [
            Offer(str(count), str(count), count == choice.takes, True) for count in range(1, MOST_TAKES + 1)
        ],
        "audio": [
            Offer(value, value.capitalize(), (value == "on") is choice.audio, True) for value in ("on", "off")
        ]
        if model.sound == "switch"
        else [],
        "many_lengths": len(seconds) > MANY,
        "last_frame_reason": "" if model.last_frame else f"{model.label} takes no last frame.",
        "references_reason": "" if model.references else f"{model.label} takes no reference images.",
        "negative_prompt_reason": "" if model.negative_prompt else f"{model.label} takes no negative prompt.",
        "seed_reason": "" if model.seed else f"{model.label} takes no seed number.",
    }


def nothing_usable(lineup: Lineup) -> str:
    """What is needed before anything can be made here."""
    wanted = [
        access.missing
        for access in lineup.setup.all_access()
        if access.missing and not all(lineup.gone(model) for model in lineup.catalog.of(access.back_end))
    ]
    if not wanted:
        return "No model can be chosen here now."
    needs = " or ".join(dict.fromkeys(wanted))
    return f"No model can be used yet. An administrator must set {needs} in .env."


def _offers(choice: Choice, name: str, values: Iterable[Any], label: str = "{}") -> list[Offer]:
    """The sentence does not name the value: it stands once, behind all that it forbids."""
    asked = [
        (value, choice.refusals(**{name: value}).get(name, "").replace(f", not {value}", ""))
        for value in values
    ]
    chosen = getattr(choice, name)
    return [
        Offer(str(value), label.format(value), value == chosen, not reason, reason) for value, reason in asked
    ]


def _lengths(choice: Choice, seconds: list[int]) -> list[Offer]:
    """Those that one generation makes."""
    found = _offers(choice, "duration_seconds", seconds, "{} s")
    return [replace(offer, checked=offer.checked and not choice.length) for offer in found]


def _longer(choice: Choice) -> Offer | None:
    """None for work on another clip, which is one generation."""
    if choice.task:
        return None
    enabled = not choice.last_frame
    return Offer(LONGER, "Longer…", choice.length == LONGER, enabled, "" if enabled else ONE_GO)


def _length(wish: Wish, seconds: int, possible: Sequence[int]) -> str:
    if wish.by_scenes:
        return SCENES
    return "" if seconds in possible else LONGER


def _models(choice: Choice) -> tuple[list[Group], list[Group]]:
    """What can be used, and what cannot, by back end. For a task: the one model that can do it."""
    lineup = choice.lineup
    if choice.task:
        offer = _model_offer(choice.model, lineup, checked=True)
        return [Group(BACK_ENDS[choice.model.back_end], [offer])], []
    usable, others = [], []
    for back_end in BACK_ENDS:
        made = [
            _model_offer(model, lineup, checked=model.id == choice.model.id)
            for model in lineup.catalog.of(back_end)
        ]
        usable += _groups(back_end, [offer for offer in made if offer.enabled])
        others += _groups(back_end, [offer for offer in made if not offer.enabled])
    return usable, others


def _groups(back_end: str, found: list[Offer]) -> list[Group]:
    """Neighbours with the same reason together."""
    return [
        Group(BACK_ENDS[back_end], list(alike), reason)
        for reason, alike in groupby(found, key=lambda offer: offer.reason)
    ]


def _model_offer(model: Model, lineup: Lineup, *, checked: bool) -> Offer:
    enabled = lineup.can_be_chosen(model)
    reason = lineup.retirement(model) if enabled else lineup.why_not(model)
    if enabled and model.preview and not reason:
        reason = f"{model.label} is a preview at Google and may change."
    return Offer(model.id, model.label, checked and enabled, enabled, reason, _rate(model))


def _rate(model: Model) -> str:
    """ "$0.05–0.08 a second"."""
    low, high = (figures.usd(price(model.prices.values())) for price in (min, max))
    return f"{low} a second" if low == high else f"{low}–{high.lstrip('$')} a second"


def _all(lineup: Lineup, attribute: str) -> list[Any]:
    """Every value of that attribute in the catalog, in the order of first appearance."""
    models = lineup.catalog.models
    return list(dict.fromkeys(value for model in models for value in getattr(model, attribute)))


def _task(data: Mapping[str, Any], lineup: Lineup, source: Clip | None, notes: list[str]) -> str:
    task = str(data.get("task") or "")
    if not task or source is None:
        return ""
    if why_not := why_no_work(source, task, lineup):
        notes.append(f"{why_not} These are the settings of a new clip.")
        return ""
    return task


def _model(data: Mapping[str, Any], lineup: Lineup, notes: list[str]) -> Model:
    asked = str(data.get("model") or "")
    known = lineup.get(asked)
    if known and lineup.can_be_chosen(known):
        return known
    successor = lineup.successor(known) if known else None
    model = successor if successor and lineup.can_be_chosen(successor) else lineup.default()
    if known and lineup.can_be_chosen(model):
        notes.append(f"{known.label} cannot be chosen: the model was set to {model.label}.")
    elif asked and lineup.can_be_chosen(model):
        notes.append(f"That model is not known here: the model was set to {model.label}.")
    return model


def _ratio(model: Model, data: Mapping[str, Any], lineup: Lineup, notes: list[str]) -> str:
    asked = str(data.get("aspect_ratio") or "")
    if asked in model.aspect_ratios:
        return asked
    ratio = model.aspect_ratios[0]
    if asked in _all(lineup, "aspect_ratios"):
        notes.append(f"{model.label} does not make {asked}: the aspect ratio was set to {ratio}.")
    return ratio


def _resolution(
    model: Model,
    ratio: str,
    task: str,
    source: Clip | None,
    data: Mapping[str, Any],
    notes: list[str],
    lineup: Lineup,
) -> str:
    """The asked one, else the next below it: never a dearer one than was asked for, where there is one."""
    ladder = _all(lineup, "resolutions")
    sizes = [name for name in model.sizes(task) if ratio == "16:9" or name not in model.wide_only]
    asked = str(data.get("resolution") or "")
    usual = source.resolution if source else USUAL_SIZE
    wanted = asked if asked in ladder else usual if usual in sizes else sizes[0]
    possible = [name for name in sizes if ladder.index(name) <= ladder.index(wanted)]
    resolution = possible[-1] if possible else sizes[0]
    if resolution != wanted and wanted in model.wide_only:
        notes.append(f"{model.label} makes {wanted} in 16:9 only: the resolution was set to {resolution}.")
    elif resolution != wanted:
        verb = "make" if wanted not in model.resolutions else "extend in"
        notes.append(f"{model.label} does not {verb} {wanted}: the resolution was set to {resolution}.")
    return resolution


def _pictures(model: Model, data: Mapping[str, Any], notes: list[str]) -> tuple[bool, int]:
    """Whether there is a last frame, and how many references: as far as the model takes them."""
    last_frame = bool(data.get("last_picture") or data.get("last_frame"))
    seed_image = last_frame or bool(data.get("seed_picture") or data.get("seed_image"))
    references = _whole(data.get("references")) or 0
    if last_frame and not model.last_frame:
        notes.append(f"{model.label} takes no last frame: remove it, or choose another model.")
        last_frame = False
    if not references:
        return last_frame, 0
    if not model.references:
        notes.append(f"{model.label} takes no reference images: remove them, or choose another model.")
    elif references > model.references:
        notes.append(f"{model.label} takes {model.references} reference images at most: remove some.")
    elif seed_image:
        notes.append("Reference images cannot be combined with a seed image or a last frame: remove either.")
    else:
        return last_frame, references
    return last_frame, 0


def _audio(model: Model, data: Mapping[str, Any], notes: list[str]) -> bool:
    if str(data.get("audio") or "") != "off":
        return True
    if model.sound == "always":
        notes.append(f"{model.label} always makes sound.")
    return model.sound != "switch"


def _words(model: Model, data: Mapping[str, Any], notes: list[str]) -> None:
    """What was written and the model does not take stays where it is: only a person takes it out."""
    if str(data.get("negative_prompt") or "").strip() and not model.negative_prompt:
        notes.append(f"{model.label} takes no negative prompt: remove it, or say it in the prompt.")
    if str(data.get("seed") or "").strip() and not model.seed:
        notes.append(f"{model.label} takes no seed number: remove it, or choose another model.")


def _whole(value: Any) -> int | None:
    """A whole number of at most three digits, or None."""
    text = str(value if value is not None else "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else None
