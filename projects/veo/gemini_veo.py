"""Veo on the Gemini API (`predictLongRunning`), with an API key or an OAuth token.

Google switched Veo off on its own host on 2026-10-22; relays and the simulator speak this wire. Facts: the
requests of google-genai 2.34.0 (the last release with it), the answers recorded in Google's cookbook
(Get_started_Veo_REST), ai.google.dev/api/files.
"""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from projects.veo import downloads
from projects.veo.addresses import Resolver, resolve
from projects.veo.credentials import Credentials
from projects.veo.errors import ApiError, Garbled
from projects.veo.operations import operation_name, read_accepted, read_progress, storable_json
from projects.veo.outcome import judge
from projects.veo.refusals import About
from projects.veo.setup import GOOGLE_GEMINI_ORIGIN
from projects.veo.transport import Limits, Transport
from projects.veo.types import Download, FileInfo, Found, OnRef, Outcome, Output, Picture, Progress, Recipe

_FILE_ADDRESS = re.compile(r"(?:[^?#]*/v\d\w*/|/?)files/([A-Za-z0-9_-]{1,100})(?::download)?(?:[?#].*)?")
_PAGES = 20


class GeminiVeo:
    """One credential at one base URL. Safe to use from several threads; `close` it when done."""

    held = False

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        base_url: str = GOOGLE_GEMINI_ORIGIN,
        version: str = "v1beta",
        limits: Limits | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        """ValueError if the base URL cannot be used. Without credentials: to see what is answered then."""
        self._credentials = credentials
        self._limits = limits or Limits()
        self._transport = Transport(credentials, base_url=base_url, limits=self._limits, resolver=resolver)
        self._version = version

    def request_body(self, recipe: Recipe) -> dict[str, Any]:
        """The JSON that `submit` would send.

        Pictures go as `bytesBase64Encoded` (`inlineData` was refused live: nodetool-ai/nodetool#4298) and the
        length as a number. personGeneration is left out: its legal values differ by region.
        """
        instance: dict[str, Any] = {"prompt": recipe.prompt}
        if recipe.seed_image:
            instance["image"] = _picture(recipe.seed_image)
        if recipe.last_frame:
            instance["lastFrame"] = _picture(recipe.last_frame)
        parameters: dict[str, Any] = {
            "aspectRatio": recipe.aspect_ratio,
            "resolution": recipe.resolution,
            "durationSeconds": recipe.duration_seconds,
            "sampleCount": 1,
        }
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
        """Google's record of an output, None where there is none (inline bytes, another host's address)."""
        file_id = _file_id(output)
        if not file_id:
            return None
        raw = storable_json(
            self._transport.get(self._path(f"files/{file_id}"), about=About.FILE), self._credentials
        )
        size = str(raw.get("sizeBytes", ""))
        return FileInfo(
            name=str(raw.get("name", "")),
            state=str(raw.get("state", "")),
            # int64 travels as a string.
            size=int(size) if re.fullmatch(r"[0-9]{1,18}", size) else None,
            mime_type=str(raw.get("mimeType", "")),
            expires_at=str(raw.get("expirationTime", "")),
            raw=raw,
        )

    @contextmanager
    def open_output(self, output: Output, *, offset: int = 0, etag: str = "") -> Iterator[Download]:
        """The video's bytes, in chunks of at most 1 MiB; the connection is closed on leaving.

        With `offset` and a strong `etag` the rest is asked for; `start` of the result says what came. The
        file's id is taken from its address and asked for at our own origin: the address's host is not
        believed. Raises any error of the tree, while opening and while reading. After BadDownload start
        again at 0.
        """
        if output.inline is not None:
            yield downloads.from_inline(output.inline, output.mime_type)
            return
        file_id = _file_id(output)
        url = (
            self._transport.url(self._path(f"files/{file_id}:download?alt=media")) if file_id else output.uri
        )
        headers = downloads.range_headers(offset, etag)
        with self._transport.stream(url, headers, accept=downloads.STATUSES) as stream:
            yield downloads.opened(
                stream, offset=offset, etag=etag, limits=self._limits, credentials=self._credentials
            )

    def locate(self, recipe: Recipe) -> list[Found]:
        """Operations that Google lists for the model, [] where it does not list them."""
        path = f"models/{quote(recipe.model, safe='')}/operations"
        try:
            listed = self._listed(path, "operations", size=100)
        except ApiError as error:
            if error.http_status < 500:
                return []
            raise
        return [found for item in listed if (found := _found(item))]

    def models(self) -> list[str]:
        """Ids of the models this credential may use. Free, so it is also the check of a credential."""
        names = [str(item.get("name", "")) for item in self._listed("models", "models", size=1000)]
        return [name.removeprefix("models/") for name in names if name]

    def close(self) -> None:
        self._transport.close()

    def _path(self, rest: str) -> str:
        return f"{self._version}/{rest}"

    def _listed(self, path: str, field: str, *, size: int) -> list[dict[str, Any]]:
        """All pages of a listing; Garbled if it does not end, for half a list could mislead."""
        items: list[dict[str, Any]] = []
        query = {"pageSize": str(size)}
        for _ in range(_PAGES):
            body = self._transport.get(self._path(f"{path}?{urlencode(query)}"), about=About.LIST)
            page = body.get(field)
            items += [item for item in page if isinstance(item, dict)] if isinstance(page, list) else []
            token = body.get("nextPageToken")
            if not token:
                return items
            query["pageToken"] = str(token)
        raise Garbled("garbled", f"Google's list of {field} does not end.")


def _picture(picture: Picture) -> dict[str, str]:
    return {"bytesBase64Encoded": base64.b64encode(picture.data).decode(), "mimeType": picture.mime_type}


def _file_id(output: Output) -> str:
    """The id in `https://…/v1beta/files/ID:download?alt=media` or `files/ID`, else ""."""
    found = _FILE_ADDRESS.fullmatch(output.uri)
    return found[1] if found else ""


def _found(item: dict[str, Any]) -> Found | None:
    try:
        ref = operation_name(item.get("name"))
    except Garbled:
        return None
    metadata = item.get("metadata")
    created = metadata.get("createTime") if isinstance(metadata, dict) else None
    return Found(ref=ref, created_at=str(created or item.get("createTime") or ""))
