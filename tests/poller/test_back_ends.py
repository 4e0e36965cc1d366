"""The same promises on each of Google's wires: paid once, never lost, honestly told (P1, P2, P8)."""

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from projects.models import Clip, Lineup, ModelOverride, Operation, State, SubmissionOutcome
from projects.poller.loop import Poller
from projects.poller.part import answer_file, incoming, sweep
from projects.simulator.app import Simulator
from projects.video import inspect
from tests.poller.conftest import RECIPES, media_files, skip_waits

pytestmark = pytest.mark.django_db

Ask = Callable[..., Clip]
Finish = Callable[[Clip], Clip]

BACK_ENDS = tuple(RECIPES)
OMNI, VERTEX = "gemini_omni", "vertex_veo"


@pytest.fixture(params=BACK_ENDS)
def back_end(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ask_here(ask: Ask, back_end: str) -> Ask:
    """Asks for the shortest clip of the back end under test."""
    return lambda **changes: ask(**RECIPES[back_end] | changes)


class TestEveryWire:
    def test_a_clip_is_made_once_saved_and_playable(
        self, ask_here: Ask, finish: Finish, simulator: Simulator, settings: Any, back_end: str
    ) -> None:
        clip = finish(ask_here())
        assert clip.status == "ready"
        assert inspect(Path(clip.video.path)).audio_codec == "aac"
        assert clip.operation.back_end == back_end
        assert simulator.charged == simulator.counts["submit"] == 1
        assert media_files(settings.MEDIA_ROOT) == sorted([clip.video.name, clip.poster.name])

    def test_what_google_holds_back_is_told_in_its_words(
        self, ask_here: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        clip = finish(ask_here(prompt="Somebody famous [sim:filtered]"))
        assert clip.status == "filtered"
        assert clip.operation.google_text != ""
        assert simulator.charged == 1

    def test_what_fails_at_google_fails_here(self, ask_here: Ask, finish: Finish) -> None:
        clip = finish(ask_here(prompt="Nothing good [sim:failed]"))
        assert (clip.status, clip.operation.reason) == ("failed", "failed")
        assert clip.operation.google_text != ""

    @pytest.mark.parametrize("kind", ["drop", "reset", "bad_json", "html"])
    def test_a_lost_answer_is_never_sent_again_by_itself(
        self, ask_here: Ask, finish: Finish, simulator: Simulator, kind: str
    ) -> None:
        simulator.script("submit", kind, accepted=True)
        clip = finish(ask_here())
        assert clip.status in ("unconfirmed", "ready")
        assert simulator.counts["submit"] == simulator.charged == 1
        assert clip.operation.submissions.get().outcome == SubmissionOutcome.AMBIGUOUS

    @pytest.mark.parametrize("status", [408, 500, 503, 504])
    def test_trouble_of_googles_own_leaves_an_honest_question(
        self, ask_here: Ask, finish: Finish, simulator: Simulator, status: int
    ) -> None:
        simulator.script("submit", "status", status=status)
        clip = finish(ask_here())
        assert clip.status == "unconfirmed"
        assert simulator.counts["submit"] == 1

    def test_a_closed_limit_is_waited_for_and_paid_once(
        self, ask_here: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "status", status=429, message="Slow down", retry_info=1)
        clip = finish(ask_here())
        assert clip.status == "ready"
        outcomes = [submission.outcome for submission in clip.operation.submissions.all()]
        assert outcomes == [SubmissionOutcome.NOT_ACCEPTED, SubmissionOutcome.ACCEPTED]
        assert simulator.charged == 1

    def test_a_refused_request_costs_nothing(
        self, ask_here: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "status", status=400, message="The prompt cannot be used.")
        clip = finish(ask_here())
        assert (clip.status, clip.cost_micros) == ("failed", 0)
        assert "cannot be used" in clip.operation.google_text
        assert simulator.charged == 0

    @pytest.mark.parametrize("kind", ["drop", "bad_json", "html", "status"])
    def test_a_failed_status_check_fails_no_clip(
        self, ask_here: Ask, finish: Finish, simulator: Simulator, back_end: str, kind: str
    ) -> None:
        if back_end == OMNI:
            simulator.script("submit", "cut_after_id")
        simulator.script("poll", kind, times=2)
        clip = finish(ask_here())
        assert clip.status == "ready"
        assert simulator.counts["poll"] >= 3
        assert simulator.charged == 1

    def test_a_model_that_is_gone_is_marked_and_not_asked_for_again(
        self, ask_here: Ask, finish: Finish, simulator: Simulator, back_end: str
    ) -> None:
        simulator.script("submit", "status", status=404, message=GONE[back_end])
        first, second = ask_here(), ask_here(prompt="Another one")
        finish(first)
        clips = Clip.objects.filter(pk__in=[first.pk, second.pk])
        assert {clip.operation.reason for clip in clips} == {"model_retired"}
        assert simulator.counts["submit"] == 1
        lineup = Lineup.now()
        model = lineup.catalog.by_id[first.model]
        assert lineup.gone(model)
        assert lineup.why_not(model) != ""

    def test_another_address_may_still_have_a_model_that_one_said_is_gone(
        self, ask_here: Ask, back_end: str, settings: Any
    ) -> None:
        model = Lineup.now().catalog.by_id[RECIPES[back_end]["model"]]
        ModelOverride.objects.mark_retired(model.id, "https://relay.example", "Gone")
        assert not Lineup.now().gone(model)


GONE = {
    "gemini_veo": "This model models/veo is no longer available. Please update your code.",
    "vertex_veo": "Publisher Model `projects/p/locations/l/publishers/google/models/veo` was not found or "
    "your project does not have access to it.",
    "gemini_omni": "The model is no longer available.",
}


class TestHeldRequests:
    """Gemini Omni answers when the video is made, and says its name at once."""

    @pytest.fixture
    def back_end(self) -> str:
        return OMNI

    def test_the_name_is_kept_before_the_video_is_made(
        self, ask_here: Ask, poller: Poller, simulator: Simulator
    ) -> None:
        simulator.script("submit", "cut_after_id")
        clip = ask_here()
        assert poller.step()
        operation = Operation.objects.get(clip=clip)
        assert (operation.state, operation.owner) == (State.RUNNING, "")
        assert operation.remote_ref == simulator.operations[0]
        assert operation.submissions.get().remote_ref == operation.remote_ref

    def test_an_answer_that_breaks_off_is_asked_for_by_its_name(
        self, ask_here: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "cut_after_id")
        assert finish(ask_here()).status == "ready"
        assert simulator.counts["submit"] == simulator.charged == 1
        assert simulator.counts["poll"] >= 1

    def test_an_answer_that_breaks_off_before_its_name_is_a_question(
        self, ask_here: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "cut_before_id")
        clip = finish(ask_here())
        assert clip.status == "unconfirmed"
        assert clip.operation.wants_an_answer
        assert simulator.counts["submit"] == simulator.charged == 1

    def test_googles_two_credentials_bug_is_a_trouble_and_no_end(
        self, ask_here: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "cut_after_id")
        simulator.script(
            "poll",
            "answer",
            status=400,
            times=3,
            body={"error": {"code": "invalid_request", "message": TWO_CREDENTIALS}},
        )
        assert finish(ask_here()).status == "ready"
        assert simulator.charged == 1

    def test_what_it_cost_is_counted_from_the_usage(self, ask_here: Ask, finish: Finish) -> None:
        clip = finish(ask_here())
        assert clip.operation.polls == 0
        assert clip.cost_micros is not None
        assert clip.cost_micros == pytest.approx(clip.price_micros, rel=0.05)

    def test_a_refusal_that_looks_like_success_is_held_back_not_ready(
        self, ask_here: Ask, finish: Finish
    ) -> None:
        clip = finish(ask_here(prompt="[sim:filtered]"))
        assert clip.status == "filtered"
        assert clip.cost_micros is not None
        assert clip.cost_micros < clip.price_micros / 10

    def test_another_answer_from_the_one_that_held_it_is_kept_as_evidence(
        self, ask_here: Ask, poller: Poller, simulator: Simulator
    ) -> None:
        clip = ask_here()
        claimed = poller._claim()
        assert claimed is not None
        Operation.objects.filter(clip=clip).update(fence=99)
        poller._work(*claimed)
        operation = Operation.objects.get(clip=clip)
        assert operation.remote_ref == ""
        assert simulator.charged == 0, "a stale holder must not even send"


TWO_CREDENTIALS = "Multiple authentication credentials received. Please pass only one."


def until_it_lies_here(clip: Clip, poller: Poller) -> Clip:
    """Turns the poller until Google has finished and the video is still to be published."""
    while not Operation.objects.filter(clip=clip, state=State.DOWNLOADING).exists():
        skip_waits()
        assert poller.step()
    return clip


class TestVideosInsideAnswers:
    @pytest.mark.parametrize("back_end", BACK_ENDS)
    def test_they_are_kept_on_disk_until_they_are_published(
        self, ask_here: Ask, poller: Poller, finish: Finish, simulator: Simulator, settings: Any
    ) -> None:
        simulator.script("submit", "inline")
        clip = until_it_lies_here(ask_here(), poller)
        operation = Operation.objects.get(clip=clip)
        assert operation.output_uri == ""
        assert answer_file(operation).stat().st_size > 10_000
        assert len(str(operation.answer)) < 5000
        polls = simulator.counts.get("poll", 0)
        clip = finish(clip)
        assert clip.status == "ready"
        assert simulator.counts.get("poll", 0) == polls
        assert media_files(settings.MEDIA_ROOT) == sorted([clip.video.name, clip.poster.name])

    @pytest.mark.parametrize("back_end", [VERTEX, OMNI])
    def test_a_lost_file_is_asked_for_again(
        self, ask_here: Ask, poller: Poller, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "inline")
        clip = until_it_lies_here(ask_here(), poller)
        answer_file(clip.operation).unlink()
        assert finish(clip).status == "ready"
        assert simulator.charged == 1

    @pytest.mark.parametrize("back_end", [VERTEX])
    def test_the_sweep_leaves_them_while_they_are_awaited(
        self, ask_here: Ask, poller: Poller, simulator: Simulator
    ) -> None:
        simulator.script("submit", "inline")
        clip = until_it_lies_here(ask_here(), poller)
        kept = answer_file(clip.operation)
        stranger = incoming() / "00000000-0000-4000-8000-000000000000.answer"
        stranger.write_bytes(b"left by nobody")
        for path in (kept, stranger):
            os.utime(path, (0, 0))
        assert sweep() == 1
        assert kept.exists()


class TestVertexStorage:
    @pytest.fixture
    def back_end(self) -> str:
        return VERTEX

    @pytest.fixture(autouse=True)
    def bucket(self, settings: Any) -> None:
        settings.VERTEX_STORAGE = "gs://the-bucket/veoweb"

    def test_results_are_fetched_from_the_bucket(
        self, ask_here: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        clip = finish(ask_here())
        assert clip.status == "ready"
        assert clip.operation.output_uri.startswith(f"gs://the-bucket/veoweb/{clip.operation.pk}/")

    def test_a_lost_answer_is_found_in_the_operations_own_folder(
        self, ask_here: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "drop", times=2)
        first, second = ask_here(), ask_here(prompt="Another one")
        finish(first)
        assert [clip.status for clip in Clip.objects.all()] == ["ready", "ready"]
        assert simulator.counts["submit"] == simulator.charged == 2
        refs = {clip.pk: clip.operation.remote_ref for clip in (first, second)}
        for clip in Clip.objects.all():
            assert f"/{clip.operation.pk}/" in clip.operation.remote_ref, refs


@pytest.mark.parametrize("back_end", [VERTEX, OMNI])
class TestDownloads:
    """What a bad line, or a bad server, does to a video that is paid for."""

    @pytest.fixture(autouse=True)
    def bucket(self, settings: Any) -> None:
        settings.VERTEX_STORAGE = "gs://the-bucket/veoweb"

    @pytest.mark.parametrize(
        ("kind", "options"),
        [
            ("truncated", {}),
            ("short", {}),
            ("longer", {"size": 10}),
            ("zero", {}),
            ("html", {}),
            ("drop", {}),
            ("wrong_type", {"content_type": "text/plain"}),
            ("status", {"status": 403, "message": "Not now"}),
            ("status", {"status": 503}),
            ("redirect", {"location": "https://evil.example/video.mp4"}),
        ],
    )
    def test_it_is_fetched_again_until_it_is_whole(
        self, ask_here: Ask, finish: Finish, simulator: Simulator, kind: str, options: dict[str, Any]
    ) -> None:
        for route in ("download", "media"):
            simulator.script(route, kind, times=2, **options)
        clip = finish(ask_here())
        assert clip.status == "ready"
        inspect(Path(clip.video.path))
        assert simulator.charged == simulator.counts["submit"] == 1

    def test_it_goes_on_where_it_was_cut_off(
        self, ask_here: Ask, finish: Finish, simulator: Simulator, back_end: str
    ) -> None:
        route = "media" if back_end == VERTEX else "download"
        simulator.script(route, "truncated", size=20_000)
        assert finish(ask_here()).status == "ready"
        ranges = [request.headers.get("range") for request in simulator.requests if request.route == route]
        assert ranges == [None, "bytes=20000-"]


class TestDirecting:
    def test_vertex_is_told_the_seed_and_that_there_is_to_be_no_sound(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        clip = finish(ask(**RECIPES[VERTEX], seed=7, audio=False))
        assert clip.status == "ready"
        assert inspect(Path(clip.video.path)).audio_codec == ""
        sent = clip.operation.submissions.get().request["parameters"]
        assert (sent["seed"], sent["generateAudio"]) == (7, False)

    @pytest.mark.parametrize(
        ("recipe", "added"),
        [
            ({"model": "veo-3.1-fast-generate-preview", "resolution": "720p", "duration_seconds": 4}, 7),
            ({"model": "veo-3.1-fast-generate-001", "resolution": "720p", "duration_seconds": 4}, 7),
            ({"model": "gemini-omni-1.2-flash", "resolution": "360p", "duration_seconds": 3}, 3),
        ],
    )
    def test_a_finished_clip_is_extended(
        self, ask: Ask, finish: Finish, simulator: Simulator, recipe: dict[str, Any], added: int
    ) -> None:
        first = finish(ask(**recipe))
        longer = finish(ask(**recipe | {"duration_seconds": added}, task="extend", source=first))
        assert longer.status == "ready"
        assert round(longer.seconds or 0) == recipe["duration_seconds"] + added
        assert simulator.charged == simulator.counts["submit"] == 2

    def test_a_finished_clip_is_edited(self, ask: Ask, finish: Finish, simulator: Simulator) -> None:
        first = finish(ask(**RECIPES[OMNI]))
        edited = finish(ask(**RECIPES[OMNI], prompt="Make it night", task="edit", source=first))
        assert edited.status == "ready"
        assert round(edited.seconds or 0) == 3
        assert (
            edited.operation.submissions.get().request["previous_interaction_id"]
            == first.operation.remote_ref
        )

    def test_an_extension_whose_source_was_deleted_is_refused_unpaid(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        first = finish(ask(**RECIPES[OMNI]))
        clip = ask(**RECIPES[OMNI], task="extend", source=first)
        first.remove()
        clip = finish(clip)
        assert (clip.status, clip.operation.reason, clip.cost_micros) == ("failed", "source_missing", 0)
        assert simulator.charged == 1


class TestCredentialsThatRefresh:
    def test_a_token_that_is_refused_is_fetched_anew_and_the_clip_is_paid_once(
        self, ask: Ask, finish: Finish, simulator: Simulator, settings: Any, service_account: Path
    ) -> None:
        settings.DEMO = False
        settings.GOOGLE_CLOUD_PROJECT = "the-project"
        settings.GOOGLE_APPLICATION_CREDENTIALS = str(service_account)
        assert finish(ask(**RECIPES[VERTEX])).status == "ready"
        simulator.revoke_tokens()
        second = finish(ask(**RECIPES[VERTEX], prompt="After the token was revoked"))
        assert second.status == "ready"
        outcomes = [submission.outcome for submission in second.operation.submissions.all()]
        assert outcomes == [SubmissionOutcome.NOT_ACCEPTED, SubmissionOutcome.ACCEPTED]
        assert simulator.charged == 2
        assert simulator.counts["token"] == 2

    def test_a_revoked_service_account_ends_the_clip_unpaid_and_names_the_file(
        self, ask: Ask, finish: Finish, simulator: Simulator, settings: Any, revoked_account: Path
    ) -> None:
        settings.DEMO = False
        settings.GOOGLE_CLOUD_PROJECT = "the-project"
        settings.GOOGLE_APPLICATION_CREDENTIALS = str(revoked_account)
        clip = finish(ask(**RECIPES[VERTEX]))
        assert (clip.status, clip.operation.reason) == ("failed", "credential_revoked")
        assert "GOOGLE_APPLICATION_CREDENTIALS" in clip.operation.sentence
        assert simulator.charged == 0
        assert Operation.objects.get(clip=clip).finished_at - timezone.now() < dt.timedelta(minutes=1)
