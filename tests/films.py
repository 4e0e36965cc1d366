"""Films of small real clips, for tests."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from projects.models import Clip, Film, Project, Render, State
from projects.montage.reel import Piece
from tests.factories import make_clip
from tests.media import mp4_bytes


def make_real_clip(
    project: Project,
    prompt: str = "A paper boat in the rain",
    *,
    seconds: float = 1.0,
    size: tuple[int, int] = (320, 180),
    fps: int = 24,
    scenes: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> Clip:
    """A ready clip whose video can be played and is as its row says. `scenes` are what is said in it."""
    video = mp4_bytes(seconds=seconds, size=size, fps=fps)
    frames = round(seconds * fps)
    facts = {"frames": frames, "fps": float(fps), "video": "h264", "audio": "aac"}
    measured = {"width": size[0], "height": size[1], "seconds": frames / fps, "facts": facts}
    clip = make_clip(
        project,
        State.SUCCEEDED,
        operation={"seconds": frames / fps},
        video=video,
        sha256=hashlib.sha256(video).hexdigest(),
        prompt=prompt,
        **measured,
        **fields,
    )
    clip.parts.update(scenes=scenes or [])
    return clip


def make_film(project: Project, *clips: Clip, name: str = "Rain", **fields: Any) -> Film:
    film = Film.objects.create(project=project, name=name, **fields)
    for clip in clips:
        film.add(clip)
    return film


def make_render(film: Film, video: bytes = b"a film", poster: bytes = b"a picture") -> Render:
    """The film as it is now, rendered: with a stored file of the given bytes."""
    work = film.ask_render(film.project.owner, uuid.uuid4())
    work.finish(
        file=default_storage.save(f"{work.folder}/film.mp4", ContentFile(video)),
        poster=default_storage.save(f"{work.folder}/film.jpg", ContentFile(poster)),
        sha256=hashlib.sha256(video).hexdigest(),
        size=len(video),
        seconds=film.span(),
    )
    return work


def change(film: Film, position: int, **changes: Any) -> None:
    """Where the clip at this place starts, ends, or is faded in."""
    assert film.cuts.filter(position=position).update(**changes) == 1


def piece(path: Path, name: str = "The door", *, seconds: float = 1.0, fps: int = 24, **cut: Any) -> Piece:
    """A clip of 320 × 180 pixels in the film."""
    return Piece(
        path=path,
        name=name,
        width=320,
        height=180,
        fps=fps,
        frames=round(seconds * fps),
        seconds=seconds,
        **cut,
    )
