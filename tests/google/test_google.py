"""Does Google do what veoweb expects? What must hold is asserted; all else that differs is written down."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from projects import video
from projects.veo.catalog import CATALOG, EXTEND
from projects.veo.client import BackEnd, open_back_end
from projects.veo.errors import VeoError
from projects.veo.gemini_omni import GeminiOmni
from projects.veo.setup import Setup
from projects.veo.types import Output, Phase, Recipe, Source, Verdict
from tests.google.conftest import Bought, buy
from tests.google.plan import Plan
from tests.google.record import Record

SIZES = {"360p": (640, 360), "720p": (1280, 720)}
PROMPT = "A paper boat drifts across a puddle in the rain, one continuous shot. No dialogue."
FURTHER = "The boat reaches the edge of the puddle and stops."


@pytest.fixture(scope="session")
def clip(google: BackEnd, plan: Plan, record: Record) -> Bought:
    """The one clip that is bought of this back end."""
    bought = buy(google, _recipe(plan, model=plan.model.id, duration_seconds=plan.seconds))
    record.note(str(plan), "clip", _facts(bought, plan.price))
    return bought


@pytest.fixture(scope="session")
def saved(google: BackEnd, clip: Bought, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip's file."""
    clip.file = tmp_path_factory.mktemp(str(plan)) / "clip.mp4"
    _save(google, clip.outputs[0], clip.file)
    return clip.file


# --- what is free ---


def test_it_lists_the_models_that_we_know(google: BackEnd, plan: Plan, record: Record) -> None:
    listed = google.models()
    ours = [model.id for model in CATALOG.of(plan.access.back_end)]
    record.note(
        str(plan), "models", {"listed": len(listed), "ours": [each for each in ours if each in listed]}
    )
    record.expect(str(plan), "is the model listed?", True, plan.model.id in listed)


def test_it_says_what_is_wrong_with_a_key(setup: Setup, plan: Plan, record: Record) -> None:
    if plan.access.source != "GEMINI_API_KEY":
        pytest.skip("a back end without keys")
    wrong = replace(setup, api_key="invalid-for-this-key-was-never-given-out")
    stranger = open_back_end(plan.access.back_end, wrong)
    try:
        code = _code_of(stranger.models)
    finally:
        stranger.close()
    record.expect(str(plan), "code of a wrong key", "key_invalid", code)


def test_it_knows_no_file_that_never_was(google: BackEnd, plan: Plan, record: Record) -> None:
    if not plan.access.back_end.startswith("gemini"):
        pytest.skip("files are objects of a bucket there")

    def download() -> None:
        with google.open_output(Output(uri="files/neverwasthere")):
            pass

    record.expect(str(plan), "code of an unknown file", "file_gone", _code_of(download))


def test_work_in_the_background_can_be_read(google: BackEnd, plan: Plan, record: Record) -> None:
    """A fraction of a cent."""
    if not isinstance(google, GeminiOmni):
        pytest.skip("only Omni has it")
    record.expect(str(plan), "self-test of the background", "", google.self_test())


# --- what costs money ---


def test_it_accepts_the_clip(clip: Bought) -> None:
    assert clip.outcome.verdict is Verdict.ACCEPTED, clip.outcome
    assert clip.ref


def test_it_makes_the_clip(clip: Bought, plan: Plan, record: Record) -> None:
    assert clip.progress is not None
    assert clip.progress.phase is Phase.SUCCEEDED, clip.progress
    assert len(clip.outputs) == 1
    if clip.progress.cost_micros is not None:
        off = abs(clip.progress.cost_micros - plan.price) / plan.price
        record.expect(str(plan), "cost within a tenth of the list price", True, off <= 0.1)


def test_the_clip_can_be_read_again_by_its_name(
    google: BackEnd, clip: Bought, plan: Plan, record: Record
) -> None:
    again = google.poll(clip.ref)
    place = "inline" if again.outputs and again.outputs[0].inline is not None else "address"
    record.note(str(plan), "read again", {"phase": again.phase.value, "delivery": place, "raw": again.raw})
    assert again.phase is Phase.SUCCEEDED


def test_google_has_a_record_of_the_file(google: BackEnd, clip: Bought, plan: Plan, record: Record) -> None:
    info = google.file_info(clip.outputs[0])
    record.note(str(plan), "file record", {"info": info.raw if info else None})
    if clip.outputs[0].uri:
        record.expect(str(plan), "is there a record of the file?", True, info is not None)


def test_the_clip_is_what_was_asked_for(saved: Path, plan: Plan, record: Record) -> None:
    info = video.inspect(saved)
    record.note(str(plan), "video", {"bytes": saved.stat().st_size, "info": asdict(info)})
    record.expect(str(plan), "size", SIZES[plan.resolution], (info.width, info.height))
    record.expect(str(plan), "frames a second", 24.0, info.fps)
    assert info.duration_seconds == pytest.approx(plan.seconds, abs=0.5)


def test_it_extends_the_clip(
    google: BackEnd, clip: Bought, saved: Path, plan: Plan, record: Record, tmp_path: Path
) -> None:
    if plan.extender is None:
        pytest.skip("nothing extends this clip")
    source = Source(ref=clip.ref, uri=clip.outputs[0].uri, file=saved)
    recipe = _recipe(
        plan,
        model=plan.extender.id,
        duration_seconds=plan.more_seconds,
        prompt=FURTHER,
        task=EXTEND,
        source=source,
    )
    longer = buy(google, recipe)
    record.note(str(plan), "extension", _facts(longer, plan.more_price))
    assert longer.outcome.verdict is Verdict.ACCEPTED, longer.outcome
    assert longer.progress is not None
    assert longer.progress.phase is Phase.SUCCEEDED, longer.progress
    _save(google, longer.outputs[0], tmp_path / "longer.mp4")
    seconds = video.inspect(tmp_path / "longer.mp4").duration_seconds
    whole = plan.seconds + plan.more_seconds
    record.expect(str(plan), "seconds of the extended clip", whole, round(seconds))


def test_another_set_up_of_the_same_credential_reads_the_clip(
    setup: Setup, clip: Bought, plan: Plan, record: Record
) -> None:
    """As a poller does that starts anew."""
    other = open_back_end(plan.access.back_end, setup)
    try:
        assert other.poll(clip.ref).phase is Phase.SUCCEEDED
    finally:
        other.close()


def _recipe(plan: Plan, **fields: Any) -> Recipe:
    given = {
        "prompt": PROMPT,
        "aspect_ratio": "16:9",
        "resolution": plan.resolution,
        "operation_id": str(uuid4()),
    }
    return Recipe(**given | fields)


def _facts(bought: Bought, price: int) -> dict[str, Any]:
    progress = bought.progress
    return {
        "model": bought.recipe.model,
        "verdict": bought.outcome.verdict.value,
        "http_status": bought.outcome.http_status,
        "code": bought.outcome.code,
        "message": bought.outcome.message,
        "ref": bought.ref,
        "seconds until named": round(bought.ref_after, 1),
        "seconds until done": round(bought.done_after, 1),
        "phase": progress.phase.value if progress else "",
        "reasons": progress.reasons if progress else (),
        "list price": price,
        "cost": progress.cost_micros if progress else None,
        "delivery": ["inline" if output.inline is not None else "address" for output in bought.outputs],
        "raw": progress.raw if progress else {"excerpt": bought.outcome.excerpt},
    }


def _save(google: BackEnd, output: Output, path: Path) -> None:
    with google.open_output(output) as download, path.open("wb") as file:
        for chunk in download.chunks:
            file.write(chunk)


def _code_of(ask: Any) -> str:
    """The code of the error that it ends with, "" when it does not."""
    try:
        ask()
    except VeoError as error:
        return error.code
    return ""
