"""When to ask again: pure functions over seconds."""

import random


def next_poll(age: float, base: float) -> float:
    """Seconds until the next status check of an operation that Google accepted `age` seconds ago.

    `base` (10 s by default) for the first two minutes, then half as much again until six, then slowly rarer,
    never rarer than 12 × base; ±20 % jitter, so that many clips do not ask in step.
    """
    if age < 12 * base:
        wait = base
    elif age < 36 * base:
        wait = 1.5 * base
    else:
        wait = min(12 * base, 1.5 * base * 1.5 ** ((age - 36 * base) / (12 * base) + 1))
    return wait * random.uniform(0.8, 1.2)  # noqa: S311


def backoff(tries: int, *, first: float, longest: float) -> float:
    """Seconds before try number `tries` + 1 of a step that failed: doubling, with jitter."""
    return float(min(longest, first * 2 ** min(tries, 16)) * random.uniform(0.75, 1.0))  # noqa: S311
