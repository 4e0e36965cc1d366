"""A finished clip's files. Ranges have their own tests."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Clip, Project, State
from tests.factories import make_clip

pytestmark = pytest.mark.django_db

FILES = ["clip_video", "clip_poster", "clip_download"]
FILM = bytes(range(256)) * 40


@pytest.fixture
def clip(project: Project) -> Clip:
    return make_clip(project, State.SUCCEEDED, video=FILM, poster=b"poster", take=2)


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_it_plays(as_alice: Client, clip: Clip) -> None:
    response = as_alice.get(reverse("clip_video", args=[clip.pk]))
    assert (response.status_code, response["Content-Type"]) == (200, "video/mp4")
    assert response["Content-Disposition"].startswith("inline")
    assert body(response) == FILM


def test_it_seeks(as_alice: Client, clip: Clip) -> None:
    response = as_alice.get(reverse("clip_video", args=[clip.pk]), headers={"Range": "bytes=100-199"})
    assert (response.status_code, response["Content-Range"]) == (206, "bytes 100-199/10240")
    assert body(response) == FILM[100:200]


def test_it_downloads_under_a_sensible_name(as_alice: Client, clip: Clip) -> None:
    response = as_alice.get(reverse("clip_download", args=[clip.pk]))
    name = "the-lighthouse_a-paper-boat-in-the-rain_take-2_720p.mp4"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert body(response) == FILM


def test_it_shows_a_poster(as_alice: Client, clip: Clip) -> None:
    response = as_alice.get(reverse("clip_poster", args=[clip.pk]))
    assert (response["Content-Type"], body(response)) == ("image/jpeg", b"poster")


def test_it_tells_poster_and_video_apart_in_caches(as_alice: Client, clip: Clip) -> None:
    tags = {as_alice.head(reverse(name, args=[clip.pk]))["ETag"] for name in ("clip_video", "clip_poster")}
    assert len(tags) == 2


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("state", [state.value for state in State if state != State.SUCCEEDED])
def test_it_has_no_file_before_a_clip_is_ready(
    as_alice: Client, project: Project, name: str, state: str
) -> None:
    clip = make_clip(project, state, video=FILM)
    assert as_alice.get(reverse(name, args=[clip.pk])).status_code == 404


@pytest.mark.parametrize("name", FILES)
def test_it_says_not_found_when_the_storage_has_lost_the_file(
    as_alice: Client, clip: Clip, name: str
) -> None:
    for file in (clip.video, clip.poster):
        file.storage.delete(file.name)
    assert as_alice.get(reverse(name, args=[clip.pk])).status_code == 404


def test_it_has_no_poster_where_none_could_be_made(as_alice: Client, project: Project) -> None:
    clip = make_clip(project, State.SUCCEEDED, poster=b"")
    assert as_alice.get(reverse("clip_poster", args=[clip.pk])).status_code == 404
