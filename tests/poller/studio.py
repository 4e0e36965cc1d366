"""A whole studio in processes of its own, to be killed: a database file, a media folder, real pollers."""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from projects.simulator.app import Simulator
from projects.video import VideoInfo, inspect

ROOT = Path(__file__).parent.parent.parent
NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"

SEED = """
import uuid, sys
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
from projects.models import Clip, Project
owner = User.objects.create_user("owner")
project = Project.objects.create(owner=owner, name="The lighthouse")
model, resolution, *lengths = sys.argv[2:]
recipe = {"prompt": "A lighthouse keeper climbs the stairs at dawn", "model": model,
          "aspect_ratio": "16:9", "resolution": resolution, "duration_seconds": int(lengths[0])}
if len(lengths) > 1:
    recipe["parts"] = [
        {"method": method, "seconds": int(seconds), "prompt": "It goes on", "price_micros": 1000}
        for method, _, seconds in (part.partition("=") for part in lengths[1:])
    ]
for _ in range(int(sys.argv[1])):
    Clip.objects.ask_for(project, owner, uuid.uuid4(), 1, recipe)
"""


SHORTEST = {
    "gemini_veo": ("veo-3.1-lite-generate-preview", "720p", "4"),
    "vertex_veo": ("veo-3.1-lite-generate-001", "720p", "4"),
    "gemini_omni": ("gemini-omni-1.2-flash", "360p", "3"),
}
"""Model, resolution and seconds of the clip that is drawn fastest, by back end."""

LONG = {
    "gemini_veo_long": ("veo-3.1-fast-generate-preview", "720p", "15", "new=4", "extend=7", "continue=4"),
    "vertex_veo_long": ("veo-3.1-fast-generate-001", "720p", "15", "new=4", "extend=7", "continue=4"),
    "gemini_omni_long": ("gemini-omni-1.2-flash", "360p", "9", "new=3", "extend=3", "continue=3"),
}
"""The same in three parts: method and seconds of each."""


class Studio:
    """One database file and one media folder; pollers run on them as processes."""

    def __init__(self, folder: Path, google: str) -> None:
        self.folder = folder
        self.database = folder / "db.sqlite3"
        self.media = folder / "media"
        self.environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "veoweb.settings",
            "VEOWEB_ENV_FILE": os.devnull,
            "VEOWEB_VAR": str(folder),
            "MEDIA_ROOT": str(self.media),
            "GOOGLE_GEMINI_BASE_URL": google,
            "GOOGLE_VERTEX_BASE_URL": google,
            "VEOWEB_DEMO": "1",
            "VEOWEB_LEASE_SECONDS": "2",
            "VEOWEB_POLL_SECONDS": "0.2",
        }

    def seed(self, clips: int, back_end: str = "gemini_veo") -> None:
        """`back_end` is a name in SHORTEST, or in LONG for clips of several parts."""
        clip = SHORTEST.get(back_end) or LONG[back_end]
        subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{SEED}", str(clips), *clip],
            cwd=ROOT,
            env=self.environment,
            check=True,
        )

    def copy_to(self, folder: Path, google: str) -> "Studio":
        folder.mkdir(parents=True)
        shutil.copyfile(self.database, folder / "db.sqlite3")
        return Studio(folder, google)

    # --- pollers ---

    def start(self, *arguments: str, kill_at: str = "") -> "subprocess.Popen[bytes]":
        with (self.folder / "poller.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", "poll", *arguments],
                cwd=ROOT,
                env={**self.environment, "VEOWEB_KILL_AT": kill_at},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def run(self, *arguments: str, kill_at: str = "", timeout: float = 60) -> int:
        with self.start(*arguments, kill_at=kill_at) as process:
            try:
                return process.wait(timeout)
            finally:
                process.kill()

    def drain(self, *, kill_at: str = "", pollers: int = 1) -> list[int]:
        """Runs pollers until nothing is active, with all waits skipped; returns their exit codes."""
        with self.hurried():
            processes = [self.start("--drain", "--timeout", "40", kill_at=kill_at) for _ in range(pollers)]
            try:
                return [process.wait(60) for process in processes]
            finally:
                for process in processes:
                    process.kill()
                    process.wait()

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Brings every waiting step forward, as if its time had come; what is in hand keeps its lease."""
        stop = threading.Event()

        def hurry() -> None:
            while not stop.wait(0.1):
                self.write(
                    f"UPDATE projects_operation SET next_at = {NOW} WHERE owner = '' AND next_at > {NOW}"
                )

        thread = threading.Thread(target=hurry)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def freeze(self, process: "subprocess.Popen[bytes]") -> None:
        """Stops a poller where it holds no lock of SQLite: that would stop everybody and prove nothing."""
        while True:
            process.send_signal(signal.SIGSTOP)
            wait_until(lambda: _stopped(process.pid))
            try:
                with closing(sqlite3.connect(self.database, timeout=0.1)) as connection:
                    connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError:
                process.send_signal(signal.SIGCONT)
                time.sleep(0.02)

    def let_leases_run_out(self) -> None:
        self.write(f"UPDATE projects_operation SET next_at = {NOW} WHERE next_at IS NOT NULL")

    # --- looking and waiting ---

    def write(self, sql: str) -> None:
        connection = sqlite3.connect(self.database, timeout=20)
        try:
            with connection:
                connection.execute(sql)
        finally:
            connection.close()

    def rows(self, sql: str) -> list[Any]:
        connection = sqlite3.connect(self.database, timeout=20)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def statuses(self) -> list[str]:
        return [status for (status,) in self.rows("SELECT status FROM projects_clip ORDER BY asked_at")]

    @property
    def log(self) -> str:
        return (self.folder / "poller.log").read_text()

    def check(self, simulator: Simulator) -> None:
        """What must hold after anything that may happen."""
        (sent,) = self.rows("SELECT count(*) FROM projects_submission WHERE outcome <> 'not_accepted'")[0]
        (agreed,) = self.rows(
            "SELECT count(*) FROM (SELECT DISTINCT operation_id, consent FROM projects_submission)"
        )[0]
        assert simulator.charged <= sent <= agreed
        refs = [
            ref for (ref,) in self.rows("SELECT remote_ref FROM projects_operation WHERE remote_ref <> ''")
        ]
        assert len(refs) == len(set(refs))
        for name, sha256 in self.rows("SELECT video, sha256 FROM projects_clip WHERE status = 'ready'"):
            assert hashlib.sha256((self.media / name).read_bytes()).hexdigest() == sha256
        for video in self.media.glob("clips/*/*.mp4"):
            whole(video.read_bytes())
        stuck = self.rows(
            "SELECT id FROM projects_operation WHERE next_at IS NULL AND state IN "
            "('queued', 'submitting', 'running', 'downloading', 'verifying')"
        )
        assert stuck == []


@cache
def whole(video: bytes) -> VideoInfo:
    """Raises VideoError unless it is a whole video. The same bytes are looked at once."""
    with NamedTemporaryFile(suffix=".mp4") as file:
        file.write(video)
        file.flush()
        return inspect(Path(file.name))


def _stopped(pid: int) -> bool:
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(path.read_text().rpartition(") ")[2].startswith("T") for path in threads)


def wait_until(true: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


SIGKILLED = -signal.SIGKILL
