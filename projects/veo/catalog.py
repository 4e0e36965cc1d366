"""Which models exist, what they take, what they cost and when they retire.

One dated table, `catalog.toml`, feeds form choices, server checks, prices and the simulator (promise P7). Its
facts are from Google's model pages and price tables, July to November 2026; `verified_on` dates each row.
"""

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

GEMINI_VEO = "gemini_veo"
VERTEX_VEO = "vertex_veo"
GEMINI_OMNI = "gemini_omni"
BACK_ENDS = {
    GEMINI_OMNI: "Gemini Omni (Interactions API)",
    VERTEX_VEO: "Veo on Vertex AI",
    GEMINI_VEO: "Veo on the Gemini API",
}
"""Google's wires and their names for people."""

RETENTION = dt.timedelta(hours=48)
"""How long Google keeps a generated video ("videos are stored on the server for 2 days")."""

EXTEND = "extend"
EDIT = "edit"
Task = Literal["", "extend", "edit"]
"""What is done to an earlier clip; "" makes a new one."""

NOTICE = dt.timedelta(days=60)
"""How long before a retirement people are warned."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One row of the catalog. Durations are seconds, prices micro-dollars per second of output."""

    id: str
    label: str
    back_end: str
    durations: tuple[int, ...]
    resolutions: tuple[str, ...]
    prices: Mapping[str, int]
    price_source: str
    priced_on: dt.date
    verified_on: dt.date
    silent_prices: Mapping[str, int] = field(default_factory=dict)
    source_price: int = 0
    """Micro-dollars per second of the clip that is extended or edited, where that counts as input."""
    tokens: Mapping[str, float] = field(default_factory=dict)
    """Micro-dollars per token of input, text and video, where Google reports usage."""
    preview: bool = False
    aspect_ratios: tuple[str, ...] = ("16:9", "9:16")
    full_length: frozenset[str] = frozenset()
    """What needs the longest duration: names of resolutions, "last_frame" and "references"."""
    wide_only: frozenset[str] = frozenset()
    """Resolutions offered in 16:9 only."""
    last_frame: bool = False
    references: int = 0
    """How many reference images it takes."""
    extend_by: tuple[int, ...] = ()
    """Seconds that an extension may add to a finished clip; empty where it extends nothing."""
    extend_to: int = 0
    extend_in: tuple[str, ...] = ()
    """Resolutions in which it extends; empty: all."""
    edit: bool = False
    sound: Literal["always", "never", "switch"] = "always"
    seed: bool = False
    """Whether it takes a seed number (0 to 4,294,967,295)."""
    negative_prompt: bool = True
    prompt_tokens: int = 1024
    image_bytes: int = 20 * 2**20
    """The largest picture, and its media types."""
    image_types: tuple[str, ...] = ("image/png", "image/jpeg")
    retires_on: dt.date | None = None
    retires_at_earliest: bool = False
    """Google says "that day or later", so the day alone switches nothing off."""
    replaced_by: str = ""

    def price(self, resolution: str, seconds: int, *, audio: bool = True, source_seconds: float = 0) -> int:
        """List price of one clip in micro-dollars; `source_seconds` is how long what it works on is."""
        silent = self.sound == "switch" and not audio and resolution in self.silent_prices
        made = (self.silent_prices if silent else self.prices)[resolution] * seconds
        return made + round(self.source_price * source_seconds)

    def retired(self, today: dt.date) -> bool:
        return self.retires_on is not None and self.retires_on <= today and not self.retires_at_earliest

    def retires_soon(self, today: dt.date) -> bool:
        return self.retires_on is not None and not self.retired(today) and self.retires_on - NOTICE <= today

    def lengths(self, task: str = "") -> tuple[int, ...]:
        """Seconds that may be asked for. An edit keeps the length of what it edits."""
        return self.extend_by if task == EXTEND else self.durations

    def sizes(self, task: str = "") -> tuple[str, ...]:
        """Resolutions that may be asked for."""
        return self.extend_in if task == EXTEND and self.extend_in else self.resolutions

    def refusals(
        self,
        *,
        aspect_ratio: str,
        resolution: str,
        duration_seconds: int,
        seed_image: bool = False,
        last_frame: bool = False,
        references: int = 0,
        negative_prompt: bool = False,
        seed: bool = False,
        audio: bool = True,
        task: str = "",
        source_seconds: float = 0,
    ) -> dict[str, str]:
        """What Google would refuse in this combination: field name to sentence; empty when all is well.

        `source_seconds` is how long the clip is that a task works on.
        """
        found: dict[str, str] = {}
        self._check_shape(found, aspect_ratio, resolution, task)
        self._check_length(found, resolution, duration_seconds, last_frame, references, task, source_seconds)
        self._check_pictures(found, seed_image, last_frame, references, task)
        if negative_prompt and not self.negative_prompt:
            found["negative_prompt"] = f"{self.label} takes no negative prompt."
        if seed and not self.seed:
            found["seed"] = f"{self.label} takes no seed number."
        if not audio and self.sound == "always":
            found["audio"] = f"{self.label} always makes sound."
        return found

    def _check_shape(self, found: dict[str, str], aspect_ratio: str, resolution: str, task: str) -> None:
        sizes = self.sizes(task)
        if aspect_ratio not in self.aspect_ratios:
            found["aspect_ratio"] = f"{self.label} makes {_either(self.aspect_ratios)}."
        if resolution not in sizes:
            verb = "extends in" if task == EXTEND else "makes"
            found["resolution"] = f"{self.label} {verb} {_either(sizes)}, not {resolution}."
        elif resolution in self.wide_only and aspect_ratio != "16:9":
            found["resolution"] = f"{resolution} is made in 16:9 only with {self.label}."

    def _check_length(
        self,
        found: dict[str, str],
        resolution: str,
        seconds: int,
        last_frame: bool,
        references: int,
        task: str,
        source_seconds: float,
    ) -> None:
        longest = self.durations[-1]
        if task == EDIT:
            if not self.edit:
                found["task"] = f"{self.label} edits no clips."
        elif task == EXTEND:
            if not self.extend_by:
                found["task"] = f"{self.label} extends no clips."
            elif seconds not in self.extend_by:
                found["duration_seconds"] = f"{self.label} extends by {_seconds(self.extend_by)}."
            elif round(source_seconds) + seconds > self.extend_to:
                found["duration_seconds"] = (
                    f"{self.label} extends to {self.extend_to} s at most; this clip has {source_seconds:g} s."
                )
        elif seconds not in self.durations:
            found["duration_seconds"] = f"{self.label} makes {_seconds(self.durations)}."
        elif resolution in self.full_length and seconds != longest:
            found["duration_seconds"] = f"{resolution} needs {longest} s."
        elif last_frame and "last_frame" in self.full_length and seconds != longest:
            found["duration_seconds"] = f"A last frame needs {longest} s."
        elif references and "references" in self.full_length and seconds != longest:
            found["duration_seconds"] = f"Reference images need {longest} s."

    def _check_pictures(
        self, found: dict[str, str], seed_image: bool, last_frame: bool, references: int, task: str
    ) -> None:
        if task:
            doing = "An extension" if task == EXTEND else "An edit"
            given = {"seed_image": seed_image, "last_frame": last_frame, "references": references}
            found.update({name: f"{doing} takes no other pictures." for name in given if given[name]})
            return
        if last_frame and not self.last_frame:
            found["last_frame"] = f"{self.label} takes no last frame."
        elif last_frame and not seed_image:
            found["last_frame"] = "A last frame needs a seed image to start from."
        if references and not self.references:
            found["references"] = f"{self.label} takes no reference images."
        elif references > self.references:
            found["references"] = f"{self.label} takes {self.references} reference images at most."
        elif references and (seed_image or last_frame):
            found["references"] = "Reference images cannot be combined with a seed image or a last frame."


def _either(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _seconds(lengths: tuple[int, ...]) -> str:
    """ "4 s, 6 s or 8 s", "3 to 15 s"."""
    if len(lengths) > 4 and lengths == tuple(range(lengths[0], lengths[-1] + 1)):
        return f"{lengths[0]} to {lengths[-1]} s"
    return _either(tuple(f"{seconds} s" for seconds in lengths))


@dataclass(frozen=True)
class Catalog:
    """The models in the order in which a form shows them."""

    models: tuple[Model, ...]
    by_id: Mapping[str, Model] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {model.id: model for model in self.models})

    def get(self, model_id: str) -> Model | None:
        return self.by_id.get(model_id)

    def of(self, back_end: str) -> tuple[Model, ...]:
        return tuple(model for model in self.models if model.back_end == back_end)

    def successor(self, model: Model, today: dt.date) -> Model | None:
        """The model that Google names instead, or what replaced that in turn; None if it names none."""
        seen = {model.id}
        found = self.get(model.replaced_by)
        while found and found.retired(today) and found.replaced_by not in seen:
            seen.add(found.id)
            found = self.get(found.replaced_by)
        return found


def read_catalog(text: str) -> Catalog:
    """The catalog in a TOML text. ValueError for a row that is incomplete, ill-typed or there twice."""
    models = tuple(_model(row) for row in tomllib.loads(text).get("model", []))
    ids = [model.id for model in models]
    if len(set(ids)) < len(ids):
        raise ValueError("A model is there twice.")
    return Catalog(models)


def _model(row: dict[str, Any]) -> Model:
    kinds = {each.name: each.type for each in fields(Model)}
    if unknown := row.keys() - kinds.keys():
        raise ValueError(f"{row.get('id')}: there is no {', '.join(sorted(unknown))}.")
    try:
        model = Model(**{name: _value(name, kinds[name], value) for name, value in row.items()})
    except TypeError as error:
        raise ValueError(f"{row.get('id')}: {error}") from error
    priced = set(model.resolutions)
    if model.back_end not in BACK_ENDS or priced != set(model.prices) or not priced >= set(model.extend_in):
        raise ValueError(f"{model.id}: its back end, or the price of a resolution, is missing.")
    return model


def _value(name: str, kind: Any, value: Any) -> Any:
    """The value as its field wants it. TypeError for one of another kind."""
    origin, inner = get_origin(kind), get_args(kind)
    if name == "source_price":
        return round(_checked(name, float, value) * 1_000_000)
    if origin is Mapping:
        numbers = {key: _checked(name, float, number) for key, number in _checked(name, dict, value).items()}
        if name == "tokens":
            return numbers
        return {resolution: round(dollars * 1_000_000) for resolution, dollars in numbers.items()}
    if origin in (tuple, frozenset):
        return origin(_checked(name, inner[0], item) for item in _checked(name, list, value))
    if origin is Literal:
        if value not in inner:
            raise TypeError(f"{name} must be one of {', '.join(inner)}")
        return value
    return _checked(name, dt.date if name == "retires_on" else kind, value)


def _checked(name: str, kind: type, value: Any) -> Any:
    if kind is float and type(value) in (int, float):
        return float(value)
    if type(value) is not kind:
        raise TypeError(f"{name} holds {value!r}, which is no {kind.__name__}")
    return value


CATALOG = read_catalog(Path(__file__).with_name("catalog.toml").read_text(encoding="utf-8"))
