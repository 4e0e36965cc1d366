"""The one poll of a page: nothing, or the cards that changed."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Clip, Project, State
from tests.factories import make_clip

pytestmark = pytest.mark.django_db

Poll = Callable[..., Any]


@pytest.fixture
def poll(htmx: Client) -> Poll:
    return lambda *versions: htmx.get(reverse("clip_poll"), {"v": versions})


def shown(clip: Clip) -> str:
    return f"{clip.pk}:{clip.version}"


def test_it_says_nothing_when_nothing_changed(poll: Poll, project: Project) -> None:
    answer = poll(shown(make_clip(project)), shown(make_clip(project, State.RUNNING)))
    assert (answer.status_code, answer.content) == (204, b"")
    assert "no-store" in answer["Cache-Control"]


def test_it_sends_the_cards_that_changed(poll: Poll, project: Project) -> None:
    quiet, moved = make_clip(project), make_clip(project)
    before = shown(moved)
    moved.operation.cancel(project.owner)
    answer = poll(shown(quiet), before)
    assert answer.status_code == 200
    assert answer.context["clips"] == [moved]
    assert (answer.context["still"], answer.context["oob"], answer.context["news"]) == (True, True, [])
    assert f'id="clip-{moved.pk}"' in answer.content.decode()
    assert f'id="clip-{quiet.pk}"' not in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "state", [State.SUCCEEDED, State.FAILED, State.FILTERED, State.UNCONFIRMED, State.EXPIRED]
)
def test_it_tells_the_news(poll: Poll, project: Project, state: str) -> None:
    clip = make_clip(project, state, version=2)
    assert poll(f"{clip.pk}:1").context["news"] == [clip]


def test_it_ends_the_polling_with_the_last_clip(poll: Poll, project: Project) -> None:
    clip = make_clip(project, State.SUCCEEDED, version=2)
    answer = poll(f"{clip.pk}:1")
    assert answer.context["still"] is False
    assert '<div id="poller" hx-swap-oob="true"></div>' in answer.content.decode()


def test_it_goes_on_for_a_clip_asked_for_during_the_poll(poll: Poll, project: Project) -> None:
    clip = make_clip(project, State.SUCCEEDED, version=2)
    make_clip(project)
    assert poll(f"{clip.pk}:1").context["still"] is True


def test_it_takes_away_a_card_that_is_deleted(poll: Poll, project: Project) -> None:
    clip, gone = make_clip(project), uuid.uuid4()
    answer = poll(shown(clip), f"{gone}:3")
    assert (answer.status_code, answer.context["gone"]) == (200, [gone])
    assert f'id="clip-{gone}"' in answer.content.decode()


def test_it_ends_when_nothing_is_asked(poll: Poll) -> None:
    answer = poll()
    assert (answer.status_code, answer.context["still"], answer.context["clips"]) == (200, False, [])


@pytest.mark.parametrize(
    "garbage",
    ["", ":", "x:1", "1:1", f"{uuid.UUID(int=5)}:", f"{uuid.UUID(int=5)}:x", f"{uuid.UUID(int=5)}:-1", "☃:☃"],
)
def test_it_leaves_garbage_out(poll: Poll, project: Project, garbage: str) -> None:
    assert poll(garbage, shown(make_clip(project))).status_code == 204


def test_it_reads_200_pairs_at_most(poll: Poll, project: Project) -> None:
    clip = make_clip(project)
    answer = poll(*[f"{uuid.UUID(int=number)}:1" for number in range(1, 301)], f"{clip.pk}:0")
    assert len(answer.context["gone"]) == 200
    assert answer.context["clips"] == []


def test_it_asks_the_database_once_when_nothing_changed(poll: Poll, project: Project) -> None:
    one = [shown(make_clip(project))]
    few, many = queries(poll, one), queries(poll, one + [shown(make_clip(project)) for _ in range(4)])
    assert few == many == 3  # session, user, clips


def test_it_needs_as_many_queries_for_three_changed_cards_as_for_one(poll: Poll, project: Project) -> None:
    clips = [
        make_clip(project, state) for state in (State.QUEUED, State.RUNNING, State.QUEUED, State.UNCONFIRMED)
    ]
    old = [f"{clip.pk}:0" for clip in clips]
    assert queries(poll, old[:1]) == queries(poll, old)


def queries(poll: Poll, versions: list[str]) -> int:
    with CaptureQueriesContext(connection) as captured:
        poll(*versions)
    return len(captured)
