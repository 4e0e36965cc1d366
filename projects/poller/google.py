"""The back ends of this process, opened once from the settings."""

import threading
from contextlib import suppress

from django.conf import settings

from projects.models import BackEndReport
from projects.models.google import google_setup
from projects.poller.part import incoming_folder
from projects.veo.catalog import GEMINI_OMNI
from projects.veo.client import BackEnd, open_back_end
from projects.veo.errors import VeoError
from projects.veo.gemini_omni import GeminiOmni


class Google:
    def __init__(self) -> None:
        self._open: dict[str, BackEnd] = {}
        self._lock = threading.Lock()

    def back_end(self, name: str) -> BackEnd:
        """The back end of that catalog name. Raises VeoError when the settings cannot be used at all."""
        with self._lock:
            if name not in self._open:
                self._open[name] = _opened(name)
            return self._open[name]

    def close(self) -> None:
        for back_end in self._open.values():
            back_end.close()


def _opened(name: str) -> BackEnd:
    with suppress(OSError):  # a full disk concerns those steps that write to it
        incoming_folder().mkdir(parents=True, exist_ok=True)
    try:
        back_end = open_back_end(name, google_setup(), spool=incoming_folder())
    except ValueError as error:
        raise VeoError("set_up_wrong", f"{error} Correct it in .env and restart.") from None
    if settings.OMNI_BACKGROUND and isinstance(back_end, GeminiOmni):
        back_end.background = _background_works(back_end)
    return back_end


def _background_works(omni: GeminiOmni) -> bool:
    """Whether this key can read what works in the background: some could not in October 2026, and had paid.

    Tried once a process, with a text of a few words (discuss.ai.google.dev/t/187237).
    """
    try:
        why_not = omni.self_test()
    except VeoError as error:
        why_not = error.message
    BackEndReport.objects.update_or_create(
        back_end=GEMINI_OMNI, defaults={"background_ok": not why_not, "background_sentence": why_not}
    )
    return not why_not
