"""What `make run` does first: database, static files, and in demo mode a log-in and an example project."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand

from projects.management.demo import settle_demo_login


class Command(BaseCommand):
    help = "Prepares database and static files, and in demo mode a log-in and an example project. Repeatable."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        if settle_demo_login():
            self.stdout.write(
                "Log in as {username} with the password {password}.".format(**settings.DEMO_LOGIN)
            )
        elif not get_user_model().objects.filter(is_active=True).exists():
            self.stdout.write("No user yet: make one with  .venv/bin/python manage.py createsuperuser")
