"""The only gate for input: a clear sentence for each thing that is wrong, nothing Google would refuse."""

import itertools
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from projects.forms import EXAMPLES, AttachForm, ClipForm, settle
from projects.forms.pictures import too_small
from projects.models import Lineup, Picture, Project, State
from projects.veo.catalog import CATALOG
from tests.factories import (
    FAST,
    LITE,
    OMNI,
    VEO_2,
    VEO_3,
    VERTEX,
    VERTEX_LITE,
    make_clip,
    make_picture,
    post_data,
)
from tests.media import make_png

pytestmark = pytest.mark.django_db


def errors_of(project: Project, files: dict[str, Any] | None = None, **fields: Any) -> dict[str, list[str]]:
    form = ClipForm(
        post_data(**fields), MultiValueDict({k: [v] for k, v in (files or {}).items()}), project=project
    )
    form.is_valid()
    return dict(form.errors)


def png(size: tuple[int, int] = (640, 360)) -> SimpleUploadedFile:
    return SimpleUploadedFile("x.png", make_png(size))


def test_it_takes_a_good_recipe(project: Project) -> None:
    assert errors_of(project) == {}


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("prompt", "Write what the clip should show."),
        ("model", "Choose a model."),
        ("aspect_ratio", "Choose an aspect ratio."),
        ("resolution", "Choose a resolution."),
        ("duration_seconds", "Choose a length."),
        ("token", "This form was incomplete, so nothing was sent. Press Generate again."),
    ],
)
def test_it_misses_each_field_in_one_sentence(project: Project, field: str, sentence: str) -> None:
    for blank in ("", "  ", None):
        data = {name: value for name, value in post_data(**{field: blank}).items() if value is not None}
        form = ClipForm(data, project=project)
        assert not form.is_valid()
        assert form.errors == {field: [sentence]}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("model", "veo-99", "That model is not known here. Choose one from the list."),
        ("model", "☃" * 5000, "That model is not known here. Choose one from the list."),
        ("aspect_ratio", "4:3", "Veo 3.1 Lite preview makes 16:9 or 9:16."),
        ("resolution", "4k", "Veo 3.1 Lite preview makes 720p or 1080p, not 4k."),
        ("duration_seconds", "5", "Veo 3.1 Lite preview makes 4 s, 6 s or 8 s."),
        ("duration_seconds", "-4", "Choose a length."),
        ("duration_seconds", "4.5", "Veo 3.1 Lite preview makes 4 s, 6 s or 8 s."),
        ("duration_seconds", "9", "9 s cannot be made exactly in 720p: 8 s is the nearest."),
        ("duration_seconds", "9" * 5000, "Choose a length."),
        ("duration_seconds", "soon", "Choose a length."),
        ("takes", "0", "Choose 1 to 4 takes."),
        ("takes", "5", "Choose 1 to 4 takes."),
        ("takes", "two", "Choose 1 to 4 takes."),
        ("prompt", "a\x00b", "Remove the NUL character; it cannot be used."),
        ("negative_prompt", "a\x00b", "Remove the NUL character; it cannot be used."),
    ],
)
def test_it_refuses_a_wrong_value_in_one_sentence(
    project: Project, field: str, value: str, sentence: str
) -> None:
    assert errors_of(project, **{field: value}) == {field: [sentence]}


@pytest.mark.parametrize(
    ("recipe", "errors"),
    [
        ({"resolution": "1080p"}, {"duration_seconds": ["1080p needs 8 s."]}),
        (
            {"model": VEO_3, "resolution": "1080p", "duration_seconds": 8, "aspect_ratio": "9:16"},
            {"resolution": ["1080p is made in 16:9 only with Veo 3."]},
        ),
    ],
)
def test_it_refuses_a_combination_google_would_refuse(
    project: Project, recipe: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    assert errors_of(project, **recipe) == errors


def test_it_wants_a_seed_image_with_a_last_frame(project: Project) -> None:
    found = errors_of(project, {"last_frame": png()}, model=FAST, duration_seconds=8)
    assert found == {"last_frame": ["A last frame needs a seed image to start from."]}


def test_it_lets_pass_exactly_what_the_catalog_allows(project: Project) -> None:
    """Promise P7, over every combination there is of what one generation makes."""
    lineup = Lineup.now()
    ratios, resolutions, lengths = ("16:9", "9:16", "1:1"), ("360p", "720p", "1080p", "4k"), (3, 4, 5, 8)
    for model, ratio, resolution, length in itertools.product(CATALOG.models, ratios, resolutions, lengths):
        if length > model.durations[-1]:
            continue
        given = {"aspect_ratio": ratio, "resolution": resolution, "duration_seconds": length}
        form = ClipForm(post_data(model=model.id, **given), project=project, lineup=lineup)
        assert set(form.errors) == set(model.refusals(**given))


def test_it_settles_on_what_it_would_let_pass(project: Project) -> None:
    lineup = Lineup.now()
    ratios, resolutions, lengths = ("16:9", "9:16", "x"), ("360p", "720p", "1080p", "4k", "x"), (3, 5, 8, 20)
    for model, ratio, resolution, length, last in itertools.product(
        CATALOG.models, ratios, resolutions, lengths, ("", "kept")
    ):
        given = {
            "model": model.id,
            "aspect_ratio": ratio,
            "resolution": resolution,
            "duration_seconds": str(length),
        }
        choice, _ = settle(given | {"last_picture": last}, lineup)
        assert choice.refusals() == {}
        assert choice.price_micros is not None


def test_it_never_settles_on_a_higher_resolution_than_asked(project: Project) -> None:
    lineup = Lineup.now()
    for model, resolution in itertools.product(CATALOG.models, ("720p", "1080p", "4k")):
        choice, _ = settle({"model": model.id, "resolution": resolution}, lineup)
        ladder = ("720p", "1080p", "4k")
        assert ladder.index(choice.resolution) <= ladder.index(resolution)


def test_it_keeps_emoji_and_line_breaks_and_drops_control_characters(project: Project) -> None:
    form = ClipForm(post_data(prompt=" A\r\nfilm\x07 of 👩‍🚀\x1b[0m\there "), project=project)
    assert form.is_valid()
    assert form.cleaned_data["prompt"] == "A\nfilm of 👩‍🚀[0m\there"


@pytest.mark.parametrize(
    ("prompt", "errors"),
    [
        ("a" * 4096, {}),
        (
            "a" * 4097,
            {"prompt": ["This is about 1,025 tokens long; Veo 3.1 Lite preview takes 1,024. Shorten it."]},
        ),
        ("🎬" * 1024, {}),
        (
            "🎬" * 1025,
            {"prompt": ["This is about 1,025 tokens long; Veo 3.1 Lite preview takes 1,024. Shorten it."]},
        ),
    ],
)
def test_it_measures_the_prompt(project: Project, prompt: str, errors: dict[str, list[str]]) -> None:
    assert errors_of(project, prompt=prompt) == errors


def test_it_stores_nothing_while_it_only_checks(project: Project) -> None:
    assert errors_of(project, {"seed_image": png()}) == {}
    assert not Picture.objects.exists()


def test_it_refuses_a_picture_too_narrow_for_the_shape(project: Project) -> None:
    sentence = "Cropped to 16:9 this picture has only 70 × 39 pixels; each side needs 64."
    assert errors_of(project, {"seed_image": png((70, 400))}) == {"seed_image": [sentence]}
    assert errors_of(project, {"seed_image": png((70, 400))}, aspect_ratio="9:16") == {}
    kept = make_picture(project, make_png((70, 400)), width=70, height=400)
    assert errors_of(project, seed_picture=str(kept.pk)) == {"seed_image": [sentence]}


@pytest.mark.parametrize(("size", "fits"), [((114, 64), True), ((113, 64), True), ((64, 400), False)])
def test_it_measures_a_crop_like_the_cropper(size: tuple[int, int], fits: bool) -> None:
    assert (too_small(size, "16:9") == "") is fits


def test_it_says_one_thing_about_several_wrong_fields_each(project: Project) -> None:
    found = errors_of(project, prompt="", model="x", duration_seconds="", takes="9", token="")
    assert {field: len(sentences) for field, sentences in found.items()} == dict.fromkeys(
        ("prompt", "model", "duration_seconds", "takes", "token"), 1
    )


def test_it_makes_one_take_where_none_is_named(project: Project) -> None:
    data = post_data()
    del data["takes"]
    form = ClipForm(data, project=project)
    assert form.is_valid()
    assert form.cleaned_data["takes"] == 1


def test_it_starts_from_everything_of_a_clip(project: Project) -> None:
    picture = make_picture(project, make_png())
    clip = make_clip(project, State.FAILED, model=FAST, duration_seconds=6, seed_picture=picture)
    form = ClipForm.like(clip)
    assert form.pictures["seed_image"] == picture
    assert form["prompt"].value() == clip.prompt
    assert (form.settled[0].model.id, form.settled[0].duration_seconds) == (FAST, 6)


def test_it_has_examples_that_pass(project: Project) -> None:
    for number, example in enumerate(EXAMPLES, start=1):
        form = ClipForm.example(project, str(number))
        choice, notes = form.settled
        assert notes == []
        words = {name: value for name, value in example.items() if name != "title"}
        assert errors_of(project, **words) == {}
        assert choice.aspect_ratio == example["aspect_ratio"]


@pytest.mark.parametrize("number", ["0", "4", "-1", "x", "", "١"])
def test_it_has_no_other_examples(project: Project, number: str) -> None:
    assert "prompt" not in ClipForm.example(project, number).initial


def test_it_reads_an_operations_name(project: Project) -> None:
    clip = make_clip(project, State.UNCONFIRMED)
    name = f"models/{LITE}/operations/abc-1_2"
    form = AttachForm({"operation_name": f"\t'{name}'\n"}, clip=clip)
    assert form.is_valid()
    assert form.cleaned_data["operation_name"] == name


IN_VERTEX = f"projects/p-1/locations/us-central1/publishers/google/models/{VERTEX}/operations/ab-12"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (VERTEX, IN_VERTEX),
        (VERTEX, "gs://a-bucket/veoweb/0f/sample_0.mp4"),
        (OMNI, "v1_ChdpQUJD-_x="),
        (VEO_2, f"models/{VEO_2}/operations/abc"),
    ],
)
def test_it_reads_the_names_of_each_back_end(project: Project, model: str, name: str) -> None:
    clip = make_clip(project, State.UNCONFIRMED, model=model, duration_seconds=5 if model == VEO_2 else 4)
    form = AttachForm({"operation_name": f' "{name}" '}, clip=clip)
    assert form.errors == {}
    assert form.cleaned_data["operation_name"] == name


@pytest.mark.parametrize(
    ("model", "name", "sentence"),
    [
        (VERTEX, "v1_abc", "This is not the name of an operation. It looks like projects/…/operations/…"),
        (VERTEX, f"models/{VERTEX}/operations/x", "This is not the name of an operation."),
        (VERTEX, "gs://a-bucket/../x.mp4", "This is not the name of an operation."),
        (VERTEX, "gs://a-bucket/folder/", "This is not the name of an operation."),
        (VERTEX, IN_VERTEX.replace(VERTEX, VERTEX_LITE), f"This operation is not one of {VERTEX}, the model"),
        (OMNI, IN_VERTEX, "This is not the name of an interaction. It looks like v1_…."),
        (OMNI, "v1_../x", "This is not the name of an interaction."),
        (OMNI, "", "Paste the name of the interaction."),
        (LITE, IN_VERTEX, "This is not the name of an operation. It looks like models/…/operations/…."),
    ],
)  # fmt: skip
def test_it_refuses_the_names_of_another_back_end(
    project: Project, model: str, name: str, sentence: str
) -> None:
    clip = make_clip(project, State.UNCONFIRMED, model=model)
    form = AttachForm({"operation_name": name}, clip=clip)
    assert form.errors["operation_name"][0].startswith(sentence)
