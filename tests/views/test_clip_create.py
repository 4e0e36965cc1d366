"""Asking for clips: with the script and without it, once however often the button is pressed."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from projects.models import Clip, Picture, Project, State, SubmissionOutcome
from projects.views.clips import USED
from tests.factories import FAST, make_picture, make_project, post_data
from tests.media import make_png

pytestmark = pytest.mark.django_db

Press = Callable[..., Any]


@pytest.fixture
def press(as_alice: Client, project: Project) -> Press:
    """Generate, in a browser without JavaScript."""
    return lambda **fields: as_alice.post(reverse("clip_create", args=[project.pk]), post_data(**fields))


@pytest.fixture
def press_htmx(htmx: Client, project: Project) -> Press:
    return lambda **fields: htmx.post(reverse("clip_create", args=[project.pk]), post_data(**fields))


def png(name: str = "x.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, make_png(), content_type="text/html")


def test_it_queues_a_clip_and_goes_back_to_the_page(press: Press, project: Project, alice: Any) -> None:
    response = press(negative_prompt="text")
    clip = Clip.objects.get()
    assert (response.status_code, response["Location"]) == (302, project.get_absolute_url())
    assert (clip.prompt, clip.negative_prompt) == ("A paper boat in the rain", "text")
    assert (clip.asked_by, clip.price_micros, clip.simulated) == (alice, 200_000, True)
    assert clip.operation.state == State.QUEUED
    [submission] = clip.operation.submissions.all()
    assert (submission.consented_by, submission.price_micros) == (alice, 200_000)
    assert submission.outcome == SubmissionOutcome.OPEN


def test_it_answers_the_script_with_the_cards_and_a_new_token(press_htmx: Press) -> None:
    token = uuid.uuid4()
    response = press_htmx(token=str(token), takes=3)
    assert response.status_code == 200
    assert response.templates[0].name == "projects/_clip_created.html"
    assert response.context["clips"] == list(Clip.objects.order_by("take"))
    assert response.context["token"] not in ("", token)
    assert response.context["gone"] == []
    assert [clip.take for clip in response.context["clips"]] == [1, 2, 3]


def test_it_makes_one_set_of_clips_of_a_repeated_press(press: Press) -> None:
    token = str(uuid.uuid4())
    first, second = press(token=token, takes=2), press(token=token, takes=2)
    assert (first.status_code, second.status_code) == (302, 302)
    assert Clip.objects.count() == 2


def test_it_makes_one_clip_of_a_repeated_press_with_a_picture(press: Press) -> None:
    token = str(uuid.uuid4())
    for _ in range(2):
        assert press(token=token, seed_image=png()).status_code == 302
    assert (Clip.objects.count(), Picture.objects.count()) == (1, 1)


def test_it_replaces_the_cards_of_a_repeated_press_in_the_page(press_htmx: Press) -> None:
    token = str(uuid.uuid4())
    press_htmx(token=token)
    second = press_htmx(token=token)
    assert second.context["gone"] == [clip.pk for clip in second.context["clips"]]
    assert Clip.objects.count() == 1


def test_it_does_not_take_another_recipe_on_a_used_form_for_a_repeat(press: Press) -> None:
    token = str(uuid.uuid4())
    press(token=token)
    response = press(token=token, prompt="Another boat")
    assert response.status_code == 422
    assert response.context["form"].non_field_errors() == [USED]
    assert str(response.context["token"]) != token
    assert Clip.objects.count() == 1


def test_it_lets_each_project_have_its_own_tokens(as_alice: Client, alice: Any, project: Project) -> None:
    data = post_data()
    for place in (project, make_project(alice, "Second")):
        as_alice.post(reverse("clip_create", args=[place.pk]), data)
    assert Clip.objects.count() == 2


def test_it_survives_two_presses_at_the_same_moment(project: Project, alice: Any) -> None:
    """The database decides: the second set is refused as a whole, and the first is handed out."""
    token = uuid.uuid4()
    recipe = {name: value for name, value in post_data().items() if name not in ("takes", "token")}
    [first] = Clip.objects.ask_for(project, alice, token, 1, recipe)
    assert Clip.objects.ask_for(project, alice, token, 2, recipe) == [first]
    with pytest.raises(IntegrityError):
        Clip.objects.create(project=project, form_token=token, price_micros=1, **recipe)


@pytest.mark.parametrize("token", ["", "x", "0", "00000000-0000-0000-0000-00000000000g", "☃"])
def test_it_refuses_a_form_without_a_token(press: Press, token: str) -> None:
    response = press(token=token)
    assert response.status_code == 422
    assert response.context["form"].errors == {
        "token": ["This form was incomplete, so nothing was sent. Press Generate again."]
    }
    assert isinstance(response.context["token"], uuid.UUID)
    assert not Clip.objects.exists()


def test_it_keeps_what_was_typed_when_something_is_wrong(press: Press) -> None:
    response = press(prompt="Fog over the harbour", duration_seconds=4, resolution="1080p")
    page = response.content.decode()
    assert response.status_code == 422
    assert response.templates[0].name == "projects/project_detail.html"
    assert response.context["form"].errors == {"duration_seconds": ["1080p needs 8 s."]}
    assert "Fog over the harbour" in page
    assert response.context["notes"] == ["1080p needs 8 s: the length was set to 8 s."]
    assert response.context["total_micros"] == 640_000


def test_it_answers_the_script_with_the_form_when_something_is_wrong(press_htmx: Press) -> None:
    response = press_htmx(prompt="")
    assert response.status_code == 422
    assert response.templates[0].name == "projects/_clip_form.html"
    assert "Write what the clip should show." in response.content.decode()


def test_it_keeps_an_uploaded_picture_when_something_else_is_wrong(press: Press) -> None:
    response = press(prompt="", seed_image=png())
    picture = Picture.objects.get()
    assert response.context["form"].pictures["seed_image"] == picture
    assert str(picture.pk) in response.content.decode()
    again = press(seed_picture=str(picture.pk))
    assert again.status_code == 302
    assert Clip.objects.get().seed_picture == picture


def test_it_keeps_a_picture_that_the_model_does_not_take(press: Press) -> None:
    response = press(last_frame=png(), seed_image=png())
    form = response.context["form"]
    assert form.errors == {"last_frame": ["Veo 3.1 Lite preview takes no last frame."]}
    assert form.pictures["last_frame"] is not None
    assert Picture.objects.count() == 2


def test_it_keeps_the_picture_from_before_when_the_new_one_is_bad(press: Press, project: Project) -> None:
    picture = make_picture(project, make_png())
    bad = SimpleUploadedFile("x.png", b"GIF89a")
    response = press(seed_image=bad, seed_picture=str(picture.pk))
    assert response.context["form"].errors == {
        "seed_image": ["This file is not a PNG, JPEG or WebP picture."]
    }
    assert response.context["form"].pictures["seed_image"] == picture


def test_it_uses_both_pictures(press: Press) -> None:
    response = press(model=FAST, duration_seconds=8, seed_image=png(), last_frame=png())
    clip = Clip.objects.get()
    assert response.status_code == 302
    assert None not in (clip.seed_picture, clip.last_picture)
    assert clip.seed_picture != clip.last_picture


@pytest.mark.parametrize("value", ["x", "00000000-0000-0000-0000-000000000000", "☃" * 500])
def test_it_refuses_a_picture_it_does_not_have(press: Press, value: str) -> None:
    response = press(seed_picture=value)
    assert response.context["form"].errors == {
        "seed_image": ["That picture is no longer here; choose it again."]
    }


def test_it_does_not_use_a_picture_of_another_project(press: Press, alice: Any) -> None:
    elsewhere = make_picture(make_project(alice, "Second"), make_png())
    assert press(seed_picture=str(elsewhere.pk)).status_code == 422
    assert not Clip.objects.exists()


def test_it_asks_again_when_the_price_is_not_the_one_that_was_shown(press: Press) -> None:
    response = press(duration_seconds=8, price_micros="200000")
    assert response.status_code == 422
    assert response.context["form"].non_field_errors() == [
        "The price is now $0.40. Press Generate again if you agree."
    ]
    assert not Clip.objects.exists()
    assert press(duration_seconds=8, price_micros=str(response.context["total_micros"])).status_code == 302


@pytest.mark.parametrize("shown", ["x", "-1", "2e5", "200000.0"])
def test_it_takes_a_garbled_price_for_another_price(press: Press, shown: str) -> None:
    assert press(price_micros=shown).status_code == 422


def test_it_refuses_a_retired_model_against_google(press: Press, against_google: None) -> None:
    response = press()
    assert response.context["form"].errors == {
        "model": [
            "Veo 3.1 Lite preview cannot be chosen. "
            "Retired by Google on 22 October 2026; use Gemini Omni 1.1 Flash."
        ]
    }
    assert not Clip.objects.exists()


def test_it_leads_a_reload_back_to_the_page(as_alice: Client, project: Project) -> None:
    response = as_alice.get(reverse("clip_create", args=[project.pk]), {"page": "2"})
    assert response["Location"] == f"{project.get_absolute_url()}?page=2"


def test_it_opens_no_connection(press: Press, socket_disabled: None) -> None:
    """Promise P6: a press writes rows, and the poller does the rest."""
    assert press().status_code == 302
