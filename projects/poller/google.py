"""The back ends of this process, opened once from the settings."""

import threading

from projects.models.google import google_setup
from projects.poller.part import incoming
from projects.veo.client import BackEnd, open_back_end
from projects.veo.errors import VeoError


class Google:
    def __init__(self) -> None:
        self._open: dict[str, BackEnd] = {}
        self._lock = threading.Lock()

    def back_end(self, name: str) -> BackEnd:
        """The back end of that catalog name. Raises VeoError when the settings cannot be used at all."""
        with self._lock:
            if name not in self._open:
                try:
                    self._open[name] = open_back_end(name, google_setup(), spool=incoming())
                except ValueError as error:
                    raise VeoError("set_up_wrong", f"{error} Correct it in .env and restart.") from None
            return self._open[name]

    def close(self) -> None:
        for back_end in self._open.values():
            back_end.close()
