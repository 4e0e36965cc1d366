"""The back ends of this process, opened once from the settings."""

import threading

from django.conf import settings

from projects.veo.client import BackEnd, open_back_end
from projects.veo.credentials import ApiKey, Credentials, OAuthToken
from projects.veo.errors import VeoError


def credentials() -> Credentials:
    """The one credential that requests carry: in demo mode a stand-in, which only the simulator accepts."""
    if settings.DEMO:
        return ApiKey("the-key-of-the-demo")
    if settings.GEMINI_API_KEY:
        return ApiKey(settings.GEMINI_API_KEY)
    return OAuthToken(settings.GEMINI_OAUTH_TOKEN, quota_project=settings.GOOGLE_CLOUD_PROJECT)


class Google:
    def __init__(self) -> None:
        self._open: dict[str, BackEnd] = {}
        self._lock = threading.Lock()

    def back_end(self, name: str) -> BackEnd:
        """The back end of that catalog name. Raises VeoError when the settings cannot be used at all."""
        with self._lock:
            if name not in self._open:
                try:
                    self._open[name] = open_back_end(
                        name, credentials(), base_url=settings.GOOGLE_GEMINI_BASE_URL
                    )
                except ValueError as error:
                    raise VeoError("set_up_wrong", f"{error} Correct it in .env and restart.") from None
            return self._open[name]

    def close(self) -> None:
        for back_end in self._open.values():
            back_end.close()
