"""Pictures in the encoder's own layout, so that a frame is put together without converting its colours.

H.264 wants 4:2:0: one full plane of brightness and two half-sized planes of colour. Layers are converted once
when they are drawn; a frame is then a few copies of grey planes, which is about three times cheaper in Pillow
than the same work in RGB.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
from av.video.reformatter import Colorspace
from PIL import Image

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Planes:
    """One picture as its Y, U and V planes (mode "L"; U and V have half the width and height)."""

    parts: tuple[Image.Image, Image.Image, Image.Image]

    @classmethod
    def of(cls, image: Image.Image) -> "Planes":
        """Converts an RGB image with even sides."""
        frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
        converted = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        y, u, v = (_grey(plane) for plane in converted.planes)
        return cls((y, u, v))

    @classmethod
    def for_frame(cls, frame: "av.VideoFrame") -> "Planes":
        """An empty picture as wide in memory as the frame's padded rows, ready for `write`."""
        y, u, v = (Image.new("L", (plane.line_size, plane.height), 128) for plane in frame.planes)
        return cls((y, u, v))

    def paste(
        self, layer: "Planes", at: tuple[int, int], window: tuple[int, int, int, int] | None = None
    ) -> None:
        """Copies `layer`, or its `window` (x, y, width, height), to `at`."""
        for scale, ours, theirs in self._pairs(layer):
            ours.paste(
                theirs.crop(_halved(window, scale)) if window else theirs, (at[0] // scale, at[1] // scale)
            )

    def blend_in(
        self, layer: "Cutout", at: tuple[int, int], window: tuple[int, int, int, int] | None = None
    ) -> None:
        """Lays a see-through layer, or its `window` (x, y, width, height), over this picture at `at`."""
        for scale, ours, theirs in self._pairs(layer.planes):
            mask = layer.masks[0 if scale == 1 else 1]
            if window:
                box = _halved(window, scale)
                theirs, mask = theirs.crop(box), mask.crop(box)
            ours.paste(theirs, (at[0] // scale, at[1] // scale), mask)

    def zoomed(self, box: Box, size: tuple[int, int]) -> "Planes":
        """The part in `box` (left, top, right, bottom, in pixels, fractions allowed), scaled to `size`."""
        scaled = [
            part.resize(
                (size[0] // scale, size[1] // scale),
                Image.Resampling.BILINEAR,
                box=(box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale),
            )
            for scale, part in zip((1, 2, 2), self.parts, strict=True)
        ]
        return Planes((scaled[0], scaled[1], scaled[2]))

    def mixed(self, other: "Planes", share: float) -> "Planes":
        """A cross-fade: 0 is this picture, 1 the other one of the same size."""
        mixed = [Image.blend(mine, theirs, share) for _, mine, theirs in self._pairs(other)]
        return Planes((mixed[0], mixed[1], mixed[2]))

    def write(self, frame: "av.VideoFrame") -> None:
        for part, plane in zip(self.parts, frame.planes, strict=True):
            plane.update(part.tobytes())

    def _pairs(self, other: "Planes") -> Iterator[tuple[int, Image.Image, Image.Image]]:
        return zip((1, 2, 2), self.parts, other.parts, strict=True)


@dataclass(frozen=True)
class Cutout:
    """A see-through layer: its colours, and how much of them shows, at full and at half size."""

    planes: Planes
    masks: tuple[Image.Image, Image.Image]

    @classmethod
    def of(cls, colours: Image.Image, mask: Image.Image) -> "Cutout":
        half = mask.resize((mask.width // 2, mask.height // 2), Image.Resampling.BOX)
        return cls(Planes.of(colours), (mask, half))


def _grey(plane: Any) -> Image.Image:
    size = (plane.width, plane.height)
    return Image.frombuffer("L", size, bytes(plane), "raw", "L", plane.line_size, 1)


def _halved(window: tuple[int, int, int, int], scale: int) -> tuple[int, int, int, int]:
    x, y, width, height = (length // scale for length in window)
    return (x, y, x + width, y + height)
