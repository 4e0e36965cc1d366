"""What a finished clip can become next, and what is offered where its model is gone."""

import uuid
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from projects.models import Clip, Picture, Project, State
from tests.factories import FAST, LITE, OMNI, VERTEX, VERTEX_LITE, make_clip, make_picture, post_data
from tests.media import make_png, mp4_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def omni(project: Project) -> Clip:
    return make_clip(project, State.SUCCEEDED, model=OMNI, video=mp4_bytes())


def composer(client: Client, project: Project, **query: str) -> Any:
    page = client.get(project.get_absolute_url(), query)
    assert page.status_code == 200
    return page


class TestReferences:
    def test_it_uploads_one_at_once_and_shows_it_whole(self, htmx: Client, project: Project) -> None:
        upload = SimpleUploadedFile("x.png", make_png((100, 400)))
        data = {"field": "reference_2", "reference_2": upload, "model": OMNI}
        answer = htmx.post(reverse("picture_upload", args=[project.pk]), data)
        assert reverse("picture_crop", args=[Picture.objects.get().pk, "full"]) in answer.content.decode()
        assert 'name="reference_2_picture"' in answer.content.decode()

    @pytest.mark.parametrize(
        ("model", "filled", "shown"),
        [
            (OMNI, [], ["reference_1"]),
            (OMNI, [1, 3], ["reference_1", "reference_2", "reference_3"]),
            (OMNI, [1, 2, 3, 4, 5, 6], [f"reference_{n}" for n in range(1, 7)]),
            (VERTEX, [1, 2, 3], ["reference_1", "reference_2", "reference_3"]),
            (LITE, [], []),
            (LITE, [2], ["reference_2"]),
        ],
    )
    def test_it_shows_what_is_filled_and_room_for_one_more(
        self, htmx: Client, project: Project, model: str, filled: list[int], shown: list[str]
    ) -> None:
        kept = {f"reference_{n}_picture": str(make_picture(project, make_png()).pk) for n in filled}
        answer = htmx.post(reverse("clip_options", args=[project.pk]), post_data(model=model, **kept))
        assert [slot["field"] for slot in answer.context["reference_slots"]] == shown

    def test_it_keeps_them_when_something_else_is_wrong(self, as_alice: Client, project: Project) -> None:
        data = post_data(model=OMNI, prompt="", reference_1=SimpleUploadedFile("x.png", make_png()))
        page = as_alice.post(reverse("clip_create", args=[project.pk]), data)
        assert page.status_code == 422
        [slot, free] = page.context["reference_slots"]
        assert (slot["picture"], free["field"]) == (Picture.objects.get(), "reference_2")

    def test_it_makes_one_clip_of_a_repeated_press(self, as_alice: Client, project: Project) -> None:
        token = str(uuid.uuid4())
        for _ in range(2):
            data = post_data(model=OMNI, token=token, reference_1=SimpleUploadedFile("x.png", make_png()))
            assert as_alice.post(reverse("clip_create", args=[project.pk]), data).status_code == 302
        assert [clip.reference_pictures for clip in Clip.objects.all()] == [[Picture.objects.get()]]

    def test_it_takes_another_reference_for_another_recipe(self, as_alice: Client, project: Project) -> None:
        token, address = str(uuid.uuid4()), reverse("clip_create", args=[project.pk])
        first, second = (str(make_picture(project, make_png()).pk) for _ in range(2))
        as_alice.post(address, post_data(model=OMNI, token=token, reference_1_picture=first))
        for other in ({"reference_1_picture": second}, {}, {"seed_picture": first}):
            assert as_alice.post(address, post_data(model=OMNI, token=token, **other)).status_code == 422


class TestExtendAndEdit:
    @pytest.mark.parametrize(
        ("task", "words", "button"),
        [
            ("extend", "What happens next?", "Extend · about $0.2433"),
            ("edit", "What should change?", "Edit · about $0.3128"),
        ],
    )
    def test_its_address_opens_the_composer_for_it(
        self, as_alice: Client, project: Project, omni: Clip, task: str, words: str, button: str
    ) -> None:
        page = composer(as_alice, project, **{task: str(omni.pk)})
        assert (page.context["choice"].task, page.context["choice"].source) == (task, omni)
        assert page.context["notes"] == []
        text = page.content.decode()
        assert words in text
        assert button in text
        assert 'name="seed_image"' not in text

    def test_it_says_why_a_clip_cannot_be_edited_and_offers_a_new_one(
        self, as_alice: Client, project: Project
    ) -> None:
        clip = make_clip(project, State.SUCCEEDED, model=VERTEX_LITE)
        page = composer(as_alice, project, edit=str(clip.pk))
        assert page.context["choice"].task == ""
        assert page.context["notes"] == ["Veo 3.1 Lite edits no clips. These are the settings of a new clip."]

    @pytest.mark.parametrize("value", ["", "x", "00000000-0000-0000-0000-000000000000"])
    def test_it_takes_no_clip_for_no_task(self, as_alice: Client, project: Project, value: str) -> None:
        assert composer(as_alice, project, extend=value).context["choice"].task == ""

    def test_it_does_not_open_for_a_clip_of_another_project(
        self, as_charlie: Client, charlie: Any, omni: Clip
    ) -> None:
        own = Project.objects.create(owner=charlie, name="Own")
        page = composer(as_charlie, own, extend=str(omni.pk))
        assert page.context["choice"].task == ""
        assert omni.title not in page.content.decode()

    def test_it_queues_an_extension(self, as_alice: Client, project: Project, omni: Clip) -> None:
        data = post_data(model=OMNI, task="extend", source=str(omni.pk), duration_seconds=3)
        as_alice.post(reverse("clip_create", args=[project.pk]), data | {"price_micros": "243300"})
        made = Clip.objects.get(task="extend")
        assert (made.source, made.duration_seconds, made.price_micros) == (omni, 3, 243_300)
        page = as_alice.get(made.get_absolute_url())
        facts = dict(page.context["facts"])
        assert facts["Extends"] == f'<a href="{omni.get_absolute_url()}">{omni.title}</a>'
        assert facts["Settings"] == "16:9, 720p, 3 s more"
        assert facts["Service"] == "Gemini Omni (Interactions API)"

    @pytest.mark.parametrize("script", [True, False])
    def test_it_stays_an_extension_when_a_setting_changes(
        self, htmx: Client, as_alice: Client, project: Project, omni: Clip, script: bool
    ) -> None:
        data = post_data(model=OMNI, task="extend", source=str(omni.pk), resolution="4k", duration_seconds=9)
        answer = (htmx if script else as_alice).post(reverse("clip_options", args=[project.pk]), data)
        choice = answer.context["choice"]
        assert (choice.task, choice.source, choice.resolution) == ("extend", omni, "4k")
        assert "Extend · about $1.9113" in answer.content.decode()

    def test_it_comes_back_as_an_extension_when_something_is_wrong(
        self, htmx: Client, project: Project, omni: Clip
    ) -> None:
        data = post_data(model=OMNI, task="extend", source=str(omni.pk), prompt="")
        answer = htmx.post(reverse("clip_create", args=[project.pk]), data)
        assert answer.status_code == 422
        assert "Write what happens next." in answer.content.decode()
        assert f'name="source" value="{omni.pk}"' in answer.content.decode()


class TestWhatACardOffers:
    @pytest.mark.parametrize(
        ("model", "extend", "edit"), [(OMNI, True, True), (VERTEX, True, False), (VERTEX_LITE, False, False)]
    )
    def test_it_offers_what_the_model_can(
        self, as_alice: Client, project: Project, model: str, extend: bool, edit: bool
    ) -> None:
        clip = make_clip(project, State.SUCCEEDED, model=model)
        for address in (project.get_absolute_url(), clip.get_absolute_url()):
            page = as_alice.get(address).content.decode()
            assert (f"?extend={clip.pk}" in page, f"?edit={clip.pk}" in page) == (extend, edit)
            assert reverse("clip_continue", args=[clip.pk]) in page

    def test_its_page_says_why_it_can_go_no_further(self, as_alice: Client, project: Project) -> None:
        clip = make_clip(project, State.SUCCEEDED, model=FAST)
        sentence = "Google keeps a video for two days, and extends it only while it has it."
        assert sentence in as_alice.get(clip.get_absolute_url()).content.decode()
        assert sentence not in as_alice.get(project.get_absolute_url()).content.decode()

    @pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.FAILED, State.UNCONFIRMED])
    def test_it_offers_nothing_for_a_clip_that_is_not_ready(
        self, as_alice: Client, project: Project, state: str
    ) -> None:
        clip = make_clip(project, state, model=OMNI)
        page = as_alice.get(clip.get_absolute_url()).content.decode()
        assert "?extend=" not in page
        assert reverse("clip_continue", args=[clip.pk]) not in page


class TestContinue:
    def test_it_takes_the_last_frame_and_opens_the_composer_with_it(
        self, as_alice: Client, project: Project, omni: Clip
    ) -> None:
        answer = as_alice.post(reverse("clip_continue", args=[omni.pk]))
        picture = Picture.objects.get()
        with picture.file.open() as file:
            frame = Image.open(BytesIO(file.read()))
        assert (frame.format, frame.size, (picture.width, picture.height)) == ("PNG", (320, 180), (320, 180))
        page = as_alice.get(answer["Location"])
        assert page.context["form"].pictures["seed_image"] == picture
        assert page.context["choice"].model.id == OMNI
        assert page.context["form"]["prompt"].value() == omni.prompt
        assert Clip.objects.count() == 1

    def test_it_leaves_the_other_pictures_and_the_seed_behind(
        self, as_alice: Client, project: Project
    ) -> None:
        picture = make_picture(project, make_png())
        clip = make_clip(
            project, State.SUCCEEDED, model=VERTEX, duration_seconds=8, seed=7, video=mp4_bytes(), audio=False
        )
        clip.references.create(picture=picture, position=0)
        form = as_alice.get(as_alice.post(reverse("clip_continue", args=[clip.pk]))["Location"]).context[
            "form"
        ]
        assert [field for field in form.pictures if form.has_picture(field)] == ["seed_image"]
        assert (form["seed"].value(), form["audio"].value()) == (None, "off")

    def test_it_says_that_a_file_is_damaged_or_gone(self, as_alice: Client, project: Project) -> None:
        clip = make_clip(project, State.SUCCEEDED)
        for sentence in ("The video is damaged", "The file is missing."):
            answer = as_alice.post(reverse("clip_continue", args=[clip.pk]))
            [said] = as_alice.get(answer["Location"]).context["messages"]
            assert str(said).startswith(f"Its last frame cannot be taken. {sentence}")
            clip.video.storage.delete(clip.video.name)
        assert not Picture.objects.exists()

    def test_it_continues_no_clip_that_is_not_ready(self, as_alice: Client, project: Project) -> None:
        clip = make_clip(project, State.FAILED)
        answer = as_alice.post(reverse("clip_continue", args=[clip.pk]))
        assert answer["Location"] == clip.get_absolute_url()
        assert not Picture.objects.exists()

    def test_it_takes_no_picture_of_another_project(
        self, as_alice: Client, project: Project, charlie: Any
    ) -> None:
        clip = make_clip(project)
        foreign = make_picture(Project.objects.create(owner=charlie, name="Own"), make_png())
        query = {"from": str(clip.pk), "seed_picture": str(foreign.pk)}
        assert composer(as_alice, project, **query).context["form"].pictures["seed_image"] is None


class TestReplacement:
    @pytest.fixture
    def real(self, settings: Any, against_google: None) -> Any:
        settings.GEMINI_API_KEY, settings.GOOGLE_CLOUD_PROJECT = "AIza" + "x" * 30, ""
        settings.GEMINI_OAUTH_TOKEN = settings.GOOGLE_VERTEX_BASE_URL = ""
        return settings

    def test_it_offers_the_successor_of_a_model_that_is_gone(
        self, as_alice: Client, project: Project, real: Any
    ) -> None:
        clip = make_clip(
            project,
            State.REJECTED,
            operation={"reason": "model_retired"},
            negative_prompt="text",
            duration_seconds=6,
        )
        page = as_alice.get(project.get_absolute_url()).content.decode()
        address = f"{project.get_absolute_url()}?from={clip.pk}&amp;model=gemini-omni-1.1-flash#new-clip"
        assert "Make it with Gemini Omni 1.1 Flash" in page
        assert address in page
        form = composer(as_alice, project, **{"from": str(clip.pk), "model": "gemini-omni-1.1-flash"})
        choice = form.context["choice"]
        assert (choice.model.id, choice.resolution, choice.duration_seconds) == (
            "gemini-omni-1.1-flash",
            "720p",
            6,
        )
        assert form.context["notes"] == [
            "Gemini Omni 1.1 Flash takes no negative prompt: remove it, or say it in the prompt."
        ]
        assert form.context["form"]["negative_prompt"].value() == "text"

    def test_it_offers_it_for_a_ready_clip_too(self, as_alice: Client, project: Project, real: Any) -> None:
        clip = make_clip(project, State.SUCCEEDED)
        page = as_alice.get(clip.get_absolute_url()).content.decode()
        assert "Make it with Gemini Omni 1.1 Flash" in page

    @pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.UNCONFIRMED])
    def test_it_offers_none_while_the_clip_may_still_come(
        self, as_alice: Client, project: Project, real: Any, state: str
    ) -> None:
        make_clip(project, state)
        assert "Make it with" not in as_alice.get(project.get_absolute_url()).content.decode()

    def test_it_offers_none_for_a_model_that_can_be_used(self, as_alice: Client, project: Project) -> None:
        make_clip(project, State.FAILED)
        assert "Make it with" not in as_alice.get(project.get_absolute_url()).content.decode()


class TestAgain:
    def test_it_repeats_the_whole_recipe(self, as_alice: Client, project: Project) -> None:
        clip = make_clip(
            project, State.FAILED, model=VERTEX, seed=7, audio=False, duration_seconds=8, resolution="1080p"
        )
        first, second = (make_picture(project, make_png()) for _ in range(2))
        for position, picture in enumerate((first, second)):
            clip.references.create(picture=picture, position=position)
        price = as_alice.get(clip.get_absolute_url()).context["again_micros"]
        assert price == 1_600_000
        data = {"token": uuid.uuid4(), "price_micros": price}
        as_alice.post(reverse("clip_again", args=[clip.pk]), data)
        new = Clip.objects.exclude(pk=clip.pk).get()
        assert (new.seed, new.audio, new.price_micros) == (7, False, 1_600_000)
        assert new.reference_pictures == [first, second]

    def test_it_repeats_an_extension_while_its_source_is_fine(
        self, as_alice: Client, project: Project, omni: Clip
    ) -> None:
        clip = make_clip(project, State.FAILED, model=OMNI, task="extend", source=omni)
        data = {"token": uuid.uuid4(), "price_micros": 312_800}
        as_alice.post(reverse("clip_again", args=[clip.pk]), data)
        new = Clip.objects.exclude(pk__in=[clip.pk, omni.pk]).get()
        assert (new.task, new.source) == ("extend", omni)

    def test_it_says_why_an_extension_cannot_be_repeated(
        self, as_alice: Client, project: Project, omni: Clip
    ) -> None:
        clip = make_clip(project, State.FAILED, model=OMNI, task="extend", source=omni)
        omni.delete()
        page = as_alice.get(clip.get_absolute_url())
        sentence = "The clip that it worked on is no longer here."
        assert f"It cannot be tried again: {sentence}" in page.content.decode()
        assert page.context["again_micros"] is None
        answer = as_alice.post(reverse("clip_again", args=[clip.pk]), {"token": uuid.uuid4()})
        [said] = as_alice.get(answer["Location"]).context["messages"]
        assert str(said) == sentence
        assert Clip.objects.count() == 1

    def test_it_shows_what_was_sent_with_it(self, as_alice: Client, project: Project) -> None:
        clip = make_clip(project, State.FAILED, model=VERTEX, seed=7, audio=False, duration_seconds=8)
        picture = make_picture(project, make_png())
        clip.references.create(picture=picture, position=0)
        page = as_alice.get(clip.get_absolute_url())
        facts = dict(page.context["facts"])
        assert (facts["Seed number"], facts["Settings"]) == ("7", "16:9, 720p, 8 s, no sound")
        assert reverse("picture_crop", args=[picture.pk, "full"]) in page.content.decode()


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "Simulated: no Google credential is set."),
        ({"GEMINI_API_KEY": "AIza" + "x" * 30}, "Simulated: demo mode is on."),
        ({"DEMO": False, "GEMINI_API_KEY": "AIza" + "x" * 30}, None),
    ],
)
def test_the_banner_is_true(
    as_alice: Client, settings: Any, environment: dict[str, Any], words: str | None
) -> None:
    for name in ("GEMINI_API_KEY", "GEMINI_OAUTH_TOKEN", "GOOGLE_CLOUD_PROJECT"):
        setattr(settings, name, "")
    for name, value in environment.items():
        setattr(settings, name, value)
    page = as_alice.get("/").content.decode()
    assert (words or "Simulated") in page if words else "Simulated" not in page


def test_it_says_that_a_relay_may_charge_another_price(
    as_alice: Client, project: Project, settings: Any
) -> None:
    settings.DEMO = False
    settings.GEMINI_API_KEY = "AIza" + "x" * 30
    settings.GOOGLE_GEMINI_BASE_URL = "https://relay.example.org"
    page = composer(as_alice, project, **{"from": str(make_clip(project).pk)})
    assert "relay.example.org may charge another." in page.content.decode()
