"""What is taken as a sound track, by its content."""

import wave
from io import BytesIO
from pathlib import Path

import av
import pytest
from av.audio.frame import AudioFrame

from projects.montage.probe import ProbeError, kind_of, track_seconds
from tests.media import make_jpeg, mp4_bytes


def wav_bytes(seconds: float = 1.0, rate: int = 8000) -> bytes:
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(b"\x00\x20\x00\xe0" * int(seconds * rate / 2))
    return buffer.getvalue()


def encoded(path: Path, codec: str, form: str) -> Path:
    with av.open(str(path), "w", format=form) as file:
        stream = file.add_stream(codec, rate=48_000)
        for start in range(0, 48_000, 1024):
            frame = AudioFrame(format=stream.format.name, layout="mono", samples=1024)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.pts, frame.sample_rate = start, 48_000
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("kind", "codec", "form"),
    [
        ("mp3", "libmp3lame", "mp3"),
        ("aac", "aac", "adts"),
        ("m4a", "aac", "ipod"),
        ("ogg", "libopus", "ogg"),
        ("flac", "flac", "flac"),
    ],
)
def test_it_takes_every_kind_whatever_its_name(tmp_path: Path, kind: str, codec: str, form: str) -> None:
    path = encoded(tmp_path / "holiday.jpg", codec, form)
    assert kind_of(path.read_bytes()[:12]) == kind
    assert track_seconds(path) == pytest.approx(1.0, abs=0.1)


def test_it_takes_wav(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(wav_bytes(1.5))
    assert kind_of(path.read_bytes()[:12]) == "wav"
    assert track_seconds(path) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "This file is empty."),
        (b"<html>not a song</html>", "not a sound file"),
        (make_jpeg(), "not a sound file"),
        (b"ID3 and nothing else that makes sense", "damaged"),
        (b"OggS" + bytes(2000), "damaged"),
        (wav_bytes()[:44], "no sound"),
        (mp4_bytes(), "is a video"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "not a sound file"),
    ],
)
def test_it_refuses_what_is_no_sound(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(data)
    with pytest.raises(ProbeError, match=sentence):
        track_seconds(path)
