"""The scenes of the composer over HTTP: their buttons, what is shown before paying, scripts in and out."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Clip, Project, Speaker
from tests.factories import FAST, LITE, OMNI, VERTEX, make_clip, post_data

pytestmark = pytest.mark.django_db

SCRIPT = "Mara: Almost there.\nJonas (whispering): Look.\n(Waves.)"
ROWS = {
    "scenes-TOTAL": "2",
    "scenes-0-start": "0",
    "scenes-0-end": "4",
    "scenes-0-line": "Almost there.",
    "scenes-1-start": "4",
    "scenes-1-end": "8",
    "scenes-1-action": "Waves",
}


@pytest.fixture
def options(project: Project) -> str:
    return reverse("clip_options", args=[project.pk])


@pytest.fixture
def reader(project: Project) -> str:
    return reverse("script_read", args=[project.pk])


class TestButtons:
    @pytest.mark.parametrize("script", [True, False])
    def test_they_change_the_rows_and_lose_nothing(
        self, htmx: Client, as_alice: Client, options: str, script: bool
    ) -> None:
        data = post_data(prompt="Fog", takes=3) | ROWS | {"scenes-do": "down-0"}
        answer = (htmx if script else as_alice).post(options, data)
        assert answer.status_code == 200
        form = answer.context["form"]
        assert [scene.action for scene in form.rows.scenes] == ["Waves", ""]
        assert (form["prompt"].value(), answer.context["choice"].takes) == ("Fog", 3)
        page = answer.content.decode()
        assert 'id="scenes-1-up" name="scenes-do" value="up-1"' in page
        assert answer.context["focus"] == "scenes-1-up"
        assert not Clip.objects.exists()

    def test_the_field_of_a_new_scene_has_the_focus_without_a_script(
        self, as_alice: Client, options: str
    ) -> None:
        page = as_alice.post(options, post_data() | {"scenes-do": "add"}).content.decode()
        [field] = [tag for tag in page.split("<") if "autofocus" in tag]
        assert 'id="id_scenes-0-line"' in field

    def test_somebody_who_is_named_becomes_a_speaker(
        self, htmx: Client, project: Project, options: str
    ) -> None:
        data = post_data() | ROWS | {"scenes-0-speaker": "Mara"}
        answer = htmx.post(options, data)
        assert "Add Mara to the speakers" in answer.content.decode()
        answer = htmx.post(options, data | {"speaker-add": "Mara"})
        assert answer.context["unknown_speakers"] == []
        assert answer.context["notes"][0].startswith("Mara is a speaker now.")
        assert [speaker.name for speaker in project.speakers.all()] == ["Mara"]

    def test_a_name_that_cannot_be_is_said_and_costs_nothing(self, htmx: Client, options: str) -> None:
        answer = htmx.post(options, post_data() | {"speaker-add": "x" * 500})
        assert "This name has 500 characters; the limit is 40." in answer.context["notes"][0]
        assert not Speaker.objects.exists()

    def test_the_clip_is_made_as_long_as_its_scenes(self, htmx: Client, options: str) -> None:
        answer = htmx.post(options, post_data() | ROWS)
        assert "Make the clip 8 s long" in answer.content.decode()
        answer = htmx.post(options, post_data() | ROWS | {"scenes-do": "fit"})
        assert (answer.context["choice"].duration_seconds, answer.context["fit"]) == (8, "")

    def test_a_get_adds_no_speaker(self, htmx: Client, options: str) -> None:
        assert htmx.get(options, {"speaker-add": "Mara"}).status_code == 200
        assert not Speaker.objects.exists()

    def test_the_enter_key_shows_the_price_and_pays_nothing(self, htmx: Client, project: Project) -> None:
        answer = htmx.post(reverse("clip_create", args=[project.pk]), post_data(update="1", takes=4))
        assert (answer["HX-Reswap"], answer.context["total_micros"]) == ("outerHTML", 800_000)
        assert not Clip.objects.exists()


class TestBeforePaying:
    def test_the_prompt_is_shown_as_it_will_be_sent_with_its_tokens(self, htmx: Client, options: str) -> None:
        answer = htmx.post(options, post_data(prompt="Fog.", live="1") | ROWS)
        page = answer.content.decode()
        assert answer.templates[0].name == "projects/_compiled_typed.html"
        assert "A voice says: &quot;Almost there.&quot;" in page
        assert "of 1,024 tokens." in page

    def test_typing_brings_the_price_where_the_scenes_say_how_long(self, htmx: Client, options: str) -> None:
        data = post_data(duration_seconds="scenes", live="1", price_micros="400000") | ROWS
        assert 'id="generate"' not in htmx.post(options, data).content.decode()
        data |= {"scenes-1-end": "12"}
        page = htmx.post(options, data).content.decode()
        assert "about $0.60" in page
        assert "Made in 2 parts" in page

    @pytest.mark.parametrize(
        ("model", "said"),
        [
            (LITE, ["starts from the last frame of part 1, joined here"]),
            (FAST, ["extends part 1 by 7 s", "Veo 3.1 Fast preview extends a clip by 7 s up to 148 s"]),
            (VERTEX, ["extends part 1 by 7 s"]),
            (OMNI, ["extends part 1 by"]),
        ],
    )
    def test_the_plan_of_a_long_clip_is_shown(
        self, htmx: Client, options: str, model: str, said: list[str]
    ) -> None:
        answer = htmx.post(options, post_data(model=model, duration_seconds="1:00"))
        choice, page = answer.context["choice"], answer.content.decode()
        assert sum(part.seconds for part in choice.plan.parts) == choice.duration_seconds
        assert f"Made in {len(choice.plan.parts)} parts" in page
        assert "no clip like this was made here yet" in page
        for words in said:
            assert words in page

    def test_a_press_makes_the_clip_with_its_parts(self, as_alice: Client, project: Project) -> None:
        data = post_data(model=FAST, duration_seconds="longer", longer="0:15") | ROWS
        response = as_alice.post(reverse("clip_create", args=[project.pk]), data)
        assert response.status_code == 302
        clip = Clip.objects.get()
        assert [(part.method, part.seconds) for part in clip.chain.parts] == [("new", 8), ("extend", 7)]
        assert clip.script["scenes"][0]["line"] == "Almost there."
        assert clip.operation.part == clip.chain.parts[0]

    def test_what_is_wrong_stands_at_its_row(self, as_alice: Client, project: Project) -> None:
        data = post_data() | ROWS | {"scenes-0-end": "soon"}
        response = as_alice.post(reverse("clip_create", args=[project.pk]), data)
        assert response.status_code == 422
        page = response.content.decode()
        assert 'name="scenes-0-end" value="soon"' in page
        assert "“soon” is not a time. Write seconds, or minutes as 1:05." in page


class TestPasted:
    @pytest.mark.parametrize("script", [True, False])
    def test_it_fills_the_rows_and_knows_the_speakers(
        self, htmx: Client, as_alice: Client, project: Project, reader: str, script: bool
    ) -> None:
        answer = (htmx if script else as_alice).post(reader, post_data(prompt="Fog") | {"script": SCRIPT})
        assert answer.status_code == 200
        form = answer.context["form"]
        assert [scene.speaker for scene in form.rows.scenes][:2] == ["Mara", "Jonas"]
        assert (form["prompt"].value(), form.pasted) == ("Fog", "")
        assert answer.context["choice"].length == "scenes"
        assert answer.context["notes"][0].startswith("Mara, Jonas are speakers now.")
        assert [speaker.name for speaker in project.speakers.all()] == ["Jonas", "Mara"]

    def test_it_fits_a_script_without_times_into_the_length_that_was_written(
        self, htmx: Client, reader: str
    ) -> None:
        data = post_data(model=OMNI, duration_seconds="longer", longer="1:00") | {"script": SCRIPT}
        form = htmx.post(reader, data).context["form"]
        assert form.rows.scenes[-1].end == 60
        assert form.settled[0].duration_seconds == 60

    def test_it_reads_json_with_everything_in_it(self, htmx: Client, reader: str) -> None:
        parts = [{"timestamp": "00:00-00:02", "text": "Waves"}, {"timestamp": "00:02-00:04", "text": "Fog"}]
        script = json.dumps({"prompt_parts": parts, "setting": "Harbour", "ambience": "wind"})
        answer = htmx.post(reader, post_data() | {"script": script})
        form = answer.context["form"]
        assert (form["prompt"].value(), form["ambience"].value()) == ("Harbour", "wind")
        assert [scene.action for scene in form.rows.scenes] == ["Waves", "Fog"]
        assert 'id="prompt-field" hx-swap-oob="true"' in answer.content.decode()

    @pytest.mark.parametrize(
        "script",
        [
            "",
            "   ",
            "[{]",
            "[]",
            '{"prompt_parts": 7}',
            "0:75 Mara: x",
            "\x00",
            "[" * 50_000 + '"',
            "\n\n".join(f"Mara: {n}" for n in range(61)),
        ],
    )
    @pytest.mark.parametrize("client", ["htmx", "as_alice"])
    def test_what_cannot_be_read_is_said_at_the_text_and_changes_nothing(
        self, request: pytest.FixtureRequest, reader: str, script: str, client: str
    ) -> None:
        person: Client = request.getfixturevalue(client)
        answer = person.post(reader, post_data(prompt="Fog") | ROWS | {"script": script})
        assert answer.status_code == 422
        assert answer.context["script_error"].endswith(".")
        assert len(answer.context["form"].rows) == 2
        assert answer.context["form"]["prompt"].value() == "Fog"
        assert not Speaker.objects.exists()

    def test_a_reload_leads_back_to_the_project(
        self, as_alice: Client, project: Project, reader: str
    ) -> None:
        assert as_alice.get(reader)["Location"] == project.get_absolute_url()


class TestExport:
    def test_the_script_of_a_clip_is_read_back(
        self, as_alice: Client, htmx: Client, project: Project, reader: str
    ) -> None:
        as_alice.post(
            reverse("clip_create", args=[project.pk]), post_data(duration_seconds=8, ambience="wind") | ROWS
        )
        response = as_alice.get(reverse("clip_script", args=[Clip.objects.get().pk]))
        assert response["Content-Type"] == "application/json"
        assert response["Content-Disposition"].endswith('.json"')
        answer = htmx.post(reader, post_data(prompt="") | {"script": response.content.decode()})
        script = answer.context["form"].script
        assert (script.setting, script.ambience) == ("A paper boat in the rain", "wind")
        assert [scene.line for scene in script.scenes] == ["Almost there.", ""]

    def test_a_plain_prompt_is_a_setting(self, as_alice: Client, project: Project) -> None:
        clip: Any = make_clip(project)
        found = json.loads(as_alice.get(reverse("clip_script", args=[clip.pk])).content)
        assert found == {"prompt_parts": [], "setting": "A paper boat in the rain", "language": "en"}
