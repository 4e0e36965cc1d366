"""The studio as people run it: `manage.py up` as a process, on a data folder and a port of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.poller.studio import wait_until

ROOT = Path(__file__).parent.parent


def free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


class Installation:
    """Prepared, and not yet started. `settings` are environment variables on top.

    `like` is the folder of another one that was never started: what is in it is copied, not made anew.
    """

    def __init__(self, folder: Path, settings: dict[str, str], *, like: Path | None = None) -> None:
        self.folder = folder
        self.address = free_address()
        self.url = f"http://{self.address}"
        self.log = folder / "studio.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "VEOWEB_ENV_FILE": os.devnull,
            "VEOWEB_VAR": str(folder),
            "VEOWEB_ADDRESS": self.address,
            **settings,
        }
        if like:
            shutil.copytree(like, folder, dirs_exist_ok=True)
        else:
            self.manage("first_run")

    def manage(self, *words: str) -> str:
        """Runs a command to its end and returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def start(self, *options: str) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", *options],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        wait_until(self.answers, seconds=60)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False


def ended(pid: int) -> bool:
    """Whether the process is gone, or dead and waiting for somebody to collect it."""
    for _ in range(150):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    return False
