"""The page for machines, and the banner that says the same to people."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import PollerHeartbeat

pytestmark = pytest.mark.django_db


def beat(seconds_ago: float) -> None:
    seen_at = timezone.now() - dt.timedelta(seconds=seconds_ago)
    PollerHeartbeat.objects.create(poller=f"p{seconds_ago}", host="here", seen_at=seen_at)


def test_it_is_well_with_a_database_and_a_poller(client: Client) -> None:
    beat(500)
    beat(3)
    response = client.get(reverse("healthz"))
    assert (response.status_code, response.content.decode().splitlines()[0]) == (200, "ok")
    assert "no-store" in response["Cache-Control"]
    assert client.head(reverse("healthz")).status_code == 200


def test_it_misses_a_poller_that_never_ran(client: Client) -> None:
    response = client.get(reverse("healthz"))
    assert (response.status_code, response.content) == (503, b"No poller has run yet.\n")


def test_it_misses_a_poller_that_went_silent(client: Client) -> None:
    beat(90)
    response = client.get(reverse("healthz"))
    assert (response.status_code, response.content) == (503, b"No poller was seen for 90 s.\n")


def test_it_says_when_the_database_does_not_answer(client: Client) -> None:
    def out_of_order(*args: object) -> None:
        raise DatabaseError("gone")

    with connection.execute_wrapper(out_of_order):
        response = client.get(reverse("healthz"))
    assert (response.status_code, response.content) == (503, b"The database does not answer.\n")


@pytest.mark.parametrize(("seconds_ago", "alive"), [(3, True), (90, False)])
def test_it_tells_pages_whether_a_poller_is_alive(as_alice: Client, seconds_ago: int, alive: bool) -> None:
    beat(seconds_ago)
    assert as_alice.get(reverse("project_list")).context["poller_alive"]() is alive
