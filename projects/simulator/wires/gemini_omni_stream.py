"""How an interaction is told: as one JSON object, or event by event while it goes on.

Event names, their fields and their order are those of the SDK (3.4.0) and of reports. That a thought comes
first, the form of event ids, and what the stream of a cancelled interaction ends with, are guesses.
"""

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from projects.simulator.answers import Answer, Ending
from projects.simulator.faults import Fault, Pause
from projects.simulator.wires.gemini_omni_fields import invalid

IN_PROGRESS = "in_progress"
COMPLETED = "completed"
FAILED = "failed"
CANCELLED = "cancelled"

OPENING = 2
"""How many events come before there is anything to show."""

STREAM_TYPE = "text/event-stream"
DONE = b"event: done\ndata: [DONE]\n\n"


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """One interaction as it stands. `steps` are what the model made of it, `echo` what was asked for."""

    id: str
    model: str
    created_at: dt.datetime
    updated_at: dt.datetime
    status: str = IN_PROGRESS
    steps: tuple[Mapping[str, Any], ...] = ()
    errors: tuple[Mapping[str, str], ...] = ()
    usage: Mapping[str, Any] = field(default_factory=dict)
    echo: Mapping[str, Any] = field(default_factory=dict)

    @property
    def begun(self) -> "Interaction":
        """As it was when it was created."""
        return replace(self, updated_at=self.created_at, status=IN_PROGRESS, steps=(), errors=(), usage={})

    @property
    def head(self) -> dict[str, Any]:
        """What an event says of it: all but its steps."""
        return {
            "id": self.id,
            "object": "interaction",
            "status": self.status,
            "model": self.model,
            "created": stamp(self.created_at),
            "updated": stamp(self.updated_at),
            "service_tier": "standard",
        } | ({"usage": self.usage} if self.usage else {})

    @property
    def body(self) -> dict[str, Any]:
        """The whole of it. A running one has no steps yet."""
        found: dict[str, Any] = {name: value for name, value in self.echo.items() if value}
        if self.status != IN_PROGRESS:
            found["steps"] = list(self.steps)
        if self.errors:
            found["errors"] = list(self.errors)
        return self.head | found


class Piece(NamedTuple):
    """A part of an answer's body; without bytes it only passes the time. `event` is "" for an answer that is
    no stream, and "video" for the event that brings one."""

    event: str
    data: bytes


WAITING = Piece("", b"")


def stamp(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def opening(begun: Interaction) -> Iterator[dict[str, Any]]:
    """The first OPENING events."""
    yield {"event_type": "interaction.created", "interaction": begun.head}
    update = {"interaction_id": begun.id, "status": IN_PROGRESS}
    yield {"event_type": "interaction.status_update"} | update


def closing(ended: Interaction) -> Iterator[dict[str, Any]]:
    """The result, step by step, or the error."""
    if ended.status == FAILED:
        yield {"event_type": "error", "error": ended.errors[0] if ended.errors else {}}
        return
    for index, step in enumerate(ended.steps):
        yield {"event_type": "step.start", "index": index, "step": {"type": step["type"]}}
        for delta in _deltas(step):
            yield {"event_type": "step.delta", "index": index, "delta": delta}
        yield {"event_type": "step.stop", "index": index}
    yield {"event_type": "interaction.completed", "interaction": ended.head}


def _deltas(step: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    if "signature" in step:
        return [{"type": "thought_signature", "signature": step["signature"]}]
    content: Iterable[Mapping[str, Any]] = step.get("content", ())
    return content


def numbered(events: Iterable[dict[str, Any]], *, first: int = 1) -> Iterator[Piece]:
    """Events as server-sent events, with ids that are the same each time they are told."""
    for number, event in enumerate(events, first):
        name, told = event["event_type"], json.dumps(event | {"event_id": f"evt_{number}"})
        video = event.get("delta", {}).get("type") == "video"
        yield Piece("video" if video else name, f"event: {name}\ndata: {told}\n\n".encode())


def after(last: str, pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The rest of a stream, for a client that has read as far as the event of that id."""
    found = re.fullmatch(r"evt_(\d{1,9})", last)
    if found is None:
        raise invalid("Invalid value for `last_event_id`.")
    return _rest(int(found[1]), pieces)


def _rest(count: int, pieces: Iterable[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        if not piece.data or count <= 0:
            yield piece
        else:
            count -= 1


def told(pieces: Iterable[Piece], content_type: str, wanted: Fault | None, pause: Pause) -> Answer:
    """An answer whose body comes piece by piece; `wanted`, one of faults.STREAM, breaks it off."""
    chunks = _framed(_struck(pieces, wanted, pause) if wanted else pieces)
    headers = {"Content-Type": content_type, "Transfer-Encoding": "chunked"}
    return Answer(headers=headers, chunks=chunks, length=None, ending=Ending.CLOSE)


def whole(body: Mapping[str, Any]) -> Piece:
    return Piece("", json.dumps(body, indent=2).encode())


def _framed(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """Chunked as HTTP/1.1 has it, so that a client can tell an end from a break."""
    for piece in pieces:
        yield b"%x\r\n%b\r\n" % (len(piece.data), piece.data) if piece.data else b""
    yield b"0\r\n\r\n"


def _struck(pieces: Iterable[Piece], wanted: Fault, pause: Pause) -> Iterator[Piece]:
    """The pieces up to the break that one of faults.STREAM asks for. Of an answer that is no stream, nothing
    comes before the id but its end."""
    for piece in pieces:
        if not piece.data:
            yield piece
        elif wanted.kind == "cut_in_video":
            inside = piece.event in ("video", "")
            yield Piece(piece.event, piece.data[: len(piece.data) // 2]) if inside else piece
            if inside:
                break
        else:
            if wanted.kind != "cut_before_id" and piece.event:
                yield piece
            while wanted.kind == "stuck" and not pause(STILL_THERE):
                yield WAITING
            break
    raise ConnectionAbortedError(f"The answer breaks off: {wanted.kind}.")


STILL_THERE = 0.1
"""Seconds after which a waiting answer looks whether its client is still there."""
