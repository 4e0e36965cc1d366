"""What `POST /interactions` accepts of a video model: a strict reader of its JSON, refusing as Google does.

From the SDK's schema (3.4.0): the names of all fields and their values. From reports: string codes and no
`status`, `duration` as text ("minimum allowed 3s", "maximum allowed 10s"), that safety settings, system
instructions and tools are not for Omni, and that an empty input is taken, and billed. The other sentences are
made in their manner, and so is what an edit or an extension does not take: Google advises to leave it out.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from projects.simulator.wires.gemini_omni_fields import (
    choice_in,
    error,
    invalid,
    mistyped,
    object_in,
    only,
    text_in,
)
from projects.simulator.wires.gemini_omni_input import parts_of, picture
from projects.veo.catalog import EDIT, EXTEND, Model, Task

TEXT_MODEL = "gemini-2.5-flash-lite"
"""The one text model that is served, for clients that try out background interactions with a few tokens."""

FIELDS = frozenset(
    {
        "model",
        "input",
        "response_format",
        "generation_config",
        "background",
        "store",
        "stream",
        "previous_interaction_id",
        "labels",
        "webhook_config",
        "service_tier",
    }
)
NOT_FOR_VIDEO = frozenset(
    {
        "agent",
        "agent_config",
        "cached_content",
        "continuation_token",
        "environment",
        "response_mime_type",
        "response_modalities",
        "safety_settings",
        "system_instruction",
        "tools",
    }
)
"""Fields that Interactions know and Omni refuses."""

CONFIG = frozenset({"seed", "max_output_tokens", "thinking_level", "thinking_summaries", "video_config"})
CONFIG_NOT_FOR_VIDEO = frozenset(
    {
        "image_config",
        "speech_config",
        "stop_sequences",
        "temperature",
        "tool_choice",
        "top_p",
        "transcription_config",
    }
)
FORMAT = frozenset({"type", "aspect_ratio", "resolution", "duration", "delivery"})
DELIVERIES = ("inline", "uri")
TIERS = ("flex", "standard", "priority", "deferred")
TASKS = ("text_to_video", "image_to_video", "reference_to_video", EDIT, EXTEND, "upscale")

DEFAULT_SECONDS = 10
"""What is made when no duration is named."""

DURATION = re.compile(r"(\d+)(?:\.(\d+))?s")
REFERENCE = re.compile(r"<IMAGE_REF_\d+>|\[# References\b")
"""How a prompt says that its images are to be referred to, not to be the first or the last frame."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that makes sense. `seconds` of an extension are what it adds; of an edit None, for it keeps
    the length of its source.

    `previous` is the id of an earlier interaction, `video` the address of a file to work on; `task` is what
    is done to either. Pictures are decoded bytes.
    """

    model: str
    prompt: str
    task: Task = ""
    aspect_ratio: str = ""
    resolution: str = "720p"
    seconds: int | None = DEFAULT_SECONDS
    delivery: str = "inline"
    seed: int | None = None
    seed_image: bytes | None = field(default=None, repr=False)
    last_frame: bytes | None = field(default=None, repr=False)
    references: tuple[bytes, ...] = field(default=(), repr=False)
    previous: str = ""
    video: str = ""
    store: bool = True
    stream: bool = False
    background: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


def model_of(body: Any) -> str:
    """The model that is asked for. Raises Refusal when none is."""
    if not isinstance(body, dict):
        raise invalid("The request body must be a JSON object.")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("The parameter `model` is required and must be a string.")
    return model.removeprefix("models/")


def read_asked(body: dict[str, Any], model: Model) -> Asked:
    """Raises Refusal with a sentence for the first thing that is wrong.

    What depends on the clip that is worked on is left to `check_source`.
    """
    only(body, FIELDS, "", NOT_FOR_VIDEO)
    shape, config = _format(body), _config(body)
    parts = list(parts_of(body))
    previous = text_in(body, "previous_interaction_id")
    videos = [part["uri"] for part in parts if part["type"] == "video"]
    task = _task(config, worked_on=bool(previous or videos))
    if len(videos) > 1 or (videos and previous):
        raise invalid("One video at a time can be worked on.")
    prompt = "\n".join(part["text"] for part in parts if part["type"] == "text")
    images = [picture(part) for part in parts if part["type"] == "image"]
    asked = Asked(
        model=model.id,
        prompt=prompt,
        task=cast(Task, task) if task in (EDIT, EXTEND) else "",
        aspect_ratio=choice_in(shape, "aspect_ratio", model.aspect_ratios, "response_format."),
        resolution=choice_in(shape, "resolution", model.resolutions, "response_format.") or "720p",
        seconds=_seconds(shape, model, task),
        delivery=choice_in(shape, "delivery", DELIVERIES, "response_format.") or "inline",
        seed=_seed(config),
        previous=previous,
        video=videos[0] if videos else "",
        labels=_labels(body),
        **_roles(images, task or _inferred(prompt, images), model),
        **_modes(body),
    )
    _check(asked, model)
    return asked


def check_source(asked: Asked, model: Model, seconds: float) -> None:
    """Refuses a task that the clip it is about, so many seconds long, does not allow."""
    _refuse(
        model.refusals(
            aspect_ratio=asked.aspect_ratio or "16:9",
            resolution=asked.resolution,
            duration_seconds=asked.seconds or round(seconds),
            task=asked.task,
            source_seconds=seconds,
        )
    )


def read_text(body: dict[str, Any]) -> Asked:
    """A request to the text model; it may not ask for video."""
    only(body, FIELDS, "", frozenset())
    if body.get("response_format"):
        raise invalid("The simulator's text model takes no `response_format`.")
    parts = list(parts_of(body))
    if any(part["type"] != "text" for part in parts):
        raise invalid("The simulator's text model takes text only.")
    return Asked(model=TEXT_MODEL, prompt="\n".join(part["text"] for part in parts), **_modes(body))


def _check(asked: Asked, model: Model) -> None:
    if asked.task:
        _check_task(asked, model)
        return
    _refuse(
        model.refusals(
            aspect_ratio=asked.aspect_ratio or "16:9",
            resolution=asked.resolution,
            duration_seconds=asked.seconds or DEFAULT_SECONDS,
            seed_image=asked.seed_image is not None,
            last_frame=asked.last_frame is not None,
            references=len(asked.references),
        )
    )


def _check_task(asked: Asked, model: Model) -> None:
    if not (asked.previous or asked.video):
        raise invalid(f"The task {asked.task} needs a `previous_interaction_id` or a video in `input`.")
    if asked.task == EXTEND and asked.aspect_ratio:
        raise invalid("An extension keeps its aspect ratio: leave out `response_format.aspect_ratio`.")
    if asked.seed_image or asked.last_frame or asked.references:
        raise invalid(f"The task {asked.task} takes no images with this model.")


def _refuse(refusals: Mapping[str, str]) -> None:
    for name, sentence in refusals.items():
        raise invalid(f"Invalid value for `{name}`. {sentence}")


def _modes(body: Mapping[str, Any]) -> dict[str, Any]:
    modes = {"store": True, "stream": False, "background": False}
    for name in modes:
        if name in body:
            if not isinstance(body[name], bool):
                mistyped(name, "true or false")
            modes[name] = body[name]
    if modes["background"] and not modes["store"]:
        raise invalid("`background` requires `store` to be true.")
    return modes


def _format(body: Mapping[str, Any]) -> dict[str, Any]:
    """The one video in `response_format`, which is an object or a list of one."""
    given = body.get("response_format", {"type": "video"})
    if isinstance(given, list):
        if len(given) != 1:
            raise invalid("`response_format` must name exactly one output of type video.")
        given = given[0]
    if not isinstance(given, dict):
        mistyped("response_format", "an object or a list of objects")
    if given.get("type") != "video":
        raise invalid("Invalid value for `response_format.type`: this model makes video.")
    if "gcs_uri" in given:
        raise invalid("`response_format.gcs_uri` is for Vertex AI.")
    only(given, FORMAT, "response_format.")
    return given


def _config(body: Mapping[str, Any]) -> dict[str, Any]:
    config = object_in(body, "generation_config")
    only(config, CONFIG, "generation_config.", CONFIG_NOT_FOR_VIDEO)
    only(object_in(config, "video_config", "generation_config."), {"task"}, "generation_config.video_config.")
    choice_in(body, "service_tier", TIERS)
    only(object_in(body, "webhook_config"), {"uris", "user_metadata"}, "webhook_config.")
    return config


def _seed(config: Mapping[str, Any]) -> int | None:
    seed = config.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        mistyped("generation_config.seed", "a whole number")
    return seed


def _task(config: Mapping[str, Any], *, worked_on: bool) -> str:
    """What is to be done, "" where that is inferred from the images. Without a word, a clip is edited."""
    where = "generation_config.video_config."
    task = choice_in(config.get("video_config", {}), "task", TASKS, where)
    if task == "upscale":
        raise error(501, "unimplemented", "The task upscale is not simulated.")
    if worked_on and task not in ("", EDIT, EXTEND):
        raise invalid(f"The task {task} takes neither a `previous_interaction_id` nor a video.")
    return task or (EDIT if worked_on else "")


def _seconds(shape: Mapping[str, Any], model: Model, task: str) -> int | None:
    name = "response_format.duration"
    if task == EDIT:
        if "duration" in shape:
            raise invalid(f"An edit keeps the length of its source: leave out `{name}`.")
        return None
    lengths = model.extend_by if task == EXTEND else model.durations
    if not lengths:
        raise invalid(f"The task {task} is not supported by this model.")
    if "duration" not in shape:
        return min(DEFAULT_SECONDS, lengths[-1])
    found = DURATION.fullmatch(text_in(shape, "duration", "response_format."))
    if found is None:
        mistyped(name, 'a number of seconds such as "8s"')
    if int(found[2] or 0):
        raise invalid(f"Invalid value for `{name}`: whole seconds only.")
    seconds = int(found[1])
    if seconds < lengths[0]:
        raise invalid(f"Invalid value for `{name}`: {seconds}s, minimum allowed {lengths[0]}s.")
    if seconds > lengths[-1]:
        raise invalid(f"Invalid value for `{name}`: {seconds}s, maximum allowed {lengths[-1]}s.")
    return seconds


def _labels(body: Mapping[str, Any]) -> dict[str, str]:
    labels = object_in(body, "labels")
    for name, value in labels.items():
        if not isinstance(value, str):
            mistyped(f"labels.{name}", "a string")
        if not (name[:1].isalpha() and _is_label(name) and _is_label(value)):
            raise invalid(
                f"Invalid label `{name}`: at most 63 lowercase letters, digits, underscores and dashes, "
                "and a letter first."
            )
    return labels


def _is_label(text: str) -> bool:
    signs = all(sign in "_-" or (sign.isalnum() and sign == sign.lower()) for sign in text)
    return len(text) <= 63 and signs


def _inferred(prompt: str, images: Collection[bytes]) -> str:
    """The task that Google would take a prompt with so many images for; a guess from its examples."""
    if not images:
        return "text_to_video"
    referring = REFERENCE.search(prompt) or len(images) > 2
    return "reference_to_video" if referring else "image_to_video"


def _roles(images: list[bytes], task: str, model: Model) -> dict[str, Any]:
    """What each image is for. One or two are the first and the last frame, unless they are references."""
    if task == "reference_to_video":
        if not images:
            raise invalid("The task reference_to_video needs at least one image.")
        return {"references": tuple(images)}
    if task == "text_to_video" and images:
        raise invalid("The task text_to_video takes no images.")
    if task == "image_to_video" and not 1 <= len(images) <= 2:
        raise invalid("The task image_to_video takes one image, or a first and a last one.")
    return dict(zip(("seed_image", "last_frame"), images, strict=False)) | (
        {"references": tuple(images[2:])} if len(images) > 2 else {}
    )
