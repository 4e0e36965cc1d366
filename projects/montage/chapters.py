"""The film's menu: one chapter for each piece, in the form that MP4 players read."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container.core import Chapter

_MILLISECOND = Fraction(1, 1000)
_LONGEST = 200
"""Letters of a name; players show one line."""


def chapters(names: Sequence[str], starts: Sequence[Fraction], seconds: Fraction) -> "list[Chapter]":
    """Chapters from each of these seconds to the next, the first from 0: a title card belongs to it.

    Empty without names. A name may hold anything that a person can type; line breaks become spaces.
    """
    if not names:
        return []
    edges = [round(at * 1000) for at in (Fraction(0), *starts[1:], seconds)]
    return [
        {
            "id": number,
            "start": start,
            "end": end,
            "time_base": _MILLISECOND,
            "metadata": {"title": " ".join(name.split()).replace("\0", "")[:_LONGEST]},
        }
        for number, (name, start, end) in enumerate(zip(names, edges, edges[1:], strict=False))
    ]
