"""The beginning of an extended clip: the packets of what it extends, as they are."""

from pathlib import Path
from typing import Any

import av
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet

from projects.simulator.tone import FRAME


def copied(
    earlier: Path,
    container: OutputContainer,
    picture: "av.VideoStream",
    sound: "av.AudioStream | None",
) -> tuple[int, int]:
    """Writes all packets of `earlier`; returns how many frames and samples they are.

    Its tracks were made by the same encoders with the same settings, so they stand in one track with others.
    """
    frames = samples = 0
    with av.open(str(earlier), "r", format="mp4") as source:
        tracks: dict[int, Any] = {source.streams.video[0].index: picture}
        if sound is not None and source.streams.audio:
            tracks[source.streams.audio[0].index] = sound
        # A file keeps pictures in another form than the encoder gives them to the muxer.
        as_encoded = BitStreamFilterContext("h264_mp4toannexb", source.streams.video[0])
        for packet in source.demux(*(source.streams[index] for index in tracks)):
            if packet.size == 0 or packet.pts is None:
                continue
            track = tracks[packet.stream_index]
            if track is picture:
                frames += 1
                written = as_encoded.filter(packet)
            else:
                samples = packet.pts + FRAME  # the last one may say that less of it counts
                written = [packet]
            for each in written:
                each.stream = track
                container.mux(each)
    return frames, samples


def not_before(samples: int, packets: "list[Packet[Any]]") -> "list[Packet[Any]]":
    """Without what stands in the sound that is there already: an encoder begins before its first sample."""
    return [packet for packet in packets if packet.pts is not None and (not samples or packet.pts >= samples)]
