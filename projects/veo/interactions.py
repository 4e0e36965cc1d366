"""Reading the Interactions API, leniently (promises P2 and P8).

Facts: the types of google-genai 3.4.0, ai.google.dev's Interactions and Omni pages, and what Bike4Mind and
others saw live: a refusal says `completed` and holds text only, a video comes as `uri` or as `data` whatever
was asked for.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from projects.veo.catalog import CATALOG
from projects.veo.credentials import Credentials
from projects.veo.errors import Garbled
from projects.veo.inline import Files, files_of
from projects.veo.operations import decoded, storable_json, without_key
from projects.veo.refusals import CONTENT_CODES
from projects.veo.types import Output, Phase, Progress

RUNNING = frozenset({"queued", "in_progress"})
"""Every other status is an end, also one that we do not know."""

NO_REASON = "Google gave no reason."

_ID = re.compile(r"[A-Za-z0-9_~=-](?:[A-Za-z0-9_.~=-]{0,298}[A-Za-z0-9_~=-])?", re.ASCII)


def interaction_id(value: object) -> str:
    """The value, if it can be an interaction's id. It becomes part of an address. Else Garbled `bad_name`."""
    if isinstance(value, str) and ".." not in value and _ID.fullmatch(value):
        return value
    raise Garbled("bad_name", "This is not the id of an interaction at Google.", detail=repr(value)[:200])


def read_created(
    body: Mapping[str, Any], credentials: Credentials | None = None, *, model: str = ""
) -> tuple[str, Progress | None]:
    """Id of the interaction that a paid POST started, and its result if it is done already.

    Garbled if the id is missing or ill-formed. A result that cannot be read is left to the first poll.
    """
    name = interaction_id(body.get("id"))
    try:
        progress = read_interaction(body, credentials, model=model)
    except Garbled:
        return name, None
    return name, None if progress.phase is Phase.RUNNING else progress


def read_interaction(
    body: Mapping[str, Any], credentials: Credentials | None = None, *, ref: str = "", model: str = ""
) -> Progress:
    """What an interaction's JSON says. Garbled if it is none, or another one than `ref`.

    `model` prices it where Google does not name its model. Of the files that came with the answer only those
    of its videos are left.
    """
    files = files_of(body)
    try:
        progress = _read(body, files, credentials, ref)
    except BaseException:
        files.discard()
        raise
    files.keep(output.inline for output in progress.outputs if isinstance(output.inline, Path))
    return replace(progress, cost_micros=cost_of(body, model, video=bool(progress.outputs)))


def _read(body: Mapping[str, Any], files: Files, credentials: Credentials | None, ref: str) -> Progress:
    name, status = body.get("id"), body.get("status")
    if ref and name not in (None, "", ref):
        raise Garbled("garbled", "Google answered with another interaction.", detail=str(name)[:200])
    if not isinstance(status, str) or not status:
        text = str(storable_json(body, credentials, files=files))[:500]
        raise Garbled("garbled", "Google's answer is not an interaction.", detail=text)
    raw: Mapping[str, Any] = storable_json(body, credentials, files=files)
    if status in RUNNING:
        return Progress(phase=Phase.RUNNING, raw=raw)
    if outputs := _outputs(body, files):
        return Progress(phase=Phase.SUCCEEDED, outputs=outputs, reasons=(), raw=raw)
    if tokens := _video_tokens(body):
        said = f"Google counted {tokens:,} tokens of video, but no video can be found in its answer."
        return Progress(phase=Phase.EMPTY, reasons=(said,), error_message=said, raw=raw)
    if status == "completed" and not any(_errors(raw)):
        return Progress(phase=Phase.FILTERED, reasons=tuple(_texts(raw)) or (NO_REASON,), raw=raw)
    return refused(status, raw)


def refused(status: str, raw: Mapping[str, Any]) -> Progress:
    """An end by error: held back if Google's code is about the content, else failed, in Google's words."""
    texts, errors = _texts(raw), list(_errors(raw))
    if any(code in CONTENT_CODES for code, _ in errors):
        said = [message or code for code, message in errors] + texts
        return Progress(phase=Phase.FILTERED, reasons=tuple(dict.fromkeys(said)), raw=raw)
    words = [f"{message} ({code})" if message and code else message or code for code, message in errors]
    text = " ".join(word for word in (*words, *texts) if word)
    return Progress(
        phase=Phase.FAILED, error_message=text or f"The interaction ended with the status {status}.", raw=raw
    )


def cost_of(body: Mapping[str, Any], model: str = "", *, video: bool = True) -> int | None:
    """Micro-dollars, from the usage that Google reports and our catalog's prices per token; None without.

    Without a breakdown all output counts as video if there is one. Not verified: whether Google charges
    for the video of an interaction that it then holds back; its usage is taken at its word.
    """
    usage = mapping(body.get("usage"))
    row = CATALOG.get(str(body.get("model") or model)) or CATALOG.get(model)
    if not usage or row is None or not row.tokens:
        return None
    out = _count(usage.get("total_output_tokens"))
    split = isinstance(usage.get("output_tokens_by_modality"), list)
    of_video = _video_tokens(body) if split else out if video else 0
    text = max(out - of_video, 0) + _count(usage.get("total_thought_tokens"))
    asked = _count(usage.get("total_input_tokens"))
    prices = row.tokens
    return round(asked * prices["input"] + of_video * prices["video"] + text * prices["text"])


def _video_tokens(body: Mapping[str, Any]) -> int:
    found = mapping(body.get("usage")).get("output_tokens_by_modality")
    items = [mapping(item) for item in found] if isinstance(found, list) else []
    return sum(_count(item.get("tokens")) for item in items if str(item.get("modality")).lower() == "video")


def _count(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        return int(value)  # int64 may travel as a string.
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**15 else 0


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def items_of(value: object) -> list[Mapping[str, Any]]:
    return [mapping(item) for item in value] if isinstance(value, list) else []


def _model_outputs(body: Mapping[str, Any]) -> Iterator[list[Mapping[str, Any]]]:
    """The content of each of the model's steps; `outputs` is what they were called until May 2026."""
    for step in items_of(body.get("steps")):
        if step.get("type") == "model_output":
            yield items_of(step.get("content"))
    if outputs := items_of(body.get("outputs")):
        yield outputs


def _outputs(body: Mapping[str, Any], files: Mapping[str, Path]) -> tuple[Output, ...]:
    """The videos of the last step that has one."""
    for content in reversed(list(_model_outputs(body))):
        videos = (part for part in content if part.get("type") == "video")
        if found := [output for part in videos if (output := _output(part, files))]:
            return tuple(found)
    return ()


def _output(part: Mapping[str, Any], files: Mapping[str, Path]) -> Output | None:
    """What is here already is taken before what must be fetched."""
    mime_type = str(part.get("mime_type") or "video/mp4")
    data, uri = part.get("data"), part.get("uri")
    if isinstance(data, str) and data:
        return Output(inline=files.get(data) or decoded(data), mime_type=mime_type)
    if isinstance(uri, str) and uri:
        return Output(uri=without_key(uri), mime_type=mime_type)
    return None


def _texts(raw: Mapping[str, Any]) -> list[str]:
    parts = [part for content in _model_outputs(raw) for part in content if part.get("type") == "text"]
    texts = [part["text"].strip() for part in parts if isinstance(part.get("text"), str)]
    return [text for text in texts if text]


def _errors(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Code and message of what went wrong, of the interaction and inside its steps."""
    inside = [step.get("error") for step in items_of(raw.get("steps"))]
    for error in [*items_of(raw.get("errors")), *map(mapping, [raw.get("error"), *inside])]:
        if error:
            yield str(error.get("code") or error.get("status") or ""), str(error.get("message") or "")
