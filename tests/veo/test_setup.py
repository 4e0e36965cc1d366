"""From the settings to back ends: which can be used, with what, and where the credential goes."""

import json
from pathlib import Path
from typing import Any

import pytest

from projects.veo.catalog import GEMINI_OMNI, GEMINI_VEO, VERTEX_VEO
from projects.veo.client import open_back_end
from projects.veo.setup import (
    DEMO_KEY,
    DEMO_PROJECT,
    DEMO_TOKEN,
    GOOGLE_GEMINI_ORIGIN,
    Setup,
    google_vertex_origin,
)
from projects.veo.types import Output
from tests.veo.conftest import KEY, Server, as_json, video

TOKEN = "ya29." + "test-token-of-the-setup"
MODELS = {"models": [], "publisherModels": []}


def sent(server: Server, setup: Setup, back_end: str) -> dict[str, str]:
    """The headers with which that back end asks for the list of models."""
    server.will(as_json(MODELS))
    opened = open_back_end(back_end, setup)
    opened.models()
    opened.close()
    headers = server.seen[-1].headers
    names = ("x-goog-api-key", "authorization", "x-goog-user-project")
    return {name: headers[name] for name in names if name in headers}


@pytest.fixture
def here(server: Server) -> dict[str, Any]:
    return {"gemini_base_url": server.url, "vertex_base_url": server.url}


@pytest.mark.parametrize(
    ("settings_", "usable"),
    [
        ({}, {}),
        ({"api_key": KEY}, {GEMINI_OMNI: "GEMINI_API_KEY", GEMINI_VEO: "GEMINI_API_KEY"}),
        ({"oauth_token": TOKEN}, {GEMINI_VEO: "GEMINI_OAUTH_TOKEN"}),
        ({"credentials_file": "/srv/google.json"}, {}),
        ({"project": "p"}, {VERTEX_VEO: "application-default credentials"}),
        (
            {"project": "p", "oauth_token": TOKEN},
            {VERTEX_VEO: "GEMINI_OAUTH_TOKEN", GEMINI_VEO: "GEMINI_OAUTH_TOKEN"},
        ),
        (
            {"project": "p", "oauth_token": TOKEN, "credentials_file": "/f", "api_key": KEY},
            {
                GEMINI_OMNI: "GEMINI_API_KEY",
                VERTEX_VEO: "GOOGLE_APPLICATION_CREDENTIALS",
                GEMINI_VEO: "GEMINI_API_KEY",
            },
        ),
        ({"demo": True}, {GEMINI_OMNI: "the demo", VERTEX_VEO: "the demo", GEMINI_VEO: "the demo"}),
    ],
)
def test_each_credential_opens_its_back_ends(settings_, usable):
    found = Setup(**settings_).all_access()
    assert {access.back_end: access.source for access in found if access.configured} == usable
    assert all(access.missing for access in found if not access.configured)


def test_an_address_is_googles_own_or_not():
    setup = Setup(api_key=KEY, project="p", location="europe-west4")
    assert [access.own for access in setup.all_access()] == [True] * 3
    assert setup.access(VERTEX_VEO).base_url == "https://europe-west4-aiplatform.googleapis.com"
    away = Setup(project="p", gemini_base_url="https://relay.example", vertex_base_url="http://127.0.0.1:1")
    assert [access.own for access in away.all_access()] == [False] * 3
    same = Setup(gemini_base_url=f"{GOOGLE_GEMINI_ORIGIN}:443/")
    assert same.access(GEMINI_VEO).own


@pytest.mark.parametrize(
    ("location", "origin"),
    [
        ("us-central1", "https://us-central1-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
        ("us", "https://aiplatform.us.rep.googleapis.com"),
    ],
)
def test_each_region_has_its_host(location, origin):
    assert google_vertex_origin(location) == origin


def test_no_secret_is_shown():
    setup = Setup(api_key=KEY, oauth_token=TOKEN, project="p")
    assert KEY not in repr(setup)
    assert TOKEN not in repr(setup)
    assert KEY not in repr(setup.all_access())


def test_each_back_end_gets_the_one_credential_that_it_takes(server, here):
    setup = Setup(api_key=KEY, oauth_token=TOKEN, project="p", **here)
    assert sent(server, setup, GEMINI_OMNI) == {"x-goog-api-key": KEY}
    assert sent(server, setup, GEMINI_VEO) == {"x-goog-api-key": KEY}
    assert sent(server, setup, VERTEX_VEO) == {"authorization": f"Bearer {TOKEN}"}


def test_a_token_serves_both_wires_of_veo(server, here):
    setup = Setup(oauth_token=TOKEN, project="p", quota_project="pays", **here)
    headers = {"authorization": f"Bearer {TOKEN}", "x-goog-user-project": "pays"}
    assert sent(server, setup, GEMINI_VEO) == headers
    assert sent(server, setup, VERTEX_VEO) == headers
    unset = Setup(oauth_token=TOKEN, project="p", **here)
    assert sent(server, unset, GEMINI_VEO)["x-goog-user-project"] == "p"
    assert "x-goog-user-project" not in sent(server, unset, VERTEX_VEO)


def test_a_relay_gets_the_key_as_it_wants_it(server, here):
    setup = Setup(api_key=KEY, key_style="bearer", gemini_version="v1", **here)
    assert sent(server, setup, GEMINI_VEO) == {"authorization": f"Bearer {KEY}"}
    assert sent(server, setup, GEMINI_OMNI) == {"authorization": f"Bearer {KEY}"}
    assert server.seen[-1].path.startswith("/v1/models")


def test_the_demo_uses_no_credential_of_the_person(server, here):
    setup = Setup(demo=True, api_key=KEY, oauth_token=TOKEN, project="p", **here)
    assert sent(server, setup, GEMINI_OMNI) == {"x-goog-api-key": DEMO_KEY}
    assert sent(server, setup, VERTEX_VEO) == {"authorization": f"Bearer {DEMO_TOKEN}"}
    assert setup.access(VERTEX_VEO).project == DEMO_PROJECT


def user_file(server: Server, path: Path) -> str:
    info = {
        "type": "authorized_user",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "r",
        "token_uri": f"{server.url}/token",
    }
    path.write_text(json.dumps(info))
    return str(path)


def test_a_credentials_file_comes_before_a_token(server, here, tmp_path):
    path = user_file(server, tmp_path / "google.json")
    setup = Setup(project="p", credentials_file=path, oauth_token=TOKEN, quota_project="pays", **here)
    server.will(as_json({"access_token": "ya29.of-the-file", "expires_in": 3600}))
    assert sent(server, setup, VERTEX_VEO) == {
        "authorization": "Bearer ya29.of-the-file",
        "x-goog-user-project": "pays",
    }


def test_a_project_alone_stands_for_application_default_credentials(server, here, tmp_path, monkeypatch):
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    user_file(server, tmp_path / "application_default_credentials.json")
    server.will(as_json({"access_token": "ya29.of-gcloud", "expires_in": 3600}))
    headers = sent(server, Setup(project="p", **here), VERTEX_VEO)
    assert headers == {"authorization": "Bearer ya29.of-gcloud"}


def test_away_from_google_the_bucket_is_read_at_the_same_address(server, here):
    vertex = open_back_end(VERTEX_VEO, Setup(project="p", oauth_token=TOKEN, **here))
    server.will(video())
    with vertex.open_output(Output(uri="gs://studio/a.mp4")):
        pass
    vertex.close()
    assert server.seen[0].path == "/storage/v1/b/studio/o/a.mp4?alt=media"


@pytest.mark.parametrize(
    ("back_end", "unusable", "words"),
    [
        (GEMINI_OMNI, {}, "GEMINI_API_KEY"),
        (GEMINI_OMNI, {"api_key": "two words"}, "API key"),
        (GEMINI_VEO, {"oauth_token": "two words"}, "OAuth token"),
        (VERTEX_VEO, {"oauth_token": TOKEN}, "GOOGLE_CLOUD_PROJECT"),
        (VERTEX_VEO, {"project": "no project", "oauth_token": TOKEN}, "GOOGLE_CLOUD_PROJECT"),
        (VERTEX_VEO, {"project": "p", "credentials_file": "/not/there"}, "GOOGLE_APPLICATION_CREDENTIALS"),
        (VERTEX_VEO, {"project": "p", "oauth_token": TOKEN, "vertex_storage": "b"}, "VEOWEB_VERTEX_STORAGE"),
        (VERTEX_VEO, {"project": "p", "oauth_token": TOKEN, "location": "?"}, "GOOGLE_CLOUD_LOCATION"),
        (GEMINI_VEO, {"api_key": KEY, "gemini_base_url": "http://relay.example"}, "https"),
    ],
)
def test_settings_that_cannot_be_used_are_named(back_end, unusable, words):
    with pytest.raises(ValueError, match=words):
        open_back_end(back_end, Setup(**unusable))
