"""Starts the simulator of Google's API and runs it until it is told to stop."""

import argparse
import logging
import re
import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects.management.parent import stop_with_parent
from projects.simulator.app import Simulator


class Command(BaseCommand):
    help = (
        "Pretends to be Google on a local port: set GOOGLE_GEMINI_BASE_URL (API keys) or "
        "GOOGLE_VERTEX_BASE_URL (Google Cloud) to the printed address. Any API key is good, except one that "
        "begins with 'invalid', and any OAuth token that begins with 'ya29.'. See docs/simulator.md for "
        "faults on request."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--address", type=address, default=("127.0.0.1", 8090), metavar="HOST:PORT")
        parser.add_argument("--state", type=Path, default=settings.VAR_DIR / "simulator")
        parser.add_argument(
            "--latency",
            type=latency,
            default=(8.0, 14.0),
            metavar="SECONDS",
            help="from submit to done, such as 10 or 8-14 (default)",
        )
        parser.add_argument("--retired", choices=["serve", "refuse"], default="serve")
        parser.add_argument("--no-listing", action="store_true", help="answer 404 to a list of operations")
        parser.add_argument(
            "--base-url", default="", metavar="URL", help="stands in answers instead of the address called"
        )
        parser.add_argument(
            "--token-lifetime",
            type=int,
            default=3599,
            metavar="SECONDS",
            help="for which an access token from /token is good",
        )
        parser.add_argument("--remote", action="store_true", help="allow an address that is not loopback")
        parser.add_argument(
            "--exit-with-parent", action="store_true", help="stop when standard input is closed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        if options["exit_with_parent"]:
            stop_with_parent(stop.set)
        if options["verbosity"] > 1:
            logging.getLogger("projects.simulator").setLevel(logging.DEBUG)
        with self._simulator(options) as simulator:
            self.stdout.write(f"Simulating Google at {simulator.url}")
            self.stdout.flush()
            stop.wait()

    def _simulator(self, options: dict[str, Any]) -> Simulator:
        try:
            return Simulator(
                options["state"],
                address=options["address"],
                latency=options["latency"],
                retired=options["retired"],
                base_url=options["base_url"],
                list_operations=not options["no_listing"],
                remote=options["remote"],
                token_lifetime=options["token_lifetime"],
            )
        except (OSError, ValueError) as error:
            raise CommandError(f"The simulator cannot start: {error}") from error


def address(text: str) -> tuple[str, int]:
    """Reads "127.0.0.1:8090" or "[::1]:8090"."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT.")
    return host, int(port)


def latency(text: str) -> float | tuple[float, float]:
    """Reads "10" or "8-14", in seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is neither SECONDS nor LEAST-MOST.")
    least, most = found.groups()
    return (float(least), float(most)) if most else float(least)
