"""What the environment says about Google: which back ends can be used, with what, at which address.

Knows no network, so forms and pages may ask it too. Nothing here shows a secret: a credential is named by the
variable that it came from.
"""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from projects.veo.catalog import BACK_ENDS, GEMINI_OMNI, GEMINI_VEO, VERTEX_VEO

GOOGLE_GEMINI_ORIGIN = "https://generativelanguage.googleapis.com"
"""Google's own API-key service. Against any other origin (simulator, relay) retired models can be chosen."""
GOOGLE_STORAGE_ORIGIN = "https://storage.googleapis.com"

DEFAULT_LOCATION = "us-central1"
"""The one region in which Google's pages list Veo 3.1."""

DEMO_KEY = "the-key-of-the-demo"
DEMO_TOKEN = "ya29." + "the-token-of-the-demo"
DEMO_PROJECT = "demo-project"

KeyStyle = Literal["header", "bearer"]
"""How an API key travels: `x-goog-api-key`, or `Authorization: Bearer` for relays that want that."""


def google_vertex_origin(location: str) -> str:
    """Vertex AI's host for a region; `global`, `us` and `eu` have forms of their own (SDK 3.4.0)."""
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in ("us", "eu"):
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


@dataclass(frozen=True, kw_only=True)
class Access:
    """How one back end is reached. `source` names where the credential comes from, "" for none."""

    back_end: str
    base_url: str
    own: bool
    """Whether that address is Google's own, where retired models are gone."""
    source: str = ""
    missing: str = ""
    """What is needed, as the end of "… needs", where `source` is empty."""
    project: str = ""
    location: str = ""

    @property
    def configured(self) -> bool:
        return self.source != ""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The settings about Google, as text; empty means unset. Several credentials may be set at once."""

    demo: bool = False
    """Everything goes to the simulator with credentials that only it accepts."""
    api_key: str = field(default="", repr=False)
    key_style: KeyStyle = "header"
    oauth_token: str = field(default="", repr=False)
    credentials_file: str = ""
    project: str = ""
    """A Google Cloud project. Without any other credential it stands for application-default credentials."""
    quota_project: str = ""
    location: str = DEFAULT_LOCATION
    gemini_base_url: str = GOOGLE_GEMINI_ORIGIN
    gemini_version: str = "v1beta"
    vertex_base_url: str = ""
    """Empty: Google's own host for the location."""
    vertex_storage: str = ""
    """A `gs://bucket/folder` for results of Vertex AI; empty: they come inside the answer."""

    def access(self, back_end: str) -> Access:
        """KeyError for a name that is no back end's."""
        if back_end not in BACK_ENDS:
            raise KeyError(back_end)
        if back_end == VERTEX_VEO:
            return self._vertex()
        source, missing = self._gemini_source(back_end)
        own = _origin(self.gemini_base_url) == _origin(GOOGLE_GEMINI_ORIGIN)
        return Access(
            back_end=back_end, base_url=self.gemini_base_url, own=own, source=source, missing=missing
        )

    def all_access(self) -> list[Access]:
        return [self.access(back_end) for back_end in (GEMINI_OMNI, VERTEX_VEO, GEMINI_VEO)]

    def _gemini_source(self, back_end: str) -> tuple[str, str]:
        if self.demo:
            return "the demo", ""
        if self.api_key:
            return "GEMINI_API_KEY", ""
        if self.oauth_token and back_end == GEMINI_VEO:
            return "GEMINI_OAUTH_TOKEN", ""
        return "", "an API key (GEMINI_API_KEY)"

    def _vertex(self) -> Access:
        own_url = google_vertex_origin(self.location)
        base_url = self.vertex_base_url or own_url
        source = self._vertex_source()
        return Access(
            back_end=VERTEX_VEO,
            base_url=base_url,
            own=_origin(base_url) == _origin(own_url),
            source=source,
            missing="" if source else "a Google Cloud project (GOOGLE_CLOUD_PROJECT)",
            project=DEMO_PROJECT if self.demo else self.project,
            location=self.location,
        )

    def _vertex_source(self) -> str:
        if self.demo:
            return "the demo"
        if not self.project:
            return ""
        if self.credentials_file:
            return "GOOGLE_APPLICATION_CREDENTIALS"
        return "GEMINI_OAUTH_TOKEN" if self.oauth_token else "application-default credentials"


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)
