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
CLOUD_MODEL = "veo-3.1-fast-generate-001"
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


class Cloud:
    """A client of one simulator that says what the studio says to Vertex AI, with a good token."""

    def __init__(self, simulator: Simulator, token: str) -> None:
        self.simulator = simulator
        self.http = client(simulator, {"authorization": f"Bearer {token}"})

    def parent(self, model: str = CLOUD_MODEL, location: str = "us-central1") -> str:
        return f"projects/the-project/locations/{location}/publishers/google/models/{model}"

    def submit(
        self,
        prompt: str = PROMPT,
        *,
        model: str = CLOUD_MODEL,
        location: str = "us-central1",
        version: str = "v1beta1",
        instance: Any = None,
        labels: Any = None,
        **parameters: Any,
    ) -> httpx.Response:
        instances = [{"prompt": prompt} | (instance or {})]
        body = {"instances": instances, "parameters": {"durationSeconds": 4} | parameters}
        if labels is not None:
            body["labels"] = labels
        return self.http.post(f"/{version}/{self.parent(model, location)}:predictLongRunning", json=body)

    def poll(self, name: str, **more: Any) -> httpx.Response:
        parent = name.partition("/operations/")[0]
        body = {"operationName": name} | more
        return self.http.post(f"/v1beta1/{parent}:fetchPredictOperation", json=body)

    def made(self, prompt: str = PROMPT, **options: Any) -> dict[str, Any]:
        """Submits and polls once, which is enough where no latency is simulated."""
        return self.poll(self.submit(prompt, **options).json()["name"]).json()

    def extend(self, video: dict[str, str], prompt: str = PROMPT, **parameters: Any) -> httpx.Response:
        """Asks for an extension, which says nothing about length and ratio."""
        body = {"instances": [{"prompt": prompt, "video": video}], "parameters": parameters}
        return self.http.post(f"/v1beta1/{self.parent()}:predictLongRunning", json=body)


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


@pytest.fixture
def cloud_with() -> Iterator[Callable[[Simulator, str], Cloud]]:
    """Talks to the Vertex AI of a simulator with a token of one's own."""
    with ExitStack() as stack:

        def make(simulator: Simulator, token: str) -> Cloud:
            cloud = Cloud(simulator, token)
            stack.callback(cloud.http.close)
            return cloud

        yield make


@pytest.fixture
def start_cloud(
    start: Callable[..., Caller], cloud_with: Callable[[Simulator, str], Cloud]
) -> Callable[..., Cloud]:
    """Starts simulators as `start` does, and talks to their Vertex AI with a good token."""
    return lambda *state, **options: cloud_with(start(*state, **options).simulator, "ya29.test")


@pytest.fixture
def cloud(start_cloud: Callable[..., Cloud]) -> Cloud:
    return start_cloud()


def picture(colour: str = "#336699", size: tuple[int, int] = (320, 180), kind: str = "PNG") -> dict[str, str]:
    """An `image` as the wire wants it."""
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, kind)
    return {
        "bytesBase64Encoded": base64.b64encode(data.getvalue()).decode(),
        "mimeType": f"image/{kind.lower()}",
    }
