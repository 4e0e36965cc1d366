"""The paid POST: what every answer to it leads to, and that it is sent once (promise P1)."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.db.models.functions import Now

from projects.models import Clip, Gate, Operation, Picture, Project, State, SubmissionOutcome
from projects.poller.loop import Poller
from projects.simulator.app import Simulator
from tests.poller.conftest import skip_waits

pytestmark = pytest.mark.django_db

Ask = Callable[..., Clip]
Finish = Callable[[Clip], Clip]


class TestThePaidPost:
    @pytest.mark.parametrize(
        ("kind", "options"),
        [
            ("drop", {}),
            ("reset", {}),
            ("bad_json", {}),
            ("html", {}),
            ("status", {"status": 500, "accepted": True}),
            ("status", {"status": 503, "accepted": True}),
        ],
    )
    def test_a_lost_answer_is_found_by_reading_and_paid_once(
        self, ask: Ask, finish: Finish, simulator: Simulator, kind: str, options: dict[str, Any]
    ) -> None:
        simulator.script("submit", kind, **options)
        clip = finish(ask())
        assert clip.status == "ready"
        assert simulator.counts["submit"] == simulator.charged == 1
        assert clip.operation.submissions.get().outcome == SubmissionOutcome.AMBIGUOUS

    @pytest.mark.parametrize("status", [408, 409, 499, 500, 503])
    def test_what_may_have_been_accepted_is_never_sent_again(
        self, ask: Ask, finish: Finish, simulator: Simulator, status: int
    ) -> None:
        simulator.script("submit", "status", status=status)
        clip = finish(ask())
        assert clip.status == "unconfirmed"
        assert clip.operation.wants_an_answer
        assert simulator.counts["submit"] == 1

    def test_two_lost_answers_are_not_confused(
        self, ask: Ask, finish: Finish, poller: Poller, simulator: Simulator
    ) -> None:
        simulator.script("submit", "drop", times=2)
        first, _ = ask(), ask(prompt="Another one")
        while poller.step():
            pass
        finish(first)
        clips = Clip.objects.all()
        assert [clip.status for clip in clips] == ["unconfirmed", "unconfirmed"]
        assert all(len(clip.operation.answer["found"]) == 2 for clip in clips)
        assert simulator.counts["submit"] == 2

    def test_an_answer_is_not_taken_from_a_list_that_does_not_exist(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "drop")
        simulator.script("list", "status", status=404, times=None)
        assert finish(ask()).status == "unconfirmed"

    def test_another_programs_operation_of_another_time_is_not_adopted(
        self, ask: Ask, finish: Finish, simulator: Simulator, poller: Poller
    ) -> None:
        other = finish(ask(prompt="Somebody else's"))
        age_at_google = other.operation.remote_ref
        Clip.objects.all().delete()
        clip = ask()
        simulator.script("submit", "status", status=503)
        skip_waits()
        poller.step()
        clip.operation.submissions.update(
            sent_at=Now() + dt.timedelta(hours=1), closed_at=Now() + dt.timedelta(hours=1)
        )
        clip = finish(clip)
        assert clip.operation.remote_ref != age_at_google
        assert clip.status == "unconfirmed"

    def test_submit_again_pays_a_second_time_only_on_a_persons_word(
        self, ask: Ask, finish: Finish, simulator: Simulator, alice: User
    ) -> None:
        simulator.script("submit", "status", status=503)
        clip = finish(ask())
        clip.operation.submit_again(alice, clip.price_micros)
        assert finish(clip).status == "ready"
        assert simulator.counts["submit"] == 2
        assert simulator.charged == 1

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
    def test_a_refusal_ends_the_clip_and_costs_nothing(
        self, ask: Ask, finish: Finish, simulator: Simulator, status: int
    ) -> None:
        simulator.script("submit", "status", status=status, message="No such luck")
        clip = finish(ask())
        assert (clip.status, clip.cost_micros, clip.operation.state) == ("failed", 0, State.REJECTED)
        assert "No such luck" in clip.operation.google_text
        assert simulator.counts["submit"] == 1

    @pytest.mark.parametrize("options", [{"retry_after": "33"}, {"retry_info": 33.0}, {"retry_after": "+33"}])
    def test_a_closed_limit_is_waited_for_as_long_as_google_says(
        self, ask: Ask, poller: Poller, simulator: Simulator, options: dict[str, Any]
    ) -> None:
        simulator.script("submit", "status", status=429, **options)
        clip = ask()
        assert poller.step()
        assert not poller.step()
        operation = Operation.objects.get(clip=clip)
        assert (operation.state, operation.reason) == (State.QUEUED, "quota")
        wait = Gate.objects.annotate(wait=F("not_before") - Now()).get().wait.total_seconds()
        assert 28 < wait <= 33

    def test_a_closed_limit_holds_back_all_clips_of_that_model_and_no_other(
        self, ask: Ask, poller: Poller, simulator: Simulator
    ) -> None:
        simulator.script("submit", "status", status=429, retry_after="60")
        ask()
        poller.step()
        same, other = ask(prompt="Same model"), ask(model="veo-3.1-fast-generate-preview")
        while poller.step():
            pass
        same.refresh_from_db()
        other.refresh_from_db()
        assert (same.status, other.status) == ("queued", "generating")

    def test_a_limit_that_opens_again_lets_the_same_consent_through(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "status", status=429, times=2)
        clip = finish(ask())
        assert clip.status == "ready"
        assert list(clip.operation.submissions.values_list("consent", "outcome")) == [
            (1, "not_accepted"),
            (1, "not_accepted"),
            (1, "accepted"),
        ]
        assert simulator.charged == 1

    def test_a_limit_that_stays_closed_ends_the_clip_unpaid(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "status", status=429, times=None)
        clip = finish(ask())
        assert (clip.status, clip.cost_micros, clip.operation.reason) == ("failed", 0, "quota")
        assert simulator.counts["submit"] == 8

    def test_an_unreachable_google_is_tried_again_and_nothing_is_charged(
        self, ask: Ask, poller: Poller, simulator: Simulator, settings: Any
    ) -> None:
        clip = ask()
        home, settings.GOOGLE_GEMINI_BASE_URL = settings.GOOGLE_GEMINI_BASE_URL, "http://127.0.0.1:9"
        assert poller.step()
        operation = Operation.objects.get(clip=clip)
        assert (operation.state, operation.reason) == (State.QUEUED, "no_answer")
        poller.google.close()
        poller.google = type(poller.google)()
        settings.GOOGLE_GEMINI_BASE_URL = home
        skip_waits()
        assert poller.step()
        assert simulator.charged == 1
        assert operation.submissions.get().sends == 2

    def test_no_more_clips_fly_than_allowed(
        self, ask: Ask, poller: Poller, simulator: Simulator, settings: Any
    ) -> None:
        settings.MAX_IN_FLIGHT = 2
        for number in range(4):
            ask(prompt=f"Take {number}")
        while poller.step():
            pass
        assert simulator.charged == 2
        assert Operation.objects.filter(state=State.QUEUED).count() == 2

    def test_a_clip_of_the_demo_is_never_sent_to_google(
        self, ask: Ask, poller: Poller, simulator: Simulator, settings: Any
    ) -> None:
        ask()
        settings.DEMO = False
        settings.GEMINI_API_KEY = "a-real-one"
        assert not poller.step()
        assert simulator.requests == []

    def test_a_picture_that_cannot_be_read_costs_nothing(
        self, ask: Ask, finish: Finish, project: Project, simulator: Simulator
    ) -> None:
        picture = Picture.objects.create(
            project=project, file="gone.png", mime_type="image/png", width=1, height=1
        )
        clip = finish(ask(seed_picture=picture))
        assert (clip.status, clip.operation.reason) == ("failed", "seed_missing")
        assert simulator.requests == []


class TestLateEvidence:
    def test_a_name_that_comes_after_every_look_is_still_adopted(
        self, ask: Ask, finish: Finish, poller: Poller, simulator: Simulator
    ) -> None:
        simulator.script("list", "status", status=404, times=None)
        clip = ask()
        claimed = poller._claim()
        assert claimed is not None
        kind, operation, hold = claimed

        def freeze_meanwhile(recipe: Any, on_ref: Any) -> Any:
            outcome = type(back_end).submit(back_end, recipe, on_ref)
            Operation.objects.filter(pk=operation.pk).update(next_at=Now())
            rival = Poller()
            assert rival.step()
            for _ in range(6):
                skip_waits()
                rival.step()
            rival.google.close()
            assert Operation.objects.get(pk=operation.pk).wants_an_answer
            return outcome

        back_end = poller.google.back_end(operation.back_end)
        back_end.submit = freeze_meanwhile
        poller._work(kind, operation, hold)
        assert finish(clip).status == "ready"
        assert simulator.charged == 1
