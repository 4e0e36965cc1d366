"""Money and time, as templates show them."""

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from projects import figures


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "$0.00"),
        (200_000, "$0.20"),
        (3_200_000, "$3.20"),
        (1_204_000_000, "$1,204.00"),
        (34_500, "$0.0345"),
        (34_000, "$0.034"),
        (1_000_000_000_000, "$1,000,000.00"),
    ],
)
def test_it_shows_money(micros: int, text: str) -> None:
    assert figures.usd(micros) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (40, "40 s"),
        (59.6, "1 min"),
        (80, "1 min 20 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h"),
        (7200, "2 h"),
        (7290, "2 h 2 min"),
        (147_900, "41 h 5 min"),
        (-3, "0 s"),
    ],
)
def test_it_shows_a_length_of_time(value: float, text: str) -> None:
    assert figures.seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0:00"), (40.9, "0:40"), (65, "1:05"), (3723, "1:02:03")])
def test_it_shows_a_clock(value: float, text: str) -> None:
    assert figures.clock(value) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60", 60),
        ("5s", 5),
        (" 5 s ", 5),
        ("5 sec", 5),
        ("5 sec.", 5),
        ("90 seconds", 90),
        ("1 second", 1),
        ("7.5", 7.5),
        ("7,5", 7.5),
        (".5", 0.5),
        ("1:00", 60),
        ("0:05", 5),
        ("1:5", 65),
        ("01:00.5", 60.5),
        ("90:00", 5400),
        ("1:02:03", 3723),
        ("1m", 60),
        ("1 Min 30 S", 90),
        ("1m30s", 90),
        ("1m30", 90),
        ("1.5 minutes", 90),
        ("2 mins", 120),
        ("1 h 5 min", 3900),
        ("25 hours", 86_400),
        ("9" * 40, 86_400),
        ("0", 0),
    ],
)
def test_it_reads_a_length_as_people_write_it(text: str, seconds: float) -> None:
    assert figures.read_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "s", "five", "-5", "5 5", "1:75", "1:99:00", ":30", "1:", "5 x", "5 m 3 h", "1h30"),
        *("1e3", "nan", "inf", "٥", "5" * 41, "1.2.3", "1:00:00:00", "5 smin"),
    ],
)
def test_it_reads_no_length_into_anything_else(text: str) -> None:
    assert figures.read_seconds(text) is None


@given(st.integers(0, 86_400))
def test_it_reads_what_it_shows(value: int) -> None:
    assert figures.read_seconds(figures.clock(value)) == value


@given(st.text(max_size=60))
def test_it_reads_anything_without_a_fall(text: str) -> None:
    found = figures.read_seconds(text)
    assert found is None or 0 <= found <= figures.DAY


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (113, "113th")],
)
def test_it_counts(number: int, text: str) -> None:
    assert figures.ordinal(number) == text


def test_it_shows_nothing_where_nothing_is_known() -> None:
    template = Template("{% load studio %}[{{ x|usd }}{{ x|seconds }}{{ x|clock }}]")
    assert template.render(Context({"x": None})) == "[]"


def test_it_draws_an_icon_for_eyes_only() -> None:
    drawn = Template('{% load studio %}{% icon "download" %}').render(Context())
    assert drawn == (
        '<svg class="icon" aria-hidden="true"><use href="/static/img/icons.svg#download"></use></svg>'
    )
