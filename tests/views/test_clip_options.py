"""The settings part: bound loosely, moved to the nearest possible, and said so."""

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from projects.models import Clip, Picture, Project
from tests.factories import FAST, LITE, VEO_2, VEO_3, post_data
from tests.media import make_png

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(project: Project) -> str:
    return reverse("clip_options", args=[project.pk])


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_returns_price_and_settings(htmx: Client, address: str, method: str) -> None:
    answer = getattr(htmx, method)(address, post_data(model=FAST, duration_seconds=6, takes=3))
    assert answer.templates[0].name == "projects/_clip_options.html"
    assert (answer.context["price_micros"], answer.context["total_micros"]) == (600_000, 1_800_000)
    assert answer.context["notes"] == []
    assert "$1.80" in answer.content.decode()


@pytest.mark.parametrize(
    ("asked", "got", "notes"),
    [
        (
            {"resolution": "1080p"},
            (LITE, "16:9", "1080p", 8),
            ["1080p needs 8 s: the length was set to 8 s."],
        ),
        (
            {"resolution": "4k", "duration_seconds": 8},
            (LITE, "16:9", "1080p", 8),
            ["Veo 3.1 Lite preview does not make 4k: the resolution was set to 1080p."],
        ),
        (
            {"model": VEO_3, "resolution": "1080p", "duration_seconds": 8, "aspect_ratio": "9:16"},
            (VEO_3, "9:16", "720p", 8),
            ["Veo 3 makes 1080p in 16:9 only: the resolution was set to 720p."],
        ),
        (
            {"model": VEO_2},
            (VEO_2, "16:9", "720p", 5),
            ["Veo 2 does not make 4 s: the length was set to 5 s."],
        ),
        (
            {"model": FAST, "last_picture": "kept"},
            (FAST, "16:9", "720p", 8),
            ["A last frame needs 8 s: the length was set to 8 s."],
        ),
        (
            {"last_picture": "kept"},
            (LITE, "16:9", "720p", 4),
            ["Veo 3.1 Lite preview takes no last frame: remove it, or choose another model."],
        ),
        (
            {"model": "veo-99"},
            ("veo-3.1-lite-generate-001", "16:9", "720p", 4),
            ["That model is not known here: the model was set to Veo 3.1 Lite."],
        ),
    ],
)
def test_it_moves_what_is_impossible_and_says_so(
    htmx: Client,
    project: Project,
    address: str,
    asked: dict[str, Any],
    got: tuple[Any, ...],
    notes: list[str],
) -> None:
    if asked.get("last_picture"):
        asked = asked | {"last_picture": str(stored(htmx, project))}
    answer = htmx.post(address, post_data(**asked))
    choice = answer.context["form"].settled[0]
    assert (choice.model.id, choice.aspect_ratio, choice.resolution, choice.duration_seconds) == got
    assert answer.context["notes"] == notes


@pytest.mark.parametrize(
    "field", ["model", "aspect_ratio", "resolution", "duration_seconds", "takes", "token"]
)
def test_it_never_fails_whatever_it_gets(htmx: Client, address: str, field: str) -> None:
    for value in ["", "0", "-1", "4.5", "8 s", "9" * 5000, "٤", "\x00", "☃", "null"]:
        answer = htmx.post(address, post_data(**{field: value}))
        assert answer.status_code == 200
        assert answer.context["total_micros"] > 0


def test_it_needs_nothing_at_all(htmx: Client, address: str) -> None:
    assert htmx.post(address).context["total_micros"] == 200_000


def test_it_keeps_the_token(htmx: Client, address: str) -> None:
    token = uuid.uuid4()
    assert htmx.post(address, {"token": str(token)}).context["token"] == token


def test_it_shows_forbidden_choices_with_their_reason(htmx: Client, address: str) -> None:
    offers = htmx.post(address, post_data(resolution="1080p", duration_seconds=8)).context["offers"]
    lengths = {offer.value: (offer.enabled, offer.reason) for offer in offers["duration_seconds"]}
    assert lengths["8"] == (True, "")
    assert lengths["4"] == (False, "1080p needs 8 s.")
    assert list(lengths) == ["4", "6", "8"]
    resolutions = {offer.value: (offer.enabled, offer.reason) for offer in offers["resolution"]}
    assert resolutions["4k"] == (False, "Veo 3.1 Lite preview makes 720p or 1080p.")
    assert offers["last_frame_reason"] == "Veo 3.1 Lite preview takes no last frame."


def test_it_says_in_words_which_models_are_retired(htmx: Client, address: str) -> None:
    lite = htmx.post(address, post_data()).context["offers"]["model"]
    assert (lite.enabled, lite.checked) == (True, True)
    assert lite.reason == "Retired by Google on 22 October 2026; use Gemini Omni 1.1 Flash."
    assert lite.rate == "$0.05–0.08 a second"


def test_it_offers_no_retired_model_against_google(htmx: Client, address: str, against_google: None) -> None:
    answer = htmx.post(address, post_data())
    offers = answer.context["offers"]
    assert offers["models"] == []
    assert {offer.enabled for group in offers["other_models"] for offer in group.offers} == {False}
    assert answer.context["total_micros"] is None


@pytest.mark.parametrize(
    ("base_url", "possible"),
    [
        ("https://generativelanguage.googleapis.com:443", False),
        ("https://GenerativeLanguage.googleapis.com", False),
        ("https://generativelanguage.googleapis.com.example.org", True),
        ("https://relay.example.org", True),
    ],
)
def test_it_knows_googles_own_address(
    htmx: Client, address: str, settings: Any, base_url: str, possible: bool
) -> None:
    settings.GOOGLE_GEMINI_BASE_URL = base_url
    answer = htmx.post(address, post_data())
    assert (answer.context["choice"].model.id == LITE) is possible


@pytest.mark.parametrize(("name", "button"), [("clip_options", {}), ("clip_create", {"update": "1"})])
def test_it_shows_the_whole_page_without_a_script_and_loses_nothing(
    as_alice: Client, project: Project, name: str, button: dict[str, str]
) -> None:
    picture = SimpleUploadedFile("x.png", make_png())
    data = post_data(prompt="Fog", resolution="1080p", seed_image=picture, price_micros="1", **button)
    page = as_alice.post(reverse(name, args=[project.pk]), data)
    assert page.status_code == 200
    assert page.templates[0].name == "projects/project_detail.html"
    assert page.context["form"]["prompt"].value() == "Fog"
    assert page.context["form"].pictures["seed_image"] == Picture.objects.get()
    assert page.context["form"].errors == {}
    assert page.context["total_micros"] == 640_000
    assert not Clip.objects.exists()


def test_it_leads_a_link_on_that_page_back_to_the_project(
    as_alice: Client, project: Project, address: str
) -> None:
    assert as_alice.get(address, {"page": 2})["Location"] == f"{project.get_absolute_url()}?page=2"


def stored(htmx: Client, project: Project) -> uuid.UUID:
    data = {"field": "last_frame", "last_frame": SimpleUploadedFile("x.png", make_png())}
    htmx.post(reverse("picture_upload", args=[project.pk]), data)
    return Picture.objects.get().pk
