"""The settings of a clip before it exists: what is chosen, what may be chosen, and why something may not.

Everything is read from the catalog (promise P7). `settle` takes anything a browser may send and never raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from projects import figures
from projects.veo.catalog import CATALOG, Model
from projects.veo.setup import GOOGLE_GEMINI_ORIGIN

MOST_TAKES = 4


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


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Settings that the model takes."""

    model: Model
    aspect_ratio: str
    resolution: str
    duration_seconds: int
    takes: int
    last_frame: bool = False

    @property
    def price_micros(self) -> int | None:
        """List price of one take; None while the model cannot be chosen."""
        return price_now(self.model.id, self.resolution, self.duration_seconds)

    @property
    def total_micros(self) -> int | None:
        return None if self.price_micros is None else self.price_micros * self.takes

    @property
    def ratio_slug(self) -> str:
        return self.aspect_ratio.replace(":", "x")


def against_google() -> bool:
    """Whether the base URL is Google's own service, where retired models are gone."""
    return _origin(settings.GOOGLE_GEMINI_BASE_URL) == _origin(GOOGLE_GEMINI_ORIGIN)


def can_be_chosen(model: Model) -> bool:
    return not (against_google() and model.retired(timezone.localdate()))


def price_now(model_id: str, resolution: str, duration_seconds: int) -> int | None:
    """Today's list price in micro-dollars; None when that cannot be ordered any more."""
    model = CATALOG.get(model_id)
    if model is None or not can_be_chosen(model):
        return None
    if resolution not in model.resolutions or duration_seconds not in model.durations:
        return None
    return model.price(resolution, duration_seconds)


def retirement(model: Model) -> str:
    """ "Retired by Google on 22 October 2026; use …", or "" for a model that has no end yet."""
    if model.retires_on is None:
        return ""
    word = "Retired" if model.retired(timezone.localdate()) else "Retires"
    use = f"; use {_successor(model)}" if model.replaced_by else ""
    return f"{word} by Google on {date_format(model.retires_on, 'j F Y')}{use}."


def settle(data: Mapping[str, Any]) -> tuple[Choice, list[str]]:
    """The nearest settings that the model takes, and a sentence for each that had to be changed."""
    notes: list[str] = []
    model = _model(data, notes)
    last_frame = bool(data.get("last_picture") or data.get("last_frame"))
    ratio = _ratio(model, data, notes)
    resolution = _resolution(model, ratio, data, notes)
    if last_frame and not model.last_frame:
        notes.append(f"{model.label} takes no last frame: remove it, or choose another model.")
        last_frame = False
    duration = _duration(model, resolution, last_frame, data, notes)
    return (
        Choice(
            model=model,
            aspect_ratio=ratio,
            resolution=resolution,
            duration_seconds=duration,
            takes=min(max(_whole(data.get("takes")) or 1, 1), MOST_TAKES),
            last_frame=last_frame,
        ),
        notes,
    )


def offers(choice: Choice) -> dict[str, Any]:
    """Every choice of the catalog by field name, the forbidden ones with their reason."""
    model = choice.model
    return {
        "model": [_model_offer(each, checked=each is model) for each in CATALOG.models],
        "aspect_ratio": [
            Offer(ratio, ratio, ratio == choice.aspect_ratio, ratio in model.aspect_ratios, reason)
            for ratio in _all("aspect_ratios")
            for reason in [_refusal(choice, "aspect_ratio", aspect_ratio=ratio)]
        ],
        "resolution": [
            Offer(name, name, name == choice.resolution, not reason, reason)
            for name in _all("resolutions")
            for reason in [_refusal(choice, "resolution", resolution=name)]
        ],
        "duration_seconds": [
            Offer(str(length), f"{length} s", length == choice.duration_seconds, not reason, reason)
            for length in sorted(_all("durations"))
            for reason in [_refusal(choice, "duration_seconds", duration_seconds=length)]
        ],
        "takes": [
            Offer(str(count), str(count), count == choice.takes, True) for count in range(1, MOST_TAKES + 1)
        ],
        "last_frame_reason": "" if model.last_frame else f"{model.label} takes no last frame.",
        "negative_prompt_reason": "" if model.negative_prompt else f"{model.label} takes no negative prompt.",
    }


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _successor(model: Model) -> str:
    """The last link of the chain of replacements, by its label where the catalog has one."""
    name, seen = model.replaced_by, {model.id}
    today = timezone.localdate()
    while (known := CATALOG.get(name)) and known.retired(today) and known.replaced_by not in seen:
        seen.add(name)
        name = known.replaced_by
    return known.label if known else name


def _refusal(choice: Choice, field: str, **other: Any) -> str:
    """What the model says to the choice with one setting changed."""
    asked = {
        "aspect_ratio": choice.aspect_ratio,
        "resolution": choice.resolution,
        "duration_seconds": choice.duration_seconds,
        "last_frame": choice.last_frame,
        "seed_image": choice.last_frame,
        **other,
    }
    return choice.model.refusals(**asked).get(field, "")


def _model_offer(model: Model, *, checked: bool) -> Offer:
    enabled = can_be_chosen(model)
    return Offer(model.id, model.label, checked and enabled, enabled, retirement(model), _rate(model))


def _rate(model: Model) -> str:
    """ "$0.05–0.08 a second"."""
    low, high = (figures.usd(price(model.prices.values())) for price in (min, max))
    return f"{low} a second" if low == high else f"{low}–{high.lstrip('$')} a second"


def _all(attribute: str) -> list[Any]:
    """Every value of that attribute in the catalog, in the order of first appearance."""
    return list(dict.fromkeys(value for model in CATALOG.models for value in getattr(model, attribute)))


def _cheapest() -> Model:
    """Of the models that can be chosen, or of all when none can: the page still shows what there was."""
    models = [model for model in CATALOG.models if can_be_chosen(model)] or list(CATALOG.models)
    return min(models, key=lambda model: min(model.prices.values()))


def _model(data: Mapping[str, Any], notes: list[str]) -> Model:
    asked = str(data.get("model") or "")
    known = CATALOG.get(asked)
    if known and can_be_chosen(known):
        return known
    model = _cheapest()
    if known and can_be_chosen(model):
        notes.append(f"{known.label} can no longer be chosen: the model was set to {model.label}.")
    elif asked and can_be_chosen(model):
        notes.append(f"That model is not known here: the model was set to {model.label}.")
    return model


def _ratio(model: Model, data: Mapping[str, Any], notes: list[str]) -> str:
    asked = str(data.get("aspect_ratio") or "")
    if asked in model.aspect_ratios:
        return asked
    ratio = model.aspect_ratios[0]
    if asked in _all("aspect_ratios"):
        notes.append(f"{model.label} does not make {asked}: the aspect ratio was set to {ratio}.")
    return ratio


def _resolution(model: Model, ratio: str, data: Mapping[str, Any], notes: list[str]) -> str:
    """The asked one, else the next below it: never a dearer one than was asked for."""
    asked = str(data.get("resolution") or "")
    ladder = _all("resolutions")
    if asked not in ladder:
        return model.resolutions[0]
    possible = [
        name
        for name in model.resolutions
        if ladder.index(name) <= ladder.index(asked) and (ratio == "16:9" or name not in model.wide_only)
    ]
    resolution = possible[-1] if possible else model.resolutions[0]
    if resolution != asked and asked in model.wide_only:
        notes.append(f"{model.label} makes {asked} in 16:9 only: the resolution was set to {resolution}.")
    elif resolution != asked:
        notes.append(f"{model.label} does not make {asked}: the resolution was set to {resolution}.")
    return resolution


def _duration(
    model: Model, resolution: str, last_frame: bool, data: Mapping[str, Any], notes: list[str]
) -> int:
    asked = _whole(data.get("duration_seconds"))
    longest = model.durations[-1]
    wanted = longest if asked is None else asked
    if resolution in model.full_length:
        cause = f"{resolution} needs {longest} s" if wanted != longest else ""
        length = longest
    elif last_frame and "last_frame" in model.full_length:
        cause = f"A last frame needs {longest} s" if wanted != longest else ""
        length = longest
    else:
        length = min(model.durations, key=lambda each: abs(each - (asked or 0)))
        cause = "" if asked in (None, length) else f"{model.label} does not make {asked} s"
    if cause:
        notes.append(f"{cause}: the length was set to {length} s.")
    return length


def _whole(value: Any) -> int | None:
    """A whole number of at most three digits, or None."""
    text = str(value if value is not None else "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else None
