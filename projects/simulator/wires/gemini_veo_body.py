"""What `:predictLongRunning` accepts: a strict reader of its JSON, refusing as Google does.

Quoted from reports: the texts about `inlineData`, about a field that "isn't supported by this model", and
about `durationSeconds` as text. The other sentences are made in their manner.
"""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image

from projects.simulator.answers import Refusal, refusal
from projects.veo.catalog import Model

PICTURE_LIMIT = 20 * 2**20
"""Bytes of one input image."""

PIXEL_LIMIT = 100_000_000

FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}

TOP = frozenset({"instances", "parameters", "webhookConfig"})
INSTANCE = frozenset({"prompt", "image", "lastFrame"})
PARAMETERS = frozenset(
    {
        "aspectRatio",
        "resolution",
        "durationSeconds",
        "sampleCount",
        "personGeneration",
        "negativePrompt",
        "enhancePrompt",
    }
)
MOST_SAMPLES = {"veo-2.0-generate-001": 2}
"""Where it is not 1."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """An accepted request. Pictures are decoded bytes; a last frame without an image is ignored."""

    prompt: str
    aspect_ratio: str
    resolution: str
    seconds: int
    samples: int
    seed_image: bytes | None = field(default=None, repr=False)
    last_frame: bytes | None = field(default=None, repr=False)


def read_order(body: Any, model: Model) -> Order:
    """Raises Refusal (400) with a sentence for the first thing that is wrong."""
    if not isinstance(body, dict):
        raise invalid("Invalid JSON payload received. Expected an object.")
    for name in body:
        if name not in TOP:
            raise invalid(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
    instance, parameters = _instance(body), _object(body.get("parameters", {}), "parameters")
    _known(instance, INSTANCE)
    _known(parameters, PARAMETERS)
    seed_image = _picture(instance, "image") if "image" in instance else None
    last_frame = _picture(instance, "lastFrame") if seed_image and "lastFrame" in instance else None
    if last_frame and not model.last_frame:
        raise unsupported("lastFrame")
    order = Order(
        prompt=_prompt(instance, model, needed=seed_image is None),
        aspect_ratio=_text(parameters, "aspectRatio") or "16:9",
        resolution=_text(parameters, "resolution") or "720p",
        seconds=_number(parameters, "durationSeconds", model.durations[-1]),
        samples=_number(parameters, "sampleCount", 1),
        seed_image=seed_image,
        last_frame=last_frame,
    )
    _check_settings(order, parameters, model)
    return order


def invalid(message: str) -> Refusal:
    return refusal(400, message)


def unsupported(name: str) -> Refusal:
    return invalid(
        f"`{name}` isn't supported by this model. Please remove it or refer to the Gemini API documentation "
        "for supported usage."
    )


def _instance(body: dict[str, Any]) -> dict[str, Any]:
    instances = body.get("instances")
    if not isinstance(instances, list) or len(instances) != 1:
        raise invalid("`instances` needs to be a list of exactly one instance.")
    return _object(instances[0], "instances[0]")


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"The value type for `{name}` needs to be an object.")
    return value


def _known(found: dict[str, Any], known: Collection[str]) -> None:
    for name in found:
        if name not in known:
            raise unsupported(name)


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise invalid(f"The value type for `{name}` needs to be a string.")
    return value


def _number(parameters: dict[str, Any], name: str, default: int) -> int:
    value = parameters.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"The value type for `{name}` needs to be a number.")
    if value != int(value):
        raise invalid(f"The value for `{name}` needs to be a whole number.")
    return int(value)


def _prompt(instance: dict[str, Any], model: Model, *, needed: bool) -> str:
    prompt = _text(instance, "prompt")
    if needed and not prompt.strip():
        raise invalid("`prompt` is required: the text prompt of an instance must not be empty.")
    # A word is at least one token, so this refuses only what is surely too long.
    if len(prompt.split()) > model.prompt_tokens:
        raise invalid(f"`prompt` exceeds the limit of {model.prompt_tokens} tokens.")
    return prompt


def _check_settings(order: Order, parameters: dict[str, Any], model: Model) -> None:
    if not 1 <= order.samples <= MOST_SAMPLES.get(model.id, 1):
        most = MOST_SAMPLES.get(model.id, 1)
        raise invalid(
            f"The value {order.samples} for `sampleCount` is not supported by this model: at most {most}."
        )
    refusals = model.refusals(
        aspect_ratio=order.aspect_ratio,
        resolution=order.resolution,
        duration_seconds=order.seconds,
        seed_image=order.seed_image is not None,
        last_frame=order.last_frame is not None,
        negative_prompt=bool(_text(parameters, "negativePrompt")),
    )
    for name, sentence in refusals.items():
        head, *rest = name.split("_")
        raise invalid(
            f"The value for `{head}{''.join(rest).title()}` is not supported by this model. {sentence}"
        )
    _check_people(_text(parameters, "personGeneration"), model, with_image=order.seed_image is not None)
    if parameters.get("enhancePrompt", True) is not True and not model.id.startswith("veo-2"):
        raise unsupported("enhancePrompt")


def _check_people(wanted: str, model: Model, *, with_image: bool) -> None:
    """Veo 3 takes one value only, which depends on the input; Veo 2 takes more. Outside Europe, that is."""
    if model.id.startswith("veo-2"):
        allowed = {"allow_adult", "dont_allow"} if with_image else {"allow_all", "allow_adult", "dont_allow"}
    else:
        allowed = {"allow_adult"} if with_image else {"allow_all"}
    if wanted and wanted not in allowed:
        raise invalid(f"{wanted} for personGeneration is currently not supported.")


def _picture(instance: dict[str, Any], name: str) -> bytes:
    given = _object(instance[name], name)
    _known(given, {"bytesBase64Encoded", "mimeType"})
    encoded, media_type = _text(given, "bytesBase64Encoded"), _text(given, "mimeType")
    if not encoded:
        raise invalid(f"`{name}` needs `bytesBase64Encoded`.")
    if media_type not in FORMATS:
        raise invalid(f"The value for `mimeType` of `{name}` is not supported: use {', '.join(FORMATS)}.")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(f"`bytesBase64Encoded` of `{name}`: Base64 decoding failed.") from error
    if len(data) > PICTURE_LIMIT:
        raise invalid(f"`{name}` exceeds the limit of {PICTURE_LIMIT} bytes.")
    if not _decodes(data, FORMATS[media_type]):
        raise invalid(f"Unable to process input image: `{name}` is not a valid {media_type}.")
    return data


def _decodes(data: bytes, wanted: str) -> bool:
    try:
        with Image.open(BytesIO(data), formats=[wanted]) as image:
            if image.width * image.height > PIXEL_LIMIT:
                return False
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False
    return True
