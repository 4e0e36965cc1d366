"""A clip's page: its moving part and its data sheet."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Clip, Project, State, SubmissionOutcome
from tests.factories import make_clip

pytestmark = pytest.mark.django_db

EVERY_STATE = [state.value for state in State]


@pytest.mark.parametrize("state", EVERY_STATE)
def test_it_shows_a_clip_in_every_state(as_alice: Client, project: Project, state: str) -> None:
    clip = make_clip(project, state)
    page = as_alice.get(clip.get_absolute_url())
    assert page.status_code == 200
    assert f'data-clip="{clip.pk}" data-status="{clip.status}"' in page.content.decode()


@pytest.mark.parametrize("state", EVERY_STATE)
def test_it_shows_a_card_in_every_state(as_alice: Client, project: Project, state: str) -> None:
    clip = make_clip(project, state)
    page = as_alice.get(project.get_absolute_url()).content.decode()
    assert f'data-clip="{clip.pk}" data-status="{clip.status}"' in page


def test_it_shows_everything_we_know(as_alice: Client, project: Project) -> None:
    answer = {"done": True, "metadata": {"@type": "x"}}
    clip = make_clip(
        project,
        State.SUCCEEDED,
        simulated=False,
        operation={"answer": answer, "file_record": {"name": "files/x"}},
    )
    context = as_alice.get(clip.get_absolute_url()).context
    facts = dict(context["facts"])
    assert facts["Cost"] == facts["Price before"] == "$0.20"
    assert facts["Picture"] == "1280 × 720 pixels"
    assert facts["Frames"] == "96 at 24 a second"
    assert facts["Codecs"] == "h264, aac"
    assert facts["Google took"] == "50 s"
    assert facts["Operation"] == clip.operation.remote_ref
    assert json.loads(context["answer_json"]) == answer
    assert json.loads(context["file_record_json"]) == {"name": "files/x"}
    assert json.loads(context["request_json"]) == {"instances": [{"prompt": "A paper boat in the rain"}]}
    assert [event.note for event in context["events"]] == ["Asked for"]
    assert len(context["submissions"]) == 1


def test_it_says_when_an_earlier_request_may_have_cost_something_too(
    as_alice: Client, project: Project
) -> None:
    clip = make_clip(project, State.SUCCEEDED, simulated=False)
    clip.operation.submissions.update(outcome=SubmissionOutcome.AMBIGUOUS)
    facts = dict(as_alice.get(clip.get_absolute_url()).context["facts"])
    assert facts["Cost"] == "$0.20; a request that was never confirmed may have cost $0.20"


@pytest.mark.parametrize(
    ("state", "cost"), [(State.QUEUED, None), (State.FAILED, "not known"), (State.UNCONFIRMED, "not known")]
)
def test_it_does_not_claim_a_cost_it_does_not_know(
    as_alice: Client, project: Project, settings: Any, state: str, cost: str | None
) -> None:
    settings.DEMO = False
    clip = make_clip(project, state)
    said = dict(as_alice.get(clip.get_absolute_url()).context["facts"]).get("Cost")
    assert (said or "").split(";")[0] == (cost or "")


def test_it_says_that_a_simulated_clip_cost_nothing(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.SUCCEEDED)
    assert dict(as_alice.get(clip.get_absolute_url()).context["facts"])["Cost"] == "nothing: simulated"


def test_it_shows_operations_that_may_be_ours(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.UNCONFIRMED, operation={"answer": {"found": ["models/veo/operations/x"]}})
    page = as_alice.get(clip.get_absolute_url())
    assert page.context["found_refs"] == ["models/veo/operations/x"]
    assert page.context["answer_json"] == ""
    assert "<code>models/veo/operations/x</code>" in page.content.decode()


def test_it_names_the_price_of_now(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.FAILED)
    Clip.objects.update(price_micros=1)
    assert as_alice.get(clip.get_absolute_url()).context["again_micros"] == 200_000


@pytest.mark.parametrize("changed", [{"model": "veo-99"}, {"resolution": "8k"}, {"duration_seconds": 99}])
def test_it_shows_old_clips_that_cannot_be_ordered_any_more(
    as_alice: Client, project: Project, changed: dict[str, Any]
) -> None:
    clip = make_clip(project, State.FAILED)
    Clip.objects.update(**changed)
    if seconds := changed.get("duration_seconds"):
        clip.parts.update(seconds=seconds)
    page = as_alice.get(clip.get_absolute_url())
    assert (page.status_code, page.context["again_micros"]) == (200, None)


def test_it_stays_silent_while_nothing_moves(htmx: Client, project: Project) -> None:
    clip = make_clip(project, State.RUNNING)
    answer = htmx.get(reverse("clip_live", args=[clip.pk]), {"v": clip.version})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("version", ["", "x", "0", "-1"])
def test_it_sends_the_moving_part_when_it_moved(htmx: Client, project: Project, version: str) -> None:
    clip = make_clip(project, State.SUCCEEDED)
    answer = htmx.get(reverse("clip_live", args=[clip.pk]), {"v": version})
    assert answer.templates[0].name == "projects/_clip_live.html"
    assert 'id="live"' in answer.content.decode()


def test_it_leaves_the_page_of_a_deleted_clip(htmx: Client, project: Project) -> None:
    clip = make_clip(project, State.SUCCEEDED)
    Clip.objects.all().delete()
    answer = htmx.get(reverse("clip_live", args=[clip.pk]), {"v": 1})
    assert (answer.status_code, answer["HX-Redirect"]) == (404, reverse("project_list"))
