"""Does Google take our credentials? Asked by a poller, read by the staff's page. Free."""

import datetime as dt

from django.utils import timezone

from projects.models import BackEndReport
from projects.models.google import google_setup
from projects.poller.google import Google
from projects.veo.catalog import CATALOG, VERTEX_VEO
from projects.veo.errors import Garbled, NoAnswer, RateLimited, ServerTrouble, VeoError

EVERY = dt.timedelta(hours=1)
"""Between two checks that nobody asked for."""
SOON = dt.timedelta(minutes=1)
"""After a check that taught us nothing."""

_SAYS_NOTHING = (NoAnswer, Garbled, RateLimited, ServerTrouble)
"""After these errors we know no more of the credential than before."""


def check_back_ends(google: Google) -> None:
    """Looks at every configured back end whose time has come; of the others nothing is kept.

    A back end that fails is told in its report, and keeps no other one from being looked at.
    """
    configured = [access.back_end for access in google_setup().all_access() if access.configured]
    BackEndReport.objects.exclude(back_end__in=configured).delete()
    for name in configured:
        if BackEndReport.objects.claim_check(name, EVERY):
            _look_at(google, name)


def _look_at(google: Google, name: str) -> None:
    try:
        offered = set(google.back_end(name).models())
    except VeoError as error:
        accepted = None if isinstance(error, _SAYS_NOTHING) else False
        _report(name, accepted=accepted, sentence=error.message, models_listed=[])
        BackEndReport.objects.failed(name, error.message)
        if accepted is None:
            BackEndReport.objects.filter(back_end=name).update(check_at=timezone.now() + SOON)
        return
    ours = [model.id for model in CATALOG.of(name) if model.id in offered]
    _report(name, accepted=True, sentence=_welcome(name, len(offered), len(ours)), models_listed=ours)


def _report(name: str, **learned: object) -> None:
    BackEndReport.objects.filter(back_end=name).update(checked_at=timezone.now(), **learned)


def _welcome(name: str, offered: int, ours: int) -> str:
    if ours:
        return (
            f"The credential is accepted; {ours} of the {offered} models listed for it can make videos here."
        )
    if name == VERTEX_VEO:
        return "The credential is accepted. Vertex AI may list no Veo models at all: that is not verified."
    return "The credential is accepted, but none of the models that veoweb knows is listed for it."
