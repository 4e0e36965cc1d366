"""Which addresses may be asked, and which of them may see a credential (promise P4).

An allow-list, not a deny-list: clients that only strip known headers hand `x-goog-api-key` to any host that a
redirect names (openai-python#3516, axios#10884).
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass

from projects.veo.errors import ForeignHost, NoAnswer

Resolver = Callable[[str, int], list[str]]
"""Host and port to IP addresses as text; OSError where the name is unknown."""

_GOOGLE_MEDIA = ("googleapis.com", "googleusercontent.com")


@dataclass(frozen=True)
class Origin:
    """Scheme, host (lower case, no brackets) and port of an address."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """True for localhost and for loopback literals; a name that resolves to one does not count."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def resolve(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class Border:
    """The rule for every hop: home sees the credential, Google's media hosts do not, others are not asked.

    A media host's name is resolved here and again by the connection. The certificate check stands behind the
    second one, so a name server that changes its mind gains nothing.
    """

    home: Origin
    resolve: Resolver = resolve

    def __post_init__(self) -> None:
        if self.home.scheme != "https" and not (self.home.scheme == "http" and self.home.is_loopback):
            raise ValueError(
                f"The base URL {self.home} must be https: a credential would travel in clear text."
            )

    def is_home(self, origin: Origin) -> bool:
        """True: send the credential. False: ask without it. ForeignHost: do not ask."""
        if origin == self.home:
            return True
        if self.home.is_loopback and origin.is_loopback and origin.scheme in ("http", "https"):
            return False
        if origin.scheme != "https":
            raise _foreign(origin, "it is not https")
        if origin.port != 443 or not _is_google_media(origin.host):
            raise _foreign(origin, "it is not one of Google's media hosts")
        if not self._is_public(origin):
            raise _foreign(origin, "its name leads into a private network")
        return False

    def _is_public(self, origin: Origin) -> bool:
        try:
            addresses = self.resolve(origin.host, origin.port)
        except OSError as error:
            raise NoAnswer("no_answer", f"Could not find {origin.host}.", detail=str(error)) from error
        return bool(addresses) and all(map(_is_public, addresses))


def _is_google_media(host: str) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in _GOOGLE_MEDIA)


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    # Python 3.11 calls 100.64.0.1 not global, but ::ffff:100.64.0.1 global.
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_global and not ip.is_multicast


def _foreign(origin: Origin, why: str) -> ForeignHost:
    return ForeignHost(
        "foreign_host",
        f"Google's answer points to {origin}, and {why}. Nothing was sent there, least of all a key.",
    )
