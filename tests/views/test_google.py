"""The staff's page about Google: what is set up, what the pollers learned, and nothing of a secret."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import BackEndReport, ModelOverride, PollerHeartbeat
from projects.veo.catalog import GEMINI_OMNI, GEMINI_VEO, VERTEX_VEO
from tests.factories import make_user

pytestmark = pytest.mark.django_db

KEY = "AIza" + "SyNeverOnThisPage-0123456789abcdefg"
TOKEN = "ya29." + "never-on-this-page"


@pytest.fixture
def as_staff() -> Client:
    client = Client()
    user = make_user("boss", is_staff=True, is_superuser=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def with_both(settings: Any, against_google: None) -> Any:
    """A key, and a project with a token."""
    settings.GEMINI_API_KEY, settings.GEMINI_OAUTH_TOKEN = KEY, TOKEN
    settings.GOOGLE_CLOUD_PROJECT, settings.GOOGLE_CLOUD_LOCATION = "studio-1", "us-central1"
    settings.GOOGLE_VERTEX_BASE_URL = ""
    return settings


def cards(client: Client) -> dict[str, Any]:
    page = client.get(reverse("google_status"))
    assert page.status_code == 200
    names = (GEMINI_OMNI, VERTEX_VEO, GEMINI_VEO)
    return dict(zip(names, page.context["cards"], strict=True))


def learned(back_end: str, **fields: Any) -> None:
    later = timezone.now() + dt.timedelta(hours=1)
    given = {"check_at": later, "checked_at": timezone.now(), "accepted": True, "sentence": "Welcome."}
    BackEndReport.objects.create(back_end=back_end, **given | fields)


def rows(card: Any) -> dict[str, tuple[str, str]]:
    return {row.model.id: (row.chip.words, row.remark) for row in card.rows}


def test_strangers_find_no_such_page(as_alice: Client, client: Client) -> None:
    assert as_alice.get(reverse("google_status")).status_code == 404
    assert as_alice.post(reverse("google_status")).status_code == 404
    assert not BackEndReport.objects.exists()
    assert "/accounts/login/" in client.get(reverse("google_status"))["Location"]


def test_only_staff_find_it_in_their_menu(as_staff: Client, as_alice: Client) -> None:
    link = f'href="{reverse("google_status")}"'
    assert link in as_staff.get("/").content.decode()
    assert link not in as_alice.get("/").content.decode()


def test_it_says_where_each_credential_comes_from(as_staff: Client, with_both: Any) -> None:
    shown = cards(as_staff)
    assert dict(shown[GEMINI_OMNI].facts)["Credential"] == "GEMINI_API_KEY"
    vertex = dict(shown[VERTEX_VEO].facts)
    assert vertex["Credential"] == "GEMINI_OAUTH_TOKEN"
    assert (vertex["Project"], vertex["Region"]) == ("studio-1", "us-central1")
    assert vertex["Address"] == "https://us-central1-aiplatform.googleapis.com"
    assert [card.chip.words for card in shown.values()] == ["Not checked yet"] * 3


def test_it_shows_no_secret(as_staff: Client, with_both: Any) -> None:
    with_both.GOOGLE_GEMINI_BASE_URL = "https://me:hunter2@relay.example/google"
    page = as_staff.get(reverse("google_status")).content.decode()
    assert "https://relay.example/google" in page
    assert [secret for secret in (KEY, TOKEN, "hunter2") if secret in page] == []


def test_it_says_what_a_back_end_needs(as_staff: Client, with_both: Any) -> None:
    with_both.GOOGLE_CLOUD_PROJECT = ""
    card = cards(as_staff)[VERTEX_VEO]
    assert (card.chip.words, card.facts) == ("Not set up", [])
    assert card.sentence == "To use it, veoweb needs a Google Cloud project (GOOGLE_CLOUD_PROJECT)."


@pytest.mark.parametrize(("accepted", "word"), [(True, "Accepted"), (False, "Refused"), (None, "Not known")])
def test_it_tells_what_the_last_check_found(
    as_staff: Client, with_both: Any, accepted: bool | None, word: str
) -> None:
    learned(GEMINI_OMNI, accepted=accepted)
    card = cards(as_staff)[GEMINI_OMNI]
    assert (card.chip.words, card.sentence) == (word, "Welcome.")


def test_it_tells_the_last_success_and_the_last_error(as_staff: Client, with_both: Any) -> None:
    learned(GEMINI_OMNI)
    BackEndReport.objects.worked(GEMINI_OMNI)
    BackEndReport.objects.failed(GEMINI_OMNI, "Google did not answer.")
    facts = dict(cards(as_staff)[GEMINI_OMNI].facts)
    assert facts["Last success"] == timezone.localtime().strftime("%-d %B %Y, %H:%M")
    assert facts["Last error"].endswith(": Google did not answer.")
    assert "due" not in facts["Checked"]


def test_it_tells_which_models_are_alive(as_staff: Client, with_both: Any) -> None:
    learned(GEMINI_OMNI, models_listed=["gemini-omni-1.2-flash"])
    shown = cards(as_staff)
    omni = rows(shown[GEMINI_OMNI])
    assert omni["gemini-omni-1.2-flash"] == ("Listed by Google", "")
    assert omni["gemini-omni-1.1-flash"] == ("Not listed", "")
    assert omni["gemini-omni-flash-preview"][0] == "Cannot be chosen"
    retired = rows(shown[GEMINI_VEO])["veo-3.1-generate-preview"]
    assert retired[1].startswith("Retired by Google on 22 October 2026; use Gemini Omni")


def test_it_concludes_nothing_from_an_empty_list_of_vertex(as_staff: Client, with_both: Any) -> None:
    learned(VERTEX_VEO, models_listed=[])
    assert rows(cards(as_staff)[VERTEX_VEO])["veo-3.1-generate-001"][0] == "Can be chosen"


def test_it_links_to_the_price_and_switch_of_a_model(as_staff: Client, with_both: Any) -> None:
    ModelOverride.objects.create(model="gemini-omni-1.2-flash", switched_off=True, note="Too dear.")
    card = cards(as_staff)[GEMINI_OMNI]
    links = {row.model.id: row.edit_url for row in card.rows}
    assert links["gemini-omni-1.2-flash"] == "/admin/projects/modeloverride/gemini-omni-1.2-flash/change/"
    assert rows(card)["gemini-omni-1.2-flash"] == ("Cannot be chosen", "Switched off here. Too dear.")
    form = as_staff.get(links["gemini-omni-1.1-flash"]).content.decode()
    assert '<option value="gemini-omni-1.1-flash" selected>' in form


def test_staff_who_may_not_change_models_get_no_link(with_both: Any) -> None:
    client = Client()
    client.force_login(
        make_user("looker", is_staff=True), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert {row.edit_url for row in cards(client)[GEMINI_OMNI].rows} == {""}


@pytest.mark.parametrize(
    ("wanted", "works", "words"),
    [
        (False, None, "VEOWEB_OMNI_BACKGROUND is off"),
        (True, None, "Not tried yet"),
        (True, True, "can read what works in the background"),
        (True, False, "Not used: It cannot be read."),
    ],
)
def test_it_tells_of_work_in_the_background(
    as_staff: Client, with_both: Any, wanted: bool, works: bool | None, words: str
) -> None:
    with_both.OMNI_BACKGROUND = wanted
    learned(GEMINI_OMNI, background_ok=works, background_sentence="It cannot be read.")
    assert words in dict(cards(as_staff)[GEMINI_OMNI].facts)["Background"]


@pytest.mark.parametrize(
    ("address", "words"),
    [("https://generativelanguage.googleapis.com", "Google refuses"), ("https://relay.example", "Bearer.")],
)
def test_it_tells_of_a_key_that_travels_as_bearer(
    as_staff: Client, with_both: Any, address: str, words: str
) -> None:
    with_both.GEMINI_KEY_STYLE, with_both.GOOGLE_GEMINI_BASE_URL = "bearer", address
    style = dict(cards(as_staff)[GEMINI_OMNI].facts)["Key style"]
    assert words in style
    assert ("Google refuses" in style) == ("googleapis" in address)


def test_its_button_asks_for_a_check(as_staff: Client, with_both: Any) -> None:
    learned(GEMINI_OMNI)
    PollerHeartbeat.objects.beat("poller", "here")
    answer = as_staff.post(reverse("google_status"), follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "A poller asks Google now. Open this page again in some seconds."
    ]
    assert BackEndReport.objects.get(back_end=GEMINI_OMNI).check_at <= timezone.now()
    assert dict(cards(as_staff)[GEMINI_OMNI].facts)["Checked"].endswith("; the next one is due")


def test_it_says_that_nobody_can_ask(as_staff: Client, with_both: Any) -> None:
    answer = as_staff.post(reverse("google_status"), follow=True)
    assert "no poller is running" in str(next(iter(answer.context["messages"])))
    assert "The poller is not running" in answer.content.decode()


def test_it_runs_in_the_demo(as_staff: Client, settings: Any) -> None:
    settings.DEMO = True
    assert {dict(card.facts)["Credential"] for card in cards(as_staff).values()} == {"the demo"}
