"""Reading the operations of the predictLongRunning wire, leniently (promise P2).

Google, its relays and the guides about it put the same facts in different places. All of them are looked for,
in Google's order: done, error, videos, filter reasons, nothing.
"""

import base64
import binascii
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from projects.veo.credentials import Credentials, redact, storable
from projects.veo.errors import Garbled
from projects.veo.inline import Files, files_of
from projects.veo.types import Output, Phase, Progress

_NAME = re.compile(r"(?:[A-Za-z0-9][\w.~=-]*/)*operations/[A-Za-z0-9][\w.~=-]*", re.ASCII)
_INLINE_FIELDS = frozenset({"encodedVideo", "bytesBase64Encoded", "videoBytes"})
_BYTES_FIELDS = _INLINE_FIELDS | {"data"}
"""Where bytes may stand; `data` is that of Interactions."""
_DEEP = 60
_LONG = 10_000
"""Characters from which a text without blanks is taken for encoded bytes."""


def operation_name(value: object) -> str:
    """The value, if it can be an operation's name: a plain path such as `models/M/operations/ID`.

    It becomes part of an address, so it must hold no scheme, query, verb or "..". Else Garbled `bad_name`.
    """
    if isinstance(value, str) and len(value) <= 500 and ".." not in value and _NAME.fullmatch(value):
        return value
    raise Garbled("bad_name", "This is not the name of an operation at Google.", detail=repr(value)[:200])


def read_accepted(
    body: Mapping[str, Any], credentials: Credentials | None = None
) -> tuple[str, Progress | None]:
    """Name of the operation that a paid POST started, and its result if it is done already.

    Garbled if the name is missing or ill-formed. A result that cannot be read is left to the first poll: the
    operation is paid, and its name is what counts.
    """
    name = operation_name(body.get("name"))
    try:
        progress = read_progress(body, credentials)
    except Garbled:
        return name, None
    return name, None if progress.phase is Phase.RUNNING else progress


def read_progress(
    body: Mapping[str, Any], credentials: Credentials | None = None, *, ref: str = ""
) -> Progress:
    """What a status answer says. Garbled if it is no operation, or another one than `ref`.

    Of the files that came with the answer only those of its outputs are left.
    """
    files = files_of(body)
    try:
        progress = _read(body, files, credentials, ref)
    except BaseException:
        files.discard()
        raise
    files.keep(output.inline for output in progress.outputs if isinstance(output.inline, Path))
    return progress


def _read(body: Mapping[str, Any], files: Files, credentials: Credentials | None, ref: str) -> Progress:
    name = body.get("name")
    if ref and name not in (None, "", ref):
        raise Garbled("garbled", "Google answered with another operation.", detail=str(name)[:200])
    done = body.get("done") is True
    if not (done or name or "metadata" in body):
        raise Garbled(
            "garbled", "Google's answer is not an operation.", detail=str(storable_json(body))[:500]
        )
    raw: Mapping[str, Any] = storable_json(body, credentials, files=files)
    metadata = _metadata(raw)
    if not done:
        return Progress(phase=Phase.RUNNING, metadata=metadata, raw=raw)
    if error := _mapping(raw.get("error")):
        code = error.get("code")
        return Progress(
            phase=Phase.FAILED,
            error_code=code if isinstance(code, int) else None,
            error_message=str(error.get("message") or error.get("status") or ""),
            metadata=metadata,
            raw=raw,
        )
    outputs = tuple(dict.fromkeys(_outputs(_mapping(body.get("response")), files)))
    reasons, held_back = _filtered(_mapping(raw.get("response")))
    phase = Phase.SUCCEEDED if outputs else Phase.FILTERED if held_back else Phase.EMPTY
    return Progress(phase=phase, outputs=outputs, reasons=reasons, metadata=metadata, raw=raw)


def storable_json(
    value: Any, credentials: Credentials | None = None, *, files: Mapping[str, Path] = {}, depth: int = 0
) -> Any:
    """The same JSON without secrets, inline bytes ("<N bytes>") and what databases or parsers refuse."""
    if depth > _DEEP:
        return "<too deep>"
    if isinstance(value, Mapping):
        return {
            storable(str(key)): bytes_note(item)
            if key in _BYTES_FIELDS and isinstance(item, str) and item not in files
            else storable_json(item, credentials, files=files, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [storable_json(item, credentials, files=files, depth=depth + 1) for item in value]
    if isinstance(value, str):
        if value in files:
            return f"<{files[value].stat().st_size} bytes>"
        if len(value) > _LONG and not re.search(r"\s", value):
            return bytes_note(value)
        return storable(redact(value, credentials))
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def bytes_note(encoded: str) -> str:
    return f"<{len(encoded.rstrip('=')) * 3 // 4} bytes>"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _places(response: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Relays put everything directly under `response` (QuantumNous/new-api#6838)."""
    return _mapping(response.get("generateVideoResponse")), response


def _videos(response: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for place in _places(response):
        for key in ("generatedSamples", "generatedVideos", "videos"):
            items = place.get(key)
            for item in items if isinstance(items, list) else []:
                yield _mapping(_mapping(item).get("video")) or _mapping(item)
        yield _mapping(place.get("video"))


def _outputs(response: Mapping[str, Any], files: Mapping[str, Path]) -> Iterator[Output]:
    for video in _videos(response):
        mime_type = str(video.get("encoding") or video.get("mimeType") or "video/mp4")
        uri = video.get("uri") or video.get("gcsUri")
        encoded = next((video[key] for key in sorted(_INLINE_FIELDS) if video.get(key)), None)
        if isinstance(uri, str) and uri:
            yield Output(uri=without_key(uri), mime_type=mime_type)
        elif isinstance(encoded, str):
            yield Output(inline=files.get(encoded) or decoded(encoded), mime_type=mime_type)


def without_key(uri: str) -> str:
    """An address without the key that a relay may have put in. A signature stays: the address needs it."""
    return re.sub(r"(?i)(?<=[?&])key=[^&#]*&?", "", uri).rstrip("?&")


def decoded(encoded: str) -> bytes:
    text = encoded.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Garbled("garbled", "Google's answer holds a video that cannot be decoded.") from None


def _filtered(response: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """The filter's sentences, and whether it held anything back."""
    reasons: list[str] = []
    count = False
    for place in _places(response):
        found = place.get("raiMediaFilteredReasons")
        if isinstance(found, str):
            found = [found]
        if isinstance(found, list):
            reasons += [reason for reason in found if isinstance(reason, str)]
        count = count or place.get("raiMediaFilteredCount") not in (None, 0, "0")
    return tuple(dict.fromkeys(reasons)), count or bool(reasons)


def _metadata(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The operation's metadata, and under "video" what some relays say about the video itself."""
    metadata = dict(_mapping(raw.get("metadata")))
    for video in _videos(_mapping(raw.get("response"))):
        if about := _mapping(video.get("metadata")):
            metadata.setdefault("video", dict(about))
    return metadata
