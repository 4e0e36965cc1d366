"""The pages of films: list, making one, running order, settings, and what is said before rendering."""

import re
import uuid
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.forms import films as film_forms
from projects.models import Clip, Film, Project, Render, State
from tests.factories import make_clip, make_project
from tests.media import mp4_bytes
from tests.test_montage_probe import wav_bytes

pytestmark = pytest.mark.django_db


def ready(project: Project, prompt: str = "A paper boat in the rain", **fields: Any) -> Clip:
    return make_clip(project, State.SUCCEEDED, prompt=prompt, **fields)


@pytest.fixture
def film(project: Project) -> Film:
    """Three clips of 4 seconds. Evening out the loudness spares looking into their files."""
    film = Film.objects.create(project=project, name="The crossing", even_loudness=True)
    for prompt in ("Dawn", "Noon", "Dusk"):
        film.add(ready(project, prompt))
    return film


def at(name: str, film: Film, *more: Any) -> str:
    return reverse(name, args=[film.pk, *more])


def order(film: Film) -> list[str]:
    return [cut.clip_title for cut in film.cuts.all()]


def press(client: Client, film: Film, number: int, do: str, **fields: Any) -> Any:
    cut = film.cuts.all()[number - 1]
    return client.post(at("film_cut", film, cut.pk), {"do": do, **fields})


def settings_of(film: Film, **changes: Any) -> dict[str, Any]:
    fields = {
        "name": film.name,
        "size": "",
        "framing": "fit",
        "title": "",
        "title_seconds": "3",
        "volume": "50",
    }
    return fields | changes


def make_render(film: Film, state: str = "rendering", **fields: Any) -> Render:
    active = state in ("queued", "rendering")
    if state == "ready":
        name = default_storage.save("films/x.mp4", ContentFile(b"film"))
        fields = {"file": name, "sha256": "ab" * 32, "width": 1280, "height": 720, "progress": 1.0} | fields
    return film.renders.create(
        token=uuid.uuid4(),
        reel=film.assembly.frozen,
        state=state,
        next_at=timezone.now() if active else None,
        **fields,
    )


# --- the list ---


def test_it_says_how_to_begin_where_there_are_no_films(as_alice: Client, project: Project) -> None:
    assert "make at least two first" in as_alice.get(reverse("film_list", args=[project.pk])).content.decode()
    ready(project), ready(project)
    answer = as_alice.get(reverse("film_list", args=[project.pk]))
    assert "No films yet. Pick at least two ready clips" in answer.content.decode()


def test_it_lists_films_with_length_and_state(
    as_alice: Client, film: Film, django_assert_max_num_queries: Any
) -> None:
    make_render(film, "failed")
    other = Film.objects.create(project=film.project, name="Another")
    other.add(ready(film.project))
    with django_assert_max_num_queries(14):
        answer = as_alice.get(reverse("film_list", args=[film.project.pk]))
    cards = {card.film.name: card for card in answer.context["cards"]}
    assert (cards["The crossing"].seconds, cards["The crossing"].clips) == (12.0, 3)
    assert f'data-film="{film.pk}" data-status="failed"' in answer.content.decode()
    assert f'data-film="{other.pk}" data-status="new"' in answer.content.decode()


def test_it_offers_to_add_a_clip_to_each_film(as_alice: Client, film: Film) -> None:
    clip = ready(film.project, "A gull")
    page = as_alice.get(reverse("film_list", args=[film.project.pk]), {"clip": clip.pk})
    assert page.context["clip"] == clip
    answer = as_alice.post(at("film_add", film), {"clip": clip.pk})
    assert answer["Location"] == film.get_absolute_url()
    assert order(film) == ["Dawn", "Noon", "Dusk", "A gull"]


@pytest.mark.parametrize("clip", ["x", "", "b38dcf0d-2342-4f6b-94a9-b0e36b586695"])
def test_it_ignores_a_clip_that_is_not_there(as_alice: Client, film: Film, clip: str) -> None:
    page = as_alice.get(reverse("film_list", args=[film.project.pk]), {"clip": clip})
    assert (page.status_code, page.context["clip"]) == (200, None)


# --- making one ---


def test_it_makes_a_film_of_the_chosen_clips_in_the_order_they_were_made(
    as_alice: Client, project: Project
) -> None:
    first, second, third = (ready(project, prompt) for prompt in ("One", "Two", "Three"))
    page = as_alice.get(reverse("film_create", args=[project.pk]), {"clip": second.pk})
    assert page.context["chosen_ids"] == {second.pk}
    chosen = [third.pk, first.pk]
    answer = as_alice.post(reverse("film_create", args=[project.pk]), {"name": "Ends", "clip": chosen})
    film = Film.objects.get()
    assert (answer["Location"], film.name, order(film)) == (film.get_absolute_url(), "Ends", ["One", "Three"])


def test_it_makes_no_film_of_what_it_cannot_use(as_alice: Client, project: Project, charlie: Any) -> None:
    unready, foreign = make_clip(project), ready(make_project(charlie))
    for clip in (unready.pk, foreign.pk, "nonsense", "\x00"):
        answer = as_alice.post(reverse("film_create", args=[project.pk]), {"name": "X", "clip": [clip]})
        assert answer.status_code == 422
        assert "no longer here, or not ready" in answer.content.decode()
    assert not Film.objects.exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("", "Give the film a name."), (" \x07 ", "Give the film a name."), ("x" * 81, "the limit is 80")],
)
def test_it_wants_a_name(as_alice: Client, project: Project, name: str, sentence: str) -> None:
    clip = ready(project)
    answer = as_alice.post(reverse("film_create", args=[project.pk]), {"name": name, "clip": [clip.pk]})
    assert (answer.status_code, answer.context["chosen_ids"]) == (422, {clip.pk})
    assert sentence in answer.content.decode()


def test_it_takes_at_most_200_clips(as_alice: Client, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_forms, "MAX_PIECES", 4)
    clips = [ready(film.project).pk, ready(film.project).pk]
    answer = as_alice.post(at("film_add", film), {"clip": clips})
    assert answer.status_code == 422
    assert "That would be 5 clips; the limit is 4." in answer.content.decode()
    assert film.cuts.count() == 3


def test_it_wants_a_clip_to_add(as_alice: Client, film: Film) -> None:
    answer = as_alice.post(at("film_add", film))
    assert answer.status_code == 422
    assert "Choose at least one clip." in answer.content.decode()


# --- the running order ---


def test_it_moves_clips_and_takes_them_out(as_alice: Client, film: Film) -> None:
    assert press(as_alice, film, 1, "down").status_code == 302
    assert order(film) == ["Noon", "Dawn", "Dusk"]
    press(as_alice, film, 3, "up")
    assert order(film) == ["Noon", "Dusk", "Dawn"]
    press(as_alice, film, 1, "up"), press(as_alice, film, 3, "down")
    assert order(film) == ["Noon", "Dusk", "Dawn"]
    press(as_alice, film, 1, "remove")
    assert [(cut.clip_title, cut.position) for cut in film.cuts.all()] == [("Dusk", 0), ("Dawn", 1)]


def test_it_renders_order_and_plan_anew_for_htmx(htmx: Client, film: Film) -> None:
    answer = press(htmx, film, 1, "remove")
    text = answer.content.decode()
    assert answer.templates[0].name == "projects/_film_ordered.html"
    assert "Dawn is out of the film." in text
    assert re.search(r'id="film-plan"[^>]* hx-swap-oob="true"', text)
    assert answer.context["seconds"] == 8.0


def test_it_trims_to_whole_frames(as_alice: Client, film: Film) -> None:
    press(as_alice, film, 2, "save", start="0:01.01", end="2,5 s", crossfade=".5")
    cut = film.cuts.all()[1]
    assert (cut.start, cut.end, cut.crossfade) == (1.0, 2.5, 0.5)
    assert film.span() == 4 + 1.5 - 0.5 + 4
    press(as_alice, film, 2, "save", start="", end="4", crossfade="")
    cut.refresh_from_db()
    assert (cut.start, cut.end, cut.crossfade) == (0.0, None, 0.0)


def test_it_keeps_a_trim_that_is_saved_as_it_is_shown(as_alice: Client, film: Film) -> None:
    press(as_alice, film, 2, "save", start=str(1 / 24), end=str(2 + 1 / 24), crossfade="0")
    before = film.cuts.all()[1]
    row = as_alice.get(film.get_absolute_url()).context["rows"][1]
    shown = {name: row.form[name].value() for name in ("start", "end", "crossfade")}
    assert (shown["start"], shown["end"]) == ("0.042", "2.042")
    press(as_alice, film, 2, "save", **shown)
    after = film.cuts.all()[1]
    assert (after.start, after.end) == (before.start, before.end)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"start": "nan"}, "“nan” is no time"),
        ({"start": "inf"}, "“inf” is no time"),
        ({"start": "-1"}, "“-1” is no time"),
        ({"end": "1e9"}, "“1e9” is no time"),
        ({"start": "\x00"}, "Remove the NUL character"),
        ({"start": "x" * 5000}, "is no time"),
        ({"start": "4"}, "This clip has 4 s; start it earlier."),
        ({"end": "4.1"}, "This clip has only 4 s"),
        ({"start": "3", "end": "2"}, "The end has to come after the start."),
        ({"start": "2", "end": "2"}, "The end has to come after the start."),
        ({"crossfade": "11"}, "A crossfade lasts 10 s at most."),
    ],
)
def test_it_says_what_is_wrong_with_a_trim_and_keeps_what_was_typed(
    as_alice: Client, film: Film, fields: dict[str, str], sentence: str
) -> None:
    answer = press(as_alice, film, 1, "save", **fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    form = answer.context["rows"][0].form
    assert all(form[name].value() == value for name, value in fields.items())
    cut = film.cuts.all()[0]
    assert (cut.start, cut.end, cut.crossfade) == (0.0, None, 0.0)


def test_it_says_where_a_crossfade_is_shortened(as_alice: Client, film: Film) -> None:
    press(as_alice, film, 2, "save", start="0", end="1", crossfade="3")
    row = as_alice.get(film.get_absolute_url()).context["rows"][1]
    assert (row.fades, row.shortened) == (0.5, True)


def test_it_has_no_cut_of_another_film(as_alice: Client, film: Film) -> None:
    other = Film.objects.create(project=film.project, name="Another")
    cut = other.add(ready(film.project))
    for pk in (cut.pk, 0, 10**30):
        assert as_alice.post(at("film_cut", film, pk), {"do": "remove"}).status_code == 404
    assert other.cuts.exists()


@pytest.mark.parametrize("do", ["", "x", "save"])
def test_it_survives_a_button_that_says_nothing(as_alice: Client, film: Film, do: str) -> None:
    assert press(as_alice, film, 1, do).status_code == 302
    assert order(film) == ["Dawn", "Noon", "Dusk"]


def test_it_names_a_deleted_clip_and_takes_no_trim_of_it(as_alice: Client, film: Film) -> None:
    film.cuts.all()[1].clip.remove()
    page = as_alice.get(film.get_absolute_url())
    assert page.context["troubles"] == ["“Noon” is deleted. Take it out of the film."]
    assert re.search(r'id="render-film" disabled aria-describedby="film-troubles"', page.content.decode())
    assert press(as_alice, film, 2, "save", start="1").status_code == 422


# --- what is said before rendering ---


def test_it_says_what_is_mixed_and_how_it_is_made(as_alice: Client, film: Film) -> None:
    film.add(ready(film.project, "Upright", width=720, height=1280))
    page = as_alice.get(film.get_absolute_url())
    text = page.content.decode()
    assert page.context["mixed"][0].startswith("“Upright” is of another shape than the film")
    assert "Has to be re-encoded: " in text
    assert 'id="film-picture" open' in text


def test_it_joins_alike_clips_as_they_are(as_alice: Client, project: Project) -> None:
    film = Film.objects.create(project=project, name="Alike")
    for prompt in ("A", "B"):
        facts = {"frames": 24, "fps": 24.0}
        film.add(ready(project, prompt, video=mp4_bytes(), width=320, height=180, seconds=1.0, facts=facts))
    page = as_alice.get(film.get_absolute_url())
    assert page.context["why_reencode"] == ""
    assert "joined without re-encoding" in page.content.decode()


def test_it_cannot_render_an_empty_film(as_alice: Client, project: Project) -> None:
    film = Film.objects.create(project=project, name="Empty")
    page = as_alice.get(film.get_absolute_url()).content.decode()
    assert re.search(r'id="render-film" disabled aria-describedby="film-empty"', page)


def test_it_says_when_the_film_was_changed_after_rendering(as_alice: Client, film: Film) -> None:
    make_render(film, "ready")
    assert as_alice.get(film.get_absolute_url()).context["changed"] is False
    press(as_alice, film, 1, "down")
    assert "changed since it was rendered" in as_alice.get(film.get_absolute_url()).content.decode()


# --- while it is rendered ---


def test_it_tells_progress_and_the_time_left_from_its_own_pace(htmx: Client, film: Film) -> None:
    begun = timezone.now() - timezone.timedelta(seconds=30)
    render = make_render(film, begun_at=begun, progress=0.25)
    page = htmx.get(film.get_absolute_url())
    assert page.context["left"] == pytest.approx(90, abs=5)
    assert 'data-status="rendering"' in page.content.decode()
    live = re.search(r'hx-get="([^"]*/live/[^"]*)"', page.content.decode())
    assert live
    assert htmx.get(live[1]).status_code == 204
    Render.objects.filter(pk=render.pk).update(progress=0.5)
    answer = htmx.get(live[1])
    assert (answer.status_code, answer.context["percent"]) == (200, 50)
    assert "film-stage" not in answer.content.decode()


def test_it_invents_no_time_left(as_alice: Client, film: Film) -> None:
    make_render(film, begun_at=timezone.now(), progress=0.5)
    assert as_alice.get(film.get_absolute_url()).context["left"] is None


def test_it_brings_the_player_once_the_film_is_ready(htmx: Client, film: Film) -> None:
    make_render(film, "ready")
    answer = htmx.get(at("film_live", film), {"v": "old"})
    text = answer.content.decode()
    assert all(f'id="{part}"' in text for part in ("film-state", "film-plan", "film-stage", "toasts"))
    assert at("film_video", film) in text
    assert "data-poll" not in text


def test_it_sends_the_page_of_a_deleted_film_away(htmx: Client) -> None:
    answer = htmx.get(reverse("film_live", args=[uuid.uuid4()]))
    assert (answer.status_code, answer["HX-Redirect"]) == (404, reverse("project_list"))


# --- settings ---


def test_it_saves_how_the_film_is_put_together(as_alice: Client, film: Film) -> None:
    fields = settings_of(
        film, name="Over", size="1080x1920", framing="pad", title="The sea", title_seconds="2.5"
    )
    answer = as_alice.post(at("film_settings", film), fields | {"volume": "30", "even_loudness": "on"})
    assert answer["Location"] == film.get_absolute_url()
    film.refresh_from_db()
    assert (film.name, film.size, film.framing) == ("Over", "1080x1920", "pad")
    assert (film.title, film.title_seconds) == ("The sea", 2.5)
    assert (film.track_volume, film.duck, film.even_loudness) == (0.3, False, True)
    assert film.span() == 14.5


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Give the film a name."),
        ({"size": "9999x1"}, "Choose one of the sizes in the list."),
        ({"framing": "crop"}, "Choose fit, fill or pad."),
        ({"title": "x" * 121}, "the limit is 120"),
        ({"title_seconds": "nan"}, "“nan” is no time"),
        ({"title_seconds": "0.1"}, "A title card lasts 0.5 to 30 s."),
        ({"title_seconds": "31"}, "A title card lasts 0.5 to 30 s."),
        ({"volume": "101"}, "The volume is a number from 0 to 100."),
        ({"volume": "nan"}, "The volume is a number from 0 to 100."),
        ({"volume": ""}, "The volume is a number from 0 to 100."),
    ],
)
def test_it_says_what_is_wrong_with_a_setting(
    as_alice: Client, film: Film, changes: dict[str, str], sentence: str
) -> None:
    answer = as_alice.post(at("film_settings", film), settings_of(film, **changes))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert answer.context["form"][next(iter(changes))].value() == next(iter(changes.values()))
    before = film.title, film.name
    film.refresh_from_db()
    assert (film.title, film.name) == before


def test_it_renders_settings_order_and_plan_anew_for_htmx(htmx: Client, film: Film) -> None:
    answer = htmx.post(at("film_settings", film), settings_of(film, name="Over", title="The sea"))
    text = answer.content.decode()
    for part in ("film-order", "film-plan", "film-name"):
        assert re.search(rf'id="{part}"[^>]* hx-swap-oob="true"', text), part
    assert answer.context["seconds"] == 15.0
    refused = htmx.post(at("film_settings", film), settings_of(film, name=""))
    assert (refused.status_code, "film-order" in refused.content.decode()) == (422, False)


def upload(data: bytes, name: str = "song.mp3") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="audio/mpeg")


def test_it_keeps_one_sound_track_by_a_name_of_its_own(
    as_alice: Client, film: Film, after_commit: Any
) -> None:
    wrong = upload(wav_bytes(), "../../A “song” of mine.exe")
    as_alice.post(at("film_settings", film), settings_of(film, track=wrong))
    film.refresh_from_db()
    first = film.track.name
    assert re.fullmatch(rf"tracks/{film.pk}-[0-9a-f]{{8}}\.wav", first)
    assert film.track_name == "A “song” of mine.exe"
    with after_commit():
        as_alice.post(at("film_settings", film), settings_of(film, track=upload(wav_bytes(0.5))))
    film.refresh_from_db()
    assert (default_storage.exists(first), default_storage.exists(film.track.name)) == (False, True)
    second = film.track.name
    with after_commit():
        as_alice.post(at("film_settings", film), settings_of(film, remove_track="on"))
    film.refresh_from_db()
    assert (film.track.name, film.track_name, default_storage.exists(second)) == ("", "", False)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<html>", "not a sound file"),
        (b"", "This file is empty."),
        (mp4_bytes(), "This file is a video."),
        (b"ID3" + bytes(500), "damaged"),
    ],
)
def test_it_refuses_what_is_no_sound(as_alice: Client, film: Film, data: bytes, sentence: str) -> None:
    answer = as_alice.post(at("film_settings", film), settings_of(film, track=upload(data)))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    film.refresh_from_db()
    assert film.track.name == ""


def test_it_refuses_a_track_that_is_too_large(
    as_alice: Client, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert film_forms.TRACK_MAX_BYTES == 50 * 2**20
    monkeypatch.setattr(film_forms, "TRACK_MAX_BYTES", 2**20)
    data = b"RIFF" + bytes(2**20)
    answer = as_alice.post(at("film_settings", film), settings_of(film, track=upload(data)))
    assert answer.status_code == 422
    assert "This file is 1.1 MB; the limit is 1 MB." in answer.content.decode()


def test_it_keeps_the_track_that_a_rendering_needs(as_alice: Client, film: Film) -> None:
    as_alice.post(at("film_settings", film), settings_of(film, track=upload(wav_bytes())))
    make_render(film, "queued")
    answer = as_alice.post(at("film_settings", film), settings_of(film, remove_track="on"))
    assert answer.status_code == 422
    assert "The film is being rendered with its track." in answer.content.decode()


# --- deleting ---


def test_it_deletes_a_film_after_asking_and_keeps_its_clips(
    as_alice: Client, film: Film, after_commit: Any
) -> None:
    as_alice.post(at("film_settings", film), settings_of(film, track=upload(wav_bytes())))
    film.refresh_from_db()
    assert "The clips in it stay." in as_alice.get(at("film_delete", film)).content.decode()
    with after_commit():
        answer = as_alice.post(at("film_delete", film))
    assert answer["Location"] == reverse("film_list", args=[film.project.pk])
    assert (Film.objects.count(), Clip.objects.count()) == (0, 3)
    assert not default_storage.exists(film.track.name)


@pytest.mark.parametrize("name", ["film_settings"])
def test_it_leads_a_reload_of_what_is_posted_to_back_to_the_film(
    as_alice: Client, film: Film, name: str
) -> None:
    assert as_alice.get(at(name, film))["Location"] == film.get_absolute_url()


def test_it_offers_the_films_on_the_page_of_a_ready_clip(as_alice: Client, project: Project) -> None:
    clip = ready(project)
    wanted = f"{reverse('film_list', args=[project.pk])}?clip={clip.pk}"
    assert wanted in as_alice.get(clip.get_absolute_url()).content.decode()
