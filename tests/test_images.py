import random
import struct
from io import BytesIO

import pytest
from PIL import Image, ImageCms

from projects import images
from projects.images import BadImage, CleanImage, clean
from tests.media import (
    encode,
    make_jpeg,
    make_jpeg_with_gps,
    make_picture,
    make_png,
    make_png_bomb,
    make_polyglot,
    make_webp,
)

RED, LIME, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def opened(result: CleanImage) -> Image.Image:
    picture = Image.open(BytesIO(result.data), formats=("PNG", "JPEG"))
    picture.load()
    assert picture.get_format_mimetype() == result.mime_type
    assert picture.size == (result.width, result.height)
    assert picture.mode == "RGB"
    return picture


def corners(picture: Image.Image) -> list[tuple[int, ...]]:
    """Colours near the four corners, clockwise from the top left, each channel rounded to 0 or 255."""
    right, bottom = picture.width - 5, picture.height - 5
    points = ((5, 5), (right, 5), (right, bottom), (5, bottom))
    return [tuple(255 * (level > 127) for level in picture.getpixel(point)) for point in points]


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [(make_png(), "image/png"), (make_jpeg(), "image/jpeg"), (make_webp(), "image/jpeg")],
    ids=["png", "jpeg", "webp"],
)
def test_it_redraws_each_format(data, mime_type):
    result = clean(data)

    assert (result.mime_type, result.width, result.height) == (mime_type, 640, 360)
    assert corners(opened(result)) == [RED, LIME, WHITE, BLUE]


def test_it_gives_the_same_bytes_for_the_same_bytes():
    assert clean(make_jpeg(), aspect_ratio="9:16") == clean(make_jpeg(), aspect_ratio="9:16")


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, LIME, WHITE, BLUE]),
        (2, [LIME, RED, BLUE, WHITE]),
        (3, [WHITE, BLUE, RED, LIME]),
        (6, [BLUE, RED, LIME, WHITE]),
        (8, [LIME, WHITE, BLUE, RED]),
    ],
)
def test_it_turns_the_picture_upright(orientation, expected):
    assert corners(opened(clean(make_jpeg_with_gps(orientation)))) == expected


def test_it_keeps_no_word_of_the_metadata():
    data = make_jpeg_with_gps()
    assert b"SERIAL-12345" in data

    result = clean(data)

    assert b"SERIAL-12345" not in result.data
    assert b"Camera maker" not in result.data
    assert dict(opened(result).getexif()) == {}
    assert not opened(result).info.keys() & {"exif", "icc_profile", "comment", "xmp"}


def test_it_drops_what_follows_the_picture():
    assert b"<script>" in make_polyglot()

    assert clean(make_polyglot()).data == clean(make_png()).data


def test_it_drops_text_and_profile_of_a_png():
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Comment", "made by alice")
    data = encode(make_picture(), "PNG", pnginfo=text, icc_profile=swapped_profile(), exif=b"Exif\0\0secret")

    assert opened(clean(data)).info == {}


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("16:9", (640, 360)), ("9:16", (360, 640)), ("9:16", (202, 360)), ("16:9", (360, 202))],
)
def test_it_crops_to_the_ratio(ratio, size):
    source = (640, 360) if size in ((640, 360), (202, 360)) else (360, 640)

    result = clean(make_png(source), aspect_ratio=ratio)

    assert (result.width, result.height) == size


def test_it_crops_about_the_centre():
    picture = Image.new("RGB", (900, 300), "red")
    picture.paste("lime", (300, 0, 600, 300))

    result = opened(clean(encode(picture, "PNG"), aspect_ratio="1:1"))

    assert result.size == (300, 300)
    assert corners(result) == [LIME] * 4


def test_it_crops_after_turning():
    result = clean(make_jpeg_with_gps(6), aspect_ratio="9:16")

    assert (result.width, result.height) == (360, 640)


def test_it_shrinks_to_the_width_of_a_4k_clip():
    result = clean(make_png((5000, 500)))

    assert (result.width, result.height) == (3840, 384)


def test_it_never_enlarges():
    result = clean(make_png((100, 80)))

    assert (result.width, result.height) == (100, 80)


@pytest.mark.parametrize("mode", ["LA", "P", "RGBA"])
def test_it_lays_transparent_parts_on_white(mode):
    picture = make_picture(mode="RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 320, 180))

    result = opened(clean(encode(picture.convert(mode), "PNG")))

    assert result.getpixel((5, 5)) == WHITE
    assert result.getpixel((5, 300)) != WHITE


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_it_knows_a_single_transparent_colour(mode):
    picture = Image.new(mode, (100, 100), 0)
    data = encode(picture, "PNG", transparency=(0, 0, 0) if mode == "RGB" else 0)

    assert opened(clean(data)).getpixel((50, 50)) == WHITE


def test_it_keeps_the_greys_of_a_16_bit_picture():
    data = encode(Image.new("I;16", (100, 100), 0x8000), "PNG")

    assert opened(clean(data)).getpixel((50, 50)) == (128, 128, 128)


def test_it_reads_a_cmyk_jpeg():
    assert corners(opened(clean(make_jpeg(mode="CMYK")))) == [RED, LIME, WHITE, BLUE]


def test_it_takes_the_first_frame_of_a_phones_jpeg_with_a_depth_map():
    data = encode(make_picture(), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 64))])

    assert corners(opened(clean(data))) == [RED, LIME, WHITE, BLUE]


def swapped_profile() -> bytes:
    """An sRGB profile in which red and blue have changed places."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"----", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"----", b"bXYZ", 1)


def test_it_converts_colours_by_the_profile_inside():
    data = encode(make_picture(), "PNG", icc_profile=swapped_profile())

    assert corners(opened(clean(data))) == [BLUE, LIME, WHITE, RED]


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("profile", [b"no profile", swapped_profile()[:200], bytes(200)])
def test_it_ignores_a_broken_profile(mode, profile):
    plain, profiled = make_png(mode=mode), encode(make_picture(mode=mode), "PNG", icc_profile=profile)

    assert clean(profiled).data == clean(plain).data


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_it_ignores_broken_exif():
    data = encode(make_picture(), "JPEG", quality=95, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff\0\x01")

    assert corners(opened(clean(data))) == [RED, LIME, WHITE, BLUE]


def noise(length: int) -> bytes:
    return random.Random(1).randbytes(length)  # noqa: S311 - a picture, not a secret


def test_it_sends_a_large_png_as_jpeg():
    data = encode(Image.frombytes("RGB", (1600, 1200), noise(1600 * 1200 * 3)), "PNG", compress_level=1)
    assert images.MAX_CLEAN_BYTES < len(data) < images.MAX_BYTES

    result = clean(data)

    assert (result.mime_type, result.width, result.height) == ("image/jpeg", 1600, 1200)


def test_it_lowers_the_quality_until_even_noise_is_small_enough():
    side = images.MAX_SIDE
    data = encode(
        Image.frombytes("1", (side, side), noise(side * side // 8)).convert("L"), "JPEG", quality=60
    )
    assert images.MAX_CLEAN_BYTES < len(data) < images.MAX_BYTES

    result = clean(data)

    assert len(result.data) <= images.MAX_CLEAN_BYTES
    assert (result.mime_type, result.width, result.height) == ("image/jpeg", side, side)


def refusal(data: bytes, *, aspect_ratio: str | None = None) -> str:
    with pytest.raises(BadImage) as caught:
        clean(data, aspect_ratio=aspect_ratio)
    return str(caught.value)


def test_it_names_the_size_of_a_file_that_is_too_large():
    assert refusal(bytes(24 * 2**20)) == "This file is 24 MB; the limit is 20 MB."
    assert refusal(bytes(20 * 2**20 + 1)) == "This file is 20.1 MB; the limit is 20 MB."


def test_it_takes_a_file_of_exactly_the_limit():
    data = make_png()

    assert clean(data + bytes(images.MAX_BYTES - len(data))).data == clean(data).data


def test_it_refuses_an_empty_file():
    assert refusal(b"") == "This file is empty."


@pytest.mark.parametrize(
    "data",
    [
        encode(make_picture(), "GIF"),
        encode(make_picture(), "TIFF"),
        encode(make_picture(), "BMP"),
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%PDF-1.7",
        b"\0",
    ],
    ids=["gif", "tiff", "bmp", "svg", "pdf", "zero"],
)
def test_it_refuses_other_formats(data):
    assert refusal(data) == "This file is not a PNG, JPEG or WebP picture."


@pytest.mark.parametrize(
    "data", [make_png(), make_jpeg(), make_webp((512, 512), "RGBA")], ids=["png", "jpeg", "webp"]
)
def test_it_refuses_a_file_that_is_cut_off(data):
    assert refusal(data[: len(data) * 2 // 3]) == "This picture is damaged and cannot be read."


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_it_refuses_an_animation(kind):
    frames = [make_picture(), Image.new("RGB", (640, 360), "white")]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:])

    assert refusal(data) == "This picture is animated; choose a still one."


def webp_claiming(width: int, height: int) -> bytes:
    """A lossless WebP header that promises this size, with nothing behind it."""
    bits = (width - 1) | (height - 1) << 14
    body = b"WEBPVP8L" + struct.pack("<IBI", 5, 0x2F, bits) + b"\0"
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [make_png_bomb(8_100), make_png_bomb(12_000), make_png_bomb(20_000), webp_claiming(16_383, 16_383)],
    ids=["66-megapixels", "144-megapixels", "400-megapixels", "webp"],
)
def test_it_refuses_a_bomb_without_unpacking_it(data):
    assert refusal(data) == "This picture has too many pixels; the limit is 64 megapixels."


def test_it_refuses_a_picture_that_is_too_small():
    assert refusal(make_png((63, 200))) == "This picture is 63 × 200 pixels; each side needs at least 64."
    assert clean(make_png((64, 64))).width == 64


def test_it_refuses_a_picture_that_is_too_narrow_for_the_ratio():
    assert refusal(make_png((640, 100)), aspect_ratio="9:16") == (
        "This picture is 56 × 100 pixels when cropped to 9:16; each side needs at least 64."
    )


def test_it_does_not_blame_the_picture_for_a_wrong_ratio():
    with pytest.raises(ValueError, match="invalid literal"):
        clean(make_png(), aspect_ratio="wide")


SOURCES = [
    make_png((160, 140)),
    make_png((160, 140), "P"),
    encode(make_picture((160, 140)), "PNG", icc_profile=swapped_profile()),
    make_jpeg((160, 140)),
    make_jpeg_with_gps(),
    make_webp((160, 140), "RGBA"),
]


@pytest.mark.filterwarnings("ignore")  # a server only prints them
@pytest.mark.parametrize("source", SOURCES, ids=range(len(SOURCES)))
def test_it_raises_nothing_but_bad_image_for_mutated_files(source):
    chance = random.Random(1)  # noqa: S311 - a picture, not a secret
    for _ in range(60):
        mutated = bytearray(source)
        for _ in range(chance.randint(1, 6)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        end = chance.choice((len(mutated), chance.randrange(len(mutated) // 2, len(mutated))))

        try:
            result = clean(bytes(mutated[:end]), aspect_ratio="16:9")
        except BadImage:
            continue
        opened(result)


@pytest.mark.parametrize("start", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x40\0\0\0WEBPVP8X"])
def test_it_raises_nothing_but_bad_image_for_noise(start):
    chance = random.Random(1)  # noqa: S311 - a picture, not a secret
    for length in range(200):
        with pytest.raises(BadImage):
            clean(start + chance.randbytes(length))
