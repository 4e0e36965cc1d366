"""What all wires have in common: routes, credentials, faults, accepting an order and the state it is in."""

import datetime as dt
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from projects.simulator.access import ANY_PROJECT, Access
from projects.simulator.answers import Answer, Refusal, Request, json_answer, refusal
from projects.simulator.darkroom import Clip, Darkroom
from projects.simulator.faults import BODY, OUTCOMES, SETTLED, Fault, strike
from projects.simulator.operations import Operation, Store, new_id
from projects.simulator.render import Shot
from projects.simulator.tags import TagFaults, caption_of
from projects.simulator.wires.order import Order, invalid
from projects.veo.catalog import CATALOG, EXTEND, Model

FAILURES = {
    3: "The request was found to be invalid while the video was generated.",
    7: "The caller does not have permission to execute the specified operation.",
    8: "Resource has been exhausted (e.g. check quota).",
    13: "Video generation failed due to an internal server issue. Please try again in a few minutes.",
    14: "The service is currently unavailable.",
}
"""gRPC codes and what an operation says with them."""

UNDRAWN = "The simulator could not draw this clip."

WITHOUT_CLIP = frozenset({"filtered", "failed", "empty"})
"""Outcomes for which nothing is rendered."""

PAGE = 50
"""Entries of a list when a caller asks for no number."""

PATIENCE = 15.0
"""Seconds for which a poll waits for the picture when no latency is simulated: tests need not sleep."""


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How this Google behaves. `latency` is seconds, or a range to draw from; see Simulator for the rest."""

    latency: float | tuple[float, float] = 0
    retired: Literal["serve", "refuse"] = "serve"
    list_operations: bool = True
    base_url: str = ""
    interaction_reads: Literal["inline", "uri"] = "inline"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What the wires of one simulator share. `clock` gives the time with its zone; `pause` sleeps so many
    seconds and is true when all is stopping."""

    store: Store
    darkroom: Darkroom
    access: Access
    manners: Manners
    clock: Callable[[], dt.datetime]
    pause: Callable[[float], object]
    tags: TagFaults = field(default_factory=TagFaults)


@dataclass(frozen=True, kw_only=True)
class Route:
    """An address: `act` is called with the request, the caller's project and what the pattern found.

    The act of a `submit` takes `fault` too, one of faults.SETTLED or None. `content` is what a fault of the
    bytes works on, where that is not what `act` answers. `when` tells addresses apart by their query.
    """

    name: str
    method: str
    pattern: str
    act: Callable[..., Answer]
    content: Callable[..., Answer] | None = None
    when: Callable[[Request], bool] = lambda request: True

    def names(self, request: Request) -> tuple[str, ...] | None:
        """What the address names (model, operation, file); None for another address."""
        match = re.fullmatch(self.pattern, request.path) if request.method == self.method else None
        return match.groups() if match and self.when(request) else None


@dataclass(frozen=True)
class Ended:
    """How an operation that is over stands: with clips, one per file, or with the `code` (gRPC) and `message`
    of its failure. Without either it made nothing; `held_back` says that the filter is why, or took a part.
    """

    clips: tuple[Clip, ...] = ()
    code: int = 0
    message: str = ""
    held_back: bool = False


class Wire:
    """Answers on some addresses. A wire sets `routes`, of which the first that fits is taken; `back_ends`
    says whose models it serves."""

    back_ends: tuple[str, ...] = ()

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.routes: tuple[Route, ...] = ()

    def route(self, request: Request) -> Route | None:
        return next((route for route in self.routes if route.names(request) is not None), None)

    def answer(self, request: Request, route: Route, scripted: Fault | None) -> Answer:
        """The answer to a request that takes that route, with a scripted fault if there is one."""
        names = route.names(request) or ()

        def normal(seen: Request) -> Answer:
            try:
                owner = self.check(seen)
                if route.name == "submit":
                    settled = scripted if scripted and scripted.kind in SETTLED else None
                    return route.act(seen, owner, *names, fault=settled)
                spoiled = route.content if scripted and scripted.kind in BODY else None
                return (spoiled or route.act)(seen, owner, *names)
            except Refusal as refused:
                return refused.answer

        return self.struck(scripted, request, normal)

    def check(self, request: Request) -> str:
        """The caller's project (see Access). Raises Refusal for a credential that this wire does not take."""
        return self.stage.access.check(request)

    def alive(self, model_id: str) -> Model:
        """Raises Refusal for a model that is unknown here or switched off."""
        model = CATALOG.get(model_id)
        if model is None or model.back_end not in self.back_ends:
            raise self.unknown(model_id)
        if self.is_retired(model):
            raise self.gone(model)
        return model

    def unknown(self, model_id: str) -> Refusal:
        return refusal(
            404,
            f"models/{model_id} is not found for API version v1beta, or is not supported for "
            "predictLongRunning. Call ListModels to see the list of available models and their supported "
            "methods.",
        )

    def gone(self, model: Model) -> Refusal:
        return refusal(
            404,
            f"This model models/{model.id} is no longer available. Please update your code to use "
            f"models/{model.replaced_by} for the latest features and improvements. We recommend you to "
            "use the Interactions API (https://ai.google.dev/gemini-api/docs/get-started).",
        )

    def is_retired(self, model: Model) -> bool:
        return self.stage.manners.retired == "refuse" and model.retired(self.stage.clock().date())

    def body(self, request: Request) -> Any:
        """The request's JSON. Raises Refusal when it is none."""
        try:
            return request.json
        except ValueError as error:
            raise invalid(f"Invalid JSON payload received. {error}") from error

    def tagged(self, request: Request, route: str, normal: Callable[[Request], Answer], *what: str) -> Answer:
        """The normal answer, unless a tag has something to say on `route`.

        `what` is the prompt and, on any other route than submit, the id of the operation.
        """
        try:
            due = self.stage.tags.take(what[0], route, *what[1:])
        except ValueError as error:
            raise invalid(str(error)) from error
        return self.struck(due, request, normal)

    def struck(self, due: Fault | None, request: Request, normal: Callable[[Request], Answer]) -> Answer:
        return strike(due, request, normal, self.stage.pause) if due else normal(request)

    def accept(
        self, order: Order, model: Model, owner: str, fault: Fault | None, *, id: str, name: str, **more: Any
    ) -> Operation:
        """Stores an operation under `id`, which is charged from now on, and has its clips made.

        `fault` is an outcome asked for by a script, which goes before one asked for by a tag. `more` is kept
        with the record.
        """
        wanted = fault if fault and fault.kind in OUTCOMES else self.stage.tags.take(order.prompt, "outcome")
        slow = self.stage.tags.take(order.prompt, "latency")
        now, keep = self.stage.clock(), self.stage.store.keep_picture
        operation = Operation(
            id=id,
            name=name,
            wire=model.back_end,
            model=model.id,
            prompt=order.prompt,
            aspect_ratio=order.aspect_ratio,
            resolution=order.resolution,
            seconds=order.seconds,
            files=tuple(new_id() for _ in range(order.samples)),
            created_at=now,
            ready_at=now + dt.timedelta(seconds=slow.seconds if slow else self._latency()),
            owner=owner,
            outcome=wanted.kind if wanted else "success",
            code=wanted.code if wanted else 13,
            message=wanted.message if wanted and wanted.kind == "failed" else "",
            seed_image=keep(order.seed_image) if order.seed_image else "",
            last_frame=keep(order.last_frame) if order.last_frame else "",
            references=tuple(keep(data) for data in order.references),
            task=order.task,
            source=order.source,
            footage=keep(order.footage) if order.footage else "",
            storage=order.storage,
            audio=order.audio,
            seed=order.seed,
            more=more,
        )
        self.stage.store.add(operation)
        self._draw(operation)
        return operation

    def _draw(self, operation: Operation) -> None:
        for file_id in operation.files if operation.outcome not in WITHOUT_CLIP else ():
            self.stage.darkroom.order(self.shot(operation, file_id))

    def _latency(self) -> float:
        latency = self.stage.manners.latency
        return random.uniform(*latency) if isinstance(latency, tuple) else latency  # noqa: S311 - no secret

    def ended(self, operation: Operation, *, patience: float | None = None) -> Ended | None:
        """How the operation stands; None while it is in work, after at most `patience` seconds of waiting for
        its picture (by default none when a latency is simulated, else PATIENCE)."""
        if self.stage.clock() < operation.ready_at:
            return None
        if operation.outcome == "failed":
            message = operation.message or FAILURES.get(operation.code, FAILURES[13])
            return Ended(code=operation.code, message=message)
        if operation.outcome in WITHOUT_CLIP:
            return Ended(held_back=operation.outcome == "filtered")
        if patience is None:
            patience = 0.0 if self.stage.manners.latency else PATIENCE
        darkroom = self.stage.darkroom
        shots = [self.shot(operation, file_id) for file_id in operation.files]
        clips = [clip for shot in shots if (clip := darkroom.find(shot, patience=patience))]
        if any(darkroom.spoilt(shot) for shot in shots):
            return Ended(code=13, message=UNDRAWN)
        if len(clips) < len(shots):
            return None
        return Ended(tuple(clips), held_back=operation.outcome == "partial")

    def shot(self, operation: Operation, file_id: str) -> Shot:
        model, store = CATALOG.by_id[operation.model], self.stage.store
        facts = [model.label, operation.resolution, operation.aspect_ratio, f"{operation.seconds} s"]
        if operation.task:
            facts.append("extended" if operation.task == "extend" else "edited")
        if operation.references:
            facts.append(f"{len(operation.references)} references")
        return Shot(
            caption=caption_of(operation.prompt),
            note="  ·  ".join(facts),
            aspect_ratio=operation.aspect_ratio,
            resolution=operation.resolution,
            seconds=operation.seconds,
            sound=operation.audio and model.sound != "never",
            seed_image=store.picture(operation.seed_image),
            last_frame=store.picture(operation.last_frame),
            take=operation.files.index(file_id),
            seed=operation.seed or 0,
            extends=self._extended(operation) if operation.task == EXTEND else None,
        )

    def _extended(self, operation: Operation) -> Shot | Path | None:
        source = self.stage.store.get(operation.source)
        if source is not None and source.files:
            return self.shot(source, source.files[0])
        return self.stage.store.picture(operation.footage)

    def base(self, request: Request) -> str:
        """What stands before the path of an address in an answer."""
        return self.stage.manners.base_url or host(request)


def host(request: Request) -> str:
    return f"http://{request.headers.get('host', 'localhost')}"


def may_see(owner: str, operation: Operation) -> bool:
    return ANY_PROJECT in (owner, operation.owner) or owner == operation.owner


def page(
    request: Request, name: str, entries: list[dict[str, Any]], *, size_name: str = "pageSize"
) -> Answer:
    """One page of a list, by its size and pageToken; the token is the place at which the page begins."""
    asked, token = request.parameters.get(size_name, str(PAGE)), request.parameters.get("pageToken", "0")
    if not (asked.isdecimal() and token.isdecimal()):
        raise invalid(f"Invalid value for {size_name} or pageToken.")
    start, size = int(token), min(int(asked) or PAGE, 1000)
    found: dict[str, Any] = {name: entries[start : start + size]}
    if start + size < len(entries):
        found["nextPageToken"] = str(start + size)
    return json_answer(found)


def stamp(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
