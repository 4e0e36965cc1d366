"""What is in a video file: facts, a check that it is whole, a poster, the last frame. No Django, no app.

FFmpeg is C code and the bytes come from outside, so they are parsed in a process of their own with limits
on memory and time: whatever they do to it, the caller gets facts or a VideoError. By hand, for the facts as
JSON:

    python -m projects.video clip.mp4
"""

import argparse
import base64
import itertools
import json
import os
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from projects import child

# PyAV brings 100 MB of FFmpeg. Only the child imports it, so web and poller processes stay small.
if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL.Image import Image

TIMEOUT = 60.0
"""Seconds that one inspection may take."""
MAX_MEMORY = 2 * 2**30
"""Address space of the parsing process in bytes. Decoding 3840 × 2160 takes 0.2 GB, 8192 × 4320 0.6 GB."""
MAX_SIDE = 8192
MAX_SECONDS = 600
MAX_FRAME_BYTES = 16 * 2**20
"""Largest last frame as a PNG: what takes pictures in takes 20 MB."""
POSTER_WIDTH = 640
"""Widest poster, in pixels."""

_POSTER_FRAMES = 48
"""How far a poster is looked for: two seconds at 24 frames a second, past the usual fade from black."""
_BLACK = 16
"""Mean brightness (0 to 255) up to which a frame counts as black."""
_TAIL_SECONDS = 1.5


class VideoError(Exception):
    """The file is no whole, playable video; the message is one sentence that says why."""


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """Facts about a video file. Codecs are FFmpeg's names (h264, aac), `audio_codec` "" without sound."""

    width: int
    height: int
    duration_seconds: float
    fps: float
    frames: int
    video_codec: str
    audio_codec: str
    size: int
    """Bytes of the file."""


def inspect(path: Path, *, poster: Path | None = None, longest: float = MAX_SECONDS) -> VideoInfo:
    """Check that `path` is a whole MP4 of at most `longest` seconds and say what is in it.

    Every packet is read, the first and the last frame are decoded. With `poster`, the first frame near the
    start that is not black is written there as a JPEG of at most POSTER_WIDTH pixels, in one atomic step.
    Takes up to TIMEOUT seconds, in proportion more where `longest` is more than MAX_SECONDS. Raises
    VideoError when the file is at fault, OSError when the disk is.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if head[4:] != b"ftyp":
        raise VideoError("The file is not an MP4 video." if head else "The file is empty.")
    answer = _ask_child(path, *(["--poster"] if poster else []), longest=longest)
    if poster:
        _write(poster, base64.b64decode(answer["poster"]))
    return VideoInfo(**answer["info"])


def last_frame(path: Path, target: Path) -> None:
    """Write the last frame of `path` that can be decoded to `target`, at full size, in one atomic step.

    A PNG, or a JPEG of the best quality where the PNG would have more than MAX_FRAME_BYTES. Takes up to
    TIMEOUT seconds. Raises VideoError when the file is at fault, OSError when it is missing or the disk is.
    """
    with path.open("rb"):
        pass
    answer = _ask_child(path, "--last-frame")
    _write(target, base64.b64decode(answer["last_frame"]))


def _ask_child(path: Path, *options: str, longest: float = MAX_SECONDS) -> dict[str, Any]:
    timeout = _timeout(longest)
    try:
        return child.ask("projects.video", path, *options, "--longest", f"{longest:g}", timeout=timeout)
    except TimeoutError:
        raise VideoError(f"The video could not be read within {timeout:g} s.") from None
    except child.Broken as ended:
        raise VideoError(f"The video could not be read: the decoder stopped ({ended}).") from None
    except child.Refused as refused:
        raise VideoError(str(refused)) from None


def _timeout(longest: float) -> float:
    return TIMEOUT * max(1.0, longest / MAX_SECONDS)


def _write(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)  # mkstemp's 0600 would keep out a web server of another user
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


# The child: everything below runs in the process of its own.


def main() -> None:
    parser = argparse.ArgumentParser(description="Check a video file and print what is in it as JSON.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--poster", action="store_true", help="add a JPEG of an early frame, in base64")
    parser.add_argument("--last-frame", action="store_true", help="print the last frame instead, in base64")
    parser.add_argument("--longest", type=float, default=MAX_SECONDS, help="seconds that it may last")
    options = parser.parse_args()
    _confine(options.longest)
    import av

    try:
        if options.last_frame:
            answer = {"last_frame": base64.b64encode(_last_frame(options.path)).decode()}
        else:
            answer = _examine(options.path, with_poster=options.poster, longest=options.longest)
    except VideoError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "The video needs more memory than is allowed."}
    except av.error.FFmpegError as error:
        answer = {"error": f"The video is damaged ({error.strerror})."}
    print(json.dumps(answer))
    sys.exit("error" in answer)


def _confine(longest: float = MAX_SECONDS) -> None:
    seconds = int(_timeout(longest))
    child.confine(seconds=seconds, cpu_seconds=seconds, memory=MAX_MEMORY, file_size=2**20)


def _examine(path: Path, *, with_poster: bool, longest: float) -> dict[str, Any]:
    # An edit list says what players show and leave out. It counts for everything but the question whether
    # the file is whole: what it leaves out would seem to be missing.
    with opened(path, ignore_editlist="1") as container:
        frames = count_packets(container, video_stream(container))
    with opened(path) as container:
        stream = video_stream(container)
        duration = _duration(container, stream, longest)
        poster = _first_frame(container, stream, for_poster=with_poster)
        _check_last_frame(container, stream, duration)
        audio = container.streams.audio
        info = VideoInfo(
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            duration_seconds=round(duration, 3),
            fps=round(float(stream.average_rate or frames / duration), 3),
            frames=frames,
            video_codec=stream.codec_context.codec.canonical_name,
            audio_codec=audio[0].codec_context.codec.canonical_name if audio else "",
            size=path.stat().st_size,
        )
    return {"info": asdict(info)} | ({"poster": base64.b64encode(poster).decode()} if with_poster else {})


def opened(path: Path, **options: str) -> "InputContainer":
    """For confined processes: only by the MP4 demuxer, and without reading what the file may point to."""
    import av

    return av.open(f"file:{path}", format="mp4", options={"protocol_whitelist": "file", **options})


def video_stream(container: "InputContainer") -> "VideoStream":
    """The one video stream, whose pictures have a size that can be held. Raises VideoError."""
    from av.stream import Disposition

    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if len(streams) != 1:
        raise VideoError(f"The file holds {len(streams) or 'no'} video streams, not one.")
    stream = streams[0]
    width, height = stream.codec_context.width, stream.codec_context.height
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise VideoError(f"The video is {width} × {height} pixels; the limit is {MAX_SIDE}.")
    stream.codec_context.thread_count = 1  # each thread holds frames of its own: memory
    return stream


def _duration(container: "InputContainer", stream: "VideoStream", longest: float = MAX_SECONDS) -> float:
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    else:
        seconds = (container.duration or 0) / 1_000_000
    if not 0 < seconds <= longest:
        raise VideoError(f"The video lasts {seconds:g} s; the limit is {longest:g} s.")
    return seconds


def count_packets(container: "InputContainer", stream: "VideoStream") -> int:
    """A file cut off behind its index still promises every frame; only reading to the end shows the truth.

    Returns the number of frames. A fragmented file promises none, so there it is what was found.
    """
    found = 0
    for packet in container.demux(stream, *container.streams.audio):
        if packet.is_corrupt:
            raise VideoError("The file is cut off or damaged.")
        found += packet.stream_index == stream.index and packet.size > 0
    if found < stream.frames:
        raise VideoError(f"The file is cut off: {found} of {stream.frames} frames are there.")
    return found


def _first_frame(container: "InputContainer", stream: "VideoStream", *, for_poster: bool) -> bytes:
    """Decode the first frame; for a poster go on to one that is not black and return it as a JPEG."""
    container.seek(0)
    frames = container.decode(stream)
    first = next(frames, None)
    if first is None:
        raise VideoError("The first frame cannot be decoded.")
    if not for_poster:
        return b""
    early = itertools.chain([first], itertools.islice(frames, _POSTER_FRAMES - 1))
    return _jpeg(_not_black(early) or first)


def _not_black(frames: Iterable["VideoFrame"]) -> "VideoFrame | None":
    from PIL import ImageStat

    for frame in frames:
        if ImageStat.Stat(_picture(frame, 64, 64).convert("L")).mean[0] > _BLACK:
            return frame
    return None


def _jpeg(frame: "VideoFrame") -> bytes:
    width = min(POSTER_WIDTH, frame.width)
    picture = _picture(frame, width, max(1, round(frame.height * width / frame.width)))
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=82, optimize=True)
    return buffer.getvalue()


def _picture(frame: "VideoFrame", width: int, height: int) -> "Image":
    picture: Image = frame.to_image(width=width, height=height)  # type: ignore[no-untyped-call]
    return picture


def _check_last_frame(container: "InputContainer", stream: "VideoStream", duration: float) -> None:
    if not sum(1 for _ in _tail(container, stream, duration)):
        raise VideoError("The last frame cannot be decoded.")


def _tail(container: "InputContainer", stream: "VideoStream", duration: float) -> "Iterator[VideoFrame]":
    """The frames of the last _TAIL_SECONDS, and what stands before them up to a key frame."""
    assert stream.time_base  # noqa: S101 - a demuxed stream has one; for the type checker
    start = (stream.start_time or 0) + int(max(0.0, duration - _TAIL_SECONDS) / stream.time_base)
    container.seek(start, stream=stream)
    yield from container.decode(stream)


def _last_frame(path: Path) -> bytes:
    with opened(path) as container:
        stream = video_stream(container)
        frames = deque(_tail(container, stream, _duration(container, stream)), maxlen=1)
        if not frames:
            raise VideoError("The last frame cannot be decoded.")
        picture = _picture(frames[0], frames[0].width, frames[0].height)
    for options in ({"format": "PNG"}, {"format": "JPEG", "quality": 95, "subsampling": 0}):
        buffer = BytesIO()
        picture.save(buffer, **options)
        if buffer.tell() <= MAX_FRAME_BYTES:
            break
    return buffer.getvalue()


if __name__ == "__main__":
    main()
