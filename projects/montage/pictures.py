"""The film's pictures, one after another: decoded, put into its frame, blended where pieces overlap.

However long the film is, two decoders and a few frames are in memory.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from PIL import Image

from projects.montage import title
from projects.montage.errors import MontageError, named
from projects.montage.framing import Frame
from projects.montage.reel import Piece, Reel
from projects.montage.timeline import Span, rate
from projects.video import opened, video_stream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.plane import VideoPlane
    from av.video.stream import VideoStream

_SLACK = Fraction(1, 500)
"""Seconds by which the clocks of files are off; less than a frame at any rate that is in use."""


def pictures(reel: Reel, spans: Sequence[Span]) -> "Iterator[VideoFrame]":
    """Every frame of the film, exactly as many as the timeline says, with its number as its time.

    Raises MontageError when a piece cannot be decoded.
    """
    from av.video.frame import PictureType

    number = 0
    before: Iterator[VideoFrame] = iter(())
    for span, following in zip(spans, [*spans[1:], None], strict=True):
        frames = _frames(reel, span)
        alone = span.frames - span.crossfade_frames - (following.crossfade_frames if following else 0)
        for place in range(span.crossfade_frames + alone):
            frame = next(frames)
            if place < span.crossfade_frames:
                frame = blend(next(before), frame, (place + 1) / (span.crossfade_frames + 1))
            frame.pts, frame.time_base = number, 1 / rate(reel.fps)
            # Every piece begins with a key frame, so that chapters are jumped to at once. The others are the
            # encoder's to choose: a decoded frame still says what it was in its own file.
            frame.pict_type = PictureType.NONE if place else PictureType.I
            yield frame
            number += 1
        before = frames


def _frames(reel: Reel, span: Span) -> "Iterator[VideoFrame]":
    if span.piece is None:
        assert reel.title  # noqa: S101 - only a title has a span without a piece
        return title.frames(reel.title.text, (reel.width, reel.height), span.frames, reel.fps)
    return _of_piece(reel, reel.pieces[span.piece], span)


def _of_piece(reel: Reel, piece: Piece, span: Span) -> "Iterator[VideoFrame]":
    """What is seen of the piece at each of the film's frames: some twice or left out if its rate differs."""
    with named(piece.name), opened(piece.path) as container:
        stream = video_stream(container)
        frame = Frame(reel, stream.codec_context.sample_aspect_ratio)
        decoded = _decoded(container, stream, span.source_start)
        upcoming = next(decoded, None)
        if upcoming is None:
            raise MontageError(f"“{piece.name}” is damaged: none of its pictures can be decoded.")
        current, filled = upcoming, None
        for number in range(span.frames):
            now = Fraction(span.source_start) + number / rate(reel.fps) + _SLACK
            while upcoming is not None and (_time(stream, upcoming) <= now):
                current, filled = upcoming, None
                upcoming = next(decoded, None)
            filled = filled or frame.filled(current)
            yield filled


def _time(stream: "VideoStream", frame: "VideoFrame") -> Fraction:
    """Seconds since the first picture."""
    return ((frame.pts or 0) - (stream.start_time or 0)) * (stream.time_base or Fraction(0))


def _decoded(container: "InputContainer", stream: "VideoStream", start: float) -> "Iterator[VideoFrame]":
    """From the key frame at or before `start` seconds on."""
    if start and stream.time_base:
        container.seek((stream.start_time or 0) + int(start / stream.time_base), stream=stream)
    return container.decode(stream)


def blend(first: "VideoFrame", second: "VideoFrame", share: float) -> "VideoFrame":
    """A frame that is `share` the second and for the rest the first. Both are yuv420p of the same size."""
    from av.video.frame import VideoFrame

    mixed = VideoFrame(first.width, first.height, "yuv420p")
    for plane, one, other in zip(mixed.planes, first.planes, second.planes, strict=True):
        picture = Image.blend(_levels(one), _levels(other), share)
        rows = Image.new("L", (plane.line_size, plane.height))
        rows.paste(picture)
        plane.update(rows.tobytes())
    return mixed


def _levels(plane: "VideoPlane") -> Image.Image:
    size = (plane.width, plane.height)
    return Image.frombuffer("L", size, bytes(plane), "raw", "L", plane.line_size, 1)
