"""Is everything in order between us and Google? The core of `manage.py verify_google`.

Free: lists models and, if asked, downloads a file that exists already. Sends nothing that costs money.
"""

import datetime as dt
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from projects.veo.catalog import CATALOG
from projects.veo.client import BackEnd
from projects.veo.errors import BadDownload, VeoError
from projects.veo.types import Download, Output

EXIT_CODES = {
    "not_configured": 3,
    "bad_credential": 4,
    "bad_base_url": 5,
    "key_invalid": 10,
    "key_as_bearer": 11,
    "token_expired": 12,
    "token_scope": 13,
    "no_credential": 14,
    "two_credentials": 15,
    "key_restricted": 20,
    "api_disabled": 21,
    "forbidden": 22,
    "billing": 23,
    "region": 24,
    "quota": 30,
    "quota_day": 31,
    "model_retired": 40,
    "model_unknown": 41,
    "no_model": 42,
    "file_gone": 50,
    "not_a_video": 51,
    "too_large": 52,
    "cut_off": 53,
    "broken_video": 54,
    "disk": 55,
    "no_answer": 60,
    "garbled": 61,
    "redirected": 62,
    "foreign_host": 63,
    "server_trouble": 64,
    "bad_request": 65,
    "not_found": 66,
}
"""Failure to exit code of the command. Any other failure is 1."""

Inspector = Callable[[Path], str]
"""Looks at a whole video file, says in a few words what it is, or raises BadDownload."""


@dataclass(frozen=True)
class Finding:
    """One check: a sentence, and `code` "" where all is well."""

    sentence: str
    code: str = ""

    @property
    def exit_code(self) -> int:
        return EXIT_CODES.get(self.code, 1) if self.code else 0


@dataclass(frozen=True)
class Report:
    """All checks, in order. The exit code is that of the first failure, 0 if there is none."""

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        return next((finding.exit_code for finding in self.findings if finding.code), 0)


def verify(
    back_end: BackEnd,
    *,
    today: dt.date,
    model: str = "",
    download: str = "",
    output: Path | None = None,
    inspect: Inspector,
) -> Report:
    """Check credential, model and download, in this order; a refused credential ends it.

    `model` "" takes the first of the catalog that is offered. `download` is a file's id, or its address, and
    is saved to `output` in one atomic step once it is known to be a whole video.
    """
    try:
        offered = back_end.models()
    except VeoError as error:
        return Report((Finding(error.message, error.code),))
    findings = [
        Finding(f"The credential is accepted; Google lists {len(offered)} models."),
        _model(offered, model, today),
    ]
    if download and output is not None:
        findings.append(_download(back_end, download, output, inspect))
    return Report(tuple(findings))


def _model(offered: list[str], wanted: str, today: dt.date) -> Finding:
    if not wanted:
        wanted = next((model.id for model in CATALOG.models if model.id in offered), "")
        if not wanted:
            return Finding(
                "None of our models is offered to this credential. Google switched Veo off for API keys "
                "on 2026-10-22; other base URLs (a relay, the simulator) may still have it.",
                "no_model",
            )
    if wanted in offered:
        return Finding(f"The model {wanted} is offered.")
    known = CATALOG.get(wanted)
    if known and known.retired(today):
        return Finding(
            f"Google switched off {wanted} on {known.retires_on}. Take {known.replaced_by} instead.",
            "model_retired",
        )
    return Finding(f"The model {wanted} is not offered to this credential.", "model_unknown")


def _download(back_end: BackEnd, wanted: str, output: Path, inspect: Inspector) -> Finding:
    uri = wanted if "/" in wanted else f"files/{wanted}"
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with back_end.open_output(Output(uri=uri)) as opened:
            size = _save(opened, part)
        what = inspect(part)
        part.replace(output)
        _flush_folder(output.parent)
    except VeoError as error:
        return Finding(error.message, error.code)
    except OSError as error:
        return Finding(f"Could not write {output}: {error.strerror}.", "disk")
    finally:
        with suppress(OSError):
            part.unlink()
    return Finding(f"Downloaded {size} bytes to {output}: {what}.")


def _save(opened: Download, part: Path) -> int:
    """Write and flush all of it; the size in bytes. A short body raises in the stream itself."""
    head = b""
    with part.open("xb") as file:
        for chunk in opened.chunks:
            head += chunk[: 8 - len(head)]
            file.write(chunk)
        size = file.tell()
        file.flush()
        os.fsync(file.fileno())
    if head[4:8] != b"ftyp":
        raise BadDownload("not_a_video", "The file does not begin like an MP4.")
    return size


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
