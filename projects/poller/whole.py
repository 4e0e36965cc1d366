"""A clip's whole video, out of the files of its parts."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage

from projects.models import Operation, files_of, lay_out
from projects.montage import join
from projects.poller.failpoints import failpoint
from projects.poller.part import incoming
from projects.poller.publish import publish
from projects.video import VideoInfo, inspect


@dataclass(frozen=True)
class Whole:
    """A published video: names in storage, bytes and facts."""

    file: str
    poster: str
    sha256: str
    size: int
    info: VideoInfo

    def shown(self) -> dict[str, Any]:
        """The fields of a clip or a render that tell of it."""
        return {
            "video": self.file,
            "poster": self.poster,
            "sha256": self.sha256,
            "size": self.size,
            "width": self.info.width,
            "height": self.info.height,
            "seconds": self.info.duration_seconds,
            "facts": facts(self.info),
        }


def facts(info: VideoInfo) -> dict[str, Any]:
    return {
        "frames": info.frames,
        "fps": round(info.fps, 3),
        "video": info.video_codec,
        "audio": info.audio_codec,
    }


def joined(operation: Operation, own: Whole) -> Whole:
    """The clip's video with the part that has just come home. Raises MontageError, VideoError, OSError.

    What Google extended holds what was there before; parts that it made from a last frame are joined here.
    """
    clip, part = operation.clip, operation.part
    earlier = [(laid.part, laid.operation, laid.end - laid.begins) for laid in clip.chain.laid]
    before = [each for each in earlier if each[0].position < part.position]
    files = files_of(lay_out([*before, (part, operation, own.info.duration_seconds)]))
    poster = clip.poster.name or own.poster
    if len(files) == 1:
        return Whole(own.file, poster, own.sha256, own.size, own.info)
    name = f"clips/{operation.pk}/whole-{own.sha256[:16]}.mp4"
    if not default_storage.exists(name):
        sources = [each.operation.file.name or own.file for each in files]
        named = [
            (Path(default_storage.path(source)), f"part {each.part.number}")
            for source, each in zip(sources, files, strict=True)
        ]
        target = incoming() / f"{operation.pk}.{operation.fence}.whole.mp4"
        try:
            join(named, target)
            failpoint("joined")
            publish(target, name)
        finally:
            target.unlink(missing_ok=True)
    path = Path(default_storage.path(name))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Whole(name, poster, digest, path.stat().st_size, inspect(path))
