"""Money and time, as templates show them."""

import pytest
from django.template import Context, Template

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
