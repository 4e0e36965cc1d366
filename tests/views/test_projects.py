"""Projects: list, page, create, rename, delete."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.forms import EXAMPLES
from projects.models import Clip, Operation, Project, State
from tests.factories import FAST, LITE, OMNI, make_clip, make_picture, make_project
from tests.media import make_png

pytestmark = pytest.mark.django_db


def test_it_lists_my_projects_with_their_figures(as_alice: Client, project: Project) -> None:
    make_clip(project)
    paid = make_clip(project, State.SUCCEEDED, simulated=False)
    make_clip(project, State.SUCCEEDED)
    [shown] = as_alice.get(reverse("project_list")).context["projects"]
    assert (shown.clip_count, shown.working_count, shown.ready_count) == (3, 1, 2)
    assert shown.spent_micros == paid.cost_micros == 200_000
    assert len(shown.latest_posters) == 2


def test_it_lists_four_posters_at_most(as_alice: Client, project: Project) -> None:
    for _ in range(5):
        make_clip(project, State.SUCCEEDED)
    make_clip(project, State.SUCCEEDED, poster=b"")
    [shown] = as_alice.get(reverse("project_list")).context["projects"]
    assert len(shown.latest_posters) == 4


def test_it_lists_many_projects_with_as_many_queries_as_one(as_alice: Client, alice: Any) -> None:
    make_clip(make_project(alice), State.SUCCEEDED)
    few = queries(as_alice, reverse("project_list"))
    for number in range(3):
        make_clip(make_project(alice, f"Film {number}"), State.SUCCEEDED)
    assert queries(as_alice, reverse("project_list")) == few


def test_it_makes_a_project(as_alice: Client, alice: Any) -> None:
    response = as_alice.post(reverse("project_create"), {"name": "  Night \t market\n"})
    made = Project.objects.get()
    assert (made.name, made.owner) == ("Night market", alice)
    assert response["Location"] == made.get_absolute_url()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Give the project a name."),
        ("   ", "Give the project a name."),
        ("\x07", "Give the project a name."),
        ("a\x00b", "Remove the NUL character; it cannot be used."),
        ("x" * 81, "This name has 81 characters; the limit is 80."),
    ],
)
def test_it_refuses_a_bad_name_and_keeps_it(as_alice: Client, name: str, sentence: str) -> None:
    response = as_alice.post(reverse("project_create"), {"name": name})
    assert response.status_code == 422
    assert response.context["form"].errors == {"name": [sentence]}
    assert not Project.objects.exists()


def test_it_renames_a_project(as_alice: Client, project: Project) -> None:
    response = as_alice.post(reverse("project_rename", args=[project.pk]), {"name": "Fog 🌫️"})
    project.refresh_from_db()
    assert (response.status_code, project.name) == (302, "Fog 🌫️")


def test_it_shows_the_old_name_beside_a_bad_one(as_alice: Client, project: Project) -> None:
    response = as_alice.post(reverse("project_rename", args=[project.pk]), {"name": ""})
    assert response.status_code == 422
    assert response.context["project"].name == "The lighthouse"


def test_it_asks_before_it_deletes_a_project(as_alice: Client, project: Project) -> None:
    assert as_alice.get(reverse("project_delete", args=[project.pk])).status_code == 200
    assert Project.objects.count() == 1


def test_it_deletes_a_project_with_its_files(
    as_alice: Client, project: Project, media_root: Path, after_commit: Callable[..., Any]
) -> None:
    make_clip(project, State.SUCCEEDED)
    assert [path for path in media_root.rglob("*") if path.is_file()] != []
    with after_commit():
        response = as_alice.post(reverse("project_delete", args=[project.pk]))
    assert response["Location"] == reverse("project_list")
    assert not Project.objects.exists()
    assert [path for path in media_root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("state", "word"), [(State.QUEUED, "still at work"), (State.UNCONFIRMED, "not confirmed")]
)
def test_it_does_not_delete_a_project_with_clips_in_flight(
    as_alice: Client, project: Project, state: str, word: str
) -> None:
    make_clip(project, state)
    address = reverse("project_delete", args=[project.pk])
    assert word in as_alice.get(address).context["refusal"]
    response = as_alice.post(address, follow=True)
    assert word in str(next(iter(response.context["messages"])))
    assert Project.objects.count() == 1


def test_it_shows_a_project_with_its_clips_newest_first(as_alice: Client, project: Project) -> None:
    first, second = make_clip(project), make_clip(project, State.SUCCEEDED)
    Clip.objects.filter(pk=first.pk).update(asked_at=second.asked_at.replace(year=2020))
    page = as_alice.get(project.get_absolute_url())
    assert page.context["cards"] == [second, first]
    assert page.context["counts"] == {"all": 2, "working": 1, "ready": 1, "failed": 0}
    assert page.context["still"] is True


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("working", [State.RUNNING]),
        ("ready", [State.SUCCEEDED]),
        ("failed", [State.CANCELLED, State.EXPIRED, State.FAILED, State.FILTERED, State.UNCONFIRMED]),
    ],
)
def test_it_shows_one_group_of_clips(
    as_alice: Client, project: Project, show: str, expected: list[str]
) -> None:
    for state in (State.RUNNING, State.SUCCEEDED, State.FAILED, State.EXPIRED, State.FILTERED):
        make_clip(project, state)
    make_clip(project, State.UNCONFIRMED)
    make_clip(project, State.CANCELLED)
    page = as_alice.get(project.get_absolute_url(), {"show": show})
    assert sorted(clip.operation.state for clip in page.context["cards"]) == expected


@pytest.mark.parametrize(
    "query", [{"show": "x"}, {"page": "x"}, {"page": "99"}, {"from": "x"}, {"example": "9"}]
)
def test_it_shows_the_page_whatever_stands_in_the_address(
    as_alice: Client, project: Project, query: dict[str, str]
) -> None:
    make_clip(project)
    page = as_alice.get(project.get_absolute_url(), query)
    assert (page.status_code, len(page.context["cards"])) == (200, 1)


def test_it_shows_24_clips_a_page(as_alice: Client, project: Project) -> None:
    for _ in range(26):
        make_clip(project)
    assert len(as_alice.get(project.get_absolute_url()).context["cards"]) == 24
    assert len(as_alice.get(project.get_absolute_url(), {"page": 2}).context["cards"]) == 2


def test_it_needs_as_many_queries_for_many_kinds_of_cards_as_for_one(
    as_alice: Client, project: Project
) -> None:
    make_clip(project)
    picture = make_picture(project, make_png())
    first = make_clip(project, State.SUCCEEDED, model=OMNI)
    second = make_clip(project, State.SUCCEEDED, model=OMNI, task="extend", source=first)
    second.references.create(picture=picture, position=0)
    few = queries(as_alice, project.get_absolute_url())
    for model, resolution, seconds in [(LITE, "1080p", 8), (FAST, "720p", 6), (FAST, "4k", 8)]:
        for state in (State.QUEUED, State.RUNNING, State.SUCCEEDED, State.UNCONFIRMED, State.FAILED):
            clip = make_clip(project, state, model=model, resolution=resolution, duration_seconds=seconds)
            clip.references.create(picture=picture, position=0)
    source = make_clip(project, State.SUCCEEDED, model=OMNI)
    for state in (State.RUNNING, State.SUCCEEDED, State.FAILED):
        make_clip(project, state, model=OMNI, task="extend", source=source)
    assert queries(as_alice, project.get_absolute_url()) == few


def test_it_tells_the_place_in_the_line_of_each_model(as_alice: Client, project: Project) -> None:
    first, other, second = make_clip(project), make_clip(project, model=FAST), make_clip(project)
    running = make_clip(project, State.RUNNING)
    places = {clip.pk: clip.queue_place for clip in as_alice.get(project.get_absolute_url()).context["cards"]}
    assert places == {first.pk: 1, other.pk: 1, second.pk: 2, running.pk: None}


def test_it_estimates_from_our_own_past_clips_of_the_same_kind(as_alice: Client, project: Project) -> None:
    for _ in range(3):
        make_clip(project, State.SUCCEEDED)
    make_clip(project, State.SUCCEEDED, duration_seconds=8)
    for clip, took in zip(project.clips.filter(duration_seconds=4), (10, 20, 90), strict=True):
        operation = clip.operation
        accepted = operation.accepted_at.replace(second=0)
        done = accepted.fromtimestamp(accepted.timestamp() + took, accepted.tzinfo)
        Operation.objects.filter(pk=operation.pk).update(accepted_at=accepted, done_at=done)
    waiting, odd = make_clip(project, State.RUNNING), make_clip(project, State.RUNNING, model=FAST)
    usual = {clip.pk: clip.usual for clip in as_alice.get(project.get_absolute_url()).context["cards"]}
    assert usual[waiting.pk] == (20, 90)
    assert usual[odd.pk] is None


def test_it_fills_the_form_from_a_clip(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, model=FAST, resolution="1080p", duration_seconds=8, aspect_ratio="9:16")
    page = as_alice.get(project.get_absolute_url(), {"from": str(clip.pk)})
    assert page.context["form"].initial["prompt"] == clip.prompt
    assert page.context["total_micros"] == 960_000
    assert page.context["ratio_slug"] == "9x16"


def test_it_fills_the_form_from_an_example(as_alice: Client, project: Project) -> None:
    page = as_alice.get(project.get_absolute_url(), {"example": "3"})
    assert page.context["form"].initial["prompt"] == EXAMPLES[2]["prompt"]
    assert page.context["ratio_slug"] == EXAMPLES[2]["aspect_ratio"].replace(":", "x")


def test_it_starts_with_the_cheapest_and_shortest(as_alice: Client, project: Project) -> None:
    page = as_alice.get(project.get_absolute_url())
    assert page.context["choice"].model.id == "veo-3.1-lite-generate-001"
    assert page.context["total_micros"] == 200_000


def test_it_starts_with_the_settings_of_the_last_clip_but_not_its_words(
    as_alice: Client, project: Project
) -> None:
    make_clip(project, model=FAST, duration_seconds=6)
    page = as_alice.get(project.get_absolute_url())
    assert page.context["total_micros"] == 600_000
    assert "prompt" not in page.context["form"].initial


def test_it_can_choose_nothing_against_google_today(
    as_alice: Client, project: Project, against_google: None
) -> None:
    page = as_alice.get(project.get_absolute_url())
    assert page.context["total_micros"] is None
    assert page.context["offers"]["models"] == []
    assert page.context["nothing_usable"] == (
        "No model can be used yet. An administrator must set an API key (GEMINI_API_KEY) "
        "or a Google Cloud project (GOOGLE_CLOUD_PROJECT) in .env."
    )


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
