"""Small real videos and pictures for tests, made by the libraries that the product reads them with.

The same arguments give the same bytes; each is made once per test session.
"""

import math
import struct
import zlib
from array import array
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
from PIL import Image

_SAMPLE_RATE = 44_100
_AAC_FRAME = 1024


def make_mp4(path: Path, **options: Any) -> Path:
    """Write the file that `mp4_bytes` makes of these options."""
    path.write_bytes(mp4_bytes(**options))
    return path


@lru_cache
def mp4_bytes(
    *,
    seconds: float = 1.0,
    size: tuple[int, int] = (320, 180),
    audio: bool = True,
    fps: int = 24,
    black_frames: int = 0,
    video_tracks: int = 1,
    movflags: str = "+faststart",
) -> bytes:
    """H.264 (and AAC) that grows brighter from frame to frame, after `black_frames` of black."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "made.mp4")  # +faststart opens the file a second time, so memory will not do
        with av.open(str(path), "w", options={"movflags": movflags} if movflags else {}) as container:
            tracks = [container.add_stream("libx264", rate=fps) for _ in range(video_tracks)]
            for track in tracks:
                track.width, track.height = size
                track.pix_fmt = "yuv420p"
                track.options = {"preset": "ultrafast", "g": str(fps)}
            sound = container.add_stream("aac", rate=_SAMPLE_RATE) if audio else None
            for track in tracks:
                for index in range(round(seconds * fps)):
                    bright = 16 if index < black_frames else 60 + index * 4 % 160
                    container.mux(track.encode(_video_frame(size, bright, index, fps)))
                container.mux(track.encode())
            if sound is not None:
                for start in range(0, int(seconds * _SAMPLE_RATE), _AAC_FRAME):
                    container.mux(sound.encode(_tone(start)))
                container.mux(sound.encode())
        return path.read_bytes()


def _video_frame(size: tuple[int, int], bright: int, index: int, fps: int) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuv420p")
    for plane, value in zip(frame.planes, (bright, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.pts, frame.time_base = index, Fraction(1, fps)
    return frame


def _tone(start: int) -> av.AudioFrame:
    """The samples of a 440 Hz sine from `start` on."""
    samples = array(
        "f", (0.2 * math.sin(math.tau * 440 * (start + i) / _SAMPLE_RATE) for i in range(_AAC_FRAME))
    )
    frame = av.AudioFrame("fltp", "mono", _AAC_FRAME)
    frame.planes[0].update(samples.tobytes())
    frame.pts, frame.rate, frame.time_base = start, _SAMPLE_RATE, Fraction(1, _SAMPLE_RATE)
    return frame


def make_picture(size: tuple[int, int] = (640, 360), mode: str = "RGB") -> Image.Image:
    """Four quarters, so that turning and cropping show: red, green above blue, white."""
    width, height = size
    picture = Image.new("RGB", size, "red")
    picture.paste("lime", (width // 2, 0, width, height // 2))
    picture.paste("blue", (0, height // 2, width // 2, height))
    picture.paste("white", (width // 2, height // 2, width, height))
    return picture.convert(mode)


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@lru_cache
def make_png(size: tuple[int, int] = (640, 360), mode: str = "RGB") -> bytes:
    return encode(make_picture(size, mode), "PNG")


@lru_cache
def make_jpeg(size: tuple[int, int] = (640, 360), mode: str = "RGB") -> bytes:
    return encode(make_picture(size, mode), "JPEG", quality=95)


@lru_cache
def make_webp(size: tuple[int, int] = (640, 360), mode: str = "RGB") -> bytes:
    return encode(make_picture(size, mode), "WEBP", lossless=True)


@lru_cache
def make_jpeg_with_gps(orientation: int = 6) -> bytes:
    """A phone's picture: 640 × 360 as stored; in its EXIF an orientation, a place, a maker and a number."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Camera maker"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    exif.get_ifd(0x8769)[0xA431] = "SERIAL-12345"
    return encode(make_picture(), "JPEG", quality=95, exif=exif)


@lru_cache
def make_png_bomb(side: int = 12_000) -> bytes:
    """A valid black square: 144 megapixels in 18 kB, a gigabyte when unpacked to RGB with a copy."""
    rows = zlib.compress(bytes((side + 7) // 8 + 1) * side, 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


@lru_cache
def make_polyglot() -> bytes:
    """A good PNG that is a web page with a script, too."""
    return make_png() + b"<html><script>alert(document.cookie)</script></html>"
