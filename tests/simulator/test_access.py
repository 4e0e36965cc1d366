import httpx
import pytest

from projects.simulator.app import Simulator
from tests.simulator.conftest import client

UNAUTHENTICATED = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
    "valid authentication credential."
)


def ask(simulator: Simulator, query: str = "", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with client(simulator, named) as http:
        return http.get(f"/v1beta/models{query}")


def reason(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["details"][0]["reason"])


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"x_goog_api_key": "AIzaGood"}),
        ("", {"x_goog_api_key": "AQ.good"}),
        ("?key=AIzaGood", {}),
        ("", {"authorization": "Bearer ya29.good"}),
        ("", {"authorization": "Bearer ya29.good", "x_goog_user_project": "p"}),
    ],
)
def test_it_lets_in_exactly_one_good_credential(caller, query, headers):
    assert ask(caller.simulator, query, **headers).status_code == 200


def test_it_answers_the_famous_403_to_a_caller_without_credential(caller):
    answer = ask(caller.simulator)

    assert answer.status_code == 403
    assert answer.json() == {
        "error": {
            "code": 403,
            "message": "Method doesn't allow unregistered callers (callers without established identity). "
            "Please use API Key or other form of API consumer identity to call this API.",
            "status": "PERMISSION_DENIED",
        }
    }


def test_it_refuses_a_key_sent_as_bearer(caller):
    answer = ask(caller.simulator, authorization="Bearer AIzaGood")

    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"
    assert answer.json()["error"]["message"].startswith(UNAUTHENTICATED)
    assert reason(answer) == "ACCESS_TOKEN_TYPE_UNSUPPORTED"


def test_it_refuses_a_bad_key_with_400(caller):
    answer = ask(caller.simulator, x_goog_api_key="invalid-key")

    assert answer.status_code == 400
    assert answer.json() == {
        "error": {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "API_KEY_INVALID",
                    "domain": "googleapis.com",
                    "metadata": {"service": "generativelanguage.googleapis.com"},
                }
            ],
        }
    }


def test_it_refuses_a_restricted_key_with_403(caller):
    answer = ask(caller.simulator, x_goog_api_key="restricted-key")

    assert (answer.status_code, reason(answer)) == (403, "API_KEY_SERVICE_BLOCKED")


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"x_goog_api_key": "AIzaGood", "authorization": "Bearer ya29.good"}),
        ("?key=AIzaGood", {"x_goog_api_key": "AIzaGood"}),
        ("?key=AIzaGood", {"authorization": "Bearer ya29.good"}),
    ],
)
def test_it_refuses_two_credentials_at_once(caller, query, headers):
    assert ask(caller.simulator, query, **headers).status_code == 401


def test_it_names_the_trouble_when_a_new_key_comes_with_a_token(caller):
    answer = ask(caller.simulator, x_goog_api_key="AQ.good", authorization="Bearer ya29.good")

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        "Multiple authentication credentials received. Please pass only one."
    )


def test_it_refuses_an_expired_token(caller):
    answer = ask(caller.simulator, authorization="Bearer ya29.expired-yesterday")

    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith(UNAUTHENTICATED)


def test_it_takes_only_the_configured_credentials_when_some_are_configured(start):
    simulator = start(keys={"one"}, tokens={"two"}).simulator

    assert ask(simulator, x_goog_api_key="one").status_code == 200
    assert ask(simulator, x_goog_api_key="AIzaGood").status_code == 400
    assert ask(simulator, authorization="Bearer two").status_code == 200
    assert ask(simulator, authorization="Bearer ya29.good").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1beta/models/veo-3.1-generate-preview:predictLongRunning"),
        ("GET", "/v1beta/models/veo-3.1-generate-preview/operations/abc"),
        ("GET", "/v1beta/models/veo-3.1-generate-preview/operations"),
        ("GET", "/v1beta/models/veo-3.1-generate-preview"),
        ("GET", "/v1beta/files/abc"),
        ("GET", "/v1beta/files/abc:download?alt=media"),
        ("GET", "/download/v1beta/files/abc:download?alt=media"),
    ],
)
def test_it_asks_for_a_credential_on_every_route(caller, method, path):
    with client(caller.simulator) as http:
        assert http.request(method, path).status_code == 403
