"""Writing down what Google says of an operation, whichever way the answer came."""

from pathlib import Path

from django.conf import settings
from django.utils import timezone

from projects.models import Operation
from projects.poller.part import keep_answer
from projects.poller.schedule import next_poll
from projects.veo.catalog import GEMINI_OMNI
from projects.veo.types import Phase, Progress


def write_down(operation: Operation, progress: Progress, *, polls: int = 1) -> None:
    """running → downloading, filtered or failed; or running still. Releases the row.

    `polls` is how many status checks it took: none where the paid request itself answered so.
    """
    answer = dict(progress.raw)
    google_said = "\n".join(progress.reasons)
    match progress.phase:
        case Phase.RUNNING:
            operation.still_running(next_in=_next_check(operation), answer=answer)
        case Phase.SUCCEEDED:
            output = progress.outputs[0]
            if isinstance(output.inline, Path):
                keep_answer(operation, output.inline)
            operation.finished_at_google(output.uri, answer, progress.cost_micros, polls=polls)
        case Phase.FILTERED:
            operation.hold_back(
                "Google's safety filter held this clip back.",
                google_said,
                answer,
                _cost_of_nothing(operation, progress),
            )
        case Phase.FAILED:
            operation.fail(
                "failed",
                "Google reports that the generation failed.",
                progress.error_message,
                answer,
                progress.cost_micros,
            )
        case Phase.EMPTY:
            sentence = "Google reports that it has finished, but sent neither a video nor a reason."
            operation.fail("empty", sentence, google_said, answer, progress.cost_micros)


def _next_check(operation: Operation) -> float:
    assert operation.accepted_at is not None  # noqa: S101
    return next_poll((timezone.now() - operation.accepted_at).total_seconds(), settings.POLL_SECONDS)


def _cost_of_nothing(operation: Operation, progress: Progress) -> int | None:
    """Veo's held-back videos are free by Google's word; of Omni's only the reported usage says anything."""
    if progress.cost_micros is not None or operation.back_end == GEMINI_OMNI:
        return progress.cost_micros
    return 0
