"""Operations on disk: one JSON file each, written by an atomic rename.

What an operation is at a given time (running, done, expired) follows from its two times and the clock, so a
killed simulator knows after a restart what it knew before.
"""

import datetime as dt
import hashlib
import json
import os
import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from projects.veo.catalog import GEMINI_VEO, RETENTION

ID_SIGNS = string.ascii_lowercase + string.digits


def new_id() -> str:
    """Twelve signs of a-z and 0-9, as Google's ids of operations and files look."""
    return "".join(secrets.choice(ID_SIGNS) for _ in range(12))


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An accepted paid request. `files` has one id per sample; pictures are named by their sha256.

    `name` is what its wire calls it, and `wire` the back end of the catalog. `seconds` is the length of the
    result. `outcome` says how it ends (see faults.OUTCOMES), `code` and `message` belong to a failed one.
    `owner` is the fingerprint of the key that paid. `task` says what was done to the video of the operation
    `source`, or to the one kept as `footage`. `storage` is the `gs://bucket/folder/` asked for. `more` is
    what its wire alone remembers.
    """

    id: str
    name: str
    model: str
    prompt: str
    aspect_ratio: str
    resolution: str
    seconds: int
    files: tuple[str, ...]
    created_at: dt.datetime
    ready_at: dt.datetime
    owner: str
    outcome: str = "success"
    code: int = 13
    message: str = ""
    seed_image: str = ""
    last_frame: str = ""
    wire: str = GEMINI_VEO
    references: tuple[str, ...] = ()
    task: str = ""
    source: str = ""
    footage: str = ""
    storage: str = ""
    audio: bool = True
    seed: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expires_at(self) -> dt.datetime:
        """When its files go: two days after it was ready, or at once when that was asked for."""
        return self.ready_at if self.outcome == "expired" else self.ready_at + RETENTION


class Store:
    """All operations ever accepted under a folder, and the pictures they were given. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._records, self._pictures = folder / "operations", folder / "pictures"
        self._lock = threading.Lock()
        self._operations: dict[str, Operation] = {}
        self._by_file: dict[str, Operation] = {}
        for place in (self._records, self._pictures):
            place.mkdir(parents=True, exist_ok=True)
            for leftover in place.glob("*.part"):
                leftover.unlink(missing_ok=True)
        found = [_read(path) for path in self._records.glob("*.json")]
        for operation in sorted(found, key=lambda operation: operation.created_at):
            self._keep(operation)

    def __len__(self) -> int:
        """How many paid requests were accepted: what Google would have charged for."""
        with self._lock:
            return len(self._operations)

    def add(self, operation: Operation) -> None:
        """Keeps an operation, in place of what was known of it before."""
        _write(self._records / f"{operation.id}.json", json.dumps(_told(operation), indent=1).encode())
        with self._lock:
            self._keep(operation)

    def get(self, operation_id: str) -> Operation | None:
        with self._lock:
            return self._operations.get(operation_id)

    def of_file(self, file_id: str) -> Operation | None:
        with self._lock:
            return self._by_file.get(file_id)

    def all(self) -> list[Operation]:
        """From the oldest to the newest."""
        with self._lock:
            return list(self._operations.values())

    def keep_picture(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        path = self._pictures / name
        if not path.exists():
            _write(path, data)
        return name

    def picture(self, name: str) -> Path | None:
        return self._pictures / name if name else None

    def _keep(self, operation: Operation) -> None:
        self._operations[operation.id] = operation
        self._by_file |= dict.fromkeys(operation.files, operation)


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    part.write_bytes(data)
    os.replace(part, path)


def _told(operation: Operation) -> dict[str, Any]:
    times = {"created_at": operation.created_at.isoformat(), "ready_at": operation.ready_at.isoformat()}
    return asdict(operation) | times


def _read(path: Path) -> Operation:
    told = json.loads(path.read_bytes())
    for name in ("created_at", "ready_at"):
        told[name] = dt.datetime.fromisoformat(told[name])
    # Records of earlier versions, which spoke one wire only, have neither a name nor references.
    told.setdefault("name", f"models/{told['model']}/operations/{told['id']}")
    for name in ("files", "references"):
        told[name] = tuple(told.get(name, ()))
    return Operation(**told)
