"""`manage.py up`: the studio starts as one and stops as one, however its parts die."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from projects.management.commands.web import listen
from tests.poller.studio import wait_until

pytestmark = pytest.mark.kill

ROOT = Path(__file__).parent.parent


class Up:
    """A running `up --demo` on a data folder and ports of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as web, socket.socket() as simulator:
            web.bind(("127.0.0.1", 0))
            simulator.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{web.getsockname()[1]}"
            simulator_address = f"127.0.0.1:{simulator.getsockname()[1]}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "VEOWEB_ENV_FILE": os.devnull,
            "VEOWEB_VAR": str(folder),
            "VEOWEB_ADDRESS": self.address,
            "VEOWEB_SIMULATOR": simulator_address,
        }
        self.manage("first_run")
        self.log = folder / "up.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--demo"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def manage(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def children(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split()]

    def child(self, word: str) -> int:
        return next(pid for pid in self.children() if f"\0{word}\0" in command_line(pid))


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def gone(pids: list[int]) -> bool:
    return not any(command_line(pid) for pid in pids)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path)
    try:
        wait_until(up.answers, seconds=40)
        yield up
    finally:
        up.process.kill()
        up.process.wait()


def test_the_first_signal_stops_everything_together(up: Up) -> None:
    children = up.children()
    assert len(children) == 3
    started = time.monotonic()
    up.process.terminate()
    assert up.process.wait(20) == 0
    assert time.monotonic() - started < 8
    assert gone(children)


def test_a_child_that_dies_takes_the_others_along_and_is_named(up: Up) -> None:
    children = up.children()
    os.kill(up.child("web"), signal.SIGKILL)
    assert up.process.wait(20) == 1
    assert gone(children)
    assert "The web stopped by itself" in up.log.read_text()


def test_a_killed_parent_leaves_no_orphans(up: Up) -> None:
    children = up.children()
    up.process.kill()
    up.process.wait()
    wait_until(lambda: gone(children))


def test_the_first_run_can_be_repeated_and_prints_the_log_in(up: Up) -> None:
    assert re.search(r"Log in as demo with the password demo", up.manage("first_run"))


def test_a_taken_port_is_named_in_a_sentence() -> None:
    from django.core.management.base import CommandError

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CommandError, match=f"{address} is taken by another program"):
            listen(address)


def test_without_an_address_the_first_free_port_is_taken() -> None:
    with listen("") as first, listen("") as second:
        assert first.getsockname()[1] != second.getsockname()[1]
