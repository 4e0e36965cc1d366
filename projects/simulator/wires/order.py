"""What a wire has accepted, and the strict reading of JSON that leads there, refusing as Google does.

Quoted from reports: the texts about a field that "isn't supported by this model" and about a value type. The
other sentences are made in their manner.
"""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image

from projects.simulator.answers import Refusal, refusal

PICTURE_LIMIT = 20 * 2**20
"""Bytes of one input image."""

PIXEL_LIMIT = 100_000_000

FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}


@dataclass(frozen=True, kw_only=True)
class Order:
    """An accepted request, whichever wire it came over. Pictures are decoded bytes.

    `seconds` is the length of the result, so an extension counts what it extends. `source` is the id of the
    operation whose video is extended or edited, "" where it came as the bytes `footage`. `storage` is the
    `gs://bucket/folder/` for the result, "" for none.
    """

    prompt: str
    aspect_ratio: str
    resolution: str
    seconds: int
    samples: int = 1
    seed_image: bytes | None = field(default=None, repr=False)
    last_frame: bytes | None = field(default=None, repr=False)
    references: tuple[bytes, ...] = field(default=(), repr=False)
    task: str = ""
    source: str = ""
    footage: bytes | None = field(default=None, repr=False)
    storage: str = ""
    audio: bool = True
    seed: int | None = None


def invalid(message: str) -> Refusal:
    return refusal(400, message)


def unsupported(name: str) -> Refusal:
    return invalid(
        f"`{name}` isn't supported by this model. Please remove it or refer to the Gemini API documentation "
        "for supported usage."
    )


def as_object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"The value type for `{name}` needs to be an object.")
    return value


def only(found: dict[str, Any], known: Collection[str]) -> None:
    """Refuses the first field that is not known."""
    for name in found:
        if name not in known:
            raise unsupported(name)


def text(found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise invalid(f"The value type for `{name}` needs to be a string.")
    return value


def number(found: dict[str, Any], name: str, default: int) -> int:
    value = found.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"The value type for `{name}` needs to be a number.")
    if value != int(value):
        raise invalid(f"The value for `{name}` needs to be a whole number.")
    return int(value)


def flag(found: dict[str, Any], name: str, default: bool) -> bool:
    value = found.get(name, default)
    if not isinstance(value, bool):
        raise invalid(f"The value type for `{name}` needs to be a boolean.")
    return value


def in_json(name: str) -> str:
    """A field of the catalog under its name on the wire: "aspect_ratio" is "aspectRatio"."""
    head, *rest = name.split("_")
    return head + "".join(map(str.title, rest))


def decoded(encoded: str, name: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(f"`{name}`: Base64 decoding failed.") from error


def picture(given: dict[str, Any], name: str) -> bytes:
    """The bytes of an `image` object, which has to hold a picture of the type it names."""
    only(given, {"bytesBase64Encoded", "mimeType"})
    encoded, media_type = text(given, "bytesBase64Encoded"), text(given, "mimeType")
    if not encoded:
        raise invalid(f"`{name}` needs `bytesBase64Encoded`.")
    data = decoded(encoded, f"bytesBase64Encoded` of `{name}")
    check_picture(data, media_type, name)
    return data


def check_picture(data: bytes, media_type: str, name: str) -> None:
    if media_type not in FORMATS:
        raise invalid(f"The value for `mimeType` of `{name}` is not supported: use {', '.join(FORMATS)}.")
    if len(data) > PICTURE_LIMIT:
        raise invalid(f"`{name}` exceeds the limit of {PICTURE_LIMIT} bytes.")
    if not decodes(data, FORMATS[media_type]):
        raise invalid(f"Unable to process input image: `{name}` is not a valid {media_type}.")


def decodes(data: bytes, wanted: str) -> bool:
    """Whether it is a whole picture of that format (Pillow's name), and not a monstrous one."""
    try:
        with Image.open(BytesIO(data), formats=[wanted]) as image:
            if image.width * image.height > PIXEL_LIMIT:
                return False
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False
    return True
