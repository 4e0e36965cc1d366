"""Google's own SDK in environments of their own: later releases, and other versions of what they need, must
not mix with ours."""

import fcntl
import hashlib
import json
import os
import subprocess
import tempfile
import venv
from pathlib import Path
from typing import Any

import av

ROOT = Path(__file__).resolve().parent.parent.parent


def environment(version: str) -> Path:
    """The interpreter that has google-genai in that version. It is made on first use and kept."""
    folder = ROOT / f".venv-sdk{version.partition('.')[0]}"
    python = folder / "bin" / "python"
    place = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    with (Path(tempfile.gettempdir()) / f"veoweb-sdk-{place}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not _has(python, version):
            venv.create(folder, with_pip=True, clear=True)
            package = f"google-genai=={version}"
            install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
            subprocess.run(install, check=True, timeout=500)
    return python


def _has(python: Path, version: str) -> bool:
    question = f"from importlib.metadata import version; assert version('google-genai') == '{version}'"
    return python.exists() and not subprocess.run([python, "-c", question], capture_output=True).returncode


def run(python: Path, script: str, home: Path, *words: Any) -> Any:
    """What a script of this folder tells as JSON, run away from this project and from anybody's settings."""
    ours = {"PATH": os.environ["PATH"], "HOME": str(home), "NO_PROXY": "127.0.0.1"}
    command = [python, "-I", ROOT / "tests/simulator" / script, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=ours, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_plays(path: Path, seconds: int = 4) -> None:
    with av.open(str(path)) as container:
        frames = sum(1 for _ in container.decode(video=0))
        assert (container.streams.video[0].width, container.streams.video[0].height) == (1280, 720)
        assert frames == seconds * 24
