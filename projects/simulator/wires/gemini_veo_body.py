"""What `:predictLongRunning` of the Gemini API accepts: a strict reader of its JSON, refusing as Google does.

Quoted from reports: the text about `inlineData`. What an extension takes besides its prompt and its video
(the same ratio, no other length than 8) is a guess from Google's samples.
"""

from collections.abc import Callable
from typing import Any

from projects.simulator.operations import Operation
from projects.simulator.wires.order import (
    Order,
    as_object,
    in_json,
    invalid,
    number,
    only,
    picture,
    text,
    unsupported,
)
from projects.veo.catalog import EXTEND, Model

TOP = frozenset({"instances", "parameters", "webhookConfig"})
INSTANCE = frozenset({"prompt", "image", "lastFrame", "video", "referenceImages"})
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

STATED_LENGTH = 8
"""The `durationSeconds` that Google's guide gives for an extension, whatever it adds."""

Find = Callable[[str], Operation]
"""The operation that left a file at that address, for this caller; raises Refusal."""


def read_order(body: Any, model: Model, find: Find) -> Order:
    """Raises Refusal (400) with a sentence for the first thing that is wrong."""
    instance, parameters = read_parts(body, TOP, INSTANCE, PARAMETERS)
    order = _order(instance, parameters, model)
    if "video" in instance:
        order = _extension(order, instance, parameters, model, find)
    _check_settings(order, parameters, model)
    return order


def read_parts(
    body: Any, top: frozenset[str], instance_fields: frozenset[str], parameter_fields: frozenset[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The one instance and the parameters of a body, with known fields only."""
    if not isinstance(body, dict):
        raise invalid("Invalid JSON payload received. Expected an object.")
    for name in body:
        if name not in top:
            raise invalid(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
    instances = body.get("instances")
    if not isinstance(instances, list) or len(instances) != 1:
        raise invalid("`instances` needs to be a list of exactly one instance.")
    instance = as_object(instances[0], "instances[0]")
    parameters = as_object(body.get("parameters", {}), "parameters")
    only(instance, instance_fields)
    only(parameters, parameter_fields)
    return instance, parameters


def read_references(instance: dict[str, Any], model: Model, read: Callable[..., bytes]) -> tuple[bytes, ...]:
    """The pictures of `referenceImages`; `read` reads one `image`."""
    given = instance.get("referenceImages", [])
    if not isinstance(given, list):
        raise invalid("The value type for `referenceImages` needs to be a list.")
    if not given:
        return ()
    if not model.references:
        raise unsupported("referenceImages")
    if len(given) > model.references:
        raise invalid(f"`referenceImages` takes at most {model.references} images.")
    for other in ("image", "lastFrame", "video"):
        if other in instance:
            raise invalid(f"`referenceImages` cannot be combined with `{other}`.")
    if not text(instance, "prompt").strip():
        raise invalid("`referenceImages` needs a `prompt`.")
    return tuple(_reference(each, f"referenceImages[{place}]", read) for place, each in enumerate(given))


def _reference(given: Any, name: str, read: Callable[..., bytes]) -> bytes:
    only(as_object(given, name), {"image", "referenceType"})
    kind = text(given, "referenceType")
    if kind.upper() != "ASSET":
        raise invalid(f"The value {kind or 'none'} for `referenceType` is not supported by this model.")
    return read(as_object(given.get("image"), f"{name}.image"), f"{name}.image")


def check_prompt(instance: dict[str, Any], model: Model, *, needed: bool) -> str:
    prompt = text(instance, "prompt")
    if needed and not prompt.strip():
        raise invalid("`prompt` is required: the text prompt of an instance must not be empty.")
    # A word is at least one token, so this refuses only what is surely too long.
    if len(prompt.split()) > model.prompt_tokens:
        raise invalid(f"`prompt` exceeds the limit of {model.prompt_tokens} tokens.")
    return prompt


def check_catalog(order: Order, added: int, model: Model, **more: bool) -> None:
    """Refuses what the catalog forbids. `added` are the seconds of this generation alone."""
    refusals = model.refusals(
        aspect_ratio=order.aspect_ratio,
        resolution=order.resolution,
        duration_seconds=added,
        seed_image=order.seed_image is not None,
        last_frame=order.last_frame is not None,
        references=len(order.references),
        task=order.task,
        source_seconds=order.seconds - added if order.task else 0,
        **more,
    )
    for name, sentence in refusals.items():
        raise invalid(f"The value for `{in_json(name)}` is not supported by this model. {sentence}")


def _order(instance: dict[str, Any], parameters: dict[str, Any], model: Model) -> Order:
    references = read_references(instance, model, picture)
    seed_image = _frame(instance, "image") if "image" in instance else None
    last_frame = _frame(instance, "lastFrame") if seed_image and "lastFrame" in instance else None
    if last_frame and not model.last_frame:
        raise unsupported("lastFrame")
    return Order(
        prompt=check_prompt(instance, model, needed=seed_image is None and "video" not in instance),
        aspect_ratio=text(parameters, "aspectRatio") or "16:9",
        resolution=text(parameters, "resolution") or "720p",
        seconds=number(parameters, "durationSeconds", model.durations[-1]),
        samples=number(parameters, "sampleCount", 1),
        seed_image=seed_image,
        last_frame=last_frame,
        references=references,
    )


def _frame(instance: dict[str, Any], name: str) -> bytes:
    return picture(as_object(instance[name], name), name)


def _extension(
    order: Order, instance: dict[str, Any], parameters: dict[str, Any], model: Model, find: Find
) -> Order:
    if not model.extend_by:
        raise unsupported("video")
    given = as_object(instance["video"], "video")
    only(given, {"uri", "encoding"})
    if text(given, "encoding") not in ("", "video/mp4"):
        raise invalid("The value for `encoding` of `video` is not supported: use video/mp4.")
    if order.seed_image or "lastFrame" in instance:
        raise invalid("`video` cannot be combined with `image` or `lastFrame`.")
    if order.seconds != STATED_LENGTH:
        raise invalid(f"The value for `durationSeconds` of an extension needs to be {STATED_LENGTH}.")
    source = find(text(given, "uri"))
    if source.resolution not in model.sizes(EXTEND):
        raise invalid(f"`video` needs to be {' or '.join(model.sizes(EXTEND))}.")
    if text(parameters, "aspectRatio") not in ("", source.aspect_ratio):
        raise invalid("The value for `aspectRatio` needs to be that of `video`.")
    return Order(
        prompt=order.prompt,
        aspect_ratio=source.aspect_ratio,
        resolution=order.resolution,
        seconds=source.seconds + model.extend_by[0],
        samples=order.samples,
        task=EXTEND,
        source=source.id,
    )


def _check_settings(order: Order, parameters: dict[str, Any], model: Model) -> None:
    most = MOST_SAMPLES.get(model.id, 1)
    if not 1 <= order.samples <= most:
        raise invalid(
            f"The value {order.samples} for `sampleCount` is not supported by this model: at most {most}."
        )
    added = model.extend_by[0] if order.task else order.seconds
    check_catalog(order, added, model, negative_prompt=bool(text(parameters, "negativePrompt")))
    with_image = order.seed_image is not None or bool(order.references)
    _check_people(text(parameters, "personGeneration"), model, with_image=with_image)
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
