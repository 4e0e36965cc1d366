"""Log-in, log-out, password and theme."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

GOOD = {"username": "alice", "password": "secret-enough"}
BAD = {"username": "alice", "password": "wrong"}


def test_it_logs_in_and_goes_where_one_wanted(client: Client, alice: Any) -> None:
    wanted = client.get(reverse("project_create"))["Location"]
    assert client.post(wanted, GOOD)["Location"] == reverse("project_create")


@pytest.mark.parametrize("address", ["https://example.org/", "//example.org"])
def test_it_goes_nowhere_else_after_the_log_in(client: Client, alice: Any, address: str) -> None:
    response = client.post(reverse("login"), GOOD | {"next": address})
    assert response["Location"] == reverse("project_list")


def test_it_logs_out(as_alice: Client) -> None:
    assert as_alice.post(reverse("logout"))["Location"] == reverse("login")
    assert as_alice.get(reverse("project_list")).status_code == 302


@pytest.mark.parametrize("address", ["/accounts/login/", "/admin/login/"])
def test_it_holds_off_who_guesses_passwords(client: Client, alice: Any, address: str) -> None:
    alice.is_staff = True
    alice.save()
    answers = [client.post(address, BAD).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    assert client.post(address, GOOD).status_code == 429
    assert client.post(address, GOOD, REMOTE_ADDR="10.0.0.9").status_code == 302


def test_it_changes_a_password(as_alice: Client, alice: Any) -> None:
    new = "another-secret-7"
    data = {"old_password": "secret-enough", "new_password1": new, "new_password2": new}
    response = as_alice.post(reverse("password_change"), data)
    assert response["Location"] == reverse("project_list")
    page = as_alice.get(response["Location"])
    assert [str(message) for message in page.context["messages"]] == ["Your password is changed."]
    alice.refresh_from_db()
    assert alice.check_password(new)


def test_it_shows_no_demo_log_in_when_google_is_paid(
    client: Client, against_google: None, settings: Any
) -> None:
    settings.DEMO_LOGIN = {"username": "demo", "password": "demo"}
    assert client.get(reverse("login")).context["demo_login"] is None


def test_it_shows_the_demo_log_in_in_demo_mode(client: Client, settings: Any) -> None:
    settings.DEMO_LOGIN = {"username": "demo", "password": "demo-word"}
    assert "demo-word" in client.get(reverse("login")).content.decode()


def test_it_remembers_a_theme(as_alice: Client) -> None:
    response = as_alice.post(reverse("theme"), {"theme": "dark", "next": reverse("project_create")})
    assert response["Location"] == reverse("project_create")
    assert 'data-theme="dark"' in as_alice.get(reverse("project_list")).content.decode()


@pytest.mark.parametrize("theme", ["", "pink", '"><script>'])
def test_it_leaves_other_themes_out(as_alice: Client, theme: str) -> None:
    response = as_alice.post(reverse("theme"), {"theme": theme})
    assert "theme" not in response.cookies
    as_alice.cookies["theme"] = "pink"
    assert as_alice.get(reverse("project_list")).context["theme"] == "system"


@pytest.mark.parametrize("address", ["https://example.org/", "//example.org/", "/nowhere"])
def test_it_does_not_carry_anybody_away(as_alice: Client, address: str) -> None:
    response = as_alice.post(reverse("theme"), {"theme": "dark", "next": address})
    assert response["Location"] == reverse("project_list")
