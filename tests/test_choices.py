"""Which models the form offers with the credentials at hand, and what it fills in by itself."""

from typing import Any

import pytest

from projects.forms import ClipForm, offers, settle
from projects.models import Lineup, ModelOverride, Project, State
from tests.factories import FAST, LITE, OMNI, VERTEX, VERTEX_LITE, make_clip, make_picture, post_data
from tests.media import make_png

pytestmark = pytest.mark.django_db


@pytest.fixture
def real(settings: Any, against_google: None) -> Any:
    """Google itself, and no credential yet."""
    settings.GOOGLE_VERTEX_BASE_URL = ""
    for name in ("GEMINI_API_KEY", "GEMINI_OAUTH_TOKEN", "GOOGLE_CLOUD_PROJECT"):
        setattr(settings, name, "")
    return settings


def labels(groups: list[Any]) -> list[str]:
    return [offer.label for group in groups for offer in group.offers]


def test_it_offers_omni_first_with_an_api_key_and_says_what_the_rest_needs(real: Any) -> None:
    real.GEMINI_API_KEY = "AIza" + "x" * 30
    choice, notes = settle({}, Lineup.now())
    found = offers(choice)
    assert labels(found["models"]) == ["Gemini Omni 1.2 Flash", "Gemini Omni 1.1 Flash"]
    assert [(group.name, group.reason) for group in found["other_models"]] == [
        (
            "Gemini Omni (Interactions API)",
            "Retired by Google on 30 September 2026; use Gemini Omni 1.1 Flash.",
        ),
        ("Veo on Vertex AI", "Needs a Google Cloud project (GOOGLE_CLOUD_PROJECT)."),
        ("Veo on the Gemini API", "Retired by Google on 22 October 2026; use Gemini Omni 1.1 Flash."),
        ("Veo on the Gemini API", "Retired by Google on 30 June 2026; use Gemini Omni 1.1 Flash."),
    ]
    assert (choice.model.id, choice.resolution, choice.duration_seconds) == (OMNI, "720p", 3)
    assert (choice.total_micros, notes) == (208_500, [])


def test_it_offers_vertex_with_a_google_cloud_project(real: Any) -> None:
    real.GOOGLE_CLOUD_PROJECT = "the-project"
    choice, _ = settle({}, Lineup.now())
    assert labels(offers(choice)["models"]) == ["Veo 3.1 Lite", "Veo 3.1 Fast", "Veo 3.1"]
    assert (choice.model.id, choice.total_micros) == (VERTEX_LITE, 200_000)


def test_it_says_what_is_switched_off_here(project: Project) -> None:
    ModelOverride.objects.create(model=VERTEX_LITE, switched_off=True, note="Ask Carol.")
    choice, _ = settle({}, Lineup.now())
    [group] = offers(choice)["other_models"]
    assert (labels([group]), group.reason) == (["Veo 3.1 Lite"], "Switched off here. Ask Carol.")
    assert ClipForm(post_data(model=VERTEX_LITE), project=project).errors == {
        "model": ["Veo 3.1 Lite cannot be chosen. Switched off here. Ask Carol."]
    }


def test_it_takes_the_prices_of_the_staff(project: Project) -> None:
    ModelOverride.objects.create(model=LITE, prices={"720p": 0.5})
    assert ClipForm(post_data(), project=project).settled[0].total_micros == 2_000_000


def test_it_moves_everything_to_the_successor_and_says_what_had_to_change(
    real: Any, project: Project
) -> None:
    real.DEMO = True
    clip = make_clip(
        project, State.FAILED, model=FAST, resolution="4k", duration_seconds=8, negative_prompt="text"
    )
    real.DEMO, real.GOOGLE_CLOUD_PROJECT = False, "the-project"
    choice, notes = ClipForm.like(clip, model=VERTEX_LITE).settled
    assert (choice.model.id, choice.resolution, choice.duration_seconds) == (VERTEX_LITE, "1080p", 8)
    assert notes == ["Veo 3.1 Lite does not make 4k: the resolution was set to 1080p."]


def test_it_starts_cheap_where_the_last_model_cannot_be_chosen_any_more(real: Any, project: Project) -> None:
    make_clip(project, model=FAST, resolution="4k", duration_seconds=8, aspect_ratio="9:16")
    real.GEMINI_API_KEY = "AIza" + "x" * 30
    choice, notes = ClipForm.fresh(project).settled
    assert (choice.model.id, choice.aspect_ratio, choice.total_micros) == (OMNI, "9:16", 208_500)
    assert notes == []


def test_it_drops_nothing_of_a_clip_that_is_filled_in(project: Project) -> None:
    picture = make_picture(project, make_png())
    clip = make_clip(project, State.FAILED, model=VERTEX, seed=7, audio=False, duration_seconds=8)
    clip.references.create(picture=picture, position=0)
    form = ClipForm.like(clip)
    assert form.references == ["reference_1"]
    assert (form["seed"].value(), form["audio"].value()) == (7, "off")
    assert form.opens_more


def test_it_gives_no_example_a_negative_prompt_that_its_model_does_not_take(
    real: Any, project: Project
) -> None:
    real.GEMINI_API_KEY = "AIza" + "x" * 30
    form = ClipForm.example(project, "2")
    assert "negative_prompt" not in form.initial
    assert form.settled[1] == []
