"""The words on a simulated clip: the prompt, a small mark, and a running timecode."""

import unicodedata
from bisect import bisect_right
from functools import cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from projects.simulator.planes import Cutout, Planes

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

MARK = "SIMULATED"
LINES = 4

SHOWN = 600
"""Characters of a prompt that are looked at; no caption has room for more."""


class Caption:
    """Draws its words once per clip; per frame it pastes them, and the digits of the timecode."""

    def __init__(self, size: tuple[int, int], prompt: str, note: str) -> None:
        """`size` in pixels; `note` is the small line under the prompt, such as "Veo 3.1 · 720p · 8 s"."""
        self._width, self._height = size
        self._unit = min(size) / 720
        self._margin = _even(52 * self._unit)
        self._small = _font(15 * self._unit)
        self._head = self._draw_head()
        self._foot_at, self._foot = self._draw_foot(_legible(prompt[:SHOWN]), note)
        self._kept: dict[str, Cutout] = {}

    def paint(self, canvas: Planes, frame: int, rate: int) -> None:
        canvas.blend_in(self._foot, (0, self._foot_at))
        canvas.blend_in(self._head, (0, 0))
        self._paint_timecode(canvas, frame, rate)

    def _paint_timecode(self, canvas: Planes, frame: int, rate: int) -> None:
        seconds, rest = divmod(frame, rate)
        parts = [self._drawn(f"{seconds // 60:02d}:{seconds % 60:02d}:"), self._drawn(f"{rest:02d}")]
        x = self._width - self._margin - sum(part.masks[0].width for part in parts)
        for part in parts:
            canvas.blend_in(part, (x, self._margin))
            x += part.masks[0].width

    def _drawn(self, digits: str) -> Cutout:
        """The part of a timecode, kept, because it comes back: the font's figures are all equally wide."""
        if digits not in self._kept:
            font = _font(19 * self._unit)
            mask = Image.new("L", (_even(font.getlength(digits) + 1), _even(26 * self._unit)))
            ImageDraw.Draw(mask).text((0, mask.height / 2), digits, font=font, fill=235, anchor="lm")
            self._kept[digits] = Cutout.of(Image.new("RGB", mask.size, "#ffffff"), mask)
        return self._kept[digits]

    def _draw_head(self) -> Cutout:
        """A soft shade at the top edge with the mark on it."""
        size = (self._width, _even(self._margin * 2.6))
        colours = Image.new("RGB", size, "#000000")
        mask = _shade(size, darkest=105, rising=False)
        x, y, gap = self._margin, self._margin + 13 * self._unit, 2.6 * self._unit
        dot = 4 * self._unit
        _ellipse(colours, mask, (x, y - dot, x + 2 * dot, y + dot), "#ff6b57")
        x += round(18 * self._unit)
        for letter in MARK:
            self._write(colours, mask, (x, y), letter, self._small, strength=235, anchor="lm")
            x += round(self._small.getlength(letter) + gap)
        return Cutout.of(colours, mask)

    def _draw_foot(self, prompt: str, note: str) -> tuple[int, Cutout]:
        """A shade at the lower edge with the prompt and the note on it."""
        font, lines = self._set(prompt)
        leading = font.size * 1.28
        text_height = leading * len(lines) + 40 * self._unit
        height = min(self._height, _even(self._margin * 2.6 + text_height * 1.25))
        size = (self._width, height)
        colours, mask = Image.new("RGB", size, "#000000"), _shade(size, darkest=190, rising=True)
        y = height - self._margin - 12 * self._unit
        self._write(colours, mask, (self._margin, y), note, self._small, strength=190, anchor="ls")
        y -= 32 * self._unit
        for line in reversed(lines):
            self._write(colours, mask, (self._margin, y), line, font, strength=255, anchor="ls")
            y -= leading
        return self._height - height, Cutout.of(colours, mask)

    def _set(self, prompt: str) -> tuple[ImageFont.FreeTypeFont, list[str]]:
        """The largest type in which the prompt fits, and its lines; what never fits ends in an ellipsis."""
        room = self._width * (0.66 if self._width > self._height else 1.0) - self._margin * 2
        most = LINES if self._width > self._height else LINES + 3
        for height in (44, 38, 32, 27):
            font = _font(height * self._unit)
            lines = _wrapped(prompt, font, room)
            if len(lines) <= (2 if height > 32 else most):
                return font, lines
        last = lines[most - 1]
        while last and font.getlength(f"{last}…") > room:
            last = last[:-1]
        return font, [*lines[: most - 1], f"{last.rstrip(' ,.;:')}…"]

    def _write(
        self,
        colours: Image.Image,
        mask: Image.Image,
        at: tuple[float, float],
        text: str,
        font: ImageFont.FreeTypeFont,
        *,
        strength: int,
        anchor: str,
    ) -> None:
        """White letters with a soft shadow, for the shade alone does not carry them on a bright picture."""
        letters = Image.new("L", mask.size)
        ImageDraw.Draw(letters).text(at, text, font=font, fill=strength, anchor=anchor)
        shadow = letters.filter(ImageFilter.GaussianBlur(3 * self._unit)).point(lambda level: min(255, level))
        mask.paste(Image.new("L", mask.size, 255), mask=shadow)
        colours.paste("#ffffff", mask=letters)
        mask.paste(Image.new("L", mask.size, 255), mask=letters)


def _ellipse(
    colours: Image.Image, mask: Image.Image, box: tuple[float, float, float, float], fill: str
) -> None:
    large = Image.new("L", (mask.width, mask.height))
    ImageDraw.Draw(large).ellipse(box, fill=255)
    soft = large.filter(ImageFilter.GaussianBlur(0.6))
    colours.paste(fill, mask=soft)
    mask.paste(Image.new("L", mask.size, 255), mask=soft)


def _shade(size: tuple[int, int], *, darkest: int, rising: bool) -> Image.Image:
    """A mask that fades from nothing to `darkest`, downwards when `rising`."""
    column = Image.linear_gradient("L").point([round(darkest * (level / 255) ** 1.6) for level in range(256)])
    return (column if rising else column.transpose(Image.Transpose.FLIP_TOP_BOTTOM)).resize(size)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        while font.getlength(word) > room:
            fitting = _beginning(word, font, room)
            lines.append(fitting)
            word = word[len(fitting) :]
        if lines and font.getlength(f"{lines[-1]} {word}") <= room:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def _beginning(word: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    """As much of a word as fits, at least one character."""
    fits = bisect_right(range(1, len(word) + 1), room, key=lambda end: font.getlength(word[:end]))
    return word[: max(1, fits)]


def _legible(text: str) -> str:
    """The text in signs that the built-in font has; others would show as empty boxes.

    An accented letter loses its accent, a dash becomes a hyphen, anything else is left out.
    """
    plain = unicodedata.normalize("NFKD", text.replace("–", "-").replace("—", "-").replace("ß", "ss"))
    return "".join(sign for sign in plain if sign.isspace() or _drawable(sign))


@cache
def _drawable(sign: str) -> bool:
    font = _font(20)
    return bytes(font.getmask(sign)) not in (b"", bytes(font.getmask("\U0010ffff")))


def _font(height: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(max(6.0, height))
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, so captions cannot be drawn.")
    return font


def _even(length: float) -> int:
    return round(length / 2) * 2
