"""Who speaks in a project: added, changed, deleted, each there once."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, Speaker
from tests.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def mara(project: Project) -> Speaker:
    return Speaker.objects.create(project=project, name="Mara", looks="grey braid", voice="low")


@pytest.fixture
def address(project: Project) -> str:
    return reverse("speaker_list", args=[project.pk])


def test_it_adds_somebody_and_shows_everybody(as_alice: Client, project: Project, address: str) -> None:
    response = as_alice.post(address, {"name": " Jonas  Berg ", "looks": "tall", "voice": ""})
    assert response["Location"] == address
    assert [str(speaker) for speaker in project.speakers.all()] == ["Jonas Berg"]
    assert "Jonas Berg" in as_alice.get(address).content.decode()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Give the speaker a name."),
        ("MARA", "MARA is one of the speakers already."),
        ("x" * 41, "This name has 41 characters; the limit is 40."),
        ('A "B"', "A name cannot hold"),
        ("a\x00b", "Remove the NUL character; it cannot be used."),
    ],
)
def test_it_refuses_a_name_in_one_sentence(
    as_alice: Client, project: Project, mara: Speaker, address: str, name: str, sentence: str
) -> None:
    response = as_alice.post(address, {"name": name, "looks": "kept"})
    assert response.status_code == 422
    [said] = response.context["form"].errors["name"]
    assert said.startswith(sentence)
    assert "kept" in response.content.decode()
    assert project.speakers.count() == 1


def test_it_limits_how_much_is_said_about_somebody(as_alice: Client, address: str) -> None:
    response = as_alice.post(address, {"name": "Mara", "looks": "x" * 1001})
    assert response.context["form"].errors["looks"] == ["This has 1001 characters; the limit is 1000."]


def test_it_changes_somebody_who_may_keep_the_name(
    as_alice: Client, project: Project, mara: Speaker, address: str
) -> None:
    place = reverse("speaker_edit", args=[project.pk, mara.pk])
    assert as_alice.post(place, {"name": "mara", "looks": "red coat"})["Location"] == address
    mara.refresh_from_db()
    assert (mara.name, mara.looks, mara.voice) == ("mara", "red coat", "")
    assert as_alice.post(place, {"name": ""}).status_code == 422


def test_it_deletes_somebody_after_a_question(as_alice: Client, project: Project, mara: Speaker) -> None:
    place = reverse("speaker_delete", args=[project.pk, mara.pk])
    assert "Delete Mara?" in as_alice.get(place).content.decode()
    assert project.speakers.count() == 1
    as_alice.post(place)
    assert project.speakers.count() == 0


@pytest.mark.parametrize("name", ["speaker_edit", "speaker_delete"])
def test_it_does_not_touch_a_speaker_of_another_project(
    as_alice: Client, alice: Any, mara: Speaker, name: str
) -> None:
    other = make_project(alice, "Second")
    assert as_alice.post(reverse(name, args=[other.pk, mara.pk])).status_code == 404
    assert as_alice.get(reverse(name, args=[other.pk, 10**30])).status_code == 404
    assert Speaker.objects.count() == 1


def test_it_has_an_end(as_alice: Client, project: Project, address: str) -> None:
    Speaker.objects.bulk_create(Speaker(project=project, name=f"Voice {n}") for n in range(100))
    response = as_alice.post(address, {"name": "One more"})
    assert response.context["form"].errors["name"] == [
        "A project has 100 speakers at most. Delete one first; nothing was saved."
    ]
