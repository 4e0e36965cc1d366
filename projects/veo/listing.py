"""Listings of Google that come in pages."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from projects.veo.errors import Garbled
from projects.veo.refusals import About
from projects.veo.transport import Transport

PAGES = 20


def listed(
    transport: Transport, path: str, field: str, query: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The objects under `field` of all pages; Garbled if it does not end, for half a list could mislead."""
    items: list[dict[str, Any]] = []
    asked = dict(query or {})
    for _ in range(PAGES):
        body = transport.get(f"{path}?{urlencode(asked)}", about=About.LIST)
        page = body.get(field)
        items += [item for item in page if isinstance(item, dict)] if isinstance(page, list) else []
        token = body.get("nextPageToken")
        if not token:
            return items
        asked["pageToken"] = str(token)
    raise Garbled("garbled", f"Google's list of {field} does not end.")
