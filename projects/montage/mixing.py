"""The film's sound on its way to the encoder: music laid under it, and nothing louder than full scale."""

from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from projects.montage import sound
from projects.montage.errors import MontageError, named
from projects.montage.reel import Reel, Track
from projects.montage.sound import BLOCK, RATE, Sound

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.filter.graph import Graph

FADE_SECONDS = 2
"""How long the track takes to fade away before the film ends."""
TRACK_FORMATS = "mp3,wav,flac,ogg,aac,mov"
"""FFmpeg's names of the demuxers that a track may need; mov reads .m4a and .mp4."""

_TRACK = "The sound track"
_DUCK = "threshold=0.02:ratio=8:attack=40:release=600:makeup=1"
_LIMIT = "limit=0.84:attack=5:release=80:level=0:latency=1"
"""-1.5 decibels: what encoding adds stays below full scale."""


def mixed(reel: Reel, film: Sound, total: int) -> "Iterator[AudioFrame]":
    """The film's sound as frames, `total` samples in all; with the reel's track if it has one.

    Nothing is limited where nothing was made louder. Raises MontageError when the track cannot be read.
    """
    if not reel.track and not reel.even_loudness:
        for at in range(0, total, BLOCK):
            yield sound.frame_of(film.read(min(BLOCK, total - at)), at)
        return
    at = 0
    for frame in _through(_bus(reel.track), _sources(reel, film, total), total):
        chunk = sound.samples_of(frame)[: (total - at) * 2]
        yield sound.frame_of(chunk, at)
        at += len(chunk) // 2
        if at == total:
            return
    if at < total:
        yield sound.frame_of(sound.silence(total - at), at)


def _sources(reel: Reel, film: Sound, total: int) -> list[Sound]:
    return [film, Sound(_of_track(reel.track, total))] if reel.track else [film]


def _of_track(track: Track, total: int) -> "Iterator[array[float]]":
    fade = min(FADE_SECONDS, total / RATE)
    filters = [
        ("volume", f"{track.volume:.4f}"),
        ("afade", f"t=out:st={total / RATE - fade:.6f}:d={fade:.6f}"),
    ]
    with named(_TRACK):
        yield from _read(track.path, filters)


def _read(path: Path, filters: list[tuple[str, str]]) -> "Iterator[array[float]]":
    import av

    options = {"format_whitelist": TRACK_FORMATS, "protocol_whitelist": "file"}
    with av.open(f"file:{path}", options=options) as container:
        if not container.streams.audio:
            raise MontageError(f"{_TRACK} holds no sound.")
        audio = container.streams.audio[0]
        zero = (audio.start_time or 0) * (audio.time_base or Fraction(0))
        yield from sound.decoded(container, audio, zero, filters)


def check(track: Track) -> None:
    """Read a track's beginning. Raises MontageError when it is missing or holds no sound."""
    with named(_TRACK):
        if next(_read(track.path, []), None) is None:
            raise MontageError(f"{_TRACK} holds no sound.")


def _bus(track: Track | None) -> "Graph":
    from av.filter.graph import Graph

    graph = Graph()
    graph.threads = 1
    film = last = graph.add_abuffer(sample_rate=RATE, format="flt", layout="stereo")
    if track:
        music = graph.add_abuffer(sample_rate=RATE, format="flt", layout="stereo")
        if track.duck:
            film, key = graph.add("asplit", "2"), film
            key.link_to(film)
            ducked = graph.add("sidechaincompress", _DUCK)
            music.link_to(ducked, 0, 0)
            film.link_to(ducked, 1, 1)
            music = ducked
        last = graph.add("amix", "inputs=2:duration=first:normalize=0")
        film.link_to(last, 0, 0)
        music.link_to(last, 0, 1)
    limiter, packed = graph.add("alimiter", _LIMIT), graph.add("aformat", "sample_fmts=flt")
    last.link_to(limiter)
    graph.link_nodes(limiter, packed, graph.add("abuffersink")).configure()
    return graph


def _through(graph: "Graph", sources: list[Sound], total: int) -> "Iterator[AudioFrame]":
    for at in range(0, total, BLOCK):
        for number, each in enumerate(sources):
            graph.push(sound.frame_of(each.read(min(BLOCK, total - at)), at), number)
        yield from sound.pulled(graph)
    yield from sound.pulled(graph, end=True)
