"""Making a film: what a poller does with a render, and what is left when it is stopped, frozen or killed."""

import hashlib
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db.models.functions import Now

from projects.models import Film, LostLease, Project, Render
from projects.poller.failpoints import FILM_NAMES
from projects.poller.google import Google
from projects.poller.leases import Hold
from projects.poller.loop import Poller
from projects.poller.part import incoming
from projects.poller.render import MOST_TRIES, render
from projects.video import inspect
from tests.films import change, make_film, make_real_clip
from tests.poller.conftest import media_files
from tests.poller.studio import NOW, ROOT, SIGKILLED, Studio, wait_until, whole

BLOCK = Callable[[], Any]


@pytest.fixture
def film(project: Project) -> Film:
    return make_film(project, make_real_clip(project, "The door"), make_real_clip(project, "The street"))


@pytest.fixture
def turn(settings: Any) -> Callable[[Film], Render]:
    """Lets a poller do what is due, without waits, and returns the film's newest render."""

    def turn(film: Film) -> Render:
        Render.objects.filter(next_at__isnull=False, owner="").update(next_at=Now())
        poller = Poller()
        try:
            assert poller.step()
        finally:
            poller.google.close()
        latest = film.latest
        assert latest is not None
        return latest

    return turn


def ask(film: Film) -> Render:
    return film.ask_render(film.project.owner, uuid.uuid4())


def begun(film: Film) -> tuple[Render, Hold]:
    """A render in the hands of a poller that has just claimed it."""
    ask(film)
    claimed = Poller().holds.claim(Render.objects.due(), limit=60, order=("asked_at",))
    assert claimed is not None
    return claimed


def film_files() -> list[str]:
    return [name for name in media_files(Path(default_storage.path(""))) if name.startswith(("films", "."))]


@pytest.mark.django_db
class TestMaking:
    def test_it_makes_the_film(self, film: Film, turn: Callable[[Film], Render]) -> None:
        work = ask(film)
        left = incoming() / f"{work.pk}.0.film.mp4"
        left.write_bytes(b"what another holder left half made")
        made = turn(film)
        assert (made.state, made.progress, made.sentence, made.tries) == ("ready", 1.0, "", 1)
        assert (made.width, made.height, made.seconds) == (320, 180, pytest.approx(2.0, abs=0.1))
        assert (made.facts["frames"], made.facts["fps"]) == (48, 24.0)
        assert inspect(Path(made.file.path)).size == made.size
        assert Path(made.poster.path).read_bytes()[:2] == b"\xff\xd8"
        assert film_files() == sorted([made.file.name, made.poster.name])

    def test_it_does_as_the_cuts_say(self, film: Film, turn: Callable[[Film], Render]) -> None:
        change(film, 0, start=0.25)
        change(film, 1, crossfade=0.5)
        Film.objects.filter(pk=film.pk).update(title="The rain", title_seconds=0.5)
        film.refresh_from_db()
        ask(film)
        assert turn(film).facts["frames"] == 12 + 18 + 24 - 9

    def test_it_makes_what_was_asked_for_whatever_is_changed_later(
        self, film: Film, turn: Callable[[Film], Render]
    ) -> None:
        ask(film)
        film.cuts.filter(position=1).delete()
        made = turn(film)
        assert made.facts["frames"] == 48
        assert film.outdated

    def test_it_replaces_the_film_before(
        self, film: Film, turn: Callable[[Film], Render], after_commit: BLOCK
    ) -> None:
        ask(film)
        first = turn(film)
        change(film, 0, end=0.5)
        ask(film)
        assert film.made == first
        with after_commit():
            second = turn(film)
        assert list(film.renders.all()) == [second]
        assert film_files() == sorted([second.file.name, second.poster.name])

    def test_it_says_which_clip_is_gone(self, film: Film, turn: Callable[[Film], Render]) -> None:
        ask(film)
        clip = film.cuts.all()[1].clip
        assert clip
        default_storage.delete(clip.video.name)
        made = turn(film)
        assert (made.state, made.sentence) == ("failed", "“The street” is missing: its file is gone.")
        assert film_files() == []

    def test_it_leaves_the_film_that_is_there_when_the_next_fails(
        self, film: Film, turn: Callable[[Film], Render]
    ) -> None:
        ask(film)
        first = turn(film)
        clip = film.cuts.all()[1].clip
        assert clip
        Path(clip.video.path).write_bytes(b"<html>no film</html>")
        ask(film)
        assert turn(film).state == "failed"
        assert film.made == first
        assert Path(first.file.path).exists()


@pytest.mark.django_db
class TestTrouble:
    @pytest.fixture
    def no_room(self, film: Film) -> None:
        """Something else stands where the film is to be published."""
        Path(default_storage.path("films")).write_bytes(b"")

    @pytest.mark.usefixtures("no_room")
    def test_it_tries_again_when_the_disk_is_at_fault(
        self, film: Film, turn: Callable[[Film], Render]
    ) -> None:
        ask(film)
        waiting = turn(film)
        assert (waiting.state, waiting.owner, waiting.tries) == ("queued", "", 1)
        assert waiting.sentence.startswith("The film could not be saved: ")
        Path(default_storage.path("films")).unlink()
        assert turn(film).state == "ready"

    @pytest.mark.usefixtures("no_room")
    def test_it_gives_up_some_time(self, film: Film, turn: Callable[[Film], Render]) -> None:
        work = ask(film)
        Render.objects.filter(pk=work.pk).update(tries=MOST_TRIES - 1)
        made = turn(film)
        assert (made.state, made.next_at) == ("failed", None)
        assert made.sentence.endswith("It was tried 5 times.")

    def test_it_does_not_begin_for_ever_what_is_always_cut_off(
        self, film: Film, turn: Callable[[Film], Render]
    ) -> None:
        work = ask(film)
        Render.objects.filter(pk=work.pk).update(tries=MOST_TRIES, state="rendering")
        made = turn(film)
        assert (made.state, made.sentence) == ("failed", "It was begun 5 times and cut off each time.")


@pytest.mark.django_db
class TestStopping:
    def test_it_is_put_back_when_the_poller_is_to_stop(self, film: Film) -> None:
        work, hold = begun(film)
        hold.stopping.set()
        render(work, Google(), hold)
        assert (work.state, work.owner, work.tries) == ("queued", "", 0)
        assert film_files() == []

    def test_it_is_dropped_when_the_lease_is_lost(self, film: Film) -> None:
        work, hold = begun(film)
        hold.lost.set()
        with pytest.raises(LostLease):
            render(work, Google(), hold)
        assert film_files() == []

    def test_it_is_not_published_when_it_is_cancelled(self, film: Film) -> None:
        work, hold = begun(film)
        work.begin()
        Render.objects.get(pk=work.pk).cancel()
        with pytest.raises(LostLease):
            render(work, Google(), hold)
        assert film.renders.get().state == "cancelled"
        assert film_files() == []


SEED = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
import uuid
from django.contrib.auth.models import User
from projects.models import Project
from tests.films import change, make_film, make_real_clip
project = Project.objects.create(owner=User.objects.create_user("owner"), name="The lighthouse")
film = make_film(project, make_real_clip(project, "The door"), make_real_clip(project, "The street"))
change(film, 1, crossfade=0.25)
film.ask_render(project.owner, uuid.uuid4())
"""


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """A film that is asked for and has to be re-encoded."""
    studio = Studio(tmp_path_factory.mktemp("film"), "http://127.0.0.1:9")
    studio.media.mkdir()
    subprocess.run([sys.executable, "-c", SEED], cwd=ROOT, env=studio.environment, check=True)
    return studio


@pytest.fixture
def studio(seeded: Studio, tmp_path: Path) -> Studio:
    studio = seeded.copy_to(tmp_path / "studio", "http://127.0.0.1:9")
    shutil.copytree(seeded.media, studio.media)
    return studio


def let_leases_run_out(studio: Studio) -> None:
    studio.write(f"UPDATE projects_render SET next_at = {NOW} WHERE next_at IS NOT NULL")


def half_made(studio: Studio) -> list[Path]:
    return [path for path in studio.media.glob(".incoming/*.film.mp4") if path.stat().st_size]


def lengthen(studio: Studio, times: int) -> None:
    """Lets it take longer: the same clips over and over."""
    studio.write(
        "UPDATE projects_render SET reel = json_set(reel, '$.chapters', json('[]'), '$.pieces', ("
        "SELECT json_group_array(json(value)) FROM json_each(reel, '$.pieces'), (SELECT 1 "
        + "UNION ALL SELECT 1 " * (times - 1)
        + "))) WHERE 1"
    )


def check(studio: Studio) -> None:
    """What must hold in the end: one whole film, nothing else."""
    [(state, file, sha256, owner)] = studio.rows("SELECT state, file, sha256, owner FROM projects_render")
    assert (state, owner) == ("ready", "")
    film = (studio.media / file).read_bytes()
    assert hashlib.sha256(film).hexdigest() == sha256
    whole(film)
    assert len(list(studio.media.glob("films/*/*.mp4"))) == len(list(studio.media.glob("films/*/*.jpg"))) == 1
    assert list(studio.media.glob(".incoming/*")) == []


@pytest.mark.kill
class TestKilling:
    @pytest.mark.parametrize("point", FILM_NAMES)
    def test_a_killed_poller_leaves_nothing_half_done(self, studio: Studio, point: str) -> None:
        assert studio.drain(kill_at=point) == [SIGKILLED]
        let_leases_run_out(studio)
        assert studio.drain() == [0]
        check(studio)

    def test_the_film_is_begun_anew_when_its_poller_dies_in_the_middle(self, studio: Studio) -> None:
        lengthen(studio, 15)
        with studio.start() as poller:
            wait_until(lambda: bool(half_made(studio)))
            [film] = half_made(studio)
            poller.kill()
        wait_until(lambda: not at_work_on(film))
        let_leases_run_out(studio)
        assert studio.drain() == [0]
        assert studio.rows("SELECT tries FROM projects_render") == [(2,)]
        check(studio)

    def test_a_poller_frozen_past_its_lease_changes_nothing_when_it_wakes(self, studio: Studio) -> None:
        frozen = studio.start()
        try:
            wait_until(lambda: studio.rows("SELECT state FROM projects_render") == [("rendering",)])
            studio.freeze(frozen)
            let_leases_run_out(studio)
            assert studio.drain() == [0]
            before = studio.rows("SELECT fence, file, sha256, finished_at FROM projects_render")
            frozen.send_signal(signal.SIGCONT)
            wait_until(lambda: "dropped" in studio.log)
            frozen.terminate()
            assert frozen.wait(20) == 0
        finally:
            frozen.kill()
            frozen.wait()
        assert studio.rows("SELECT fence, file, sha256, finished_at FROM projects_render") == before
        check(studio)

    def test_a_film_is_put_down_at_once_when_the_poller_is_to_stop(self, studio: Studio) -> None:
        lengthen(studio, 80)
        with studio.start() as poller:
            wait_until(lambda: bool(half_made(studio)))
            poller.terminate()
            began = time.monotonic()
            assert poller.wait(20) == 0
            assert time.monotonic() - began < 3
        assert studio.rows("SELECT state, owner, tries FROM projects_render") == [("queued", "", 0)]
        assert list(studio.media.glob(".incoming/*")) == []


def at_work_on(path: Path) -> bool:
    """Whether any process has this file open."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(path) in str(link.readlink()):
                return True
    return False
