"""Promise P5: every address, for its owner, a stranger and nobody. A new address has to be added here."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from projects.models import Clip, Film, Picture, Project, Shot, Speaker, State
from tests.factories import make_clip, make_picture
from tests.media import make_png

pytestmark = pytest.mark.django_db

OPEN = {"login", "healthz"}
PERSONAL = {
    "logout",
    "password_change",
    "project_list",
    "project_create",
    "clip_poll",
    "theme",
}
"""They name no row: each person has their own."""
STAFF = {"google_status"}
OF_PROJECT = {
    "project_detail",
    "project_rename",
    "project_delete",
    "clip_create",
    "clip_options",
    "picture_upload",
    "script_read",
    "speaker_list",
    "storyboard",
    "shot_add",
    "shots_make",
    "storyboard_film",
    "storyboard_live",
    "film_list",
    "film_create",
}
OF_SPEAKER = {"speaker_edit", "speaker_delete"}
OF_SHOT = {"shot_detail", "shot_move", "shot_take", "shot_delete"}
OF_FILM = {
    "film_detail",
    "film_live",
    "film_settings",
    "film_add",
    "film_cut",
    "film_delete",
    "film_render",
    "film_cancel",
    "film_video",
    "film_poster",
    "film_download",
    "film_captions",
    "film_captions_srt",
    "film_edl",
    "film_otio",
    "film_bundle",
}
OF_CLIP = {
    "clip_detail",
    "clip_live",
    "clip_video",
    "clip_poster",
    "clip_download",
    "clip_cancel",
    "clip_again",
    "clip_continue",
    "clip_fetch",
    "clip_look",
    "clip_attach",
    "clip_submit_again",
    "clip_give_up",
    "clip_delete",
    "clip_captions",
    "clip_captions_srt",
    "clip_script",
    "clip_stop",
    "clip_keep",
    "clip_go_on",
    "part_video",
}
OF_PICTURE = {"picture_crop"}
CLOSED = sorted(OF_PROJECT | OF_SPEAKER | OF_SHOT | OF_FILM | OF_CLIP | OF_PICTURE)


@pytest.fixture
def picture(project: Project) -> Picture:
    return make_picture(project, make_png())


@pytest.fixture
def clip(project: Project) -> Clip:
    return make_clip(project, State.SUCCEEDED)


@pytest.fixture
def film(project: Project, clip: Clip) -> Film:
    """Rendered, so that everything about it is there to be had."""
    film = Film.objects.create(project=project, name="Night")
    film.add(clip)
    render = film.ask_render(project.owner, uuid.uuid4())
    film.renders.filter(pk=render.pk).update(
        state="ready",
        next_at=None,
        file=default_storage.save("films/night.mp4", ContentFile(b"a film")),
        poster=default_storage.save("films/night.jpg", ContentFile(b"a picture")),
        sha256="cd" * 32,
        size=6,
        seconds=4.0,
        finished_at=timezone.now(),
    )
    return film


@pytest.fixture
def address(
    request: pytest.FixtureRequest, project: Project, clip: Clip, picture: Picture, film: Film
) -> str:
    name: str = request.param
    if name in OF_PROJECT:
        return reverse(name, args=[project.pk])
    if name in OF_SPEAKER:
        return reverse(name, args=[project.pk, Speaker.objects.create(project=project, name="Mara").pk])
    if name in OF_SHOT:
        return reverse(name, args=[Shot.objects.create(project=project, position=0).pk])
    if name in OF_FILM:
        cut = [film.cuts.get().pk] if name == "film_cut" else []
        return reverse(name, args=[film.pk, *cut])
    if name in OF_CLIP:
        return reverse(name, args=[clip.pk, *([1] if name == "part_video" else [])])
    if name in OF_PICTURE:
        return reverse(name, args=[picture.pk, "16x9"])
    return reverse(name)


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from names(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


def test_it_knows_every_address() -> None:
    assert sorted(names(get_resolver().url_patterns)) == sorted(OPEN | PERSONAL | STAFF | set(CLOSED))


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize("address", CLOSED, indirect=True)
def test_it_does_not_exist_for_a_stranger(as_charlie: Client, address: str, method: str) -> None:
    response = getattr(as_charlie, method)(address)
    # 405 says only what the address table says; it is the same for ids that never existed.
    assert response.status_code == 404 or (response.status_code == 405 and not response.content)


@pytest.mark.parametrize("address", CLOSED, indirect=True)
def test_it_does_not_exist_for_a_stranger_by_htmx(as_charlie: Client, address: str) -> None:
    allowed = as_charlie.options(address).headers.get("Allow", "GET")
    method = "get" if "GET" in allowed else "post"
    assert getattr(as_charlie, method)(address, headers={"HX-Request": "true"}).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", [*CLOSED, *sorted(PERSONAL | STAFF)], indirect=True)
def test_it_asks_nobody_in_particular_to_log_in(client: Client, address: str, method: str) -> None:
    response = getattr(client, method)(address)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


@pytest.mark.parametrize("address", CLOSED, indirect=True)
def test_it_sends_a_fragment_of_nobody_to_the_log_in_page_as_a_whole(client: Client, address: str) -> None:
    response = client.get(address, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/x/"})
    assert response.status_code == 200
    assert response["HX-Redirect"] == f"{reverse('login')}?next=%2Fx%2F"
    assert response.content == b""


@pytest.mark.parametrize("address", [*CLOSED, *sorted(PERSONAL - {"logout", "theme"})], indirect=True)
def test_it_never_fails_its_owner(as_alice: Client, address: str) -> None:
    for method in ("get", "post"):
        response = getattr(as_alice, method)(address)
        response.getvalue()  # reads a streamed file to its end, which closes it
        assert response.status_code in (200, 302, 405, 422)


@pytest.mark.parametrize("name", sorted(OPEN))
def test_it_lets_nobody_in_particular_see(client: Client, name: str) -> None:
    assert client.get(reverse(name)).status_code in (200, 503)


def test_it_shows_a_stranger_nothing_in_lists_and_polls(as_charlie: Client, clip: Clip) -> None:
    assert list(as_charlie.get(reverse("project_list")).context["projects"]) == []
    answer = as_charlie.get(reverse("clip_poll"), {"v": f"{clip.pk}:0"})
    assert answer.context["clips"] == []


def test_it_does_not_take_another_projects_clip_for_a_form(
    as_charlie: Client, charlie: Any, clip: Clip
) -> None:
    own = Project.objects.create(owner=charlie, name="Own")
    page = as_charlie.get(own.get_absolute_url(), {"from": str(clip.pk)})
    assert page.context["form"].initial.get("prompt") is None
