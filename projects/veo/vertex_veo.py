"""Veo on Vertex AI: predictLongRunning and its fetchPredictOperation, with an account of Google Cloud.

Facts: the requests of google-genai 3.4.0 in its enterprise mode, the discovery document of aiplatform v1beta1
(revision 20261106), Google's model pages. Never run against Google from here.
"""

import base64
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from projects.veo import downloads
from projects.veo.addresses import Resolver, resolve
from projects.veo.catalog import CATALOG, EDIT, EXTEND
from projects.veo.credentials import Credentials
from projects.veo.errors import Garbled, NotFound
from projects.veo.listing import listed
from projects.veo.operations import read_accepted, read_progress
from projects.veo.outcome import judge
from projects.veo.pictures import instance_pictures
from projects.veo.refusals import About
from projects.veo.setup import DEFAULT_LOCATION, GOOGLE_STORAGE_ORIGIN, google_vertex_origin
from projects.veo.storage import CloudStorage, Place, place
from projects.veo.transport import Limits, Transport
from projects.veo.types import (
    Download,
    FileInfo,
    Found,
    OnRef,
    Outcome,
    Output,
    Phase,
    Progress,
    Recipe,
    Source,
)

VERSION = "v1beta1"
"""The one that Google's SDK uses; `v1` has the same methods by Google's pages."""

_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", re.ASCII)
_LOCATION = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]", re.ASCII)
_NAME = re.compile(
    rf"(?P<model>projects/{_PROJECT.pattern}/locations/(?P<location>{_LOCATION.pattern})"
    r"/publishers/google/models/[A-Za-z0-9][\w.-]{0,100})/operations/[A-Za-z0-9][\w.-]{0,200}",
    re.ASCII,
)


class VertexVeo:
    """One account in one project and region. Safe to use from several threads; `close` it when done."""

    held = False

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        project: str,
        location: str = DEFAULT_LOCATION,
        base_url: str = "",
        storage_url: str = GOOGLE_STORAGE_ORIGIN,
        storage: str = "",
        spool: Path | None = None,
        limits: Limits | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        """ValueError, with a sentence that names the variable, for settings that cannot be used.

        `base_url` "" is Google's own host for the location. `storage` is a `gs://bucket/folder` for results;
        without it they come inside the answer, and long ones are written to the folder `spool`.
        """
        _check(project, location)
        self._folder = _folder(storage)
        self._credentials = credentials
        self._limits = limits or Limits()
        self._parent = f"projects/{project}/locations/{location}"
        self._location = location
        own = google_vertex_origin(location)
        self._own = not base_url or base_url.rstrip("/") == own
        self._open = partial(Transport, credentials, limits=self._limits, resolver=resolver, spool=spool)
        self._transport = self._open(base_url=base_url or own)
        self._elsewhere: dict[str, Transport] = {}
        self._lock = threading.Lock()
        self._storage = CloudStorage(
            credentials, base_url=storage_url, limits=self._limits, resolver=resolver
        )

    def request_body(self, recipe: Recipe) -> dict[str, Any]:
        """The JSON that `submit` would send.

        Only what a recipe asks for is in it: personGeneration and the rest keep Google's own defaults. An
        extension says neither length nor ratio, for both follow from what it extends.
        """
        if recipe.task == EDIT:
            raise ValueError("Veo on Vertex AI edits no clips.")
        instance: dict[str, Any] = {"prompt": recipe.prompt}
        parameters: dict[str, Any] = {"sampleCount": 1, "resolution": recipe.resolution}
        if recipe.task == EXTEND:
            instance["video"] = _video(recipe.source)
        else:
            instance |= instance_pictures(recipe)
            parameters |= {"aspectRatio": recipe.aspect_ratio, "durationSeconds": recipe.duration_seconds}
        if recipe.negative_prompt:
            parameters["negativePrompt"] = recipe.negative_prompt
        if recipe.seed is not None:
            parameters["seed"] = recipe.seed
        model = CATALOG.get(recipe.model)
        if model and model.sound == "switch":
            parameters["generateAudio"] = recipe.audio
        if self._folder:
            parameters["storageUri"] = f"{self._folder / recipe.operation_id}/"
        return {"instances": [instance], "parameters": parameters}

    def submit(self, recipe: Recipe, on_ref: OnRef | None = None) -> Outcome:
        """Send the paid POST, exactly once, and judge what came of it. No network trouble raises."""
        path = f"{self._parent}/publishers/google/models/{quote(recipe.model, safe='')}"
        answer = self._transport.post(f"{VERSION}/{path}:predictLongRunning", self.request_body(recipe))
        return judge(answer, self._accepted, credentials=self._credentials)

    def poll(self, ref: str) -> Progress:
        """What became of an operation: a POST, for a GET of its name is not found (vercel/ai#12003).

        Asked where its name says that it is, which may be another region than today's. An object's name, as
        `locate` finds it, is an operation that has succeeded.
        """
        if (at := place(ref)) and at.name:
            return Progress(phase=Phase.SUCCEEDED, outputs=(Output(uri=str(at)),))
        name = _operation(ref)
        path = f"{VERSION}/{name['model']}:fetchPredictOperation"
        body = self._at(name["location"]).ask(path, {"operationName": ref}, about=About.OPERATION)
        return read_progress(body, self._credentials, ref=ref)

    def file_info(self, output: Output) -> FileInfo | None:
        """Cloud Storage's record of an output, None where there is none (inline, another address)."""
        at = place(output.uri)
        return self._storage.info(at) if at else None

    @contextmanager
    def open_output(self, output: Output, *, offset: int = 0, etag: str = "") -> Iterator[Download]:
        """The video's bytes, in chunks of at most 1 MiB; the connection is closed on leaving.

        A `gs://` address is read through Cloud Storage with the account's own token. Any other is asked
        without it, and only on Google's media hosts. Raises any error of the tree.
        """
        if output.inline is not None:
            yield downloads.from_inline(output.inline, output.mime_type)
            return
        if at := place(output.uri):
            with self._storage.open(at, offset=offset, etag=etag) as download:
                yield download
            return
        if output.uri.startswith("gs:"):
            raise Garbled("garbled", "Google's answer names an object that cannot be one.")
        with self._storage.open_url(output.uri, offset=offset, etag=etag) as download:
            yield download

    def locate(self, recipe: Recipe) -> list[Found]:
        """What lies in the recipe's own folder of the bucket: each operation has one, so it can only be its
        result. Without a bucket there is nothing to list: []. What keeps us from looking is raised.
        """
        if not self._folder or not recipe.operation_id:
            return []
        try:
            return self._storage.videos(self._folder / recipe.operation_id)
        except NotFound:
            return []

    def models(self) -> list[str]:
        """Ids of the models that Google publishes, for this is what its SDK asks. Free.

        That Vertex AI lists its Veo models there is not verified.
        """
        items = listed(
            self._transport, f"{VERSION}/publishers/google/models", "publisherModels", {"pageSize": "100"}
        )
        names = [str(item.get("name", "")) for item in items]
        return [name.rpartition("/")[2] for name in names if name]

    def close(self) -> None:
        self._storage.close()
        for each in (self._transport, *self._elsewhere.values()):
            each.close()

    def _accepted(self, body: Mapping[str, Any]) -> tuple[str, Progress | None]:
        _operation(str(body.get("name")))
        return read_accepted(body, self._credentials)

    def _at(self, location: str) -> Transport:
        """The door of a region. Another address than Google's is one for all regions."""
        if not self._own or location == self._location:
            return self._transport
        with self._lock:
            if location not in self._elsewhere:
                self._elsewhere[location] = self._open(base_url=google_vertex_origin(location))
            return self._elsewhere[location]


def _check(project: str, location: str) -> None:
    if not _PROJECT.fullmatch(project) or ".." in project:
        raise ValueError(f"GOOGLE_CLOUD_PROJECT is not the id of a project: {project[:100]!r}.")
    if not _LOCATION.fullmatch(location):
        raise ValueError(f"GOOGLE_CLOUD_LOCATION is not the name of a region: {location[:100]!r}.")


def _folder(storage: str) -> Place | None:
    if not storage:
        return None
    folder = place(storage)
    if folder is None:
        raise ValueError(f"VEOWEB_VERTEX_STORAGE is not of the form gs://bucket/folder: {storage[:100]!r}.")
    return folder


def _operation(ref: str) -> re.Match[str]:
    """The parts of an operation's name; they become part of an address. Garbled `bad_name` for any other."""
    found = _NAME.fullmatch(ref)
    if found is None or ".." in ref:
        raise Garbled(
            "bad_name", "This is not the name of an operation of Vertex AI.", detail=repr(ref)[:200]
        )
    return found


def _video(source: Source | None) -> dict[str, str]:
    """The clip to extend: where it lies in Cloud Storage, else our own copy of it."""
    if source and place(source.uri):
        return {"gcsUri": source.uri, "mimeType": "video/mp4"}
    try:
        data = source.file.read_bytes() if source and source.file else b""
    except OSError:
        data = b""
    if not data:
        raise ValueError("The clip to extend lies neither in Cloud Storage nor here.")
    return {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": "video/mp4"}
