"""Processes of our own for bytes from outside: no secrets, no more memory and time than they are given.

FFmpeg is C code, so whatever it makes of a hostile file shall happen in a process that has nothing to lose.
"""

import json
import logging
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

_ROOT = Path(__file__).resolve().parent.parent
_START = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)

logger = logging.getLogger(__name__)


class Refused(Exception):
    """What the process says is wrong with the file; the message is its sentence."""


class Broken(Exception):
    """The process ended without an answer; the message is how."""


def ask(module: str, path: Path, *options: str, timeout: float) -> dict[str, Any]:
    """What `module`, run on the file at `path`, prints as JSON within `timeout` seconds.

    Raises Refused when it answers with an "error", Broken when it answers nothing that can be read, and
    TimeoutError.
    """
    # The path is absolute, so never an option.
    with start(module, str(path.resolve()), *options) as reader:
        try:
            out, err = reader.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        finally:
            kill(reader)
    try:
        answer: dict[str, Any] = json.loads(out)
    except ValueError:
        said = err[-2000:].decode(errors="replace")
        logger.warning("%s on %s ended with %s: %s", module, path, reader.returncode, said)
        raise Broken(str(reader.returncode)) from None
    if "error" in answer:
        raise Refused(answer["error"])
    return answer


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
