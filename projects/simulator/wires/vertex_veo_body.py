"""What `:predictLongRunning` of Vertex AI accepts: a strict reader of its JSON.

Fields and values are those of the discovery document and of google-genai 3.4.0; the limits of an extension
are from Google's model pages. A guess: all sentences, that an extension takes no other length than the 7 s it
adds, and that fields are refused where they have no effect (resizeMode without an image, fps other than 24).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import av

from projects.simulator.operations import Operation
from projects.simulator.render import COMMENT, SHORT_SIDE
from projects.simulator.wires.gemini_veo_body import (
    check_catalog,
    check_prompt,
    read_parts,
    read_references,
)
from projects.simulator.wires.order import (
    Order,
    as_object,
    decoded,
    flag,
    invalid,
    number,
    only,
    picture,
    text,
)
from projects.veo.catalog import EXTEND, Model

TOP = frozenset({"instances", "parameters", "labels"})
INSTANCE = frozenset({"prompt", "image", "lastFrame", "video", "referenceImages"})
PARAMETERS = frozenset(
    {
        "sampleCount",
        "durationSeconds",
        "aspectRatio",
        "resolution",
        "seed",
        "personGeneration",
        "negativePrompt",
        "enhancePrompt",
        "generateAudio",
        "storageUri",
        "compressionQuality",
        "resizeMode",
        "fps",
        "pubsubTopic",
    }
)
PEOPLE = ("allow_adult", "dont_allow")
"""`allow_all` needs a project on Google's list."""

MEDIA_TYPES = ("image/png", "image/jpeg")
MOST_SAMPLES = 4
LARGEST_SEED = 2**32 - 1
FRAME_RATE = 24
SOURCE_SECONDS = (1, 30)
"""How long a video may be that is extended."""

STORAGE = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:/([^\s?#]*))?")
TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")

Find = Callable[[str], Operation]
"""The operation that has put an object into Cloud Storage; raises Refusal."""


@dataclass(frozen=True)
class Footage:
    """What is to be extended; `source` is the id of its operation, "" for a video that came as bytes.

    Those are kept as `data` if a simulator made them: others do not go with its own pictures in one track.
    """

    seconds: int
    aspect_ratio: str
    resolution: str
    source: str = ""
    data: bytes | None = None


def read_order(body: Any, model: Model, find: Find) -> Order:
    """Raises Refusal (400) with a sentence for the first thing that is wrong."""
    instance, parameters = read_parts(body, TOP, INSTANCE, PARAMETERS)
    _check_labels(body.get("labels", {}))
    order = _order(instance, parameters, model)
    if "video" in instance:
        order = _extended(order, instance, parameters, model, find)
    _check_samples(order)
    _check_choices(order, parameters)
    added = model.extend_by[0] if order.task else order.seconds
    check_catalog(
        order,
        added,
        model,
        negative_prompt=bool(text(parameters, "negativePrompt")),
        seed=order.seed is not None,
        audio=order.audio,
    )
    return order


def _order(instance: dict[str, Any], parameters: dict[str, Any], model: Model) -> Order:
    seed_image = _frame(instance, "image") if "image" in instance else None
    last_frame = _frame(instance, "lastFrame") if "lastFrame" in instance else None
    if last_frame and seed_image is None and "video" not in instance:
        raise invalid("`lastFrame` needs an `image` to start from.")
    return Order(
        prompt=check_prompt(instance, model, needed=seed_image is None and "video" not in instance),
        aspect_ratio=text(parameters, "aspectRatio") or "16:9",
        resolution=text(parameters, "resolution") or "720p",
        seconds=number(parameters, "durationSeconds", model.durations[-1]),
        samples=number(parameters, "sampleCount", 1),
        seed_image=seed_image,
        last_frame=last_frame,
        references=read_references(instance, model, _picture),
        storage=_storage(text(parameters, "storageUri")),
        audio=flag(parameters, "generateAudio", True),
        seed=_seed(parameters),
    )


def _frame(instance: dict[str, Any], name: str) -> bytes:
    return _picture(as_object(instance[name], name), name)


def _picture(given: dict[str, Any], name: str) -> bytes:
    if "gcsUri" in given:
        raise invalid(f"`gcsUri` of `{name}`: the object was not found, or Vertex AI may not read it.")
    if text(given, "mimeType") not in MEDIA_TYPES:
        raise invalid(f"The value for `mimeType` of `{name}` is not supported: use {', '.join(MEDIA_TYPES)}.")
    return picture(given, name)


def _seed(parameters: dict[str, Any]) -> int | None:
    if "seed" not in parameters:
        return None
    seed = number(parameters, "seed", 0)
    if not 0 <= seed <= LARGEST_SEED:
        raise invalid(f"The value for `seed` needs to be from 0 to {LARGEST_SEED}.")
    return seed


def _storage(uri: str) -> str:
    """A folder in a bucket, which ends with a slash."""
    if not uri:
        return ""
    if not STORAGE.fullmatch(uri):
        raise invalid("The value for `storageUri` needs to be of the form gs://bucket/folder/.")
    return uri if uri.endswith("/") else f"{uri}/"


def _extended(
    order: Order, instance: dict[str, Any], parameters: dict[str, Any], model: Model, find: Find
) -> Order:
    if not model.extend_by:
        raise invalid("`video` isn't supported by this model.")
    for other in ("image", "lastFrame"):
        if other in instance:
            raise invalid(f"`video` cannot be combined with `{other}`.")
    if "durationSeconds" in parameters and order.seconds != model.extend_by[0]:
        raise invalid(f"The value for `durationSeconds` of an extension needs to be {model.extend_by[0]}.")
    footage = _footage(as_object(instance["video"], "video"), find)
    least, most = SOURCE_SECONDS
    if not least <= footage.seconds <= most:
        raise invalid(f"`video` needs to be {least} to {most} seconds long.")
    if footage.resolution not in model.sizes(EXTEND):
        raise invalid(f"`video` needs to be {' or '.join(model.sizes(EXTEND))}.")
    if text(parameters, "aspectRatio") not in ("", footage.aspect_ratio):
        raise invalid("The value for `aspectRatio` needs to be that of `video`.")
    return replace(
        order,
        aspect_ratio=footage.aspect_ratio,
        seconds=footage.seconds + model.extend_by[0],
        task=EXTEND,
        source=footage.source,
        footage=footage.data,
    )


def _footage(given: dict[str, Any], find: Find) -> Footage:
    only(given, {"bytesBase64Encoded", "gcsUri", "mimeType"})
    if text(given, "mimeType") != "video/mp4":
        raise invalid("The value for `mimeType` of `video` is not supported: use video/mp4.")
    encoded, uri = text(given, "bytesBase64Encoded"), text(given, "gcsUri")
    if bool(encoded) == bool(uri):
        raise invalid("`video` needs either `bytesBase64Encoded` or `gcsUri`.")
    if uri:
        source = find(uri)
        return Footage(source.seconds, source.aspect_ratio, source.resolution, source.id)
    return _probed(decoded(encoded, "bytesBase64Encoded` of `video"))


def _probed(data: bytes) -> Footage:
    try:
        with av.open(BytesIO(data), "r", format="mp4") as container:
            track = container.streams.video[0]
            seconds = round(float(container.duration or 0) / av.time_base)
            width, height = track.width, track.height
            ours = container.metadata.get("comment") == COMMENT
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise invalid("Unable to process input video: `video` is not a valid video/mp4.") from error
    sizes = {short: name for name, short in SHORT_SIDE.items()}
    ratio = {(16, 9): "16:9", (9, 16): "9:16"}.get(_reduced(width, height), "")
    if not ratio:
        raise invalid("`video` needs the ratio 16:9 or 9:16.")
    return Footage(
        seconds, ratio, sizes.get(min(width, height), f"{width}x{height}"), data=data if ours else None
    )


def _reduced(width: int, height: int) -> tuple[int, int]:
    if width * 9 == height * 16:
        return 16, 9
    return (9, 16) if width * 16 == height * 9 else (width, height)


def _check_samples(order: Order) -> None:
    if not 1 <= order.samples <= MOST_SAMPLES:
        raise invalid(f"The value for `sampleCount` needs to be from 1 to {MOST_SAMPLES}.")


def _check_choices(order: Order, parameters: dict[str, Any]) -> None:
    """The fields that change nothing here, but have few values that Google takes."""
    _one_of(parameters, "personGeneration", PEOPLE)
    _one_of(parameters, "compressionQuality", ("OPTIMIZED", "LOSSLESS"))
    _one_of(parameters, "resizeMode", ("CROP", "PAD"))
    if "resizeMode" in parameters and order.seed_image is None:
        raise invalid("`resizeMode` needs an `image`.")
    if not flag(parameters, "enhancePrompt", True):
        raise invalid("`enhancePrompt` cannot be switched off with this model.")
    if number(parameters, "fps", FRAME_RATE) != FRAME_RATE:
        raise invalid(f"The value for `fps` needs to be {FRAME_RATE}.")
    if "pubsubTopic" in parameters and not TOPIC.fullmatch(text(parameters, "pubsubTopic")):
        raise invalid("The value for `pubsubTopic` needs to be of the form projects/PROJECT/topics/TOPIC.")


def _one_of(parameters: dict[str, Any], name: str, allowed: tuple[str, ...]) -> None:
    if name in parameters and (wanted := text(parameters, name)) not in allowed:
        raise invalid(f"{wanted} for {name} is currently not supported.")


def _check_labels(labels: Any) -> None:
    for name, value in as_object(labels, "labels").items():
        if not LABEL.fullmatch(name) or not isinstance(value, str) or not LABEL_VALUE.fullmatch(value):
            raise invalid(
                f"The label `{name[:63]}` is not valid: up to 63 lower-case letters, digits, - and _, the "
                "name beginning with a letter."
            )
