"""What a card shows beyond its own row, for a whole page of cards in a constant number of queries."""

from collections.abc import Sequence

from django.db.models import prefetch_related_objects

from projects.forms import new_token, price_now
from projects.models import Clip, Operation, State


def dress(clips: Sequence[Clip]) -> Sequence[Clip]:
    """Adds to each clip: `usual` seconds, `queue_place`, and price and token of its "Try again"."""
    prefetch_related_objects(clips, "operations__submissions")
    usual = Operation.objects.usual_seconds({clip.kind for clip in clips if clip.active})
    queued = any(clip.operation.state == State.QUEUED for clip in clips)
    places = Operation.objects.places_in_line() if queued else {}
    for clip in clips:
        clip.usual = usual.get(clip.kind) if clip.active else None
        clip.queue_place = places.get(clip.pk)
        clip.again_micros = price_now(clip.model, clip.resolution, clip.duration_seconds)
        clip.again_token = new_token()
    return clips
