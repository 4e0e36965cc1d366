"""Which models exist, what they take, what they cost and when they retire.

One dated table feeds form choices, server checks, prices and the simulator (promise P7). Facts: Google's
model pages and price tables, read between July and November 2026; `verified_on` dates each row.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

GEMINI_VEO = "gemini_veo"

GOOGLE_GEMINI_ORIGIN = "https://generativelanguage.googleapis.com"
"""Google's own API-key service. Against any other origin (simulator, relay) retired models can be chosen."""

RETENTION = dt.timedelta(hours=48)
"""How long Google keeps a generated video ("videos are stored on the server for 2 days")."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One row of the catalog. Durations are seconds, prices micro-dollars per second of output."""

    id: str
    label: str
    back_end: str
    durations: tuple[int, ...]
    resolutions: tuple[str, ...]
    prices: Mapping[str, int]
    verified_on: dt.date
    aspect_ratios: tuple[str, ...] = ("16:9", "9:16")
    full_length: frozenset[str] = frozenset()
    """What needs the longest duration: names of resolutions, and "last_frame"."""
    wide_only: frozenset[str] = frozenset()
    """Resolutions offered in 16:9 only."""
    last_frame: bool = False
    negative_prompt: bool = True
    sound: bool = True
    prompt_tokens: int = 1024
    retired_on: dt.date | None = None
    replaced_by: str = ""

    def price(self, resolution: str, seconds: int) -> int:
        """List price of one clip in micro-dollars."""
        return self.prices[resolution] * seconds

    def retired(self, today: dt.date) -> bool:
        return self.retired_on is not None and self.retired_on <= today

    def refusals(
        self,
        *,
        aspect_ratio: str,
        resolution: str,
        duration_seconds: int,
        seed_image: bool = False,
        last_frame: bool = False,
        negative_prompt: bool = False,
    ) -> dict[str, str]:
        """What Google would refuse in this combination: field name to sentence; empty when all is well."""
        found: dict[str, str] = {}
        longest = self.durations[-1]
        if aspect_ratio not in self.aspect_ratios:
            found["aspect_ratio"] = f"{self.label} makes {_either(self.aspect_ratios)}."
        if resolution not in self.resolutions:
            found["resolution"] = f"{self.label} makes {_either(self.resolutions)}, not {resolution}."
        elif resolution in self.wide_only and aspect_ratio != "16:9":
            found["resolution"] = f"{resolution} is made in 16:9 only with {self.label}."
        if duration_seconds not in self.durations:
            lengths = _either(tuple(f"{seconds} s" for seconds in self.durations))
            found["duration_seconds"] = f"{self.label} makes {lengths}."
        elif resolution in self.full_length and duration_seconds != longest:
            found["duration_seconds"] = f"{resolution} needs {longest} s."
        elif last_frame and "last_frame" in self.full_length and duration_seconds != longest:
            found["duration_seconds"] = f"A last frame needs {longest} s."
        if last_frame and not self.last_frame:
            found["last_frame"] = f"{self.label} takes no last frame."
        elif last_frame and not seed_image:
            found["last_frame"] = "A last frame needs a seed image to start from."
        if negative_prompt and not self.negative_prompt:
            found["negative_prompt"] = f"{self.label} takes no negative prompt."
        return found


def _either(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


@dataclass(frozen=True)
class Catalog:
    """The models in the order in which a form shows them."""

    models: tuple[Model, ...]
    by_id: Mapping[str, Model] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {model.id: model for model in self.models})

    def get(self, model_id: str) -> Model | None:
        return self.by_id.get(model_id)


_READ = dt.date(2026, 11, 22)
_VEO_2_3_OFF = dt.date(2026, 6, 30)
_VEO_31_OFF = dt.date(2026, 10, 22)

CATALOG = Catalog(
    (
        Model(
            id="veo-3.1-lite-generate-preview",
            label="Veo 3.1 Lite",
            back_end=GEMINI_VEO,
            durations=(4, 6, 8),
            resolutions=("720p", "1080p"),
            prices={"720p": 50_000, "1080p": 80_000},
            full_length=frozenset({"1080p"}),
            verified_on=_READ,
            retired_on=_VEO_31_OFF,
            replaced_by="gemini-omni-1.1-flash",
        ),
        Model(
            id="veo-3.1-fast-generate-preview",
            label="Veo 3.1 Fast",
            back_end=GEMINI_VEO,
            durations=(4, 6, 8),
            resolutions=("720p", "1080p", "4k"),
            prices={"720p": 100_000, "1080p": 120_000, "4k": 300_000},
            full_length=frozenset({"1080p", "4k", "last_frame"}),
            last_frame=True,
            verified_on=_READ,
            retired_on=_VEO_31_OFF,
            replaced_by="gemini-omni-1.1-flash",
        ),
        Model(
            id="veo-3.1-generate-preview",
            label="Veo 3.1",
            back_end=GEMINI_VEO,
            durations=(4, 6, 8),
            resolutions=("720p", "1080p", "4k"),
            prices={"720p": 400_000, "1080p": 400_000, "4k": 600_000},
            full_length=frozenset({"1080p", "4k", "last_frame"}),
            last_frame=True,
            verified_on=_READ,
            retired_on=_VEO_31_OFF,
            replaced_by="gemini-omni-1.1-flash",
        ),
        Model(
            id="veo-3.0-fast-generate-001",
            label="Veo 3 Fast",
            back_end=GEMINI_VEO,
            durations=(4, 6, 8),
            resolutions=("720p", "1080p"),
            prices={"720p": 150_000, "1080p": 150_000},
            full_length=frozenset({"1080p"}),
            wide_only=frozenset({"1080p"}),
            verified_on=_READ,
            retired_on=_VEO_2_3_OFF,
            replaced_by="veo-3.1-fast-generate-preview",
        ),
        Model(
            id="veo-3.0-generate-001",
            label="Veo 3",
            back_end=GEMINI_VEO,
            durations=(4, 6, 8),
            resolutions=("720p", "1080p"),
            prices={"720p": 400_000, "1080p": 400_000},
            full_length=frozenset({"1080p"}),
            wide_only=frozenset({"1080p"}),
            verified_on=_READ,
            retired_on=_VEO_2_3_OFF,
            replaced_by="veo-3.1-generate-preview",
        ),
        Model(
            id="veo-2.0-generate-001",
            label="Veo 2",
            back_end=GEMINI_VEO,
            durations=(5, 6, 7, 8),
            resolutions=("720p",),
            prices={"720p": 350_000},
            last_frame=True,
            sound=False,
            verified_on=_READ,
            retired_on=_VEO_2_3_OFF,
            replaced_by="veo-3.1-generate-preview",
        ),
    )
)
