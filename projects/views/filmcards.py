"""What the pages of films show beyond their rows: where each clip lies, and what a rendering has come to."""

import math
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from projects.forms import new_token
from projects.forms.films import CutForm, FilmForm, length_of, written
from projects.models import Clip, Cut, Film, Render, RenderState
from projects.models.reels import Assembly
from projects.montage.timeline import Span, rate, timeline

_ENOUGH_SECONDS = 2.0
_ENOUGH_DONE = 0.02
"""Before that, the time a rendering has left cannot be told from how far it has come."""


@dataclass(frozen=True)
class FilmCard:
    """A film as a list shows it."""

    film: Film
    seconds: float
    clips: int
    latest: Render | None
    ready: Render | None
    posters: list[Clip]

    @property
    def pictured(self) -> bool:
        """Whether its own poster shows more than words on black."""
        return self.ready is not None and self.ready.poster != "" and not self.ready.reel["title"]


@dataclass(frozen=True)
class CutRow:
    """One clip in the running order."""

    cut: Cut
    form: CutForm
    number: int
    first: bool
    last: bool
    start: float | None
    end: float | None
    """Where it lies in the film, in seconds; None while it cannot be rendered."""
    used: float
    """Seconds of it that are used."""
    fades: float
    """The seconds over which it is faded in: less than asked for, where a clip is too short for that."""
    shortened: bool

    @property
    def clip(self) -> Clip | None:
        return self.cut.clip

    @property
    def length(self) -> str:
        """Of the whole clip, as a range input wants it."""
        return written(self.form.length)

    @property
    def frame(self) -> str:
        """Rounded down, so that the last step reaches the end."""
        return f"{math.floor(self.form.frame * 1e8) / 1e8:.8f}"

    @property
    def trimmed(self) -> bool:
        return self.cut.start > 0 or self.cut.end is not None


def film_card(film: Film) -> FilmCard:
    """For a film with its cuts, their clips and its renders at hand."""
    cuts, renders = list(film.cuts.all()), list(film.renders.all())
    assembly = Assembly(film)
    assembly.cuts = cuts
    clips = [cut.clip for cut in cuts if cut.clip and cut.clip.poster]
    return FilmCard(
        film=film,
        seconds=assembly.seconds,
        clips=len(cuts),
        latest=renders[0] if renders else None,
        ready=next((one for one in renders if one.ready), None),
        posters=clips[:4],
    )


def page_context(film: Film, form: FilmForm, cut_form: CutForm | None = None) -> dict[str, Any]:
    return arrangement_context(film, cut_form) | {"form": form, "project": film.project}


def arrangement_context(film: Film, cut_form: CutForm | None = None) -> dict[str, Any]:
    """State, plan and running order; `cut_form` is the one that did not pass, with what was typed."""
    state, assembly = state_context(film), Assembly(film)
    return state | plan_context(assembly, state["ready"]) | {"rows": _rows(assembly, cut_form)}


def state_context(film: Film) -> dict[str, Any]:
    """What has become of the newest rendering. `version` differs whenever something of that does."""
    renders = list(film.renders.all())
    latest = renders[0] if renders else None
    clips = [cut.clip for cut in film.cuts.all() if cut.clip]
    languages = (clip.script.get("language") for clip in clips)
    marks = [latest.pk.hex[:8], latest.state, latest.tries, int(latest.progress * 200)] if latest else ["new"]
    return {
        "film": film,
        "latest": latest,
        "opening": clips[0] if clips else None,
        "language": next(filter(None, languages), "en"),
        "ready": next((one for one in renders if one.ready), None),
        "percent": int(latest.progress * 100) if latest else 0,
        "left": _time_left(latest) if latest else None,
        "version": "-".join(map(str, marks)),
    }


def plan_context(assembly: Assembly, ready: Render | None) -> dict[str, Any]:
    """What rendering would make of it now, what stands in its way, and whether it would be the same again."""
    troubles = assembly.troubles()
    return {
        "assembly": assembly,
        "seconds": assembly.seconds,
        "troubles": troubles,
        "mixed": assembly.mixed(),
        "why_reencode": "" if troubles else assembly.needs_reencoding(),
        "changed": ready is not None and ready.reel != assembly.frozen,
        "token": new_token(),
    }


def _rows(assembly: Assembly, cut_form: CutForm | None) -> list[CutRow]:
    spans = {}
    lying = [span for span in timeline(assembly.reel) if span.piece is not None]
    for (cut, _), span in zip(assembly.usable, lying, strict=True):
        spans[cut.pk] = span
    fps = float(rate(assembly.reel.fps))
    rows = []
    for number, cut in enumerate(assembly.cuts, start=1):
        form = cut_form if cut_form and cut_form.cut.pk == cut.pk else CutForm(cut=cut)
        rows.append(_row(cut, form, (number, len(assembly.cuts)), spans.get(cut.pk), fps))
    return rows


def _row(cut: Cut, form: CutForm, place: tuple[int, int], span: Span | None, fps: float) -> CutRow:
    number, of = place
    length = length_of(cut.clip) if cut.clip else 0.0
    used = max(0.0, (length if cut.end is None else cut.end) - cut.start)
    fades = span.crossfade_frames / fps if span else 0.0
    return CutRow(
        cut=cut,
        form=form,
        number=number,
        first=number == 1,
        last=number == of,
        start=span.start_frame / fps if span else None,
        end=span.end_frame / fps if span else None,
        used=used,
        fades=fades,
        shortened=number > 1 and fades < cut.crossfade - 0.5 / fps,
    )


def _time_left(render: Render) -> float | None:
    """Seconds, from how long it took to come this far; None while nothing can be said."""
    if render.state != RenderState.RENDERING or render.begun_at is None:
        return None
    spent = (timezone.now() - render.begun_at).total_seconds()
    if spent < _ENOUGH_SECONDS or render.progress < _ENOUGH_DONE:
        return None
    return spent * (1 - render.progress) / render.progress
