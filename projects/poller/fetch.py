"""One step: bring the finished video home. Apart from generation, and repeated until Google deletes it."""

import datetime as dt
from pathlib import Path

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from projects.models import LostLease, Operation, State
from projects.montage import MontageError
from projects.poller.failpoints import failpoint
from projects.poller.follow import SILENCE
from projects.poller.google import Google
from projects.poller.leases import Hold
from projects.poller.part import PartFile, answer_file, keep_answer
from projects.poller.publish import publish
from projects.poller.schedule import backoff
from projects.poller.whole import Whole, joined
from projects.veo.client import BackEnd
from projects.veo.errors import ApiError, BadDownload, Garbled, NoAnswer, VeoError
from projects.veo.types import Output
from projects.video import VideoError, inspect

MOST_BYTES = 2**30
GONE = "Google no longer has this video; it keeps them for 48 hours."
GONE_FROM_BUCKET = "This video can no longer be fetched from your bucket in Cloud Storage."


class PutDown(Exception):
    """The poller was asked to stop; what has arrived stays for the next holder."""


def fetch(operation: Operation, google: Google, hold: Hold) -> None:
    """downloading → verifying → succeeded; or downloading still, or expired."""
    if operation.state == State.VERIFYING:
        operation.download_again(
            next_in=0, reason="", sentence="The check of the file was cut off; starting it again"
        )
        return
    if timezone.now() > _gone_at(operation) + SILENCE:
        operation.expire("expired", _gone_sentence(operation), operation.google_text)
        return
    try:
        back_end = google.back_end(operation.back_end)
        output = _output_of(operation, back_end)
        _learn_file(operation, back_end, output)
        with PartFile(operation) as part:
            try:
                _download(back_end, output, part, hold)
            except BadDownload:
                part.discard()
                answer_file(operation).unlink(missing_ok=True)
                raise
            operation.downloaded()
            failpoint("downloaded")
            _verify_andpublish(operation, part)
    except PutDown:
        operation.put_back()
    except VeoError as error:
        _not_this_time(operation, error)
    except OSError as error:
        _cannot_save(operation, error)


def _output_of(operation: Operation, back_end: BackEnd) -> Output:
    """Where the video is: in a file of ours that came with an answer, at an address, or in another answer."""
    if operation.output_uri:
        return Output(uri=operation.output_uri)
    kept = answer_file(operation)
    if kept.exists():
        return Output(inline=kept)
    outputs = back_end.poll(operation.remote_ref).outputs
    if not outputs:
        raise Garbled("garbled", "Google said that the clip was finished, and now shows no video.")
    if isinstance(outputs[0].inline, Path):
        keep_answer(operation, outputs[0].inline)
        return Output(inline=kept)
    return outputs[0]


def _learn_file(operation: Operation, back_end: BackEnd, output: Output) -> None:
    """Best effort: the download says whether the file is there. Raises only that it is not ready yet."""
    if operation.file_record:
        return
    try:
        record = back_end.file_info(output)
    except VeoError as error:
        if error.code == "not_ready":
            raise
        return
    if record is None:
        return
    try:
        expires_at = parse_datetime(record.expires_at)
    except ValueError:
        expires_at = None
    if expires_at is not None and timezone.is_naive(expires_at):
        expires_at = expires_at.replace(tzinfo=dt.UTC)
    operation.learn_file(dict(record.raw), expires_at)


def _download(back_end: BackEnd, output: Output, part: PartFile, hold: Hold) -> None:
    """Streams into the part file in constant memory, resuming where an earlier try was cut off."""
    with back_end.open_output(output, offset=part.have, etag=part.etag) as download:
        if download.start != part.have:
            part.restart()
        if download.start > part.have:
            raise BadDownload("bad_range", "Google sent another part of the video than the one asked for.")
        part.expect(etag=download.etag, length=download.length)
        for chunk in download.chunks:
            if hold.lost.is_set():
                raise LostLease("the download took longer than the lease")
            if hold.stopping.is_set():
                raise PutDown
            if part.have + len(chunk) > MOST_BYTES:
                part.restart()
                raise BadDownload("too_large", "The download is larger than 1 GiB; no clip is.")
            part.write(chunk)
            failpoint("mid_download")
    if part.length is not None and part.have != part.length:
        raise NoAnswer("cut_off", f"The download ended after {part.have:,} of {part.length:,} bytes.")
    part.complete()


def _verify_andpublish(operation: Operation, part: PartFile) -> None:
    try:
        info = inspect(part.path, poster=part.poster)
    except VideoError as error:
        part.discard()
        answer_file(operation).unlink(missing_ok=True)
        operation.download_again(
            next_in=backoff(operation.tries, first=5, longest=300),
            reason="bad_file",
            sentence=f"What Google sent is not a playable video: {error}",
        )
        return
    failpoint("verified")
    stem = f"clips/{operation.pk}/{part.sha256[:16]}"
    file = publish(part.path, f"{stem}.mp4")
    own = Whole(file, publish(part.poster, f"{stem}.jpg"), part.sha256, part.have, info)
    failpoint("published")
    try:
        whole, trouble = joined(operation, own), ""
    except MontageError as error:
        whole, trouble = None, f"Part {operation.part.number} is saved, but could not be joined: {error}"
    operation.succeed(
        file, part.sha256, info.duration_seconds, whole.shown() if whole else {}, trouble=trouble
    )
    part.discard()
    answer_file(operation).unlink(missing_ok=True)
    failpoint("ready_saved")


def _not_this_time(operation: Operation, error: VeoError) -> None:
    answered = isinstance(error, (ApiError, BadDownload, Garbled))
    gone = error.code == "file_gone" if _in_bucket(operation) else answered
    if gone and timezone.now() > _gone_at(operation):
        operation.expire("expired", _gone_sentence(operation), error.detail or error.message)
        return
    operation.meet_trouble(
        next_in=backoff(operation.tries, first=5, longest=300),
        reason=error.code,
        sentence=error.message,
        google_text=error.detail,
    )


def _cannot_save(operation: Operation, error: OSError) -> None:
    sentence = f"The clip is ready at Google but could not be saved here: {error.strerror or error}."
    wait = backoff(operation.tries, first=5, longest=120)
    if operation.state == State.VERIFYING:
        operation.download_again(next_in=wait, reason="disk", sentence=sentence)
    else:
        operation.meet_trouble(next_in=wait, reason="disk", sentence=sentence)


def _in_bucket(operation: Operation) -> bool:
    """A bucket of one's own keeps what is in it."""
    return operation.output_uri.startswith("gs://")


def _gone_sentence(operation: Operation) -> str:
    return GONE_FROM_BUCKET if _in_bucket(operation) else GONE


def _gone_at(operation: Operation) -> dt.datetime:
    assert operation.expires_at is not None  # noqa: S101
    return operation.expires_at
