import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import av
import pytest
from PIL import Image, ImageStat

from projects import video
from projects.video import VideoError, VideoInfo, inspect, last_frame
from tests.media import make_jpeg, make_mp4, mp4_bytes
from tests.processes import ended


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nothing but what the test and the code under test put there."""
    path = tmp_path / "clips"
    path.mkdir()
    return path


def refusal(path: Path) -> str:
    with pytest.raises(VideoError) as caught:
        inspect(path)
    return str(caught.value)


def file_of(folder: Path, data: bytes) -> Path:
    path = folder / "clip.mp4"
    path.write_bytes(data)
    return path


def test_it_tells_what_is_in_a_video(folder):
    path = make_mp4(folder / "clip.mp4", seconds=2)

    assert inspect(path) == VideoInfo(
        width=320,
        height=180,
        duration_seconds=2.0,
        fps=24.0,
        frames=48,
        video_codec="h264",
        audio_codec="aac",
        size=path.stat().st_size,
    )


def test_it_tells_that_a_video_is_silent(folder):
    assert inspect(make_mp4(folder / "clip.mp4", audio=False)).audio_codec == ""


@pytest.mark.parametrize("movflags", ["", "frag_keyframe+empty_moov"], ids=["index-last", "fragmented"])
def test_it_reads_other_layouts_of_the_file(folder, movflags):
    info = inspect(make_mp4(folder / "clip.mp4", movflags=movflags, audio=False))

    assert (info.frames, info.duration_seconds) == (24, 1.0)


def test_it_does_not_miss_frames_that_an_edit_list_leaves_out(folder):
    source = make_mp4(folder / "source.mp4", seconds=3, audio=False)
    with (
        av.open(str(source)) as whole,
        av.open(str(folder / "clip.mp4"), "w", options={"avoid_negative_ts": "disabled"}) as trimmed,
    ):
        stream = trimmed.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size:
                packet.pts -= round(1.5 / packet.time_base)
                packet.dts -= round(1.5 / packet.time_base)
                packet.stream = stream
                trimmed.mux(packet)

    info = inspect(folder / "clip.mp4")

    assert (info.frames, info.duration_seconds) == (72, 1.5)


def test_it_reads_a_single_frame(folder):
    assert inspect(make_mp4(folder / "clip.mp4", seconds=1 / 24, audio=False)).frames == 1


def test_it_reads_a_file_whose_name_looks_like_an_option_or_an_address(folder, monkeypatch):
    monkeypatch.chdir(folder)

    assert inspect(make_mp4(Path("--poster"))).frames == 24
    assert inspect(make_mp4(Path("concat:ä b.mp4"))).frames == 24


def test_it_refuses_an_empty_file(folder):
    assert refusal(file_of(folder, b"")) == "The file is empty."


@pytest.mark.parametrize(
    "data", [b"<!doctype html><title>Sign in</title>", b'{"error": {"code": 403}}', make_jpeg(), b"\0"]
)
def test_it_refuses_what_is_no_mp4(folder, data):
    assert refusal(file_of(folder, data)) == "The file is not an MP4 video."


def test_it_refuses_an_mp4_without_an_index(folder):
    data = mp4_bytes(movflags="")

    assert refusal(file_of(folder, data[: len(data) // 2])) == (
        "The video is damaged (Invalid data found when processing input)."
    )


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9, 0.999])
def test_it_refuses_a_file_that_is_cut_off_behind_its_index(folder, kept):
    data = mp4_bytes(seconds=2)

    assert refusal(file_of(folder, data[: int(len(data) * kept)])).startswith("The file is cut off")


def test_it_counts_the_frames_that_are_missing(folder):
    data = mp4_bytes(seconds=2, audio=False)
    path = make_mp4(folder / "clip.mp4", seconds=2, audio=False)
    offsets = packet_offsets(path)

    assert refusal(file_of(folder, data[: offsets[15]])) == "The file is cut off: 15 of 48 frames are there."


def packet_offsets(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return sorted(packet.pos for packet in container.demux(video=0) if packet.size)


@pytest.mark.parametrize("which", [0, -1], ids=["first", "last"])
def test_it_refuses_a_frame_that_cannot_be_decoded(folder, which):
    path = make_mp4(folder / "clip.mp4", seconds=2, audio=False)
    offset = packet_offsets(path)[which]
    data = bytearray(path.read_bytes())
    data[offset : offset + 12] = b"\xff" * 12
    path.write_bytes(data)

    assert refusal(path) == "The video is damaged (Invalid data found when processing input)."


def test_it_refuses_two_video_tracks(folder):
    assert (
        refusal(make_mp4(folder / "clip.mp4", video_tracks=2)) == "The file holds 2 video streams, not one."
    )


def test_it_refuses_sound_without_pictures(folder):
    assert (
        refusal(make_mp4(folder / "clip.mp4", video_tracks=0)) == "The file holds no video streams, not one."
    )


def test_it_refuses_a_video_that_is_too_long(folder):
    path = make_mp4(folder / "clip.mp4", seconds=601, fps=1, size=(16, 16), audio=False)

    assert refusal(path) == "The video lasts 601 s; the limit is 600 s."


def test_it_refuses_a_video_that_is_too_large(folder):
    path = make_mp4(folder / "clip.mp4", seconds=1 / 24, size=(8208, 16), audio=False)

    assert refusal(path) == "The video is 8208 × 16 pixels; the limit is 8192."


def test_it_reports_a_missing_file_as_the_disks_fault(folder):
    with pytest.raises(FileNotFoundError):
        inspect(folder / "clip.mp4")


@pytest.mark.parametrize(
    ("size", "expected"), [((1280, 720), (640, 360)), ((720, 1280), (640, 1138)), ((320, 180), (320, 180))]
)
def test_it_writes_a_poster_of_the_videos_shape(folder, size, expected):
    path = make_mp4(folder / "clip.mp4", seconds=0.25, size=size)

    inspect(path, poster=folder / "poster.jpg")

    with Image.open(folder / "poster.jpg") as poster:
        assert (poster.format, poster.size) == ("JPEG", expected)
    assert sorted(entry.name for entry in folder.iterdir()) == ["clip.mp4", "poster.jpg"]


def brightness(path: Path) -> float:
    with Image.open(path) as picture:
        return ImageStat.Stat(picture.convert("L")).mean[0]


def test_it_takes_a_poster_from_behind_a_fade(folder):
    path = make_mp4(folder / "clip.mp4", black_frames=12)

    inspect(path, poster=folder / "poster.jpg")

    assert brightness(folder / "poster.jpg") > 50


def test_it_takes_the_first_frame_of_a_video_that_stays_black(folder):
    path = make_mp4(folder / "clip.mp4", black_frames=24)

    inspect(path, poster=folder / "poster.jpg")

    assert brightness(folder / "poster.jpg") == 0


def test_it_replaces_an_older_poster(folder):
    poster = folder / "poster.jpg"
    poster.write_bytes(b"old")

    inspect(make_mp4(folder / "clip.mp4"), poster=poster)

    assert poster.read_bytes().startswith(b"\xff\xd8")


def test_it_leaves_no_poster_of_a_bad_video(folder):
    path = file_of(folder, mp4_bytes(seconds=2)[:-2000])

    with pytest.raises(VideoError):
        inspect(path, poster=folder / "poster.jpg")

    assert [entry.name for entry in folder.iterdir()] == ["clip.mp4"]


def test_it_reports_an_unwritable_poster_as_the_disks_fault(folder):
    path = make_mp4(folder / "clip.mp4")
    (folder / "poster.jpg").mkdir()

    with pytest.raises(IsADirectoryError):
        inspect(path, poster=folder / "poster.jpg")

    assert sorted(entry.name for entry in folder.iterdir()) == ["clip.mp4", "poster.jpg"]


# The process of its own


def reader(monkeypatch, folder: Path, script: str) -> None:
    """Let a shell script stand where Python does, so that it reads the video instead."""
    program = folder / "reader"
    program.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def test_it_tells_the_reading_process_no_secret(folder, monkeypatch):
    path = make_mp4(folder / "clip.mp4")
    monkeypatch.setenv("GEMINI_API_KEY", "a-secret-key")
    reader(monkeypatch, folder, f'env > {folder}/env; exec {sys.executable} "$@"\n')

    assert inspect(path).frames == 24
    seen = (folder / "env").read_text()
    assert {line.partition("=")[0] for line in seen.splitlines()} <= {"PWD", "OLDPWD", "SHLVL", "_"}


def test_it_survives_a_crash_of_the_reading_process(folder, monkeypatch, caplog):
    path = make_mp4(folder / "clip.mp4")
    reader(monkeypatch, folder, "echo broken >&2; kill -SEGV $$\n")

    assert refusal(path) == "The video could not be read: the decoder stopped (-11)."
    assert "broken" in caplog.text


def test_it_stops_a_reading_process_that_hangs_and_its_children(folder, monkeypatch):
    path = make_mp4(folder / "clip.mp4")
    monkeypatch.setattr(video, "TIMEOUT", 0.5)
    reader(monkeypatch, folder, f"sleep 60 & echo $! > {folder}/pid; wait\n")
    begun = time.monotonic()

    assert refusal(path) == "The video could not be read within 0.5 s."
    assert time.monotonic() - begun < 5
    assert ended(int((folder / "pid").read_text()))


def test_it_limits_the_reading_process():
    program = """if True:
        from resource import RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, getrlimit
        from projects import video
        video._confine()
        print(*(getrlimit(limit)[1] for limit in (RLIMIT_AS, RLIMIT_CPU, RLIMIT_CORE)))
    """

    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    assert out.split() == [str(video.MAX_MEMORY), "60", "0"]


def test_it_does_not_load_ffmpeg_into_the_calling_process():
    program = "import sys, projects.video; print('av' in sys.modules, 'django' in sys.modules)"

    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    assert out == "False False\n"


def test_it_prints_the_facts_on_the_command_line(folder):
    path = make_mp4(folder / "clip.mp4")

    done = subprocess.run([sys.executable, "-m", "projects.video", str(path)], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["info"]["frames"] == 24


def test_it_fails_on_the_command_line_with_a_sentence(folder):
    path = file_of(folder, mp4_bytes()[:-2000])

    done = subprocess.run([sys.executable, "-m", "projects.video", str(path)], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout) == {"error": "The file is cut off or damaged."}


def test_it_takes_the_last_frame_at_full_size(folder):
    """The clip grows brighter: its 24th and last frame has the level 60 + 23 * 4."""
    path = make_mp4(folder / "clip.mp4")

    last_frame(path, folder / "last.png")

    with Image.open(folder / "last.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (320, 180))
        expected = (60 + 23 * 4 - 16) * 255 / 219  # from the range of video to that of pictures
        assert ImageStat.Stat(picture.convert("L")).mean[0] == pytest.approx(expected, abs=3)
    assert sorted(each.name for each in folder.iterdir()) == ["clip.mp4", "last.png"]


def test_it_takes_the_last_frame_of_a_video_shorter_than_the_end_that_it_looks_at(folder):
    last_frame(make_mp4(folder / "clip.mp4", seconds=1 / 24, audio=False), folder / "last.png")

    with Image.open(folder / "last.png") as picture:
        assert picture.size == (320, 180)


def test_it_takes_a_frame_that_is_too_large_as_a_jpeg(folder, monkeypatch):
    """As noise in 4k would be. Asked in this process, where the limit can be moved."""
    monkeypatch.setattr(video, "MAX_FRAME_BYTES", 1)

    assert video._last_frame(make_mp4(folder / "clip.mp4")).startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("data", [b"", b"<!doctype html>", mp4_bytes()[:3000], make_jpeg()])
def test_it_takes_no_frame_of_what_is_no_video(folder, data):
    with pytest.raises(VideoError):
        last_frame(file_of(folder, data), folder / "last.png")

    assert [each.name for each in folder.iterdir()] == ["clip.mp4"]


def test_it_takes_no_frame_of_a_missing_file(folder):
    with pytest.raises(FileNotFoundError):
        last_frame(folder / "clip.mp4", folder / "last.png")
