"""The admin shows everything, and sets prices and switches, but nothing that the state machine decides."""

import uuid
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import (
    BackEndReport,
    Clip,
    ClipReference,
    Film,
    Gate,
    ModelOverride,
    Operation,
    Part,
    PollerHeartbeat,
    Project,
    Render,
    Shot,
    Speaker,
    State,
)
from projects.models.lineup import Lineup
from tests.factories import make_clip, make_picture, make_user
from tests.media import make_png

pytestmark = pytest.mark.django_db

MODELS = list(apps.get_app_config("projects").get_models())
EVIDENCE = [model for model in MODELS if model is not ModelOverride]
OMNI = "gemini-omni-1.2-flash"


@pytest.fixture
def as_staff() -> Client:
    client = Client()
    user = make_user("boss", is_staff=True, is_superuser=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def rows(project: Project) -> None:
    """One row of every model at least."""
    for state in State:
        clip = make_clip(project, state)
    ClipReference.objects.create(clip=clip, position=1, picture=make_picture(project, make_png()))
    Speaker.objects.create(project=project, name="Mara")
    Shot.objects.create(project=project, position=0)
    film = Film.objects.create(project=project, name="Night", track="tracks/rain.mp3")
    film.add(clip)
    film.renders.create(token=uuid.uuid4(), reel={}, next_at=timezone.now())
    Gate.objects.create(back_end="gemini_veo", model="veo")
    PollerHeartbeat.objects.beat("poller", "here")
    BackEndReport.objects.want_check()
    ModelOverride.objects.create(model=OMNI, switched_off=True)


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS)
def test_it_shows_every_model(as_staff: Client, rows: None, model: Any) -> None:
    assert as_staff.get(address(model, "changelist")).status_code == 200
    for row in model.objects.all()[:3]:
        assert as_staff.get(address(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_it_searches(as_staff: Client, rows: None, model: Any) -> None:
    answer = as_staff.get(address(model, "changelist"), {"q": "x"})
    assert answer.status_code == 200


@pytest.mark.parametrize("model", EVIDENCE)
def test_it_adds_changes_and_deletes_nothing(as_staff: Client, rows: None, model: Any) -> None:
    row = model.objects.first()
    before = model.objects.count()
    for page, args in (("add", []), ("change", [row.pk]), ("delete", [row.pk])):
        assert (
            as_staff.post(address(model, page, *args), {"state": "succeeded", "post": "yes"}).status_code
            == 403
        )
    assert model.objects.count() == before


@pytest.mark.parametrize("model", EVIDENCE)
def test_it_offers_no_actions(as_staff: Client, rows: None, model: Any) -> None:
    data = {"action": "delete_selected", "_selected_action": [model.objects.first().pk]}
    before = model.objects.count()
    as_staff.post(address(model, "changelist"), data)
    assert model.objects.count() == before


def test_it_sets_no_state(as_staff: Client, project: Project) -> None:
    operation = make_clip(project, State.UNCONFIRMED).operation
    as_staff.post(address(Operation, "change", operation.pk), {"state": "queued", "fence": "0"})
    assert Operation.objects.get().state == State.UNCONFIRMED


def override(**fields: Any) -> dict[str, Any]:
    """What the form for a model sends."""
    return {"model": OMNI, "note": "", "prices": "{}", "retired_at_0": "", "retired_at_1": ""} | fields


def test_staff_switch_a_model_off_and_set_its_price(as_staff: Client) -> None:
    data = override(switched_off="on", note="Too loud.", prices='{"720p": 0.5}')
    assert as_staff.post(address(ModelOverride, "add"), data).status_code == 302
    lineup = Lineup.now()
    model = lineup.get(OMNI)
    assert model is not None
    assert lineup.why_not(model) == "Switched off here. Too loud."
    assert (model.prices["720p"], model.prices["360p"]) == (500_000, 23_200)


def test_it_offers_the_models_of_the_catalog_and_no_other(as_staff: Client) -> None:
    page = as_staff.get(address(ModelOverride, "add")).content.decode()
    assert f'<option value="{OMNI}">Gemini Omni 1.2 Flash ({OMNI})</option>' in page
    answer = as_staff.post(address(ModelOverride, "add"), override(model="veo-9"))
    assert "Select a valid choice" in answer.content.decode()
    assert not ModelOverride.objects.exists()


@pytest.mark.parametrize(
    ("prices", "sentence"),
    [
        ("[1]", "Write the prices as {&quot;720p&quot;: 0.05}."),
        ('{"720p": "1"}', "must be a number of dollars"),
        ('{"720p": 101}', "from 0 to 100"),
        ('{"8k": 1}', "does not make 8k."),
        ('{"720p"', "Enter a valid JSON."),
    ],
)
def test_it_refuses_prices_that_are_none(as_staff: Client, prices: str, sentence: str) -> None:
    answer = as_staff.post(address(ModelOverride, "add"), override(prices=prices))
    assert sentence in answer.content.decode()
    assert not ModelOverride.objects.exists()


def test_staff_take_back_what_google_was_understood_to_say(as_staff: Client) -> None:
    ModelOverride.objects.mark_retired(OMNI, "https://relay.example", "It is gone.")
    page = as_staff.get(address(ModelOverride, "change", OMNI)).content.decode()
    assert "It is gone." in page
    assert "https://relay.example" in page
    assert as_staff.post(address(ModelOverride, "change", OMNI), override()).status_code == 302
    assert ModelOverride.objects.get().retired_at is None


def test_a_row_keeps_its_model(as_staff: Client) -> None:
    ModelOverride.objects.create(model=OMNI)
    as_staff.post(address(ModelOverride, "change", OMNI), override(model="veo-2.0-generate-001", note="x"))
    assert list(ModelOverride.objects.values_list("model", "note")) == [(OMNI, "x")]


def test_staff_delete_a_row(as_staff: Client) -> None:
    ModelOverride.objects.create(model=OMNI)
    as_staff.post(address(ModelOverride, "delete", OMNI), {"post": "yes"})
    assert not ModelOverride.objects.exists()


def test_it_links_to_no_file(as_staff: Client, project: Project, settings: Any) -> None:
    clip = make_clip(project, State.SUCCEEDED)
    page = as_staff.get(address(Clip, "change", clip.pk)).content.decode()
    assert clip.video.name in page
    assert settings.MEDIA_URL not in page


def test_it_links_to_no_file_of_a_film(as_staff: Client, rows: None, settings: Any) -> None:
    Render.objects.update(file="films/night.mp4", poster="films/night.jpg")
    for row, name in ((Render.objects.get(), "films/night.mp4"), (Film.objects.get(), "tracks/rain.mp3")):
        page = as_staff.get(address(type(row), "change", row.pk)).content.decode()
        assert name in page
        assert settings.MEDIA_URL not in page


def test_it_finds_what_belongs_to_a_clip_by_its_id(as_staff: Client, project: Project) -> None:
    clip, _other = make_clip(project), make_clip(project)
    for model in (Part, Operation):
        answer = as_staff.get(address(model, "changelist"), {"q": str(clip.pk)})
        assert [row.clip for row in answer.context["cl"].result_list] == [clip]


def test_it_manages_users(as_staff: Client, charlie: Any) -> None:
    user = get_user_model()
    assert as_staff.get(address(user, "change", charlie.pk)).status_code == 200
    as_staff.post(address(user, "delete", charlie.pk), {"post": "yes"})
    assert not user.objects.filter(pk=charlie.pk).exists()


def test_it_does_not_delete_a_user_with_projects(as_staff: Client, project: Project) -> None:
    owner = project.owner
    as_staff.post(address(type(owner), "delete", owner.pk), {"post": "yes"})
    assert Project.objects.get().owner == owner


def test_it_is_closed_to_others(as_alice: Client) -> None:
    response = as_alice.get(reverse("admin:index"))
    assert response["Location"].startswith(reverse("admin:login"))


def test_it_knows_every_model() -> None:
    assert [model for model in MODELS if model not in admin.site._registry] == []
