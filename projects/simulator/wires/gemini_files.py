"""What the wires of the Gemini API share: the files they leave behind, their download, and the model list."""

import base64
from typing import Any

from projects.simulator.answers import Answer, Request, json_answer, refusal
from projects.simulator.darkroom import Clip
from projects.simulator.operations import Operation
from projects.simulator.ranges import ranged
from projects.simulator.wires.order import invalid
from projects.simulator.wires.wire import PATIENCE, Route, Stage, Wire, host, may_see, page, stamp
from projects.veo.catalog import CATALOG, GEMINI_OMNI, GEMINI_VEO, Model

METHODS = {GEMINI_VEO: "predictLongRunning", GEMINI_OMNI: "createInteraction"}
"""What the model list says a model can do. That of Omni is a guess."""

VERSION = "/(?:v1beta|v1)"


class GeminiFiles(Wire):
    back_ends = (GEMINI_VEO, GEMINI_OMNI)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.routes = (
            Route(name="models", method="GET", pattern=rf"{VERSION}/models", act=self._models),
            Route(name="model", method="GET", pattern=rf"{VERSION}/models/([\w.-]+)", act=self._model),
            Route(name="file", method="GET", pattern=rf"{VERSION}/files/([\w-]+)", act=self._file),
            Route(
                name="download",
                method="GET",
                pattern=rf"{VERSION}/files/([\w-]+):download",
                act=self._download,
                content=self._media,
            ),
            Route(
                name="media",
                method="GET",
                pattern=rf"/download{VERSION}/files/([\w-]+):download",
                act=self._media,
            ),
        )

    def _models(self, request: Request, owner: str) -> Answer:
        served = [
            model
            for model in CATALOG.models
            if model.back_end in self.back_ends and not self.is_retired(model)
        ]
        return page(request, "models", [_described(model) for model in served])

    def _model(self, request: Request, owner: str, model_id: str) -> Answer:
        return json_answer(_described(self.alive(model_id)))

    def _file(self, request: Request, owner: str, file_id: str) -> Answer:
        operation, clip = self._found(owner, file_id)
        address = f"{self.base(request)}/v1beta/files/{file_id}"
        ready = stamp(operation.ready_at)
        return json_answer(
            {
                "name": f"files/{file_id}",
                "mimeType": "video/mp4",
                "sizeBytes": str(clip.size),
                "createTime": ready,
                "updateTime": ready,
                "expirationTime": stamp(operation.expires_at),
                "sha256Hash": base64.b64encode(clip.sha256).decode(),
                "uri": address,
                "downloadUri": f"{address}:download?alt=media",
                "state": "ACTIVE",
                "source": "GENERATED",
                "videoMetadata": {"videoDuration": f"{operation.seconds}s"},
            }
        )

    def _download(self, request: Request, owner: str, file_id: str) -> Answer:
        """Veo's files are answered with a redirect, Omni's with the bytes."""
        operation, _ = self._found(owner, file_id)
        _wants_media(request)
        tagged = self.stage.tags.take(operation.prompt, "download", operation.id)
        if tagged or operation.wire == GEMINI_OMNI:
            return self.struck(tagged, request, lambda seen: self._media(seen, owner, file_id))
        target = f"{host(request)}/download/v1beta/files/{file_id}:download?{request.query}"
        return Answer(status=302, headers={"Location": target})

    def _media(self, request: Request, owner: str, file_id: str) -> Answer:
        _, clip = self._found(owner, file_id)
        _wants_media(request)
        return ranged(request, clip)

    def _found(self, owner: str, file_id: str) -> tuple[Operation, Clip]:
        """A file that is there for this caller: made, not expired, and paid for with the same key."""
        operation, now = self.stage.store.of_file(file_id), self.stage.clock()
        if (
            operation
            and operation.wire in self.back_ends
            and operation.ready_at <= now < operation.expires_at
        ):
            shot = self.shot(operation, file_id)
            clip = self.stage.darkroom.find(shot, patience=PATIENCE) if may_see(owner, operation) else None
            if clip is not None:
                return operation, clip
        raise refusal(403, f"You do not have permission to access the File {file_id} or it may not exist.")


def _described(model: Model) -> dict[str, Any]:
    words = model.id.split("-")
    return {
        "name": f"models/{model.id}",
        "version": next((word for word in words if word[0].isdigit()), "preview"),
        "displayName": model.label,
        "inputTokenLimit": model.prompt_tokens,
        "outputTokenLimit": 8192,
        "supportedGenerationMethods": [METHODS[model.back_end]],
    }


def _wants_media(request: Request) -> None:
    if request.parameters.get("alt") != "media":
        raise invalid("Downloading a file requires alt=media.")
