"""What the body of an error answer says, in any of its shapes, before it is judged.

Shapes met in the wild: an object with `error`, the same as a one-element list (Google's front end), string
codes (Interactions), an `error` that is only text (relays), HTML, plain text, nothing.
"""

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from projects.veo.credentials import Credentials, excerpt

LONGEST_WAIT = 3600.0
"""Seconds. A longer wait is cut: to ask once an hour does no harm, and a mad header cannot stop the work."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """The body's facts before they are judged."""

    text: str = ""
    status: str = ""
    reason: str = ""
    details: list[Mapping[str, Any]] = field(default_factory=list)
    structured: bool = False

    def has(self, *words: str) -> bool:
        where = f"{self.text} {self.status} {self.reason}".lower()
        return any(word.lower() in where for word in words)

    @property
    def vertex(self) -> bool:
        """Whether Vertex AI says it, and not the Gemini API."""
        services = [str(_mapping(item.get("metadata")).get("service")) for item in self.details]
        return "aiplatform.googleapis.com" in services or self.has(
            "aiplatform", "vertex ai", "agent platform"
        )

    @property
    def quote(self) -> str:
        return f"Google says: {self.text[:300]}" if self.text else "Google gave no reason."

    @property
    def quota_ids(self) -> Iterator[str]:
        for item in self.details:
            violations = item.get("violations")
            for violation in violations if isinstance(violations, list) else []:
                if isinstance(violation, dict):
                    yield str(violation.get("quotaId", ""))

    def wait(self, headers: Mapping[str, str]) -> float:
        """Seconds: the longer of Retry-After (a number or an HTTP date) and RetryInfo; 0 without either."""
        waits = [_seconds(headers.get("retry-after", ""), headers.get("date", ""))]
        waits += [_seconds(str(item.get("retryDelay", "")).removesuffix("s"), "") for item in self.details]
        return max(waits)


def listen(body: bytes, credentials: Credentials | None) -> Said:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return Said()
    if isinstance(data, list) and data:
        data = data[0]
    error = data.get("error") if isinstance(data, dict) else None
    if isinstance(error, str) and error:
        return Said(text=excerpt(error, credentials), structured=True)
    if not isinstance(error, dict) or not error:
        return Said()
    details = error.get("details")
    details = [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []
    reasons = [str(item["reason"]) for item in details if item.get("reason")]
    return Said(
        text=excerpt(str(error.get("message") or ""), credentials),
        # Interactions put their word in `code` and have no `status`.
        status=excerpt(str(error.get("status") or error.get("code") or ""), credentials, limit=100),
        reason=excerpt(reasons[0], credentials, limit=100) if reasons else "",
        details=details,
        structured=True,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _seconds(text: str, date: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text, date)
    return min(seconds, LONGEST_WAIT) if math.isfinite(seconds) and seconds > 0 else 0.0


def _until(text: str, date: str) -> float:
    """Seconds to an HTTP date, by the server's own clock where it tells us: ours may be wrong."""
    then = _moment(text)
    now = _moment(date) or dt.datetime.now(dt.UTC)
    return (then - now).total_seconds() if then else 0.0


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
