"""The first start: a log-in that everybody knows, for as long as nothing is paid."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from projects.management.demo import settle_demo_login
from projects.models import Project

pytestmark = pytest.mark.django_db


def test_it_makes_a_demo_log_in_with_one_project(settings: Any) -> None:
    settings.DEMO = True
    settle_demo_login()
    settle_demo_login()
    assert User.objects.get().check_password("demo")
    assert [project.name for project in Project.objects.all()] == ["The lighthouse"]


def test_it_shuts_the_demo_log_in_once_clips_cost_money(settings: Any) -> None:
    settings.DEMO = True
    settle_demo_login()
    settings.DEMO = False
    assert settle_demo_login() is None
    assert not User.objects.get().is_active


def test_it_opens_the_demo_log_in_again_for_the_demo(settings: Any) -> None:
    for settings.DEMO in (True, False, True):
        settle_demo_login()
    assert User.objects.get().is_active


def test_it_leaves_a_log_in_with_a_password_of_its_own(settings: Any) -> None:
    settings.DEMO = True
    user = settle_demo_login()
    assert user is not None
    user.set_password("something that only its owner knows")
    user.save()
    settings.DEMO = False
    settle_demo_login()
    assert User.objects.get().is_active


def test_it_makes_nobody_where_clips_cost_money(settings: Any) -> None:
    settings.DEMO = False
    settle_demo_login()
    assert not User.objects.exists()
