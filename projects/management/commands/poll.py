"""Runs a poller: the only process that talks to Google."""

import signal
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects.management.parent import stop_with_parent
from projects.poller.loop import Poller, nothing_active


class Command(BaseCommand):
    help = "Submits queued clips, follows them at Google, downloads what is finished."
    requires_system_checks: list[str] = []
    """They are about pages; a poller has none, and should work for clips that are paid for in any case."""

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--once", action="store_true", help="do what is due, then exit")
        how.add_argument("--drain", action="store_true", help="go on until nothing is active, then exit")
        parser.add_argument(
            "--timeout", type=float, metavar="S", help="with --drain: give up after S seconds"
        )
        parser.add_argument("--exit-with-parent", action="store_true", help="stop when standard input closes")

    def handle(self, *args: Any, **options: Any) -> None:
        poller = Poller()

        def stop(number: int, frame: FrameType | None) -> None:
            signal.signal(number, signal.SIG_DFL)
            self.stdout.write("Stopping: finishing what is in hand. Once more to force.")
            poller.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        if options["exit_with_parent"]:
            stop_with_parent(poller.stop)
        if options["once"]:
            while not poller.stopping.is_set() and poller.step():
                pass
        elif options["drain"]:
            self.drain(poller, options["timeout"])
        else:
            poller.run()

    def drain(self, poller: Poller, timeout: float | None) -> None:
        deadline = time.monotonic() + timeout if timeout else None
        late = False

        def finished() -> bool:
            nonlocal late
            late = deadline is not None and time.monotonic() > deadline
            return late or nothing_active()

        poller.run(finished)
        if late:
            raise CommandError(f"Clips are still active after {timeout:g} seconds.")
