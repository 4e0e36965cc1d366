"""A long clip: its parts in order, one paid generation each, and what a person may decide in between."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from projects.models import (
    CONTINUE,
    EXTEND,
    NEW,
    Clip,
    ForbiddenArrow,
    LostLease,
    Project,
    State,
    SubmissionOutcome,
    files_of,
    lay_out,
)
from tests.factories import RECIPE

pytestmark = pytest.mark.django_db


def part(method: str, seconds: int, prompt: str = "…", **fields: Any) -> dict[str, Any]:
    return {
        "method": method,
        "seconds": seconds,
        "prompt": prompt,
        "price_micros": seconds * 100_000,
        **fields,
    }


PARTS = [part(NEW, 8, "It begins"), part(EXTEND, 7, "It goes on"), part(CONTINUE, 8, "It ends")]


@pytest.fixture
def clip(project: Project, alice: User) -> Clip:
    recipe = {**RECIPE, "duration_seconds": 23, "parts": PARTS}
    return Clip.objects.ask_for(project, alice, uuid.uuid4(), 1, recipe)[0]


def again(clip: Clip) -> Clip:
    return Clip.objects.get(pk=clip.pk)


def come_home(clip: Clip, seconds: float) -> Clip:
    """The part at work is made and saved; `seconds` is how long its file is."""
    operation = again(clip).operation
    ref = f"models/m/operations/{uuid.uuid4().hex}"
    operation.start_submitting({}, "0" * 64).close(SubmissionOutcome.ACCEPTED, ref=ref)
    operation.accepted(ref, next_in=0)
    operation.finished_at_google("uri", {})
    operation.downloaded()
    file = f"clips/{operation.pk}.mp4"
    operation.succeed(file, "0" * 64, seconds, {"video": file, "sha256": "0" * 64, "size": 1})
    return again(clip)


def held_back(clip: Clip) -> Clip:
    operation = again(clip).operation
    ref = f"models/m/operations/{uuid.uuid4().hex}"
    operation.start_submitting({}, "0" * 64).close(SubmissionOutcome.ACCEPTED, ref=ref)
    operation.accepted(ref, next_in=0)
    operation.hold_back("Held back.", "Google's words", {}, 0)
    return again(clip)


class TestItsTurn:
    def test_only_the_first_part_is_asked_for_at_once(self, clip: Clip) -> None:
        assert [one.part.number for one in clip.operations.all()] == [1]
        assert clip.price_micros == 2_300_000
        assert clip.operation.submissions.get().price_micros == 800_000

    def test_the_end_of_a_part_begins_the_next_with_the_consent_given_before(
        self, clip: Clip, alice: User
    ) -> None:
        clip = come_home(clip, 8.0)
        assert (clip.status, clip.operation.state, clip.operation.part.number) == ("queued", "queued", 2)
        submission = clip.operation.submissions.get()
        assert (submission.outcome, submission.price_micros, submission.consented_by) == (
            "open",
            700_000,
            alice,
        )
        assert clip.watchable
        assert clip.cost_micros == 800_000

    def test_the_last_part_ends_the_clip(self, clip: Clip) -> None:
        for seconds in (8.0, 15.0, 8.0):
            clip = come_home(clip, seconds)
        assert (clip.status, clip.cost_micros) == ("ready", 2_300_000)
        assert clip.operations.count() == 3

    def test_the_database_takes_one_operation_a_consent(self, clip: Clip, alice: User) -> None:
        clip.operation.cancel(alice)
        with pytest.raises(IntegrityError, match=r"part|consent"), transaction.atomic():
            clip.parts.all()[0].ask("Once more")

    def test_the_database_takes_one_part_at_a_time(self, clip: Clip) -> None:
        with pytest.raises(IntegrityError, match=r"clip|at_a_time"), transaction.atomic():
            clip.parts.all()[1].ask("Out of turn")

    def test_a_part_that_cannot_be_joined_ends_the_clip_with_what_it_has(
        self, clip: Clip, alice: User
    ) -> None:
        clip = come_home(clip, 8.0)
        operation = clip.operation
        ref = "models/m/operations/odd"
        operation.start_submitting({}, "0" * 64).close(SubmissionOutcome.ACCEPTED, ref=ref)
        operation.accepted(ref, next_in=0)
        operation.finished_at_google("uri", {})
        operation.downloaded()
        operation.succeed("b.mp4", "0" * 64, 7.0, {}, trouble="Part 2 could not be joined.")
        clip = again(clip)
        assert (clip.status, clip.operation.reason) == ("failed", "not_joined")
        assert clip.operations.count() == 2
        second = clip.chain.parts[1]
        assert (second.made, second.saved) == (None, clip.operation)
        clip.chain.keep(alice)
        assert again(clip).status == "ready"


class TestDecisions:
    def test_stopping_lets_the_part_at_work_finish_and_begins_no_other(self, clip: Clip, alice: User) -> None:
        clip.chain.stop(alice)
        clip = come_home(clip, 8.0)
        assert (clip.status, clip.operations.count()) == ("ready", 1)
        assert clip.chain.unfinished
        with pytest.raises(ForbiddenArrow):
            clip.chain.keep(alice)

    def test_nothing_follows_the_last_part_to_be_stopped(self, clip: Clip, alice: User) -> None:
        come_home(clip, 8.0)
        clip = come_home(clip, 15.0)
        with pytest.raises(ForbiddenArrow):
            clip.chain.stop(alice)

    def test_what_there_is_can_be_kept(self, clip: Clip, alice: User) -> None:
        come_home(clip, 8.0)
        clip = held_back(clip)
        assert (clip.status, clip.watchable) == ("filtered", True)
        clip.chain.keep(alice)
        assert again(clip).status == "ready"
        with pytest.raises(LostLease):
            clip.chain.keep(alice)

    def test_without_a_part_there_is_nothing_to_keep_or_to_go_on_from(self, clip: Clip, alice: User) -> None:
        clip = held_back(clip)
        with pytest.raises(ForbiddenArrow):
            clip.chain.keep(alice)
        with pytest.raises(ForbiddenArrow):
            clip.chain.go_on(alice, PARTS)

    def test_going_on_pays_for_the_missing_parts_with_a_new_consent(self, clip: Clip, alice: User) -> None:
        come_home(clip, 8.0)
        clip = held_back(clip)
        clip.chain.go_on(alice, [part(EXTEND, 7, "Something milder"), part(CONTINUE, 6, "It ends")])
        clip = again(clip)
        assert (clip.status, clip.operation.part.number, clip.operation.attempt) == ("queued", 2, 2)
        assert clip.operation.part.prompt == "Something milder"
        assert (clip.price_micros, clip.duration_seconds) == (2_100_000, 21)
        clip = come_home(come_home(clip, 15.0), 6.0)
        assert clip.status == "ready"
        assert [one.state for one in clip.operations.all()].count(State.SUCCEEDED) == 3
        assert clip.cost_micros == 2_100_000

    def test_a_second_press_pays_for_nothing(self, clip: Clip, alice: User) -> None:
        come_home(clip, 8.0)
        clip = held_back(clip)
        twin = again(clip)
        clip.chain.go_on(alice, PARTS[1:])
        with pytest.raises(LostLease):
            twin.chain.go_on(alice, PARTS[1:])
        assert again(clip).operations.count() == 3

    def test_going_on_after_a_stop_needs_no_second_consent_for_what_was_never_begun(
        self, clip: Clip, alice: User
    ) -> None:
        clip.chain.stop(alice)
        clip = come_home(clip, 8.0)
        clip.chain.go_on(alice, PARTS[1:])
        clip = again(clip)
        assert (clip.status, clip.operation.attempt, clip.stop_asked) == ("queued", 1, False)


def laid(*made: tuple[str, int, float]) -> list[Any]:
    """Of (method, seconds asked for, seconds of the file)."""
    return lay_out([(SimpleNamespace(method=m, seconds=s), None, file) for m, s, file in made])  # type: ignore[misc]


class TestWhereTheyLie:
    def test_an_extension_holds_what_it_extends(self) -> None:
        found = laid((NEW, 8, 8.0), (EXTEND, 7, 15.04), (EXTEND, 7, 22.0))
        assert [(each.start, each.end) for each in found] == [(0, 8.0), (8.0, 15.04), (15.04, 22.0)]
        assert files_of(found) == [found[2]]

    def test_a_new_beginning_is_laid_behind(self) -> None:
        found = laid((NEW, 15, 15.0), (EXTEND, 10, 25.0), (CONTINUE, 15, 15.0), (EXTEND, 10, 25.0))
        assert [each.start for each in found] == [0, 15.0, 25.0, 40.0]
        assert found[-1].end == 50.0
        assert files_of(found) == [found[1], found[3]]

    def test_an_extension_that_came_alone_is_laid_behind_too(self) -> None:
        found = laid((NEW, 8, 8.0), (EXTEND, 7, 7.0), (EXTEND, 7, 14.0))
        assert [(each.start, each.end) for each in found] == [(0, 8.0), (8.0, 15.0), (15.0, 22.0)]
        assert files_of(found) == [found[0], found[2]]


class TestCaptions:
    def test_they_follow_the_measured_lengths_of_the_parts(self, project: Project, alice: User) -> None:
        line = {"start": 1, "end": 3, "speaker": "Mara", "line": "Almost there."}
        parts = [
            part(NEW, 8, scenes=[line]),
            part(EXTEND, 7, scenes=[line]),
            part(CONTINUE, 8, scenes=[line]),
        ]
        recipe = {**RECIPE, "duration_seconds": 23, "parts": parts}
        clip = Clip.objects.ask_for(project, alice, uuid.uuid4(), 1, recipe)[0]
        for seconds in (8.0, 15.25, 8.0):
            clip = come_home(clip, seconds)
        cues = clip.chain.captions()
        assert [(cue.start, cue.end, cue.text) for cue in cues] == [
            (1.0, 3.0, "Almost there."),
            (9.0, 11.0, "Almost there."),
            (16.25, 18.25, "Almost there."),
        ]

    def test_only_what_is_made_has_captions(self, project: Project, alice: User) -> None:
        scenes = [{"start": 0, "end": 2, "line": "One."}]
        recipe = {**RECIPE, "parts": [part(NEW, 8, scenes=scenes), part(EXTEND, 7, scenes=scenes)]}
        clip = Clip.objects.ask_for(project, alice, uuid.uuid4(), 1, recipe)[0]
        assert clip.chain.captions() == []
        assert len(come_home(clip, 8.0).chain.captions()) == 1


@pytest.mark.django_db(transaction=True)
def test_clips_from_before_there_were_parts_get_their_one_part() -> None:
    before, after = [("projects", "0002_directing_and_back_ends")], None
    executor = MigrationExecutor(connection)
    after = executor.loader.graph.leaf_nodes()
    executor.migrate(before)
    try:
        old = executor.loader.project_state(before).apps
        owner = old.get_model("auth", "User").objects.create(username="old")
        project = old.get_model("projects", "Project").objects.create(owner=owner, name="Old")
        clip = old.get_model("projects", "Clip").objects.create(
            project=project,
            asked_by=owner,
            price_micros=200_000,
            status="cancelled",
            finished_at="2026-11-01T00:00Z",
            cost_micros=0,
            **RECIPE,
        )
        clip.operations.create(
            back_end="gemini_veo", state="cancelled", finished_at="2026-11-01T00:00Z", reason="x"
        )
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(after)
    new = Clip.objects.get(pk=clip.pk)
    assert new.back_end == "gemini_veo"
    assert (new.operation.part.prompt, new.operation.part.seconds) == (RECIPE["prompt"], 4)
    assert (new.operation.charged_micros, new.cost_so_far()) == (0, 0)
