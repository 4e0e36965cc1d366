"""Times as people and models write them, in seconds."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise

HALF = 0.5
LONGEST = 3600.0
"""Seconds; what is pasted may not reach beyond an hour."""

_TIME = r"\d+(?::\d+){1,2}(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
_RANGE = re.compile(
    rf"\[?\s*(?P<start>{_TIME})\s*(?:s|sec|seconds)?\s*(?:-->|->|-|–|—|to)\s*"
    rf"(?P<end>{_TIME})\s*(?P<unit>s|sec|seconds)?\b\s*\]?(?!\d)",
    re.IGNORECASE | re.ASCII,
)
_MOMENT = re.compile(
    rf"\[\s*(?P<boxed>{_TIME})\s*s?\s*\]|(?P<clock>\d+:\d+(?::\d+)?(?:[.,]\d+)?)(?![\d:])", re.ASCII
)


class NoTime(ValueError):
    """The text is no time that can be used. The message is the start of a sentence."""


def read_time(text: str) -> float:
    """Seconds for "1:00", "00:00:01,500", "7.5", "7,5" or "3s". NoTime for anything else."""
    text = text.strip()
    plain = re.sub(r"\s*(?:s|sec|seconds)$", "", text, flags=re.IGNORECASE) if len(text) <= 30 else ""
    if not re.fullmatch(_TIME, plain, re.ASCII):
        raise NoTime(f"“{text[:20]}” is not a time")
    *larger, last = plain.replace(",", ".").split(":")
    if larger and (float(last) >= 60 or any(int(part) >= 60 for part in larger[1:])):
        raise NoTime(f"“{text[:20]}” is not a time")
    value = 0.0
    for part in (*larger, last):
        value = value * 60 + float(part)
    if value > LONGEST:
        raise NoTime(f"“{text[:20]}” is beyond an hour, the most that is read")
    return value


def read_span(text: str) -> tuple[float, float | None, str] | None:
    """The times that a text begins with, and the rest of it: start, end (None: only a start is given), rest.

    "0:00-0:04", "[00:00-00:04]", "[0-4s]", "0-4", "00:00:01,500 --> 00:00:04,000"; "[0:04]" and "0:04" are
    starts. None when it begins with none of these, NoTime when it does but says something like 0:75.
    """
    # Runs of white space would let the patterns try every way to share them out.
    text = " ".join(text.split())
    if found := _RANGE.match(text):
        return read_time(found["start"]), read_time(found["end"]), text[found.end() :].strip()
    if found := _MOMENT.match(text):
        return read_time(found["boxed"] or found["clock"]), None, text[found.end() :].strip()
    return None


def perhaps_words(text: str) -> bool:
    """Whether the time that a text begins with may be words as well: "2-3 people", "12:30 is too late"."""
    if found := _RANGE.match(text):
        return not found["unit"] and not re.search(r"[:\]>]", found[0])
    return not text.startswith("[")


def number(value: float) -> str:
    """ "3", "1.5": at most three decimals."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def clock(value: float) -> str:
    """ "00:03", "00:01.5": minutes and seconds, as Veo's prompts write them."""
    milliseconds = round(max(0.0, value) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    seconds, fraction = divmod(rest, 1000)
    return f"{minutes:02}:{seconds:02}" + (f".{fraction:03}".rstrip("0") if fraction else "")


def halves(start: float, end: float) -> tuple[float, float]:
    """Both rounded to halves of a second; a time that had a length keeps one."""
    first, last = math.floor(start * 2 + HALF) / 2, math.floor(end * 2 + HALF) / 2
    return first, first + HALF if last <= first and end > start else last


def shares(lengths: Sequence[float], total: float) -> list[float]:
    """`total` seconds dealt out in proportion to the lengths, in halves, each at least half a second.

    They sum to `total`, rounded to halves, unless that is less than half a second for each.
    """
    if not lengths:
        return []
    units = max(len(lengths), math.floor(total * 2 + HALF))
    whole, sum_so_far, borders = sum(lengths), 0.0, [0]
    for index, length in enumerate(lengths, start=1):
        sum_so_far += length
        latest = units - (len(lengths) - index)
        borders.append(min(latest, max(borders[-1] + 1, round(units * sum_so_far / whole))))
    return [(end - start) / 2 for start, end in pairwise(borders)]
