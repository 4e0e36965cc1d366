"""Asking for a film's file, taking it away, and everything that is handed over with it."""

import io
import json
import subprocess
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import Film, Project, Render
from projects.views.zipped import Zipped
from tests.films import change, make_film, make_real_clip, make_render
from tests.media import mp4_bytes

pytestmark = pytest.mark.django_db

VIDEO = bytes(range(256)) * 40
SAID = [{"start": 0.0, "end": 1.0, "speaker": "Mara", "line": "It is raining."}]


@pytest.fixture
def film(project: Project) -> Film:
    """Two clips of a second each, the second faded in over half of one."""
    door = make_real_clip(project, "The door", scenes=SAID)
    film = make_film(project, door, make_real_clip(project, "The street", scenes=SAID))
    change(film, 1, crossfade=0.5)
    return film


@pytest.fixture
def made(film: Film) -> Render:
    return make_render(film, VIDEO)


def get(client: Client, film: Film, name: str, **options: Any) -> Any:
    return client.get(reverse(name, args=[film.pk]), **options)


def press(client: Client, film: Film, name: str = "film_render", **data: Any) -> str:
    """Returns what the page says then."""
    response = client.post(reverse(name, args=[film.pk]), {"token": uuid.uuid4()} | data, follow=True)
    return " ".join(str(message) for message in response.context["messages"])


def body(response: Any) -> bytes:
    data: bytes = response.getvalue()  # to its end, which closes the file
    return data


class TestAsking:
    def test_it_asks_for_the_film(self, as_alice: Client, alice: Any, film: Film) -> None:
        assert press(as_alice, film) == "The film is being made. You can close this page."
        work = film.renders.get()
        assert (work.state, work.asked_by, work.reel) == ("queued", alice, film.assembly.frozen)

    def test_it_asks_once_however_often_the_button_is_pressed(self, as_alice: Client, film: Film) -> None:
        token = uuid.uuid4()
        said = {press(as_alice, film, token=token) for _ in range(2)}
        assert said == {"The film is being made. You can close this page."}
        assert film.renders.count() == 1

    def test_it_renders_a_film_once_at_a_time(self, as_alice: Client, film: Film) -> None:
        press(as_alice, film)
        assert "being rendered already" in press(as_alice, film)
        assert film.renders.count() == 1

    def test_it_says_what_cannot_be_rendered(self, as_alice: Client, film: Film) -> None:
        change(film, 1, start=3.0)
        said = press(as_alice, film)
        assert said.endswith("“The street” has only 1 s; it cannot start at 3 s.")
        assert not film.renders.exists()

    @pytest.mark.parametrize("token", ["", "x"])
    def test_it_does_not_begin_without_a_token(self, as_alice: Client, film: Film, token: str) -> None:
        assert "nothing was begun" in press(as_alice, film, token=token)
        assert not film.renders.exists()

    def test_it_cancels(self, as_alice: Client, film: Film) -> None:
        press(as_alice, film)
        assert press(as_alice, film, "film_cancel") == "Cancelled. It cost nothing."
        assert film.renders.get().state == "cancelled"

    def test_it_says_when_there_is_nothing_to_cancel(self, as_alice: Client, film: Film) -> None:
        assert "moved on" in press(as_alice, film, "film_cancel")

    @pytest.mark.parametrize("name", ["film_render", "film_cancel"])
    def test_it_leads_back_to_the_film_after_a_log_in(self, as_alice: Client, film: Film, name: str) -> None:
        assert get(as_alice, film, name)["Location"] == film.get_absolute_url()


class TestTheFile:
    def test_it_plays_and_seeks(self, as_alice: Client, film: Film, made: Render) -> None:
        response = get(as_alice, film, "film_video", headers={"Range": "bytes=100-199"})
        assert (response.status_code, response["Content-Range"]) == (206, "bytes 100-199/10240")
        assert body(response) == VIDEO[100:200]

    def test_it_downloads_under_a_sensible_name(self, as_alice: Client, film: Film, made: Render) -> None:
        response = get(as_alice, film, "film_download")
        assert response["Content-Disposition"] == 'attachment; filename="the-lighthouse_rain.mp4"'
        assert body(response) == VIDEO

    def test_it_shows_a_poster(self, as_alice: Client, film: Film, made: Render) -> None:
        response = get(as_alice, film, "film_poster")
        assert (response["Content-Type"], body(response)) == ("image/jpeg", b"a picture")

    @pytest.mark.parametrize("name", ["film_video", "film_poster"])
    def test_it_is_kept_only_where_the_render_is_named(
        self, as_alice: Client, film: Film, made: Render, name: str
    ) -> None:
        plain, named = get(as_alice, film, name), get(as_alice, film, name, data={"of": made.pk})
        assert body(plain) == body(named)
        assert plain["Cache-Control"] == "private, no-cache"
        assert "immutable" in named["Cache-Control"]

    @pytest.mark.parametrize("name", ["film_video", "film_poster", "film_download"])
    def test_it_is_not_there_before(self, as_alice: Client, film: Film, name: str) -> None:
        film.ask_render(None, uuid.uuid4())
        assert get(as_alice, film, name).status_code == 404

    @pytest.mark.parametrize("name", ["film_video", "film_poster", "film_download"])
    def test_it_is_not_found_when_the_storage_has_lost_it(
        self, as_alice: Client, film: Film, made: Render, name: str
    ) -> None:
        for file in made.file_names():
            default_storage.delete(file)
        assert get(as_alice, film, name).status_code == 404

    def test_the_film_before_is_there_while_another_is_made(
        self, as_alice: Client, film: Film, made: Render
    ) -> None:
        film.ask_render(None, uuid.uuid4())
        assert body(get(as_alice, film, "film_video")) == VIDEO


class TestCaptionsAndEditLists:
    def test_captions_lie_where_their_clips_do(self, as_alice: Client, film: Film) -> None:
        response = get(as_alice, film, "film_captions")
        assert response["Content-Type"] == "text/vtt; charset=utf-8"
        assert response.content.decode().split("\n\n")[2:] == [
            "00:00:00.000 --> 00:00:01.000\n<v Mara>It is raining.",
            "00:00:00.500 --> 00:00:01.500\n<v Mara>It is raining.\n",
        ]

    def test_captions_come_as_subrip_too(self, as_alice: Client, film: Film) -> None:
        response = get(as_alice, film, "film_captions_srt")
        assert response["Content-Disposition"] == 'attachment; filename="the-lighthouse_rain.srt"'
        assert b"00:00:00,500 --> 00:00:01,500\r\nMara: It is raining." in response.content

    def test_they_stay_those_of_the_rendered_film(self, as_alice: Client, film: Film, made: Render) -> None:
        before = {name: get(as_alice, film, name).content for name in ("film_captions", "film_edl")}
        film.cuts.all().delete()
        assert {name: get(as_alice, film, name).content for name in before} == before

    def test_they_are_sent_again_only_when_they_changed(self, as_alice: Client, film: Film) -> None:
        tag = get(as_alice, film, "film_captions")["ETag"]
        assert get(as_alice, film, "film_captions", headers={"If-None-Match": tag}).status_code == 304
        change(film, 1, crossfade=0.25)
        assert get(as_alice, film, "film_captions", headers={"If-None-Match": tag}).status_code == 200

    def test_an_edit_list_names_the_files_of_the_zip(self, as_alice: Client, film: Film) -> None:
        response = get(as_alice, film, "film_edl")
        assert response["Content-Disposition"] == 'attachment; filename="the-lighthouse_rain.edl"'
        assert "CLIP NAME: 02_the-lighthouse_the-street_720p.mp4" in response.content.decode()

    def test_a_timeline_names_them_with_their_folder(self, as_alice: Client, film: Film) -> None:
        response = get(as_alice, film, "film_otio")
        assert response["Content-Disposition"] == 'attachment; filename="the-lighthouse_rain.otio"'
        assert response.json()["OTIO_SCHEMA"] == "Timeline.1"
        assert "clips/02_the-lighthouse_the-street_720p.mp4" in response.content.decode()

    @pytest.mark.parametrize("name", ["film_edl", "film_otio", "film_bundle"])
    def test_there_is_none_of_a_film_without_a_clip(
        self, as_alice: Client, project: Project, name: str
    ) -> None:
        assert get(as_alice, make_film(project), name).status_code == 404


class TestEverything:
    @pytest.fixture
    def files(self, as_alice: Client, film: Film, made: Render) -> dict[str, bytes]:
        response = get(as_alice, film, "film_bundle")
        assert response["Content-Disposition"] == 'attachment; filename="the-lighthouse_rain.zip"'
        data = body(response)
        assert response["Content-Length"] == str(len(data))
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            assert zipped.testzip() is None
            return {name.partition("/")[2]: zipped.read(name) for name in zipped.namelist()}

    def test_it_holds_clips_captions_edit_lists_recipes_and_the_film(self, files: dict[str, bytes]) -> None:
        assert sorted(files) == [
            "captions.srt",
            "captions.vtt",
            "clips/01_the-lighthouse_the-door_720p.mp4",
            "clips/02_the-lighthouse_the-street_720p.mp4",
            "edit.edl",
            "film.mp4",
            "recipes.json",
            "timeline.otio",
        ]
        assert files["film.mp4"] == VIDEO
        assert files["clips/01_the-lighthouse_the-door_720p.mp4"] == mp4_bytes()

    def test_its_recipes_tell_how_everything_was_made(self, files: dict[str, bytes], film: Film) -> None:
        recipes = json.loads(files["recipes.json"])
        assert [cut["crossfade"] for cut in recipes["order"]] == [0, 0.5]
        clip = film.cuts.all()[0].clip
        assert clip
        told = recipes["clips"][0]
        assert (told["prompt"], told["model"], told["cost_usd"]) == ("The door", clip.model, 0.2)
        assert (told["sha256"], told["parts"][0]["scenes"]) == (clip.sha256, SAID)
        assert recipes["film"]["file"] == "film.mp4"

    def test_a_clip_that_is_used_twice_is_in_it_once(self, as_alice: Client, film: Film) -> None:
        clip = film.cuts.all()[0].clip
        assert clip
        film.add(clip)
        with zipfile.ZipFile(io.BytesIO(body(get(as_alice, film, "film_bundle")))) as zipped:
            assert sum("/clips/" in name for name in zipped.namelist()) == 2
            recipes = json.loads(zipped.read("the-lighthouse_rain/recipes.json"))
        assert [cut["name"] for cut in recipes["order"]] == ["The door", "The street", "The door"]
        assert [clip["name"] for clip in recipes["clips"]] == ["The door", "The street"]

    def test_it_says_which_clip_was_deleted_since(
        self, as_alice: Client, film: Film, made: Render, after_commit: Any
    ) -> None:
        clip = film.cuts.all()[0].clip
        assert clip
        pk = str(clip.pk)
        with after_commit():
            clip.remove()
        with zipfile.ZipFile(io.BytesIO(body(get(as_alice, film, "film_bundle")))) as zipped:
            recipes = json.loads(zipped.read("the-lighthouse_rain/recipes.json"))
        assert recipes["clips"][0] == {
            "file": None,
            "id": pk,
            "name": "The door",
            "deleted": True,
        }

    def test_its_track_is_in_it(self, as_alice: Client, film: Film) -> None:
        film.track.save("rain.mp3", ContentFile(b"music"))
        with zipfile.ZipFile(io.BytesIO(body(get(as_alice, film, "film_bundle")))) as zipped:
            assert zipped.read("the-lighthouse_rain/track.mp3") == b"music"


class TestZipping:
    @pytest.fixture
    def zipped(self) -> Iterator[Zipped]:
        zipped = Zipped()
        for number in range(3):
            stored = default_storage.save(f"stored-{number}", ContentFile(VIDEO * number))
            zipped.add_text(f"a/text-{number}.txt", "It is raining. " * 100, timezone.now())
            zipped.add_file(f"a/video-{number}.mp4", stored, timezone.now())
        yield zipped.finish()
        zipped.close()

    def test_other_programs_can_read_it(self, zipped: Zipped, tmp_path: Path) -> None:
        path = tmp_path / "x.zip"
        path.write_bytes(b"".join(iter(lambda: zipped.read(1000), b"")))
        done = subprocess.run(["unzip", "-t", str(path)], capture_output=True, text=True, check=True)
        assert "No errors detected" in done.stdout

    def test_it_is_read_from_anywhere(self, zipped: Zipped) -> None:
        with zipfile.ZipFile(zipped) as reader:  # type: ignore[call-overload]
            assert reader.read("a/video-2.mp4") == VIDEO * 2
            assert reader.read("a/text-0.txt") == b"It is raining. " * 100

    def test_it_is_as_long_as_it_says(self, zipped: Zipped) -> None:
        length = zipped.seek(0, io.SEEK_END)
        zipped.seek(0)
        assert len(b"".join(iter(lambda: zipped.read(7777), b""))) == length

    def test_a_file_that_gets_lost_on_the_way_is_an_error_and_no_short_answer(self, zipped: Zipped) -> None:
        Path(default_storage.path("stored-2")).write_bytes(b"")
        with pytest.raises(OSError, match="shorter"):
            all(iter(lambda: zipped.read(1000), b""))
