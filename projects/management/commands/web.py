"""Runs the web server."""

import contextlib
import os
import signal
import socket
from typing import Any

import waitress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.wsgi import get_wsgi_application

from projects.management.demo import settle_demo_login
from projects.management.parent import stop_with_parent


class Command(BaseCommand):
    help = "Serves the studio with waitress."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--address", metavar="HOST:PORT", help="default: VEOWEB_ADDRESS")
        parser.add_argument("--exit-with-parent", action="store_true", help="stop when standard input closes")

    def handle(self, *args: Any, **options: Any) -> None:
        settle_demo_login()
        listener = listen(options["address"] or settings.WEB_ADDRESS)
        server = waitress.create_server(
            get_wsgi_application(),
            sockets=[listener],
            threads=8,
            # A slow reader of a video costs a connection, not a thread: the I/O loop sends files.
            connection_limit=500,
            # Twice what we take, so that our own page says what is too large, and not waitress's bare line.
            max_request_body_size=2 * settings.BODY_MAX_BYTES,
            ident="veoweb",
            **proxy_options(),
        )

        def stop(*signal_and_frame: object) -> None:
            raise SystemExit(0)

        signal.signal(signal.SIGTERM, stop)
        if options["exit_with_parent"]:
            stop_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
        else:
            host, port = listener.getsockname()[:2]
            self.stdout.write(f"veoweb is at http://{host}:{port}/  (Ctrl+C stops it)")
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            server.run()
        server.close()


def proxy_options() -> dict[str, Any]:
    """Which headers of a reverse proxy to believe: none, unless it was declared."""
    if not settings.BEHIND_PROXY:
        return {}
    return {
        "trusted_proxy": "*",
        "trusted_proxy_headers": "x-forwarded-for x-forwarded-proto x-forwarded-host",
        "clear_untrusted_proxy_headers": True,
    }


def listen(address: str) -> socket.socket:
    """A listening socket at host:port, or at the first free port from 8000 on when none is asked for."""
    host, _, port = address.rpartition(":")
    wanted = [int(port)] if address else range(8000, 8020)
    for number in wanted:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host.strip("[]") or "127.0.0.1", number))
            listener.listen()
            return listener
        except OSError:
            listener.close()
    taken = address or "127.0.0.1:8000 to 8019"
    raise CommandError(
        f"{taken} is taken by another program. Choose another one with VEOWEB_ADDRESS=host:port."
    )
