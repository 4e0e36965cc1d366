"""Pictures from people, made safe and plain for Google. Knows nothing of Django or the app.

A file that a stranger sent is believed in nothing: not in its name, its type or its size. What leaves here
was drawn anew: upright sRGB pixels without transparency, EXIF, GPS, profile, text or trailing bytes.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MAX_BYTES = 20 * 2**20
"""Largest file taken, in bytes: what Google takes ("up to 20 MB", ai.google.dev, Veo guide)."""
MAX_PIXELS = 64_000_000
"""Largest picture decoded, in pixels: the 50-megapixel cameras of phones pass. It takes 0.5 GB of memory."""
MIN_SIDE = 64
"""Shortest side of a cleaned picture, in pixels."""
MAX_SIDE = 3840
"""Longest side of a cleaned picture, in pixels: the width of a 4k clip."""
MAX_CLEAN_BYTES = 5 * 2**20
"""Largest cleaned file. Two of them in base64 stay below the 20 MB that a request to Google may have."""

_FORMATS = ("PNG", "JPEG", "WEBP")
_QUALITIES = (92, 85, 75, 60, 40, 20, 10)
"""JPEG qualities in the order tried; at the last even black and white noise of MAX_SIDE squared fits."""


class BadImage(Exception):
    """The picture cannot be used; the message is one sentence for the person who sent it."""


@dataclass(frozen=True)
class CleanImage:
    """A picture as Google will see it: `mime_type` image/png or image/jpeg, width and height in pixels."""

    data: bytes = field(repr=False)
    mime_type: str
    width: int
    height: int


def clean(data: bytes, *, aspect_ratio: str | None = None) -> CleanImage:
    """Redraw a PNG, JPEG or WebP file, cropped about its centre to `aspect_ratio` ("16:9") when one is given.

    The same bytes give the same result. Raises BadImage and nothing else, whatever the bytes are.
    """
    ratio = Fraction(*(int(part) for part in aspect_ratio.split(":"))) if aspect_ratio else None
    if not data:
        raise BadImage("This file is empty.")
    if len(data) > MAX_BYTES:
        raise BadImage(f"This file is {_megabytes(len(data))} MB; the limit is {MAX_BYTES // 2**20} MB.")
    try:
        return _clean(data, ratio)
    except BadImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImage(_too_many_pixels()) from error
    except UnidentifiedImageError as error:
        raise BadImage("This file is not a PNG, JPEG or WebP picture.") from error
    except Exception as error:  # Pillow's parsers raise whatever a broken file makes them stumble over
        raise BadImage("This picture is damaged and cannot be read.") from error


def _clean(data: bytes, ratio: Fraction | None) -> CleanImage:
    with Image.open(BytesIO(data), formats=_FORMATS) as source:
        if source.width * source.height > MAX_PIXELS:
            raise BadImage(_too_many_pixels())
        # Phones store a JPEG with its depth or brightness map as MPO: several frames, yet no animation.
        if source.format != "MPO" and getattr(source, "n_frames", 1) > 1:
            raise BadImage("This picture is animated; choose a still one.")
        source.load()
        lossless = source.format == "PNG"
        profile: bytes | None = source.info.get("icc_profile")
        image = _cropped(_upright(source), ratio)
        if min(image.size) < MIN_SIDE:
            raise BadImage(_too_small(image.size, ratio))
        image = _on_white(_shrunk(_continuous(image)), profile)
    mime_type, encoded = _encoded(image, lossless=lossless)
    return CleanImage(data=encoded, mime_type=mime_type, width=image.width, height=image.height)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # broken EXIF says nothing about the pixels
        return image


def _cropped(image: Image.Image, ratio: Fraction | None) -> Image.Image:
    if ratio is None:
        return image
    width = min(image.width, max(1, round(image.height * ratio)))
    height = min(image.height, max(1, round(image.width / ratio)))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _continuous(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be resampled: L, CMYK, RGB or RGBA."""
    if image.mode.startswith("I"):
        return image.point(lambda level: level / 256).convert("L")  # 16-bit grey; convert() alone would clip
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "CMYK", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _shrunk(image: Image.Image) -> Image.Image:
    scale = MAX_SIDE / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _on_white(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A new sRGB picture. Nothing says how Google shows transparent parts, so they become white here."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    opaque = image.convert("RGB") if alpha else image
    page = Image.new("RGB", image.size, "white")
    page.paste(_in_srgb(opaque, profile), mask=alpha)
    return page


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.getOpenProfile(BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
            if converted is not None:
                return converted
        except Exception:  # a broken profile, or one for other channels: browsers too show the bare pixels
            return image.convert("RGB")
    return image.convert("RGB")


def _encoded(image: Image.Image, *, lossless: bool) -> tuple[str, bytes]:
    """Media type and file: PNG for a PNG that stays small, else the best JPEG that fits MAX_CLEAN_BYTES."""
    if lossless:
        buffer = BytesIO()
        image.save(buffer, "PNG")
        if buffer.tell() <= MAX_CLEAN_BYTES:
            return "image/png", buffer.getvalue()
    for quality in _QUALITIES:
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= MAX_CLEAN_BYTES:
            break
    return "image/jpeg", buffer.getvalue()


def _megabytes(size: int) -> str:
    """Rounded up to a tenth, so that a file just over the limit does not seem to be within it."""
    return f"{math.ceil(size / 2**20 * 10) / 10:g}"


def _too_many_pixels() -> str:
    return f"This picture has too many pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels."


def _too_small(size: tuple[int, int], ratio: Fraction | None) -> str:
    cropped = f" when cropped to {ratio.numerator}:{ratio.denominator}" if ratio else ""
    return f"This picture is {size[0]} × {size[1]} pixels{cropped}; each side needs at least {MIN_SIDE}."
