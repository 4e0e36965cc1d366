"""Following a generation at Google: a failed check fails no clip (promise P2)."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from projects.models import Clip, Operation, State
from projects.poller.loop import Poller
from projects.simulator.app import Simulator
from tests.poller.conftest import age, skip_waits

pytestmark = pytest.mark.django_db

Ask = Callable[..., Clip]
Finish = Callable[[Clip], Clip]


class TestFollowing:
    @pytest.mark.parametrize(
        ("kind", "options"),
        [
            ("status", {"status": 503}),
            ("status", {"status": 403}),
            ("status", {"status": 404}),
            ("status", {"status": 401}),
            ("status", {"status": 400, "message": "Multiple authentication credentials received."}),
            ("drop", {}),
            ("html", {}),
            ("bad_json", {}),
        ],
    )
    def test_a_failed_status_check_fails_no_clip(
        self, ask: Ask, finish: Finish, simulator: Simulator, kind: str, options: dict[str, Any]
    ) -> None:
        simulator.script("poll", kind, times=3, **options)
        clip = finish(ask())
        assert clip.status == "ready"
        assert simulator.charged == 1

    def test_a_trouble_is_shown_while_it_lasts(self, ask: Ask, poller: Poller, simulator: Simulator) -> None:
        simulator.script("poll", "status", status=503, message="Backend overloaded")
        clip = ask()
        for _ in range(2):
            skip_waits()
            poller.step()
        operation = Operation.objects.get(clip=clip)
        assert (operation.state, operation.reason, operation.tries) == (State.RUNNING, "server_trouble", 1)
        assert "Backend overloaded" in operation.google_text
        skip_waits()
        poller.step()
        operation.refresh_from_db()
        assert operation.reason == ""

    def test_a_generation_that_google_forgot_is_given_up_after_ten_minutes_and_five_tries(
        self, ask: Ask, finish: Finish, poller: Poller, simulator: Simulator
    ) -> None:
        simulator.script("poll", "status", status=404, times=None)
        clip = finish(ask(), steps=8)
        assert clip.status == "generating"
        age(clip, by=dt.timedelta(minutes=11))
        clip = finish(clip)
        assert (clip.status, clip.operation.reason, clip.cost_micros) == ("failed", "lost", None)

    def test_a_silent_google_is_asked_for_three_days(
        self, ask: Ask, finish: Finish, poller: Poller, simulator: Simulator
    ) -> None:
        simulator.script("poll", "drop", times=None)
        clip = finish(ask(), steps=4)
        age(clip, by=dt.timedelta(hours=71))
        assert finish(clip, steps=3).status == "generating"
        age(clip, by=dt.timedelta(hours=2))
        assert finish(clip, steps=3).operation.state == State.EXPIRED

    def test_a_held_back_clip_keeps_googles_words_and_costs_nothing(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "filtered")
        clip = finish(ask())
        assert (clip.status, clip.cost_micros) == ("filtered", 0)
        assert "You have not been charged for this attempt." in clip.operation.google_text

    def test_a_failed_generation_keeps_googles_words_and_an_unknown_cost(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "failed", message="Internal error at the easel")
        clip = finish(ask())
        assert (clip.status, clip.operation.reason, clip.cost_micros) == ("failed", "failed", None)
        assert clip.operation.google_text == "Internal error at the easel"

    def test_done_with_nothing_in_it_is_said_to_be_so(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "empty")
        assert finish(ask()).operation.reason == "empty"

    def test_a_cancelled_clip_can_be_fetched_after_all(
        self, ask: Ask, finish: Finish, poller: Poller, alice: User
    ) -> None:
        clip = ask()
        poller.step()
        Operation.objects.get(clip=clip).cancel(alice)
        assert finish(clip).status == "cancelled"
        Operation.objects.get(clip=clip).fetch_after_all(alice)
        assert finish(clip).status == "ready"
