"""The access tokens that this simulator has given out, and until when each is good."""

import datetime as dt
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"

ISSUED = "ya29.sim-"
"""How a token begins that only counts while this simulator remembers it."""


@dataclass(kw_only=True)
class Tokens:
    """`lifetime` is seconds by `clock`. A restart forgets all tokens: a client has to fetch a new one."""

    clock: Callable[[], dt.datetime]
    lifetime: int = 3599
    _good: dict[str, tuple[dt.datetime, str]] = field(default_factory=dict)
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def issue(self, scope: str) -> str:
        with self._lock:
            self._count += 1
            token = f"{ISSUED}{self._count}-{secrets.token_urlsafe(24)}"
            self._good[token] = (self.clock() + dt.timedelta(seconds=self.lifetime), scope)
        return token

    def scope(self, token: str) -> str | None:
        """The scopes of a token, separated by spaces; None for one that is over, revoked or not from here."""
        with self._lock:
            ends, scope = self._good.get(token, (None, ""))
        return scope if ends is not None and self.clock() < ends else None

    def revoke(self) -> None:
        """Ends all tokens given out so far."""
        with self._lock:
            self._good.clear()
