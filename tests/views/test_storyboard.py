"""The storyboard: shots in order, what is missing for one price, and a film of what is there."""

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import (
    Clip,
    Film,
    ModelOverride,
    Picture,
    Project,
    Shot,
    State,
    Submission,
)
from projects.models import storyboard as storyboard_model
from tests.factories import LITE, OMNI, make_clip, make_picture, make_project, post_data
from tests.media import make_png

pytestmark = pytest.mark.django_db


def address(name: str, of: Project | Shot) -> str:
    return reverse(name, args=[of.pk])


def plan(client: Client, project: Project, prompt: str = "A door", **fields: Any) -> Shot:
    answer = client.post(address("shot_add", project), post_data(prompt=prompt, **fields))
    assert answer.status_code == 302
    return project.shots.get(settings__prompt=prompt)


@pytest.fixture
def shots(as_alice: Client, project: Project) -> list[Shot]:
    return [plan(as_alice, project, name) for name in ("A", "B", "C")]


def order(project: Project) -> str:
    assert [shot.position for shot in project.shots.all()] == list(range(project.shots.count()))
    return "".join(shot.prompt for shot in project.shots.all())


class TestAdding:
    def test_it_takes_a_shot_from_the_composer_and_asks_for_nothing(
        self, as_alice: Client, project: Project
    ) -> None:
        answer = as_alice.post(address("shot_add", project), post_data(prompt="A door", price_micros="1"))
        shot = project.shots.get()
        assert answer["Location"] == f"{address('storyboard', project)}#shot-{shot.pk}"
        assert (shot.prompt, shot.settings["model"], shot.settings["duration_seconds"]) == (
            "A door",
            LITE,
            "4",
        )
        assert not Clip.objects.exists()

    def test_it_keeps_the_pictures_of_a_shot(self, as_alice: Client, project: Project) -> None:
        shot = plan(as_alice, project, seed_image=SimpleUploadedFile("x.png", make_png()))
        picture = Picture.objects.get()
        assert (list(shot.pictures.all()), shot.picture) == ([picture], picture)
        Picture.objects.update(created_at="2020-01-01T00:00Z")
        Picture.objects.sweep()
        assert Picture.objects.exists()
        assert reverse("picture_crop", args=[picture.pk, "16x9"]) in page(as_alice, project)

    def test_it_adds_one_shot_a_press(self, as_alice: Client, project: Project) -> None:
        token = str(uuid.uuid4())
        for prompt in ("A door", "A door", "A gate"):
            as_alice.post(address("shot_add", project), post_data(prompt=prompt, token=token))
        assert [shot.prompt for shot in project.shots.all()] == ["A door", "A gate"]

    def test_it_sends_a_form_that_makes_no_sense_back(self, as_alice: Client, project: Project) -> None:
        answer = as_alice.post(
            address("shot_add", project), post_data(prompt="A door", resolution="1080p", duration_seconds=4)
        )
        assert answer.status_code == 422
        assert answer.context["form"].errors["duration_seconds"]
        assert "A door" in answer.content.decode()
        assert not project.shots.exists()

    def test_a_live_page_gets_its_form_ready_for_the_next_shot(self, htmx: Client, project: Project) -> None:
        data = post_data(prompt="A door")
        answer = htmx.post(address("shot_add", project), data)
        assert answer["HX-Reswap"] == "outerHTML"
        assert "Shot 1 is on the storyboard" in answer.content.decode()
        assert answer.context["form"].initial["prompt"] == "A door"
        assert str(answer.context["token"]) != data["token"]
        assert htmx.post(address("shot_add", project), post_data(prompt="")).status_code == 422

    def test_it_changes_the_shot_that_the_composer_was_opened_for(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        as_alice.post(address("shot_add", project), post_data(prompt="Q", shot=str(shots[1].pk)))
        assert order(project) == "AQC"

    @pytest.mark.parametrize("value", ["x", "00000000-0000-0000-0000-000000000000"])
    def test_it_adds_a_shot_where_the_named_one_is_gone(
        self, as_alice: Client, project: Project, value: str
    ) -> None:
        as_alice.post(address("shot_add", project), post_data(prompt="A", shot=value))
        assert order(project) == "A"

    def test_it_does_not_change_a_shot_of_another_project(
        self, as_charlie: Client, charlie: Any, project: Project
    ) -> None:
        theirs = Shot.objects.put(project, {"prompt": "A"}, [])
        own = make_project(charlie)
        as_charlie.post(address("shot_add", own), post_data(prompt="Q", shot=str(theirs.pk)))
        assert (order(project), order(own)) == ("A", "Q")

    def test_it_makes_a_shot_of_a_clip_once(self, as_alice: Client, project: Project) -> None:
        clip = make_clip(project, State.SUCCEEDED, prompt="A door", model=OMNI)
        for _ in range(2):
            as_alice.post(address("shot_add", project), {"clip": str(clip.pk)})
        shot = project.shots.get()
        assert (shot.prompt, shot.settings["model"], shot.take) == ("A door", OMNI, clip)

    def test_it_takes_no_clip_of_somebody_else(
        self, as_charlie: Client, charlie: Any, project: Project
    ) -> None:
        own = make_project(charlie)
        for value in (str(make_clip(project, State.SUCCEEDED).pk), "x", ""):
            answer = as_charlie.post(address("shot_add", own), {"clip": value}, follow=True)
            assert "no longer here; nothing was added" in answer.content.decode()
        assert not Shot.objects.exists()

    def test_it_holds_a_limited_number(
        self, as_alice: Client, project: Project, shots: list[Shot], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(storyboard_model, "MOST_SHOTS", 3)
        answer = as_alice.post(address("shot_add", project), post_data(prompt="D"))
        assert answer.status_code == 422
        assert "200 shots at most" in answer.content.decode()
        clip = make_clip(project, State.SUCCEEDED)
        answer = as_alice.post(address("shot_add", project), {"clip": str(clip.pk)}, follow=True)
        assert "200 shots at most" in answer.content.decode()
        assert order(project) == "ABC"


class TestComposer:
    def test_it_opens_filled_with_a_shot_and_makes_its_takes(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        opened = as_alice.get(project.get_absolute_url(), {"shot": str(shots[1].pk)})
        assert (opened.context["form"]["prompt"].value(), opened.context["form"].take_of) == ("B", shots[1])
        text = opened.content.decode()
        assert f'<input type="hidden" name="shot" value="{shots[1].pk}">' in text
        assert "Save as shot 2" in text
        as_alice.post(address("clip_create", project), post_data(prompt="B!", shot=str(shots[1].pk)))
        assert Clip.objects.get().shot == shots[1]
        assert order(project) == "ABC"

    def test_it_stays_with_a_shot_that_was_saved(self, htmx: Client, project: Project) -> None:
        shot = Shot.objects.put(project, {"prompt": "A"}, [])
        saved = htmx.post(address("shot_add", project), post_data(prompt="Q", shot=str(shot.pk)))
        assert saved.context["form"].take_of == shot
        added = htmx.post(address("shot_add", project), post_data(prompt="R"))
        assert added.context["form"].take_of is None

    def test_it_keeps_the_shot_through_a_mistake_and_a_change(
        self, as_alice: Client, htmx: Client, project: Project, shots: list[Shot]
    ) -> None:
        data = post_data(prompt="", shot=str(shots[1].pk))
        wrong = as_alice.post(address("clip_create", project), data)
        assert wrong.context["form"].take_of == shots[1]
        changed = htmx.post(reverse("clip_options", args=[project.pk]), data)
        assert "Save as shot 2" in changed.content.decode()

    def test_it_opens_empty_for_a_shot_that_is_not_here(
        self, as_charlie: Client, charlie: Any, shots: list[Shot]
    ) -> None:
        own = make_project(charlie)
        for value in (str(shots[0].pk), "x", ""):
            opened = as_charlie.get(own.get_absolute_url(), {"shot": value})
            assert (opened.context["form"].take_of, opened.context["form"]["prompt"].value()) == (None, None)
        as_charlie.post(address("clip_create", own), post_data(shot=str(shots[0].pk)))
        assert Clip.objects.get().shot is None

    def test_a_take_that_is_tried_again_is_a_take_of_the_same_shot(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        failed = make_clip(project, State.FAILED, shot=shots[0])
        sent = {"token": str(uuid.uuid4()), "price_micros": "200000"}
        as_alice.post(reverse("clip_again", args=[failed.pk]), sent)
        assert [take.status for take in shots[0].takes] == ["queued", "failed"]


def page(client: Client, project: Project) -> str:
    answer = client.get(address("storyboard", project))
    assert answer.status_code == 200
    return answer.content.decode()


class TestOrder:
    @pytest.mark.parametrize(
        ("to", "after"),
        [
            ("up", "BAC"),
            ("down", "ACB"),
            ("first", "BAC"),
            ("last", "ACB"),
            ("1", "BAC"),
            ("2", "ABC"),
            ("3", "ACB"),
            ("0", "BAC"),
            ("9999", "ACB"),
        ],
    )
    def test_it_moves_a_shot(
        self, as_alice: Client, project: Project, shots: list[Shot], to: str, after: str
    ) -> None:
        answer = as_alice.post(address("shot_move", shots[1]), {"to": to})
        assert answer["Location"] == f"{address('storyboard', project)}#shot-{shots[1].pk}"
        assert order(project) == after

    def test_the_ends_are_the_ends(self, as_alice: Client, project: Project, shots: list[Shot]) -> None:
        as_alice.post(address("shot_move", shots[0]), {"to": "up"})
        as_alice.post(address("shot_move", shots[2]), {"to": "down"})
        assert order(project) == "ABC"

    @pytest.mark.parametrize("to", ["", "-1", "1.5", "sideways", "99999", "²", "1" * 5000])
    def test_it_says_what_it_does_not_understand(
        self, as_alice: Client, project: Project, shots: list[Shot], to: str
    ) -> None:
        answer = as_alice.post(address("shot_move", shots[1]), {"to": to}, follow=True)
        assert "Say where the shot goes" in answer.content.decode()
        assert order(project) == "ABC"

    def test_a_live_page_gets_the_board_and_a_word_about_it(
        self, htmx: Client, project: Project, shots: list[Shot]
    ) -> None:
        answer = htmx.post(address("shot_move", shots[1]), {"to": "first"}).content.decode()
        assert answer.index(f"shot-{shots[1].pk}") < answer.index(f"shot-{shots[0].pk}")
        assert "The shot is at place 1 of 3." in answer
        assert "Say where" in htmx.post(address("shot_move", shots[1]), {"to": "x"}).content.decode()

    def test_it_closes_the_gap_of_a_deleted_shot(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        clip = make_clip(project, State.SUCCEEDED, shot=shots[0])
        assert "Its 1 take stays" in as_alice.get(address("shot_delete", shots[0])).content.decode()
        as_alice.post(address("shot_delete", shots[0]))
        assert order(project) == "BC"
        clip.refresh_from_db()
        assert clip.shot is None

    def test_a_deleted_shot_takes_only_unused_pictures_along(
        self, as_alice: Client, project: Project
    ) -> None:
        lone, shared = (make_picture(project, make_png()) for _ in range(2))
        make_clip(project, State.SUCCEEDED, seed_picture=shared)
        for prompt, picture in (("A", lone), ("B", shared)):
            plan(as_alice, project, prompt, seed_picture=str(picture.pk))
        for shot in project.shots.all():
            as_alice.post(address("shot_delete", shot))
        assert list(Picture.objects.all()) == [shared]


class TestBoard:
    def test_it_invites_to_the_first_shot(self, as_alice: Client, project: Project) -> None:
        assert "No shots yet" in page(as_alice, project)

    def test_it_adds_up_length_and_money(self, as_alice: Client, project: Project, shots: list[Shot]) -> None:
        take = make_clip(project, State.SUCCEEDED, shot=shots[0], seconds=4.5)
        make_clip(project, State.RUNNING, shot=shots[1])
        board = as_alice.get(address("storyboard", project)).context["board"]
        assert [(row.start, row.end, row.micros, row.so_far_micros) for row in board.rows] == [
            (0, 4.5, 200_000, 200_000),
            (4.5, 8.5, 200_000, 400_000),
            (8.5, 12.5, 200_000, 600_000),
        ]
        assert (board.seconds, board.total_micros, board.shots[0].take) == (12.5, 200_000, take)
        assert board.still

    @pytest.mark.parametrize(
        ("states", "status", "missing"),
        [
            ([], "", True),
            ([State.FAILED], "failed", True),
            ([State.QUEUED, State.FAILED], "queued", False),
            ([State.UNCONFIRMED], "unconfirmed", False),
            ([State.UNCONFIRMED, State.RUNNING], "generating", False),
            ([State.SUCCEEDED, State.FAILED], "ready", False),
            ([State.CANCELLED], "cancelled", True),
        ],
    )
    def test_a_shot_stands_as_its_takes_do(
        self, project: Project, states: list[str], status: str, missing: bool
    ) -> None:
        shot = Shot.objects.put(project, {}, [])
        for state in states:
            make_clip(project, state, shot=shot)
        assert (shot.status, shot.missing) == (status, missing)

    def test_it_asks_the_database_equally_often_however_many_shots_there_are(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        make_clip(project, State.SUCCEEDED, shot=shots[0])
        with CaptureQueriesContext(connection) as few:
            page(as_alice, project)
        for number in range(4):
            make_clip(project, State.SUCCEEDED, shot=plan(as_alice, project, f"Ready {number}"))
            plan(as_alice, project, f"Missing {number}")
        with CaptureQueriesContext(connection) as many:
            page(as_alice, project)
        assert len(few) == len(many)

    def test_its_fragment_is_empty_while_nothing_changes(
        self, htmx: Client, project: Project, shots: list[Shot]
    ) -> None:
        make_clip(project, State.RUNNING, shot=shots[0])
        seen = htmx.get(address("storyboard_live", project)).context["board"].version
        assert htmx.get(address("storyboard_live", project), {"v": seen}).status_code == 204
        shots[1].move_to(0)
        assert htmx.get(address("storyboard_live", project), {"v": seen}).status_code == 200

    def test_it_survives_settings_that_nobody_can_make_sense_of(
        self, as_alice: Client, project: Project
    ) -> None:
        for settings in ({}, {"model": "gone", "duration_seconds": "x"}, {"task": "extend", "source": "x"}):
            Shot.objects.put(project, settings, [])
        assert page(as_alice, project).count("It cannot be made as it is.") == 3
        for shot in project.shots.all():
            assert as_alice.get(address("shot_detail", shot)).status_code == 200

    def test_it_goes_with_its_project(self, project: Project) -> None:
        picture = make_picture(project, make_png())
        shot = Shot.objects.put(project, {"seed_picture": str(picture.pk)}, [picture])
        shot.take_in(make_clip(project, State.SUCCEEDED, seed_picture=picture))
        project.remove()
        assert not Shot.objects.exists()
        assert not Picture.objects.exists()

    def test_it_writes_out_what_people_type(self, as_alice: Client, project: Project) -> None:
        plan(as_alice, project, "<script>alert(1)</script>")
        assert "<script>alert" not in page(as_alice, project)


class TestTakes:
    def test_the_newest_ready_take_stands_for_the_shot_until_another_is_marked(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        old, new = (make_clip(project, State.SUCCEEDED, shot=shots[0]) for _ in range(2))
        make_clip(project, State.FAILED, shot=shots[0])
        assert Shot.objects.get(pk=shots[0].pk).take == new
        as_alice.post(address("shot_take", shots[0]), {"clip": str(old.pk)})
        assert Shot.objects.get(pk=shots[0].pk).take == old
        assert "You chose the take" in as_alice.get(address("shot_detail", shots[0])).content.decode()
        as_alice.post(address("shot_take", shots[0]), {"clip": ""})
        assert Shot.objects.get(pk=shots[0].pk).take == new

    def test_a_marked_take_that_is_deleted_leaves_the_shot(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        old, new = (make_clip(project, State.SUCCEEDED, shot=shots[0]) for _ in range(2))
        shots[0].take_in(old)
        old.remove()
        assert Shot.objects.get(pk=shots[0].pk).take == new

    def test_a_take_moves_over_to_another_shot(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        clip = make_clip(project, State.SUCCEEDED)
        for shot in shots[:2]:
            as_alice.post(address("shot_take", shot), {"clip": str(clip.pk)})
        first, second, _ = project.shots.all()
        assert (first.take, first.chosen, second.take) == (None, None, clip)

    def test_it_takes_no_clip_from_elsewhere(self, as_alice: Client, alice: Any, shots: list[Shot]) -> None:
        other = make_clip(make_project(alice), State.SUCCEEDED)
        for value in (str(other.pk), "x"):
            answer = as_alice.post(address("shot_take", shots[0]), {"clip": value}, follow=True)
            assert "no longer here" in answer.content.decode()
        assert Shot.objects.get(pk=shots[0].pk).takes == []


class TestMaking:
    def press(self, client: Client, project: Project, **data: Any) -> Any:
        board = client.get(address("shots_make", project)).context["board"]
        sent = {
            "token": str(uuid.uuid4()),
            "price_micros": str(board.total_micros),
            "shot": [str(making.shot.pk) for making in board.possible],
        }
        return client.post(address("shots_make", project), sent | data, follow=True)

    def test_it_makes_everything_that_is_missing_for_the_price_on_the_button(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        make_clip(project, State.SUCCEEDED, shot=shots[1])
        text = as_alice.get(address("shots_make", project)).content.decode()
        assert "Make these 2 shots · about $0.40" in text
        assert not project.clips.filter(status="queued").exists()
        answer = self.press(as_alice, project)
        assert "2 clips are asked for" in answer.content.decode()
        made = project.clips.filter(status="queued")
        assert {(clip.shot, clip.prompt, clip.price_micros) for clip in made} == {
            (shots[0], "A", 200_000),
            (shots[2], "C", 200_000),
        }
        assert Submission.objects.filter(operation__clip__in=made).count() == 2

    def test_it_makes_them_once_however_often_the_button_is_pressed(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        data = {"token": str(uuid.uuid4()), "price_micros": "600000"}
        for _ in range(2):
            answer = as_alice.post(address("shots_make", project), data, follow=True)
            assert "3 clips are asked for" in answer.content.decode()
        assert project.clips.count() == 3

    def test_another_page_finds_nothing_left_to_make(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        for _ in range(2):
            data = {"token": str(uuid.uuid4()), "price_micros": "600000"}
            answer = as_alice.post(address("shots_make", project), data, follow=True)
        assert "nothing was asked for" in answer.content.decode()
        assert project.clips.count() == 3

    @pytest.mark.parametrize("price", ["", "1", "600001", "x"])
    def test_it_makes_nothing_for_another_price(
        self, as_alice: Client, project: Project, shots: list[Shot], price: str
    ) -> None:
        answer = self.press(as_alice, project, price_micros=price)
        assert "The total is now $0.60, so nothing was asked for." in answer.content.decode()
        assert not Clip.objects.exists()

    def test_it_makes_nothing_but_what_was_seen(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        data = [str(shots[0].pk), str(shots[1].pk), str(uuid.uuid4())]
        answer = self.press(as_alice, project, shot=data)
        assert "What is missing has changed" in answer.content.decode()
        assert not Clip.objects.exists()

    @pytest.mark.parametrize("token", ["", "x"])
    def test_it_makes_nothing_without_a_token(
        self, as_alice: Client, project: Project, shots: list[Shot], token: str
    ) -> None:
        assert "incomplete" in self.press(as_alice, project, token=token).content.decode()
        assert not Clip.objects.exists()

    def test_it_says_what_cannot_be_made_and_makes_the_rest(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        plan(as_alice, project, "Gone", model=OMNI, duration_seconds=3)
        ModelOverride.objects.create(model=OMNI, switched_off=True)
        make_clip(project, State.UNCONFIRMED, shot=shots[0])
        text = as_alice.get(address("shots_make", project)).content.decode()
        assert "cannot be chosen. Switched off here." in text
        assert "Not decided" in text
        assert "2 clips are asked for" in self.press(as_alice, project).content.decode()
        assert set(project.clips.filter(status="queued").values_list("prompt", flat=True)) == {"B", "C"}

    def test_it_makes_a_shot_with_its_pictures(self, as_alice: Client, project: Project) -> None:
        plan(as_alice, project, seed_image=SimpleUploadedFile("x.png", make_png()))
        self.press(as_alice, project)
        assert Clip.objects.get().seed_picture == Picture.objects.get()

    def test_it_makes_one_take_of_a_shot(self, as_alice: Client, project: Project) -> None:
        plan(as_alice, project, takes=4)
        self.press(as_alice, project)
        assert Clip.objects.count() == 1


class TestFilm:
    def test_it_holds_the_takes_in_order_once(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        last, first = (make_clip(project, State.SUCCEEDED, shot=shot) for shot in (shots[2], shots[0]))
        token = str(uuid.uuid4())
        for _ in range(2):
            answer = as_alice.post(address("storyboard_film", project), {"token": token})
        film = Film.objects.get()
        assert answer["Location"] == film.get_absolute_url()
        assert [cut.clip for cut in film.cuts.all()] == [first, last]

    def test_it_says_which_shots_are_left_out(
        self, as_alice: Client, project: Project, shots: list[Shot]
    ) -> None:
        make_clip(project, State.SUCCEEDED, shot=shots[1])
        as_alice.post(address("storyboard_film", project), {"token": str(uuid.uuid4())})
        told = page(as_alice, project)
        assert "Shots 1, 3 are not in the film: they have no finished take." in told

    def test_there_is_none_of_nothing(self, as_alice: Client, project: Project, shots: list[Shot]) -> None:
        for data in ({"token": str(uuid.uuid4())}, {}, {"token": "x"}):
            answer = as_alice.post(address("storyboard_film", project), data, follow=True)
            assert answer.status_code == 200
        assert not Film.objects.exists()
