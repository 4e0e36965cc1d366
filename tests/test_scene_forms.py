"""Timed scenes and long clips in the form: what is sent, what is refused, and what comes back."""

import itertools
from typing import Any

import pytest

from projects import chains
from projects.forms import ClipForm, again_parts, again_price, settle
from projects.forms.plans import GO_ON, dealt, refusals
from projects.forms.scenes import as_rows, flattened, pressed, rows_of
from projects.models import Clip, Lineup, Project, Speaker, State
from projects.prompts import Scene
from projects.veo.catalog import CATALOG
from tests.factories import FAST, LITE, OMNI, VERTEX, make_clip, make_picture, post_data
from tests.media import make_png

pytestmark = pytest.mark.django_db


def scene(start: float, end: float, **words: str) -> dict[str, str]:
    return {"start": f"{start:g}", "end": f"{end:g}"} | words


def rows(*scenes: dict[str, str]) -> dict[str, str]:
    return flattened(scenes)


TALK = (
    scene(0, 4, speaker="Mara", line="Almost there.", delivery="whispering", camera="Close-up"),
    scene(4, 8, action="Waves hit the rocks", sound="surf"),
)


@pytest.fixture
def mara(project: Project) -> Speaker:
    return Speaker.objects.create(project=project, name="Mara", looks="a keeper, grey braid", voice="low")


def form_of(project: Project, *scenes: dict[str, str], **fields: Any) -> ClipForm:
    return ClipForm(post_data(**fields) | rows(*scenes), project=project)


def errors_of(project: Project, *scenes: dict[str, str], **fields: Any) -> dict[str, list[str]]:
    return dict(form_of(project, *scenes, **fields).errors)


class TestWhatIsSent:
    def test_it_compiles_the_scenes_for_veo(self, project: Project, mara: Speaker) -> None:
        form = form_of(project, *TALK, prompt="A lighthouse.", ambience="wind", duration_seconds=8)
        assert form.errors == {}
        recipe = form.recipe()
        assert recipe["prompt"] == (
            "A lighthouse.\n\nMara: a keeper, grey braid. Voice: low.\n\n"
            '[00:00-00:04] Close-up. Mara, whispering, says: "Almost there."\n'
            "[00:04-00:08] Waves hit the rocks. SFX: surf.\n\nAmbience: wind.\n\n(no subtitles)"
        )
        [part] = recipe["parts"]
        assert part["prompt"] == recipe["prompt"]
        assert [each["line"] for each in part["scenes"]] == ["Almost there.", ""]
        assert (part["method"], part["seconds"], part["price_micros"]) == ("new", 8, 400_000)

    def test_it_compiles_them_for_omni(self, project: Project, mara: Speaker) -> None:
        recipe = ready(form_of(project, *TALK, model=OMNI, prompt="", duration_seconds=8)).recipe()
        assert "[0-4s] Close-up." in recipe["prompt"]
        assert "[00:" not in recipe["prompt"]

    def test_it_needs_no_prompt_beside_scenes(self, project: Project, mara: Speaker) -> None:
        assert errors_of(project, *TALK, prompt="", duration_seconds=8) == {}

    def test_a_plain_prompt_is_sent_as_it_is(self, project: Project) -> None:
        recipe = ready(form_of(project)).recipe()
        assert (recipe["prompt"], recipe["script"]) == ("A paper boat in the rain", {})
        assert [part["prompt"] for part in recipe["parts"]] == [recipe["prompt"]]

    def test_it_measures_the_prompt_with_its_scenes(self, project: Project) -> None:
        errors = errors_of(project, scene(0, 4, action="a" * 4096))
        assert errors == {
            "prompt": [
                "With its scenes this is about 1,035 tokens long; Veo 3.1 Lite preview takes 1,024. "
                "Shorten it."
            ]
        }


class TestChecks:
    @pytest.mark.parametrize(
        ("scenes", "row", "field", "sentence"),
        [
            ([scene(0, 3, action="x"), scene(2, 4, action="y")], 1, "start", "Scene 2 starts at 2 s, but"),
            ([scene(3, 2, action="x")], 0, "end", "Scene 1 ends at 2 s, but starts at 3 s."),
            ([scene(0, 5, action="x")], 0, "end", "Scene 1 ends at 5 s, but the clip is 4 s long."),
            ([scene(0, 4, line="Hi", speaker="Nobody")], 0, "speaker", "Scene 1: no speaker of this project"),
            ([scene(0, 4, speaker="Mara")], 0, "line", "Scene 1 has a speaker, but nothing to say."),
            ([scene(0, 4)], 0, "__all__", "Scene 1 is empty."),
            ([{"start": "soon", "end": "4", "action": "x"}], 0, "start", "“soon” is not a time."),
            ([{"start": "0", "end": "nan", "action": "x"}], 0, "end", "“nan” is not a time."),
            ([{"start": "0", "end": "", "action": "x"}], 0, "end", "Say when scene 1 ends."),
            ([{"start": "0", "end": "4", "line": "a\x00b"}], 0, "line", "Remove the NUL character"),
        ],
    )  # fmt: skip
    def test_it_says_what_is_wrong_at_its_row_and_field(
        self,
        project: Project,
        mara: Speaker,
        scenes: list[dict[str, str]],
        row: int,
        field: str,
        sentence: str,
    ) -> None:
        form = form_of(project, *scenes)
        assert list(form.errors) == ["scenes"]
        assert form.rows.shown[row].errors[field][0].startswith(sentence)
        assert form.errors["scenes"][0].startswith(sentence)

    def test_a_warning_stops_nobody(self, project: Project) -> None:
        form = form_of(project, scene(1, 2, line="one two three four five six seven"))
        assert form.errors == {}
        assert [problem.warning for problem in form.problems(4)] == [True, True, True]

    def test_it_says_how_many_scenes_are_too_many(self, project: Project) -> None:
        many = [scene(n, n + 1, action="x") for n in range(61)]
        form = form_of(project, *many, model=OMNI, duration_seconds="scenes")
        assert form.errors == {"scenes": ["A clip takes 60 scenes at most. Remove some."]}
        assert form_of(project, *many[:60], model=OMNI, duration_seconds="scenes").errors == {}

    @pytest.mark.parametrize("total", ["-1", "9" * 30, "x", "1e3", "٣", "\x00", ""])
    def test_it_takes_a_wrong_count_for_none(self, project: Project, total: str) -> None:
        form = ClipForm(post_data() | {"scenes-TOTAL": total, "scenes-0-line": "x"}, project=project)
        assert form.errors == {}
        assert len(form.rows) == 0


class TestButtons:
    def test_the_first_scene_makes_the_clip_as_long_as_its_scenes(self) -> None:
        data, focus = pressed({"duration_seconds": "4", "prompt": "x"}, "add")
        assert (data["duration_seconds"], data["prompt"], focus) == ("scenes", "x", "id_scenes-0-line")
        assert [(row["start"], row["end"]) for row in rows_of(data)] == [("0", "2")]

    def test_a_new_scene_starts_where_the_last_one_ends(self) -> None:
        data, focus = pressed(rows(scene(0, 59, line="x")), "add")
        assert (rows_of(data)[1]["start"], rows_of(data)[1]["end"]) == ("59", "1:01")
        assert focus == "id_scenes-1-line"

    def test_neighbours_change_places_and_keep_how_long_they_are(self) -> None:
        held = rows(scene(0, 3, line="a"), scene(4, 5, line="b"), scene(5, 6, line="c"))
        data, focus = pressed(held, "down-0")
        moved = [(row["line"], row["start"], row["end"]) for row in rows_of(data)]
        assert moved == [("b", "0", "1"), ("a", "2", "5"), ("c", "5", "6")]
        assert focus == "scenes-1-down"
        assert pressed(held, "up-1")[1] == "scenes-0-down"

    def test_times_that_cannot_be_read_stay_as_they_are(self) -> None:
        data, _ = pressed(rows({"start": "?", "end": "2"}, scene(2, 4)), "up-1")
        assert [(row["start"], row["end"]) for row in rows_of(data)] == [("2", "4"), ("?", "2")]

    def test_a_row_goes_away(self) -> None:
        data, focus = pressed(rows(scene(0, 1, line="a"), scene(1, 2, line="b")), "remove-0")
        assert [row["line"] for row in rows_of(data)] == ["b"]
        assert focus == "scenes-0-remove"
        assert pressed(data, "remove-0")[1] == "scenes-add"

    @pytest.mark.parametrize(
        "button", ["", "up-0", "down-1", "remove-2", "remove-", "remove--1", "up-99999", "☃"]
    )
    def test_what_is_no_button_changes_nothing(self, button: str) -> None:
        held = rows(scene(0, 1, line="a"), scene(1, 2, line="b"))
        assert rows_of(pressed(held, button)[0]) == rows_of(held)

    def test_rows_are_read_back_as_the_scenes_that_they_were_made_of(self, project: Project) -> None:
        scenes = [Scene(start=0, end=1.5, line="x"), Scene(start=59.5, end=61.5, action="y")]
        form = ClipForm(initial=flattened(as_rows(scenes)), project=project)
        assert list(form.rows.scenes) == scenes


class TestLengths:
    @pytest.mark.parametrize(
        ("said", "longer", "seconds"),
        [
            ("5s", "", 5),
            ("60", "", 60),
            ("1:00", "", 60),
            ("longer", "1 min", 60),
            ("longer", "45 s", 45),
            (8, "", 8),
        ],
    )
    def test_it_reads_lengths_as_people_write_them(
        self, project: Project, said: Any, longer: str, seconds: int
    ) -> None:
        form = form_of(project, model=OMNI, duration_seconds=said, longer=longer)
        assert form.errors == {}
        assert form.recipe()["duration_seconds"] == seconds

    def test_it_refuses_a_length_that_cannot_be_reached(self, project: Project) -> None:
        sentence = "60 s cannot be made exactly in 1080p: 56 s is the nearest."
        errors = errors_of(project, model=VERTEX, resolution="1080p", duration_seconds="1:00")
        assert errors == {"duration_seconds": [sentence]}
        choice, notes = settle(
            {"model": VERTEX, "resolution": "1080p", "duration_seconds": "1:00"}, Lineup.now()
        )
        assert (choice.duration_seconds, choice.longer, notes) == (56, "56 s", [sentence])

    @pytest.mark.parametrize(
        ("longer", "sentence"),
        [("", "Write how long the clip is to be: 45, 45 s or 1:00."), ("soon", "Write how long")],
    )
    def test_it_misses_the_length_beside_longer(self, project: Project, longer: str, sentence: str) -> None:
        errors = errors_of(project, duration_seconds="longer", longer=longer)
        assert errors["duration_seconds"][0].startswith(sentence)

    def test_it_suggests_a_length_where_none_is_said(self) -> None:
        choice, notes = settle({"model": OMNI, "duration_seconds": "longer", "longer": ""}, Lineup.now())
        assert (choice.longer, choice.length, notes) == ("30 s", "longer", [])
        choice, notes = settle({"model": OMNI, "duration_seconds": "longer", "longer": "soon"}, Lineup.now())
        assert (choice.longer, notes) == ("30 s", ["“soon” is not a length. Write 45, 45 s or 1:00."])

    def test_a_short_one_beside_longer_is_one_of_the_usual_ones(self) -> None:
        choice, _ = settle({"model": OMNI, "duration_seconds": "longer", "longer": "7 s"}, Lineup.now())
        assert (choice.duration_seconds, choice.length) == (7, "")

    def test_it_follows_the_scenes_and_says_where_they_are_fitted(self, project: Project) -> None:
        form = form_of(project, scene(0, 3, action="x"), scene(3, 5, action="y"), duration_seconds="scenes")
        choice, notes = form.settled
        assert form.errors == {}
        assert (choice.duration_seconds, choice.length) == (4, "scenes")
        assert notes == [
            "Veo 3.1 Lite preview does not make 5 s: the length was set to 4 s.",
            "The scenes are 5 s long; they are fitted to the clip.",
        ]
        [part] = form.recipe()["parts"]
        assert part["scenes"][-1]["end"] == 4

    def test_no_last_frame_goes_with_several_parts(self, project: Project) -> None:
        kept = {f"{name}_picture": str(make_picture(project, make_png()).pk) for name in ("seed", "last")}
        errors = errors_of(project, model=FAST, duration_seconds=15, **kept)
        assert errors == {
            "last_frame": ["A clip with a last frame is made in one go. Remove it, or choose up to 8 s."]
        }
        choice, notes = ClipForm(
            initial=post_data(model=FAST, duration_seconds=15, **kept), project=project
        ).settled
        assert choice.duration_seconds == 8
        assert notes == ["A clip with a last frame is made in one go. The length was set to 8 s."]

    def test_it_settles_on_plans_that_google_would_take(self) -> None:
        """Promise P7, for every part."""
        lineup = Lineup.now()
        for model, resolution, seconds in itertools.product(
            CATALOG.models, ("720p", "1080p", "4k"), (17, 60, 149)
        ):
            for count in (0, 2):
                given = {"model": model.id, "resolution": resolution, "duration_seconds": seconds}
                choice, _ = settle(given | {"references": count}, lineup)
                assert refusals(choice, references=choice.references) == {}
                assert choice.price_micros == sum(part.price_micros for part in choice.plan.parts)


class TestParts:
    def test_a_long_clip_is_asked_for_in_parts_at_the_price_of_all(
        self, project: Project, alice: Any, mara: Speaker
    ) -> None:
        lines = [scene(5 * n, 5 * n + 5, speaker="Mara", line=f"Line {n}.") for n in range(12)]
        form = form_of(project, *lines, model=FAST, duration_seconds="1:00", takes=2)
        choice, _ = form.settled
        assert form_of(
            project, *lines, model=FAST, duration_seconds="1:00", takes=2, price_micros=choice.total_micros
        ).errors == {}  # fmt: skip
        recipe = ready(form).recipe()
        methods = [part["method"] for part in recipe["parts"]]
        assert methods[0] == chains.NEW
        assert set(methods[1:]) <= {chains.EXTEND, chains.CONTINUE}
        said = [each["line"] for part in recipe["parts"] for each in part["scenes"] if each["line"]]
        assert said == [f"Line {n}." for n in range(12)]
        clips = Clip.objects.ask_for(project, alice, form.cleaned_data["token"], 2, recipe)
        assert [clip.price_micros for clip in clips] == [choice.price_micros] * 2
        assert [part.seconds for part in clips[0].chain.parts] == [part.seconds for part in choice.plan.parts]

    def test_it_checks_the_price_of_all_parts(self, project: Project) -> None:
        errors = errors_of(project, model=OMNI, duration_seconds=60, price_micros="1")
        assert errors["__all__"][0].startswith("The price is now $4.")

    def test_a_used_form_knows_its_own_long_clip(self, project: Project, alice: Any, mara: Speaker) -> None:
        data = post_data(model=FAST, duration_seconds="15") | rows(*TALK)
        form = ready(ClipForm(data, project=project))
        clips = Clip.objects.ask_for(project, alice, form.cleaned_data["token"], 1, form.recipe())
        assert ready(ClipForm(data, project=project)).repeats(clips)
        other = data | {"scenes-0-line": "Nearly there."}
        assert not ready(ClipForm(other, project=project)).repeats(clips)

    @pytest.mark.parametrize(
        ("prompt", "count", "parts"),
        [
            ("A boat", 1, ["A boat"]),
            ("A boat", 2, ["A boat", f"{GO_ON} A boat"]),
            ("One\n\nTwo", 2, ["One", "Two"]),
            ("One\n \nTwo\n\n\nThree", 2, ["One", "Two\n\nThree"]),
            ("One\n\nTwo", 3, ["One\n\nTwo", f"{GO_ON} One\n\nTwo", f"{GO_ON} One\n\nTwo"]),
        ],
    )
    def test_a_plain_prompt_is_dealt_to_the_parts(self, prompt: str, count: int, parts: list[str]) -> None:
        assert dealt(prompt, count) == parts

    def test_a_part_in_which_nothing_is_written_goes_on_with_the_shot(self, project: Project) -> None:
        form = form_of(project, scene(0, 4, action="x"), prompt="", model=FAST, duration_seconds=15)
        assert [part["prompt"] for part in ready(form).recipe()["parts"]] == [
            "[00:00-00:04] x.",
            GO_ON,
        ]

    def test_an_extension_takes_scenes_timed_from_its_own_start(
        self, project: Project, mara: Speaker
    ) -> None:
        clip = make_clip(project, State.SUCCEEDED, model=VERTEX)
        work = {"task": "extend", "source": str(clip.pk), "model": VERTEX, "duration_seconds": 7}
        form = form_of(project, TALK[0], prompt="", **work)
        assert form.errors == {}
        assert form.recipe()["parts"][0]["scenes"][0]["end"] == 4
        assert "scenes" in errors_of(project, *TALK, prompt="", **work)


class TestWhatComesBack:
    def test_reused_settings_bring_scenes_and_length_back(
        self, project: Project, alice: Any, mara: Speaker
    ) -> None:
        given = post_data(
            model=FAST, prompt="A lighthouse.", ambience="wind", language="de", duration_seconds="scenes"
        )
        form = ready(ClipForm(given | rows(*TALK, scene(8, 15, action="Night")), project=project))
        [clip] = Clip.objects.ask_for(project, alice, form.cleaned_data["token"], 1, form.recipe())
        again = ClipForm.like(clip)
        assert again.rows.scenes == form.rows.scenes
        assert (again.script, again.settled[0].duration_seconds) == (form.script, 15)
        assert [part.prompt for part in again.planned] == [part.prompt for part in form.planned]

    def test_a_length_beyond_one_generation_comes_back(self, project: Project, alice: Any) -> None:
        form = ready(form_of(project, model=FAST, duration_seconds="22"))
        [clip] = Clip.objects.ask_for(project, alice, form.cleaned_data["token"], 1, form.recipe())
        choice, notes = ClipForm.like(clip).settled
        assert (choice.longer, notes) == ("22 s", [])
        assert ClipForm.fresh(project).settled[0].duration_seconds == 4

    def test_trying_again_asks_for_the_same_parts_at_todays_price(self, project: Project, alice: Any) -> None:
        form = ready(form_of(project, model=FAST, duration_seconds="22"))
        [clip] = Clip.objects.ask_for(project, alice, form.cleaned_data["token"], 1, form.recipe())
        assert again_parts(clip, Lineup.now()) == form.recipe()["parts"]
        assert again_price(clip, Lineup.now()) == clip.price_micros

    def test_its_settings_fill_it_again(self, project: Project, mara: Speaker) -> None:
        form = form_of(project, *TALK, model=LITE, prompt="A lighthouse.", duration_seconds="8")
        form.is_valid()
        settings, pictures = form.as_settings()
        assert all(isinstance(value, str) for value in settings.values())
        assert pictures == []
        assert ClipForm(initial=settings, project=project).rows.scenes == form.rows.scenes
        assert ClipForm(settings | {"token": form.data["token"]}, project=project).errors == {}


def ready(form: ClipForm) -> ClipForm:
    assert form.errors == {}
    return form
