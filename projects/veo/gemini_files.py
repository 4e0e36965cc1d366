"""What both wires of Google's Gemini host share: its files, and its list of models.

Facts: ai.google.dev/api/files, and threads named beside the rules.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from projects.veo import downloads
from projects.veo.credentials import Credentials
from projects.veo.errors import VeoError
from projects.veo.listing import listed
from projects.veo.operations import storable_json
from projects.veo.refusals import About
from projects.veo.transport import Limits, Transport
from projects.veo.types import Download, FileInfo, Output

_ADDRESS = re.compile(r"(?:[^?#]*/v\d\w*/|/?)files/([A-Za-z0-9_-]{1,100})(?::download)?(?:[?#].*)?")


class GeminiFiles:
    """Files and models behind one transport; `version` is the first part of their paths."""

    def __init__(
        self, transport: Transport, *, version: str, limits: Limits, credentials: Credentials | None
    ) -> None:
        self._transport, self._version = transport, version
        self._limits, self._credentials = limits, credentials

    def info(self, output: Output) -> FileInfo | None:
        """Google's record of an output, None where there is none (inline bytes, another host's address).

        VeoError `not_ready` while Google still works on the file.
        """
        file_id = _file_id(output)
        if not file_id:
            return None
        found = self._transport.get(f"{self._version}/files/{file_id}", about=About.FILE)
        raw: dict[str, Any] = storable_json(found, self._credentials)
        state = str(raw.get("state", ""))
        if state == "PROCESSING":
            raise VeoError("not_ready", "Google has made the video and is still storing it.")
        size = str(raw.get("sizeBytes", ""))
        return FileInfo(
            name=str(raw.get("name", "")),
            state=state,
            # int64 travels as a string.
            size=int(size) if re.fullmatch(r"[0-9]{1,18}", size) else None,
            mime_type=str(raw.get("mimeType", "")),
            expires_at=str(raw.get("expirationTime", "")),
            raw=raw,
        )

    @contextmanager
    def opened(self, output: Output, *, offset: int, etag: str) -> Iterator[Download]:
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
        path = f"{self._version}/files/{file_id}:download?alt=media"
        url = self._transport.url(path) if file_id else output.uri
        headers = downloads.range_headers(offset, etag)
        with self._transport.stream(url, headers, accept=downloads.STATUSES) as stream:
            yield downloads.opened(
                stream, offset=offset, etag=etag, limits=self._limits, credentials=self._credentials
            )

    def models(self) -> list[str]:
        """Ids of the models this credential may use. Free, so it is also the check of a credential."""
        items = listed(self._transport, f"{self._version}/models", "models", {"pageSize": "1000"})
        names = [str(item.get("name", "")) for item in items]
        return [name.removeprefix("models/") for name in names if name]


def _file_id(output: Output) -> str:
    """The id in `https://…/v1beta/files/ID:download?alt=media` or `files/ID`, else ""."""
    found = _ADDRESS.fullmatch(output.uri)
    return found[1] if found else ""
