"""How veoweb and Google get along: a page for staff, made of settings and of what the pollers wrote down."""

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from projects.models import BackEndReport, PollerHeartbeat
from projects.models.lineup import Lineup
from projects.veo.catalog import BACK_ENDS, GEMINI_OMNI, VERTEX_VEO, Model
from projects.veo.setup import Access

_UNKNOWN = BackEndReport()


@dataclass(frozen=True)
class Chip:
    """A state in a word, with the icon and the colour of the clip status that means as much."""

    tone: str
    words: str


@dataclass(frozen=True)
class Row:
    """One model. `remark` says why it cannot be chosen or when it ends, "" where all is well."""

    model: Model
    chip: Chip
    remark: str
    edit_url: str


@dataclass(frozen=True)
class Card:
    name: str
    chip: Chip
    sentence: str
    facts: list[tuple[str, str]]
    rows: list[Row]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest) -> HttpResponse:
    """Nothing is asked of Google here (promise P6): the button leaves a wish, which a poller fulfils."""
    if not request.user.is_staff:
        raise Http404
    if request.method == "POST":
        _ask_for_a_check(request)
        return redirect("google_status")
    lineup = Lineup.now()
    reports = {report.back_end: report for report in BackEndReport.objects.all()}
    may_edit = request.user.has_perm("projects.change_modeloverride")
    cards = [
        _card(access, reports.get(access.back_end, _UNKNOWN), lineup, may_edit)
        for access in lineup.setup.all_access()
    ]
    return render(request, "projects/google.html", {"cards": cards})


def _ask_for_a_check(request: HttpRequest) -> None:
    BackEndReport.objects.want_check()
    if PollerHeartbeat.objects.alive().exists():
        messages.info(request, "A poller asks Google now. Open this page again in some seconds.")
    else:
        messages.warning(request, "Nobody can ask Google: no poller is running. The next one will.")


def _card(access: Access, report: BackEndReport, lineup: Lineup, may_edit: bool) -> Card:
    return Card(
        name=BACK_ENDS[access.back_end],
        chip=_chip(access, report),
        sentence=report.sentence if access.configured else f"To use it, veoweb needs {access.missing}.",
        facts=[(label, value) for label, value in _facts(access, report, lineup) if value],
        rows=[_row(model, access, report, lineup, may_edit) for model in lineup.catalog.of(access.back_end)],
    )


def _chip(access: Access, report: BackEndReport) -> Chip:
    if not access.configured:
        return Chip("cancelled", "Not set up")
    if report.checked_at is None:
        return Chip("queued", "Not checked yet")
    if report.accepted is None:
        return Chip("unconfirmed", "Not known")
    return Chip("ready", "Accepted") if report.accepted else Chip("failed", "Refused")


def _facts(access: Access, report: BackEndReport, lineup: Lineup) -> list[tuple[str, str]]:
    if not access.configured:
        return []
    return [
        ("Credential", access.source),
        ("Key style", _key_style(access, lineup)),
        ("Address", _address(access)),
        ("Project", access.project),
        ("Region", access.location),
        ("Checked", _moment(report.checked_at) + _due(report)),
        ("Last success", _moment(report.last_success_at) or "none yet"),
        ("Last error", _last_error(report)),
        ("Background", _background(report) if access.back_end == GEMINI_OMNI else ""),
    ]


def _key_style(access: Access, lineup: Lineup) -> str:
    if access.source != "GEMINI_API_KEY" or lineup.setup.key_style != "bearer":
        return ""
    warning = " Google refuses that; set VEOWEB_GEMINI_KEY_STYLE=header." if access.own else ""
    return f"Sent as Authorization: Bearer.{warning}"


def _address(access: Access) -> str:
    """Without a user name or password that somebody wrote into it."""
    parts = urlsplit(access.base_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _due(report: BackEndReport) -> str:
    """Beside the last check, that the next one is wanted already."""
    if report.pk and report.checked_at and report.check_at <= timezone.now():
        return "; the next one is due"
    return ""


def _last_error(report: BackEndReport) -> str:
    return f"{_moment(report.last_error_at)}: {report.last_error}" if report.last_error_at else ""


def _background(report: BackEndReport) -> str:
    if not settings.OMNI_BACKGROUND:
        return "Not used: VEOWEB_OMNI_BACKGROUND is off."
    if report.background_ok is None:
        return "Not tried yet. The poller tries it before its first clip."
    if report.background_ok:
        return "Used: this key can read what works in the background."
    return f"Not used: {report.background_sentence}"


def _row(model: Model, access: Access, report: BackEndReport, lineup: Lineup, may_edit: bool) -> Row:
    return Row(
        model=model,
        chip=_state(model, access, report, lineup),
        remark=lineup.why_not(model) or lineup.retirement(model),
        edit_url=_edit_url(model, lineup) if may_edit else "",
    )


def _state(model: Model, access: Access, report: BackEndReport, lineup: Lineup) -> Chip:
    if lineup.why_not(model):
        return Chip("cancelled", "Cannot be chosen")
    # An empty list of Vertex AI says nothing: that it lists Veo at all is not verified.
    unknown = access.back_end == VERTEX_VEO and not report.models_listed
    if unknown or not report.accepted:
        return Chip("queued", "Can be chosen")
    if model.id in report.models_listed:
        return Chip("ready", "Listed by Google" if access.own else "Listed there")
    return Chip("unconfirmed", "Not listed")


def _edit_url(model: Model, lineup: Lineup) -> str:
    """The row with our own price and switch, or the form that makes one."""
    if model.id in lineup.overrides:
        return reverse("admin:projects_modeloverride_change", args=[model.id])
    return f"{reverse('admin:projects_modeloverride_add')}?{urlencode({'model': model.id})}"


def _moment(moment: dt.datetime | None) -> str:
    return date_format(timezone.localtime(moment), "j F Y, H:i") if moment else ""
