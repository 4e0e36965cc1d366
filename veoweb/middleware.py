"""Headers, body size and log-in, for every request."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.template.defaultfilters import filesizeformat
from django_htmx.http import HttpResponseClientRedirect

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class SecurityHeadersMiddleware:
    """Content-Security-Policy without one inline script or style, and no device access."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{name} {' '.join(values)}" for name, values in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        debug_page = settings.DEBUG and response.status_code in (404, 500)  # Django's has inline styles
        if not debug_page:
            response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response


class BodySizeMiddleware:
    """Refuses a body that is too large, or of undeclared length, before anything reads it.

    It must stand before CsrfViewMiddleware, which reads the whole body to find its token.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            return self.refuse(request, 411, "This request did not say how large it is, so it was not read.")
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return self.refuse(request, 400, "This request's length is not a number.")
        if length > settings.BODY_MAX_BYTES:
            picture, track = map(filesizeformat, (settings.UPLOAD_MAX_BYTES, settings.TRACK_MAX_BYTES))
            return self.refuse(
                request,
                413,
                f"This upload is {filesizeformat(length)}; the limit is {picture} for a picture and {track} "
                "for a sound track. Nothing was saved.",
            )
        return self.get_response(request)

    def refuse(self, request: HttpRequest, status: int, sentence: str) -> HttpResponse:
        return render(request, "refused.html", {"sentence": sentence}, status=status)


class HtmxLoginRequiredMiddleware(LoginRequiredMiddleware):
    """Sends a fragment's request to the log-in page as a whole page: a 302 would be swapped in as a card."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., object]
    ) -> HttpResponseBase:
        if request.htmx:  # type: ignore[attr-defined]
            back = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
            login = resolve_url(self.get_login_url(view_func))
            return HttpResponseClientRedirect(f"{login}?{urlencode({'next': back})}")
        return super().handle_no_permission(request, view_func)
