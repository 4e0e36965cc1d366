"""What `input` of an interaction holds: texts, images and videos, in any of the forms that Google takes."""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from projects.simulator.wires.gemini_omni_fields import invalid, mistyped, only, text_in
from projects.simulator.wires.order import PICTURE_LIMIT, decodes

IMAGES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}
"""Google also takes HEIC and HEIF, which cannot be drawn here."""


def parts_of(body: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The content of `input`: a text, a part, a list of parts, or one `user_input` step with such a list."""
    if "input" not in body:
        raise invalid("The parameter `input` is required.")
    given = body["input"]
    if isinstance(given, dict):
        given = [given]
    if isinstance(given, list) and any(_type_of(part) in ("user_input", "model_output") for part in given):
        if len(given) != 1 or _type_of(given[0]) != "user_input":
            raise invalid("The simulator takes one `user_input` step: go on by `previous_interaction_id`.")
        only(given[0], {"type", "content"}, "input[0].")
        given = given[0].get("content", [])
    if isinstance(given, str):
        given = [{"type": "text", "text": given}]
    if not isinstance(given, list):
        mistyped("input", "a string, a list of content or a list of steps")
    for number, part in enumerate(given):
        yield _part(part, f"input[{number}].")


def _type_of(part: Any) -> Any:
    return part.get("type") if isinstance(part, dict) else None


def _part(part: Any, where: str) -> dict[str, str]:
    kind = _type_of(part)
    if kind == "text":
        only(part, {"type", "text"}, where)
        return {"type": "text", "text": text_in(part, "text", where)}
    if kind not in ("image", "video"):
        raise invalid(f"Invalid value for `{where}type`: this model takes text, image and video.")
    only(part, {"type", "data", "uri", "mime_type"}, where)
    told = {name: text_in(part, name, where) for name in ("data", "uri", "mime_type")}
    if bool(told["data"]) == bool(told["uri"]):
        raise invalid(f"`{where}{kind}` needs exactly one of `data` and `uri`.")
    if kind == "video" and (told["data"] or told["mime_type"] != "video/mp4"):
        raise invalid(
            "The simulator works on videos that it made itself: name one by its `uri`, as video/mp4."
        )
    if kind == "image" and told["uri"]:
        raise invalid("The simulator has no uploads: send an image as `data`.")
    return {"type": kind, "where": where, **told}


def picture(part: Mapping[str, str]) -> bytes:
    where = part["where"]
    if part["mime_type"] not in IMAGES:
        raise invalid(f"Invalid value for `{where}mime_type`: supported are {', '.join(IMAGES)}.")
    try:
        data = b64decode(part["data"], validate=True)
    except (binascii.Error, ValueError) as failure:
        raise invalid(f"Invalid value for `{where}data`: Base64 decoding failed.") from failure
    if len(data) > PICTURE_LIMIT:
        raise invalid(f"`{where}data` exceeds the limit of {PICTURE_LIMIT} bytes.")
    if not decodes(data, IMAGES[part["mime_type"]]):
        raise invalid(f"Unable to process input image: `{where}data` is not a valid {part['mime_type']}.")
    return data
