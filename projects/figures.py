"""Money and time as people read them. Knows nothing of Django or the app."""

from decimal import Decimal

_CENTS = 2
_HUNDREDTHS_OF_CENTS = 4


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


def ordinal(number: int) -> str:
    """ "1st", "2nd", "3rd", "11th"."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _two(value: int, base: int, large: str, small: str) -> str:
    count, rest = divmod(value, base)
    return f"{count} {large} {rest} {small}" if rest else f"{count} {large}"
