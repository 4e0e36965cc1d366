"""Veo on the Gemini API: `:predictLongRunning` and its operations. Files and models: see gemini_files."""

import base64
import re
from typing import Any

from projects.simulator.answers import Answer, Request, json_answer, refusal
from projects.simulator.faults import Fault
from projects.simulator.operations import Operation, new_id
from projects.simulator.wires.gemini_veo_body import read_order
from projects.simulator.wires.order import invalid
from projects.simulator.wires.wire import Ended, Route, Stage, Wire, may_see, page, stamp
from projects.veo.catalog import GEMINI_VEO

RESPONSE_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"

FILTER_REASONS = (
    "We encountered an issue with the audio for your prompt, which means we could not create your video. "
    "This can sometimes happen due to our safety filters or other processing issues. Please modify your "
    "request and try again. You have not been charged for this attempt.",
)

FILE_ADDRESS = re.compile(r"https?://[^/]+/v1(?:beta)?/files/([a-z0-9]+)(?::download)?(?:\?.*)?")


class GeminiVeo(Wire):
    back_ends = (GEMINI_VEO,)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        model = r"/v1beta/models/([\w.-]+)"
        self.routes = (
            Route(name="submit", method="POST", pattern=f"{model}:predictLongRunning", act=self._submit),
            Route(name="poll", method="GET", pattern=rf"{model}/operations/([\w-]+)", act=self._poll),
            Route(name="list", method="GET", pattern=f"{model}/operations", act=self._list),
        )

    def _submit(self, request: Request, owner: str, model_id: str, *, fault: Fault | None) -> Answer:
        model = self.alive(model_id)
        order = read_order(self.body(request), model, lambda uri: self._source(owner, uri))

        def accept(_: Request) -> Answer:
            id = new_id()
            name = f"models/{model.id}/operations/{id}"
            return json_answer({"name": self.accept(order, model, owner, fault, id=id, name=name).name})

        return self.tagged(request, "submit", accept, order.prompt)

    def _source(self, owner: str, uri: str) -> Operation:
        """The operation whose file is to be extended: of this wire and caller, ready, and not expired."""
        found = FILE_ADDRESS.fullmatch(uri)
        operation = self.stage.store.of_file(found[1]) if found else None
        if operation is None or operation.wire != GEMINI_VEO or not may_see(owner, operation):
            raise invalid("`video` needs the `uri` of a video that Veo has generated.")
        if not operation.ready_at <= self.stage.clock() < operation.expires_at:
            raise invalid("`video` is no longer stored, or not yet.")
        return operation

    def _poll(self, request: Request, owner: str, model_id: str, operation_id: str) -> Answer:
        self.alive(model_id)
        operation = self.stage.store.get(operation_id)
        if operation is None or operation.model != model_id or operation.wire != GEMINI_VEO:
            raise refusal(404, f"Operation models/{model_id}/operations/{operation_id} not found.")

        def normal(seen: Request) -> Answer:
            return json_answer(self._state(operation, self.base(seen)))

        return self.tagged(request, "poll", normal, operation.prompt, operation.id)

    def _state(self, operation: Operation, base: str) -> dict[str, Any]:
        running, ended = {"name": operation.name}, self.ended(operation)
        if ended is None:
            return running
        done = running | {"done": True}
        if ended.code:
            return done | {"error": {"code": ended.code, "message": ended.message}}
        if not ended.clips:
            return done | {"response": _response([], held_back=ended.held_back)}
        return done | {"response": _videos(operation, ended, base)}

    def _list(self, request: Request, owner: str, model_id: str) -> Answer:
        if not self.stage.manners.list_operations:
            raise refusal(404, f"models/{model_id}/operations not found.")
        self.alive(model_id)
        mine = [one for one in self.stage.store.all() if one.model == model_id and may_see(owner, one)]
        entries = [
            {"name": one.name, "metadata": {"createTime": stamp(one.created_at)}}
            | ({"done": True} if self.stage.clock() >= one.ready_at else {})
            for one in reversed(mine)
        ]
        return page(request, "operations", entries)


def _videos(operation: Operation, ended: Ended, base: str) -> dict[str, Any]:
    addresses = [f"{base}/v1beta/files/{file_id}:download?alt=media" for file_id in operation.files]
    match operation.outcome:
        case "inline":
            encoded = [base64.b64encode(clip.path.read_bytes()).decode() for clip in ended.clips]
            return _response([{"encodedVideo": data, "encoding": "video/mp4"} for data in encoded])
        case "seed_shape":
            told = {"resolution": operation.resolution, "aspect_ratio": operation.aspect_ratio}
            metadata = told | {"duration": f"{operation.seconds}s", "model": operation.model}
            return {"video": {"uri": addresses[0], "metadata": metadata}}
        case "partial":
            return _response([{"uri": addresses[0]}], held_back=True)
        case _:
            return _response([{"uri": address} for address in addresses])


def _response(videos: list[dict[str, str]], *, held_back: bool = False) -> dict[str, Any]:
    inner: dict[str, Any] = {"generatedSamples": [{"video": video} for video in videos]} if videos else {}
    if held_back:
        inner |= {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": list(FILTER_REASONS)}
    return {"@type": RESPONSE_TYPE, "generateVideoResponse": inner}
