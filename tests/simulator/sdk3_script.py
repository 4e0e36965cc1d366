"""Runs inside the environment of Google's SDK, away from this project: some cases, told as JSON on one line.

Usage: python sdk3_script.py BASE_URL FOLDER CASE... Only the base URL and the credential differ from talking
to Google.
"""

import base64
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

MODEL = "veo-3.1-fast-generate-001"
PROMPT = "A red fox in the snow"
GOOD = "ya29.sdk"


def cloud(base_url: str, token: str = GOOD) -> genai.Client:
    return genai.Client(
        enterprise=True,
        project="the-project",
        location="us-central1",
        credentials=Credentials(token),
        http_options=types.HttpOptions(base_url=base_url),
    )


def finished(
    client: genai.Client, source: types.GenerateVideosSource, *, model: str = MODEL, **settings: object
) -> types.GenerateVideosOperation:
    config = types.GenerateVideosConfig(number_of_videos=1, resolution="720p", **settings)
    operation = client.models.generate_videos(model=model, source=source, config=config)
    deadline = time.monotonic() + 60
    while not operation.done and time.monotonic() < deadline:
        time.sleep(0.1)
        operation = client.operations.get(operation)
    return operation


def saved(operation: types.GenerateVideosOperation, path: Path) -> dict[str, object]:
    """The video that came inside the answer, written to a file."""
    video = operation.response.generated_videos[0].video
    path.write_bytes(video.video_bytes)
    return {"name": operation.name, "mime_type": video.mime_type, "error": operation.error}


def text(base_url: str, folder: Path) -> dict[str, object]:
    source = types.GenerateVideosSource(prompt=PROMPT)
    return saved(finished(cloud(base_url), source, duration_seconds=4), folder / "text.mp4")


def image(base_url: str, folder: Path) -> dict[str, object]:
    seed = types.Image.from_file(location=str(folder / "seed.png"))
    source = types.GenerateVideosSource(prompt="It begins to move", image=seed)
    operation = finished(
        cloud(base_url),
        source,
        duration_seconds=4,
        seed=7,
        generate_audio=False,
        negative_prompt="people",
        aspect_ratio="16:9",
        labels={"job": "x"},
    )
    return saved(operation, folder / "image.mp4")


def references(base_url: str, folder: Path) -> dict[str, object]:
    seed = types.Image.from_file(location=str(folder / "seed.png"))
    given = [types.VideoGenerationReferenceImage(image=seed, reference_type="ASSET")] * 3
    source = types.GenerateVideosSource(prompt="They meet [sim:empty]")
    operation = finished(cloud(base_url), source, duration_seconds=8, reference_images=given)
    return {"name": operation.name, "videos": operation.response.generated_videos}


def extension(base_url: str, folder: Path) -> dict[str, object]:
    """Goes on with the clip of the case `text`."""
    video = types.Video(video_bytes=(folder / "text.mp4").read_bytes(), mime_type="video/mp4")
    source = types.GenerateVideosSource(prompt="It jumps", video=video)
    return saved(finished(cloud(base_url), source), folder / "extension.mp4")


def bucket(base_url: str, folder: Path) -> dict[str, object]:
    """Puts a clip into a bucket and goes on with it there."""
    client, place = cloud(base_url), "gs://bucket/studio/"
    source = types.GenerateVideosSource(prompt=PROMPT)
    first = finished(client, source, duration_seconds=4, output_gcs_uri=place)
    video = first.response.generated_videos[0].video
    again = types.GenerateVideosSource(prompt="It jumps [sim:empty]", video=video)
    second = finished(client, again, output_gcs_uri=place)
    return {"uri": video.uri, "bytes": video.video_bytes, "extended": second.done, "error": second.error}


def filtered(base_url: str, folder: Path) -> dict[str, object]:
    source = types.GenerateVideosSource(prompt="[sim:filtered]")
    operation = finished(cloud(base_url), source, duration_seconds=4)
    response = operation.response
    return {
        "error": operation.error,
        "videos": response.generated_videos,
        "count": response.rai_media_filtered_count,
        "reasons": response.rai_media_filtered_reasons,
    }


def failed(base_url: str, folder: Path) -> dict[str, object]:
    source = types.GenerateVideosSource(prompt="[sim:failed=8]")
    operation = finished(cloud(base_url), source, duration_seconds=4)
    return {"error": operation.error, "response": operation.response}


def gone(base_url: str, folder: Path) -> dict[str, object]:
    source = types.GenerateVideosSource(prompt=PROMPT)
    return {"name": finished(cloud(base_url), source, model="veo-3.1-generate-preview").name}


def expired(base_url: str, folder: Path) -> dict[str, object]:
    source = types.GenerateVideosSource(prompt=PROMPT)
    return {"name": finished(cloud(base_url, "ya29.expired"), source).name}


def models(base_url: str, folder: Path) -> dict[str, object]:
    client = cloud(base_url)
    return {
        "all": [model.name for model in client.models.list(config={"page_size": 2})],
        "one": client.models.get(model=MODEL).name,
    }


OMNI = "gemini-omni-1.2-flash"
SHAPE = {"type": "video", "resolution": "720p", "duration": "4s", "delivery": "uri"}


def studio(base_url: str) -> genai.Client:
    return genai.Client(api_key="AIza" + "SdkKey", http_options=types.HttpOptions(base_url=base_url))


def shape(**other: object) -> dict[str, object]:
    return {name: value for name, value in (SHAPE | other).items() if value}


def whole(base_url: str, folder: Path) -> dict[str, object]:
    """Waits for a clip and downloads it."""
    client = studio(base_url)
    made = client.interactions.create(model=OMNI, input=PROMPT, response_format=shape(), labels={"job": "x"})
    (folder / "whole.mp4").write_bytes(client.files.download(file=made.output_video.uri))
    return {"id": made.id, "status": made.status, "tokens": made.usage.total_output_tokens}


def streamed(base_url: str, folder: Path) -> dict[str, object]:
    client, events, video, thought = studio(base_url), [], "", ""
    with client.interactions.create(
        model=OMNI, input=PROMPT, response_format=shape(delivery="inline"), stream=True
    ) as stream:
        for event in stream:
            events.append(event)
            if event.event_type == "step.delta" and event.delta.type == "video":
                video = event.delta.data
            elif event.event_type == "step.delta":
                thought = event.delta.type
    (folder / "streamed.mp4").write_bytes(base64.b64decode(video))
    return {
        "events": [event.event_type for event in events],
        "ids": [events[0].interaction.id, events[-1].interaction.id],
        "status": events[-1].interaction.status,
        "thought": thought,
    }


def background(base_url: str, folder: Path) -> dict[str, object]:
    client = studio(base_url)
    begun = client.interactions.create(model=OMNI, input=PROMPT, response_format=shape(), background=True)
    read = begun
    deadline = time.monotonic() + 60
    while read.status == "in_progress" and time.monotonic() < deadline:
        time.sleep(0.1)
        read = client.interactions.get(begun.id, include_input=True)
    (folder / "background.mp4").write_bytes(base64.b64decode(read.output_video.data))
    return {
        "id": begun.id,
        "begun": begun.status,
        "read": read.status,
        "steps": [one.type for one in read.steps],
    }


def from_image(base_url: str, folder: Path) -> dict[str, object]:
    data = base64.b64encode((folder / "seed.png").read_bytes()).decode()
    client = studio(base_url)
    made = client.interactions.create(
        model=OMNI,
        input=[
            {"type": "image", "data": data, "mime_type": "image/png"},
            {"type": "text", "text": "It moves"},
        ],
        response_format=shape(resolution="360p", duration="3s"),
        generation_config={"seed": 7, "video_config": {"task": "image_to_video"}},
    )
    return {"status": made.status, "video": made.output_video.mime_type}


def worked_on(base_url: str, folder: Path) -> dict[str, object]:
    """Extends a clip, edits what came of it, and deletes that."""
    client = studio(base_url)
    small = shape(resolution="360p", duration="3s")
    first = client.interactions.create(model=OMNI, input=PROMPT, response_format=small)
    longer = client.interactions.create(
        model=OMNI,
        input="It jumps",
        previous_interaction_id=first.id,
        generation_config={"video_config": {"task": "extend"}},
        response_format=small,
    )
    edited = client.interactions.create(
        model=OMNI,
        input="Make it night",
        previous_interaction_id=longer.id,
        response_format=shape(resolution="360p", duration=""),
    )
    client.interactions.delete(edited.id)
    return {
        "longer": client.files.get(name=longer.output_video.uri).video_metadata,
        "edited": client.files.get(name=edited.output_video.uri).video_metadata,
        "previous": [longer.previous_interaction_id == first.id, edited.previous_interaction_id == longer.id],
        "deleted": refused(lambda: client.interactions.get(edited.id)),
    }


def cancelled(base_url: str, folder: Path) -> dict[str, object]:
    client = studio(base_url)
    begun = client.interactions.create(
        model=OMNI, input=f"{PROMPT} [sim:slow=60]", response_format=shape(), background=True
    )
    return {"status": [client.interactions.cancel(begun.id).status, client.interactions.get(begun.id).status]}


def held_back(base_url: str, folder: Path) -> dict[str, object]:
    client = studio(base_url)
    made = client.interactions.create(model=OMNI, input="[sim:filtered]", response_format=shape())
    return {"status": made.status, "video": made.output_video, "text": made.output_text}


def broken(base_url: str, folder: Path) -> dict[str, object]:
    client = studio(base_url)
    made = client.interactions.create(model=OMNI, input="[sim:failed]", response_format=shape())
    return {"status": made.status, "errors": [error.code for error in made.errors]}


def not_there(base_url: str, folder: Path) -> dict[str, object]:
    client = studio(base_url)

    def create(**what: object) -> dict[str, object]:
        told = {"model": OMNI, "input": PROMPT, "response_format": shape()} | what
        return refused(lambda: client.interactions.create(**told))

    return {
        "retired": create(model="gemini-omni-flash-preview"),
        "length": create(response_format={"type": "video", "duration": "2s"}),
        "instruction": create(system_instruction="Be brief"),
    }


def refused(call: Callable[[], object]) -> dict[str, object]:
    """How a call was refused. The errors of interactions are of classes that the SDK does not publish."""
    try:
        call()
    except Exception as error:
        return {"status": getattr(error, "status_code", None), "told": str(error)}
    return {}


CASES = {
    "whole": whole,
    "streamed": streamed,
    "background": background,
    "from_image": from_image,
    "worked_on": worked_on,
    "cancelled": cancelled,
    "held_back": held_back,
    "broken": broken,
    "not_there": not_there,
    "text": text,
    "image": image,
    "references": references,
    "extension": extension,
    "bucket": bucket,
    "filtered": filtered,
    "failed": failed,
    "gone": gone,
    "expired": expired,
    "models": models,
}


def told(case: str, base_url: str, folder: Path) -> dict[str, object]:
    try:
        return CASES[case](base_url, folder)
    except errors.APIError as error:
        return {"refused": error.code, "status": error.status, "message": error.message}


if __name__ == "__main__":
    address, place, *wanted = sys.argv[1:]
    print(json.dumps({case: told(case, address, Path(place)) for case in wanted}))
