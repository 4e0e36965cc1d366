"""One clip's life, step by step, against the simulator: every arrow the poller takes."""

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.db.models.functions import Now

from projects.models import Clip, Gate, LostLease, Operation, Picture, Project, State, SubmissionOutcome
from projects.poller.loop import Poller
from projects.simulator.app import Simulator
from projects.video import inspect
from tests import media
from tests.poller.conftest import age, skip_waits

pytestmark = pytest.mark.django_db

Ask = Callable[..., Clip]
Finish = Callable[[Clip], Clip]


def media_files(poller_media: Path) -> list[str]:
    return sorted(str(path.relative_to(poller_media)) for path in poller_media.rglob("*") if path.is_file())


class TestTheWholeWay:
    def test_the_shortest_text_only_clip_is_saved_and_playable(
        self, ask: Ask, finish: Finish, simulator: Simulator, settings: Any
    ) -> None:
        clip = finish(ask())
        assert clip.status == "ready"
        info = inspect(Path(clip.video.path))
        assert (info.width, info.height, round(info.duration_seconds), info.audio_codec) == (
            1280,
            720,
            4,
            "aac",
        )
        saved = Path(clip.video.path).read_bytes()
        assert hashlib.sha256(saved).hexdigest() == clip.sha256
        assert len(saved) == clip.size
        assert (clip.cost_micros, clip.width, round(clip.seconds or 0)) == (200_000, 1280, 4)
        assert simulator.charged == 1

    def test_a_seed_image_goes_along_cut_to_the_ratio(
        self, ask: Ask, finish: Finish, project: Project, simulator: Simulator, settings: Any, tmp_path: Path
    ) -> None:
        settings.MEDIA_ROOT.mkdir(exist_ok=True)
        (settings.MEDIA_ROOT / "seed.png").write_bytes(media.make_png(size=(800, 800)))
        picture = Picture.objects.create(
            project=project, file="seed.png", mime_type="image/png", width=800, height=800
        )
        clip = finish(ask(seed_picture=picture, aspect_ratio="9:16"))
        assert clip.status == "ready"
        assert (clip.width, clip.height) == (720, 1280)
        submission = clip.operation.submissions.get()
        assert "sha256" in submission.request["instances"][0]["image"]["bytesBase64Encoded"]

    def test_it_leaves_nothing_but_the_video_and_its_poster(
        self, ask: Ask, finish: Finish, settings: Any
    ) -> None:
        clip = finish(ask())
        assert media_files(settings.MEDIA_ROOT) == sorted([clip.video.name, clip.poster.name])

    def test_it_tells_the_story_in_order(self, ask: Ask, finish: Finish) -> None:
        clip = finish(ask())
        arrows = [(event.before, event.after) for event in clip.operation.events.all()]
        assert arrows == [
            ("", "queued"),
            ("queued", "submitting"),
            ("submitting", "running"),
            ("running", "downloading"),
            ("downloading", "verifying"),
            ("verifying", "succeeded"),
        ]

    def test_it_keeps_googles_record_of_the_file(self, ask: Ask, finish: Finish) -> None:
        operation = finish(ask()).operation
        assert operation.file_record["state"] == "ACTIVE"
        assert operation.expires_at is not None
        assert operation.answer["done"] is True

    @pytest.mark.parametrize("kind", ["inline", "seed_shape", "partial"])
    def test_it_understands_other_shapes_of_the_answer(
        self, ask: Ask, finish: Finish, simulator: Simulator, kind: str
    ) -> None:
        simulator.script("submit", kind)
        clip = finish(ask())
        assert clip.status == "ready"

    def test_an_inline_video_never_reaches_the_database(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "inline")
        operation = finish(ask()).operation
        assert len(str(operation.answer)) < 2000


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


class TestLateEvidence:
    def test_a_name_that_comes_after_every_look_is_still_adopted(
        self, ask: Ask, finish: Finish, poller: Poller, simulator: Simulator
    ) -> None:
        simulator.script("list", "status", status=404, times=None)
        clip = ask()
        claimed = poller._claim()
        assert claimed is not None
        kind, operation, hold = claimed

        def freeze_meanwhile(recipe: Any) -> Any:
            outcome = type(back_end).submit(back_end, recipe)
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


class TestLeases:
    def test_a_row_in_hand_is_not_claimed_twice(self, ask: Ask, poller: Poller) -> None:
        ask()
        assert poller._claim() is not None
        assert Poller()._claim() is None

    def test_a_lease_that_ran_out_passes_to_another_poller_and_refuses_the_first(
        self, ask: Ask, poller: Poller
    ) -> None:
        ask()
        claimed = poller._claim()
        assert claimed is not None
        _, stale, hold = claimed
        Operation.objects.update(next_at=Now())
        rival = Poller()._claim()
        assert rival is not None
        with pytest.raises(LostLease):
            stale.start_submitting({}, "")
        poller.holds.renew()
        assert hold.lost.is_set()

    def test_a_poller_does_not_claim_its_own_row_after_a_long_sleep(self, ask: Ask, poller: Poller) -> None:
        ask()
        assert poller._claim() is not None
        Operation.objects.update(next_at=Now())
        assert poller._claim() is None

    def test_a_renewal_extends_what_nobody_else_took(self, ask: Ask, poller: Poller) -> None:
        ask()
        claimed = poller._claim()
        assert claimed is not None
        Operation.objects.update(next_at=Now())
        poller.holds.renew()
        assert not claimed[2].lost.is_set()
        assert not Operation.objects.filter(next_at__lte=Now()).exists()

    def test_a_renewal_after_the_release_revives_nothing(self, ask: Ask, poller: Poller, alice: User) -> None:
        clip = ask()
        claimed = poller._claim()
        assert claimed is not None
        claimed[1].reject("bad_request", "No")
        poller.holds.renew()
        assert Operation.objects.get(clip=clip).next_at is None

    def test_a_hung_step_is_let_go(self, ask: Ask, poller: Poller) -> None:
        ask()
        claimed = poller.holds.claim((State.QUEUED,), limit=-1, order=("created_at",))
        assert claimed is not None
        poller.holds.renew()
        assert claimed[1].lost.is_set()

    def test_a_row_that_breaks_our_code_does_not_stop_the_line(
        self, ask: Ask, poller: Poller, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken, whole = ask(), ask(prompt="Whole")
        Operation.objects.filter(clip=broken).update(back_end="no_such_thing")
        while poller.step():
            pass
        operation = Operation.objects.get(clip=broken)
        assert (operation.state, operation.reason) == (State.QUEUED, "internal")
        assert "Traceback" in caplog.text
        whole.refresh_from_db()
        assert whole.status == "generating"
