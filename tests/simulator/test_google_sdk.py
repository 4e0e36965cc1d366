"""The proof that the simulator speaks Google's wire: Google's own client works against it, unmodified.

google-genai 2.34.0 is the last release with Veo on the Gemini API. It lives in an environment of its own,
because later releases, and other versions of what it needs, must not mix with ours.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from tests.simulator.conftest import MODEL

SDK = "google-genai==2.34.0"
ROOT = Path(__file__).resolve().parent.parent.parent
GOOGLE = "https://generativelanguage.googleapis.com"
"""Stands in the answers, for the SDK takes a file's id only from an address that begins with https."""

ENVIRONMENT = ROOT / ".venv-sdk2"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def sdk_python() -> Path:
    """The interpreter of the SDK's environment, which is made on first use and kept."""
    python = ENVIRONMENT / "bin" / "python"
    place = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    with (Path(tempfile.gettempdir()) / f"veoweb-sdk2-{place}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not _has_sdk(python):
            venv.create(ENVIRONMENT, with_pip=True, clear=True)
            install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", SDK]
            subprocess.run(install, check=True, timeout=500)
    return python


def _has_sdk(python: Path) -> bool:
    question = f"from importlib.metadata import version; assert version('google-genai') == '{SDK[-6:]}'"
    return python.exists() and not subprocess.run([python, "-c", question], capture_output=True).returncode


@pytest.fixture
def sdk(sdk_python: Path, tmp_path: Path) -> Callable[[str, str], dict[str, Any]]:
    """Runs one case of sdk_script.py and returns what it tells."""

    def run(case: str, base_url: str) -> dict[str, Any]:
        ours = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
        command = [sdk_python, "-I", ROOT / "tests/simulator/sdk_script.py", case, base_url, tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, env=ours, timeout=120)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    return run


def assert_plays(path: Path) -> None:
    with av.open(str(path)) as container:
        frames = sum(1 for _ in container.decode(video=0))
        assert (container.streams.video[0].width, container.streams.video[0].height) == (1280, 720)
        assert frames == 4 * 24


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
