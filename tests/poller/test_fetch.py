"""Bringing the video home: bad downloads are repeated, never generated again (promise P2)."""

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now

from projects.models import Clip, Operation, State
from projects.poller.loop import Poller
from projects.simulator.app import Simulator
from projects.video import inspect
from tests.poller.conftest import age, media_files

pytestmark = pytest.mark.django_db

Ask = Callable[..., Clip]
Finish = Callable[[Clip], Clip]


class TestFetching:
    @pytest.mark.parametrize(
        ("route", "kind", "options"),
        [
            ("download", "status", {"status": 403}),
            ("download", "status", {"status": 404}),
            ("download", "status", {"status": 429}),
            ("download", "status", {"status": 500}),
            ("download", "html", {}),
            ("download", "drop", {}),
            ("download", "redirect_loop", {}),
            ("media", "wrong_type", {}),
            ("media", "truncated", {}),
            ("media", "short", {}),
            ("media", "longer", {"size": 1000}),
            ("media", "zero", {}),
            ("media", "reset", {}),
            ("media", "no_length", {}),
        ],
    )
    def test_a_bad_download_is_repeated_and_never_generated_again(
        self,
        ask: Ask,
        finish: Finish,
        simulator: Simulator,
        settings: Any,
        route: str,
        kind: str,
        options: dict[str, Any],
    ) -> None:
        simulator.script(route, kind, times=2, **options)
        clip = finish(ask())
        assert clip.status == "ready"
        assert simulator.charged == 1
        assert inspect(Path(clip.video.path)).frames == 96
        assert media_files(settings.MEDIA_ROOT) == sorted([clip.video.name, clip.poster.name])

    def test_a_cut_download_goes_on_where_it_stopped(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("media", "truncated", size=50_000)
        clip = finish(ask())
        assert clip.status == "ready"
        ranges = [request.headers.get("range") for request in simulator.requests if request.route == "media"]
        assert ranges == [None, "bytes=50000-"]

    @pytest.mark.parametrize("kind", ["changed_etag", "no_range"])
    def test_a_file_that_cannot_be_resumed_starts_over(
        self, ask: Ask, finish: Finish, simulator: Simulator, kind: str
    ) -> None:
        simulator.script("media", "truncated", size=50_000)
        simulator.script("media", kind)
        clip = finish(ask())
        assert clip.status == "ready"
        assert hashlib.sha256(Path(clip.video.path).read_bytes()).hexdigest() == clip.sha256

    def test_a_redirect_to_a_foreign_host_is_not_followed(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("download", "redirect", location="https://example.com/steal", times=1)
        clip = finish(ask())
        assert clip.status == "ready"
        assert clip.operation.events.filter(note__contains="example.com").exists()

    def test_a_file_that_google_deleted_is_given_up_only_after_its_time(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "expired")
        clip = finish(ask(), steps=6)
        assert clip.status == "downloading"
        age(clip, by=dt.timedelta(hours=49))
        clip = finish(clip)
        assert (clip.operation.state, clip.operation.reason) == (State.EXPIRED, "expired")
        assert clip.cost_micros == clip.price_micros

    def test_a_full_disk_waits_and_loses_nothing(
        self, ask: Ask, finish: Finish, poller: Poller, settings: Any, simulator: Simulator
    ) -> None:
        clip = ask()
        good, settings.MEDIA_ROOT = settings.MEDIA_ROOT, Path("/dev/full")
        clip = finish(clip, steps=6)
        assert (clip.status, clip.operation.reason) == ("downloading", "disk")
        settings.MEDIA_ROOT = good
        assert finish(clip).status == "ready"
        assert simulator.charged == 1

    def test_the_nearest_expiry_goes_first(self, ask: Ask, poller: Poller, simulator: Simulator) -> None:
        early, late = ask(prompt="Early"), ask(prompt="Late")
        while poller.step():
            pass
        Operation.objects.filter(clip=late).update(
            state=State.DOWNLOADING, expires_at=Now() + dt.timedelta(minutes=5), next_at=Now()
        )
        Operation.objects.filter(clip=early).update(
            state=State.DOWNLOADING, next_at=Now() - dt.timedelta(minutes=5)
        )
        claimed = poller._claim()
        assert claimed is not None
        assert claimed[1].clip == late
