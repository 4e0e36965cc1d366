"""Clips of several parts: what a person decides between them.

Nothing that is made is ever given up by a decision, and nothing is paid without its price on the button.
"""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from projects import figures
from projects.forms.onward import OnwardForm
from projects.models import Clip, ForbiddenArrow, Lineup, LostLease
from projects.views.access import back, visible_clip
from projects.views.cards import dress
from projects.views.decisions import MOVED_ON, decision


@decision
def stop(request: HttpRequest, clip: Clip) -> HttpResponse:
    """Begins no further part; the one at work is finished, and paid."""
    part = clip.operation.part
    try:
        clip.chain.stop(request.user)
    except (LostLease, ForbiddenArrow):
        messages.warning(request, MOVED_ON)
    else:
        paid = "is simulated" if clip.simulated else f"costs about {figures.usd(part.price_micros)}"
        messages.success(
            request,
            f"No further part will be begun. Part {part.number} is still finished and {paid}; "
            "the parts after it cost nothing.",
        )
    return back(request, clip.get_absolute_url())


@decision
def keep(request: HttpRequest, clip: Clip) -> HttpResponse:
    """The parts that are there become the finished clip. Nothing is paid."""
    try:
        clip.chain.keep(request.user)
    except (LostLease, ForbiddenArrow):
        messages.warning(request, MOVED_ON)
    else:
        messages.success(request, "What is there is the clip now. You can still go on with it later.")
    return back(request, clip.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
def go_on(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page of the next missing part, and its order. A page that was sent already is not sent again."""
    clip = visible_clip(request, pk)
    data = request.POST if request.method == "POST" else None
    lineup = Lineup.now()
    form = OnwardForm(data, clip=clip, lineup=lineup) if clip.chain.unfinished else None
    if form is None or form.stale:
        if data is not None:
            messages.warning(request, MOVED_ON)
        return redirect(clip)
    if form.is_bound and form.is_valid():
        return _ask(request, clip, form)
    dress([clip], lineup)
    context = {"clip": clip, "form": form, "ways": form.ways, "part": form.next}
    return render(request, "projects/clip_go_on.html", context, status=422 if form.is_bound else 200)


def _ask(request: HttpRequest, clip: Clip, form: OnwardForm) -> HttpResponse:
    try:
        clip.chain.go_on(request.user, form.parts())
    except (LostLease, ForbiddenArrow):
        messages.warning(request, MOVED_ON)
    else:
        messages.success(request, f"Part {form.next.number} is asked for. You can close this page.")
    return redirect(clip)
