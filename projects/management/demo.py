"""The demo's log-in, which everybody knows and which must therefore end with the demo."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser

from projects.models import Project


def settle_demo_login() -> AbstractUser | None:
    """In demo mode makes or opens the demo log-in and returns it; otherwise shuts it.

    Somebody who gave it a password of their own keeps it.
    """
    users = get_user_model().objects
    user = users.filter(username=settings.DEMO_LOGIN["username"]).first()
    if settings.DEMO:
        if user is None:
            user = users.create_user(**settings.DEMO_LOGIN, is_staff=True, is_superuser=True)
            Project.objects.create(owner=user, name="The lighthouse")
        users.filter(pk=user.pk).update(is_active=True)
        return user
    if user and user.check_password(settings.DEMO_LOGIN["password"]):
        users.filter(pk=user.pk).update(is_active=False)
    return None
