"""The cutting room's door: joining, copying, what goes wrong, and the process that it happens in."""

import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from fractions import Fraction
from pathlib import Path

import av
import pytest

from projects.montage import MontageError, Stopped, join, make, room, why_no_copy
from projects.montage import copy as copying
from projects.montage.reel import Piece, Reel, Title, Track
from projects.montage.render import render
from tests.films import piece
from tests.media import make_mp4, mp4_bytes
from tests.processes import ended

RATE = 44_100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nothing but what the test and the code under test put there."""
    path = tmp_path / "films"
    path.mkdir()
    return path


def reel(*pieces: Piece, even_loudness: bool = False, **settings) -> Reel:
    return Reel(pieces=pieces, width=320, height=180, even_loudness=even_loudness, **settings)


def levels(path: Path) -> list[int]:
    """The brightness in the middle of every frame."""
    with av.open(str(path)) as container:
        return [
            bytes(frame.planes[0])[frame.planes[0].line_size * 90 + 160]
            for frame in container.decode(video=0)
        ]


def grown(frames: int) -> list[int]:
    """How bright `make_mp4` draws its frames."""
    return [60 + index * 4 % 160 for index in range(frames)]


def copied(pieces: list[Piece], target: Path) -> int:
    """Join in this process, which the tests have brought FFmpeg into anyway."""
    found = copying.scans(reel(*pieces))
    assert copying.difference(found) == ""
    return copying.copy(found, target, (), lambda share: None)


def refusal(pieces: list[tuple[Path, str]], target: Path) -> str:
    with pytest.raises(MontageError) as caught:
        join(pieces, target)
    assert not target.exists()
    return str(caught.value)


# Joining without re-encoding


def test_it_joins_parts_without_touching_their_pictures(folder):
    first, second = (
        make_mp4(folder / "1.mp4"),
        make_mp4(folder / "2.mp4", seconds=2),
    )

    info = join([(first, "One"), (second, "Two")], folder / "film.mp4")

    assert (info.frames, info.duration_seconds, info.fps) == (72, 3.0, 24.0)
    assert (info.width, info.height, info.audio_codec) == (320, 180, "aac")
    assert levels(folder / "film.mp4") == grown(24) + grown(48)
    assert sorted(each.name for each in folder.iterdir()) == ["1.mp4", "2.mp4", "film.mp4"]


def test_it_puts_the_index_first_so_that_a_browser_plays_at_once(folder):
    copied([piece(make_mp4(folder / "1.mp4"))], folder / "film.mp4")

    data = (folder / "film.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_every_frame_is_exactly_one_frame_after_the_one_before(folder):
    parts = [piece(make_mp4(folder / f"{n}.mp4", seconds=n), seconds=n) for n in (1, 2, 3)]

    copied(parts, folder / "film.mp4")

    with av.open(str(folder / "film.mp4")) as film:
        base = film.streams.video[0].time_base
        times = [frame.pts * base * 24 for frame in film.decode(video=0)]
    assert times == list(range(144))


def test_frames_that_are_stored_in_another_order_than_shown_keep_their_times(folder):
    parts = [piece(with_b_frames(folder / f"{n}.mp4")) for n in "12"]

    copied(parts, folder / "film.mp4")

    with av.open(str(folder / "film.mp4")) as film:
        assert [round(frame.time * 24, 3) for frame in film.decode(video=0)] == list(range(48))
    assert levels(folder / "film.mp4") == levels(folder / "1.mp4") * 2


def with_b_frames(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.options = {"preset": "veryfast", "bf": "3", "b-pyramid": "normal"}
        with av.open(str(make_mp4(path.with_suffix(".source.mp4")))) as source:
            for frame in source.decode(video=0):
                frame.pict_type = 0
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_sound_does_not_drift_over_many_cuts(folder):
    """44 packets of sound last 1.022 s: one after another, ten of them would be 0.2 s late."""
    clip = piece(make_mp4(folder / "1.mp4"))

    copied([clip] * 10, folder / "film.mp4")

    source = dict(sounds(clip.path))
    for time_, data in ((at, data) for data, at in sounds(folder / "film.mp4")):
        begin = (time_ + 512) // RATE * RATE
        assert abs(begin + source[data] - time_) <= 512


def test_sound_is_one_unbroken_row_of_packets(folder):
    copied([piece(make_mp4(folder / "1.mp4"))] * 5, folder / "film.mp4")

    times = [at for _, at in sounds(folder / "film.mp4")]
    assert times == list(range(0, 1024 * len(times), 1024))
    assert abs(times[-1] + 1024 - 5 * RATE) <= 512


def sounds(path: Path) -> list[tuple[bytes, int]]:
    with av.open(str(path)) as container:
        return [(bytes(packet), packet.pts) for packet in container.demux(audio=0) if packet.size]


def test_a_copied_film_has_a_menu(folder):
    parts = [piece(make_mp4(folder / f"{n}.mp4"), n) for n in "12"]
    found = copying.scans(reel(*parts))

    copying.copy(found, folder / "film.mp4", ("Die Tür\n– außen", "日本"), lambda share: None)

    with av.open(str(folder / "film.mp4")) as film:
        told = [
            (each["metadata"]["title"], each["start"] * each["time_base"], each["end"] * each["time_base"])
            for each in film.chapters()
        ]
        assert "title" not in film.metadata
    assert told == [("Die Tür – außen", 0, 1), ("日本", 1, 2)]


def test_a_trim_at_a_key_frame_is_copied(folder):
    """`make_mp4` sets a key frame every second."""
    clip = make_mp4(folder / "1.mp4", seconds=3)

    assert copied([piece(clip, seconds=3, start=1, end=2.5)] * 2, folder / "film.mp4") == 72
    assert levels(folder / "film.mp4") == grown(72)[24:60] * 2


# Why not


def obstacle(*pieces: Piece, **settings) -> str:
    made = reel(*pieces, **settings)
    return copying.obstacle(made) or copying.difference(copying.scans(made))


@pytest.fixture
def door(folder) -> Piece:
    return piece(make_mp4(folder / "door.mp4"))


def test_it_says_what_has_to_be_drawn_or_mixed(door, folder):
    track = Track(path=folder / "song.mp3")

    assert obstacle(door, title=Title(text="Film")) == "The title card has to be drawn."
    assert obstacle(door, track=track) == "The sound track has to be mixed in."
    assert obstacle(door, even_loudness=True) == "The loudness is to be evened out."
    assert obstacle(door, piece(door.path, "The sea", crossfade=0.5)) == (
        "“The sea” is faded in over the piece before it."
    )


def test_it_says_which_piece_has_another_size_or_rate(door, folder):
    tall = Piece(
        path=door.path, name="The sea", width=180, height=320, fps=24, frames=24, seconds=1.0, crossfade=0
    )

    assert obstacle(door, tall) == "“The sea” is 180 × 320 pixels, the film 320 × 180."
    assert obstacle(door, fps=30) == "“The door” has 24 frames a second, the film 30."


def test_it_says_where_a_trim_is_in_the_way(folder):
    clip = make_mp4(folder / "1.mp4", seconds=2)

    assert obstacle(piece(clip, seconds=2, start=0.5)) == "“The door” does not begin at a key frame."
    assert obstacle(piece(with_b_frames(folder / "2.mp4"), end=2 / 24)) == (
        "“The door” cannot be cut there without re-encoding."
    )


def test_it_says_which_piece_is_silent_or_made_by_another_encoder(door, folder):
    silent = piece(make_mp4(folder / "silent.mp4", audio=False), "The sea")
    other = piece(with_b_frames(folder / "other.mp4"), "The shore")

    assert obstacle(door, silent) == "“The sea” has no sound, and others have."
    assert obstacle(silent, other) == "“The shore” differs from “The sea” in its encoder settings."


def test_it_is_asked_from_outside(door, folder):
    assert why_no_copy(reel(door, door)) == ""
    (folder / "bad.mp4").write_bytes(b"<!doctype html>")
    with pytest.raises(MontageError, match=r"^“The sea” is damaged: Invalid data"):
        why_no_copy(reel(door, piece(folder / "bad.mp4", "The sea")))


# Bad pieces


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, "“The sea” is missing: its file is gone."),
        (b"", "“The sea” is damaged: Invalid data found when processing input."),
        (b"<!doctype html>", "“The sea” is damaged: Invalid data found when processing input."),
        (mp4_bytes(seconds=2)[:9000], "“The sea” cannot be used: the file is cut off or damaged."),
        (mp4_bytes(video_tracks=0), "“The sea” cannot be used: the file holds no video streams, not one."),
    ],
    ids=["missing", "empty", "html", "cut-off", "no-pictures"],
)
def test_it_names_the_piece_that_is_at_fault(folder, data, expected):
    if data is not None:
        (folder / "sea.mp4").write_bytes(data)

    parts = [(make_mp4(folder / "door.mp4"), "The door"), (folder / "sea.mp4", "The sea")]

    assert refusal(parts, folder / "film.mp4") == expected


def test_it_names_the_piece_whose_pictures_cannot_be_decoded(folder):
    path = make_mp4(folder / "sea.mp4", audio=False)
    with av.open(str(path)) as container:
        offsets = [packet.pos for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    data[offsets[0] : offsets[0] + 12] = b"\xff" * 12
    path.write_bytes(data)

    with pytest.raises(MontageError, match=r"^“The sea” is damaged: "):
        make(reel(piece(path, "The sea"), even_loudness=True), folder / "film.mp4")
    assert not (folder / "film.mp4").exists()


def test_it_refuses_what_leaves_nothing_to_see(folder, door):
    gone = piece(door.path, "The sea", start=0.5, end=0.501)

    with pytest.raises(MontageError, match=r"^Nothing is left of “The sea”"):
        make(reel(door, gone), folder / "film.mp4")


def test_it_refuses_films_beyond_its_limits(folder, door):
    with pytest.raises(MontageError, match=r"^The film has 201 clips; the limit is 200\.$"):
        make(reel(*[door] * 201), folder / "film.mp4")
    with pytest.raises(MontageError, match=r"^The film lasts 3610 s; the limit is 3600 s\.$"):
        make(reel(*[piece(door.path, seconds=361)] * 10), folder / "film.mp4")
    with pytest.raises(MontageError, match=r"both must be even\.$"):
        make(Reel(pieces=(door,), width=321, height=180), folder / "film.mp4")
    with pytest.raises(MontageError, match=r"^There is nothing to join\.$"):
        join([], folder / "film.mp4")


def test_it_reports_an_unwritable_target_as_the_disks_fault(folder, door):
    with pytest.raises(FileNotFoundError):
        make(reel(door), folder / "nowhere" / "film.mp4")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_it_reports_a_full_disk_as_such(folder, door):
    (folder / "film.mp4").symlink_to("/dev/full")

    with pytest.raises(OSError, match="No space left") as caught:
        make(reel(door), folder / "film.mp4")
    assert not isinstance(caught.value, MontageError)
    assert not (folder / "film.mp4").is_symlink()


# The process of its own


def cutter(monkeypatch, folder: Path, script: str) -> None:
    """Let a shell script stand where Python does, so that it cuts the film instead."""
    program = folder / "cutter"
    program.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def test_it_tells_the_cutting_process_no_secret(folder, door, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "a-secret-key")
    cutter(monkeypatch, folder, f'env > {folder}/env; exec {sys.executable} "$@"\n')

    assert why_no_copy(reel(door)) == ""
    seen = (folder / "env").read_text()
    assert {line.partition("=")[0] for line in seen.splitlines()} <= {"PWD", "OLDPWD", "SHLVL", "_"}


def test_it_survives_a_crash_of_the_cutting_process(folder, door, monkeypatch, caplog):
    cutter(monkeypatch, folder, "echo broken >&2; kill -SEGV $$\n")

    with pytest.raises(MontageError, match=r"the cutting process stopped \(-11\)\.$"):
        make(reel(door), folder / "film.mp4")
    assert "broken" in caplog.text


def test_it_ends_a_cutting_process_that_takes_too_long(folder, door, monkeypatch):
    monkeypatch.setattr(room, "BASE_TIMEOUT", 1)
    monkeypatch.setattr(room, "TIMEOUT_PER_SECOND", 0)
    cutter(monkeypatch, folder, f"echo half > {folder}/film.mp4; echo $$ > {folder}/pid; exec sleep 60\n")

    with pytest.raises(MontageError, match=r"^The film could not be made within 1 s\.$"):
        make(reel(door), folder / "film.mp4")
    assert ended(int((folder / "pid").read_text()))
    assert not (folder / "film.mp4").exists()


def long_reel(door: Piece) -> Reel:
    """What takes much longer than a test to render."""
    return Reel(pieces=(door,) * 200, width=1920, height=1080)


def test_it_stops_at_once_when_it_is_told_to(folder, door):
    stop = threading.Event()
    shares: list[float] = []

    def watch(share: float) -> None:
        shares.append(share)
        stop.set()

    with pytest.raises(Stopped):
        make(long_reel(door), folder / "film.mp4", progress=watch, stop=stop)
    assert len(shares) == 1
    assert 0 < shares[0] < 0.5
    assert not (folder / "film.mp4").exists()


def test_it_ends_when_its_caller_is_killed(folder, door):
    values = json.dumps([str(door.path), str(folder / "film.mp4")])
    program = f"""if True:
        from pathlib import Path
        from projects.montage import make
        from projects.montage.reel import Piece, Reel
        source, target = {values}
        door = Piece(path=Path(source), name="door", width=320, height=180, fps=24, frames=24, seconds=1.0)
        make(
            Reel(pieces=(door,) * 200, width=1920, height=1080),
            Path(target),
            progress=lambda share: print(share, flush=True),
        )
    """
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as caller:
        assert caller.stdout
        assert float(caller.stdout.readline()) > 0
        children = Path(f"/proc/{caller.pid}/task/{caller.pid}/children").read_text().split()
        os.kill(caller.pid, signal.SIGKILL)

    assert len(children) == 1
    assert ended(int(children[0]))
    assert {each.name for each in folder.iterdir()} <= {"door.mp4", "film.mp4"}


def test_it_does_not_load_ffmpeg_or_pillow_into_the_calling_process():
    program = "import sys, projects.montage; print([m for m in ('av', 'PIL', 'django') if m in sys.modules])"

    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    assert out == "[]\n"


# What cannot be copied


def test_parts_of_different_rates_are_joined_at_the_firsts(folder):
    first = make_mp4(folder / "1.mp4", seconds=0.5)
    second = make_mp4(folder / "2.mp4", seconds=0.5, fps=30, size=(180, 320))

    info = join([(first, "One"), (second, "Two")], folder / "film.mp4")

    assert (info.frames, info.fps, info.width, info.height) == (24, 24.0, 320, 180)


def test_frames_are_where_the_timeline_says(folder):
    """Each frame is as bright as its number, so the film tells which one it shows."""
    parts = (
        piece(make_mp4(folder / "1.mp4", seconds=1.5), seconds=1.5, start=0.25),
        piece(make_mp4(folder / "2.mp4"), end=0.5),
    )
    whole = reel(*parts, title=Title(text="Die Tür", seconds=0.5), chapters=("A", "B"))

    frames = render(whole, copying.scans(whole), folder / "film.mp4", lambda share: None)

    seen = levels(folder / "film.mp4")
    assert frames == len(seen) == 12 + 30 + 12
    assert seen[12:] == pytest.approx(grown(36)[6:] + grown(12), abs=2)
    with av.open(str(folder / "film.mp4")) as film:
        assert [each["start"] * each["time_base"] for each in film.chapters()] == [0, Fraction(42, 24)]
        assert [frame.pts for frame in itertools.islice(film.decode(video=0), 3)] == [0, 512, 1024]
