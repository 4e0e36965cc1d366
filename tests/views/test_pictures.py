"""Pictures: uploaded on their own, and shown as Google will see them."""

import uuid
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from projects import images
from projects.models import Picture, Project
from tests.factories import make_picture, make_project
from tests.media import make_jpeg, make_jpeg_with_gps, make_png, make_png_bomb

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(project: Project) -> str:
    return reverse("picture_upload", args=[project.pk])


def sent(field: str = "seed_image", data: bytes = b"", **fields: str) -> dict[str, Any]:
    upload = {field: SimpleUploadedFile("../../x.html", data, content_type="text/html")} if data else {}
    return {"field": field, **upload, **fields}


@pytest.mark.parametrize("field", ["seed_image", "last_frame"])
def test_it_stores_a_picture_and_shows_the_crop(htmx: Client, address: str, field: str) -> None:
    answer = htmx.post(address, sent(field, make_png(), aspect_ratio="9:16"))
    picture = Picture.objects.get()
    assert answer.templates[0].name == "projects/_picture.html"
    assert answer.context["slot"]["picture"] == picture
    assert (answer.context["slot"]["field"], answer.context["ratio_slug"], answer.context["error"]) == (
        field,
        "9x16",
        "",
    )
    assert reverse("picture_crop", args=[picture.pk, "9x16"]) in answer.content.decode()
    assert picture.file.name == f"pictures/{picture.pk}.png"


def test_it_stores_nothing_of_what_the_file_said_about_itself(htmx: Client, address: str) -> None:
    htmx.post(address, sent(data=make_jpeg_with_gps()))
    with Picture.objects.get().file.open() as file:
        stored = Image.open(BytesIO(file.read()))
    assert not stored.getexif()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"GIF89a", "This file is not a PNG, JPEG or WebP picture."),
        (b"<svg/>", "This file is not a PNG, JPEG or WebP picture."),
        (make_png()[:300], "This picture is damaged and cannot be read."),
        (make_png((20, 20)), "This picture is 20 × 20 pixels; each side needs at least 64."),
        (make_png_bomb(), "This picture has too many pixels; the limit is 64 megapixels."),
        (b"\x89PNG" + bytes(20 * 2**20), "This file is 20.1 MB; the limit is 20 MB."),
    ],
)
def test_it_refuses_a_bad_picture_in_one_sentence(
    htmx: Client, address: str, data: bytes, sentence: str
) -> None:
    answer = htmx.post(address, sent(data=data))
    assert (answer.status_code, answer.context["error"]) == (422, sentence)
    assert answer.context["slot"]["picture"] is None
    assert not Picture.objects.exists()


def test_it_leaves_the_picture_from_before_when_the_new_one_is_bad(
    htmx: Client, address: str, project: Project
) -> None:
    before = make_picture(project, make_png())
    answer = htmx.post(address, sent(data=b"no", seed_picture=str(before.pk)))
    assert (answer.status_code, answer.context["slot"]["picture"]) == (422, before)


@pytest.mark.parametrize("data", [{}, {"field": "x"}, {"field": "seed_image"}, {"field": ""}])
def test_it_says_what_is_missing(htmx: Client, address: str, data: dict[str, str]) -> None:
    answer = htmx.post(address, data)
    assert answer.status_code == 422
    assert answer.context["error"] != ""


def test_it_takes_a_picture_away(htmx: Client, address: str, project: Project) -> None:
    before = make_picture(project, make_png())
    answer = htmx.post(address, sent(remove="1", seed_picture=str(before.pk)))
    assert (answer.status_code, answer.context["slot"]["picture"], answer.context["error"]) == (200, None, "")


@pytest.mark.parametrize(
    ("ratio", "size"), [("16x9", (320, 180)), ("9x16", (101, 180)), ("full", (320, 180))]
)
def test_it_shows_exactly_what_google_will_see(
    as_alice: Client, project: Project, ratio: str, size: tuple[int, int]
) -> None:
    picture = make_picture(project, make_png((320, 180)))
    answer = as_alice.get(reverse("picture_crop", args=[picture.pk, ratio]))
    aspect_ratio = None if ratio == "full" else ratio.replace("x", ":")
    assert answer.content == images.clean(make_png((320, 180)), aspect_ratio=aspect_ratio).data
    assert Image.open(BytesIO(answer.content)).size == size
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, max-age=86400, immutable"


def test_it_sends_a_picture_once_only(as_alice: Client, project: Project) -> None:
    address = reverse("picture_crop", args=[make_picture(project, make_jpeg()).pk, "16x9"])
    etag = as_alice.get(address)["ETag"]
    again = as_alice.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_it_has_no_other_ratio(as_alice: Client, project: Project) -> None:
    picture = make_picture(project, make_png())
    address = reverse("picture_crop", args=[picture.pk, "full"])
    assert as_alice.get(address.replace("full", "1x1")).status_code == 404


def test_it_has_no_picture_whose_file_is_gone(as_alice: Client, project: Project) -> None:
    picture = make_picture(project, make_png())
    picture.file.storage.delete(picture.file.name)
    assert as_alice.get(reverse("picture_crop", args=[picture.pk, "16x9"])).status_code == 404


def test_it_does_not_show_the_picture_of_another_project_beside_an_error(
    htmx: Client, address: str, charlie: Any
) -> None:
    foreign = make_picture(make_project(charlie), make_png())
    answer = htmx.post(address, sent(data=b"no", seed_picture=str(foreign.pk)))
    assert answer.context["slot"]["picture"] is None


def test_it_has_no_picture_of_an_unknown_id(as_alice: Client) -> None:
    assert as_alice.get(reverse("picture_crop", args=[uuid.uuid4(), "full"])).status_code == 404
