"""More ways to direct a clip, each only where the catalog allows it: references, seed, sound, more work."""

import math
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects import chains
from projects.forms import ClipForm, offers, settle
from projects.forms.pictures import REFERENCES
from projects.forms.plans import refusals as refusals_of_parts
from projects.models import Clip, Lineup, Picture, Project, State
from projects.veo.catalog import CATALOG, EDIT, EXTEND, Model
from tests.factories import FAST, LITE, OMNI, VERTEX, VERTEX_LITE, make_clip, make_picture, post_data
from tests.media import make_png

pytestmark = pytest.mark.django_db

KEPT_AT_GOOGLE = {"output_uri": "https://generativelanguage.googleapis.com/v1beta/files/x:download"}


def form_of(project: Project, files: dict[str, Any] | None = None, **fields: Any) -> ClipForm:
    return ClipForm(
        post_data(**fields), MultiValueDict({k: [v] for k, v in (files or {}).items()}), project=project
    )


def errors_of(project: Project, files: dict[str, Any] | None = None, **fields: Any) -> dict[str, list[str]]:
    return dict(form_of(project, files, **fields).errors)


def png(size: tuple[int, int] = (640, 360)) -> SimpleUploadedFile:
    return SimpleUploadedFile("x.png", make_png(size))


def references(project: Project, count: int) -> dict[str, str]:
    """The hidden fields of that many pictures that were uploaded before."""
    picture = make_picture(project, make_png())
    return {f"{field}_picture": str(picture.pk) for field in REFERENCES[:count]}


# --- references ---


def test_it_takes_references_in_their_order(project: Project) -> None:
    form = form_of(project, {"reference_3": png()}, model=OMNI, **references(project, 1))
    assert form.errors == {}
    form.keep_pictures()
    first, third = form.recipe()["references"]
    assert (first.pk, third.pk) == (form.pictures["reference_1"].pk, form.pictures["reference_3"].pk)


@pytest.mark.parametrize(
    ("model", "count", "more", "sentence"),
    [
        (LITE, 1, {}, "Veo 3.1 Lite preview takes no reference images."),
        (VERTEX, 4, {"duration_seconds": 8}, "Veo 3.1 takes 3 reference images at most."),
    ],
)
def test_it_refuses_references_that_the_model_does_not_take(
    project: Project, model: str, count: int, more: dict[str, Any], sentence: str
) -> None:
    found = errors_of(project, model=model, **references(project, count), **more)
    assert found == {f"reference_{count}": [sentence]}


def test_it_refuses_references_beside_a_seed_image(project: Project) -> None:
    found = errors_of(project, {"seed_image": png()}, model=OMNI, **references(project, 1))
    assert found == {
        "reference_1": ["Reference images cannot be combined with a seed image or a last frame."]
    }


def test_it_wants_the_full_length_for_references_where_google_does(project: Project) -> None:
    given = {"model": VERTEX, **references(project, 2)}
    assert errors_of(project, **given) == {"duration_seconds": ["Reference images need 8 s."]}
    choice, notes = form_of(project, **given).settled
    assert (choice.duration_seconds, choice.references) == (8, 2)
    assert notes == ["Reference images need 8 s: the length was set to 8 s."]


def test_it_does_not_crop_a_reference(project: Project) -> None:
    """A narrow picture is no reference's trouble: what is sent is all of it."""
    assert errors_of(project, {"reference_1": png((70, 400))}, model=OMNI) == {}


def test_it_does_not_take_a_reference_of_another_project(project: Project, charlie: Any) -> None:
    foreign = make_picture(Project.objects.create(owner=charlie, name="Own"), make_png())
    found = errors_of(project, model=OMNI, reference_1_picture=str(foreign.pk))
    assert found == {"reference_1": ["That picture is no longer here; choose it again."]}


# --- seed and sound ---


@pytest.mark.parametrize(("seed", "kept"), [("", None), ("0", 0), (" 42 ", 42), ("4294967295", 2**32 - 1)])
def test_it_takes_a_seed_number(project: Project, seed: str, kept: int | None) -> None:
    form = form_of(project, model=VERTEX_LITE, seed=seed)
    assert form.errors == {}
    assert form.recipe()["seed"] == kept


@pytest.mark.parametrize("seed", ["-1", "4294967296", "1.5", "x", "9" * 5000, "0x10"])
def test_it_refuses_what_is_no_seed_number(project: Project, seed: str) -> None:
    assert errors_of(project, model=VERTEX_LITE, seed=seed) == {
        "seed": ["A seed is a whole number from 0 to 4,294,967,295."]
    }


def test_it_refuses_a_seed_number_that_the_model_does_not_take(project: Project) -> None:
    assert errors_of(project, model=OMNI, seed="0") == {
        "seed": ["Gemini Omni 1.2 Flash takes no seed number."]
    }


def test_it_switches_the_sound_off_at_the_price_without_it(project: Project) -> None:
    loud, silent = (form_of(project, model=VERTEX, audio=word) for word in ("on", "off"))
    assert (loud.errors, silent.errors) == ({}, {})
    assert (loud.recipe()["audio"], silent.recipe()["audio"]) == (True, False)
    assert (loud.settled[0].price_micros, silent.settled[0].price_micros) == (1_600_000, 800_000)


@pytest.mark.parametrize(
    ("model", "audio", "sentence"),
    [
        (OMNI, "off", "Gemini Omni 1.2 Flash always makes sound."),
        (VERTEX, "maybe", "Choose sound on or off."),
    ],
)
def test_it_refuses_a_sound_that_cannot_be(project: Project, model: str, audio: str, sentence: str) -> None:
    assert errors_of(project, model=model, audio=audio) == {"audio": [sentence]}


def test_it_makes_sound_unless_somebody_switched_it_off(project: Project) -> None:
    assert form_of(project, model=VERTEX).settled[0].audio is True


def test_it_refuses_a_negative_prompt_that_the_model_does_not_take(project: Project) -> None:
    assert errors_of(project, model=OMNI, negative_prompt="text") == {
        "negative_prompt": ["Gemini Omni 1.2 Flash takes no negative prompt."]
    }


# --- extensions and edits ---


@pytest.fixture
def omni(project: Project) -> Clip:
    return make_clip(project, State.SUCCEEDED, model=OMNI)


@pytest.fixture
def vertex(project: Project) -> Clip:
    return make_clip(project, State.SUCCEEDED, model=VERTEX)


def work(clip: Clip, task: str, **fields: Any) -> dict[str, Any]:
    return {"task": task, "source": str(clip.pk), "model": clip.model, **fields}


def test_it_extends_a_finished_clip(project: Project, vertex: Clip) -> None:
    form = form_of(project, **work(vertex, EXTEND, duration_seconds=7, price_micros="2800000"))
    assert form.errors == {}
    recipe = form.recipe()
    assert (recipe["task"], recipe["source"], recipe["duration_seconds"]) == (EXTEND, vertex, 7)


def test_it_edits_a_finished_clip_for_the_price_of_its_length(project: Project, omni: Clip) -> None:
    form = form_of(project, **work(omni, EDIT, price_micros="312800"))
    assert form.errors == {}
    assert form.recipe()["source"] == omni


@pytest.mark.parametrize(("seconds", "counted"), [(4.0, 4), (4.04, 4), (4.1, 5), (9.6, 10)])
def test_it_counts_the_seconds_of_an_edit_up(
    project: Project, omni: Clip, seconds: float, counted: int
) -> None:
    Clip.objects.update(seconds=seconds)
    omni.refresh_from_db()
    choice, _ = settle({"task": EDIT}, Lineup.now(), omni)
    assert choice.duration_seconds == counted
    assert choice.price_micros == counted * 69_500 + round(seconds * 8_700)


@pytest.mark.parametrize(
    ("task", "fields", "field", "sentence"),
    [
        (EXTEND, {"duration_seconds": 4}, "duration_seconds", "Veo 3.1 extends by 7 s."),
        (EXTEND, {"resolution": "1080p"}, "resolution", "Veo 3.1 extends in 720p, not 1080p."),
        (EXTEND, {"aspect_ratio": "9:16"}, "aspect_ratio", "The clip is 16:9, and stays so."),
        (EDIT, {}, "__all__", "Veo 3.1 edits no clips."),
        ("upscale", {}, "task", "Say whether the clip is to be extended or edited."),
    ],
)
def test_it_refuses_work_that_google_would_refuse(
    project: Project, vertex: Clip, task: str, fields: dict[str, Any], field: str, sentence: str
) -> None:
    given = {"duration_seconds": 7 if task == EXTEND else 4} | fields
    assert errors_of(project, **work(vertex, task, **given)) == {field: [sentence]}


def test_it_refuses_an_edit_of_another_length(project: Project, omni: Clip) -> None:
    assert errors_of(project, **work(omni, EDIT, duration_seconds=6)) == {
        "duration_seconds": ["An edit keeps the clip's 4 s."]
    }


def test_it_refuses_pictures_beside_a_task(project: Project, omni: Clip) -> None:
    found = errors_of(project, {"seed_image": png()}, **work(omni, EDIT))
    assert found == {"seed_image": ["An edit takes no other pictures."]}


def test_it_leaves_the_work_to_the_model_that_made_the_clip(project: Project, vertex: Clip) -> None:
    found = errors_of(project, **work(vertex, EXTEND, model=OMNI, duration_seconds=7))
    assert found["model"] == ["Only the model that made the clip, Veo 3.1, can do that."]


@pytest.mark.parametrize("state", [State.RUNNING, State.FAILED, State.UNCONFIRMED])
def test_it_works_on_finished_clips_only(project: Project, state: str) -> None:
    clip = make_clip(project, state, model=OMNI)
    found = errors_of(project, **work(clip, EXTEND))
    assert found == {"__all__": ["Only a finished clip can be extended."]}


@pytest.mark.parametrize("source", ["", "x", "00000000-0000-0000-0000-000000000000", "☃" * 500])
def test_it_misses_the_clip_to_work_on(project: Project, source: str) -> None:
    found = errors_of(project, model=OMNI, task=EXTEND, source=source)
    assert found == {"__all__": ["The clip to work on is no longer here."]}


def test_it_does_not_work_on_a_clip_of_another_project(project: Project, charlie: Any) -> None:
    foreign = make_clip(Project.objects.create(owner=charlie, name="Own"), State.SUCCEEDED, model=OMNI)
    assert errors_of(project, **work(foreign, EXTEND)) == {
        "__all__": ["The clip to work on is no longer here."]
    }


def test_it_extends_veo_of_the_gemini_api_only_while_google_keeps_the_video(project: Project) -> None:
    fields = {"model": FAST, "duration_seconds": 8}
    gone = make_clip(project, State.SUCCEEDED, **fields)
    kept = make_clip(project, State.SUCCEEDED, operation=KEPT_AT_GOOGLE, **fields)
    Clip.objects.update(seconds=8)
    assert errors_of(project, **work(kept, EXTEND, duration_seconds=7)) == {}
    assert "two days" in errors_of(project, **work(gone, EXTEND, duration_seconds=7))["__all__"][0]


def test_it_extends_up_to_the_longest_result(project: Project, omni: Clip) -> None:
    Clip.objects.update(seconds=26)
    omni.refresh_from_db()
    choice, notes = settle({"task": EXTEND, "duration_seconds": "9"}, Lineup.now(), omni)
    assert [offer.value for offer in offers(choice)["duration_seconds"]] == ["3", "4"]
    assert (choice.duration_seconds, len(notes)) == (4, 1)
    Clip.objects.update(seconds=28)
    assert errors_of(project, **work(omni, EXTEND)) == {
        "__all__": ["Gemini Omni 1.2 Flash extends to 30 s at most; this clip has 28 s."]
    }


def test_it_does_not_extend_in_a_size_that_the_model_does_not_extend(project: Project) -> None:
    tall = make_clip(project, State.SUCCEEDED, model=VERTEX, resolution="1080p", duration_seconds=8)
    found = errors_of(project, **work(tall, EXTEND, duration_seconds=7))
    assert found == {"__all__": ["Veo 3.1 extends clips of 720p only."]}


def test_it_keeps_the_task_when_a_setting_moves(project: Project, vertex: Clip) -> None:
    choice, notes = settle(
        {"task": EXTEND, "resolution": "1080p", "duration_seconds": "4"}, Lineup.now(), vertex
    )
    assert (choice.task, choice.source, choice.model.id) == (EXTEND, vertex, VERTEX)
    assert (choice.resolution, choice.duration_seconds, choice.aspect_ratio) == ("720p", 7, "16:9")
    assert notes == [
        "Veo 3.1 does not extend in 1080p: the resolution was set to 720p.",
        "Veo 3.1 does not make 4 s: the length was set to 7 s.",
    ]


def test_it_settles_on_a_new_clip_where_the_task_is_impossible(project: Project, vertex: Clip) -> None:
    choice, notes = settle({"task": EDIT, "model": VERTEX}, Lineup.now(), vertex)
    assert (choice.task, choice.source) == ("", None)
    assert notes == ["Veo 3.1 edits no clips. These are the settings of a new clip."]


# --- what the form accepts, the catalog accepts ---

CHOICES = {
    "model": st.sampled_from([model.id for model in CATALOG.models]),
    "aspect_ratio": st.sampled_from(["16:9", "9:16", "1:1"]),
    "resolution": st.sampled_from(["360p", "720p", "1080p", "4k"]),
    "duration_seconds": st.integers(3, 15),
    "seed": st.sampled_from(["", "7"]),
    "audio": st.sampled_from(["", "on", "off"]),
    "negative_prompt": st.sampled_from(["", "text"]),
}


@pytest.fixture
def lineup() -> Lineup:
    return Lineup.now()


def first_part(model: Model, data: dict[str, Any], count: int, *, last: bool) -> tuple[int, dict[str, str]]:
    """Seconds of the first generation, and what is wrong where one alone does not reach the length."""
    seconds = data["duration_seconds"]
    if seconds <= model.durations[-1] or data["resolution"] not in model.resolutions:
        return seconds, {}
    plan = chains.plan(
        model, resolution=data["resolution"], seconds=seconds, audio=True, full_first=bool(count)
    )
    refused = {"last_frame": "one go"} if last else {}
    return plan.parts[0].seconds, refused | ({"duration_seconds": "not exactly"} if plan.reasons else {})


@given(
    data=st.fixed_dictionaries(CHOICES),
    pictures=st.sets(st.sampled_from(["seed", "last"])),
    count=st.integers(0, 6),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_lets_pass_exactly_what_the_catalog_allows(
    project: Project, lineup: Lineup, data: dict[str, Any], pictures: set[str], count: int
) -> None:
    """Promise P7, with everything that can be asked for."""
    picture = Picture.objects.first() or make_picture(project, make_png())
    kept = {f"{name}_picture": str(picture.pk) for name in pictures}
    kept |= {f"{field}_picture": str(picture.pk) for field in REFERENCES[:count]}
    form = ClipForm(post_data(**data, **kept), project=project, lineup=lineup)
    model = lineup.catalog.by_id[data["model"]]
    first, refused = first_part(model, data, count, last="last" in pictures)
    refusals = refused | model.refusals(
        aspect_ratio=data["aspect_ratio"],
        resolution=data["resolution"],
        duration_seconds=first,
        seed_image="seed" in pictures,
        last_frame="last" in pictures,
        references=count,
        negative_prompt=bool(data["negative_prompt"]),
        seed=bool(data["seed"]),
        audio=data["audio"] != "off",
    )
    said = {f"reference_{count}" if name == "references" else name for name in refusals}
    assert set(form.errors) == said
    choice, notes = form.settled
    pictures_of = {"seed_image": choice.last_frame, "last_frame": choice.last_frame}
    assert refusals_of_parts(choice, references=choice.references, **pictures_of) == {}
    assert choice.price_micros is not None
    if not said:
        assert notes == []
        assert (choice.resolution, choice.duration_seconds) == (data["resolution"], data["duration_seconds"])


@given(
    task=st.sampled_from([EXTEND, EDIT]),
    seconds=st.floats(1, 200, allow_nan=False),
    data=st.fixed_dictionaries({name: CHOICES[name] for name in ("model", "resolution", "duration_seconds")}),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_lets_pass_only_work_that_the_catalog_allows(
    project: Project, lineup: Lineup, task: str, seconds: float, data: dict[str, Any]
) -> None:
    clip = project.clips.first() or make_clip(project, State.SUCCEEDED, operation=KEPT_AT_GOOGLE)
    Clip.objects.update(model=data["model"], seconds=seconds)
    clip.refresh_from_db()
    form = ClipForm(post_data(**data, task=task, source=str(clip.pk)), project=project, lineup=lineup)
    model = lineup.catalog.by_id[data["model"]]
    if not form.errors:
        length = {"duration_seconds": data["duration_seconds"], "source_seconds": seconds}
        assert model.refusals(aspect_ratio="16:9", resolution=data["resolution"], task=task, **length) == {}
        if task == EDIT:
            assert data["duration_seconds"] == max(1, math.ceil(round(seconds, 1)))
    choice, _ = form.settled
    assert choice.refusals() == {}
    assert choice.price_micros is not None
