"""Veo on the Gemini API (`predictLongRunning`), with an API key or an OAuth token.

Google switched Veo off on its own host on 2026-10-22; relays and the simulator speak this wire. Facts: the
requests of google-genai 2.34.0 (the last release with it), the answers recorded in Google's cookbook
(Get_started_Veo_REST), ai.google.dev/api/files.
"""

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from projects.veo.addresses import Resolver, resolve
from projects.veo.catalog import EDIT, EXTEND
from projects.veo.credentials import Credentials
from projects.veo.errors import ApiError, Garbled
from projects.veo.gemini_files import GeminiFiles
from projects.veo.listing import listed
from projects.veo.operations import operation_name, read_accepted, read_progress
from projects.veo.outcome import judge
from projects.veo.pictures import instance_pictures
from projects.veo.refusals import About
from projects.veo.setup import GOOGLE_GEMINI_ORIGIN
from projects.veo.transport import Limits, Transport
from projects.veo.types import Download, FileInfo, Found, OnRef, Outcome, Output, Progress, Recipe


class GeminiVeo:
    """One credential at one base URL. Safe to use from several threads; `close` it when done."""

    held = False

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        base_url: str = GOOGLE_GEMINI_ORIGIN,
        version: str = "v1beta",
        spool: Path | None = None,
        limits: Limits | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        """ValueError if the base URL cannot be used. Without credentials: to see what is answered then.

        Long videos inside answers are written to the folder `spool`, by default the system's temporary one.
        """
        self._credentials = credentials
        limits = limits or Limits()
        self._transport = Transport(
            credentials, base_url=base_url, limits=limits, resolver=resolver, spool=spool
        )
        self._version = version
        self._files = GeminiFiles(self._transport, version=version, limits=limits, credentials=credentials)

    def request_body(self, recipe: Recipe) -> dict[str, Any]:
        """The JSON that `submit` would send. ValueError with a sentence for what this wire cannot carry.

        Pictures go as `bytesBase64Encoded` (`inlineData` was refused live: nodetool-ai/nodetool#4298) and the
        length as a number. personGeneration is left out: its legal values differ by region. An extension
        names an earlier result that is still at Google, and says neither length nor ratio: both follow.
        """
        _check(recipe)
        instance: dict[str, Any] = {"prompt": recipe.prompt}
        parameters: dict[str, Any] = {"sampleCount": 1, "resolution": recipe.resolution}
        if recipe.task == EXTEND:
            assert recipe.source  # noqa: S101 - _check has seen it
            instance["video"] = {"uri": recipe.source.uri, "encoding": "video/mp4"}
        else:
            instance |= instance_pictures(recipe)
            parameters |= {"aspectRatio": recipe.aspect_ratio, "durationSeconds": recipe.duration_seconds}
        if recipe.negative_prompt:
            parameters["negativePrompt"] = recipe.negative_prompt
        return {"instances": [instance], "parameters": parameters}

    def submit(self, recipe: Recipe, on_ref: OnRef | None = None) -> Outcome:
        """Send the paid POST, exactly once, and judge what came of it. No network trouble raises."""
        path = self._path(f"models/{quote(recipe.model, safe='')}:predictLongRunning")
        answer = self._transport.post(path, self.request_body(recipe))
        return judge(
            answer, partial(read_accepted, credentials=self._credentials), credentials=self._credentials
        )

    def poll(self, ref: str) -> Progress:
        body = self._transport.get(self._path(operation_name(ref)), about=About.OPERATION)
        return read_progress(body, self._credentials, ref=ref)

    def file_info(self, output: Output) -> FileInfo | None:
        return self._files.info(output)

    def open_output(
        self, output: Output, *, offset: int = 0, etag: str = ""
    ) -> AbstractContextManager[Download]:
        """See `GeminiFiles.opened`."""
        return self._files.opened(output, offset=offset, etag=etag)

    def locate(self, recipe: Recipe) -> list[Found]:
        """Operations that Google lists for the model, [] where it does not list them."""
        path = self._path(f"models/{quote(recipe.model, safe='')}/operations")
        try:
            items = listed(self._transport, path, "operations", {"pageSize": "100"})
        except ApiError as error:
            if error.http_status < 500:
                return []
            raise
        return [found for item in items if (found := _found(item))]

    def models(self) -> list[str]:
        return self._files.models()

    def close(self) -> None:
        self._transport.close()

    def _path(self, rest: str) -> str:
        return f"{self._version}/{rest}"


def _check(recipe: Recipe) -> None:
    if recipe.task == EDIT:
        raise ValueError("Veo on the Gemini API edits no clips.")
    if recipe.task == EXTEND and not (recipe.source and recipe.source.uri):
        raise ValueError("Veo on the Gemini API extends only what still lies at Google; this clip does not.")
    if recipe.seed is not None:
        raise ValueError("Veo on the Gemini API takes no seed number.")
    if not recipe.audio:
        raise ValueError("Veo on the Gemini API has no switch for the sound.")


def _found(item: dict[str, Any]) -> Found | None:
    try:
        ref = operation_name(item.get("name"))
    except Garbled:
        return None
    metadata = item.get("metadata")
    created = metadata.get("createTime") if isinstance(metadata, dict) else None
    return Found(ref=ref, created_at=str(created or item.get("createTime") or ""))
