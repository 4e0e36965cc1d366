"""The sound of a simulated clip: a soft chord that breathes, fades in and fades out."""

import math
import operator
from array import array
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import av

RATE = 48_000
"""Samples per second."""

FRAME = 1_024
"""Samples per AAC frame."""

FADE = 0.8
"""Seconds."""

CHORDS = (
    (110, 165, 220, 277),
    (98, 147, 196, 247),
    (131, 196, 262, 330),
    (123, 185, 247, 294),
    (104, 156, 208, 262),
)
"""In whole hertz: one second of sound is then a loop without a seam."""


STRENGTHS = (0.05, 0.037, 0.03, 0.024)
"""Of the four voices, from low to high."""


def chord(seed: bytes, seconds: int) -> Iterator["av.AudioFrame"]:
    """Stereo frames (planar float, 48 kHz) that last exactly `seconds`."""
    loop = _loop(CHORDS[seed[1] % len(CHORDS)])
    total = RATE * seconds
    for start in range(0, total, FRAME):
        length = min(FRAME, total - start)
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=length)
        for plane, channel in zip(frame.planes, loop, strict=True):
            begin = start % len(channel)
            part = (channel[begin : begin + length] + channel)[:length]
            plane.update(_faded(part, start, total).tobytes().ljust(plane.buffer_size, b"\0"))
        frame.rate = RATE
        frame.pts = start
        frame.time_base = Fraction(1, RATE)
        yield frame


@cache
def _loop(pitches: tuple[int, ...]) -> "tuple[array[float], array[float]]":
    """Left and right of one second. Each voice has a twin 1 Hz higher: they beat, so the chord breathes."""
    sine = [math.sin(math.tau * n / RATE) for n in range(RATE)]
    voices = [
        [strength * (1.4 * sine[pitch * n % RATE] + 0.6 * sine[(pitch + 1) * n % RATE]) for n in range(RATE)]
        for pitch, strength in zip(pitches, STRENGTHS, strict=True)
    ]
    low, high = (
        [one + other for one, other in zip(*pair, strict=True)] for pair in (voices[::2], voices[1::2])
    )
    left = array("f", (0.6 * one + 0.4 * other for one, other in zip(low, high, strict=True)))
    right = array("f", (0.4 * one + 0.6 * other for one, other in zip(low, high, strict=True)))
    return left, right


def _faded(part: "array[float]", start: int, total: int) -> "array[float]":
    fade = round(RATE * FADE)
    if start >= fade and start + len(part) <= total - fade:
        return part
    strengths = (min(1.0, n / fade, (total - n) / fade) for n in range(start, start + len(part)))
    return array("f", map(operator.mul, part, strengths))
