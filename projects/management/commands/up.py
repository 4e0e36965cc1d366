"""Starts the whole studio, and stops it together."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects.management.commands.web import listen

GRACE = 10.0
"""Seconds a child gets to end by itself. A poller gets all the time it needs: it may be waiting for an answer
that is paid for. A second signal ends it too."""


class Command(BaseCommand):
    help = "Starts web server and poller, and in demo mode the simulator, in the foreground."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="use the simulator even if a Google credential is set"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        demo = options["demo"] or settings.DEMO
        web_address = settings.WEB_ADDRESS or free_address()
        environment = {**os.environ, "VEOWEB_ADDRESS": web_address}
        commands = {
            "web": ["web", "--exit-with-parent"],
            "poller": ["poll", "--exit-with-parent"],
        }
        if demo:
            simulator = own_simulator(environment)
            if simulator:
                commands = {
                    "simulator": ["simulate", "--exit-with-parent", "--address", simulator],
                    **commands,
                }
        self.children = {name: start(words, environment) for name, words in commands.items()}
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.stop)
        self.stdout.write(f"veoweb is at http://{web_address}/  (Ctrl+C stops it)")
        self.stdout.flush()
        self.wait()

    def stop(self, *signal_and_frame: object) -> None:
        if self.stopping:
            for child in self.children.values():
                child.kill()
        self.stopping = True

    def wait(self) -> None:
        """Until a signal, or until a child dies: then all stop, and the exit code says so."""
        dead = ""
        while not self.stopping and not dead:
            dead = next((name for name, child in self.children.items() if child.poll() is not None), "")
            time.sleep(0.1)
        for child in self.children.values():
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
        for name, child in self.children.items():
            try:
                child.wait(None if name == "poller" else GRACE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdin:
                child.stdin.close()
        if dead and not self.stopping:
            raise CommandError(
                f"The {dead} stopped by itself, so everything was stopped. The lines above say why."
            )


def start(words: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """A child in its own session whose standard input closes when this process dies, even by kill -9."""
    manage = Path(settings.BASE_DIR) / "manage.py"
    return subprocess.Popen(  # noqa: S603
        [sys.executable, str(manage), *words],
        stdin=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )


def free_address(address: str = "") -> str:
    with contextlib.closing(listen(address)) as listener:
        host, port = listener.getsockname()[:2]
    return f"{host}:{port}"


def own_simulator(environment: dict[str, str]) -> str:
    """Where to start a simulator, or "" when GOOGLE_GEMINI_BASE_URL already names one."""
    environment["VEOWEB_DEMO"] = "1"
    if os.environ.get("GOOGLE_GEMINI_BASE_URL"):
        return ""
    try:
        address = free_address(settings.SIMULATOR_ADDRESS)
    except CommandError:
        address = free_address("127.0.0.1:0")
    environment["VEOWEB_SIMULATOR"] = address
    return address
