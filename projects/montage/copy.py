"""Joining pieces without re-encoding: their packets with new times, about as fast as a file is copied.

    picture   frame n of the film is shown at n / rate, whatever the pieces' own clocks say
    sound     packets of 1024 samples, one after another; at each cut the picture sets the time again, so that
              sound is never more than half a packet (11 ms) off its picture, after 100 cuts as after one

What a sound encoder writes before time 0 ("priming") is left out: it would stand in the piece before.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from projects.montage.chapters import chapters
from projects.montage.errors import named
from projects.montage.reel import Piece, Reel
from projects.montage.scan import Scan, scan
from projects.video import opened, video_stream

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream


def obstacle(reel: Reel) -> str:
    """One sentence why the reel, by its own facts, cannot be joined without re-encoding; "" if it can."""
    if reel.title:
        return "The title card has to be drawn."
    if reel.track:
        return "The sound track has to be mixed in."
    for number, piece in enumerate(reel.pieces):
        if number and piece.crossfade:
            return f"“{piece.name}” is faded in over the piece before it."
        if (piece.width, piece.height) != (reel.width, reel.height):
            return f"“{piece.name}” is {_size(piece)} pixels, the film {_size(reel)}."
        if abs(piece.fps - reel.fps) > 0.001:
            return f"“{piece.name}” has {piece.fps:g} frames a second, the film {reel.fps:g}."
    return "The loudness is to be evened out." if reel.even_loudness else ""


def _size(of: Piece | Reel) -> str:
    return f"{of.width} × {of.height}"


def scans(reel: Reel) -> list[Scan]:
    """Read every piece. Raises MontageError for the first that is missing or damaged."""
    return [scan(piece) for piece in reel.pieces]


def difference(found: Sequence[Scan]) -> str:
    """One sentence why these pieces' packets cannot stand in one file; "" if they can."""
    first = found[0]
    for each in found:
        name = each.piece.name
        if each.trouble:
            return each.trouble
        if each.sound != first.sound:
            silent = name if first.sound else first.piece.name
            return f"“{silent}” has no sound, and others have."
        for what, value in first.alike.items():
            if each.alike[what] != value:
                return f"“{name}” differs from “{first.piece.name}” in its {what}."
    return ""


def copy(found: Sequence[Scan], target: Path, names: Sequence[str], progress: Callable[[float], None]) -> int:
    """Write the film to `target`, with `names` as its chapters, and return its number of frames.

    The pieces must be such that `difference` returns "".
    """
    import av

    total = sum(each.frames for each in found)
    joint = _Joint(found)
    starts = [sum(each.frames for each in found[:n]) * joint.frame_seconds for n in range(len(found))]
    options = {"movflags": "+faststart"}
    with (
        av.open(f"file:{target}", "w", format="mp4", container_options=options) as film,
        ExitStack() as template,
    ):
        streams = _streams(film, found[0], template)
        film.set_chapters(chapters(names, starts, total * joint.frame_seconds))
        for each in found:
            for packet in joint.packets(each):
                packet.stream = streams[packet.stream.type]
                film.mux(packet)
            progress(joint.shown / total)
    return total


def _streams(film: "OutputContainer", first: Scan, template: ExitStack) -> dict[str, "Stream"]:
    container = template.enter_context(opened(first.piece.path))
    streams: dict[str, Any] = {"video": film.add_stream_from_template(video_stream(container))}
    if first.sound:
        streams["audio"] = film.add_stream_from_template(container.streams.audio[0])
    return streams


@dataclass(frozen=True)
class _Place:
    """Where a piece's sound comes from and goes to, in samples, and how many a packet has."""

    begin: int
    """Of what is kept, in the piece."""
    start: int
    end: int
    """Of the same, in the film."""
    packet: int


class _Joint:
    """Where in the film the next packets stand."""

    def __init__(self, found: Sequence[Scan]) -> None:
        self.frame_seconds = found[0].frame_seconds
        self.shown = 0
        """Frames of the pieces that are done."""
        self._stored = 0
        """Video packets that are done."""
        self._heard = 0
        """Samples that are done: where the sound that is written ends."""
        self._delay = max(each.delay for each in found)
        """All pieces are shown as late after they are stored as the one that needs it most."""

    def packets(self, piece: Scan) -> "Iterator[Packet[Any]]":
        # What is in the streams is known from the scan; looking again would be most of the work.
        with named(piece.piece.name), opened(piece.piece.path, probesize="32") as container:
            video, audio = video_stream(container), container.streams.audio[:1]
            place = self._place(piece, video, audio[0]) if audio else None
            for packet in container.demux(video, *audio):
                if packet.size == 0 or packet.pts is None:
                    continue
                if packet.stream_index == video.index:
                    wanted = self._retime_picture(packet, piece)
                else:
                    wanted = place is not None and self._retime_sound(packet, place)
                if wanted:
                    yield packet
        self.shown += piece.frames

    def _place(self, piece: Scan, video: "VideoStream", audio: "AudioStream") -> "_Place":
        length, rate = self.frame_seconds, audio.codec_context.sample_rate
        zero = piece.zero * (video.time_base or Fraction(0))
        return _Place(
            begin=round((zero + piece.begin * length) * rate),
            start=round(self.shown * length * rate),
            end=round((self.shown + piece.frames) * length * rate),
            packet=piece.audio_frame,
        )

    def _retime_picture(self, packet: "Packet[Any]", piece: Scan) -> bool:
        place = ((packet.pts or 0) - piece.zero) // piece.tick
        if not piece.begin <= place < piece.end:
            return False
        packet.pts = (self.shown + place - piece.begin) * piece.tick
        packet.dts = (self._stored - self._delay) * piece.tick
        packet.duration = piece.tick
        self._stored += 1
        return True

    def _retime_sound(self, packet: "Packet[Any]", place: "_Place") -> bool:
        """Where the picture wants this packet to be, or at the end of what is written if that is near."""
        half = place.packet // 2
        inside = (packet.pts or 0) - place.begin
        ideal = place.start + inside
        if inside <= -half or ideal < self._heard - half or self._heard + half > place.end:
            return False
        at = self._heard if ideal - self._heard <= half else ideal
        packet.pts = packet.dts = at
        packet.duration = place.packet
        self._heard = at + place.packet
        return True
