"""A drawn landscape that drifts past: what a simulated clip shows when it has no seed image.

Everything is drawn once, a little larger than the frame; `paint` then only copies. The prompt's hash picks
the palette, the place of the sun and the shape of the ridges, so that each prompt keeps its own picture.
"""

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageOps

from projects.simulator.planes import Cutout, Planes


@dataclass(frozen=True)
class Palette:
    """Colours from the zenith down to the nearest ridge."""

    zenith: str
    sky: str
    horizon: str
    sun: str
    far: str
    near: str
    stars: bool = False


PALETTES = (
    Palette("#1b2a4e", "#c0607a", "#ffc58f", "#fff0cf", "#a4607c", "#1a1230"),
    Palette("#28567d", "#7fb4c4", "#f6dfb4", "#fffbe6", "#7aa3ad", "#10303a"),
    Palette("#070b1e", "#16264f", "#3f6090", "#eef4ff", "#2f4a78", "#050914", stars=True),
    Palette("#3a1230", "#c2413b", "#ffad5a", "#ffe7ad", "#9c3b3c", "#1d0a18"),
    Palette("#123a3a", "#4f9a86", "#e9e3b0", "#fffce0", "#5b9484", "#0a2424"),
    Palette("#2b2350", "#7a68b0", "#f3b9c6", "#fff1ee", "#7d6aa6", "#171030"),
    Palette("#0a1a24", "#1f5566", "#8ed0bd", "#f2fff6", "#2f6b74", "#061318", stars=True),
    Palette("#4b5a74", "#a9b4c2", "#efe6da", "#ffffff", "#93a0b1", "#1f2937"),
)

RIDGES = 5


class Landscape:
    """Sky, sun and ridges for one clip. Sizes in pixels; `frames` is the length of the whole clip."""

    def __init__(self, size: tuple[int, int], seed: bytes, frames: int) -> None:
        self._width, self._height = size
        self._chance = random.Random(seed)  # noqa: S311 - a choice of colours, not a secret
        self._palette = PALETTES[seed[0] % len(PALETTES)]
        self._unit = min(size) / 720
        self._horizon = round(self._height * (0.60 if self._width > self._height else 0.64))
        self._speeds = [self._unit * speed for speed in (0.25, 0.5, 1.0, 1.75, 3.0)]
        self._sky = self._draw_sky(frames)
        self._ridges = [self._draw_ridge(number, frames) for number in range(RIDGES)]

    def paint(self, canvas: Planes, frame: int) -> None:
        rise = round(frame * self._unit * 0.12)
        canvas.paste(self._sky, (0, 0), (0, rise, self._width, self._height))
        for speed, (top, ridge) in zip(self._speeds, self._ridges, strict=True):
            canvas.blend_in(ridge, (0, top), (round(speed * frame), 0, self._width, ridge.masks[0].height))

    def _draw_sky(self, frames: int) -> Planes:
        palette = self._palette
        height = _even(self._height + frames * self._unit * 0.12 + 2)
        size = (_even(self._width), height)
        column = ImageOps.colorize(
            Image.linear_gradient("L").resize((1, self._horizon)),
            black=palette.zenith,
            mid=palette.sky,
            white=palette.horizon,
            midpoint=150,
        )
        sky = Image.new("RGB", size, palette.horizon)
        sky.paste(column.resize((size[0], self._horizon)))
        if palette.stars:
            self._strew_stars(sky)
        self._hang_sun(sky)
        self._spread_clouds(sky)
        return Planes.of(_dithered(sky))

    def _strew_stars(self, sky: Image.Image) -> None:
        light = Image.new("L", sky.size)
        draw = ImageDraw.Draw(light)
        for _ in range(round(260 * sky.width * sky.height / (1280 * 720))):
            x, y = self._chance.random() * sky.width, self._chance.random() ** 1.6 * self._horizon * 0.9
            radius = self._unit * self._chance.choice((0.6, 0.6, 0.9, 1.4))
            strength = round(self._chance.uniform(40, 210) * (1 - y / self._horizon))
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=strength)
        sky.paste("#ffffff", mask=light)

    def _hang_sun(self, sky: Image.Image) -> None:
        x = round(sky.width * self._chance.uniform(0.52, 0.80))
        y = round(self._horizon * self._chance.uniform(0.50, 0.78))
        for radius, strength in ((11.0, 0.34), (5.0, 0.42), (2.0, 0.45)):
            side = round(self._unit * 52 * radius) * 2
            glow = ImageOps.invert(Image.radial_gradient("L")).resize((side, side), Image.Resampling.BICUBIC)
            fading = glow.point([_glow(level, strength) for level in range(256)])
            sky.paste(self._palette.sun, (x - side // 2, y - side // 2), fading)
        radius = round(self._unit * 46)
        disc = Image.new("L", (radius * 8, radius * 8))
        ImageDraw.Draw(disc).ellipse((0, 0, radius * 8 - 1, radius * 8 - 1), fill=255)
        disc = disc.resize((radius * 2, radius * 2), Image.Resampling.LANCZOS)
        sky.paste(self._palette.sun, (x - radius, y - radius), disc)

    def _spread_clouds(self, sky: Image.Image) -> None:
        small = (sky.width // 4, sky.height // 4)
        veil = Image.new("L", small)
        draw = ImageDraw.Draw(veil)
        for _ in range(16):
            x, y = self._chance.uniform(-0.1, 1.1) * small[0], self._chance.uniform(0.12, 0.58) * small[1]
            length, depth = (
                self._chance.uniform(0.06, 0.30) * small[0],
                self._unit * self._chance.uniform(0.6, 2.6),
            )
            draw.ellipse(
                (x - length, y - depth, x + length, y + depth), fill=round(self._chance.uniform(30, 120))
            )
        veil = veil.filter(ImageFilter.GaussianBlur(self._unit * 2.2)).resize(
            sky.size, Image.Resampling.BICUBIC
        )
        sky.paste(self._palette.horizon, mask=veil)

    def _draw_ridge(self, number: int, frames: int) -> tuple[int, Cutout]:
        """The ridge and the row it starts at; it ends where the next nearer ridge surely covers it."""
        depth = number / (RIDGES - 1)
        length = _even(self._width + self._speeds[number] * frames + 4)
        base, swing = self._place(depth)
        top = _even(max(0.0, base - swing * 1.1))
        covered = sum(self._place((number + 1) / (RIDGES - 1)))
        height = _even(min(self._height, covered if number + 1 < RIDGES else self._height) - top + 2)
        outline = self._outline(length, swing, rough=0.55 - 0.35 * depth)
        points = [(2 * x, 2 * (base - top + y)) for x, y in outline]
        mask = Image.new("L", (length * 2, height * 2))
        ImageDraw.Draw(mask).polygon([(0, height * 2), *points, (length * 2, height * 2)], fill=255)
        mask = mask.reduce(2)
        crest = _mix(self._palette.far, self._palette.near, depth**0.8)
        foot = _mix(crest, self._palette.horizon if depth < 0.9 else crest, 0.42 * (1 - depth))
        shade = Image.linear_gradient("L").resize((1, height))
        colours = ImageOps.colorize(shade, black=crest, white=foot).resize((length, height))
        return top, Cutout.of(colours, mask)

    def _place(self, depth: float) -> tuple[float, float]:
        """The row around which a ridge stands and how far it swings up and down; depth is 0 far, 1 near."""
        span = self._height - self._horizon
        return self._horizon + span * (-0.02 + 0.80 * depth**1.25), span * (0.34 - 0.10 * depth)

    def _outline(self, length: int, swing: float, rough: float) -> list[tuple[float, float]]:
        """The crest from left to right: waves of ever shorter length, as heights above the ridge's base."""
        waves = []
        strength, stretch = 1.0, self._unit * 900
        for _ in range(6):
            waves.append(
                (strength, stretch * self._chance.uniform(0.8, 1.25), self._chance.uniform(0, math.tau))
            )
            strength, stretch = strength * (0.34 + rough * 0.4), stretch / 2.3
        total = sum(wave[0] for wave in waves)
        step = max(2, round(self._unit * 3))
        return [
            (x, -swing * sum(a * math.sin(math.tau * x / w + p) for a, w, p in waves) / total)
            for x in range(0, length + step, step)
        ]


def _glow(level: int, strength: float) -> int:
    # Pillow's radial gradient reaches its end in the corners; on the sides it still stands at 181 of 255.
    height = max(0.0, (level - 74) / 181)
    return round(255 * strength * math.pow(height, 1.8))


def _dithered(image: Image.Image) -> Image.Image:
    """A whiff of fixed noise, without which a soft gradient shows bands after compression."""
    noise = Image.effect_noise(image.size, 2).convert("RGB")
    return ImageChops.add(image, noise, scale=1, offset=-128)


def _mix(
    one: tuple[int, int, int] | str, other: tuple[int, int, int] | str, share: float
) -> tuple[int, int, int]:
    first = ImageColor.getrgb(one) if isinstance(one, str) else one
    second = ImageColor.getrgb(other) if isinstance(other, str) else other
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=False))
    return red, green, blue


def _even(length: float) -> int:
    return math.ceil(length / 2) * 2
