"""A page for machines: can this studio do its work?"""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from projects.models import PollerHeartbeat

_SILENT_AFTER = 60
"""Seconds without a poller's sign of life."""


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 and "ok", or 503 and what is wrong. Says nothing else: anybody may read it."""
    try:
        seen_at = PollerHeartbeat.objects.aggregate(last=Max("seen_at"))["last"]
    except DatabaseError:
        return _text("The database does not answer.", status=503)
    if seen_at is None:
        return _text("No poller has run yet.", status=503)
    age = max(0, round((timezone.now() - seen_at).total_seconds()))
    if age > _SILENT_AFTER:
        return _text(f"No poller was seen for {age} s.", status=503)
    return _text(f"ok\npoller seen {age} s ago", status=200)


def _text(text: str, *, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
