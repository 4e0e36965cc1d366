import base64
import datetime as dt
import io
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from projects.simulator.app import Simulator

KEY = "AIzaTestKey"
MODEL = "veo-3.1-fast-generate-preview"
PROMPT = "A red fox in the snow"


class Clock:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 11, 22, 10, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, **length: float) -> None:
        self.now += dt.timedelta(**length)


NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""All is plain HTTP here; without it each client spends a tenth of a second on reading certificates."""


def client(simulator: Simulator, headers: dict[str, str] | None = None) -> httpx.Client:
    return httpx.Client(base_url=simulator.url, headers=headers, timeout=30, verify=NO_TLS)


class Caller:
    """A client of one simulator that says what the studio says, with a good key."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.submit_address = f"/v1beta/models/{MODEL}:predictLongRunning"
        self.http = client(simulator, {"x-goog-api-key": KEY})

    def submit(
        self, prompt: str = PROMPT, *, model: str = MODEL, instance: Any = None, **parameters: Any
    ) -> httpx.Response:
        settings = {"aspectRatio": "16:9", "resolution": "720p", "durationSeconds": 4, "sampleCount": 1}
        body = {"instances": [{"prompt": prompt} | (instance or {})], "parameters": settings | parameters}
        return self.http.post(f"/v1beta/models/{model}:predictLongRunning", json=body)

    def made(self, prompt: str = PROMPT, **options: Any) -> dict[str, Any]:
        """Submits and polls once, which is enough where no latency is simulated."""
        return self.poll(self.submit(prompt, **options).json()["name"]).json()

    def poll(self, name: str) -> httpx.Response:
        return self.http.get(f"/v1beta/{name}")

    def uri(self, prompt: str = PROMPT, **options: Any) -> str:
        samples = self.made(prompt, **options)["response"]["generateVideoResponse"]["generatedSamples"]
        return str(samples[0]["video"]["uri"])

    def download(self, uri: str, **headers: str) -> httpx.Response:
        """Follows the redirect by hand, as a careful client does."""
        first = self.http.get(uri, headers=headers)
        return (
            self.http.get(first.headers["location"], headers=headers) if first.status_code == 302 else first
        )


@pytest.fixture(scope="session")
def clips_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(tmp_path: Path, clips_dir: Path) -> Iterator[Callable[..., Caller]]:
    """Starts simulators that share their rendered clips, and stops them after the test."""
    with ExitStack() as stack:

        def make(state: str = "state", **options: Any) -> Caller:
            options = {"clips_dir": clips_dir} | options
            simulator = stack.enter_context(Simulator(tmp_path / state, **options))
            caller = Caller(simulator)
            stack.callback(caller.http.close)
            return caller

        yield make


@pytest.fixture
def caller(start: Callable[..., Caller]) -> Caller:
    return start()


def picture(colour: str = "#336699", size: tuple[int, int] = (320, 180), kind: str = "PNG") -> dict[str, str]:
    """An `image` as the wire wants it."""
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, kind)
    return {
        "bytesBase64Encoded": base64.b64encode(data.getvalue()).decode(),
        "mimeType": f"image/{kind.lower()}",
    }
