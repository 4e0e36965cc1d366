"""A poller asks each Google that is set up whether it takes our credential, and writes down what it hears."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from projects.models import BackEndReport
from projects.poller.check import check_back_ends
from projects.poller.google import Google
from projects.veo.catalog import GEMINI_OMNI, GEMINI_VEO, VERTEX_VEO
from tests.veo.conftest import Reply, Server, as_json, server

__all__ = ["server"]

pytestmark = pytest.mark.django_db

KEY = "AIza" + "SyOfThePoller-0123456789abcdefghij"
OMNI, VEO, VERTEX = "gemini-omni-1.2-flash", "veo-3.1-generate-preview", "veo-3.1-generate-001"


@pytest.fixture
def with_key(server: Server, settings: Any) -> Any:
    """A key for the server, and nothing for Vertex AI."""
    settings.DEMO = False
    settings.GEMINI_API_KEY, settings.GEMINI_OAUTH_TOKEN, settings.GOOGLE_CLOUD_PROJECT = KEY, "", ""
    settings.GOOGLE_APPLICATION_CREDENTIALS, settings.GOOGLE_GEMINI_BASE_URL = "", server.url
    return settings


@pytest.fixture
def google(with_key: Any) -> Iterator[Google]:
    google = Google()
    yield google
    google.close()


def models(*ids: str) -> Reply:
    return as_json({"models": [{"name": f"models/{name}"} for name in ids]})


def refused() -> Reply:
    error = {"message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}
    return as_json({"error": error}, 400)


def report(back_end: str) -> BackEndReport:
    return BackEndReport.objects.get(pk=back_end)


def test_it_writes_down_what_is_listed(server: Server, google: Google) -> None:
    server.will(models(OMNI, VEO, "gemini-9-pro"), models(OMNI, VEO, "gemini-9-pro"))
    check_back_ends(google)
    assert set(BackEndReport.objects.values_list("back_end", flat=True)) == {GEMINI_OMNI, GEMINI_VEO}
    omni = report(GEMINI_OMNI)
    assert (omni.accepted, omni.models_listed, omni.last_error) == (True, [OMNI], "")
    assert "1 of the 3 models listed" in omni.sentence
    assert report(GEMINI_VEO).models_listed == [VEO]
    assert omni.checked_at is not None
    assert timezone.now() - omni.checked_at < dt.timedelta(minutes=1)


def test_it_asks_again_after_an_hour(server: Server, google: Google) -> None:
    server.will(models(OMNI), models(VEO))
    check_back_ends(google)
    check_back_ends(google)
    assert len(server.seen) == 2
    BackEndReport.objects.filter(pk=GEMINI_OMNI).update(check_at=timezone.now() - dt.timedelta(seconds=1))
    server.will(models(OMNI))
    check_back_ends(google)
    assert len(server.seen) == 3


def test_it_asks_at_once_when_staff_want_it(server: Server, google: Google) -> None:
    server.will(models(OMNI), models(VEO), models(OMNI), models(VEO))
    check_back_ends(google)
    BackEndReport.objects.want_check()
    check_back_ends(google)
    assert len(server.seen) == 4


def test_a_refusal_is_told_and_hides_no_other(server: Server, google: Google) -> None:
    server.will(refused(), models(VEO))
    check_back_ends(google)
    omni = report(GEMINI_OMNI)
    assert (omni.accepted, omni.models_listed) == (False, [])
    assert omni.sentence == omni.last_error
    assert "does not accept this API key" in omni.last_error
    assert omni.last_error_at is not None
    assert report(GEMINI_VEO).accepted is True


@pytest.mark.parametrize("reply", [Reply(503), Reply(429), Reply(drop=True), Reply(200, b"<html>")])
def test_a_google_that_is_ill_says_nothing_of_the_credential(
    server: Server, google: Google, reply: Reply
) -> None:
    server.will(*[reply] * 4)
    check_back_ends(google)
    omni = report(GEMINI_OMNI)
    assert (omni.accepted, bool(omni.last_error)) == (None, True)
    assert omni.check_at < timezone.now() + dt.timedelta(minutes=2)


def test_it_forgets_what_is_no_longer_set_up(server: Server, google: Google) -> None:
    BackEndReport.objects.create(back_end=VERTEX_VEO, accepted=True, models_listed=[VERTEX])
    server.will(models(OMNI), models(VEO))
    check_back_ends(google)
    assert not BackEndReport.objects.filter(pk=VERTEX_VEO).exists()


def test_it_keeps_what_the_work_has_taught(server: Server, google: Google) -> None:
    BackEndReport.objects.worked(GEMINI_OMNI)
    server.will(models(OMNI), models(VEO))
    check_back_ends(google)
    assert report(GEMINI_OMNI).last_success_at is not None


def test_it_says_that_none_of_our_models_is_there(server: Server, google: Google) -> None:
    server.will(models("gemini-9-pro"), models())
    check_back_ends(google)
    assert "none of the models that veoweb knows" in report(GEMINI_OMNI).sentence
    assert report(GEMINI_OMNI).accepted is True


def test_an_empty_list_of_vertex_says_little(server: Server, with_key: Any) -> None:
    with_key.GEMINI_API_KEY, with_key.GEMINI_OAUTH_TOKEN = "", "ya29." + "of-the-poller"
    with_key.GOOGLE_CLOUD_PROJECT, with_key.GOOGLE_VERTEX_BASE_URL = "studio-1", server.url
    server.will(as_json({"publisherModels": []}), models(VEO))
    google = Google()
    check_back_ends(google)
    google.close()
    assert report(VERTEX_VEO).accepted is True
    assert "that is not verified" in report(VERTEX_VEO).sentence


def test_settings_that_cannot_be_used_are_told(with_key: Any, server: Server) -> None:
    with_key.GOOGLE_GEMINI_BASE_URL = "http://relay.example"
    google = Google()
    check_back_ends(google)
    assert report(GEMINI_OMNI).accepted is False
    assert "must be https" in report(GEMINI_OMNI).sentence


def test_no_secret_is_written_down(server: Server, google: Google) -> None:
    server.will(as_json({"error": {"message": f"API key not valid: {KEY}"}}, 403), models(VEO))
    check_back_ends(google)
    assert [row for row in BackEndReport.objects.values() if KEY in str(row)] == []
