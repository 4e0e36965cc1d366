"""Whether an uploaded file is a sound track that a film can use, and how long it is.

Told by its content, never by its name. The bytes come from outside, so beyond the first few they are parsed
in a process of its own, as those of videos are. By hand, for the answer as JSON:

    python -m projects.montage.probe music.mp3
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from projects import child

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

KINDS = "MP3, AAC, M4A, WAV, OGG or FLAC"
MAX_SECONDS = 3 * 3600
"""Longest track. A film lasts an hour at most."""
TIMEOUT = 30
"""Seconds that one look may take."""
MAX_MEMORY = 2**30

_DEMUXERS = {"m4a": "mov"}
"""FFmpeg's names, where they are not the ending."""
_DECODED_SECONDS = 10
"""How much is decoded as a proof; the rest is only read."""
_NO_SOUND_FILE = f"This file is not a sound file that can be used; take {KINDS}."
_DAMAGED = "This sound file is damaged and cannot be played."


class ProbeError(Exception):
    """The file cannot be a sound track; the message is one sentence that says why."""


def kind_of(head: bytes) -> str:
    """The usual ending of a file that begins with these (at least 12) bytes; "" if it is no sound file."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[4:8] == b"ftyp":
        return "m4a"
    for kind, magic in (("ogg", b"OggS"), ("flac", b"fLaC"), ("mp3", b"ID3")):
        if head.startswith(magic):
            return kind
    if len(head) > 1 and head[0] == 0xFF:
        layer = head[1] >> 1 & 3
        if head[1] & 0xF0 == 0xF0 and layer == 0:
            return "aac"
        if head[1] & 0xE0 == 0xE0 and layer:
            return "mp3"
    return ""


def track_seconds(path: Path) -> float:
    """How long the sound file lasts. Raises ProbeError when it cannot be used, OSError when it is missing."""
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        raise ProbeError("This file is empty.")
    if not kind_of(head):
        raise ProbeError(_NO_SOUND_FILE)
    try:
        answer = child.ask("projects.montage.probe", path, timeout=TIMEOUT)
    except TimeoutError:
        raise ProbeError(f"This sound file could not be read within {TIMEOUT} s.") from None
    except child.Broken:
        raise ProbeError(_DAMAGED) from None
    except child.Refused as refused:
        raise ProbeError(str(refused)) from None
    return float(answer["seconds"])


# The child: everything below runs in the process of its own.


def main() -> None:
    parser = argparse.ArgumentParser(description="Check a sound file and print its seconds as JSON.")
    parser.add_argument("path", type=Path)
    path = parser.parse_args().path
    child.confine(seconds=TIMEOUT, cpu_seconds=TIMEOUT, memory=MAX_MEMORY, file_size=2**20)
    import av

    try:
        answer: dict[str, Any] = {"seconds": round(_seconds(path), 3)}
    except ProbeError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "This sound file needs more memory than is allowed."}
    except av.error.FFmpegError:
        answer = {"error": _DAMAGED}
    print(json.dumps(answer))
    sys.exit("error" in answer)


def _seconds(path: Path) -> float:
    import av
    from av.stream import Disposition

    with path.open("rb") as file:
        kind = kind_of(file.read(12))
    options = {"protocol_whitelist": "file"}
    with av.open(f"file:{path}", format=_DEMUXERS.get(kind, kind), options=options) as container:
        if any(not stream.disposition & Disposition.attached_pic for stream in container.streams.video):
            raise ProbeError(f"This file is a video. Take the sound alone: {KINDS}.")
        if not container.streams.audio:
            raise ProbeError(_NO_SOUND_FILE)
        seconds = _heard(container, container.streams.audio[0])
    if not seconds:
        raise ProbeError("This file holds no sound.")
    if seconds > MAX_SECONDS:
        raise ProbeError(f"This track lasts {seconds / 3600:.1f} h; the limit is {MAX_SECONDS // 3600} h.")
    return seconds


def _heard(container: "InputContainer", audio: "AudioStream") -> float:
    """Read to the end, since headers promise what they like; decode the beginning."""
    decoded = 0.0
    begin = end = None
    for packet in container.demux(audio):
        if packet.size and packet.pts is not None:
            begin = packet.pts if begin is None else min(begin, packet.pts)
            end = max(end or begin, packet.pts + (packet.duration or 0))
        if decoded < _DECODED_SECONDS:
            decoded += sum(frame.samples / frame.sample_rate for frame in packet.decode())
    if not decoded:
        return 0.0
    length = (end - begin) * float(audio.time_base or 0) if begin is not None and end is not None else 0.0
    return max(length, decoded)


if __name__ == "__main__":
    main()
