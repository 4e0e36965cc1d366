"""Named places where a test may kill the process, to prove that nothing is left half-done (promise P3)."""

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
_ARMED = os.environ.get("VEOWEB_KILL_AT", "")


def failpoint(name: str) -> None:
    """Dies here by SIGKILL when VEOWEB_KILL_AT names this place; otherwise does nothing."""
    if name == _ARMED:
        os.kill(os.getpid(), signal.SIGKILL)
