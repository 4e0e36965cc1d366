"""One pass from the pieces' files to the film's: decode, frame, mix, encode. For the child.

Memory does not grow with the film: pictures and sound come one after the other and go when they are encoded.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from projects.montage import loudness, mixing, sound
from projects.montage.chapters import chapters
from projects.montage.framing import BT709
from projects.montage.pictures import pictures
from projects.montage.reel import Reel
from projects.montage.scan import Scan
from projects.montage.timeline import Span, rate, timeline

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream

PRESET = "veryfast"
QUALITY = "18"
"""x264's constant rate factor: hardly to be told from the clip."""
KEY_SECONDS = 2
MOST_THREADS = 8
"""Of the encoder: each holds frames of its own."""
SOUND_BITS = 192_000

_LIMITED_RANGE = 1
_LISTENING = 0.05
"""Share of the work that measuring loudness is."""


def render(reel: Reel, found: Sequence[Scan], target: Path, progress: Callable[[float], None]) -> int:
    """Write the film to `target` and return its number of frames, which is the timeline's.

    Without any sound in the pieces and without a track the film has none either. Raises MontageError when a
    piece or the track cannot be read.
    """
    import av

    if reel.track:
        mixing.check(reel.track)
    spans, fps = timeline(reel), rate(reel.fps)
    gains = _gains(reel, found, spans, progress)
    total = spans[-1].end_frame
    with av.open(
        f"file:{target}", "w", format="mp4", container_options={"movflags": "+faststart"}
    ) as container:
        picture = _picture_stream(container, reel, fps)
        heard = _Heard(reel, gains, spans, fps) if reel.track or any(each.sound for each in found) else None
        voice = _sound_stream(container) if heard else None
        starts = [span.start_frame / fps for span in spans if span.piece is not None]
        container.set_chapters(chapters(reel.chapters, starts, total / fps))
        for number, frame in enumerate(pictures(reel, spans), 1):
            container.mux(picture.encode(frame))
            if heard and voice:
                for samples in heard.until(number):
                    container.mux(voice.encode(samples))
            progress(_LISTENING + (1 - _LISTENING) * number / total)
        for stream in (picture, voice):
            if stream:
                container.mux(stream.encode(None))
    return total


class _Heard:
    """The film's sound, given out as far as the pictures are."""

    def __init__(self, reel: Reel, gains: Sequence[float], spans: Sequence[Span], fps: Fraction) -> None:
        self._fps = fps
        total = sound.sample_at(spans[-1].end_frame, fps)
        self._frames = mixing.mixed(reel, sound.film(reel.pieces, gains, spans, fps), total)
        self._done = 0

    def until(self, picture: int) -> "Iterator[AudioFrame]":
        while self._done < sound.sample_at(picture, self._fps):
            frame = next(self._frames)
            self._done += frame.samples
            yield frame


def _gains(
    reel: Reel, found: Sequence[Scan], spans: Sequence[Span], progress: Callable[[float], None]
) -> list[float]:
    """How many times as loud each piece has to be."""
    gains = [1.0] * len(reel.pieces)
    for span in spans:
        if span.piece is not None and reel.even_loudness and found[span.piece].sound:
            measured = loudness.measure(
                reel.pieces[span.piece], span.source_start, span.source_end - span.source_start
            )
            gains[span.piece] = loudness.gain(measured)
            progress(_LISTENING * (span.piece + 1) / len(gains))
    return gains


def _picture_stream(container: "OutputContainer", reel: Reel, fps: Fraction) -> "VideoStream":
    stream = container.add_stream("libx264", rate=fps)
    stream.width, stream.height = reel.width, reel.height
    stream.pix_fmt = "yuv420p"
    stream.options = {"preset": PRESET, "crf": QUALITY}
    codec = stream.codec_context
    codec.time_base = 1 / fps
    codec.gop_size = round(fps * KEY_SECONDS)
    codec.thread_count = min(MOST_THREADS, os.cpu_count() or 1)
    codec.colorspace = codec.color_primaries = codec.color_trc = BT709
    codec.color_range = _LIMITED_RANGE
    return stream


def _sound_stream(container: "OutputContainer") -> "AudioStream":
    stream = container.add_stream("aac", rate=sound.RATE, layout="stereo")
    stream.bit_rate = SOUND_BITS
    return stream
