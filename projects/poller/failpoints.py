"""Named places where a test may kill the process, to prove that nothing is left half-done (promise P3)."""

import itertools
import os
import signal

NAMES = (
    "claimed",
    "intent",
    "ref_kept",
    "ref_saved",
    "posted",
    "evidence",
    "op_saved",
    "polled",
    "done_saved",
    "mid_download",
    "downloaded",
    "verified",
    "published",
    "joined",
    "ready_saved",
)
"""In a clip's life."""
FILM_NAMES = ("rendered", "film_published")
"""Between the steps of making a film."""
_PLACE, _, _TIME = os.environ.get("VEOWEB_KILL_AT", "").partition(":")
_passed = itertools.count(1)


def failpoint(name: str) -> None:
    """Dies here by SIGKILL when VEOWEB_KILL_AT names this place; otherwise does nothing.

    "posted" is the first time that this process comes by, "posted:3" the third.
    """
    if name == _PLACE and next(_passed) == int(_TIME or 1):
        os.kill(os.getpid(), signal.SIGKILL)
