"""Into storage under a final name, in one atomic step."""

import os
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage


class Movable(File):
    """A local file that storage may move into place instead of copying."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def publish(path: Path, name: str) -> str:
    """One atomic rename into storage, or nothing when it is there already: same name, same content."""
    if default_storage.exists(name):
        return name
    with Movable(path.open("rb"), name=str(path)) as file:
        name = default_storage.save(name, file)
    folder = os.open(Path(default_storage.path(name)).parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return name
