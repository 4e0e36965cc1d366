"""One step: make a film's file from its clips. Begun anew by another poller when this one dies."""

from projects.models import Render
from projects.poller.google import Google
from projects.poller.leases import Hold


def render(work: Render, google: Google, hold: Hold) -> None:
    """queued → rendering → ready or failed."""
    work.begin()
    work.fail("Films cannot be rendered yet.")
