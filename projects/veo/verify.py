"""Is everything in order between us and Google? The core of `manage.py verify_google`.

Free: lists models and, if asked, downloads a file that exists already. Only the self-test of Gemini Omni
costs something, a fraction of a cent, and is made only when it is asked for.
"""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from projects.veo.catalog import CATALOG, GEMINI_OMNI, GEMINI_VEO, VERTEX_VEO, Model
from projects.veo.client import BackEnd, open_back_end
from projects.veo.errors import BadDownload, VeoError
from projects.veo.gemini_omni import GeminiOmni
from projects.veo.setup import Access, Setup
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
    "credential_revoked": 16,
    "key_restricted": 20,
    "api_disabled": 21,
    "forbidden": 22,
    "billing": 23,
    "region": 24,
    "role_missing": 25,
    "quota_project": 26,
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
    "self_test": 70,
}
"""Failure to exit code of the command. Any other failure is 1."""

Inspector = Callable[[Path], str]
"""Looks at a whole video file, says in a few words what it is, or raises BadDownload."""


@dataclass(frozen=True)
class Finding:
    """One check: a sentence, and `code` "" where all is well. `back_end` is whom it is about, "" for all."""

    sentence: str
    code: str = ""
    back_end: str = ""

    @property
    def exit_code(self) -> int:
        return EXIT_CODES.get(self.code, 1) if self.code else 0


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be checked. `back_end` and `model` "" mean: all that are set up, and any model of ours.

    `download` is a file's id or its address, and is saved to `output` in one atomic step once it is known to
    be a whole video.
    """

    back_end: str = ""
    model: str = ""
    download: str = ""
    output: Path | None = None
    self_test: bool = False


class Verification:
    """One round of checks. `run` may be called once; each finding comes as soon as it is made."""

    def __init__(self, setup: Setup, wish: Wish, *, today: dt.date, inspect: Inspector) -> None:
        self.setup = setup
        self.wish = wish
        self.today = today
        self.inspect = inspect
        self._failed: set[tuple[str, str]] = set()
        """Address and source of credentials that failed already, so that each is told once."""
        self._complete = 0
        """How many lists came that should name every model."""
        self._alive: set[str] = set()

    def run(self) -> Iterator[Finding]:
        """Each back end in turn, then what concerns all of them. A failure in one hides no other."""
        if self.setup.demo:
            yield Finding(
                f"Demo: the simulator at {self.setup.gemini_base_url} answers, not Google, and no credential "
                "of yours is used. It runs while `make run` does."
            )
        accesses = self._accesses()
        if not any(access.configured for access in accesses):
            yield Finding(_nothing_set_up(accesses), "not_configured")
            return
        for access in accesses:
            for finding in self._look_at(access):
                yield replace(finding, back_end=access.back_end)
        yield from self._any_model()
        if self.wish.self_test and not self.setup.access(GEMINI_OMNI).configured:
            missing = self.setup.access(GEMINI_OMNI).missing
            yield Finding(f"The self-test of Gemini Omni needs {missing}.", "not_configured")
        if self.wish.download and self.wish.output is not None:
            yield from self._download(self.wish.download, self.wish.output)

    def _accesses(self) -> list[Access]:
        """Which back ends the wish is about."""
        model = CATALOG.get(self.wish.model)
        wanted = self.wish.back_end or (model.back_end if model else "")
        return [self.setup.access(wanted)] if wanted else self.setup.all_access()

    def _look_at(self, access: Access) -> Iterator[Finding]:
        if not access.configured:
            yield Finding(f"Not set up: it needs {access.missing}.")
            return
        if self._skipped(access):
            yield Finding(
                "Not asked: Google switched off its last model here. Relays and the simulator have them."
            )
            return
        yield from _configured(access, self.setup)
        door = (access.base_url, access.source)
        if door in self._failed:
            yield Finding("Not asked: the same credential has just failed at the same address.")
            return
        try:
            back_end = open_back_end(access.back_end, self.setup)
        except ValueError as error:
            self._failed.add(door)
            yield Finding(str(error), _setting(error))
            return
        try:
            yield from self._ask(access, back_end)
        except VeoError as error:
            self._failed.add(door)
            yield Finding(error.message, error.code)
        finally:
            back_end.close()

    def _skipped(self, access: Access) -> bool:
        """Nothing is left there, nobody asked for it by name, and there is something else to look at."""
        if not access.own or self.wish.back_end or self.wish.model:
            return False
        others = [other for other in self.setup.all_access() if other.back_end != access.back_end]
        over = all(model.retired(self.today) for model in CATALOG.of(access.back_end))
        return over and any(other.configured for other in others)

    def _ask(self, access: Access, back_end: BackEnd) -> Iterator[Finding]:
        offered = set(back_end.models())
        yield Finding(f"The credential is accepted; {len(offered)} models are listed for it.")
        if self.wish.model:
            if self.wish.model in offered:
                self._alive.add(self.wish.model)
                yield Finding(f"The model {self.wish.model} is listed.")
        else:
            ours = CATALOG.of(access.back_end)
            self._alive.update(model.id for model in ours if model.id in offered)
            yield from _lists(ours, offered, self.today)
        if access.back_end == VERTEX_VEO:
            yield Finding(
                "That Vertex AI lists its Veo models is not verified, nor does a list prove the role "
                "Vertex AI User (roles/aiplatform.user): the first clip does."
            )
        else:
            self._complete += 1
        if self.wish.self_test and isinstance(back_end, GeminiOmni):
            yield from _self_test(back_end)

    def _any_model(self) -> Iterator[Finding]:
        """A failure where not one model was found; silent where no list came that says anything."""
        if self._alive or not self._complete:
            return
        if not self.wish.model:
            yield Finding(
                "None of the models that veoweb knows is listed. Google switched Veo off for API keys on "
                "2026-10-22; Gemini Omni took its place, and Veo 3.1 needs a Google Cloud project.",
                "no_model",
            )
            return
        known = CATALOG.get(self.wish.model)
        if known and known.retired(self.today):
            successor = CATALOG.successor(known, self.today)
            advice = f" Take {successor.id} instead." if successor else ""
            sentence = f"Google switched off {known.id} on {known.retires_on}.{advice}"
            yield Finding(sentence, "model_retired")
            return
        yield Finding(f"The model {self.wish.model} is not listed for this credential.", "model_unknown")

    def _download(self, wanted: str, output: Path) -> Iterator[Finding]:
        """Through Vertex AI what lies in Cloud Storage, through the Gemini API everything else."""
        names = (VERTEX_VEO,) if wanted.startswith("gs://") else (GEMINI_OMNI, GEMINI_VEO)
        accesses = [self.setup.access(name) for name in names]
        carriers = [access for access in accesses if access.configured]
        if not carriers:
            yield Finding(f"The download needs {accesses[0].missing}.", "not_configured")
            return
        carrier = carriers[0]
        if (carrier.base_url, carrier.source) in self._failed:
            return
        try:
            back_end = open_back_end(carrier.back_end, self.setup)
        except ValueError as error:
            yield Finding(str(error), _setting(error))
            return
        try:
            yield _fetched(back_end, wanted, output, self.inspect)
        finally:
            back_end.close()


def _nothing_set_up(accesses: list[Access]) -> str:
    if len(accesses) == 1:
        return f"It is not set up: it needs {accesses[0].missing}. See docs/google.md."
    return (
        "No Google credential is set. Put GEMINI_API_KEY (Gemini Omni) or GOOGLE_CLOUD_PROJECT (Veo on "
        "Vertex AI) into .env; docs/google.md says how to get them."
    )


def _configured(access: Access, setup: Setup) -> Iterator[Finding]:
    where = f"project {access.project}, region {access.location}, at " if access.project else ""
    yield Finding(f"Set up by {access.source}: {where}{access.base_url}.")
    if setup.key_style == "bearer" and access.source == "GEMINI_API_KEY" and access.own:
        yield Finding(
            "Warning: VEOWEB_GEMINI_KEY_STYLE=bearer sends the key as a Bearer token. Some relays want that; "
            "Google itself refuses it."
        )


def _lists(ours: tuple[Model, ...], offered: set[str], today: dt.date) -> Iterator[Finding]:
    """Our models by what became of them, one sentence a group."""
    alive = [_with_end(model, today) for model in ours if model.id in offered]
    missing = [model.id for model in ours if model.id not in offered and not model.retired(today)]
    gone = [model.id for model in ours if model.id not in offered and model.retired(today)]
    for words, found in (("Alive", alive), ("Not listed for this credential", missing), ("Retired", gone)):
        if found:
            yield Finding(f"{words}: {', '.join(found)}.")


def _with_end(model: Model, today: dt.date) -> str:
    if model.retired(today):
        return f"{model.id} (though Google retired it on {model.retires_on})"
    if model.retires_soon(today):
        later = " or later" if model.retires_at_earliest else ""
        return f"{model.id} (until {model.retires_on}{later})"
    return model.id


def _self_test(omni: GeminiOmni) -> Iterator[Finding]:
    """Whether this key can read what works in the background; in October 2026 some could not."""
    yield Finding(
        "Self-test: a text of a few words is made in the background. That costs a fraction of a cent."
    )
    if why_not := omni.self_test():
        yield Finding(f"The self-test failed, so leave VEOWEB_OMNI_BACKGROUND off. {why_not}", "self_test")
    else:
        yield Finding("The self-test passed: this key can read work in the background.")


def _setting(error: ValueError) -> str:
    return "bad_base_url" if "base URL" in str(error) else "bad_credential"


def _fetched(back_end: BackEnd, wanted: str, output: Path, inspect: Inspector) -> Finding:
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
