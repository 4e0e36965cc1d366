"""`manage.py up`: the studio starts as one and stops as one, however its parts die."""

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from projects.management.commands.web import listen
from tests.poller.studio import wait_until
from tests.processes import Installation, free_address

pytestmark = [pytest.mark.kill, pytest.mark.xdist_group("up")]


class Up(Installation):
    """A demo, and a look at the processes it is made of."""

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


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    Up(folder, {})
    return folder


@pytest.fixture
def up(tmp_path: Path, prepared: Path) -> Iterator[Up]:
    up = Up(tmp_path, {"VEOWEB_SIMULATOR": free_address()}, like=prepared)
    try:
        up.start("--demo")
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
