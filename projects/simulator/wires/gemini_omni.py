"""Gemini Omni on the Gemini API: interactions that are waited for, streamed, or worked on in the background.

From Google's pages and its SDK (3.4.0): addresses, fields, events and their order, string codes, that reading
an interaction brings its video inside the answer whatever delivery it was made with, and that deleting one
leaves its file. From reports: that a refusal looks like success (completed, and no video), that an empty
input is made and billed, and the 400 about two credentials.

A guess: the wording of refusals; the 404 of an interaction that is unknown, another key's or deleted (a name
of another form is a 400, which is reported); that it is cancelled at once; that a clip can be worked on as
long as its interaction is stored; that reading names the address once the file is gone; that it edits where
no task is named.

Not here: upscaling, uploads (HEIC pictures, videos of one's own, references that are videos), earlier steps
sent again as input, webhooks (accepted, never sent), and interactions of Vertex AI.
"""

import re
import secrets
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

from projects.simulator.access import ANY_PROJECT, UNAUTHENTICATED
from projects.simulator.answers import JSON_TYPE, Answer, Refusal, Request, error_info, json_answer, refusal
from projects.simulator.faults import STREAM, Fault
from projects.simulator.operations import Operation
from projects.simulator.wires.gemini_omni_body import (
    TEXT_MODEL,
    Asked,
    check_source,
    model_of,
    read_asked,
    read_text,
)
from projects.simulator.wires.gemini_omni_fields import error, invalid
from projects.simulator.wires.gemini_omni_stream import (
    DONE,
    IN_PROGRESS,
    OPENING,
    STREAM_TYPE,
    WAITING,
    Interaction,
    Piece,
    after,
    closing,
    numbered,
    opening,
    told,
    whole,
)
from projects.simulator.wires.gemini_omni_told import input_of, interaction, said, video_part
from projects.simulator.wires.order import Order
from projects.simulator.wires.wire import PATIENCE, Route, Stage, Wire, may_see
from projects.veo.catalog import EXTEND, GEMINI_OMNI, GEMINI_VEO, Model

ADDRESS = "/(?:v1beta|v1)/interactions"
NAME = re.compile(r"v1_[\w-]+")
FILE = re.compile(r"https?://[^/]+/(?:v1beta|v1)/files/([\w-]+)(?::download\?alt=media)?")
PARAMETERS = frozenset({"include_input", "stream", "last_event_id", "key"})

GLANCE = 0.1
"""Seconds for which a waiting answer waits for its video before it looks about: whether its client is still
there, and whether all is stopping."""

View = Callable[[float], Interaction]
"""Looks at an interaction as it stands, after at most so many seconds of waiting for its video."""


class GeminiOmni(Wire):
    back_ends = (GEMINI_OMNI,)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._texts: dict[str, tuple[str, Interaction]] = {}
        self.routes = (
            Route(name="submit", method="POST", pattern=ADDRESS, act=self._submit),
            Route(name="poll", method="GET", pattern=rf"{ADDRESS}/([^/]+)", act=self._read),
            Route(name="cancel", method="POST", pattern=rf"{ADDRESS}/([^/]+)/cancel", act=self._cancel),
            Route(name="delete", method="DELETE", pattern=rf"{ADDRESS}/([^/]+)", act=self._delete),
        )

    def check(self, request: Request) -> str:
        """API keys only."""
        owner = super().check(request)
        if owner == ANY_PROJECT:
            raise refusal(401, UNAUTHENTICATED, details=[error_info("ACCESS_TOKEN_TYPE_UNSUPPORTED")])
        return owner

    def unknown(self, model_id: str) -> Refusal:
        return error(404, "model_not_found", f"The model '{model_id}' was not found.")

    def gone(self, model: Model) -> Refusal:
        instead = f" Please use '{model.replaced_by}' instead." if model.replaced_by else ""
        return error(404, "model_not_found", f"The model '{model.id}' is no longer available.{instead}")

    def _submit(self, request: Request, owner: str, *, fault: Fault | None) -> Answer:
        body = self.body(request)
        model_id = model_of(body)
        if model_id == TEXT_MODEL:
            return self._say(owner, read_text(body))
        model = self.alive(model_id)
        asked = read_asked(body, model)
        source = self._source(asked, owner, model) if asked.task else None
        due = self._tag(asked.prompt)
        broken = next((one for one in (fault, due) if one and one.kind in STREAM), None)

        def accept(seen: Request) -> Answer:
            name, order = _new_name(), _order(asked, source)
            self.accept(order, model, owner, fault, id=name, name=name, **_remembered(asked, body))
            view = self._viewer(name, seen, inline=asked.delivery == "inline")
            return self._answer(asked, view, broken)

        return self.struck(due, request, accept)

    def _tag(self, prompt: str) -> Fault | None:
        try:
            return self.stage.tags.take(prompt, "submit")
        except ValueError as unknown:
            raise invalid(str(unknown)) from unknown

    def _source(self, asked: Asked, owner: str, model: Model) -> Operation:
        """The operation whose video is worked on. Raises Refusal when there is none, or not yet."""
        found = self._found(owner, asked.previous) if asked.previous else self._of_file(owner, asked.video)
        ended = None if found.more.get("cancelled") else self.ended(found)
        if ended is None:
            raise invalid(f"The interaction {found.name} is not completed.")
        if not ended.clips:
            raise invalid(f"The interaction {found.name} has no video.")
        check_source(asked, model, found.seconds)
        return found

    def _of_file(self, owner: str, address: str) -> Operation:
        match = FILE.fullmatch(address)
        found, now = self.stage.store.of_file(match[1]) if match else None, self.stage.clock()
        there = found and found.ready_at <= now < found.expires_at and may_see(owner, found)
        if found is None or not there or found.wire not in (GEMINI_OMNI, GEMINI_VEO):
            message = f"You do not have permission to access the File {address} or it may not exist."
            raise error(403, "permission_denied", message)
        return found

    def _found(self, owner: str, name: str) -> Operation:
        """A stored interaction of this caller. Raises Refusal for any other."""
        if not NAME.fullmatch(name):
            raise invalid(f"Invalid interaction name: interactions/{name}")
        found = self.stage.store.get(name)
        kept = found and found.more.get("store") and not found.more.get("deleted")
        if found is None or not kept or not may_see(owner, found):
            raise error(404, "not_found", f"The interaction {name} was not found.")
        return found

    def _answer(self, asked: Asked, view: View, broken: Fault | None = None) -> Answer:
        """What a create is answered with, in the mode that was asked for."""
        if asked.stream:
            return told(self._streamed(view), STREAM_TYPE, broken, self.stage.pause)
        if asked.background:
            return json_answer(view(0).begun.body)
        return told(self._whole(view), JSON_TYPE, broken, self.stage.pause)

    def _whole(self, view: View) -> Iterator[Piece]:
        ended = yield from self._end(view)
        yield whole(ended.body)

    def _streamed(self, view: View) -> Iterator[Piece]:
        yield from numbered(opening(view(0).begun))
        ended = yield from self._end(view)
        yield from numbered(closing(ended), first=OPENING + 1)
        yield Piece("done", DONE)

    def _end(self, view: View) -> Generator[Piece, None, Interaction]:
        """Waits until it is over. ConnectionAbortedError when the simulator stops first."""
        while (found := view(GLANCE)).status == IN_PROGRESS:
            yield WAITING
            if self.stage.pause(GLANCE / 4):
                raise ConnectionAbortedError("The simulator is stopping.")
        return found

    def _read(self, request: Request, owner: str, name: str) -> Answer:
        for parameter in request.parameters:
            if parameter not in PARAMETERS:
                raise refusal(400, f'Invalid JSON payload received. Unknown name "{parameter}".')
        if (text := self._texts.get(name)) and text[0] == owner:
            return json_answer(text[1].body)
        found = self._found(owner, name)
        return self.tagged(request, "poll", lambda seen: self._state(seen, found), found.prompt, found.id)

    def _state(self, request: Request, found: Operation) -> Answer:
        last, always = request.parameters.get("last_event_id", ""), self.stage.manners.interaction_reads
        there = self.stage.clock() < found.expires_at
        inline = found.more.get("delivery") == "inline" or (always == "inline" and there)
        view = self._viewer(found.id, request, inline=inline)
        if request.parameters.get("stream") == "true":
            pieces = self._streamed(view)
            return told(after(last, pieces) if last else pieces, STREAM_TYPE, None, self.stage.pause)
        if last:
            raise invalid("`last_event_id` can only be used if `stream` is true.")
        return json_answer(view(0.0 if self.stage.manners.latency else PATIENCE).body)

    def _cancel(self, request: Request, owner: str, name: str) -> Answer:
        """Only what runs in the background can be cancelled."""
        found = self._found(owner, name)
        if found.more.get("cancelled") or not found.more.get("background") or self.ended(found, patience=0):
            message = f"The interaction {name} is not running in the background."
            raise error(400, "failed_precondition", message)
        self._remember(found, cancelled=True)
        return json_answer(self._viewer(name, request, inline=False)(0).body)

    def _delete(self, request: Request, owner: str, name: str) -> Answer:
        if self._texts.get(name, ("",))[0] == owner:
            del self._texts[name]
        else:
            self._remember(self._found(owner, name), deleted=True)
        return json_answer({})

    def _remember(self, found: Operation, **what: bool) -> None:
        self.stage.store.add(replace(found, more={**found.more, **what}))

    def _viewer(self, name: str, request: Request, *, inline: bool) -> View:
        base, store = self.base(request), self.stage.store
        with_input = request.parameters.get("include_input") == "true"

        def view(patience: float) -> Interaction:
            found = store.get(name)
            assert found is not None  # noqa: S101 - what was accepted is never removed
            source = store.get(found.source)
            ended = None if found.more.get("cancelled") else self.ended(found, patience=patience)
            return interaction(
                found,
                ended,
                video_part(found, ended, base, inline=inline or found.outcome == "inline"),
                watched=source.seconds if source else 0,
                given=input_of(found, store.picture) if with_input else None,
            )

        return view

    def _say(self, owner: str, asked: Asked) -> Answer:
        """A word from the text model; it is free here, and forgotten when the simulator stops."""
        spoken = said(_new_name(), asked, self.stage.clock())
        if asked.store:
            self._texts[spoken.id] = (owner, spoken)
        return self._answer(asked, lambda patience: spoken)


def _new_name() -> str:
    return f"v1_{secrets.token_urlsafe(24)}"


def _order(asked: Asked, source: Operation | None) -> Order:
    """What is made: of an extension the whole, of an edit the length of its source.

    A seed number is taken and ignored: whether Google heeds it is not known.
    """
    length = source.seconds if source else 0
    return Order(
        prompt=asked.prompt,
        aspect_ratio=asked.aspect_ratio or (source.aspect_ratio if source else "16:9"),
        resolution=asked.resolution,
        seconds=length + (asked.seconds or 0) if asked.task in ("", EXTEND) else length,
        seed_image=asked.seed_image,
        last_frame=asked.last_frame,
        references=asked.references,
        task=asked.task,
        source=source.id if source else "",
    )


def _remembered(asked: Asked, body: dict[str, Any]) -> dict[str, Any]:
    """What an interaction has to know of its request besides the order."""
    echo = {
        name: body[name] for name in ("previous_interaction_id", "labels", "webhook_config") if name in body
    }
    modes = {"store": asked.store, "background": asked.background, "delivery": asked.delivery}
    return modes | {"echo": echo}
