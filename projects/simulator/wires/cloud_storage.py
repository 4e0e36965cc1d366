"""Cloud Storage's JSON interface over the objects that Vertex AI was told to put there.

Faithful by Google's reference: addresses, the fields of an object and of a list, the shape of an error. A
guess: the ETag of a download, which real buckets send without quotes. An object stays until the simulator's
state is thrown away; buckets have no owners here.
"""

import hashlib
from typing import Any

from projects.simulator.access import ANY_PROJECT
from projects.simulator.answers import Answer, Refusal, Request, json_answer
from projects.simulator.darkroom import Clip
from projects.simulator.operations import Operation
from projects.simulator.ranges import ranged
from projects.simulator.wires.wire import PATIENCE, WITHOUT_CLIP, Route, Stage, Wire, host, page, stamp

Place = tuple[str, str]
"""A bucket and the name of an object in it."""

OBJECT_RIGHT = "storage.objects.get"
LIST_RIGHT = "storage.objects.list"


def read_address(uri: str) -> Place | None:
    """The place that a `gs://` address names; None for any other text."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return (bucket, name) if uri.startswith("gs://") and bucket and name else None


def address(place: Place) -> str:
    return f"gs://{place[0]}/{place[1]}"


def object_names(operation: Operation) -> list[Place]:
    """Where its videos lie, one place per sample; nowhere when no bucket was named."""
    if not operation.storage:
        return []
    bucket, _, folder = operation.storage.removeprefix("gs://").partition("/")
    number = int.from_bytes(hashlib.sha256(operation.id.encode()).digest()[:7])
    return [(bucket, f"{folder}{number}/sample_{take}.mp4") for take in range(len(operation.files))]


class CloudStorage(Wire):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        objects = r"/storage/v1/b/([^/]+)/o"
        self.routes = (
            Route(
                name="media",
                method="GET",
                pattern=f"{objects}/(.+)",
                act=self._download,
                content=self._media,
                when=lambda request: request.parameters.get("alt") == "media",
            ),
            Route(name="file", method="GET", pattern=f"{objects}/(.+)", act=self._object),
            Route(name="list", method="GET", pattern=objects, act=self._list),
        )

    def check(self, request: Request) -> str:
        match self.stage.access.trouble(request):
            case "":
                return ANY_PROJECT
            case "missing" | "key":
                raise _refused(401, f"Anonymous caller {_without(OBJECT_RIGHT)}", "required")
            case "scope":
                raise _refused(403, "Insufficient Permission", "insufficientPermissions")
            case _:
                raise _refused(401, "Invalid Credentials", "authError")

    def _list(self, request: Request, owner: str, bucket: str) -> Answer:
        """The objects that are there by now, in the order of their names."""
        self._permit(request, LIST_RIGHT)
        prefix = request.parameters.get("prefix", "")
        names = [
            (name, operation, take)
            for operation in self.stage.store.all()
            for take, (holder, name) in enumerate(object_names(operation))
            if holder == bucket and name.startswith(prefix)
        ]
        found = [
            self._told(request, (bucket, name), operation, clip)
            for name, operation, take in sorted(names, key=lambda each: each[0])
            if (clip := self._clip(operation, take))
        ]
        return page(request, "items", found, size_name="maxResults")

    def _object(self, request: Request, owner: str, bucket: str, name: str) -> Answer:
        operation, clip = self._found(request, bucket, name)
        return json_answer(self._told(request, (bucket, name), operation, clip))

    def _download(self, request: Request, owner: str, bucket: str, name: str) -> Answer:
        operation, _ = self._found(request, bucket, name)

        def media(seen: Request) -> Answer:
            return self._media(seen, owner, bucket, name)

        return self.tagged(request, "download", media, operation.prompt, operation.id)

    def _media(self, request: Request, owner: str, bucket: str, name: str) -> Answer:
        return ranged(request, self._found(request, bucket, name)[1])

    def _found(self, request: Request, bucket: str, name: str) -> tuple[Operation, Clip]:
        self._permit(request, OBJECT_RIGHT)
        # An object's name is one segment of the address: a slash in it has to be sent as %2F.
        if "/" in request.raw_path.partition("/o/")[2]:
            raise _refused(404, "Not Found", "notFound")
        for operation in self.stage.store.all():
            places = object_names(operation)
            if (bucket, name) in places and (clip := self._clip(operation, places.index((bucket, name)))):
                return operation, clip
        raise _refused(404, f"No such object: {bucket}/{name}", "notFound")

    def _clip(self, operation: Operation, take: int) -> Clip | None:
        """What was put there, if it was: a clip that is ready, unless that sample was held back."""
        kept = 1 if operation.outcome == "partial" else len(operation.files)
        gone = operation.outcome in WITHOUT_CLIP | {"expired", "inline"} or take >= kept
        if gone or self.stage.clock() < operation.ready_at:
            return None
        return self.stage.darkroom.find(self.shot(operation, operation.files[take]), patience=PATIENCE)

    def _told(self, request: Request, place: Place, operation: Operation, clip: Clip) -> dict[str, Any]:
        bucket, name = place
        generation = str(int(operation.ready_at.timestamp() * 1_000_000))
        made = stamp(operation.ready_at)
        return {
            "kind": "storage#object",
            "id": f"{bucket}/{name}/{generation}",
            "selfLink": f"{host(request)}/storage/v1/b/{bucket}/o/{name.replace('/', '%2F')}",
            "name": name,
            "bucket": bucket,
            "generation": generation,
            "contentType": "video/mp4",
            "size": str(clip.size),
            "etag": clip.sha256.hex()[:16],
            "timeCreated": made,
            "updated": made,
        }

    def _permit(self, request: Request, permission: str) -> None:
        if self.stage.access.lacks_role(request):
            raise _refused(403, f"The account {_without(permission)}", "forbidden")


def _without(permission: str) -> str:
    return (
        f"does not have {permission} access to the Google Cloud Storage object. Permission '{permission}' "
        "denied on resource (or it may not exist)."
    )


def _refused(status: int, message: str, reason: str) -> Refusal:
    """An error as Cloud Storage tells it: with a list of reasons, and without Google's status words."""
    errors = [{"message": message, "domain": "global", "reason": reason}]
    body = {"error": {"code": status, "message": message, "errors": errors}}
    return Refusal(json_answer(body, status=status))
