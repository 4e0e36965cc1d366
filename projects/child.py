"""Processes of our own for bytes from outside: no secrets, no more memory and time than they are given.

FFmpeg is C code, so whatever it makes of a hostile file shall happen in a process that has nothing to lose.
"""

import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

_ROOT = Path(__file__).resolve().parent.parent
_START = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def start(
    module: str,
    *arguments: str,
    stdin: int = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Run `module` as a program in a session of its own, with an empty environment: no key, no database.

    Its standard output is a pipe to the caller.
    """
    command = [sys.executable, "-I", "-B", "-X", "utf8", "-c", _START, str(_ROOT), module, *arguments]
    return subprocess.Popen(  # noqa: S603 - no shell; what the arguments say is the caller's to judge
        command,
        env={},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )


def kill(child: subprocess.Popen[bytes]) -> None:
    """End a process that `start` made, and what it started, at once. Nothing happens if it has ended."""
    if child.returncode is None:
        os.killpg(child.pid, signal.SIGKILL)


def confine(*, seconds: int, cpu_seconds: int, memory: int, file_size: int) -> None:
    """Called by the child: end after so many seconds, with so many bytes of memory and of any one file."""
    signal.alarm(seconds + 5)  # for a child whose parent was killed
    limits = {
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in limits.items():
        with suppress(ValueError, OSError):  # macOS has no RLIMIT_AS; a lower limit may be set already
            resource.setrlimit(limit, (value, value))
