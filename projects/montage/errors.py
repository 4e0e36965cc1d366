"""What can go wrong while a film is cut.

    MontageError   a sentence that names the piece at fault, or says what is wrong with the film
    Stopped        the caller's `stop` was set

A full disk and the like stay OSErrors.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from projects.video import VideoError


class MontageError(Exception):
    """The film cannot be made; the message is one sentence that says why."""


class Stopped(Exception):
    """The one who asked for the film wants it no longer."""


@contextmanager
def named(name: str) -> Iterator[None]:
    """Let what goes wrong while a file is read be said of the piece that it belongs to.

    Only for reading: what goes wrong while the film is written is not the piece's fault.
    """
    import av

    try:
        yield
    except FileNotFoundError:
        raise MontageError(f"“{name}” is missing: its file is gone.") from None
    except av.error.FFmpegError as error:
        raise MontageError(f"“{name}” is damaged: {error.strerror}.") from None
    except VideoError as error:
        said = str(error)
        raise MontageError(f"“{name}” cannot be used: {said[0].lower()}{said[1:]}") from None
