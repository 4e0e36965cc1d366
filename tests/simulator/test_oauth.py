"""Access tokens: who gets one, for how long it is good, and what google-auth makes of the answers."""

import base64
import json
from typing import Any

import httpx
import pytest

from projects.simulator.tokens import CLOUD_PLATFORM
from tests.simulator.conftest import Caller

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ACCOUNT = "studio@the-project.iam.gserviceaccount.com"


def part(what: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(what).encode()).decode().rstrip("=")


def assertion(header: Any = None, **changes: Any) -> str:
    claims = {
        "iss": ACCOUNT,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
        "scope": CLOUD_PLATFORM,
    }
    return ".".join([part(header or {"alg": "RS256", "typ": "JWT"}), part(claims | changes), "c2lnbmVk"])


def ask(caller: Any, **form: str) -> httpx.Response:
    return caller.http.post("/token", data=form)


def ask_as_account(caller: Any, **changes: Any) -> httpx.Response:
    return ask(caller, grant_type=JWT_BEARER, assertion=assertion(**changes))


def ask_as_person(caller: Any, **changes: str) -> httpx.Response:
    form = {"refresh_token": "1//good", "client_id": "studio", "client_secret": "quiet"}
    return ask(caller, grant_type="refresh_token", **form | changes)


@pytest.mark.parametrize("who", [ask_as_account, ask_as_person])
def test_it_gives_out_a_token(caller, who):
    answer = who(caller)

    assert answer.status_code == 200
    told = answer.json()
    assert told.pop("access_token").startswith("ya29.sim-1-")
    assert told == {"expires_in": 3599, "scope": CLOUD_PLATFORM, "token_type": "Bearer"}
    assert caller.simulator.counts == {"token": 1}


def test_it_takes_its_own_tokens_on_each_wire(caller, cloud_with):
    token = ask_as_account(caller).json()["access_token"]
    cloud = cloud_with(caller.simulator, token)
    del caller.http.headers["x-goog-api-key"]
    caller.http.headers["authorization"] = f"Bearer {token}"

    assert cloud.submit("[sim:empty]").status_code == 200
    assert cloud.http.get("/storage/v1/b/bucket/o").status_code == 200
    assert caller.submit("[sim:empty]").status_code == 200


def test_it_refuses_a_token_whose_time_is_over(start, cloud_with, clock):
    caller = start(clock=clock, token_lifetime=60)
    answer = ask_as_account(caller)
    assert answer.json()["expires_in"] == 60
    cloud = cloud_with(caller.simulator, answer.json()["access_token"])
    clock.move(seconds=59)
    assert cloud.submit("[sim:empty]").status_code == 200
    clock.move(seconds=1)

    assert cloud.submit("[sim:empty]").status_code == 401
    assert cloud.simulator.charged == 1


def test_it_refuses_a_token_that_was_revoked(caller, cloud_with):
    tokens = [ask_as_account(caller).json()["access_token"] for _ in range(2)]
    caller.simulator.revoke_tokens()
    tokens.append(ask_as_account(caller).json()["access_token"])

    clients = [cloud_with(caller.simulator, token) for token in tokens]
    assert [cloud.submit("[sim:empty]").status_code for cloud in clients] == [401, 401, 200]


def test_it_forgets_its_tokens_when_it_stops(start, cloud_with):
    token = ask_as_account(start("kept")).json()["access_token"]

    assert cloud_with(start("kept").simulator, token).submit("[sim:empty]").status_code == 401


def test_it_gives_tokens_that_open_nothing_for_other_scopes(caller, cloud_with):
    narrow = "https://www.googleapis.com/auth/generative-language.retriever"
    token = ask_as_account(caller, scope=narrow).json()["access_token"]

    assert cloud_with(caller.simulator, token).submit("[sim:empty]").status_code == 403


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"iss": f"revoked-{ACCOUNT}"}, "invalid_grant", "Invalid JWT Signature."),
        ({"iss": "nobody"}, "invalid_grant", "Invalid grant: account not found"),
        (
            {"aud": "https://aiplatform.googleapis.com/"},
            "invalid_grant",
            "Invalid JWT: Failed audience check.",
        ),
        ({"exp": 1_700_003_601}, "invalid_grant", "Invalid JWT: Token must be a short-lived token"),
        ({"exp": 1_699_999_999}, "invalid_grant", "Invalid JWT: Token must be a short-lived token"),
        ({"exp": "soon"}, "invalid_grant", "Invalid JWT: Token must be a short-lived token"),
        ({"header": {"alg": "HS256"}}, "invalid_grant", "Invalid JWT: the algorithm"),
        ({"scope": ""}, "invalid_scope", "Invalid OAuth scope"),
        (
            {"scope": "https://www.googleapis.com/auth/generative-language.video"},
            "invalid_scope",
            "Invalid OAuth scope",
        ),
    ],
)
def test_it_refuses_an_assertion(caller, changes, error, description):
    answer = ask_as_account(caller, **changes)

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"].startswith(description)


@pytest.mark.parametrize("broken", ["", "one.two", "a.b.c", f"{part([])}.{part({})}.x"])
def test_it_refuses_what_is_no_assertion(caller, broken):
    answer = ask(caller, grant_type=JWT_BEARER, assertion=broken)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "status", "error", "description"),
    [
        ({"refresh_token": "revoked-1"}, 400, "invalid_grant", "Token has been expired or revoked."),
        ({"client_id": "invalid-1"}, 401, "invalid_client", "The OAuth client was not found."),
        ({"client_secret": ""}, 400, "invalid_request", "Missing required parameter: client_secret"),
        ({"scope": "nonsense"}, 400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."),
    ],
)
def test_it_refuses_a_refresh_token(caller, changes, status, error, description):
    answer = ask_as_person(caller, **changes)

    assert answer.status_code == status
    assert answer.json() == {"error": error, "error_description": description}


def test_it_refuses_other_grants_and_other_bodies(caller):
    assert ask(caller, grant_type="password").json()["error"] == "unsupported_grant_type"
    assert caller.http.post("/token", json={}).json()["error"] == "invalid_request"


def test_it_goes_wrong_when_told_to(caller):
    caller.simulator.script("token", "status", status=503)
    caller.simulator.script("token", "drop")

    assert ask_as_account(caller).status_code == 503
    with pytest.raises(httpx.RemoteProtocolError):
        ask_as_account(caller)
    assert ask_as_account(caller).status_code == 200


def test_it_needs_no_other_credential(caller: Caller) -> None:
    del caller.http.headers["x-goog-api-key"]

    assert ask_as_account(caller).status_code == 200
