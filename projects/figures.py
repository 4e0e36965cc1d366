"""Money and time as people read them. Knows nothing of Django or the app."""

import re
from decimal import Decimal

DAY = 86_400.0
"""Seconds. No length that is read is longer."""

_CENTS = 2
_HUNDREDTHS_OF_CENTS = 4
_LONGEST_TEXT = 40
_NUMBER = r"\d+(?:[.,]\d+)?|[.,]\d+"
_CLOCK = re.compile(r"(?:(?P<h>\d+):(?=[0-5]?\d:))?(?P<m>\d+):(?P<s>[0-5]?\d(?:[.,]\d+)?)", re.ASCII)
_SECONDS = r"s(?:ec(?:ond)?s?)?(?![a-z])\.?"
_UNITS = re.compile(
    rf"(?:(?P<h>{_NUMBER})\s*h(?:ours?|rs?)?(?![a-z]))?\s*"
    rf"(?:(?P<m>{_NUMBER})\s*m(?:in(?:ute)?s?)?(?![a-z])\.?)?\s*"
    # "1m30" is a minute and a half; "1h30" is left alone, as it means minutes.
    rf"(?:(?P<s>{_NUMBER})\s*(?(h){_SECONDS}|(?:{_SECONDS})?))?",
    re.ASCII | re.IGNORECASE,
)


def usd(micros: int) -> str:
    """Micro-dollars as dollars: "$0.20", "$1,204.00", "$0.0345". At least 2 and at most 4 decimals."""
    dollars = (Decimal(micros) / 1_000_000).quantize(Decimal(1).scaleb(-_HUNDREDTHS_OF_CENTS))
    text = f"{dollars:,}"
    spare = _HUNDREDTHS_OF_CENTS - _CENTS
    return f"${text[:-spare]}{text[-spare:].rstrip('0')}"


def seconds(value: float) -> str:
    """A length of time in its two largest units: "40 s", "1 min 20 s", "2 h", "41 h 5 min"."""
    whole = max(0, round(value))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole, 60, "min", "s")
    return _two(round(whole / 60), 60, "h", "min")


def clock(value: float) -> str:
    """Seconds as a player shows them: "0:40", "1:05", "1:02:03"."""
    minutes, rest = divmod(max(0, int(value)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def read_seconds(text: str) -> float | None:
    """A length as people write it ("60", "5s", "7,5 sec", "1:00", "1 min 30 s") in seconds; None for others.

    A number alone is seconds, with a colon it is minutes and seconds. DAY at most.
    """
    text = text.strip()
    if len(text) > _LONGEST_TEXT:
        return None
    found = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    if found is None or not any(found.groups()):
        return None
    hours, minutes, rest = (float((found[unit] or "0").replace(",", ".")) for unit in "hms")
    return min(hours * 3600 + minutes * 60 + rest, DAY)


def ordinal(number: int) -> str:
    """ "1st", "2nd", "3rd", "11th"."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _two(value: int, base: int, large: str, small: str) -> str:
    count, rest = divmod(value, base)
    return f"{count} {large} {rest} {small}" if rest else f"{count} {large}"
