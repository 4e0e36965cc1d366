"""Runs inside the environment of Google's SDK, away from this project: one case, told as JSON on one line.

Usage: python sdk_script.py CASE BASE_URL FOLDER. Only the base URL and the key differ from talking to Google.
"""

import json
import sys
import time
from pathlib import Path

from google import genai
from google.genai import errors, types

MODEL = "veo-3.1-fast-generate-preview"


def finished(client: genai.Client, **what: object) -> types.GenerateVideosOperation:
    operation = client.models.generate_videos(
        model=MODEL,
        config=types.GenerateVideosConfig(
            number_of_videos=1, duration_seconds=4, aspect_ratio="16:9", resolution="720p"
        ),
        **what,
    )
    deadline = time.monotonic() + 60
    while not operation.done and time.monotonic() < deadline:
        time.sleep(0.2)
        operation = client.operations.get(operation)
    return operation


def make(client: genai.Client, folder: Path, **what: object) -> dict[str, object]:
    operation = finished(client, **what)
    video = operation.response.generated_videos[0].video
    client.files.download(file=video, destination=folder / "streamed.mp4")
    (folder / "whole.mp4").write_bytes(client.files.download(file=video))
    info = client.files.get(name=video.uri)
    return {
        "name": operation.name,
        "uri": video.uri,
        "state": info.state.name,
        "source": info.source.name,
        "size": info.size_bytes,
    }


def text(client: genai.Client, folder: Path) -> dict[str, object]:
    return make(client, folder, prompt="A red fox in the snow")


def image(client: genai.Client, folder: Path) -> dict[str, object]:
    picture = types.Image.from_file(location=str(folder / "seed.png"))
    return make(client, folder, prompt="It begins to move", image=picture)


def filtered(client: genai.Client, folder: Path) -> dict[str, object]:
    operation = finished(client, prompt="[sim:filtered]")
    response = operation.response
    return {
        "error": operation.error,
        "videos": response.generated_videos,
        "count": response.rai_media_filtered_count,
        "reasons": response.rai_media_filtered_reasons,
    }


def failed(client: genai.Client, folder: Path) -> dict[str, object]:
    operation = finished(client, prompt="[sim:failed=8]")
    return {"error": operation.error, "response": operation.response}


def inline(client: genai.Client, folder: Path) -> dict[str, object]:
    video = finished(client, prompt="A red fox in the snow [sim:inline]").response.generated_videos[0].video
    (folder / "inline.mp4").write_bytes(video.video_bytes)
    return {"mime_type": video.mime_type}


def submit(client: genai.Client, folder: Path) -> dict[str, object]:
    return {"name": finished(client, prompt="[sim:empty]").name}


def models(client: genai.Client, folder: Path) -> dict[str, object]:
    found = {model.name: model.supported_actions for model in client.models.list(config={"page_size": 2})}
    return {"models": found, "one": client.models.get(model=MODEL).display_name}


def main(case: str, base_url: str, folder: str) -> dict[str, object]:
    key = "invalid-key" if case == "bad_key" else "AIzaSdkKey"
    client = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=base_url))
    run = {"retired": submit, "bad_key": submit}.get(case) or globals()[case]
    try:
        return run(client, Path(folder))
    except errors.APIError as error:
        return {"refused": error.code, "status": error.status, "message": error.message}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
