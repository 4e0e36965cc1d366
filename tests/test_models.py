"""The database holds the promises: each constraint is broken on purpose here, and each arrow is guarded."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from projects.models import (
    Clip,
    Event,
    ForbiddenArrow,
    Gate,
    LostLease,
    Operation,
    Picture,
    PollerHeartbeat,
    Project,
    State,
    Submission,
    SubmissionOutcome,
)
from tests.factories import RECIPE, make_picture
from tests.media import make_png

pytestmark = pytest.mark.django_db


@pytest.fixture
def clip(project: Project, alice: User) -> Clip:
    return Clip.objects.ask_for(project, alice, uuid.uuid4(), 1, RECIPE)[0]


@pytest.fixture
def operation(clip: Clip) -> Operation:
    return clip.operation


def submitting(operation: Operation) -> Submission:
    return operation.start_submitting({"instances": []}, "0" * 64)


def running(operation: Operation, ref: str = "models/m/operations/1") -> None:
    submitting(operation).close(SubmissionOutcome.ACCEPTED, ref=ref)
    operation.accepted(ref, next_in=10)


def unconfirmed(operation: Operation) -> None:
    submitting(operation)
    operation.lose_answer("The answer was lost.")


class TestAskingForClips:
    def test_it_freezes_the_price_that_was_on_the_button(self, clip: Clip) -> None:
        assert clip.price_micros == 4 * 50_000
        assert [s.price_micros for s in clip.operation.submissions.all()] == [200_000]

    def test_it_makes_one_clip_a_take(self, project: Project, alice: User) -> None:
        clips = Clip.objects.ask_for(project, alice, uuid.uuid4(), 3, RECIPE)
        assert [clip.take for clip in clips] == [1, 2, 3]
        assert Operation.objects.filter(state=State.QUEUED).count() == 3

    def test_a_second_press_gets_the_clips_of_the_first(self, project: Project, alice: User) -> None:
        token = uuid.uuid4()
        first = Clip.objects.ask_for(project, alice, token, 2, RECIPE)
        second = Clip.objects.ask_for(project, alice, token, 2, RECIPE)
        assert second == first
        assert Submission.objects.count() == 2

    def test_an_error_of_another_kind_is_not_taken_for_a_second_press(
        self, project: Project, alice: User
    ) -> None:
        with pytest.raises(IntegrityError):
            Clip.objects.ask_for(project, alice, uuid.uuid4(), 1, {**RECIPE, "prompt": None})


class TestOnePostAConsent:
    def test_a_second_open_submission_is_refused(self, operation: Operation, alice: User) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            operation.consent_to(alice, 1)

    def test_a_consent_that_may_have_been_charged_cannot_be_sent_again(self, operation: Operation) -> None:
        unconfirmed(operation)
        with pytest.raises(IntegrityError), transaction.atomic():
            operation._renewed_consent()

    def test_a_consent_that_google_did_not_accept_may_be_sent_again(self, operation: Operation) -> None:
        submitting(operation).close(SubmissionOutcome.NOT_ACCEPTED, http_status=429)
        operation.wait_to_submit(next_in=0, reason="quota", sentence="Limit")
        submitting(operation)
        assert list(operation.submissions.values_list("ordinal", "consent", "outcome")) == [
            (1, 1, "not_accepted"),
            (2, 1, "open"),
        ]

    def test_what_was_certainly_not_sent_goes_on_with_the_same_row(self, operation: Operation) -> None:
        submitting(operation)
        operation.wait_to_submit(next_in=0, reason="no_answer", sentence="No network")
        submitting(operation)
        assert list(operation.submissions.values_list("ordinal", "sends")) == [(1, 2)]

    def test_only_a_person_gives_a_second_consent(self, operation: Operation, alice: User) -> None:
        unconfirmed(operation)
        operation.submit_again(alice, 200_000)
        assert operation.state == State.QUEUED
        assert list(operation.submissions.values_list("consent", "outcome", "consented_by")) == [
            (1, "ambiguous", alice.pk),
            (2, "open", alice.pk),
        ]

    def test_cancelling_in_the_queue_withdraws_the_consent(self, operation: Operation, alice: User) -> None:
        operation.cancel(alice)
        assert operation.open_submission() is None
        assert operation.clip.cost_micros == 0


class TestArrows:
    def test_an_arrow_that_does_not_exist_is_refused(self, operation: Operation) -> None:
        with pytest.raises(ForbiddenArrow):
            operation.downloaded()

    def test_a_request_on_its_way_cannot_be_cancelled(self, operation: Operation, alice: User) -> None:
        submitting(operation)
        with pytest.raises(ForbiddenArrow):
            operation.cancel(alice)

    def test_a_stale_holder_changes_nothing(self, operation: Operation) -> None:
        stale = Operation.objects.get(pk=operation.pk)
        Operation.objects.filter(pk=operation.pk).update(fence=7)
        with pytest.raises(LostLease):
            submitting(stale)
        operation.refresh_from_db()
        assert operation.state == State.QUEUED
        assert operation.submissions.get().sends == 0

    def test_a_persons_decision_refuses_the_poller_that_works_on_the_row(
        self, operation: Operation, alice: User
    ) -> None:
        running(operation)
        held = Operation.objects.get(pk=operation.pk)
        operation.cancel(alice)
        with pytest.raises(LostLease):
            held.still_running(next_in=10, answer={})
        assert operation.state == State.CANCELLED
        assert operation.clip.cost_micros is None

    def test_a_cancelled_clip_that_google_accepted_can_be_fetched_after_all(
        self, operation: Operation, alice: User
    ) -> None:
        running(operation)
        operation.cancel(alice)
        operation.fetch_after_all(alice)
        assert (operation.state, operation.clip.status) == (State.RUNNING, "generating")

    def test_a_clip_that_was_never_sent_cannot_be_fetched(self, operation: Operation, alice: User) -> None:
        operation.cancel(alice)
        with pytest.raises(ForbiddenArrow):
            operation.fetch_after_all(alice)

    def test_an_attached_name_makes_it_run(self, operation: Operation, alice: User) -> None:
        unconfirmed(operation)
        operation.attach("models/m/operations/9", alice)
        assert (operation.state, operation.remote_ref) == (State.RUNNING, "models/m/operations/9")
        assert operation.submissions.get().outcome == SubmissionOutcome.ACCEPTED

    def test_after_the_last_look_it_waits_for_a_person(self, operation: Operation, alice: User) -> None:
        unconfirmed(operation)
        for _ in range(5):
            assert not operation.wants_an_answer
            operation.look_again_later([])
        assert operation.wants_an_answer
        operation.look_again(alice)
        assert not operation.wants_an_answer

    def test_every_arrow_is_told_in_order(self, operation: Operation, alice: User) -> None:
        unconfirmed(operation)
        operation.give_up(alice)
        assert list(operation.events.values_list("before", "after")) == [
            ("", "queued"),
            ("queued", "submitting"),
            ("submitting", "unconfirmed"),
            ("unconfirmed", "cancelled"),
        ]

    def test_the_clip_moves_in_step_and_counts_its_versions(self, operation: Operation) -> None:
        versions = [operation.clip.version]
        running(operation)
        versions.append(operation.clip.version)
        operation.still_running(next_in=10, answer={})
        versions.append(operation.clip.version)
        assert operation.clip.status == "generating"
        assert versions == [1, 3, 3]

    def test_a_trouble_is_shown_once_and_counted(self, operation: Operation) -> None:
        running(operation)
        for _ in range(2):
            operation.meet_trouble(next_in=5, reason="no_answer", sentence="Google did not answer.")
        assert (operation.tries, operation.state) == (2, State.RUNNING)
        assert operation.events.filter(note="Google did not answer.").count() == 1
        operation.still_running(next_in=10, answer={})
        assert (operation.tries, operation.reason, operation.trouble_since) == (0, "", None)


BROKEN_OPERATIONS = {
    "active_operation_has_a_next_time": {"next_at": None},
    "final_operation_is_at_rest": {"state": "cancelled", "finished_at": Now()},
    "final_operation_has_an_end": {"state": "cancelled", "next_at": None},
    "operation_name_comes_with_its_times": {"remote_ref": "models/m/operations/2"},
    "accepted_operation_has_its_name": {"state": "running"},
    "succeeded_operation_has_its_file": {
        "state": "succeeded",
        "next_at": None,
        "finished_at": Now(),
        "remote_ref": "x",
        "accepted_at": Now(),
        "expires_at": Now(),
    },
    "ended_operation_says_why": {"state": "rejected", "next_at": None, "finished_at": Now()},
}


class TestConstraints:
    @pytest.mark.parametrize("name", BROKEN_OPERATIONS)
    def test_the_database_refuses_a_broken_operation(self, operation: Operation, name: str) -> None:
        with pytest.raises(IntegrityError, match=name):
            Operation.objects.filter(pk=operation.pk).update(**BROKEN_OPERATIONS[name])

    def test_one_remote_generation_is_adopted_once(
        self, operation: Operation, project: Project, alice: User
    ) -> None:
        running(operation, "models/m/operations/1")
        other = Clip.objects.ask_for(project, alice, uuid.uuid4(), 1, RECIPE)[0].operation
        submitting(other)
        with pytest.raises(IntegrityError), transaction.atomic():
            other.accepted("models/m/operations/1", next_in=10)

    @pytest.mark.parametrize(
        ("name", "fields"),
        [
            ("ready_clip_has_a_video", {"status": "ready", "finished_at": Now()}),
            ("final_clip_has_an_end", {"status": "failed"}),
            ("final_clip_has_an_end", {"finished_at": Now()}),
        ],
    )
    def test_the_database_refuses_a_broken_clip(self, clip: Clip, name: str, fields: dict) -> None:
        with pytest.raises(IntegrityError, match=name):
            Clip.objects.filter(pk=clip.pk).update(**fields)

    @pytest.mark.parametrize(
        ("name", "fields"),
        [
            ("accepted_submission_has_its_name", {"outcome": "accepted", "closed_at": Now()}),
            ("closed_submission_has_an_end", {"outcome": "rejected"}),
            ("closed_submission_has_an_end", {"closed_at": Now()}),
        ],
    )
    def test_the_database_refuses_a_broken_submission(
        self, operation: Operation, name: str, fields: dict
    ) -> None:
        with pytest.raises(IntegrityError, match=name):
            operation.submissions.update(**fields)

    def test_events_are_only_ever_added(self, operation: Operation) -> None:
        event = operation.events.get()
        with pytest.raises(TypeError):
            event.save()
        with pytest.raises(TypeError):
            Event.objects.update(note="rewritten")


def test_the_pollers_question_is_answered_by_an_index_on_the_state(project: Project, alice: User) -> None:
    """So that a table full of finished clips costs an idle poller nothing."""
    clips = Clip.objects.ask_for(project, alice, uuid.uuid4(), 50, RECIPE)
    ended = {"state": State.CANCELLED, "finished_at": timezone.now()}
    Operation.objects.bulk_create(
        Operation(clip=clip, part=clip.operation.part, attempt=attempt, **ended)
        for clip in clips
        for attempt in range(2, 42)
    )
    Operation.objects.filter(clip__in=clips[1:], attempt=1).update(next_at=None, **ended)
    with connection.cursor() as cursor:
        # What PostgreSQL's own vacuum does in time: without figures it takes the tables for empty.
        cursor.execute("ANALYZE")
    plan = Operation.objects.due().order_by().values("state").distinct().explain()
    # Either finds the few rows at work; which one PostgreSQL takes hangs on what earlier tests left in them.
    assert "operations_due" in plan or "operations_by_state" in plan, plan
    assert "Seq Scan on projects_operation " not in plan


class TestEstimates:
    def test_nothing_is_claimed_without_clips_of_the_same_kind(self, clip: Clip) -> None:
        assert Operation.objects.usual_seconds({clip.kind}) == {}

    def test_it_tells_the_median_and_the_slow_end_of_past_clips(
        self, clip: Clip, project: Project, alice: User
    ) -> None:
        start = timezone.now()
        for seconds in (60, 70, 80, 90, 300):
            operation = Clip.objects.ask_for(project, alice, uuid.uuid4(), 1, RECIPE)[0].operation
            running(operation, f"models/m/operations/{seconds}")
            operation.finished_at_google("uri", {})
            operation.downloaded()
            operation.succeed("a.mp4", "0" * 64, 4.0, {"video": "a.mp4", "sha256": "0" * 64, "size": 1})
            Operation.objects.filter(pk=operation.pk).update(
                accepted_at=start, done_at=start + dt.timedelta(seconds=seconds)
            )
        assert Operation.objects.usual_seconds({clip.kind}) == {clip.kind: (80, 300)}


class TestGate:
    def test_it_closes_for_as_long_as_google_asks(self) -> None:
        assert Gate.objects.close_for("gemini_veo", "m", 33, "quota") == 33
        assert Gate.objects.closed().get().reason == "quota"

    def test_it_doubles_its_own_wait_and_never_passes_ten_minutes(self) -> None:
        waits = [Gate.objects.close_for("gemini_veo", "m", 0, "") for _ in range(14)]
        assert 1 <= waits[0] <= 2
        assert 300 <= waits[-1] <= 600

    def test_a_later_close_never_opens_it_earlier(self) -> None:
        Gate.objects.close_for("gemini_veo", "m", 500, "")
        before = Gate.objects.get().not_before
        Gate.objects.close_for("gemini_veo", "m", 1, "")
        assert Gate.objects.get().not_before == before


class TestDeleting:
    def test_a_clip_in_flight_is_not_deleted(self, clip: Clip) -> None:
        with pytest.raises(ValueError, match="in flight"):
            clip.remove()

    def test_files_go_with_the_rows(
        self,
        clip: Clip,
        alice: User,
        project: Project,
        settings,
        tmp_path,
        django_capture_on_commit_callbacks,
    ) -> None:
        settings.MEDIA_ROOT = folder = tmp_path / "files"
        folder.mkdir()
        for name in ("v.mp4", "p.jpg", "seed.png"):
            (folder / name).write_bytes(b"x")
        picture = Picture.objects.create(
            project=project, file="seed.png", mime_type="image/png", width=1, height=1
        )
        clip.operation.cancel(alice)
        Clip.objects.filter(pk=clip.pk).update(video="v.mp4", poster="p.jpg", seed_picture=picture)
        clip.refresh_from_db()
        with django_capture_on_commit_callbacks(execute=True):
            clip.remove()
        assert list(folder.iterdir()) == []
        assert Picture.objects.count() == 0

    def test_a_project_goes_with_its_clips_and_pictures(
        self, clip: Clip, alice: User, project: Project
    ) -> None:
        picture = Picture.objects.create(
            project=project, file="seed.png", mime_type="image/png", width=1, height=1
        )
        Clip.objects.filter(pk=clip.pk).update(seed_picture=picture)
        project.remove()
        assert not Clip.objects.exists()
        assert not Event.objects.exists()


class TestReferences:
    @pytest.fixture
    def pictures(self, project: Project) -> list[Picture]:
        return [make_picture(project, make_png()) for _ in range(3)]

    def test_they_keep_their_order_and_stay_while_they_are_used(
        self, project: Project, alice: User, pictures: list[Picture]
    ) -> None:
        recipe = {**RECIPE, "references": pictures[1:]}
        [clip] = Clip.objects.ask_for(project, alice, uuid.uuid4(), 1, recipe)
        assert clip.reference_pictures == pictures[1:]
        assert list(Picture.objects.unused()) == pictures[:1]

    def test_they_go_with_their_clip_and_with_their_project(
        self, project: Project, alice: User, pictures: list[Picture], after_commit: Any
    ) -> None:
        recipe = {**RECIPE, "references": pictures, "seed": 7}
        first, second = Clip.objects.ask_for(project, alice, uuid.uuid4(), 2, recipe)
        first.operation.reject("bad_request", "No")
        with after_commit():
            Clip.objects.get(pk=first.pk).remove()
        assert Picture.objects.count() == 3
        Clip.objects.filter(pk=second.pk).update(source=second)
        with after_commit():
            project.remove()
        assert not Clip.objects.exists()
        assert not Picture.objects.exists()


def test_a_heartbeat_is_one_row_a_poller() -> None:
    for _ in range(2):
        PollerHeartbeat.objects.beat("host:1:abc", "host")
    assert PollerHeartbeat.objects.alive().count() == 1
