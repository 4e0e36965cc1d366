"""How fast films are made, and with how much memory. Prints the table of docs/performance.md:

    python -m benchmarks.films [FOLDER]

Ten clips of eight seconds in 720p with sound are drawn by the simulator first, into FOLDER if one is given,
where they are found again the next time. Takes about three minutes on two cores.
"""

import os
import resource
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from projects.montage import copy, join, make
from projects.montage.reel import Piece, Reel, Title
from projects.simulator.render import Shot, render

CLIPS = 10
SECONDS = 8
ROUNDS = 5


def main() -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        clips = [drawn(folder, number) for number in range(CLIPS)]
        print(f"{time.strftime('%d %b %Y')}, {os.cpu_count()} cores, `python -m benchmarks.films`\n")
        print("| what | figure |\n|---|---|")
        target = Path(temporary, "film.mp4")
        joining(clips, target)
        rendering(clips, target)
        memory(clips, target)


def drawn(folder: Path, number: int) -> Path:
    path = folder / f"clip-{number}.mp4"
    if not path.exists():
        shot = Shot(
            caption=f"Scene {number}: waves roll onto a pebble beach at dusk",
            note="720p · 8 s",
            aspect_ratio="16:9",
            resolution="720p",
            seconds=SECONDS,
            seed=number,
        )
        render(shot, path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
    return path


def joining(clips: Sequence[Path], target: Path) -> None:
    files = [(path, path.stem) for path in clips]
    size = sum(path.stat().st_size for path in clips)
    copying = median(lambda: copied(clips, target))
    packets = median(lambda: joined_here(files, target))
    whole = median(lambda: join(files, target))
    row(f"copying the bytes of {CLIPS} clips ({size / 1e6:.1f} MB), synced", f"{copying:.3f} s")
    row("joining them: packets read, retimed, written, synced", f"{packets:.3f} s, {packets / copying:.1f} ×")
    row("the same with its three processes and the check of the film", f"{whole:.3f} s")


def copied(clips: Sequence[Path], target: Path) -> None:
    """`shutil.copyfile` of each clip, into files of their own."""
    for number, path in enumerate(clips):
        copy_ = target.with_suffix(f".{number}")
        shutil.copyfile(path, copy_)
        sync(copy_)


def joined_here(files: Sequence[tuple[Path, str]], target: Path) -> None:
    pieces = tuple(
        Piece(path=path, name=name, width=1280, height=720, fps=24, frames=192, seconds=8.0)
        for path, name in files
    )
    found = copy.scans(Reel(pieces=pieces, width=1280, height=720))
    assert copy.difference(found) == ""
    copy.copy(found, target, (), lambda share: None)
    sync(target)


def sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def rendering(clips: Sequence[Path], target: Path) -> None:
    for name, reel in (
        ("crossfades, a title and even loudness", film(clips, CLIPS * SECONDS)),
        ("the same from 720p to 9:16 over a blurred copy", tall(film(clips, CLIPS * SECONDS))),
    ):
        begun, worked = time.monotonic(), processor_seconds()
        info = make(reel, target)
        taken, worked = time.monotonic() - begun, processor_seconds() - worked
        speed = f"{taken:.1f} s, {info.duration_seconds / taken:.1f} × real time"
        row(f"rendering {info.duration_seconds:.0f} s: {name}", f"{speed}; {worked:.0f} s of processor")


def processor_seconds() -> float:
    """Of all processes that were started and have ended: what is left of the figures on a busy machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def film(clips: Sequence[Path], seconds: float) -> Reel:
    """A film of about so many seconds: the clips in turn, half a second of each in the one before it."""
    piece = Piece(path=clips[0], name="", width=1280, height=720, fps=24, frames=192, seconds=8.0)
    count = max(1, round(seconds / (SECONDS - 0.5)))
    pieces = tuple(
        replace(
            piece, path=clips[number % len(clips)], name=f"Scene {number}", crossfade=0.5 if number else 0
        )
        for number in range(count)
    )
    return Reel(pieces=pieces, width=1280, height=720, title=Title(text="Ten clips"))


def tall(reel: Reel) -> Reel:
    return replace(reel, width=720, height=1280, framing="pad")


def memory(clips: Sequence[Path], target: Path) -> None:
    context = get_context("spawn")
    for seconds in (10, 150):
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            length, most = pool.submit(peak, film(clips, seconds), target).result()
        row(f"most memory of the process that renders {length:.0f} s", f"{most / 1024:.0f} MB")


def peak(reel: Reel, target: Path) -> tuple[float, int]:
    """The film's length and the largest resident set, in kB, of all processes that made it."""
    info = make(reel, target)
    return info.duration_seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def median(work: Callable[[], object]) -> float:
    """Seconds that it takes, the middle one of ROUNDS."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.monotonic()
        work()
        taken.append(time.monotonic() - begun)
    return statistics.median(taken)


def row(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


if __name__ == "__main__":
    main()
