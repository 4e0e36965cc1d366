"""The proof for the wires of today: google-genai 3.4.0, unmodified, works against the simulator.

A start of the SDK takes seconds, so one process runs all cases of a wire and each test looks at one.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from projects.simulator.app import Simulator
from projects.veo.catalog import CATALOG, VERTEX_VEO
from tests.simulator.sdk import assert_plays, environment, run

CLOUD_CASES = (
    "text",
    "image",
    "references",
    "extension",
    "bucket",
    "filtered",
    "failed",
    "gone",
    "expired",
    "models",
)

STUDIO_CASES = (
    "whole",
    "streamed",
    "background",
    "from_image",
    "worked_on",
    "cancelled",
    "held_back",
    "broken",
    "not_there",
)
GOOGLE = "https://generativelanguage.googleapis.com"
"""Stands in the answers, for the SDK takes a file's id only from an address that begins with https."""

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("sdk3")]


@pytest.fixture(scope="session")
def sdk3_python() -> Path:
    return environment("3.4.0")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the SDK finds its picture and leaves its videos."""
    made = tmp_path_factory.mktemp("sdk3")
    Image.linear_gradient("L").convert("RGB").resize((640, 360)).save(made / "seed.png")
    return made


@pytest.fixture(scope="session")
def sdk3(sdk3_python: Path, folder: Path) -> Callable[..., dict[str, Any]]:
    """Runs cases of sdk3_script.py against an address and returns what each tells."""
    return lambda base_url, *cases: run(sdk3_python, "sdk3_script.py", folder, base_url, folder, *cases)


@pytest.fixture(scope="session")
def vertex(tmp_path_factory: pytest.TempPathFactory, clips_dir: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path_factory.mktemp("vertex"), clips_dir=clips_dir) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def told(vertex: Simulator, sdk3: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """What the SDK tells of all cases on Vertex AI."""
    return sdk3(vertex.url, *CLOUD_CASES)


def sent(simulator: Simulator, operation: str) -> dict[str, Any]:
    """The body of the submit that led to an operation."""
    submits = [request for request in simulator.requests if request.route == "submit"]
    accepted = [request for request in submits if request.headers["authorization"] == "Bearer ya29.sdk"]
    known = [request for request in accepted if "-preview:" not in request.path]
    body: dict[str, Any] = known[simulator.operations.index(operation)].json
    return body


@pytest.mark.parametrize(("case", "seconds"), [("text", 4), ("image", 4), ("extension", 4 + 7)])
def test_it_gives_googles_sdk_the_bytes_of_a_clip(told, vertex, folder, case, seconds):
    assert told[case] == {"name": told[case]["name"], "mime_type": "video/mp4", "error": None}
    assert told[case]["name"] in vertex.operations
    assert_plays(folder / f"{case}.mp4", seconds)


def test_it_takes_each_field_as_googles_sdk_writes_it(told, vertex):
    body = sent(vertex, told["image"]["name"])

    assert body["instances"][0].keys() == {"prompt", "image"}
    assert body["labels"] == {"job": "x"}
    assert body["parameters"] == {
        "sampleCount": 1,
        "resolution": "720p",
        "durationSeconds": 4,
        "aspectRatio": "16:9",
        "seed": 7,
        "generateAudio": False,
        "negativePrompt": "people",
    }


def test_it_takes_reference_images_of_googles_sdk(told, vertex):
    assert told["references"]["videos"] is None
    (instance,) = sent(vertex, told["references"]["name"])["instances"]
    assert [each["referenceType"] for each in instance["referenceImages"]] == ["ASSET"] * 3


def test_it_puts_a_clip_into_the_bucket_that_googles_sdk_names(told, vertex):
    place = told["bucket"]["uri"]
    assert told["bucket"] == {"uri": place, "bytes": None, "extended": True, "error": None}
    name = place.removeprefix("gs://bucket/").replace("/", "%2F")

    answer = httpx.get(
        f"{vertex.url}/storage/v1/b/bucket/o/{name}?alt=media", headers={"authorization": "Bearer ya29.sdk"}
    )

    assert answer.content[4:8] == b"ftyp"


def test_it_shows_googles_sdk_a_clip_held_back(told):
    reasons = told["filtered"]["reasons"]
    assert told["filtered"] == {"error": None, "videos": None, "count": 1, "reasons": reasons}
    assert "Support codes: 42237218" in reasons[0]


def test_it_shows_googles_sdk_a_failed_clip(told):
    assert told["failed"] == {
        "error": {"code": 8, "message": "Resource has been exhausted (e.g. check quota)."},
        "response": None,
    }


def test_it_tells_googles_sdk_that_a_model_is_gone(told):
    assert (told["gone"]["refused"], told["gone"]["status"]) == (404, "NOT_FOUND")
    assert told["gone"]["message"].startswith("Publisher Model `projects/the-project/")


def test_it_tells_googles_sdk_that_a_token_is_over(told):
    assert (told["expired"]["refused"], told["expired"]["status"]) == (401, "UNAUTHENTICATED")


def test_it_lists_its_models_for_googles_sdk(told):
    names = [f"publishers/google/models/{model.id}" for model in CATALOG.of(VERTEX_VEO)]

    assert told["models"] == {"all": names, "one": "publishers/google/models/veo-3.1-fast-generate-001"}


@pytest.fixture(scope="session")
def gemini(tmp_path_factory: pytest.TempPathFactory, clips_dir: Path) -> Iterator[Simulator]:
    state = tmp_path_factory.mktemp("gemini")
    with Simulator(state, clips_dir=clips_dir, base_url=GOOGLE, retired="refuse") as simulator:
        yield simulator


@pytest.fixture(scope="session")
def omni(gemini: Simulator, sdk3: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """What the SDK tells of all its interactions on the Gemini API."""
    return sdk3(gemini.url, *STUDIO_CASES)


def test_it_lets_googles_sdk_wait_for_an_interaction(omni, gemini, folder):
    assert omni["whole"] == {"id": gemini.operations[0], "status": "completed", "tokens": 4 * 5792}
    assert_plays(folder / "whole.mp4")


def test_it_takes_an_interaction_as_googles_sdk_writes_it(omni, gemini):
    first = next(request for request in gemini.requests if request.route == "submit")

    assert first.path == "/v1/interactions"
    assert first.json == {
        "model": "gemini-omni-1.2-flash",
        "input": "A red fox in the snow",
        "labels": {"job": "x"},
        "response_format": {"type": "video", "resolution": "720p", "duration": "4s", "delivery": "uri"},
    }


def test_it_streams_an_interaction_to_googles_sdk(omni, gemini, folder):
    step = ["step.start", "step.delta", "step.stop"]
    assert omni["streamed"] == {
        "events": [
            "interaction.created",
            "interaction.status_update",
            *step,
            *step,
            "interaction.completed",
        ],
        "ids": [gemini.operations[1]] * 2,
        "status": "completed",
        "thought": "thought_signature",
    }
    assert_plays(folder / "streamed.mp4")


def test_it_lets_googles_sdk_read_what_ran_in_the_background(omni, gemini, folder):
    assert omni["background"] == {
        "id": gemini.operations[2],
        "begun": "in_progress",
        "read": "completed",
        "steps": ["user_input", "thought", "model_output"],
    }
    assert_plays(folder / "background.mp4")


def test_it_takes_an_image_of_googles_sdk(omni):
    assert omni["from_image"] == {"status": "completed", "video": "video/mp4"}


def test_it_lets_googles_sdk_extend_edit_and_delete(omni):
    assert omni["worked_on"] == {
        "longer": {"videoDuration": "6s"},
        "edited": {"videoDuration": "6s"},
        "previous": [True, True],
        "deleted": omni["worked_on"]["deleted"],
    }
    assert omni["worked_on"]["deleted"]["status"] == 404


def test_it_lets_googles_sdk_cancel(omni):
    assert omni["cancelled"] == {"status": ["cancelled", "cancelled"]}


def test_it_shows_googles_sdk_a_refusal_and_a_failure(omni):
    assert (omni["held_back"]["status"], omni["held_back"]["video"]) == ("completed", None)
    assert omni["held_back"]["text"].startswith("I can't generate that video")
    assert omni["broken"] == {"status": "failed", "errors": ["api_error"]}


@pytest.mark.parametrize(
    ("case", "status", "words"),
    [
        ("retired", 404, ["model_not_found", "gemini-omni-1.1-flash"]),
        ("length", 400, ["invalid_request", "minimum allowed 3s"]),
        ("instruction", 400, ["invalid_request", "`system_instruction`"]),
    ],
)
def test_it_refuses_in_words_that_googles_sdk_understands(omni, case, status, words):
    assert omni["not_there"][case]["status"] == status
    assert all(word in omni["not_there"][case]["told"] for word in words)


def test_it_charges_googles_sdk_for_what_was_accepted_alone(omni, gemini):
    assert gemini.charged == 10
