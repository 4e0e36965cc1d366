"""What films are rendered with: framing, crossfades, title cards, sound, loudness, music."""

import math
import wave
from array import array
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from projects.montage import MontageError, loudness, mixing, pictures, sound, title
from projects.montage import copy as copying
from projects.montage.chapters import chapters
from projects.montage.framing import Frame, inside, outside
from projects.montage.reel import Framing, Piece, Reel, Title, Track
from projects.montage.render import render
from projects.montage.timeline import timeline
from tests.films import piece
from tests.media import make_mp4, make_picture

RATE = 48_000


def reel(*pieces: Piece, size: tuple[int, int] = (320, 180), **settings) -> Reel:
    return Reel(pieces=pieces, width=size[0], height=size[1], **{"even_loudness": False} | settings)


def seen(film: Reel) -> list[int]:
    """The brightness in the middle of every frame, before it is encoded."""
    return [
        bytes(frame.planes[0])[frame.planes[0].line_size * (frame.height // 2) + frame.width // 2]
        for frame in pictures.pictures(film, timeline(film))
    ]


def grown(frames: int) -> list[int]:
    return [60 + index * 4 % 160 for index in range(frames)]


# Framing


def test_it_finds_the_largest_size_inside_and_the_smallest_outside():
    assert inside(Fraction(9, 16), 1280, 720) == (404, 720)
    assert inside(Fraction(16, 9), 720, 1280) == (720, 404)
    assert outside(Fraction(9, 16), 1280, 720) == (1280, 2276)
    assert outside(Fraction(16, 9), 720, 1280) == (2276, 1280)
    assert inside(Fraction(16, 9), 1280, 720) == outside(Fraction(16, 9), 1280, 720) == (1280, 720)
    assert inside(Fraction(1, 4000), 320, 180) == (2, 180)


def framed(framing: Framing, size: tuple[int, int], aspect: Fraction | None = None) -> Image.Image:
    """Red and green above blue and white, of 180 × 320 pixels, put into a frame of this size."""
    source = av.VideoFrame.from_image(make_picture((180, 320))).reformat(format="yuv420p")
    source.pts = 0
    picture = Frame(reel(size=size, framing=framing), aspect).filled(source).to_image()
    assert picture.size == size
    return picture


def colour(picture: Image.Image, x: float, y: float) -> str:
    levels = picture.getpixel((int(picture.width * x), int(picture.height * y)))
    return "".join(name for name, level in zip("rgb", levels, strict=True) if level > 128)


def test_fit_shows_all_of_the_picture_between_black_bars():
    picture = framed("fit", (320, 180))

    assert [colour(picture, x, 0.25) for x in (0.1, 0.4, 0.6, 0.9)] == ["", "r", "g", ""]
    assert [colour(picture, x, 0.95) for x in (0.1, 0.4, 0.6, 0.9)] == ["", "b", "rgb", ""]


def test_fill_cuts_off_what_is_too_much():
    picture = framed("fill", (320, 180))

    assert [colour(picture, x, 0.05) for x in (0.05, 0.95)] == ["r", "g"]
    assert [colour(picture, x, 0.95) for x in (0.05, 0.95)] == ["b", "rgb"]


def test_pad_shows_all_of_the_picture_over_a_blurred_copy():
    picture = framed("pad", (320, 180))

    assert [colour(picture, x, 0.05) for x in (0.05, 0.4, 0.6, 0.95)] == ["r", "r", "g", "g"]
    assert colour(picture, 0.1, 0.02) == "r"
    assert colour(picture, 0.4, 0.02) == "r"
    edge = [picture.getpixel((x, 88))[0] for x in (20, 150)]
    assert edge[0] < edge[1] - 30, "the copy is blurred where the picture has a sharp edge"


def test_pixels_that_are_not_square_are_stretched():
    """180 × 320 of pixels twice as wide as high is a picture of 360 to 320."""
    picture = framed("fit", (720, 320), Fraction(2))

    assert [colour(picture, x, 0.25) for x in (0.2, 0.3, 0.7, 0.8)] == ["", "r", "g", ""]


# Which frame when


def test_every_frame_of_a_clip_is_shown_once(tmp_path):
    clip = make_mp4(tmp_path / "1.mp4")

    assert seen(reel(piece(clip))) == pytest.approx(grown(24), abs=1)


def test_a_faster_clip_loses_frames_and_a_slower_one_repeats_them(tmp_path):
    fast, slow = make_mp4(tmp_path / "30.mp4", fps=30), make_mp4(tmp_path / "12.mp4", fps=12)

    thirty = seen(reel(piece(fast, fps=30)))
    twelve = seen(reel(piece(slow, fps=12)))

    assert thirty == pytest.approx([grown(30)[n * 30 // 24] for n in range(24)], abs=1)
    assert twelve == pytest.approx([grown(12)[n // 2] for n in range(24)], abs=1)


def test_a_trim_starts_and_ends_on_its_frame(tmp_path):
    clip = make_mp4(tmp_path / "1.mp4", seconds=3)

    cut = seen(reel(piece(clip, seconds=3, start=1 + 5 / 24, end=2.25)))

    assert cut == pytest.approx(grown(72)[29:54], abs=1)


def test_a_crossfade_mixes_frames_by_their_place_in_it(tmp_path):
    clip = make_mp4(tmp_path / "1.mp4")

    film = seen(reel(piece(clip), piece(clip, "Two", crossfade=0.25)))

    first, second = grown(24)[18:], grown(24)[:6]
    mixed = [
        one + (other - one) * (n + 1) / 7 for n, (one, other) in enumerate(zip(first, second, strict=True))
    ]
    assert film == pytest.approx(grown(18) + mixed + grown(24)[6:], abs=2)


def test_only_the_first_frame_of_a_piece_is_bound_to_be_a_key_frame(tmp_path):
    clip = make_mp4(tmp_path / "1.mp4", seconds=0.5)
    film = reel(piece(clip, seconds=0.5), piece(clip, "Two", seconds=0.5))

    kinds = [int(frame.pict_type) for frame in pictures.pictures(film, timeline(film))]

    assert kinds == ([1] + [0] * 11) * 2


# Title cards


def test_a_title_comes_out_of_black_and_goes_back(tmp_path):
    frames = list(title.frames("Die Tür", (320, 180), 48, 24))

    brightest = [max(bytes(frame.planes[0])) for frame in frames]
    assert len(frames) == 48
    assert brightest[0] < 40
    assert brightest[:12] == sorted(brightest[:12])
    assert set(brightest[12:36]) == {235}
    assert brightest == brightest[::-1]


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (1920, 1080)])
@pytest.mark.parametrize(
    "text", ["Film", "A title that is rather long and has to be wrapped into lines", "word " * 400]
)
def test_a_title_is_centred_and_inside_its_area(size, text):
    left, top, right, bottom = title.card(text, size).getbbox()

    assert left >= size[0] * 0.08
    assert right <= size[0] * 0.92
    assert top >= size[1] * 0.08
    assert bottom <= size[1] * 0.92
    assert abs((left + right) / 2 - size[0] / 2) < size[0] * 0.03


def test_a_title_may_be_empty():
    assert title.card("  \n", (320, 180)).getbbox() is None


def test_letters_that_no_font_here_has_are_told(monkeypatch):
    monkeypatch.setattr(title, "SYSTEM_FONTS", ())

    assert title.missing("Film 1") == ""
    assert title.missing("Tür 日本") == "ü日本"
    assert title.card("Tür", (320, 180)).tobytes() == title.card("Tur", (320, 180)).tobytes()
    assert title.card("日", (320, 180)).tobytes() == title.card("?", (320, 180)).tobytes()


# Sound


def level(samples: "array[float]") -> float:
    """The root mean square."""
    return math.sqrt(sum(each * each for each in samples) / max(1, len(samples)))


def film_sound(*pieces: Piece, **settings) -> "array[float]":
    film = reel(*pieces, **settings)
    spans = timeline(film)
    heard = sound.film(film.pieces, [1.0] * len(pieces), spans, Fraction(24))
    return heard.read(sound.sample_at(spans[-1].end_frame, Fraction(24)))


def test_mono_sound_of_another_rate_comes_as_stereo_at_its_loudness(tmp_path):
    heard = sound.of_piece(piece(make_mp4(tmp_path / "1.mp4")), 0.0).read(RATE)

    assert len(heard) == 2 * RATE
    assert [level(heard[side::2]) for side in (0, 1)] == pytest.approx([0.1, 0.1], abs=0.005)


def test_silence_follows_what_has_ended_and_fills_what_has_none(tmp_path):
    silent = piece(make_mp4(tmp_path / "1.mp4", audio=False))

    assert level(sound.of_piece(silent, 0.0).read(RATE)) == 0
    assert level(sound.of_piece(piece(make_mp4(tmp_path / "2.mp4")), 0.0).read(3 * RATE)[-2 * RATE :]) == 0


def test_trimmed_sound_is_the_same_as_the_rest_of_all(tmp_path):
    clip = piece(make_mp4(tmp_path / "1.mp4", seconds=2), seconds=2)

    whole = sound.of_piece(clip, 0.0).read(2 * RATE)
    rest = sound.of_piece(clip, 1.25).read(RATE // 2)

    expected = whole[int(2.5 * RATE) :][: len(rest)]
    assert max(abs(one - other) for one, other in zip(rest, expected, strict=True)) < 0.01


def test_pieces_follow_each_other_at_their_sample(tmp_path):
    loud, silent = make_mp4(tmp_path / "1.mp4"), make_mp4(tmp_path / "2.mp4", audio=False)

    heard = film_sound(
        piece(loud), piece(silent, "Two"), piece(loud, "Three"), title=Title(text="", seconds=1)
    )

    seconds = [level(heard[n * 2 * RATE : (n + 1) * 2 * RATE]) for n in range(4)]
    assert seconds == pytest.approx([0, 0.1, 0, 0.1], abs=0.01)
    assert level(heard[2 * RATE - 200 : 2 * RATE]) == 0


def test_crossfaded_sound_keeps_its_power():
    noise = array("f", (math.sin(n * n) for n in range(2 * RATE)))
    other = array("f", (math.sin(n * n + 1000.5 * n) for n in range(2 * RATE)))

    mixed = sound.crossfaded(noise, other, 0, RATE)

    assert mixed[0] == pytest.approx(noise[0], abs=1e-3)
    assert mixed[-1] == pytest.approx(other[-1], abs=1e-3)
    parts = [level(mixed[at : at + RATE // 5]) for at in range(0, 2 * RATE, RATE // 5)]
    assert parts == pytest.approx([level(noise)] * len(parts), rel=0.1)


def test_crossfaded_films_are_as_long_as_their_pictures(tmp_path):
    clip = make_mp4(tmp_path / "1.mp4")

    heard = film_sound(piece(clip), piece(clip, "Two", crossfade=0.5))

    assert len(heard) == 2 * 1.5 * RATE
    assert level(heard[int(1.4 * 2 * RATE) :]) == pytest.approx(0.1, abs=0.01)


# Loudness


def test_it_measures_a_tone_as_the_standard_says(tmp_path):
    """A sine at full scale in one channel is -3.01 LUFS; this one has its peak at -17 dB in both."""
    measured = loudness.measure(piece(make_mp4(tmp_path / "1.mp4", seconds=2), seconds=2), 0, 2)

    assert measured.integrated == pytest.approx(-17.7, abs=0.5)
    assert measured.peak == pytest.approx(-17, abs=0.3)


def test_silence_and_what_is_too_short_are_left_alone(tmp_path):
    silent = loudness.measure(piece(make_mp4(tmp_path / "1.mp4", audio=False)), 0, 1)
    short = loudness.measure(piece(make_mp4(tmp_path / "2.mp4")), 0, 0.2)

    assert [loudness.gain(each) for each in (silent, short)] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("integrated", "peak", "decibels"),
    [(-16, -3, 0), (-20, -8, 4), (-10, -1, -6), (-40, -30, 12), (-2, 0, -12), (-24, -1, 6), (-24, 9, 0)],
)
def test_pieces_come_nearer_to_the_same_loudness(integrated, peak, decibels):
    gain = loudness.gain(loudness.Loudness(integrated, peak))

    assert 20 * math.log10(gain) == pytest.approx(decibels, abs=0.01)


# Music


def song(path: Path, *, seconds: int, level: float = 0.5) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        samples = (round(32000 * level * math.sin(math.tau * 200 * n / RATE)) for n in range(seconds * RATE))
        file.writeframes(array("h", samples).tobytes())
    return path


def mixed(film: Reel) -> "array[float]":
    spans = timeline(film)
    total = sound.sample_at(spans[-1].end_frame, Fraction(24))
    pieces = sound.film(film.pieces, [1.0] * len(film.pieces), spans, Fraction(24))
    heard: array[float] = array("f")
    for frame in mixing.mixed(film, pieces, total):
        heard.extend(sound.samples_of(frame))
    assert len(heard) == total * 2
    return heard


def second(samples: "array[float]", number: float) -> float:
    return level(samples[int(number * 2 * RATE) :][: RATE // 2])


def test_a_track_lies_under_the_film_and_fades_at_its_end(tmp_path):
    """A single channel is spread over two, each 3 dB softer, so that it is as loud as it was."""
    silent = piece(make_mp4(tmp_path / "1.mp4", seconds=4, audio=False), seconds=4)
    track = Track(path=song(tmp_path / "song.wav", seconds=9), volume=0.5)

    heard = mixed(reel(silent, track=track))

    assert second(heard, 1.5) == pytest.approx(0.5 * 0.5 / 2, abs=0.01)
    assert second(heard, 3) == pytest.approx(second(heard, 1.5) * 0.44, abs=0.03)
    assert second(heard, 3.75) < 0.03


def test_a_track_that_ends_earlier_just_ends(tmp_path):
    silent = piece(make_mp4(tmp_path / "1.mp4", seconds=3, audio=False), seconds=3)

    heard = mixed(reel(silent, track=Track(path=song(tmp_path / "song.wav", seconds=1))))

    assert second(heard, 0.5) > 0.1
    assert second(heard, 1.5) < 1e-4


def test_a_track_is_softer_under_speech_if_that_is_asked_for(tmp_path):
    clips = (
        piece(make_mp4(tmp_path / "1.mp4", audio=False)),
        piece(make_mp4(tmp_path / "2.mp4", seconds=3), "Two", seconds=3),
    )
    tune = song(tmp_path / "song.wav", seconds=4)

    ducked, even = (mixed(reel(*clips, track=Track(path=tune, duck=duck))) for duck in (True, False))

    assert second(ducked, 0.5) == pytest.approx(second(even, 0.5), rel=0.05)
    assert second(ducked, 2) < second(even, 2) * 0.75


def test_nothing_is_louder_than_full_scale(tmp_path):
    clip = piece(make_mp4(tmp_path / "1.mp4", seconds=2), seconds=2)
    tune = song(tmp_path / "song.wav", seconds=2, level=1)

    heard = mixed(reel(clip, track=Track(path=tune, duck=False, volume=1.0)))

    assert max(map(abs, heard)) < 0.86


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, "“The sound track” is missing: its file is gone."),
        (b"<!doctype html>" * 50, "“The sound track” is damaged: Invalid data found when processing input."),
    ],
    ids=["missing", "html"],
)
def test_a_bad_track_is_told_before_anything_is_made(tmp_path, data, expected):
    if data:
        (tmp_path / "song.mp3").write_bytes(data)
    film = reel(piece(make_mp4(tmp_path / "1.mp4")), track=Track(path=tmp_path / "song.mp3"))

    with pytest.raises(MontageError) as caught:
        render(film, copying.scans(film), tmp_path / "film.mp4", lambda share: None)

    assert str(caught.value) == expected
    assert not (tmp_path / "film.mp4").exists()


def test_a_film_without_any_sound_has_no_silent_track_either(tmp_path):
    film = reel(piece(make_mp4(tmp_path / "1.mp4", audio=False)), title=Title(text="Film", seconds=0.5))

    render(film, copying.scans(film), tmp_path / "film.mp4", lambda share: None)

    with av.open(str(tmp_path / "film.mp4")) as made:
        assert len(made.streams.audio) == 0
        assert made.streams.video[0].frames == 36


def test_a_rendered_films_sound_begins_and_ends_with_its_pictures(tmp_path):
    clip = make_mp4(tmp_path / "1.mp4")
    film = reel(piece(clip), piece(clip, "Two", crossfade=0.5), even_loudness=True)

    render(film, copying.scans(film), tmp_path / "film.mp4", lambda share: None)

    with av.open(str(tmp_path / "film.mp4")) as made:
        heard = sum(frame.samples for frame in made.decode(audio=0))
    assert 0 <= heard - 1.5 * RATE < 1024


# The menu


def test_chapters_run_from_piece_to_piece_and_the_first_from_the_start():
    made = chapters(("A", "B" * 300), [Fraction(3), Fraction(11)], Fraction(19))

    assert [(each["start"], each["end"]) for each in made] == [(0, 11000), (11000, 19000)]
    assert [len(each["metadata"]["title"]) for each in made] == [1, 200]
    assert chapters((), [Fraction(0)], Fraction(1)) == []
