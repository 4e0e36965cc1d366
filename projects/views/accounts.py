"""Log-in, password and theme. Brute force is held off by django-axes behind every log-in, the admin's too."""

from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.views.decorators.http import require_POST

from projects.views.access import back
from projects.views.context import THEMES

_YEAR = 365 * 24 * 3600


class LoginView(auth.LoginView):
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        demo_login = settings.DEMO_LOGIN if settings.DEMO else None
        return super().get_context_data(**kwargs) | {"demo_login": demo_login}


class PasswordChangeView(SuccessMessageMixin, auth.PasswordChangeView):
    success_url = reverse_lazy("project_list")
    success_message = "Your password is changed."


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """A cookie that the server reads: the page comes in the right colours at once, without a script."""
    response = back(request, reverse("project_list"))
    wanted = request.POST.get("theme")
    if wanted in THEMES:
        response.set_cookie(
            "theme", wanted, max_age=_YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax"
        )
    return response
