"""Sound as the film wants it: 48 kHz, stereo, and exactly as many samples as are asked for.

Samples are 32-bit floats, left and right in turn, in arrays; a second takes 0.4 MB.
"""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from math import cos, pi, sin
from operator import add, mul
from typing import TYPE_CHECKING

from projects.montage.errors import named
from projects.montage.reel import Piece
from projects.montage.timeline import Span
from projects.video import opened, video_stream

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.filter.graph import Graph

RATE = 48_000
BLOCK = 4_800
"""Samples that are worked on at once: a tenth of a second."""

_STEREO = "sample_fmts=flt:channel_layouts=stereo"
_PREROLL = 0.2
"""Seconds that a decoder is given before the first sample that counts."""
_HOLE = RATE // 50
"""Samples that clocks may be off before silence is put in or sound is left out: 20 ms."""


class Sound:
    """What `chunks` hold, as if silence without end came after it."""

    def __init__(self, chunks: "Iterator[array[float]]") -> None:
        self._chunks = chunks
        self._rest: array[float] = array("f")

    def read(self, samples: int) -> "array[float]":
        """The next so many samples of both channels."""
        wanted = samples * 2
        while len(self._rest) < wanted:
            more = next(self._chunks, None)
            if more is None:
                self._rest.extend(silence(samples - len(self._rest) // 2))
            else:
                self._rest.extend(more)
        taken, self._rest = self._rest[:wanted], self._rest[wanted:]
        return taken


def silence(samples: int) -> "array[float]":
    return array("f", bytes(samples * 8))


def of_piece(piece: Piece, start: float, gain: float = 1.0) -> Sound:
    """The piece's sound from `start` seconds after its first picture on, `gain` times as loud.

    Silence if it has none. What is read later may raise MontageError.
    """
    return Sound(_of_piece(piece, start, gain))


def _of_piece(piece: Piece, start: float, gain: float) -> "Iterator[array[float]]":
    with named(piece.name), opened(piece.path) as container:
        if not container.streams.audio:
            return
        video = video_stream(container)
        zero = (video.start_time or 0) * (video.time_base or Fraction(0))
        filters = [] if gain == 1 else [("volume", f"{gain:.6f}")]
        yield from decoded(container, container.streams.audio[0], zero + Fraction(start), filters)


def decoded(
    container: "InputContainer",
    audio: "AudioStream",
    start: Fraction,
    filters: Sequence[tuple[str, str]] = (),
) -> "Iterator[array[float]]":
    """Samples from `start` on, in the file's own seconds; holes in the file's times are silent."""
    if start > _PREROLL and audio.time_base:
        container.seek(int((start - Fraction(_PREROLL)) / audio.time_base), stream=audio)
    done = 0
    for frame in _filtered(container.decode(audio), filters):
        chunk = samples_of(frame)
        at = round(((frame.pts or 0) * (frame.time_base or Fraction(1, RATE)) - start) * RATE)
        off = at - done
        if not done or abs(off) > _HOLE:
            chunk = silence(off) + chunk if off > 0 else chunk[-off * 2 :]
        done += len(chunk) // 2
        yield chunk


def samples_of(frame: "AudioFrame") -> "array[float]":
    chunk: array[float] = array("f")
    chunk.frombytes(bytes(frame.planes[0])[: frame.samples * 8])
    return chunk


def frame_of(samples: "array[float]", at: int) -> "AudioFrame":
    """These samples as the film's, from its sample number `at` on."""
    from av.audio.frame import AudioFrame

    frame = AudioFrame("flt", "stereo", len(samples) // 2)
    frame.planes[0].update(samples.tobytes())
    frame.pts, frame.sample_rate, frame.time_base = at, RATE, Fraction(1, RATE)
    return frame


def _filtered(frames: "Iterator[AudioFrame]", filters: Sequence[tuple[str, str]]) -> "Iterator[AudioFrame]":
    """The same as 48 kHz stereo, through these filters. Rate and channels may change on the way."""
    graph, made_for = None, None
    for frame in frames:
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        if kind != made_for:
            if graph is not None:
                yield from pulled(graph, end=True)
            graph, made_for = _graph(frame, filters), kind
        assert graph  # noqa: S101 - made with the first frame; for the type checker
        graph.push(frame)
        yield from pulled(graph)
    if graph is not None:
        yield from pulled(graph, end=True)


def _graph(frame: "AudioFrame", filters: Sequence[tuple[str, str]]) -> "Graph":
    from av.filter.graph import Graph

    graph = Graph()
    graph.threads = 1
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate,
        format=frame.format.name,
        layout=frame.layout.name,
        time_base=frame.time_base,
    )
    chain = [("aresample", str(RATE)), ("aformat", f"{_STEREO}:sample_rates={RATE}"), *filters]
    graph.link_nodes(
        source, *(graph.add(*each) for each in (*chain, ("aformat", _STEREO))), graph.add("abuffersink")
    ).configure()
    return graph


def pulled(graph: "Graph", *, end: bool = False) -> "Iterator[AudioFrame]":
    """What the filters have ready; with `end` all that is left in them."""
    from av.audio.frame import AudioFrame
    from av.error import BlockingIOError, EOFError

    if end:
        graph.push(None)
    with suppress(BlockingIOError, EOFError):
        while True:
            frame = graph.pull()
            assert isinstance(frame, AudioFrame)  # noqa: S101 - an audio sink gives no other
            yield frame


def film(pieces: Sequence[Piece], gains: Sequence[float], spans: Sequence[Span], fps: Fraction) -> Sound:
    """The sound of all pieces at the spans' places, faded into each other where they overlap."""
    return Sound(_film(pieces, gains, spans, fps))


def _film(
    pieces: Sequence[Piece], gains: Sequence[float], spans: Sequence[Span], fps: Fraction
) -> "Iterator[array[float]]":
    before = Sound(iter(()))
    for span, following in zip(spans, [*spans[1:], None], strict=True):
        sound = Sound(iter(()))
        if span.piece is not None:
            sound = of_piece(pieces[span.piece], span.source_start, gains[span.piece])
        begin, alone, end = (
            sample_at(frame, fps)
            for frame in (
                span.start_frame,
                span.start_frame + span.crossfade_frames,
                following.start_frame if following else span.end_frame,
            )
        )
        for at in range(0, alone - begin, BLOCK):
            size = min(BLOCK, alone - begin - at)
            yield crossfaded(before.read(size), sound.read(size), at, alone - begin)
        for at in range(alone, end, BLOCK):
            yield sound.read(min(BLOCK, end - at))
        before = sound


def sample_at(frame: int, fps: Fraction) -> int:
    """The film's first sample of this picture."""
    return round(frame / fps * RATE)


def crossfaded(first: "array[float]", second: "array[float]", at: int, whole: int) -> "array[float]":
    """A part, from sample `at` on, of a fade that takes `whole` samples: of equal power all the way."""
    angles = [pi / 2 * (at + n // 2 + 0.5) / whole for n in range(len(first))]
    out, come = map(mul, first, map(cos, angles)), map(mul, second, map(sin, angles))
    return array("f", map(add, out, come))
