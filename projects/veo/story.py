"""An interaction as a stream of events tells it.

Facts: the event types of google-genai 3.4.0. How a stream splits a long `data` is not known; what cannot be
put together here is asked for again by polling.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from projects.veo.credentials import Credentials
from projects.veo.errors import Garbled
from projects.veo.inline import LONG, Body, Files
from projects.veo.interactions import (
    NO_REASON,
    RUNNING,
    cost_of,
    interaction_id,
    items_of,
    mapping,
    read_interaction,
    refused,
)
from projects.veo.operations import storable_json
from projects.veo.outcome import REJECTIONS
from projects.veo.refusals import CONTENT_CODES
from projects.veo.types import Phase, Progress

ERROR_STATUS = {
    "invalid_request": 400,
    "parameter_unknown": 400,
    "failed_precondition": 400,
    **dict.fromkeys(CONTENT_CODES, 400),
    "authentication": 401,
    "payment_required": 402,
    "permission_denied": 403,
    "not_found": 404,
    "model_not_found": 404,
    "rate_limit_exceeded": 429,
    "quota_exceeded": 429,
    "too_many_requests": 429,
}
"""Codes of the Interactions API by which Google refuses (ai.google.dev, api-errors)."""

_FINAL = REJECTIONS | {429}
_MOST = 64
_LONGEST_TEXT = 20_000
_KEPT = ("type", "text", "data", "uri", "mime_type")


class Story:
    """An interaction as its events tell it. `hear` them in order.

    `ref` is its id once it is known, `ended` whether its end was told, `error` what went wrong instead. The
    files of the events are the story's until `progress` gives them on; `discard` it where nobody asks.
    """

    def __init__(self) -> None:
        self.ref = ""
        self.ended = False
        self.error: Mapping[str, Any] = {}
        self._head: dict[str, Any] = {}
        self._steps: dict[int, dict[str, Any]] = {}
        self._torn = False
        self._files = Files()

    def hear(self, event: Body) -> None:
        for mark, path in event.files.items():
            self._files.add(mark, path)
        about = mapping(event.get("interaction"))
        self._learn_id(about.get("id") or event.get("interaction_id"))
        match event.get("event_type"):
            case "step.start":
                self._begin(self._index(event, new=True), mapping(event.get("step")))
            case "step.delta":
                self._more(self._index(event), mapping(event.get("delta")))
            case "interaction.completed":
                self.ended = True
            case "error":
                self.error = {"message": NO_REASON}
        if error := mapping(event.get("error")):
            self.error = error
        self._head |= {name: value for name, value in about.items() if value not in (None, [], {})}
        for name in ("status", "usage"):
            if event.get(name):
                self._head[name] = event[name]

    def progress(self, credentials: Credentials | None, *, model: str, whole: bool) -> Progress | None:
        """How it ended; None where only a poll can say that.

        `whole` says that no event was lost. A result without a video is believed only if it says why, or what
        it used: a shape that we misread must not look like a refusal.
        """
        status = str(self._head.get("status") or "")
        if self._torn or not (self.ended or (status and status not in RUNNING)):
            self.discard()
            return None
        told = self._head | {"id": self.ref}
        if self._has_video or not told.get("steps"):
            told["steps"] = [step for _, step in sorted(self._steps.items())]
        if self.ended and status in ("", *RUNNING):
            told["status"] = "completed"
        try:
            progress = read_interaction(Body(told, self._files), credentials, model=model)
        except Garbled:
            return None
        if progress.phase is Phase.FILTERED and progress.reasons == (NO_REASON,):
            whole = whole and bool(self._head.get("usage"))
        believed = progress.phase is Phase.SUCCEEDED or (whole and progress.phase is not Phase.EMPTY)
        return progress if believed else None

    @property
    def error_status(self) -> int:
        """The HTTP status that the error would have had; 500 for unknown words, for they prove nothing."""
        code = self.error.get("code")
        if isinstance(code, int) and 400 <= code <= 599:
            return code
        return ERROR_STATUS.get(str(code).lower(), 500)

    def failure(self, credentials: Credentials | None, *, model: str) -> Progress | None:
        """What its error says of it; None where it leaves that open: Google's own trouble, or a video."""
        self.discard()
        if self.error_status not in _FINAL or self._has_video:
            return None
        cost = cost_of(self._head, model, video=False)
        return replace(refused("failed", self.raw(credentials)), cost_micros=cost)

    def raw(self, credentials: Credentials | None) -> Mapping[str, Any]:
        """What is known of it, as it may be stored."""
        found: Mapping[str, Any] = storable_json(self._head | {"error": self.error}, credentials)
        return found

    def discard(self) -> None:
        self._files.discard()

    @property
    def _has_video(self) -> bool:
        return any(part["type"] == "video" for step in self._steps.values() for part in step["content"])

    def _learn_id(self, value: object) -> None:
        if not self.ref and value:
            try:
                self.ref = interaction_id(value)
            except Garbled:
                return

    def _index(self, event: Mapping[str, Any], *, new: bool = False) -> int:
        index = event.get("index")
        if isinstance(index, int):
            return index
        return len(self._steps) if new else max(self._steps, default=0)

    def _begin(self, index: int, step: Mapping[str, Any]) -> None:
        if len(self._steps) >= _MOST:
            self._torn = True
            return
        self._steps[index] = {"type": step.get("type"), "error": step.get("error"), "content": []}
        for part in items_of(step.get("content")):
            self._more(index, part)

    def _more(self, index: int, delta: Mapping[str, Any]) -> None:
        """A part of a step's content: a text goes on, a video is told what it lacks."""
        if index not in self._steps:
            self._begin(index, {"type": "model_output"})
        if delta.get("type") not in ("text", "video") or index not in self._steps:
            return
        part = {name: value for name in _KEPT if isinstance(value := delta.get(name), str)}
        content: list[dict[str, Any]] = self._steps[index]["content"]
        last = content[-1] if content else {}
        if last.get("type") != part["type"]:
            content.append(part)
        elif part["type"] == "text":
            last["text"] = (last.get("text", "") + part.get("text", ""))[:_LONGEST_TEXT]
        else:
            self._torn = self._torn or any(name in last and name in part for name in ("data", "uri"))
            last.update(part)
        self._torn = self._torn or len(content) > _MOST or len(part.get("data", "")) > 2 * LONG
