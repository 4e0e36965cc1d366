"""A client of the Interactions API that says what the studio says, and reads streams event by event."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
from PIL import Image

from tests.simulator.conftest import Caller

OMNI = "gemini-omni-1.2-flash"
FOX = "A red fox in the snow"
UNDRAWN = "[sim:empty]"
"""A prompt for which nothing is rendered."""

ADDRESS = "/v1beta/interactions"


class Omni:
    """Makes clips of 3 seconds in 360p, the quickest to draw."""

    def __init__(self, caller: Caller) -> None:
        self.simulator, self.http = caller.simulator, caller.http

    def body(self, prompt: Any = FOX, *, task: str = "", shape: Any = None, **more: Any) -> dict[str, Any]:
        wanted = {"type": "video", "resolution": "360p", "duration": "3s", "delivery": "uri"} | (shape or {})
        config = {"generation_config": {"video_config": {"task": task}}} if task else {}
        told = {name: value for name, value in wanted.items() if value is not None}
        return {"model": OMNI, "input": prompt, "response_format": told} | config | more

    def create(self, prompt: Any = FOX, **more: Any) -> httpx.Response:
        return self.http.post(ADDRESS, json=self.body(prompt, **more))

    def made(self, prompt: Any = FOX, **more: Any) -> dict[str, Any]:
        answer = self.create(prompt, **more)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def read(self, name: str, **parameters: str) -> httpx.Response:
        return self.http.get(f"{ADDRESS}/{name}", params=parameters)

    def events(self, prompt: Any = FOX, **more: Any) -> Iterator[dict[str, Any]]:
        """The events of a streamed create, as they come."""
        with self.http.stream("POST", ADDRESS, json=self.body(prompt, stream=True, **more)) as answer:
            yield from events_of(answer)

    def replay(self, name: str, **parameters: str) -> list[dict[str, Any]]:
        told = {"stream": "true"} | parameters
        with self.http.stream("GET", f"{ADDRESS}/{name}", params=told) as answer:
            return list(events_of(answer))


def events_of(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    assert answer.headers["content-type"] == "text/event-stream"
    for line in answer.iter_lines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))


def content(interaction: dict[str, Any]) -> list[dict[str, Any]]:
    """What the model made."""
    found: list[dict[str, Any]] = interaction["steps"][-1]["content"]
    return found


def image(colour: str = "#336699", kind: str = "PNG") -> dict[str, str]:
    data = io.BytesIO()
    Image.new("RGB", (320, 180), colour).save(data, kind)
    told = base64.b64encode(data.getvalue()).decode()
    return {"type": "image", "data": told, "mime_type": f"image/{kind.lower()}"}


def text(words: str = FOX) -> dict[str, str]:
    return {"type": "text", "text": words}
