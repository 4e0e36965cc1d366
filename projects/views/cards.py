"""What a card shows beyond its own row, for a whole page of cards in a constant number of queries."""

from collections.abc import Sequence

from django.db.models import prefetch_related_objects

from projects.forms import again_price, new_token, why_no_again, why_no_work
from projects.forms.onward import part_price
from projects.models import Clip, Lineup, Operation, State
from projects.veo.catalog import EDIT, EXTEND, Model
from projects.views.access import CLIP_NEEDS
from projects.views.parts import kinds, parts_of


def dress(clips: Sequence[Clip], lineup: Lineup) -> Sequence[Clip]:
    """Adds to each clip what its card offers.

    `usual` seconds and `queue_place`; price and token of its "Try again", and why there is none; whether it
    can be extended or edited, and why not; the model that makes it where its own is gone; its `several`
    parts, with the price of the one at work; and whether its script makes captions, in which language.
    """
    prefetch_related_objects(
        clips, *CLIP_NEEDS, "source__operations", "source__parts__operations", "source__project"
    )
    usual = Operation.objects.usual_seconds({kind for clip in clips for kind in kinds(clip)})
    queued = any(clip.operation.state == State.QUEUED for clip in clips)
    places = Operation.objects.places_in_line() if queued else {}
    for clip in clips:
        clip.usual = usual.get(clip.kind) if clip.active else None
        clip.queue_place = places.get(clip.pk)
        clip.again_micros = again_price(clip, lineup)
        clip.again_token = new_token()
        clip.why_no_again = why_no_again(clip, lineup)
        clip.why_no_extend = why_no_work(clip, EXTEND, lineup)
        clip.why_no_edit = why_no_work(clip, EDIT, lineup)
        clip.why_no_work = _reasons(clip, lineup)
        clip.replacement = _replacement(clip, lineup)
        clip.several = parts_of(clip, usual)
        clip.part_micros = part_price(clip, lineup)
        clip.captioned = clip.watchable and _speaks(clip)
        clip.language = _language(clip)
    return clips


def _reasons(clip: Clip, lineup: Lineup) -> list[str]:
    """Why a finished clip can go no further, once each; nothing about edits to a model that never edits."""
    if not clip.ready:
        return []
    model = lineup.get(clip.model)
    reasons = [clip.why_no_extend] + ([clip.why_no_edit] if model and model.edit else [])
    return list(dict.fromkeys(filter(None, reasons)))


def _speaks(clip: Clip) -> bool:
    """Whether anything is said in its script, or in that of what it extends."""
    if any(scene.get("line") for part in clip.chain.made for scene in part.scenes):
        return True
    return clip.task == EXTEND and clip.source is not None and _speaks(clip.source)


def _language(clip: Clip) -> str:
    """Of its captions: those of an extension begin with those of what it extends."""
    script = clip.script or (clip.source.script if clip.source else {})
    return str(script.get("language") or "en")


def _replacement(clip: Clip, lineup: Lineup) -> Model | None:
    """The model to make an ended clip with, where its own is gone. Its source stays with its own model."""
    if clip.active or clip.task or clip.status == "unconfirmed":
        return None
    model = lineup.get(clip.model)
    if model is None:
        return lineup.default() if lineup.usable else None
    if lineup.can_be_chosen(model) and clip.operation.reason != "model_retired":
        return None
    successor = lineup.successor(model)
    return successor if successor and lineup.can_be_chosen(successor) else None
