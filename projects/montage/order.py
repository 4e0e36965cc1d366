"""A reel as JSON, for the process that makes the film."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from projects.montage.reel import Piece, Reel, Title, Track


def to_values(reel: Reel) -> dict[str, Any]:
    """Values that JSON knows. Paths become absolute: the other process may work in another folder."""
    values = asdict(reel)
    for piece in values["pieces"]:
        piece["path"] = str(piece["path"].absolute())
    if reel.track:
        values["track"]["path"] = str(reel.track.path.absolute())
    return values


def from_values(values: Mapping[str, Any]) -> Reel:
    """The reel that `to_values` was given."""
    pieces = tuple(Piece(**{**piece, "path": Path(piece["path"])}) for piece in values["pieces"])
    title, track = values["title"], values["track"]
    parts = {
        "pieces": pieces,
        "title": title and Title(**title),
        "track": track and Track(**{**track, "path": Path(track["path"])}),
        "chapters": tuple(values["chapters"]),
    }
    return Reel(**{**values, **parts})
