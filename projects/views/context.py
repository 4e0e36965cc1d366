"""What every page knows."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from projects.models import PollerHeartbeat
from projects.models.google import google_setup

THEMES = ("system", "light", "dark")


def studio(request: HttpRequest) -> dict[str, Any]:
    """Also for pages that are made before anybody is logged in, or before the request has a user at all."""
    user = getattr(request, "user", None)
    known = user is not None and user.is_authenticated
    theme = request.COOKIES.get("theme")
    google = google_setup()
    return {
        "demo": settings.DEMO,
        "idle_credential": settings.DEMO and bool(google.api_key or google.oauth_token or google.project),
        "theme": theme if theme in THEMES else THEMES[0],
        "ui_poll_ms": settings.UI_POLL_MS,
        # Templates call it; a page that does not ask costs no query.
        "poller_alive": cache(PollerHeartbeat.objects.alive().exists) if known else True,
    }
