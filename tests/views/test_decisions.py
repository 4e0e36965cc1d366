"""What a person may decide about a clip, and what the page says when it is too late."""

import uuid
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from projects.models import Clip, Operation, Project, State, SubmissionOutcome
from projects.views.decisions import MOVED_ON
from tests.factories import make_clip

pytestmark = pytest.mark.django_db

REF = "models/veo-3.1-lite-generate-preview/operations/abc123"


def post(client: Client, name: str, clip: Clip, query: str = "", **data: Any) -> Any:
    return client.post(reverse(name, args=[clip.pk]) + query, data)


def said(client: Client, response: Any) -> list[str]:
    return [str(message) for message in client.get(response["Location"]).context["messages"]]


def state_of(clip: Clip) -> str:
    return Operation.objects.get(clip=clip).state


# --- cancel ---


def test_it_cancels_a_waiting_clip_at_once(as_alice: Client, project: Project) -> None:
    clip = make_clip(project)
    response = post(as_alice, "clip_cancel", clip)
    assert response["Location"] == clip.get_absolute_url()
    assert state_of(clip) == State.CANCELLED


def test_it_says_first_what_cancelling_costs_once_google_has_it(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.RUNNING, simulated=False)
    asked = post(as_alice, "clip_cancel", clip)
    assert asked["Location"] == reverse("clip_cancel", args=[clip.pk])
    page = as_alice.get(asked["Location"])
    assert page.templates[0].name == "projects/clip_confirm.html"
    assert "it may still charge $0.20" in page.context["sentences"][0]
    assert state_of(clip) == State.RUNNING
    as_alice.post(page.context["action_url"])
    assert state_of(clip) == State.CANCELLED


@pytest.mark.parametrize("state", [State.SUBMITTING, State.VERIFYING, State.SUCCEEDED, State.UNCONFIRMED])
def test_it_does_not_cancel_what_cannot_be_cancelled(as_alice: Client, project: Project, state: str) -> None:
    clip = make_clip(project, state)
    response = post(as_alice, "clip_cancel", clip, "?sure=1")
    assert said(as_alice, response) == [MOVED_ON]
    assert state_of(clip) == state


def test_it_answers_with_a_sentence_when_a_poller_was_quicker(
    as_alice: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The poller's claim falls between our reading of the row and our write."""
    clip = make_clip(project)
    cancel = Operation.cancel

    def claimed_first(operation: Operation, user: Any) -> None:
        Operation.objects.filter(pk=operation.pk).update(fence=F("fence") + 1, owner="poller")
        cancel(operation, user)

    monkeypatch.setattr(Operation, "cancel", claimed_first)
    assert said(as_alice, post(as_alice, "clip_cancel", clip)) == [MOVED_ON]
    assert state_of(clip) == State.QUEUED


def test_it_comes_back_to_the_page_the_form_names(as_alice: Client, project: Project) -> None:
    response = post(as_alice, "clip_cancel", make_clip(project), next=project.get_absolute_url())
    assert response["Location"] == project.get_absolute_url()


@pytest.mark.parametrize(
    "address", ["https://example.org/", "//example.org", "javascript:alert(1)", "/nowhere/", "\\\\x"]
)
def test_it_goes_nowhere_else(as_alice: Client, project: Project, address: str) -> None:
    clip = make_clip(project)
    assert post(as_alice, "clip_cancel", clip, next=address)["Location"] == clip.get_absolute_url()


# --- again ---


def test_it_makes_the_same_clip_again(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.FAILED, prompt="Fog", duration_seconds=6)
    response = post(as_alice, "clip_again", clip, token=uuid.uuid4(), price_micros=300_000)
    new = Clip.objects.exclude(pk=clip.pk).get()
    assert response["Location"] == new.get_absolute_url()
    assert (new.prompt, new.duration_seconds, new.operation.state) == ("Fog", 6, State.QUEUED)


def test_it_makes_it_again_once_however_often_it_is_pressed(as_alice: Client, project: Project) -> None:
    clip, token = make_clip(project, State.FAILED), uuid.uuid4()
    places = {
        post(as_alice, "clip_again", clip, token=token, price_micros=200_000)["Location"] for _ in range(2)
    }
    assert (len(places), Clip.objects.count()) == (1, 2)


@pytest.mark.parametrize("price", ["", "x", "1", "200001"])
def test_it_makes_nothing_at_a_price_nobody_saw(as_alice: Client, project: Project, price: str) -> None:
    clip = make_clip(project, State.FAILED)
    response = post(as_alice, "clip_again", clip, token=uuid.uuid4(), price_micros=price)
    assert said(as_alice, response) == ["The price is now $0.20. Press again if you agree."]
    assert Clip.objects.count() == 1


@pytest.mark.parametrize("token", ["", "x"])
def test_it_makes_nothing_without_a_token(as_alice: Client, project: Project, token: str) -> None:
    clip = make_clip(project, State.FAILED)
    response = post(as_alice, "clip_again", clip, token=token, price_micros=200_000)
    assert said(as_alice, response) == ["That button was incomplete, so nothing was sent. Press it again."]
    assert Clip.objects.count() == 1


def test_it_makes_nothing_with_a_model_that_is_gone(
    as_alice: Client, project: Project, against_google: None
) -> None:
    clip = make_clip(project, State.FAILED)
    response = post(as_alice, "clip_again", clip, token=uuid.uuid4(), price_micros=200_000)
    assert said(as_alice, response) == [
        "Veo 3.1 Lite preview cannot be ordered any more. Reuse the settings with another model."
    ]


# --- fetch ---


@pytest.mark.parametrize("state", [State.RUNNING, State.DOWNLOADING])
def test_it_brings_a_waiting_step_forward(as_alice: Client, project: Project, state: str) -> None:
    clip = make_clip(project, state, operation={"next_at": "2099-01-01T00:00Z", "reason": "no_answer"})
    assert said(as_alice, post(as_alice, "clip_fetch", clip)) == ["We ask Google now."]
    assert clip.operation.next_at.year < 2099


@pytest.mark.parametrize("state", [State.CANCELLED, State.EXPIRED])
def test_it_asks_again_for_what_was_given_up(as_alice: Client, project: Project, state: str) -> None:
    clip = make_clip(project, State.EXPIRED, operation={"state": state})
    Clip.objects.update(status="cancelled" if state == State.CANCELLED else "failed")
    post(as_alice, "clip_fetch", clip)
    assert state_of(clip) == State.RUNNING


def test_it_does_not_disturb_work_in_hand(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.DOWNLOADING, operation={"owner": "poller"})
    assert said(as_alice, post(as_alice, "clip_fetch", clip)) == [
        "We are working on this clip at this moment."
    ]


@pytest.mark.parametrize(
    "state", [State.QUEUED, State.SUBMITTING, State.SUCCEEDED, State.FAILED, State.UNCONFIRMED]
)
def test_it_fetches_nothing_else(as_alice: Client, project: Project, state: str) -> None:
    clip = make_clip(project, state)
    assert said(as_alice, post(as_alice, "clip_fetch", clip)) == [MOVED_ON]
    assert state_of(clip) == state


def test_it_fetches_nothing_that_google_never_had(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.CANCELLED)
    assert said(as_alice, post(as_alice, "clip_fetch", clip)) == [MOVED_ON]


# --- unconfirmed ---


def test_it_looks_again(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    assert clip.operation.wants_an_answer
    assert said(as_alice, post(as_alice, "clip_look", clip)) == ["We look for it at Google now."]
    assert clip.operation.next_at is not None


def test_it_attaches_an_operation(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    post(as_alice, "clip_attach", clip, operation_name=f'  "{REF}" ')
    assert (clip.operation.state, clip.operation.remote_ref) == (State.RUNNING, REF)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Paste the name of the operation."),
        ("abc", "This is not the name of an operation. It looks like models/…/operations/…."),
        (
            f"https://example.org/{REF}",
            "This is not the name of an operation. It looks like models/…/operations/….",
        ),
        (f"../{REF}", "This is not the name of an operation. It looks like models/…/operations/…."),
        (f"{REF}?x=1", "This is not the name of an operation. It looks like models/…/operations/…."),
        (f"{REF}\x00", "Remove the NUL character; it cannot be used."),
        (REF + "a" * 300, "This name is too long for an operation."),
        (
            "models/veo-2.0-generate-001/operations/abc",
            "This operation is not one of veo-3.1-lite-generate-preview, the model of this clip.",
        ),
    ],
)
def test_it_refuses_what_is_no_operation(
    as_alice: Client, project: Project, name: str, sentence: str
) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    page = post(as_alice, "clip_attach", clip, operation_name=name)
    assert (page.status_code, page.templates[0].name) == (422, "projects/clip_detail.html")
    assert page.context["attach_form"].errors == {"operation_name": [sentence]}
    assert state_of(clip) == State.UNCONFIRMED


def test_it_does_not_attach_one_operation_twice(as_alice: Client, project: Project) -> None:
    make_clip(project, State.RUNNING, operation={"remote_ref": REF})
    clip = make_clip(project, State.UNCONFIRMED)
    page = post(as_alice, "clip_attach", clip, operation_name=REF)
    assert page.context["attach_form"].errors == {
        "operation_name": ["A clip here has this operation already."]
    }


def test_it_submits_again_with_a_new_consent(as_alice: Client, project: Project, alice: Any) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    post(as_alice, "clip_submit_again", clip, price_micros=200_000, agree="on")
    first, second = clip.operation.submissions.all()
    assert (first.outcome, second.outcome) == (SubmissionOutcome.AMBIGUOUS, SubmissionOutcome.OPEN)
    assert (second.consent, second.consented_by, second.price_micros) == (2, alice, 200_000)
    assert clip.operation.state == State.QUEUED


def test_it_submits_again_once_however_often_it_is_pressed(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    for _ in range(2):
        response = post(as_alice, "clip_submit_again", clip, price_micros=200_000, agree="on")
    assert MOVED_ON in said(as_alice, response)
    assert clip.operation.submissions.count() == 2


@pytest.mark.parametrize("price", ["", "1"])
def test_it_submits_nothing_at_a_price_nobody_saw(as_alice: Client, project: Project, price: str) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    response = post(as_alice, "clip_submit_again", clip, price_micros=price, agree="on")
    assert said(as_alice, response) == ["The price is now $0.20. Press again if you agree."]
    assert clip.operation.submissions.count() == 1


def test_it_submits_nothing_again_without_a_second_word(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    response = post(as_alice, "clip_submit_again", clip, price_micros=200_000)
    assert said(as_alice, response)[0].startswith("Nothing was sent.")
    assert clip.operation.submissions.count() == 1


def test_it_gives_up(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    post(as_alice, "clip_give_up", clip)
    assert (clip.operation.state, clip.operation.reason) == (State.CANCELLED, "gave_up")


@pytest.mark.parametrize("state", [state.value for state in State if state != State.UNCONFIRMED])
@pytest.mark.parametrize("name", ["clip_look", "clip_attach", "clip_submit_again", "clip_give_up"])
def test_it_decides_only_on_unconfirmed_clips(
    as_alice: Client, project: Project, name: str, state: str
) -> None:
    """The poller's own arrows lead from `submitting` to the same states; a person may not take those."""
    clip = make_clip(project, state)
    before = Operation.objects.values().get()
    response = post(as_alice, name, clip, operation_name=REF, price_micros=200_000, agree="on")
    assert said(as_alice, response) == [MOVED_ON]
    assert Operation.objects.values().get() == before
    assert clip.operation.submissions.count() == 1


@pytest.mark.parametrize("name", ["clip_again", "clip_fetch", "clip_look", "clip_attach", "clip_give_up"])
def test_it_leads_a_reload_back_to_the_clip(as_alice: Client, project: Project, name: str) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    assert as_alice.get(reverse(name, args=[clip.pk]))["Location"] == clip.get_absolute_url()


# --- delete ---


def test_it_asks_before_it_deletes(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.SUCCEEDED)
    page = as_alice.get(reverse("clip_delete", args=[clip.pk]))
    assert page.templates[0].name == "projects/clip_confirm.html"
    assert Clip.objects.count() == 1


def test_it_deletes_a_finished_clip(as_alice: Client, project: Project) -> None:
    response = post(as_alice, "clip_delete", make_clip(project, State.SUCCEEDED))
    assert response["Location"] == project.get_absolute_url()
    assert not Clip.objects.exists()


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.UNCONFIRMED])
def test_it_does_not_delete_a_clip_in_flight(as_alice: Client, project: Project, state: str) -> None:
    clip = make_clip(project, state)
    response = post(as_alice, "clip_delete", clip)
    assert response["Location"] == clip.get_absolute_url()
    assert Clip.objects.count() == 1
