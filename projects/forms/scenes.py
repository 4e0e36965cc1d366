"""Timed scenes in the clip form: rows of fields, what a press of their buttons makes of them, and the script.

A form keeps its rows flat, as a browser sends them: `scenes-TOTAL`, `scenes-0-start`, `scenes-0-line` ….
"""

import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from projects import figures
from projects.forms.lengths import SCENES
from projects.forms.words import LineField
from projects.prompts import MOST_SCENES, Scene

TOTAL = "scenes-TOTAL"
DO = "scenes-do"
"""The name of the buttons that change the rows: "add", "remove-2", "up-2", "down-2", "fit"."""
WORDS = ("speaker", "line", "delivery", "action", "sound", "camera")
FIELDS = ("start", "end", *WORDS)
USUAL_SECONDS = 2.0
"""How long a new scene is."""

FULL = f"A clip takes {MOST_SCENES} scenes at most. Remove some."

Row = dict[str, str]
"""The fields of one scene, as they were typed."""


class TimeField(LineField):
    """A time as people write it, in seconds, rounded to halves; None when it is empty."""

    def to_python(self, value: Any) -> float | None:  # type: ignore[override]
        text = super().to_python(value)
        if not text:
            return None
        seconds = figures.read_seconds(text)
        if seconds is None:
            raise ValidationError(f"“{text[:20]}” is not a time. Write seconds, or minutes as 1:05.")
        return math.floor(seconds * 2 + 0.5) / 2


class SceneForm(forms.Form):
    """One row. What is wrong with it among the others is added by the clip form."""

    start = TimeField(label="From", required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    end = TimeField(label="To", required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    speaker = LineField(
        label="Speaker",
        required=False,
        widget=forms.TextInput(attrs={"list": "speaker-names", "autocomplete": "off"}),
    )
    line = LineField(label="Line", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    delivery = LineField(
        label="How it is said", required=False, widget=forms.TextInput(attrs={"placeholder": "whispering"})
    )
    action = LineField(label="What happens", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    sound = LineField(
        label="Sound effect", required=False, widget=forms.TextInput(attrs={"placeholder": "wind"})
    )
    camera = LineField(
        label="Camera", required=False, widget=forms.TextInput(attrs={"placeholder": "close-up"})
    )

    use_required_attribute = False

    @property
    def opens_more(self) -> bool:
        """Whether something stands, or is wrong, in the part of the row that is folded at first."""
        return any(self[name].value() or self._wrong(name) for name in ("delivery", "sound", "camera"))

    def _wrong(self, name: str) -> bool:
        return self.is_bound and name in self.errors


class SceneRows:
    """The rows of one form; drawn with what is wrong with them once they were `sent`."""

    def __init__(self, data: Mapping[str, Any], *, sent: bool) -> None:
        raw = rows_of(data)
        self.sent_too_many = _count(data) > MOST_SCENES
        """There are more than a clip takes: the rest is not looked at."""
        flat = flattened(raw)
        self._read = [SceneForm(flat, prefix=f"scenes-{n}") for n in range(len(raw))]
        self.shown = (
            self._read
            if sent
            else [SceneForm(initial=dict(row), prefix=f"scenes-{n}") for n, row in enumerate(raw)]
        )

    def __len__(self) -> int:
        return len(self._read)

    @property
    def full(self) -> bool:
        return len(self) >= MOST_SCENES

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        """Those whose times can be read. A start that is left empty is the end of the scene before."""
        found: list[Scene] = []
        for number, form in enumerate(self._read, start=1):
            form.is_valid()
            given = form.cleaned_data
            start, end = given.get("start"), given.get("end")
            if start is None and "start" not in form.errors:
                start = found[-1].end if found else 0.0
            if end is None and "end" not in form.errors:
                form.add_error("end", f"Say when scene {number} ends.")
            if start is not None and end is not None:
                words = {name: given.get(name, "") for name in WORDS}
                found.append(Scene(start=start, end=end, **words))
        return tuple(found)

    @property
    def readable(self) -> bool:
        """Whether every row is a scene: then `scenes` and the rows have the same numbers."""
        self.scenes  # noqa: B018 - reads them
        return all(form.is_valid() for form in self._read)

    def errors(self) -> list[str]:
        """Every sentence at a row, in order."""
        self.scenes  # noqa: B018 - reads them
        return [sentence for form in self._read for found in form.errors.values() for sentence in found]

    def focus(self, wanted: str) -> None:
        """Lets the field with that id have the focus when the page is opened."""
        for form in self.shown:
            for name, field in form.fields.items():
                if form[name].id_for_label == wanted:
                    field.widget.attrs["autofocus"] = True

    def add_error(self, row: int, field: str, sentence: str) -> None:
        """At that row, counted from 0; without a field at the row as a whole."""
        self._read[row].add_error(field or None, sentence)


def rows_of(data: Mapping[str, Any]) -> list[Row]:
    """The rows that a form holds, as many as a clip takes at most."""
    return [
        {name: str(data.get(f"scenes-{n}-{name}") or "") for name in FIELDS}
        for n in range(min(_count(data), MOST_SCENES))
    ]


def _count(data: Mapping[str, Any]) -> int:
    """How many rows a form says that it has; none for anything that is no count."""
    said = str(data.get(TOTAL) or "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 0


def flattened(rows: Iterable[Row]) -> dict[str, str]:
    """The rows as a form holds them."""
    found = {f"scenes-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()}
    total = len({name.split("-")[1] for name in found})
    return found | {TOTAL: str(total)}


def as_rows(scenes: Iterable[Scene]) -> list[Row]:
    """Rows that are read back as these scenes."""
    return [
        {name: getattr(scene, name) for name in WORDS}
        | {"start": _time(scene.start), "end": _time(scene.end)}
        for scene in scenes
    ]


def with_rows(data: Mapping[str, Any], rows: Iterable[Row]) -> dict[str, Any]:
    """A form's data with these rows in place of its own."""
    rest = {name: value for name, value in data.items() if not name.startswith("scenes-")}
    return rest | flattened(rows)


def pressed(data: Mapping[str, Any], button: str) -> tuple[dict[str, Any], str]:
    """A form's data after a press of a row's button, and the id of what has the focus then.

    The first scene makes the clip as long as its scenes. What is no button changes nothing.
    """
    rows = rows_of(data)
    act, _, which = button.partition("-")
    place = int(which) if which.isascii() and which.isdigit() and len(which) < 3 else -1
    focus = ""
    changed = dict(data)
    if act == "add" and len(rows) < MOST_SCENES:
        if not rows:
            changed["duration_seconds"] = SCENES
        rows.append(_next_row(rows))
        focus = f"id_scenes-{len(rows) - 1}-line"
    elif act == "remove" and 0 <= place < len(rows):
        rows.pop(place)
        focus = f"scenes-{min(place, len(rows) - 1)}-remove" if rows else "scenes-add"
    elif act in ("up", "down") and 0 <= place < len(rows):
        target = place - 1 if act == "up" else place + 1
        if 0 <= target < len(rows):
            _swap(rows, min(place, target))
            place = target
        focus = f"scenes-{place}-{_other_way(act, place, len(rows))}"
    elif act == "fit":
        changed["duration_seconds"] = SCENES
    return with_rows(changed, rows), focus


def _other_way(act: str, place: int, count: int) -> str:
    """The button to be on after a move: at an end it is the one that leads back."""
    if act == "up" and place == 0:
        return "down"
    return "up" if act == "down" and place == count - 1 else act


def _next_row(rows: list[Row]) -> Row:
    """An empty scene that starts where the last one ends."""
    start = (figures.read_seconds(rows[-1]["end"]) if rows else None) or 0.0
    return dict.fromkeys(FIELDS, "") | {"start": _time(start), "end": _time(start + USUAL_SECONDS)}


def _swap(rows: list[Row], place: int) -> None:
    """Exchanges two neighbours. Each keeps how long it is; together they stay where they were."""
    first, second = rows[place], rows[place + 1]
    times = [figures.read_seconds(row[name]) for row in (first, second) for name in ("start", "end")]
    rows[place], rows[place + 1] = second, first
    if None in times:
        return
    start, end, later_start, later_end = (float(time or 0) for time in times)
    if start <= end <= later_start <= later_end:
        second |= {"start": _time(start), "end": _time(start + later_end - later_start)}
        first |= {"start": _time(later_end - (end - start)), "end": _time(later_end)}


def _time(seconds: float) -> str:
    """ "4", "1.5", "1:05": as it is typed."""
    if seconds < 60:
        return f"{seconds:g}"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}:{rest:04.1f}" if rest % 1 else f"{minutes:.0f}:{rest:02.0f}"
