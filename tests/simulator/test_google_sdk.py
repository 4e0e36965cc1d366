"""The proof that the simulator speaks Google's wire: Google's own client works against it, unmodified.

google-genai 2.34.0 is the last release with Veo on the Gemini API.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.simulator.conftest import MODEL
from tests.simulator.sdk import assert_plays, environment, run

GOOGLE = "https://generativelanguage.googleapis.com"
"""Stands in the answers, for the SDK takes a file's id only from an address that begins with https."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def sdk_python() -> Path:
    return environment("2.34.0")


@pytest.fixture
def sdk(sdk_python: Path, tmp_path: Path) -> Callable[[str, str], dict[str, Any]]:
    """Runs one case of sdk_script.py and returns what it tells."""
    return lambda case, base_url: run(sdk_python, "sdk_script.py", tmp_path, case, base_url, tmp_path)


def assert_delivered(told: dict[str, Any], caller: Any, folder: Path) -> None:
    caller.http.headers["x-goog-api-key"] = "AIzaSdkKey"
    ours = caller.download(told["uri"].replace(GOOGLE, caller.simulator.url)).content
    assert (folder / "streamed.mp4").read_bytes() == ours
    assert (folder / "whole.mp4").read_bytes() == ours
    assert told == {
        "name": caller.simulator.operations[0],
        "uri": told["uri"],
        "state": "ACTIVE",
        "source": "GENERATED",
        "size": len(ours),
    }
    assert_plays(folder / "streamed.mp4")
    assert caller.simulator.charged == caller.simulator.counts["submit"] == 1


def test_it_lets_googles_sdk_make_a_clip_from_text(start, sdk, tmp_path):
    caller = start(latency=0.5, base_url=GOOGLE)

    assert_delivered(sdk("text", caller.simulator.url), caller, tmp_path)


def test_it_lets_googles_sdk_make_a_clip_from_an_image(start, sdk, tmp_path):
    Image.linear_gradient("L").convert("RGB").resize((640, 360)).save(tmp_path / "seed.png")
    caller = start(latency=0.5, base_url=GOOGLE)

    assert_delivered(sdk("image", caller.simulator.url), caller, tmp_path)
    assert "image" in caller.simulator.requests[0].json["instances"][0]


def test_it_shows_googles_sdk_a_clip_held_back(caller, sdk):
    told = sdk("filtered", caller.simulator.url)

    assert (told["error"], told["videos"], told["count"]) == (None, None, 1)
    assert told["reasons"][0].startswith("We encountered an issue with the audio for your prompt")


def test_it_shows_googles_sdk_a_failed_clip(caller, sdk):
    assert sdk("failed", caller.simulator.url) == {
        "error": {"code": 8, "message": "Resource has been exhausted (e.g. check quota)."},
        "response": None,
    }


def test_it_gives_googles_sdk_a_video_inside_the_answer(caller, sdk, tmp_path):
    assert sdk("inline", caller.simulator.url) == {"mime_type": "video/mp4"}
    assert_plays(tmp_path / "inline.mp4")


def test_it_tells_googles_sdk_that_a_model_is_gone(start, sdk):
    caller = start(retired="refuse")

    told = sdk("retired", caller.simulator.url)

    assert (told["refused"], told["status"]) == (404, "NOT_FOUND")
    assert told["message"].startswith(f"This model models/{MODEL} is no longer available.")
    assert caller.simulator.charged == 0


def test_it_tells_googles_sdk_that_a_key_is_bad(caller, sdk):
    told = sdk("bad_key", caller.simulator.url)

    assert told == {
        "refused": 400,
        "status": "INVALID_ARGUMENT",
        "message": "API key not valid. Please pass a valid API key.",
    }


def test_it_lists_its_models_for_googles_sdk(caller, sdk):
    told = sdk("models", caller.simulator.url)

    assert told["one"] == "Veo 3.1 Fast preview"
    assert told["models"][f"models/{MODEL}"] == ["predictLongRunning"]
    assert len(told["models"]) == 9
    assert caller.simulator.counts["models"] == 5
