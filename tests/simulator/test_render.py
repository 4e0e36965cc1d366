import threading
from itertools import pairwise
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from projects.simulator.darkroom import Darkroom
from projects.simulator.render import Cancelled, Shot, render

SECONDS = 1


def shot(**options: object) -> Shot:
    usual = {
        "caption": "A red fox",
        "note": "Veo",
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "seconds": SECONDS,
    }
    return Shot(**usual | options)


def made(folder: Path, **options: object) -> Path:
    path = folder / "clip.mp4"
    render(shot(**options), path)
    return path


def frames(path: Path) -> list[Image.Image]:
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean distance of two pictures, 0 to 255, at thumbnail size so that captions hardly count."""
    small = [image.convert("RGB").resize((32, 18)) for image in (one, other)]
    return sum(ImageStat.Stat(ImageChops.difference(*small)).mean) / 3


@pytest.mark.parametrize(
    ("resolution", "aspect_ratio", "size"),
    [
        ("360p", "16:9", (640, 360)),
        ("360p", "9:16", (360, 640)),
        ("720p", "16:9", (1280, 720)),
        ("720p", "9:16", (720, 1280)),
        ("1080p", "16:9", (1920, 1080)),
        ("1080p", "9:16", (1080, 1920)),
        ("4k", "16:9", (3840, 2160)),
        ("4k", "9:16", (2160, 3840)),
    ],
)
def test_it_makes_exactly_the_size_and_length_asked_for(tmp_path, resolution, aspect_ratio, size):
    with av.open(str(made(tmp_path, resolution=resolution, aspect_ratio=aspect_ratio))) as container:
        (video,), (audio,) = container.streams.video, container.streams.audio
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == size
        assert (video.average_rate, video.frames) == (24, 24 * SECONDS)
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("aac", 48_000, "stereo")
        assert [float(stream.duration * stream.time_base) for stream in (video, audio)] == [SECONDS, SECONDS]
        assert container.duration == SECONDS * av.time_base


def test_it_puts_the_index_first_so_that_a_browser_starts_at_once(tmp_path):
    content = made(tmp_path).read_bytes()

    assert content[4:8] == b"ftyp"
    assert content.index(b"moov") < content.index(b"mdat")


def test_it_can_be_silent(tmp_path):
    with av.open(str(made(tmp_path, sound=False))) as container:
        assert len(container.streams.audio) == 0
        assert container.duration == SECONDS * av.time_base


def test_it_sounds_softly_and_fades_in(tmp_path):
    with av.open(str(made(tmp_path, seconds=3))) as container:
        plain = av.AudioResampler("s16", "mono")
        peaks = []
        for frame in container.decode(audio=0):
            for part in plain.resample(frame):
                peaks.append(max(map(abs, memoryview(bytes(part.planes[0])[: 2 * part.samples]).cast("h"))))

    loudest = max(peaks)
    assert 1_000 < loudest < 12_000
    assert max(peaks[:5]) < loudest / 4
    assert max(peaks[-3:]) < loudest / 4


def test_it_moves_and_counts_the_frames(tmp_path):
    pictures = frames(made(tmp_path))
    code = (1120, 40, 1280, 90)

    assert difference(pictures[0], pictures[-1]) > 0.5
    for one, other in pairwise(pictures):
        changed = ImageChops.difference(one.crop(code), other.crop(code)).convert("L")
        assert ImageStat.Stat(changed).extrema[0][1] > 40


def test_it_draws_another_picture_for_another_prompt(tmp_path):
    fox, owl = (frames(made(tmp_path, caption=caption))[12] for caption in ("A red fox", "An owl"))

    assert difference(fox, owl) > 5


def test_it_shows_the_prompt(tmp_path):
    with_words, without = (
        frames(made(tmp_path, caption=caption, seed_image=picture(tmp_path, "#405060")))[0]
        for caption in ("A red fox in the snow", "")
    )
    lower_left = (0, 500, 640, 720)

    changed = ImageChops.difference(with_words.crop(lower_left), without.crop(lower_left)).convert("L")
    assert sum(changed.histogram()[100:]) > 1_000


@pytest.mark.parametrize("caption", ["x" * 2_000, "word " * 500, "日本語 🦊", "", "“Ä—ß…”"])
@pytest.mark.parametrize("aspect_ratio", ["16:9", "9:16"])
def test_it_copes_with_any_prompt(tmp_path, caption, aspect_ratio):
    stop = threading.Event()
    stop.set()

    with pytest.raises(Cancelled):
        render(shot(caption=caption, aspect_ratio=aspect_ratio), tmp_path / "clip.mp4", stop)


def picture(folder: Path, colour: str, size: tuple[int, int] = (800, 800), mode: str = "RGB") -> Path:
    path = folder / colour.strip("#")
    Image.new(mode, size, colour).save(path, "PNG")
    return path


def test_it_starts_from_the_seed_image_and_ends_on_the_last_frame(tmp_path):
    red, blue = picture(tmp_path, "#b03030"), picture(tmp_path, "#3030b0", mode="RGBA")

    pictures = frames(made(tmp_path, seed_image=red, last_frame=blue))

    middle = (640, 300, 660, 320)
    first, last = (ImageStat.Stat(pictures[n].crop(middle)).mean for n in (0, -1))
    assert first == pytest.approx([0xB0, 0x30, 0x30], abs=6)
    assert last == pytest.approx([0x30, 0x30, 0xB0], abs=6)


def test_it_zooms_slowly_into_the_seed_image(tmp_path):
    halves = Image.new("RGB", (1280, 720), "#000000")
    halves.paste("#ffffff", (0, 0, 200, 720))
    halves.save(tmp_path / "halves", "PNG")

    pictures = frames(made(tmp_path, seed_image=tmp_path / "halves", caption=""))

    first, last = (_edge(image) for image in (pictures[0], pictures[-1]))
    assert first == pytest.approx(200, abs=3)
    assert 100 < last < 180


def _edge(image: Image.Image) -> int:
    """Where the white part on the left of a picture ends."""
    row = image.convert("L").crop((0, 300, image.width, 301)).tobytes()
    return next(x for x, level in enumerate(row) if level < 128)


def test_it_names_equal_shots_alike_and_others_differently():
    names = [
        shot().fingerprint,
        shot(caption="An owl").fingerprint,
        shot(take=1).fingerprint,
        shot(seconds=2).fingerprint,
        shot(seed_image=Path("/a/1234")).fingerprint,
        shot(last_frame=Path("/a/1234")).fingerprint,
    ]

    assert len(set(names)) == len(names)
    assert shot(seed_image=Path("/b/1234")).fingerprint == shot(seed_image=Path("/a/1234")).fingerprint


@pytest.fixture
def darkroom(tmp_path):
    room = Darkroom(tmp_path / "clips")
    yield room
    room.close()


def test_it_makes_a_clip_once_and_keeps_it(darkroom, tmp_path):
    clip = darkroom.find(shot(), patience=30)
    written = clip.path.stat().st_mtime_ns

    assert darkroom.find(shot(), patience=30) == clip
    assert clip.path.stat().st_mtime_ns == written
    assert clip.size == clip.path.stat().st_size
    assert [path.name for path in (tmp_path / "clips").iterdir()] == [f"{shot().fingerprint}.mp4"]


def test_it_never_shows_a_clip_in_work(darkroom, tmp_path):
    darkroom.order(shot())

    assert darkroom.find(shot()) is None
    assert darkroom.settle(30)
    assert darkroom.find(shot()).path.read_bytes()[4:8] == b"ftyp"


def test_it_gives_up_what_is_in_work_when_it_closes(darkroom, tmp_path):
    for take in range(4):
        darkroom.order(shot(take=take, seconds=8))
    darkroom.close()

    assert list((tmp_path / "clips").iterdir()) == []
    assert darkroom.find(shot(take=9)) is None
