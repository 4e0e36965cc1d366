"""Veo on Vertex AI: `:predictLongRunning`, `:fetchPredictOperation` and the models that Google publishes.

Faithful by google-genai 3.4.0 and the discovery document: addresses, request fields, the POST that polls, the
final bodies, inline bytes or `gs://` objects; by reports: the answer to an API key, the 404 of a model or
region, the 403 of a missing role, the support codes. A guess: the texts of a failure and of an unknown
operation, where `global` serves Veo, and what the list of models holds besides a name.
"""

import base64
import uuid
from typing import Any

from projects.simulator.access import ANY_PROJECT, NARROW, UNAUTHENTICATED
from projects.simulator.answers import Answer, Refusal, Request, error_info, json_answer, refusal
from projects.simulator.faults import Fault
from projects.simulator.operations import Operation
from projects.simulator.wires.cloud_storage import address, object_names, read_address
from projects.simulator.wires.order import as_object, invalid, text
from projects.simulator.wires.vertex_veo_body import read_order
from projects.simulator.wires.wire import Ended, Route, Stage, Wire, page
from projects.veo.catalog import CATALOG, VERTEX_VEO, Model

SERVICE = "aiplatform.googleapis.com"
REGIONS = ("us-central1", "global")
RESPONSE_TYPE = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"

FILTER_REASON = (
    "Veo could not generate {count} videos because the generated videos violated Vertex AI's usage "
    "guidelines. If you think this was an error, send feedback. Support codes: 42237218"
)

NO_KEYS = (
    "API keys are not supported by this API. Expected OAuth2 access token or other authentication "
    "credentials that assert a principal. See https://cloud.google.com/docs/authentication"
)
NO_CREDENTIAL = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or "
    "other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)
REASONS = {
    "missing": "CREDENTIALS_MISSING",
    "key": "CREDENTIALS_MISSING",
    "type": "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    "expired": "ACCESS_TOKEN_EXPIRED",
    "scope": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
}


class VertexVeo(Wire):
    back_ends = (VERTEX_VEO,)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        version = "/(?:v1beta1|v1)"
        parent = r"(projects/[\w.:-]+/locations/([\w-]+)/publishers/google/models/([\w.-]+))"
        published = f"{version}/publishers/google/models"
        self.routes = (
            Route(
                name="submit",
                method="POST",
                pattern=f"{version}/{parent}:predictLongRunning",
                act=self._submit,
            ),
            Route(
                name="poll",
                method="POST",
                pattern=f"{version}/{parent}:fetchPredictOperation",
                act=self._poll,
            ),
            Route(name="models", method="GET", pattern=published, act=self._models),
            Route(name="model", method="GET", pattern=rf"{published}/([\w.-]+)", act=self._model),
        )

    def check(self, request: Request) -> str:
        trouble = self.stage.access.trouble(request)
        if trouble:
            text = {"key": NO_KEYS, "missing": NO_CREDENTIAL, "scope": NARROW}.get(trouble, UNAUTHENTICATED)
            status = 403 if trouble == "scope" else 401
            raise refusal(status, text, details=[error_info(REASONS[trouble], SERVICE)])
        return ANY_PROJECT

    def _served(self, request: Request, parent: str, location: str, model_id: str) -> Model:
        """The model at that address, for an account that may use it."""
        if self.stage.access.lacks_role(request):
            permission, resource = "aiplatform.endpoints.predict", f"//{SERVICE}/{parent}"
            told = error_info("IAM_PERMISSION_DENIED", SERVICE, permission=permission, resource=resource)
            denied = f"Permission '{permission}' denied on resource '{resource}' (or it may not exist)."
            raise refusal(403, denied, details=[told])
        model = CATALOG.get(model_id)
        found = model and model.back_end == VERTEX_VEO and not self.is_retired(model)
        if model is None or not found or location not in REGIONS:
            raise _not_found(parent)
        return model

    def _submit(
        self, request: Request, owner: str, parent: str, location: str, model_id: str, *, fault: Fault | None
    ) -> Answer:
        model = self._served(request, parent, location, model_id)
        order = read_order(self.body(request), model, self._source)

        def accept(_: Request) -> Answer:
            id = str(uuid.uuid4())
            name = f"{parent}/operations/{id}"
            return json_answer({"name": self.accept(order, model, owner, fault, id=id, name=name).name})

        return self.tagged(request, "submit", accept, order.prompt)

    def _source(self, uri: str) -> Operation:
        """The operation whose object is to be extended: one of this simulator's own, for it has no others."""
        place = read_address(uri)
        for operation in self.stage.store.all():
            ready = operation.ready_at <= self.stage.clock() and operation.outcome != "expired"
            if place and ready and place in object_names(operation):
                return operation
        raise invalid("`gcsUri` of `video`: the object was not found, or Vertex AI may not read it.")

    def _poll(self, request: Request, owner: str, parent: str, location: str, model_id: str) -> Answer:
        self._served(request, parent, location, model_id)
        body = as_object(self.body(request), "body")
        for field in body:
            if field != "operationName":
                raise invalid(f'Invalid JSON payload received. Unknown name "{field}": Cannot find field.')
        name = text(body, "operationName")
        if not name.startswith(f"{parent}/operations/"):
            raise invalid("`operationName` needs to be an operation of the model in the address.")
        operation = self.stage.store.get(name.rpartition("/")[2])
        if operation is None or operation.name != name:
            raise refusal(404, f"The operation `{name}` was not found.")
        return self.tagged(
            request, "poll", lambda _: json_answer(self._state(operation)), operation.prompt, operation.id
        )

    def _state(self, operation: Operation) -> dict[str, Any]:
        running, ended = {"name": operation.name}, self.ended(operation)
        if ended is None:
            return running
        done = running | {"done": True}
        if ended.code:
            return done | {"error": {"code": ended.code, "message": ended.message}}
        return done | {"response": _response(operation, ended)}

    def _models(self, request: Request, owner: str) -> Answer:
        served = [model for model in CATALOG.of(VERTEX_VEO) if not self.is_retired(model)]
        return page(request, "publisherModels", [_described(model) for model in served])

    def _model(self, request: Request, owner: str, model_id: str) -> Answer:
        model = CATALOG.get(model_id)
        if model is None or model.back_end != VERTEX_VEO or self.is_retired(model):
            raise _not_found(f"publishers/google/models/{model_id}")
        return json_answer(_described(model))


def _not_found(resource: str) -> Refusal:
    return refusal(
        404,
        f"Publisher Model `{resource}` was not found or your project does not have access to it. Please "
        "ensure you are using a valid model version. For more information, see: "
        "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
    )


def _response(operation: Operation, ended: Ended) -> dict[str, Any]:
    """The bytes, or the addresses where a bucket was named; in the older shape when that was asked for."""
    places = object_names(operation)
    clips = ended.clips[:1] if operation.outcome == "partial" else ended.clips
    if places and operation.outcome != "inline":
        videos = [{"gcsUri": address(place), "mimeType": "video/mp4"} for place in places[: len(clips)]]
    else:
        encoded = [base64.b64encode(clip.path.read_bytes()).decode() for clip in clips]
        videos = [{"bytesBase64Encoded": data, "mimeType": "video/mp4"} for data in encoded]
    if operation.outcome == "seed_shape":
        return {"@type": RESPONSE_TYPE, "generatedSamples": [{"video": _older(video)} for video in videos]}
    if operation.outcome == "empty":
        return {"@type": RESPONSE_TYPE}
    held_back = int(ended.held_back)
    reasons = [FILTER_REASON.format(count=held_back)] if held_back else []
    told = {"raiMediaFilteredCount": held_back, "raiMediaFilteredReasons": reasons}
    return {"@type": RESPONSE_TYPE} | told | ({"videos": videos} if videos else {})


def _older(video: dict[str, str]) -> dict[str, str]:
    """A video as the schema's `generatedSamples` has it: `uri`, or its bytes as `video`."""
    if "gcsUri" in video:
        return {"uri": video["gcsUri"]}
    return {"video": video["bytesBase64Encoded"]}


def _described(model: Model) -> dict[str, Any]:
    return {
        "name": f"publishers/google/models/{model.id}",
        "versionId": "default",
        "launchStage": "PUBLIC_PREVIEW" if model.preview else "GA",
        "publisherModelTemplate": (
            f"projects/{{project}}/locations/{{location}}/publishers/google/models/{model.id}"
        ),
    }
