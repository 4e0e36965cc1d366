"""How a picture of any size comes into the film's: filters for one piece, one picture in and one out."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from projects.montage.reel import Reel

if TYPE_CHECKING:
    from av.filter.context import FilterContext
    from av.filter.graph import Graph
    from av.video.frame import VideoFrame

BT709 = 1
UNSPECIFIED = 2
FULL_RANGE = 2
"""Numbers of ITU-T H.273, and FFmpeg's for the range, as frames carry them."""
HD_HEIGHT = 720
"""Short side from which players take an untold colour matrix for BT.709, below for BT.601."""

_BACKDROP_SHRINK = 8
_BACKDROP_BLUR = 6


def inside(shape: Fraction, width: int, height: int) -> tuple[int, int]:
    """The largest even size of this shape (width to height) that the film's frame holds."""
    return (
        (_even(height * shape), height) if shape < Fraction(width, height) else (width, _even(width / shape))
    )


def outside(shape: Fraction, width: int, height: int) -> tuple[int, int]:
    """The smallest even size of this shape that covers the film's frame."""
    return (
        (width, _even(width / shape)) if shape < Fraction(width, height) else (_even(height * shape), height)
    )


def _even(number: Fraction) -> int:
    return max(2, round(number / 2) * 2)


@dataclass(frozen=True)
class _Kind:
    """What filters are built for; they are built again when it changes on the way."""

    width: int
    height: int
    format: str
    matrix: int
    range: int


class Frame:
    """The film's frame. `filled` puts pictures into it, as yuv420p in BT.709 of limited range."""

    def __init__(self, reel: Reel, aspect: Fraction | None) -> None:
        """`aspect` is how wide a pixel of these pictures is to its height; None and 0 mean 1."""
        self._width, self._height, self._framing = reel.width, reel.height, reel.framing
        self._aspect = aspect or Fraction(1)
        self._kind: _Kind | None = None
        self._graph: Graph | None = None

    def filled(self, frame: "VideoFrame") -> "VideoFrame":
        kind = _Kind(
            frame.width, frame.height, frame.format.name, int(frame.colorspace), int(frame.color_range)
        )
        if self._fits(kind):
            return frame
        if self._graph is None or kind != self._kind:
            self._kind, self._graph = kind, self._filters(kind)
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _fits(self, kind: _Kind) -> bool:
        return (
            (kind.width, kind.height) == (self._width, self._height)
            and self._aspect == 1
            and kind.format == "yuv420p"
            and kind.range != FULL_RANGE
            and _matrix(kind) == "bt709"
        )

    def _filters(self, kind: _Kind) -> "Graph":
        from av.filter.graph import Graph
        from av.video.format import VideoFormat

        graph = Graph()
        graph.threads = 1
        source = graph.add_buffer(
            width=kind.width,
            height=kind.height,
            format=VideoFormat(kind.format),
            time_base=Fraction(1, 1000),
        )
        plain = _chain(graph, source, ("setsar", "1"), ("scale", f"{_BT709}:in_color_matrix={_matrix(kind)}"))
        plain = _chain(graph, plain, ("format", "yuv420p"))
        shape = Fraction(kind.width, kind.height) * self._aspect
        framed = _FRAMINGS[self._framing](graph, plain, shape, self._width, self._height)
        _chain(graph, framed, ("setsar", "1"), ("format", "yuv420p"), ("buffersink", ""))
        graph.configure()
        return graph


_BT709 = "out_color_matrix=bt709:out_range=tv"


def _matrix(kind: _Kind) -> str:
    if kind.matrix not in (UNSPECIFIED, 0):
        return "bt709" if kind.matrix == BT709 else "auto"
    return "bt709" if min(kind.width, kind.height) >= HD_HEIGHT else "bt601"


def _chain(graph: "Graph", begin: "FilterContext", *filters: tuple[str, str]) -> "FilterContext":
    for name, arguments in filters:
        following = graph.add(name, arguments)
        begin.link_to(following)
        begin = following
    return begin


def _scale(size: tuple[int, int], flags: str = "bicubic") -> tuple[str, str]:
    return "scale", f"{size[0]}:{size[1]}:flags={flags}"


def _fit(graph: "Graph", begin: "FilterContext", shape: Fraction, width: int, height: int) -> "FilterContext":
    small = inside(shape, width, height)
    pad = f"{width}:{height}:{(width - small[0]) // 2}:{(height - small[1]) // 2}:black"
    return _chain(graph, begin, _scale(small), ("pad", pad))


def _fill(
    graph: "Graph", begin: "FilterContext", shape: Fraction, width: int, height: int
) -> "FilterContext":
    return _chain(graph, begin, _scale(outside(shape, width, height)), ("crop", f"{width}:{height}"))


def _pad(graph: "Graph", begin: "FilterContext", shape: Fraction, width: int, height: int) -> "FilterContext":
    """The backdrop is blurred while it is small, which costs a sixty-fourth."""
    copies = _chain(graph, begin, ("split", "2"))
    little = (_even(Fraction(width, _BACKDROP_SHRINK)), _even(Fraction(height, _BACKDROP_SHRINK)))
    backdrop = graph.add(*_scale(outside(shape, *little), "area"))
    copies.link_to(backdrop, 0, 0)
    backdrop = _chain(
        graph,
        backdrop,
        ("crop", f"{little[0]}:{little[1]}"),
        ("gblur", f"sigma={_BACKDROP_BLUR}"),
        _scale((width, height), "bilinear"),
    )
    small = inside(shape, width, height)
    whole = graph.add(*_scale(small))
    copies.link_to(whole, 1, 0)
    both = graph.add("overlay", f"{(width - small[0]) // 2}:{(height - small[1]) // 2}")
    backdrop.link_to(both, 0, 0)
    whole.link_to(both, 0, 1)
    return both


_FRAMINGS = {"fit": _fit, "fill": _fill, "pad": _pad}
