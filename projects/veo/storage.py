"""Cloud Storage, where Vertex AI puts results when it is told a bucket: objects are read and listed.

cloud.google.com/storage/docs/json_api, with the credential of Vertex AI. That credential goes to the storage
origin and nowhere else, whatever an answer names. Never run against Google from here.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from projects.veo import downloads
from projects.veo.addresses import Resolver, resolve
from projects.veo.credentials import Credentials
from projects.veo.listing import listed
from projects.veo.operations import storable_json
from projects.veo.refusals import About
from projects.veo.setup import GOOGLE_STORAGE_ORIGIN
from projects.veo.transport import Limits, Transport
from projects.veo.types import Download, FileInfo, Found

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", re.ASCII)


@dataclass(frozen=True)
class Place:
    """A bucket, and an object or a folder in it. `name` has no slash at either end, and may be ""."""

    bucket: str
    name: str

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.name}".rstrip("/")

    def __truediv__(self, name: str) -> "Place":
        return Place(self.bucket, f"{self.name}/{name}".strip("/"))

    @property
    def path(self) -> str:
        """Of the object in the JSON interface; all of its name is one segment of the address."""
        return f"storage/v1/b/{self.bucket}/o/{quote(self.name, safe='')}"


def place(uri: str) -> Place | None:
    """The place that a `gs://` address names; None for any other text, and for names that no object has."""
    scheme, _, rest = uri.partition("://")
    bucket, _, name = rest.partition("/")
    name = name.strip("/")
    parts = name.split("/")
    if scheme != "gs" or not _BUCKET.fullmatch(bucket) or ".." in bucket:
        return None
    if len(name.encode("utf-8", "replace")) > 1024 or not name.isprintable() or {".", ".."} & set(parts):
        return None
    return Place(bucket, name)


class CloudStorage:
    """One credential at one address. Safe to use from several threads; `close` it when done."""

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        base_url: str = GOOGLE_STORAGE_ORIGIN,
        limits: Limits | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        """ValueError if the base URL cannot be used."""
        self._credentials = credentials
        self._limits = limits or Limits()
        self._transport = Transport(credentials, base_url=base_url, limits=self._limits, resolver=resolver)

    def info(self, at: Place) -> FileInfo:
        """What Cloud Storage knows about an object. It is kept until somebody, or a rule, deletes it."""
        raw = storable_json(self._transport.get(at.path, about=About.FILE), self._credentials)
        size = str(raw.get("size", ""))
        return FileInfo(
            name=str(raw.get("name", "")),
            # int64 travels as a string.
            size=int(size) if re.fullmatch(r"[0-9]{1,18}", size) else None,
            mime_type=str(raw.get("contentType", "")),
            raw=raw,
        )

    @contextmanager
    def open(self, at: Place, *, offset: int = 0, etag: str = "") -> Iterator[Download]:
        """The object's bytes, or the rest of them as `downloads` does it.

        An ETag without quotes, as Cloud Storage may send it, counts as none: what breaks off starts anew.
        """
        with self.open_url(self._transport.url(f"{at.path}?alt=media"), offset=offset, etag=etag) as download:
            yield download

    @contextmanager
    def open_url(self, url: str, *, offset: int = 0, etag: str = "") -> Iterator[Download]:
        """The bytes at any address that may be asked; only the storage origin sees the credential."""
        headers = downloads.range_headers(offset, etag)
        with self._transport.stream(url, headers, accept=downloads.STATUSES) as stream:
            yield downloads.opened(
                stream, offset=offset, etag=etag, limits=self._limits, credentials=self._credentials
            )

    def videos(self, folder: Place) -> list[Found]:
        """The videos under a folder, as names that can be polled; all of them are that folder's owner's."""
        path = f"storage/v1/b/{folder.bucket}/o"
        items = listed(self._transport, path, "items", {"prefix": f"{folder.name}/", "maxResults": "100"})
        found = [(Place(folder.bucket, str(item.get("name", ""))), item) for item in items]
        return [
            Found(ref=str(at), created_at=str(item.get("timeCreated", "")), certain=True)
            for at, item in found
            if at.name.startswith(f"{folder.name}/") and at.name.endswith(".mp4") and place(str(at)) == at
        ]

    def close(self) -> None:
        self._transport.close()
