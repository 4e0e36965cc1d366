"""The poller: one process, a few threads, any number of such processes.

The main thread claims, workers take one step each, and a renewer extends the leases of all work in hand. It
claims only for a free worker, and always the most urgent first: videos that Google will delete, then status
checks, then looks for lost answers, then new submissions, then films, so that paid goods never wait for new
ones.
Requests that stay open for minutes have workers of their own.
"""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    models,
)

from projects.models import ForbiddenArrow, LostLease, Operation, Picture, PollerHeartbeat, Render, State
from projects.poller.check import check_back_ends
from projects.poller.failpoints import failpoint
from projects.poller.fetch import fetch
from projects.poller.follow import follow, look_for
from projects.poller.google import Google
from projects.poller.leases import Hold, Holds, sendable
from projects.poller.part import sweep
from projects.poller.render import render
from projects.poller.schedule import backoff
from projects.poller.submit import recover, submit

logger = logging.getLogger(__name__)

Work = Operation | Render

TICK = 1.0
"""Seconds between two looks at the table when nothing is due; fewer where status checks are more frequent."""
DOWNLOADS = 2
"""Downloads at once; two fill most lines."""
SWEEP_EVERY = 3600.0
HOLD_SECONDS = 32 * 60.0
"""How long a request may stay open; the client itself ends it after 30 minutes."""
RENDER_SECONDS = 6 * 3600.0
"""How long one film may be rendered."""
CHECK_EVERY = 10.0
"""Seconds between two looks whether a back end is to be checked."""


@dataclass(frozen=True)
class Kind:
    """One kind of work: on which rows, in which order, and for how many seconds at most."""

    name: str
    step: Callable[[Any, Google, Hold], None]
    limit: float
    states: tuple[str, ...] = ()
    """Of operations; empty: it is about films."""
    order: tuple[str, ...] = ("next_at",)
    at_once: int = 1000
    held: bool | None = None
    """Of queued rows: only those whose request stays open until the video is made, or only the others."""

    def rows(self) -> models.QuerySet[Any]:
        if not self.states:
            return Render.objects.due()
        if State.QUEUED in self.states:
            return sendable(held=self.held)
        return Operation.objects.due().filter(state__in=self.states)


KINDS = (
    Kind("fetch", fetch, 17 * 60, State.TO_FETCH, order=("expires_at", "next_at"), at_once=DOWNLOADS),
    Kind("follow", follow, 60, (State.RUNNING,)),
    Kind("look_for", look_for, 60, (State.UNCONFIRMED,)),
    Kind("recover", recover, 60, (State.SUBMITTING,)),
    Kind("submit", submit, 120, (State.QUEUED,), order=("created_at",), held=False),
    Kind("hold", submit, HOLD_SECONDS, (State.QUEUED,), order=("created_at",), held=True),
    Kind("render", render, RENDER_SECONDS, order=("asked_at",), at_once=1),
)


class Poller:
    def __init__(self, *, threads: int = 4) -> None:
        host = socket.gethostname()
        self.name = f"{host}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.host = host
        self.threads = threads
        self.held_threads = settings.HELD_POSTS
        self.google = Google()
        self.holds = Holds(self.name)
        self.stopping = threading.Event()
        self._wake = threading.Event()
        self._done = threading.Event()
        self._busy: dict[Future[None], Kind] = {}
        self._recover_from = 0.0

    def stop(self) -> None:
        """Claim nothing more, finish what is short, put down what can be resumed."""
        self.stopping.set()
        self._wake.set()
        self.holds.put_down()

    # --- one unit of work ---

    def step(self) -> bool:
        """Takes one step of one due operation in this thread; False when nothing is due."""
        claimed = self._claim()
        if claimed is None:
            return False
        self._work(*claimed)
        return True

    def _claim(self) -> tuple[Kind, Work, Hold] | None:
        due = self.holds.due_states()
        for kind in KINDS:
            if kind.states and not due.intersection(kind.states):
                continue
            if not self._free_worker(kind) or not (kind.states or kind.rows().exists()):
                continue
            if kind.step is recover and time.monotonic() < self._recover_from:
                continue
            if claimed := self.holds.claim(kind.rows(), limit=kind.limit, order=kind.order):
                failpoint("claimed")
                return kind, *claimed
        return None

    def _free_worker(self, kind: Kind) -> bool:
        """Whether a worker of its pool is free, and not too many work at the same already."""
        at_work = [other for future, other in self._busy.items() if not future.done()]
        if kind.held:
            return sum(1 for other in at_work if other.held) < self.held_threads
        ordinary = [other for other in at_work if not other.held]
        return len(ordinary) < self.threads and ordinary.count(kind) < kind.at_once

    def _work(self, kind: Kind, work: Work, hold: Hold) -> None:
        try:
            kind.step(work, self.google, hold)
            logger.info("%s %s: %s %s", kind.name, work.pk, work.state, work.sentence)
        except (LostLease, ForbiddenArrow) as error:
            logger.info("%s %s: dropped, %s", kind.name, work.pk, error)
        except (OperationalError, InterfaceError):
            logger.exception("%s %s: the database is away; its lease will run out", kind.name, work.pk)
            connection.close()
        except Exception:
            logger.exception("%s %s: unexpected", kind.name, work.pk)
            self._set_aside(work)
        finally:
            self.holds.drop(hold)

    def _set_aside(self, work: Work) -> None:
        """A row that breaks our code must not stop the line. One that is being sent is left to `recover`."""
        if work.state == State.SUBMITTING:
            return
        try:
            work.meet_trouble(
                next_in=backoff(work.tries, first=10, longest=300),
                reason="internal",
                sentence="An error of veoweb's own got in the way; the log has it.",
            )
        except (LostLease, DatabaseError):
            logger.exception("%s could not be set aside", work.pk)

    # --- the process ---

    def run(self, finished: Callable[[], bool] | None = None) -> None:
        """Works until stopped, or until `finished` says so while nothing is in hand."""
        renewer = threading.Thread(target=self._renew, name="renewer")
        renewer.start()
        logger.info("poller %s started", self.name)
        try:
            workers = self.threads + self.held_threads + 1
            with ThreadPoolExecutor(workers, thread_name_prefix="step") as pool:
                self._turn(pool, finished)
                self._finish()
        finally:
            self.stopping.set()
            self._done.set()
            renewer.join()
            self.google.close()
            connection.close()
            logger.info("poller %s stopped", self.name)

    def _turn(self, pool: ThreadPoolExecutor, finished: Callable[[], bool] | None) -> None:
        failures = 0
        next_check = 0.0
        checking: Future[None] = pool.submit(lambda: None)
        while not self.stopping.is_set():
            self._busy = {future: kind for future, kind in self._busy.items() if not future.done()}
            self._wake.clear()
            try:
                if time.monotonic() > next_check and checking.done() and not finished:
                    next_check = time.monotonic() + CHECK_EVERY
                    checking = pool.submit(self._check)
                if claimed := self._claim():
                    self._hand_over(pool, *claimed)
                    continue
                if finished and not self._busy and finished():
                    return
                failures = 0
            except (OperationalError, InterfaceError) as error:
                failures += 1
                self._database_is_away(failures, error)
            self._wake.wait(min(TICK, settings.POLL_SECONDS))

    def _hand_over(self, pool: ThreadPoolExecutor, kind: Kind, work: Work, hold: Hold) -> None:
        def task() -> None:
            close_old_connections()
            try:
                self._work(kind, work, hold)
            finally:
                self._wake.set()

        self._busy[pool.submit(task)] = kind

    def _finish(self) -> None:
        """Waits for what is in hand, and says so: a request that may be charged is never cut off by us."""
        begun = time.monotonic()
        while left := wait(self._busy, timeout=10).not_done:
            names = ", ".join(sorted(self._busy[one].name for one in left))
            waited = time.monotonic() - begun
            logger.warning("still waiting for %s after %.0f s; stop once more to force", names, waited)

    def _check(self) -> None:
        """Asks each back end whether it takes our credential; what comes of it is for the staff's page."""
        close_old_connections()
        try:
            check_back_ends(self.google)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the back ends could not be checked (%s)", str(error).strip())
        except Exception:
            logger.exception("checking the back ends: unexpected")
        finally:
            connection.close()

    def _database_is_away(self, failures: int, error: Exception) -> None:
        logger.warning("the database does not answer (%s); trying again", str(error).strip())
        connection.close()
        # Another poller may be alive and just as cut off in the middle of its request: let it renew first.
        self._recover_from = time.monotonic() + settings.LEASE_SECONDS
        self.stopping.wait(min(30.0, 2.0**failures / 2))

    def _renew(self) -> None:
        """Extends leases, beats the heart, sweeps; goes on until no work is left in hand."""
        next_sweep = 0.0
        pause = 0.0
        while not self._done.wait(pause):
            pause = settings.LEASE_SECONDS / 3
            try:
                self.holds.renew()
                PollerHeartbeat.objects.beat(self.name, self.host)
                if time.monotonic() > next_sweep:
                    next_sweep = time.monotonic() + SWEEP_EVERY
                    sweep()
                    Picture.objects.sweep()
            except (OperationalError, InterfaceError, OSError) as error:
                logger.warning("leases could not be renewed (%s); trying again", str(error).strip())
                connection.close()
                pause = 1.0
        PollerHeartbeat.objects.filter(pk=self.name).delete()
        connection.close()


def nothing_active() -> bool:
    """Nothing is left that a poller could move by itself; clips that wait for a person do not count."""
    waiting = Operation.objects.filter(clip__simulated=settings.DEMO, next_at__isnull=False)
    return not waiting.exists() and not Render.objects.filter(next_at__isnull=False).exists()
