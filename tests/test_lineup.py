"""What can be used today, with what is at hand, and why something cannot (promises P7 and P8)."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from projects.models import Lineup, ModelOverride
from projects.models.google import google_setup
from projects.veo.setup import Setup

pytestmark = pytest.mark.django_db

OMNI = "gemini-omni-1.2-flash"
VERTEX = "veo-3.1-fast-generate-001"
GONE = "veo-3.1-fast-generate-preview"


@pytest.fixture
def real(settings: Any) -> Any:
    """Google itself, and no credential yet."""
    settings.DEMO = False
    settings.GOOGLE_GEMINI_BASE_URL = "https://generativelanguage.googleapis.com"
    settings.GOOGLE_VERTEX_BASE_URL = ""
    for name in ("GEMINI_API_KEY", "GEMINI_OAUTH_TOKEN", "GOOGLE_CLOUD_PROJECT"):
        setattr(settings, name, "")
    return settings


def why_not(model_id: str) -> str:
    lineup = Lineup.now()
    return lineup.why_not(lineup.catalog.by_id[model_id])


def usable_back_ends() -> set[str]:
    return {model.back_end for model in Lineup.now().usable}


class TestCredentialsAtHand:
    def test_in_the_demo_everything_can_be_tried(self) -> None:
        assert usable_back_ends() == {"gemini_omni", "vertex_veo", "gemini_veo"}

    def test_an_api_key_opens_omni_and_says_what_vertex_needs(self, real: Any) -> None:
        real.GEMINI_API_KEY = "AIza" + "x" * 30
        assert usable_back_ends() == {"gemini_omni"}
        assert why_not(VERTEX) == "Needs a Google Cloud project (GOOGLE_CLOUD_PROJECT)."
        assert why_not(GONE).startswith("Retired by Google on 22 October 2026; use Gemini Omni 1.1 Flash.")

    def test_a_project_opens_vertex_and_says_what_omni_needs(self, real: Any) -> None:
        real.GOOGLE_CLOUD_PROJECT = "the-project"
        assert usable_back_ends() == {"vertex_veo"}
        assert why_not(OMNI) == "Needs an API key (GEMINI_API_KEY)."

    def test_both_at_once_open_both(self, real: Any) -> None:
        real.GEMINI_API_KEY, real.GOOGLE_CLOUD_PROJECT = "AIza" + "x" * 30, "the-project"
        assert usable_back_ends() == {"gemini_omni", "vertex_veo"}

    def test_an_oauth_token_alone_opens_nothing_of_googles_own(self, real: Any) -> None:
        real.GEMINI_OAUTH_TOKEN = "ya29." + "x" * 30
        assert usable_back_ends() == set()

    def test_a_credentials_file_alone_says_that_a_project_is_missing(self, real: Any) -> None:
        real.GOOGLE_APPLICATION_CREDENTIALS = "/srv/google.json"
        assert usable_back_ends() == set()
        assert why_not(VERTEX) == "Needs a Google Cloud project (GOOGLE_CLOUD_PROJECT)."

    def test_a_relay_may_serve_what_google_has_retired(self, real: Any) -> None:
        real.GEMINI_API_KEY, real.GOOGLE_GEMINI_BASE_URL = "any-key", "https://relay.example"
        assert usable_back_ends() == {"gemini_omni", "gemini_veo"}
        lineup = Lineup.now()
        assert "Retired by Google" in lineup.retirement(lineup.catalog.by_id[GONE])

    @pytest.mark.parametrize(
        ("given", "source"),
        [
            ({"credentials_file": "/a.json", "oauth_token": "ya29.x"}, "GOOGLE_APPLICATION_CREDENTIALS"),
            ({"oauth_token": "ya29.x"}, "GEMINI_OAUTH_TOKEN"),
            ({}, "application-default credentials"),
        ],
    )
    def test_vertex_takes_the_credential_that_lasts_longest(self, given: dict[str, str], source: str) -> None:
        assert Setup(project="p", **given).access("vertex_veo").source == source  # type: ignore[arg-type]

    def test_no_text_form_of_the_set_up_shows_a_secret(self, real: Any) -> None:
        real.GEMINI_API_KEY, real.GEMINI_OAUTH_TOKEN = "AIza" + "secret", "ya29." + "secret"
        setup = google_setup()
        assert "secret" not in f"{setup} {setup!r} {setup.all_access()}"


class TestTheDefault:
    def test_it_is_the_cheapest_that_works(self, real: Any) -> None:
        real.GEMINI_API_KEY = "AIza" + "x" * 30
        assert Lineup.now().default().id == OMNI
        real.GOOGLE_CLOUD_PROJECT = "the-project"
        assert Lineup.now().default().id == "veo-3.1-lite-generate-001"

    def test_it_is_none_of_the_retired_while_another_works(self) -> None:
        assert not Lineup.now().default().retired(timezone.localdate())

    def test_there_is_one_to_show_even_when_nothing_works(self, real: Any) -> None:
        assert Lineup.now().default() is not None


class TestOverrides:
    def test_staff_prices_are_the_prices(self) -> None:
        ModelOverride.objects.create(model=OMNI, prices={"720p": 0.5})
        lineup = Lineup.now()
        assert lineup.price(OMNI, "720p", 4) == 2_000_000
        assert lineup.price(OMNI, "360p", 4) == 92_800

    @pytest.mark.parametrize(
        "prices", [{"8k": 1}, {"720p": -1}, {"720p": "free"}, {"720p": True}, {"720p": 1e9}, [1], "x"]
    )
    def test_a_price_that_is_none_is_refused_and_never_used(self, prices: Any) -> None:
        override = ModelOverride(model=OMNI, prices=prices)
        with pytest.raises(ValidationError):
            override.full_clean()
        override.save()
        assert Lineup.now().price(OMNI, "720p", 4) == 278_000

    def test_a_model_that_is_not_in_the_catalog_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="no such model"):
            ModelOverride(model="veo-9").full_clean()

    def test_what_staff_switched_off_cannot_be_chosen_and_says_so(self) -> None:
        ModelOverride.objects.create(model=OMNI, switched_off=True, note="Too dear for us.")
        assert why_not(OMNI) == "Switched off here. Too dear for us."
        assert Lineup.now().price(OMNI, "720p", 4) is None

    def test_what_google_says_is_gone_is_gone_at_that_address_only(self, settings: Any) -> None:
        ModelOverride.objects.mark_retired(OMNI, settings.GOOGLE_GEMINI_BASE_URL, "No longer available")
        assert "Google said on" in why_not(OMNI)
        settings.GOOGLE_GEMINI_BASE_URL = "https://generativelanguage.googleapis.com"
        assert why_not(OMNI) == ""


class TestRetirement:
    @pytest.fixture
    def on(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        def on(day: dt.date) -> Lineup:
            monkeypatch.setattr("projects.models.lineup.timezone.localdate", lambda: day)
            return Lineup.now()

        return on

    def test_a_warning_comes_60_days_before(self, on: Any) -> None:
        for day, warned in ((dt.date(2027, 3, 4), False), (dt.date(2027, 3, 5), True)):
            lineup = on(day)
            model = lineup.catalog.by_id[VERTEX]
            assert ("switches it off on 4 May 2027 or later" in lineup.retirement(model)) is warned
            assert lineup.why_not(model) == ""

    def test_or_later_switches_nothing_off_by_itself(self, on: Any) -> None:
        lineup = on(dt.date(2027, 6, 1))
        assert lineup.why_not(lineup.catalog.by_id[VERTEX]) == ""

    def test_the_successor_is_one_that_can_be_used(self, real: Any) -> None:
        real.GOOGLE_CLOUD_PROJECT = "the-project"
        lineup = Lineup.now()
        successor = lineup.successor(lineup.catalog.by_id[GONE])
        assert successor is not None
        assert successor.back_end == "vertex_veo"


class TestPrices:
    def test_sound_has_its_price_where_it_is_a_switch(self) -> None:
        lineup = Lineup.now()
        assert lineup.price("veo-3.1-generate-001", "720p", 8) == 3_200_000
        assert lineup.price("veo-3.1-generate-001", "720p", 8, audio=False) == 1_600_000

    def test_an_extension_costs_the_seconds_that_it_adds(self) -> None:
        lineup = Lineup.now()
        assert lineup.price(VERTEX, "720p", 7, task="extend") == 700_000
        assert lineup.price(VERTEX, "720p", 7) is None
        assert lineup.price(VERTEX, "1080p", 7, task="extend") is None

    def test_what_an_omni_clip_is_made_from_costs_too(self) -> None:
        lineup = Lineup.now()
        assert lineup.price(OMNI, "720p", 3, task="extend", source_seconds=10) == 208_500 + 87_000
        assert lineup.price(VERTEX, "720p", 7, task="extend", source_seconds=10) == 700_000

    def test_an_edit_costs_what_its_source_is_long(self) -> None:
        assert Lineup.now().price(OMNI, "720p", 22, task="edit") == 1_529_000
