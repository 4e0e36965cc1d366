"""What decides whether pieces can be joined without re-encoding: read from their packets. For the child.

Nothing is decoded here. A second of 720p takes about two milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from projects.montage.errors import named
from projects.montage.reel import Piece
from projects.video import VideoError, count_packets, opened, video_stream

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

LONGEST_HOLE = Fraction(1, 10)
"""Seconds of sound that may be missing at either end of a copied piece; a longer hole needs silence."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One piece's packets. `begin` and `end` are the frames that are kept, in the order they are shown;
    `trouble` says why they cannot be copied as they are, "" if they can."""

    piece: Piece
    """With the facts as they were found."""
    alike: Mapping[str, object]
    """What must be the same in all pieces, under the name that sentences use."""
    sound: bool
    trouble: str
    begin: int = 0
    end: int = 0
    zero: int = 0
    """Time of the first frame, in the video stream's time base."""
    tick: int = 1
    """Length of a frame, in the same."""
    frame_seconds: Fraction
    delay: int = 0
    """How many frames a frame is shown after it is stored, at most."""
    audio_frame: int = 1024
    """Samples in a packet of sound."""

    @property
    def frames(self) -> int:
        return self.end - self.begin


@dataclass(frozen=True, kw_only=True)
class _Packet:
    pts: int
    key: bool
    hidden: bool


def scan(piece: Piece) -> Scan:
    """Read the piece to its end. Raises MontageError when it is missing, no MP4, cut off or damaged."""
    with named(piece.name), opened(piece.path) as container:
        video = video_stream(container)
        audio = container.streams.audio[0] if container.streams.audio else None
        pictures, sounds = _packets(container, video, audio)
        if not pictures:
            raise VideoError("The file holds no pictures.")
        if len(pictures) < video.frames:
            _check_without_edit_list(piece)
        alike = _of_pictures(video) | (_of_sound(audio) if audio else {})
        found = _order(piece, video, pictures)
        length = Fraction(found.tick) * (video.time_base or 0)
        trouble = found.trouble
        if audio and not trouble:
            trouble = _trouble_of_sound(audio, sounds, found, length)
        rate = float(video.average_rate or 0)
    return Scan(
        piece=replace(
            piece,
            width=video.codec_context.width,
            height=video.codec_context.height,
            fps=round(rate, 3),
            frames=len(pictures),
            seconds=len(pictures) / rate if rate else 0,
        ),
        alike=alike | {"frame rate": length},
        sound=audio is not None,
        trouble=trouble and f"“{piece.name}” {trouble}.",
        begin=found.begin,
        end=found.end,
        zero=found.zero,
        tick=found.tick,
        frame_seconds=length,
        delay=found.delay,
        audio_frame=_step(sounds),
    )


def _check_without_edit_list(piece: Piece) -> None:
    """What an edit list leaves out seems to be missing; this tells whether it is."""
    with opened(piece.path, ignore_editlist="1") as container:
        count_packets(container, video_stream(container))


def _packets(
    container: "InputContainer", video: "VideoStream", audio: "AudioStream | None"
) -> tuple[list[_Packet], list[int]]:
    pictures, sounds = [], []
    for packet in container.demux(*(each for each in (video, audio) if each)):
        if packet.is_corrupt:
            raise VideoError("The file is cut off or damaged.")
        if packet.size == 0 or packet.pts is None:
            continue
        if packet.stream_index == video.index:
            pictures.append(_Packet(pts=packet.pts, key=packet.is_keyframe, hidden=packet.is_discard))
        else:
            sounds.append(packet.pts)
    return pictures, sounds


def _of_pictures(video: "VideoStream") -> dict[str, object]:
    context = video.codec_context
    return {
        "codec": context.codec.canonical_name,
        "size": (context.width, context.height, context.sample_aspect_ratio),
        "pixel format": context.pix_fmt,
        "time scale": video.time_base,
        "encoder settings": context.extradata,
    }


def _of_sound(audio: "AudioStream") -> dict[str, object]:
    context = audio.codec_context
    return {
        "sound codec": context.codec.canonical_name,
        "sample rate": context.sample_rate,
        "number of channels": context.layout.name,
        "sound encoder settings": context.extradata,
    }


def _step(times: list[int]) -> int:
    """How far apart these times are; 0 where that is not the same everywhere."""
    steps = {later - earlier for earlier, later in pairwise(times)}
    return steps.pop() if len(steps) == 1 else 0


def _trouble_of_sound(audio: "AudioStream", times: list[int], pictures: "_Found", length: Fraction) -> str:
    rate = audio.codec_context.sample_rate
    step = _step(times)
    if audio.codec_context.codec.canonical_name != "aac" or not step or audio.time_base != Fraction(1, rate):
        return "has sound that is not plain AAC"
    zero = pictures.zero // pictures.tick
    begin, end = ((zero + frame) * length for frame in (pictures.begin, pictures.end))
    missing = max(Fraction(times[0], rate) - begin, end - Fraction(times[-1] + step, rate))
    return "has less sound than pictures" if missing > LONGEST_HOLE else ""


@dataclass(frozen=True, kw_only=True)
class _Found:
    trouble: str = ""
    begin: int = 0
    end: int = 0
    zero: int = 0
    tick: int = 1
    delay: int = 0


def _order(piece: Piece, video: "VideoStream", packets: list[_Packet]) -> _Found:
    rate = Fraction(video.average_rate or 0)
    tick = 1 / rate / video.time_base if rate and video.time_base else Fraction(0)
    shown = sorted(packet.pts for packet in packets)
    step = int(tick) if tick.denominator == 1 else 0
    even = step > 0 and shown == list(range(shown[0], shown[0] + len(shown) * step, step))
    if not even or any(packet.hidden for packet in packets):
        return _Found(trouble="has frames that do not follow each other evenly")
    places = [(packet.pts - shown[0]) // step for packet in packets]
    begin = round(piece.start * rate)
    end = len(places) if piece.end is None else min(len(places), round(piece.end * rate))
    found = _Found(
        begin=begin,
        end=end,
        zero=shown[0],
        tick=step,
        delay=max(stored - place for stored, place in enumerate(places)),
    )
    kept = [stored for stored, place in enumerate(places) if begin <= place < end]
    if not kept or kept[-1] - kept[0] + 1 != len(kept) or places[kept[0]] != begin:
        return _Found(trouble="cannot be cut there without re-encoding")
    if not packets[kept[0]].key:
        return _Found(trouble="does not begin at a key frame")
    return found
