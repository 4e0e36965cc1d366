"""What a person may decide about a clip that exists: one POST each.

The models hold the rules. A clip that a poller, or the same person in another tab, has moved on meanwhile is
answered with a sentence, never with an error page.
"""

import uuid
from collections.abc import Callable, Collection
from functools import wraps

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from projects import figures
from projects.forms import AttachForm, again_parts, again_price, why_no_again
from projects.forms.onward import part_price
from projects.models import Clip, ForbiddenArrow, Lineup, LostLease, Operation, State
from projects.views.access import back, visible_clip
from projects.views.clips import clip_page
from projects.views.parsing import as_uuid

MOVED_ON = "This clip has just moved on; here is how it stands now."

ClipView = Callable[[HttpRequest, Clip], HttpResponse]


def decision(view: ClipView) -> Callable[[HttpRequest, uuid.UUID], HttpResponse]:
    """Looks the clip up for this person. A GET, after a reload or a log-in in between, leads to its page."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapped(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        clip = visible_clip(request, pk)
        return view(request, clip) if request.method == "POST" else redirect(clip)

    return wrapped


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A clip that Google has accepted is given up only after the page has said what that may cost."""
    clip = visible_clip(request, pk)
    operation = clip.operation
    if operation.state not in State.STOPPABLE:
        messages.warning(request, MOVED_ON)
        return redirect(clip)
    if request.method == "POST" and (not operation.remote_ref or request.GET.get("sure")):
        return _act(request, clip, State.STOPPABLE, lambda: operation.cancel(request.user), "Cancelled.")
    if request.method == "POST":
        return redirect("clip_cancel", clip.pk)
    context = {
        "clip": clip,
        "title": "Cancel this clip?",
        "sentences": _what_cancelling_means(clip, operation),
        "action_url": f"{reverse('clip_cancel', args=[clip.pk])}?sure=1",
        "button": "Cancel the clip",
        "danger": True,
    }
    return render(request, "projects/clip_confirm.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    clip = visible_clip(request, pk)
    if not clip.deletable:
        messages.warning(request, "This clip is still in flight. Cancel it or decide on it first.")
        return redirect(clip)
    if request.method == "POST":
        clip.remove()
        messages.success(request, "The clip is deleted.")
        return redirect(clip.project)
    context = {
        "clip": clip,
        "title": "Delete this clip?",
        "sentences": ["Its video is deleted for good." if clip.ready else "It leaves this project."],
        "action_url": reverse("clip_delete", args=[clip.pk]),
        "button": "Delete the clip",
        "danger": True,
    }
    return render(request, "projects/clip_confirm.html", context)


@decision
def again(request: HttpRequest, clip: Clip) -> HttpResponse:
    """A new clip with the same recipe, at the price that stood on the button."""
    lineup = Lineup.now()
    token = as_uuid(request.POST.get("token"))
    if token is None:
        messages.error(request, "That button was incomplete, so nothing was sent. Press it again.")
        return back(request, clip.get_absolute_url())
    if _agreed(request, clip, lineup, again_price(clip, lineup)) is None:
        return back(request, clip.get_absolute_url())
    parts = again_parts(clip, lineup) or []
    recipe = {name: getattr(clip, name) for name in _RECIPE} | {
        "references": clip.reference_pictures,
        "parts": parts,
        # Whoever went on with a part in another way may have changed how long the whole is.
        "duration_seconds": sum(part["seconds"] for part in parts),
    }
    [new, *_] = Clip.objects.ask_for(clip.project, request.user, token, 1, recipe)
    messages.success(request, "Asked for again. You can close this page.")
    return back(request, new.get_absolute_url())


@decision
def fetch(request: HttpRequest, clip: Clip) -> HttpResponse:
    """Brings the next check or download forward, or asks Google again for what was given up."""
    operation = clip.operation
    if operation.held:
        messages.info(request, "We are working on this clip at this moment.")
        return back(request, clip.get_absolute_url())
    if operation.state in (State.CANCELLED, State.EXPIRED):
        states, act = (State.CANCELLED, State.EXPIRED), operation.fetch_after_all
    else:
        states, act = (State.RUNNING, *State.TO_FETCH), operation.try_now
    return _act(request, clip, states, lambda: act(request.user), "We ask Google now.")


@decision
def look(request: HttpRequest, clip: Clip) -> HttpResponse:
    return _act(
        request,
        clip,
        (State.UNCONFIRMED,),
        lambda: clip.operation.look_again(request.user),
        "We look for it at Google now.",
    )


@decision
def attach(request: HttpRequest, clip: Clip) -> HttpResponse:
    form = AttachForm(request.POST, clip=clip)
    if not form.is_valid():
        return clip_page(request, clip, form)
    name = form.cleaned_data["operation_name"]
    try:
        return _act(
            request,
            clip,
            (State.UNCONFIRMED,),
            lambda: clip.operation.attach(name, request.user),
            "Attached. We ask Google for it now.",
        )
    except IntegrityError:
        form.add_error("operation_name", "A clip here has this operation already.")
        return clip_page(request, clip, form)


@decision
def submit_again(request: HttpRequest, clip: Clip) -> HttpResponse:
    lineup = Lineup.now()
    if "agree" not in request.POST:
        messages.error(request, "Nothing was sent. Tick the box if you agree that it may be charged twice.")
        return redirect(clip)
    price = _agreed(request, clip, lineup, part_price(clip, lineup))
    if price is None:
        return redirect(clip)
    return _act(
        request,
        clip,
        (State.UNCONFIRMED,),
        lambda: clip.operation.submit_again(request.user, price),
        "It is sent to Google again.",
    )


@decision
def give_up(request: HttpRequest, clip: Clip) -> HttpResponse:
    return _act(
        request,
        clip,
        (State.UNCONFIRMED,),
        lambda: clip.operation.give_up(request.user),
        "You gave up on this clip.",
    )


_RECIPE = (
    "prompt",
    "negative_prompt",
    "script",
    "model",
    "aspect_ratio",
    "resolution",
    "duration_seconds",
    "seed_picture",
    "last_picture",
    "seed",
    "audio",
    "task",
    "source",
    "shot",
)


def _act(
    request: HttpRequest, clip: Clip, states: Collection[str], act: Callable[[], None], done: str
) -> HttpResponse:
    """Only from those states: an arrow of the same name may also be the poller's from another one."""
    try:
        if clip.operation.state not in states:
            raise ForbiddenArrow(f"not from {clip.operation.state}")
        act()
    except (LostLease, ForbiddenArrow):
        messages.warning(request, MOVED_ON)
    else:
        messages.success(request, done)
    return back(request, clip.get_absolute_url())


def _agreed(request: HttpRequest, clip: Clip, lineup: Lineup, price: int | None) -> int | None:
    """The price, if it is the one that the person saw; else None, and a message that says why not."""
    if price is None:
        gone = f"{clip.model_label} cannot be ordered any more. Reuse the settings with another model."
        messages.error(request, why_no_again(clip, lineup) or gone)
    elif request.POST.get("price_micros") != str(price):
        messages.warning(request, f"The price is now {figures.usd(price)}. Press again if you agree.")
        return None
    return price


def _what_cancelling_means(clip: Clip, operation: Operation) -> list[str]:
    return [*_its_cost(clip, operation), *_its_parts(clip, operation)]


def _its_cost(clip: Clip, operation: Operation) -> list[str]:
    if not operation.remote_ref:
        return ["It was not sent to Google yet, so nothing is charged."]
    if clip.simulated:
        return ["It is simulated, so nothing is charged."]
    price = figures.usd(operation.part.price_micros)
    return [
        f"Google has accepted it. Cancelling here does not stop Google: it may still charge {price}.",
        "You can fetch it after all while Google keeps it, for about two days.",
    ]


def _its_parts(clip: Clip, operation: Operation) -> list[str]:
    """What a cancelled part means for the rest of a long clip."""
    chain, number = clip.chain, operation.part.number
    if not chain.long:
        return []
    sentences = [f"Part {number} of {len(chain.parts)} is at work; no part after it is begun."]
    if chain.made:
        sentences.append("What is made stays: you can watch it, keep it, or go on with it later.")
    return sentences
