"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def studio(request: HttpRequest) -> dict[str, Any]:
    return {
        "demo": settings.DEMO,
        "theme": request.COOKIES.get("theme", "system"),
        "ui_poll_ms": settings.UI_POLL_MS,
    }
