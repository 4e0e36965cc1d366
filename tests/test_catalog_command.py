"""`manage.py catalog` lists what we know, and compares it with what a Google says."""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command

from projects.models import ModelOverride
from projects.models import lineup as lineup_module
from projects.veo.catalog import CATALOG, GEMINI_OMNI, GEMINI_VEO
from tests.veo.conftest import Reply, Server, as_json, server

__all__ = ["server"]

pytestmark = pytest.mark.django_db

KEY = "AIza" + "SyForTheListOfModels-0123456789abcd"
ALIVE = ("gemini-omni-1.2-flash", "gemini-omni-1.1-flash")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(server: Server, settings: Any) -> Run:
    """Runs the command with a key for the server: exit code, standard output, standard error."""
    settings.DEMO = False
    settings.GEMINI_API_KEY, settings.GEMINI_OAUTH_TOKEN, settings.GOOGLE_CLOUD_PROJECT = KEY, "", ""
    settings.GOOGLE_GEMINI_BASE_URL = server.url

    def run(*arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        code = 0
        try:
            call_command("catalog", *arguments, stdout=out, stderr=err, no_color=True)
        except SystemExit as stop:
            code = int(str(stop.code))
        assert KEY not in out.getvalue() + err.getvalue()
        return code, out.getvalue(), err.getvalue()

    return run


def models(*ids: str) -> Reply:
    return as_json({"models": [{"name": f"models/{name}"} for name in ids]})


def line(text: str, model_id: str) -> str:
    [found] = [line for line in text.splitlines() if line.startswith(f"  {model_id} ")]
    return found


def ids(back_end: str) -> list[str]:
    return [model.id for model in CATALOG.of(back_end)]


def test_it_lists_every_model_and_asks_nobody(server: Server, run: Run) -> None:
    code, out, err = run()
    assert (code, err, server.seen) == (0, "", [])
    assert [model.id for model in CATALOG.models if f"  {model.id} " not in out] == []
    assert "Gemini Omni (Interactions API): set up by GEMINI_API_KEY" in out
    assert "Veo on Vertex AI: needs a Google Cloud project (GOOGLE_CLOUD_PROJECT)" in out


def test_it_tells_state_prices_and_end_of_each(run: Run, settings: Any) -> None:
    settings.GOOGLE_GEMINI_BASE_URL = "https://generativelanguage.googleapis.com"
    out = run()[1]
    omni = line(out, "gemini-omni-1.2-flash")
    assert "can be chosen; 360p $0.0232, 720p $0.0695, 1080p $0.1043, 4k $0.2085 a second" in omni
    gone = line(out, "veo-3.1-generate-preview")
    assert "cannot be chosen; 720p $0.40" in gone
    assert "retires on 2026-10-22; replaced by gemini-omni-1.1-flash; Retired by Google on" in gone
    vertex = line(out, "veo-3.1-generate-001")
    assert "retires on 2027-05-04 or later; Needs a Google Cloud project" in vertex


def test_it_tells_what_staff_changed(run: Run) -> None:
    ModelOverride.objects.create(model=ALIVE[0], switched_off=True, note="Later.", prices={"720p": 0.5})
    omni = line(run()[1], ALIVE[0])
    assert "cannot be chosen" in omni
    assert "720p $0.50" in omni
    assert omni.endswith("Switched off here. Later.")


@pytest.mark.parametrize(("days", "told"), [(60, False), (61, True)])
def test_it_tells_when_nobody_has_looked_for_60_days(
    run: Run, monkeypatch: pytest.MonkeyPatch, days: int, told: bool
) -> None:
    oldest = min(model.verified_on for model in CATALOG.models)
    today = oldest + dt.timedelta(days=days)
    monkeypatch.setattr(lineup_module.timezone, "localdate", lambda: today)
    out = run()[1]
    assert (f"Not verified for {days} days, since {oldest}:" in out) is told


def test_it_says_that_all_agree(server: Server, run: Run) -> None:
    everything = models("gemini-9-pro", *ids(GEMINI_OMNI), *ids(GEMINI_VEO))
    server.will(everything, everything)
    code, out, err = run("--check")
    assert (code, err) == (0, "")
    assert out.endswith("Our list and Google's agree.\n")


def test_it_finds_what_differs(server: Server, run: Run) -> None:
    offered = models(ALIVE[0], "gemini-omni-2.0-flash", "veo-4.0-generate-001", "gemini-9-pro")
    server.will(offered, offered)
    code, out, err = run("--check")
    assert code == 1
    assert "agree" not in out
    assert err.splitlines() == [
        "Gemini Omni (Interactions API): gemini-omni-2.0-flash is listed, and we do not know it.",
        "Gemini Omni (Interactions API): gemini-omni-1.1-flash is not listed.",
        "Veo on the Gemini API: veo-4.0-generate-001 is listed, and we do not know it.",
    ]


def test_it_finds_a_model_that_we_take_for_gone(server: Server, run: Run) -> None:
    ModelOverride.objects.mark_retired(ALIVE[1], server.url, "It is no longer available.")
    everything = models(*ids(GEMINI_OMNI), *ids(GEMINI_VEO))
    server.will(everything, everything)
    code, _, err = run("--check")
    assert code == 1
    assert "gemini-omni-1.1-flash is listed, and we take it for retired." in err


def test_it_says_why_it_could_not_compare(server: Server, run: Run) -> None:
    server.will(models(*ids(GEMINI_OMNI)), Reply(404))
    code, _, err = run("--check")
    assert code == 1
    assert err.startswith("Veo on the Gemini API: not compared. Google has nothing at this address")


def test_it_concludes_little_from_an_empty_list_of_vertex(server: Server, run: Run, settings: Any) -> None:
    settings.GEMINI_API_KEY, settings.GEMINI_OAUTH_TOKEN = "", "ya29." + "for-the-list"
    settings.GOOGLE_CLOUD_PROJECT, settings.GOOGLE_VERTEX_BASE_URL = "studio-1", server.url
    server.will(as_json({"publisherModels": []}), models(*ids(GEMINI_VEO)))
    code, _, err = run("--check")
    assert code == 1
    assert err == (
        "Veo on Vertex AI: none of our models is listed. "
        "Whether Vertex AI lists them at all is not verified.\n"
    )


def test_it_compares_with_nobody_when_the_address_is_not_safe(run: Run, settings: Any) -> None:
    settings.GOOGLE_GEMINI_BASE_URL = "http://relay.example"
    code, _, err = run("--check")
    assert code == 1
    assert "must be https" in err
