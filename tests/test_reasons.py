"""What the page says about trouble: what happened, what it cost, what comes next, and no guesses."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from projects.models import Clip, Operation, Project, State, SubmissionOutcome
from projects.models.reasons import CATEGORY_OF_CODE, REASONS, Explanation
from projects.veo import errors
from tests.factories import make_clip

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("against_google")]

ENDED = (State.FAILED, State.REJECTED, State.EXPIRED, State.FILTERED, State.CANCELLED)


def explained(project: Project, state: str, **operation: Any) -> Explanation:
    explanation = make_clip(project, state, operation=operation).explanation
    assert explanation is not None
    return explanation


@pytest.mark.parametrize("state", [*State.ACTIVE, State.SUCCEEDED])
def test_it_says_nothing_when_all_is_well(project: Project, state: str) -> None:
    assert make_clip(project, state).explanation is None


@pytest.mark.parametrize("state", [*ENDED, State.UNCONFIRMED])
def test_it_has_three_sentences_for_every_end(project: Project, state: str) -> None:
    make_clip(project, state, operation={"sentence": "Own words.", "google_text": "Google's words."})
    for reason in [*REASONS, "never_heard_of"]:
        Operation.objects.update(reason=reason)
        told = Clip.objects.get().explanation
        assert told is not None
        assert [text[-1:] for text in (told.what, told.cost, told.next)] == [".", ".", "."]
        assert told.google == "Google's words."


def test_it_keeps_the_own_sentence_of_an_unknown_reason(project: Project) -> None:
    assert explained(project, State.FAILED, reason="new", sentence="It rained.").what == "It rained."


def test_it_always_has_something_to_say(project: Project) -> None:
    assert explained(project, State.FAILED, reason="new").what == "This clip did not work out."


def test_it_knows_every_code_of_the_client() -> None:
    listed = re.split(r"\n\n", errors.__doc__ or "")[-1]
    codes = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", re.sub(r"\([^)]*\)", "", listed)))
    assert {"key_invalid", "file_gone", "no_answer"} <= codes
    assert codes - REASONS.keys() == set()


def test_it_knows_every_reason_of_the_poller() -> None:
    source = "".join(
        path.read_text() for path in (Path(__file__).parents[1] / "projects/poller").glob("*.py")
    )
    codes = set(
        re.findall(
            r'(?:reason=|reject\(\s*|expire\(\s*|\.fail\(\s*|Garbled\(|NoAnswer\(|BadDownload\()"(\w+)"',
            source,
        )
    )
    assert {"bad_file", "lost", "disk"} <= codes
    assert codes - REASONS.keys() == set()


@pytest.mark.parametrize(
    ("state", "operation", "cost"),
    [
        (State.REJECTED, {}, "Nothing was charged."),
        (State.FILTERED, {}, "The cost is recorded as $0.00."),
        (State.FAILED, {}, "Google did not say whether it charged for this."),
        (State.EXPIRED, {}, "Google may have charged $0.20."),
        (State.EXPIRED, {"done_at": timezone.now()}, "Google charged about $0.20."),
        (State.UNCONFIRMED, {}, "It may have cost $0.20."),
        (State.CANCELLED, {}, "Nothing was charged."),
        (State.CANCELLED, {"reason": "gave_up"}, "Google may have charged $0.20."),
        (State.QUEUED, {"reason": "quota"}, "Nothing was charged."),
        (State.RUNNING, {"reason": "no_answer"}, "It costs $0.20 if Google finishes it."),
        (
            State.DOWNLOADING,
            {"reason": "no_answer"},
            "Google charged about $0.20; fetching the file again costs nothing.",
        ),
    ],
)
def test_it_names_the_cost_by_state(
    project: Project, state: str, operation: dict[str, Any], cost: str
) -> None:
    assert explained(project, state, **operation).cost == cost


def test_it_says_that_google_may_still_charge_for_what_was_cancelled_late(project: Project) -> None:
    clip = make_clip(project, State.RUNNING)
    clip.operation.cancel(project.owner)
    told = Clip.objects.get().explanation
    assert told is not None
    assert told.cost == "Google may still charge $0.20."
    assert told.next.startswith(
        "You can fetch it after all. Google deletes it in 39 h 59 min."
    ) or told.next == ("You can fetch it after all. Google deletes it in 40 h.")


@pytest.mark.parametrize("state", [*ENDED, State.UNCONFIRMED])
def test_it_says_that_nothing_was_paid_for_a_simulated_clip(
    project: Project, settings: Any, state: str
) -> None:
    settings.DEMO = True
    assert explained(project, state).cost == "Nothing was paid: this clip is simulated."


def test_it_adds_what_an_earlier_lost_answer_may_have_cost(project: Project) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    clip.operation.submit_again(project.owner, 300_000)
    clip.operation.submissions.filter(outcome=SubmissionOutcome.OPEN).update(
        outcome=SubmissionOutcome.REJECTED, closed_at=timezone.now()
    )
    Operation.objects.update(
        state=State.REJECTED, reason="bad_request", next_at=None, finished_at=timezone.now()
    )
    Clip.objects.update(status="failed", finished_at=timezone.now())
    told = Clip.objects.get().explanation
    assert told is not None
    assert (
        told.cost == "Nothing was charged. An earlier request that was never confirmed may have cost $0.20."
    )


def test_it_adds_up_all_lost_answers(project: Project) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    clip.operation.submit_again(project.owner, 300_000)
    clip.operation.submissions.filter(outcome=SubmissionOutcome.OPEN).update(
        outcome=SubmissionOutcome.AMBIGUOUS, closed_at=timezone.now()
    )
    Operation.objects.update(state=State.UNCONFIRMED, reason="unconfirmed")
    Clip.objects.update(status="unconfirmed")
    told = Clip.objects.get().explanation
    assert told is not None
    assert told.cost == "It may have cost $0.50."


def test_it_tells_when_it_tries_again(project: Project, settings: Any) -> None:
    settings.TIME_ZONE = "UTC"
    soon = timezone.now().replace(hour=23, minute=59, second=59)
    told = explained(project, State.QUEUED, reason="quota", tries=2, next_at=soon)
    assert told.what == "Google's limit is reached."
    assert told.next == "We try again at 23:59 (3rd try)."


def test_it_names_the_day_of_a_later_try(project: Project, settings: Any) -> None:
    settings.TIME_ZONE = "UTC"
    later = dt.datetime(2099, 3, 1, 8, 5, tzinfo=dt.UTC)
    told = explained(project, State.QUEUED, reason="quota", tries=1, next_at=later)
    assert told.next == "We try again on 1 March at 08:05 (2nd try)."


def test_it_names_no_time_while_work_is_in_hand(project: Project) -> None:
    later = dt.datetime(2099, 3, 1, tzinfo=dt.UTC)
    told = explained(project, State.RUNNING, reason="no_answer", tries=1, next_at=later, owner="poller")
    assert told.next == "We are trying again now (2nd try). We keep trying; nothing is lost."


def test_it_says_how_long_google_keeps_what_is_not_saved(project: Project) -> None:
    left = timezone.now() + dt.timedelta(hours=5, seconds=20)
    told = explained(project, State.DOWNLOADING, reason="disk", tries=1, expires_at=left)
    assert told.what == "The clip is ready at Google but could not be saved here."
    assert "An administrator must make room on the server's disk." in told.next
    assert told.next.endswith("Google deletes it in 5 h.")


def test_it_says_when_google_may_have_deleted_it(project: Project) -> None:
    past = timezone.now() - dt.timedelta(hours=1)
    told = explained(project, State.DOWNLOADING, reason="no_answer", expires_at=past)
    assert told.next.endswith("Google may have deleted it already.")


@pytest.mark.parametrize(
    ("google_text", "what"),
    [
        ("", "Google's safety filter held this clip back."),
        ("Blocked. Support codes: 29310472", "likeness of a well-known person."),
        ("Support codes: 58061214, 17301594, 61493863", "a child, violence."),
        ("Support codes: 12345678", "Google's safety filter held this clip back."),
    ],
)
def test_it_names_the_category_of_a_support_code(project: Project, google_text: str, what: str) -> None:
    assert explained(project, State.FILTERED, google_text=google_text).what.endswith(what)


def test_it_has_one_category_for_each_support_code() -> None:
    assert len(CATEGORY_OF_CODE) == 25
    assert all(re.fullmatch(r"\d{8}", code) for code in CATEGORY_OF_CODE)


def test_it_knows_that_the_filter_for_sound_is_often_wrong(project: Project) -> None:
    told = explained(
        project, State.FILTERED, google_text="We could not create your video because of its audio."
    )
    assert told.next == "The filter for sound is often mistaken: the same settings may pass on another try."


def test_it_promises_nothing_google_did_not_write(project: Project) -> None:
    told = explained(project, State.FILTERED)
    assert "not been charged" not in f"{told.what}{told.cost}{told.next}"


def test_it_asks_for_a_decision_when_nothing_was_found(project: Project) -> None:
    told = explained(project, State.UNCONFIRMED)
    assert told.what == "Google did not confirm this request. It may have been accepted."
    assert told.next.endswith("Look again, attach the operation by its name, submit again, or give up.")


def test_it_says_that_it_is_still_looking(project: Project) -> None:
    later = dt.datetime(2099, 3, 1, 8, 5, tzinfo=dt.UTC)
    told = explained(project, State.UNCONFIRMED, next_at=later)
    assert told.next.startswith("We are looking for it at Google and do not send it again by ourselves.")


@pytest.mark.parametrize(("demo", "word"), [(True, "runs in demo mode"), (False, "works with Google")])
def test_it_explains_a_clip_that_no_poller_may_touch(
    project: Project, settings: Any, demo: bool, word: str
) -> None:
    settings.DEMO = not demo
    clip = make_clip(project)
    settings.DEMO = demo
    told = clip.explanation
    assert told is not None
    assert word in told.what
    assert "You can also cancel it." in told.next


# --- long clips ---

PARTS = [
    {"method": method, "seconds": seconds, "prompt": "…", "price_micros": seconds * 100_000}
    for method, seconds in (("new", 8), ("extend", 7), ("extend", 7), ("continue", 8))
]


def chained(project: Project, state: str, *, made: int = 2, **operation: Any) -> Explanation | None:
    """Of a clip of four parts, the first `made` of them made, the next one in `state`."""
    clip = make_clip(project, state, operation=operation)
    clip.parts.update(position=made, **PARTS[made])
    for position in {*range(len(PARTS))} - {made}:
        part = clip.parts.create(position=position, **PARTS[position])
        if position > made:
            continue
        Operation.objects.create(
            clip=clip,
            part=part,
            back_end=clip.back_end,
            state=State.SUCCEEDED,
            remote_ref=f"models/m/operations/{clip.pk}-{position}",
            accepted_at=timezone.now(),
            expires_at=timezone.now(),
            finished_at=timezone.now(),
            created_at=timezone.now() - dt.timedelta(hours=1),
            charged_micros=part.price_micros,
            file="x.mp4",
            sha256="0" * 64,
            seconds=8.0 + 7 * position,
        )
    return Clip.objects.get(pk=clip.pk).explanation


def in_chain(project: Project, state: str, **operation: Any) -> Explanation:
    told = chained(project, state, **operation)
    assert told is not None
    return told


def test_it_names_the_part_and_what_is_there(project: Project) -> None:
    told = in_chain(project, State.FILTERED, google_text="Support codes: 58061214", charged_micros=0)
    assert told.what == "Part 3 of 4: Google's safety filter held it back: a child."
    assert told.cost == (
        "The cost for part 3 is recorded as $0.00. Parts 1 and 2 cost $1.50 and can be watched."
    )
    assert told.next == "Change part 3 and go on, or keep what is there."


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("failed", "Go on with part 3, or keep what is there."),
        ("source_gone", "Go on with part 3 from the last frame, or keep what is there."),
        ("prompt_blocked", "Change part 3 and go on, or keep what is there."),
        ("quota_day", "Go on with part 3 tomorrow, or keep what is there."),
        ("model_retired", "Keep what is there, or reuse the settings with another model."),
        (
            "key_invalid",
            "An administrator must check the credential in .env; then go on with part 3. "
            "You can also keep what is there.",
        ),
        ("never_heard_of", "Go on with part 3, or keep what is there."),
    ],
)
def test_it_says_how_to_go_on_with_the_rest(project: Project, reason: str, step: str) -> None:
    assert in_chain(project, State.FAILED, reason=reason).next == step


def test_every_reason_of_a_part_is_three_sentences(project: Project) -> None:
    in_chain(project, State.REJECTED, sentence="Own words about this clip.")
    for reason in REASONS:
        Operation.objects.filter(state=State.REJECTED).update(reason=reason)
        told = Clip.objects.get().explanation
        assert told is not None
        assert told.what.startswith("Part 3 of 4: ")
        assert "this clip" not in told.what.lower()
        assert "{" not in told.next
        assert [text[-1:] for text in (told.what, told.cost, told.next)] == [".", ".", "."]


def test_a_first_part_speaks_of_the_clip_as_ever(project: Project) -> None:
    told = in_chain(project, State.REJECTED, made=0, reason="bad_request")
    assert (told.what, told.cost) == ("Part 1 of 4: Google refused this request.", "Nothing was charged.")
    assert told.next == "Change the settings or the prompt and try again."


def test_a_cancelled_part_costs_its_own_price(project: Project) -> None:
    chained(project, State.RUNNING)
    clip = Clip.objects.get()
    clip.operation.cancel(project.owner)
    told = Clip.objects.get().explanation
    assert told is not None
    assert told.what == (
        "Part 3 of 4: You stopped waiting for it. Google may still finish it, and charge for it."
    )
    assert told.cost.startswith("Google may still charge $0.70 for part 3.")
    assert told.next.startswith("You can fetch it after all.")
    assert told.next.endswith("Go on with part 3, or keep what is there.")


def test_a_part_that_waits_says_what_is_there(project: Project) -> None:
    told = in_chain(project, State.QUEUED, reason="quota")
    assert told.what == "Part 3 of 4: Google's limit is reached."
    assert told.cost == "Nothing was charged for part 3. Parts 1 and 2 cost $1.50 and can be watched."


def test_a_part_that_could_not_be_joined_is_not_lost(project: Project) -> None:
    chained(project, State.SUCCEEDED, reason="not_joined")
    Clip.objects.update(status="failed")
    told = Clip.objects.get().explanation
    assert told is not None
    assert told.what == "Part 3 of 4: It is saved, but could not be joined to what was there before."
    assert told.cost.startswith("Google charged about $0.70 for part 3. Parts 1 and 2 cost")
    assert told.next.startswith("Its own video is in the list of parts;")
    assert told.next.endswith("Go on with part 3, or keep what is there.")


def test_a_clip_that_was_stopped_says_where(project: Project) -> None:
    told = in_chain(project, State.SUCCEEDED)
    assert (told.what, told.cost) == ("Stopped after part 3 of 4.", "")
    assert told.next == "Go on with part 4, or leave it as it is."


def test_nothing_was_paid_for_parts_of_the_demo(project: Project, settings: Any) -> None:
    settings.DEMO = True
    told = in_chain(project, State.FILTERED)
    assert told.cost == "Nothing was paid: this clip is simulated. Parts 1 and 2 can be watched."
