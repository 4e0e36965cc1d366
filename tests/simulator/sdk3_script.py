"""Runs inside the environment of Google's SDK, away from this project: some cases, told as JSON on one line.

Usage: python sdk3_script.py BASE_URL FOLDER CASE... Only the base URL and the credential differ from talking
to Google.
"""

import json
import sys
import time
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


CASES = {
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
