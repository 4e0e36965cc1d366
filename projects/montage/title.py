"""Title cards: white words on black, wrapped, centred and as large as fits.

Pillow's own font has the letters of English and no accents. Words that need more are drawn with a font of the
system that has all they need, if there is one; else accents are left off, and what is unknown becomes "?".
"""

import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

FADE_SECONDS = 0.5
LARGEST = 0.12
SMALLEST = 0.02
"""Height of the letters, of the film's shorter side. Text too long at the smallest is cut with "…"."""
AREA = 0.8
"""How much of the width and of the height the words may take."""

SHOWN = 500
"""Characters that are looked at; no card has room for more."""
SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "wqy-zenhei.ttc",
    "Arial.ttf",
    "Arial Unicode.ttf",
)
"""File names, looked for where the system keeps its fonts; the first that has every letter is taken."""

_SHRINK = 0.9
_NOWHERE = "\uffff"
"""No font has it, so it shows what a font draws for a letter that is missing."""
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def card(text: str, size: tuple[int, int]) -> Image.Image:
    """A picture of this size with the words on it."""
    picture = Image.new("L", size)
    draw = ImageDraw.Draw(picture)
    file, legible = _typeface(text)
    lines, font = _set(draw, legible[:SHOWN], file, size)
    middle = (size[0] / 2, size[1] / 2)
    draw.multiline_text(middle, "\n".join(lines), fill=255, font=font, anchor="mm", align="center")
    return picture


def missing(text: str) -> str:
    """The letters of `text` that a card here will not show as they are; "" for none."""
    file, legible = _typeface(text)
    return "" if legible == text else _unknown(text, _font(file, 20))


def _typeface(text: str) -> tuple[str, str]:
    """The file name of a font, "" for Pillow's own, and the words with nothing in them that it lacks."""
    for file in ("", *SYSTEM_FONTS):
        with suppress(OSError):
            if not _unknown(text, _font(file, 20)):
                return file, text
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    unknown = _unknown(plain, _font("", 20))
    return "", "".join("?" if each in unknown else each for each in plain)


def _font(file: str, letters: float) -> _Font:
    return ImageFont.truetype(file, letters) if file else ImageFont.load_default(letters)


def _unknown(text: str, font: _Font) -> str:
    empty = _drawn(_NOWHERE, font)
    return "".join(each for each in dict.fromkeys(text) if not each.isspace() and _drawn(each, font) == empty)


def _drawn(letter: str, font: _Font) -> tuple[object, bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)


def _set(draw: ImageDraw.ImageDraw, text: str, file: str, size: tuple[int, int]) -> tuple[list[str], _Font]:
    width, height = size[0] * AREA, size[1] * AREA
    letters = min(size) * LARGEST
    while True:
        font = _font(file, letters)
        lines = list(_wrapped(draw, text, font, width))
        box = draw.multiline_textbbox((0, 0), "\n".join(lines), font=font)
        if box[2] - box[0] <= width and box[3] - box[1] <= height:
            return lines, font
        if letters * _SHRINK < max(6.0, min(size) * SMALLEST):
            return _cut(lines, round(height / (letters * 1.4))), font
        letters *= _SHRINK


def _wrapped(draw: ImageDraw.ImageDraw, text: str, font: _Font, width: float) -> Iterator[str]:
    """Lines as they were typed, broken between words where they are too wide."""
    for paragraph in text.strip().splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and draw.textlength(longer, font=font) > width:
                yield line
                longer = word
            line = longer
        yield line


def _cut(lines: list[str], most: int) -> list[str]:
    most = max(1, most)
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1] + " …"]


def frames(text: str, size: tuple[int, int], count: int, fps: float) -> "Iterator[VideoFrame]":
    """The card as `count` frames of the film: it comes out of black and goes back into it."""
    whole = card(text, size)
    fade = max(1, min(round(FADE_SECONDS * fps), count // 2))
    shown = _frame(whole)
    for number in range(count):
        share = min(1.0, (number + 0.5) / fade, (count - number - 0.5) / fade)
        yield shown if share == 1 else _frame(whole.point([round(level * share) for level in range(256)]))


def _frame(picture: Image.Image) -> "VideoFrame":
    from av.video.frame import VideoFrame

    frame: VideoFrame = VideoFrame.from_image(picture.convert("RGB"))  # type: ignore[no-untyped-call]
    return frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
