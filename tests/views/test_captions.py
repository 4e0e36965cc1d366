"""Captions over HTTP: from the script, for the parts that are there."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Clip, Part, Project, State
from tests.factories import make_clip

pytestmark = pytest.mark.django_db

SCENES = [{"start": 1.0, "end": 3.0, "speaker": "Mara", "line": "Almost there."}]


@pytest.fixture
def clip(project: Project) -> Clip:
    clip = make_clip(project, State.SUCCEEDED, script={"scenes": SCENES, "language": "de"})
    Part.objects.filter(clip=clip).update(scenes=SCENES)
    return clip


def captions(client: Client, name: str, clip: Clip, **headers: str) -> Any:
    return client.get(reverse(name, args=[clip.pk]), headers=headers)


def test_the_player_gets_webvtt(as_alice: Client, clip: Clip) -> None:
    answer = captions(as_alice, "clip_captions", clip)
    text = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/vtt; charset=utf-8")
    assert text.startswith("WEBVTT")
    assert "00:00:01.000 --> 00:00:03.000" in text
    assert "<v Mara>Almost there." in text
    assert "not from what was heard" in text


def test_srt_is_a_download_with_a_sensible_name(as_alice: Client, clip: Clip) -> None:
    answer = captions(as_alice, "clip_captions_srt", clip)
    name = "the-lighthouse_a-paper-boat-in-the-rain_720p.srt"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert "00:00:01,000 --> 00:00:03,000" in answer.content.decode()


def test_they_are_sent_again_only_when_they_changed(as_alice: Client, clip: Clip) -> None:
    first = captions(as_alice, "clip_captions", clip)
    assert first["Cache-Control"] == "private, no-cache"
    assert "Cookie" in first["Vary"]
    again = captions(as_alice, "clip_captions", clip, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Part.objects.filter(clip=clip).update(scenes=[SCENES[0] | {"line": "There."}])
    assert captions(as_alice, "clip_captions", clip, **{"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize("name", ["clip_captions", "clip_captions_srt"])
def test_a_clip_in_plain_words_has_a_valid_file_without_any(
    as_alice: Client, project: Project, name: str
) -> None:
    answer = captions(as_alice, name, make_clip(project, State.SUCCEEDED))
    assert answer.status_code == 200
    assert "-->" not in answer.content.decode()


def test_the_page_plays_them_and_says_where_they_are_from(as_alice: Client, clip: Clip) -> None:
    page = as_alice.get(clip.get_absolute_url()).content.decode()
    assert f'<track kind="captions" src="{reverse("clip_captions", args=[clip.pk])}" srclang="de"' in page
    assert "Captions come from the script, not from what was heard." in page
    assert reverse("clip_captions_srt", args=[clip.pk]) in page
    assert "<track" in as_alice.get(clip.project.get_absolute_url()).content.decode()


def test_a_page_without_a_script_speaks_of_none(as_alice: Client, project: Project) -> None:
    page = as_alice.get(make_clip(project, State.SUCCEEDED).get_absolute_url()).content.decode()
    assert "<track" not in page
    assert "Captions come" not in page


def test_an_extension_shows_those_of_what_it_extends(as_alice: Client, clip: Clip) -> None:
    extended = make_clip(clip.project, State.SUCCEEDED, task="extend", source=clip, seconds=8.0)
    assert "<track" in as_alice.get(extended.get_absolute_url()).content.decode()
    assert "Almost there." in captions(as_alice, "clip_captions", extended).content.decode()
