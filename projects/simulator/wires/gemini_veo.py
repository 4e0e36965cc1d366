"""Veo on the Gemini API: `:predictLongRunning`, operations, files and their download, the model list."""

import base64
import datetime as dt
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from projects.simulator.access import ANY_PROJECT, Access
from projects.simulator.answers import Answer, Refusal, Request, json_answer, refusal
from projects.simulator.darkroom import Clip, Darkroom
from projects.simulator.faults import BODY, OUTCOMES, Fault, strike
from projects.simulator.operations import Operation, Store, new_id
from projects.simulator.ranges import ranged
from projects.simulator.render import Shot
from projects.simulator.tags import TagFaults, without_tags
from projects.simulator.wires.gemini_veo_body import Order, invalid, read_order
from projects.veo.catalog import CATALOG, GEMINI_VEO, Model

RESPONSE_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"

FILTER_REASONS = (
    "We encountered an issue with the audio for your prompt, which means we could not create your video. "
    "This can sometimes happen due to our safety filters or other processing issues. Please modify your "
    "request and try again. You have not been charged for this attempt.",
)

FAILURES = {
    3: "The request was found to be invalid while the video was generated.",
    7: "The caller does not have permission to execute the specified operation.",
    8: "Resource has been exhausted (e.g. check quota).",
    13: "Video generation failed due to an internal server issue. Please try again in a few minutes.",
    14: "The service is currently unavailable.",
}
"""gRPC codes and what an operation says with them."""

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


@dataclass(frozen=True)
class Route:
    """An address: `act` is called with the request, the caller's project and what the pattern found."""

    name: str
    method: str
    pattern: str
    act: Callable[..., Answer]

    def names(self, request: Request) -> tuple[str, ...] | None:
        """What the address names (model, operation, file); None for another address."""
        match = re.fullmatch(self.pattern, request.path) if request.method == self.method else None
        return match and match.groups()


class GeminiVeo:
    """Answers for one wire. `clock` gives the time with its zone; `pause` sleeps unless all is stopping."""

    def __init__(
        self,
        *,
        store: Store,
        darkroom: Darkroom,
        access: Access,
        manners: Manners,
        clock: Callable[[], dt.datetime],
        pause: Callable[[float], object],
    ) -> None:
        self._store, self._darkroom, self._access = store, darkroom, access
        self._manners, self._clock, self._pause = manners, clock, pause
        self._tags = TagFaults()
        self._routes = (
            Route("submit", "POST", r"/v1beta/models/([\w.-]+):predictLongRunning", self._submit),
            Route("poll", "GET", r"/v1beta/models/([\w.-]+)/operations/([\w-]+)", self._poll),
            Route("list", "GET", r"/v1beta/models/([\w.-]+)/operations", self._list),
            Route("models", "GET", r"/v1beta/models", self._models),
            Route("model", "GET", r"/v1beta/models/([\w.-]+)", self._model),
            Route("file", "GET", r"/v1beta/files/([\w-]+)", self._file),
            Route("download", "GET", r"/v1beta/files/([\w-]+):download", self._download),
            Route("media", "GET", r"/download/v1beta/files/([\w-]+):download", self._media),
        )

    def route(self, request: Request) -> Route | None:
        return next((route for route in self._routes if route.names(request) is not None), None)

    def answer(self, request: Request, route: Route, scripted: Fault | None) -> Answer:
        """The answer to a request that takes that route, with a scripted fault if there is one."""
        names = route.names(request) or ()

        def normal(seen: Request) -> Answer:
            try:
                owner = self._access.check(seen)
                if scripted and scripted.kind in OUTCOMES:
                    return self._submit(seen, owner, names[0], outcome=scripted)
                if scripted and scripted.kind in BODY:
                    return self._media(seen, owner, names[0])
                return route.act(seen, owner, *names)
            except Refusal as refused:
                return refused.answer

        return strike(scripted, request, normal, self._pause) if scripted else normal(request)

    def _submit(self, request: Request, owner: str, model_id: str, outcome: Fault | None = None) -> Answer:
        model = self._alive(model_id)
        try:
            body = request.json
        except ValueError as error:
            raise invalid(f"Invalid JSON payload received. {error}") from error
        order = read_order(body, model)
        try:
            tagged = self._tags.take(order.prompt, "submit")
        except ValueError as error:
            raise invalid(str(error)) from error

        def accept(_: Request) -> Answer:
            return json_answer({"name": self._accept(order, model, owner, outcome).name})

        return strike(tagged, request, accept, self._pause) if tagged else accept(request)

    def _accept(self, order: Order, model: Model, owner: str, outcome: Fault | None) -> Operation:
        wanted = outcome or self._tags.take(order.prompt, "outcome")
        slow = self._tags.take(order.prompt, "latency")
        now = self._clock()
        operation = Operation(
            id=new_id(),
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
            seed_image=self._store.keep_picture(order.seed_image) if order.seed_image else "",
            last_frame=self._store.keep_picture(order.last_frame) if order.last_frame else "",
        )
        self._store.add(operation)
        if operation.outcome not in ("filtered", "failed", "empty"):
            for file_id in operation.files:
                self._darkroom.order(self._shot(operation, file_id))
        return operation

    def _latency(self) -> float:
        latency = self._manners.latency
        return random.uniform(*latency) if isinstance(latency, tuple) else latency  # noqa: S311 - no secret

    def _poll(self, request: Request, owner: str, model_id: str, operation_id: str) -> Answer:
        self._alive(model_id)
        operation = self._store.get(operation_id)
        if operation is None or operation.model != model_id:
            raise refusal(404, f"Operation models/{model_id}/operations/{operation_id} not found.")

        def normal(seen: Request) -> Answer:
            return json_answer(self._state(operation, self._base(seen)))

        tagged = self._tags.take(operation.prompt, "poll", operation.id)
        return strike(tagged, request, normal, self._pause) if tagged else normal(request)

    def _state(self, operation: Operation, base: str) -> dict[str, Any]:
        running = {"name": operation.name}
        if self._clock() < operation.ready_at:
            return running
        done = running | {"done": True}
        if operation.outcome == "failed":
            message = operation.message or FAILURES.get(operation.code, FAILURES[13])
            return done | {"error": {"code": operation.code, "message": message}}
        if operation.outcome in ("filtered", "empty"):
            return done | {"response": _response([], held_back=operation.outcome == "filtered")}
        patience = 0.0 if self._manners.latency else PATIENCE
        shots = [self._shot(operation, file_id) for file_id in operation.files]
        finished = [clip for shot in shots if (clip := self._darkroom.find(shot, patience=patience))]
        if any(self._darkroom.spoilt(shot) for shot in shots):
            return done | {"error": {"code": 13, "message": "The simulator could not draw this clip."}}
        if len(finished) < len(shots):
            return running
        return done | {"response": self._videos(operation, finished, base)}

    def _videos(self, operation: Operation, clips: list[Clip], base: str) -> dict[str, Any]:
        addresses = [f"{base}/v1beta/files/{file_id}:download?alt=media" for file_id in operation.files]
        match operation.outcome:
            case "inline":
                encoded = [base64.b64encode(clip.path.read_bytes()).decode() for clip in clips]
                return _response([{"encodedVideo": data, "encoding": "video/mp4"} for data in encoded])
            case "seed_shape":
                told = {"resolution": operation.resolution, "aspect_ratio": operation.aspect_ratio}
                metadata = told | {"duration": f"{operation.seconds}s", "model": operation.model}
                return {"video": {"uri": addresses[0], "metadata": metadata}}
            case "partial":
                return _response([{"uri": addresses[0]}], held_back=True)
            case _:
                return _response([{"uri": address} for address in addresses])

    def _list(self, request: Request, owner: str, model_id: str) -> Answer:
        if not self._manners.list_operations:
            raise refusal(404, f"models/{model_id}/operations not found.")
        self._alive(model_id)
        mine = [one for one in self._store.all() if one.model == model_id and _may_see(owner, one)]
        entries = [
            {"name": one.name, "metadata": {"createTime": _stamp(one.created_at)}}
            | ({"done": True} if self._clock() >= one.ready_at else {})
            for one in reversed(mine)
        ]
        return _page(request, "operations", entries)

    def _models(self, request: Request, owner: str) -> Answer:
        served = [
            model for model in CATALOG.models if model.back_end == GEMINI_VEO and not self._is_retired(model)
        ]
        return _page(request, "models", [_described(model) for model in served])

    def _model(self, request: Request, owner: str, model_id: str) -> Answer:
        return json_answer(_described(self._alive(model_id)))

    def _alive(self, model_id: str) -> Model:
        model = CATALOG.get(model_id)
        if model is None or model.back_end != GEMINI_VEO:
            raise refusal(
                404,
                f"models/{model_id} is not found for API version v1beta, or is not supported for "
                "predictLongRunning. Call ListModels to see the list of available models and their supported "
                "methods.",
            )
        if self._is_retired(model):
            raise refusal(
                404,
                f"This model models/{model.id} is no longer available. Please update your code to use "
                f"models/{model.replaced_by} for the latest features and improvements. We recommend you to "
                "use the Interactions API (https://ai.google.dev/gemini-api/docs/get-started).",
            )
        return model

    def _is_retired(self, model: Model) -> bool:
        return self._manners.retired == "refuse" and model.retired(self._clock().date())

    def _file(self, request: Request, owner: str, file_id: str) -> Answer:
        operation, clip = self._found(owner, file_id)
        address = f"{self._base(request)}/v1beta/files/{file_id}"
        ready = _stamp(operation.ready_at)
        return json_answer(
            {
                "name": f"files/{file_id}",
                "mimeType": "video/mp4",
                "sizeBytes": str(clip.size),
                "createTime": ready,
                "updateTime": ready,
                "expirationTime": _stamp(operation.expires_at),
                "sha256Hash": base64.b64encode(clip.sha256).decode(),
                "uri": address,
                "downloadUri": f"{address}:download?alt=media",
                "state": "ACTIVE",
                "source": "GENERATED",
                "videoMetadata": {"videoDuration": f"{operation.seconds}s"},
            }
        )

    def _download(self, request: Request, owner: str, file_id: str) -> Answer:
        operation, _ = self._found(owner, file_id)
        _wants_media(request)
        tagged = self._tags.take(operation.prompt, "download", operation.id)
        if tagged:
            return strike(tagged, request, lambda seen: self._media(seen, owner, file_id), self._pause)
        target = f"{_host(request)}/download/v1beta/files/{file_id}:download?{request.query}"
        return Answer(status=302, headers={"Location": target})

    def _media(self, request: Request, owner: str, file_id: str) -> Answer:
        _, clip = self._found(owner, file_id)
        _wants_media(request)
        return ranged(request, clip)

    def _found(self, owner: str, file_id: str) -> tuple[Operation, Clip]:
        """A file that is there for this caller: made, not expired, and paid for with the same key."""
        operation, now = self._store.of_file(file_id), self._clock()
        if operation and operation.ready_at <= now < operation.expires_at:
            shot = self._shot(operation, file_id)
            clip = self._darkroom.find(shot, patience=PATIENCE) if _may_see(owner, operation) else None
            if clip is not None:
                return operation, clip
        raise refusal(403, f"You do not have permission to access the File {file_id} or it may not exist.")

    def _shot(self, operation: Operation, file_id: str) -> Shot:
        model = CATALOG.by_id[operation.model]
        ratio, length = operation.aspect_ratio, f"{operation.seconds} s"
        return Shot(
            caption=without_tags(operation.prompt),
            note="  ·  ".join((model.label, operation.resolution, ratio, length)),
            aspect_ratio=ratio,
            resolution=operation.resolution,
            seconds=operation.seconds,
            sound=model.sound != "never",
            seed_image=self._store.picture(operation.seed_image),
            last_frame=self._store.picture(operation.last_frame),
            take=operation.files.index(file_id),
        )

    def _base(self, request: Request) -> str:
        return self._manners.base_url or _host(request)


def _host(request: Request) -> str:
    return f"http://{request.headers.get('host', 'localhost')}"


def _may_see(owner: str, operation: Operation) -> bool:
    return ANY_PROJECT in (owner, operation.owner) or owner == operation.owner


def _response(videos: list[dict[str, str]], *, held_back: bool = False) -> dict[str, Any]:
    inner: dict[str, Any] = {"generatedSamples": [{"video": video} for video in videos]} if videos else {}
    if held_back:
        inner |= {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": list(FILTER_REASONS)}
    return {"@type": RESPONSE_TYPE, "generateVideoResponse": inner}


def _described(model: Model) -> dict[str, Any]:
    return {
        "name": f"models/{model.id}",
        "version": model.id.split("-")[1],
        "displayName": model.label,
        "inputTokenLimit": model.prompt_tokens,
        "outputTokenLimit": 8192,
        "supportedGenerationMethods": ["predictLongRunning"],
    }


def _page(request: Request, name: str, entries: list[dict[str, Any]]) -> Answer:
    """One page of a list, by pageSize and pageToken; the token is the place at which the page begins."""
    asked, token = request.parameters.get("pageSize", str(PAGE)), request.parameters.get("pageToken", "0")
    if not (asked.isdecimal() and token.isdecimal()):
        raise invalid("Invalid value for pageSize or pageToken.")
    start, size = int(token), min(int(asked) or PAGE, 1000)
    page: dict[str, Any] = {name: entries[start : start + size]}
    if start + size < len(entries):
        page["nextPageToken"] = str(start + size)
    return json_answer(page)


def _wants_media(request: Request) -> None:
    if request.parameters.get("alt") != "media":
        raise invalid("Downloading a file requires alt=media.")


def _stamp(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
