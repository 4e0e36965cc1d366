"""One step: make a film's file from its clips. Begun anew by another poller when this one dies.

Nothing in it is paid, so nothing is resumed: what a dead or frozen poller has half made is thrown away. A
film is published in one step, under a name that says what is in it, and only then does the row name it.
"""

import hashlib
import threading
import time
from contextlib import suppress
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, connection, transaction

from projects.models import LostLease, Render
from projects.models.reels import thawed
from projects.montage import MontageError, Stopped, make
from projects.montage.room import MAX_SECONDS
from projects.poller.failpoints import failpoint
from projects.poller.google import Google
from projects.poller.leases import Hold
from projects.poller.part import incoming
from projects.poller.publish import publish
from projects.poller.schedule import backoff
from projects.poller.whole import facts
from projects.video import VideoError, inspect

MOST_TRIES = 5
"""How often a film is begun that a full disk, or the end of its poller, cuts off."""
REPORT_SECONDS = 1.0


def render(work: Render, google: Google, hold: Hold) -> None:
    """queued → rendering → ready or failed; or queued again."""
    if work.tries >= MOST_TRIES:
        work.fail(f"It was begun {work.tries} times and cut off each time. {work.sentence}".strip())
        return
    work.begin()
    _sweep(work)
    target = incoming() / f"{work.pk}.{work.fence}.film.mp4"
    try:
        _make(work, hold, target)
    except Stopped:
        if hold.lost.is_set():
            raise LostLease("the film was cancelled, or took longer than the lease") from None
        work.put_back()
    except (MontageError, VideoError) as error:
        work.fail(str(error))
    except OSError as error:
        _cannot_save(work, error)
    finally:
        for path in (target, target.with_suffix(".jpg")):
            path.unlink(missing_ok=True)


def _make(work: Render, hold: Hold, target: Path) -> None:
    poster = target.with_suffix(".jpg")
    make(thawed(work.reel), target, progress=_Reporter(work), stop=_Ended(hold))
    info = inspect(target, poster=poster, longest=MAX_SECONDS + 1)
    failpoint("rendered")
    work.report(1.0)  # raises LostLease: what is not wanted any more is not published
    with target.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    stem = f"{work.folder}/{sha256[:16]}"
    file, picture = publish(target, f"{stem}.mp4"), publish(poster, f"{stem}.jpg")
    failpoint("film_published")
    try:
        with transaction.atomic():
            work.finish(
                file=file,
                poster=picture,
                sha256=sha256,
                size=info.size,
                width=info.width,
                height=info.height,
                seconds=info.duration_seconds,
                facts=facts(info),
            )
            work.remove_older()
            work.remove_strays()
    except LostLease:
        _withdraw(work, file, picture)
        raise


def _withdraw(work: Render, *names: str) -> None:
    """Takes back what was published for a row that has moved on.

    Not while another holder makes the film again: that one may be about to name the same file, and removes
    what it does not name.
    """
    now = Render.objects.filter(pk=work.pk).first()
    if now is None or not now.active:
        kept = {now.file.name, now.poster.name} if now else set()
        for name in set(names) - kept:
            default_storage.delete(name)


class _Reporter:
    """Writes the progress into the row, where the page reads it; raises LostLease once it is not ours."""

    def __init__(self, work: Render) -> None:
        self._work = work
        self._next = 0.0

    def __call__(self, share: float) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + REPORT_SECONDS
        try:
            self._work.report(share)
        except (OperationalError, InterfaceError):
            # A database that is away for a moment costs nobody the film; the lease decides whose it is.
            with suppress(OperationalError, InterfaceError):
                connection.close()


class _Ended(threading.Event):
    """Set when the row is no longer ours, or the poller is asked to stop."""

    def __init__(self, hold: Hold) -> None:
        super().__init__()
        self._hold = hold

    def is_set(self) -> bool:
        return self._hold.lost.is_set() or self._hold.stopping.is_set()


def _sweep(work: Render) -> None:
    """Removes what earlier holders have half made of the same film."""
    for path in incoming().glob(f"{work.pk}.*.film.*"):
        path.unlink(missing_ok=True)


def _cannot_save(work: Render, error: OSError) -> None:
    sentence = f"The film could not be saved: {error.strerror or error}."
    if work.tries >= MOST_TRIES:
        work.fail(f"{sentence} It was tried {work.tries} times.")
        return
    wait = backoff(work.tries, first=10, longest=300)
    work.meet_trouble(next_in=wait, reason="disk", sentence=sentence)
