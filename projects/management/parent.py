"""How a child process of `manage.py up` learns that its parent is gone, even by kill -9."""

import os
import threading
from collections.abc import Callable


def stop_with_parent(stop: Callable[[], None]) -> None:
    """Calls `stop` once standard input closes.

    os.read, not sys.stdin.buffer: a buffered read in a daemon thread aborts the interpreter at exit.
    """

    def watch() -> None:
        while os.read(0, 1024):
            pass
        stop()

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
