"""Real clips: H.264 and AAC in an MP4 that a browser plays at once, drawn from a prompt or a seed picture.

Pillow draws and PyAV encodes; no system FFmpeg, no font file. An 8-second 720p clip takes about two seconds
of CPU. Frames are drawn at 1080p at most; 4k is scaled up from there by the encoder's scaler.
"""

import hashlib
import json
import math
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import av
from av.container import OutputContainer
from PIL import Image, ImageOps

from projects.simulator.caption import Caption
from projects.simulator.extend import copied, not_before
from projects.simulator.landscape import Landscape
from projects.simulator.planes import Planes
from projects.simulator.tone import FRAME as TONE_FRAME
from projects.simulator.tone import RATE as SAMPLE_RATE
from projects.simulator.tone import chord

FRAME_RATE = 24
SHORT_SIDE = {"360p": 360, "720p": 720, "1080p": 1080, "4k": 2160}
DRAWN_AT_MOST = 1080
"""Short side, in pixels, up to which frames are drawn at full size."""

BT709 = 1
LIMITED_RANGE = 1
"""Numbers of ITU-T H.273, as FFmpeg takes them."""

COMMENT = "Made by a simulator, not by a model"

LOOK = 1
"""Part of every fingerprint: raise it when clips should look different, and cached ones are made anew."""


class Cancelled(Exception):
    """The simulator is stopping; the half-made file is left for the caller to remove."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What a clip is drawn from. Picture files are named by their content; `take` tells samples apart, and
    `seed` clips that are otherwise alike. `extends` is the clip that it begins with, as a shot or as a file.
    """

    caption: str
    note: str
    aspect_ratio: str
    resolution: str
    seconds: int
    sound: bool = True
    seed_image: Path | None = None
    last_frame: Path | None = None
    take: int = 0
    seed: int = 0
    extends: "Shot | Path | None" = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        short = SHORT_SIDE[self.resolution]
        wide = (short * 16 // 9, short)
        return wide if self.aspect_ratio == "16:9" else (wide[1], wide[0])

    @property
    def fingerprint(self) -> str:
        """Equal shots have equal clips: 32 hex digits, the name under which a finished clip is kept."""
        told = asdict(self) | {"look": LOOK}
        for name in ("seed_image", "last_frame"):
            told[name] = told[name] and told[name].name
        earlier = self.extends
        told["extends"] = earlier.fingerprint if isinstance(earlier, Shot) else earlier and earlier.name
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def render(shot: Shot, path: Path, stop: threading.Event | None = None, earlier: Path | None = None) -> None:
    """Writes the clip to `path`, exactly `shot.seconds` long at 24 frames a second, moov before mdat.

    It begins with the packets of `earlier`, the file of what it extends, and only the rest is drawn. Raises
    Cancelled between two frames once `stop` is set.
    """
    seed = hashlib.sha256(shot.fingerprint.encode()).digest()
    options = {"movflags": "+faststart"}
    with av.open(str(path), "w", format="mp4", container_options=options) as container:
        container.metadata["comment"] = COMMENT
        picture = _picture_track(container, shot.size)
        sound = _sound_track(container) if shot.sound else None
        shown, heard = copied(earlier, container, picture, sound) if earlier else (0, 0)
        tones, told = chord(seed, shot.seconds - shown // FRAME_RATE), 0
        for number, frame in enumerate(_frames(shot, seed, shot.seconds * FRAME_RATE - shown)):
            if stop is not None and stop.is_set():
                raise Cancelled
            frame.pts = shown + number
            container.mux(picture.encode(frame))
            if sound is not None:
                samples = (shown + number + 1) * SAMPLE_RATE // FRAME_RATE - heard
                due = math.ceil(samples / TONE_FRAME)
                for tone in islice(tones, due - told):
                    tone.pts = (tone.pts or 0) + heard
                    container.mux(not_before(heard, sound.encode(tone)))
                told = due
        container.mux(picture.encode(None))
        if sound is not None:
            container.mux(not_before(heard, sound.encode(None)))


def _picture_track(container: OutputContainer, size: tuple[int, int]) -> "av.VideoStream":
    track = container.add_stream("libx264", rate=FRAME_RATE)
    track.width, track.height = size
    track.pix_fmt = "yuv420p"
    track.options = {"preset": "ultrafast", "crf": "21"}
    codec = track.codec_context
    codec.gop_size = FRAME_RATE * 2
    # What Planes.of makes; a player that is not told has to guess by the size.
    codec.colorspace = codec.color_primaries = codec.color_trc = BT709
    codec.color_range = LIMITED_RANGE
    return track


def _sound_track(container: OutputContainer) -> "av.AudioStream":
    track = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
    track.options = {"aac_coder": "fast"}
    return track


class _Scene(Protocol):
    def paint(self, canvas: Planes, frame: int) -> None: ...


def _frames(shot: Shot, seed: bytes, total: int) -> Iterator["av.VideoFrame"]:
    width, height = shot.size
    shrink = max(1, min(width, height) // DRAWN_AT_MOST)
    size = (width // shrink, height // shrink)
    scene: _Scene
    if shot.seed_image:
        scene = Journey(shot.seed_image, shot.last_frame, size, total)
    else:
        scene = Landscape(size, seed, total)
    caption = Caption(size, shot.caption, shot.note)
    canvas = Planes.for_frame(av.VideoFrame(*size, "yuv420p"))
    for number in range(total):
        frame = av.VideoFrame(*size, "yuv420p")
        scene.paint(canvas, number)
        caption.paint(canvas, number, FRAME_RATE)
        canvas.write(frame)
        yield frame if shrink == 1 else frame.reformat(width=width, height=height)


class Journey:
    """A slow pan and zoom into the seed image; with a last frame, a cross-fade that ends on it."""

    ZOOM = 0.12
    """How much of the picture's width is lost between the first and the last frame."""

    def __init__(self, first: Path, last: Path | None, size: tuple[int, int], frames: int) -> None:
        self._size, self._frames = size, frames
        self._first = _fitted(first, size)
        self._last = _fitted(last, size) if last else None

    def paint(self, canvas: Planes, frame: int) -> None:
        share = frame / max(1, self._frames - 1)
        picture = self._first.zoomed(self._window(share), self._size)
        fade = _eased((share - 0.35) / 0.6)
        if self._last is not None and fade > 0:
            picture = picture.mixed(self._last.zoomed(self._window(1 - share), self._size), fade)
        canvas.paste(picture, (0, 0))

    def _window(self, share: float) -> tuple[float, float, float, float]:
        """What the camera sees: everything at 0, at 1 a little less, and a little to the upper right."""
        width, height = self._size
        lost = self.ZOOM * _eased(share)
        left, top = width * lost * 0.62, height * lost * 0.38
        return (left, top, left + width * (1 - lost), top + height * (1 - lost))


def _fitted(path: Path, size: tuple[int, int]) -> Planes:
    with Image.open(path) as image:
        return Planes.of(ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS))


def _eased(share: float) -> float:
    """0 to 1 with a soft start and a soft stop; outside of it 0 or 1."""
    inside = min(1.0, max(0.0, share))
    return inside * inside * (3 - 2 * inside)
