"""From a film's cuts to the reel that the cutting room knows, and what stands in the way of it.

A render keeps its reel as values: names in storage instead of paths, and the ids of its clips. Whatever a
person changes later, that film is made from what it was when they asked for it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.files.storage import default_storage
from django.db.models import prefetch_related_objects

from projects import montage
from projects.captions import Cue, moved
from projects.montage.reel import Piece, Reel, Title, Track
from projects.montage.room import MAX_PIECES, MAX_SECONDS
from projects.montage.timeline import problems, rate, timeline, total_frames

if TYPE_CHECKING:
    from projects.models.clips import Clip
    from projects.models.films import Cut, Film

SIZE, FPS = (1280, 720), 24.0
"""Of a film whose clips say nothing about it."""

_SIZE = re.compile(r"([1-9]\d{1,4})x([1-9]\d{1,4})", re.ASCII)
_SAME_SHAPE = 0.01
"""How far two ratios of width to height may be apart and still be the same to the eye."""
_SAME_RATE = 0.01
_NAMED = 3
_SHOWN = {
    "fit": "shown whole, with black bars beside the picture",
    "fill": "cropped to the film’s shape",
    "pad": "shown whole, over a blurred copy of it",
}


class Assembly:
    """A film as it would be rendered now. Ask a new one after anything has changed."""

    def __init__(self, film: "Film") -> None:
        self.film = film

    @cached_property
    def cuts(self) -> "list[Cut]":
        return list(self.film.cuts.select_related("clip"))

    @cached_property
    def usable(self) -> "list[tuple[Cut, Clip]]":
        """Those that there is a whole video for."""
        return [(cut, cut.clip) for cut in self.cuts if cut.clip is not None and cut.clip.ready]

    @cached_property
    def names(self) -> list[str]:
        """Each cut's clip as sentences call it: with its place where another is called the same."""
        titles = [cut.clip.title if cut.clip else cut.clip_title for cut in self.cuts]
        called = zip(titles, (cut.clip_id for cut in self.cuts), strict=True)
        shared = Counter(title for title, _ in set(called))
        return [
            f"{title} (no. {number})" if shared[title] > 1 else title
            for number, title in enumerate(titles, start=1)
        ]

    @cached_property
    def frozen(self) -> dict[str, Any]:
        """What a render keeps; see `thawed`."""
        film, (width, height) = self.film, self._size()
        names = {cut.pk: name for cut, name in zip(self.cuts, self.names, strict=True)}
        track = {"file": film.track.name, "name": film.track_name}
        track |= {"volume": film.track_volume, "duck": film.duck}
        return {
            "pieces": [_frozen(cut, clip, names[cut.pk]) for cut, clip in self.usable],
            "width": width,
            "height": height,
            "fps": self._fps(),
            "framing": film.framing,
            "title": {"text": film.title, "seconds": film.title_seconds} if film.title else None,
            "track": track if film.track else None,
            "even_loudness": film.even_loudness,
            "chapters": [clip.title for _, clip in self.usable],
        }

    @cached_property
    def reel(self) -> Reel:
        return thawed(self.frozen)

    @property
    def seconds(self) -> float:
        """How long the film will be, without the cuts that cannot be used."""
        return seconds_of(self.reel)

    def cues(self) -> list[Cue]:
        """The captions of its clips, where these lie in the film."""
        clips = [clip for _, clip in self.usable]
        prefetch_related_objects(clips, "parts__operations", "source")
        fps = rate(self.reel.fps)
        return [
            cue
            for span in timeline(self.reel)
            if span.piece is not None
            for cue in moved(
                clips[span.piece].chain.captions(),
                start=span.source_start,
                end=span.source_end,
                offset=float(span.start_frame / fps),
            )
        ]

    # --- what to tell before rendering ---

    def troubles(self) -> list[str]:
        """Why it cannot be rendered as it is, in sentences that name the clip; empty when it can be."""
        named = zip(self.cuts, self.names, strict=True)
        found = [sentence for cut, name in named if (sentence := _why_unusable(cut.clip, f"“{name}”"))]
        if not self.cuts or self.usable:
            found += problems(self.reel)
        if self.film.track and not default_storage.exists(self.film.track.name):
            found.append(
                f"The sound track “{self.film.track_name}” is missing. Upload it again, or remove it."
            )
        if len(self.cuts) > MAX_PIECES:
            found.append(f"The film has {len(self.cuts)} clips; the limit is {MAX_PIECES}.")
        if self.seconds > MAX_SECONDS:
            found.append(f"The film lasts {self.seconds:.0f} s; the limit is {MAX_SECONDS} s.")
        return found

    def mixed(self) -> list[str]:
        """Which clips differ from the film in shape, size or frame rate, and what happens to them."""
        reel = self.reel
        size = f"{reel.width} × {reel.height}"
        other = [piece for piece in reel.pieces if not _same_shape(piece, reel)]
        scaled = [
            p for p in reel.pieces if p not in other and (p.width, p.height) != (reel.width, reel.height)
        ]
        faster = [piece for piece in reel.pieces if piece.fps > reel.fps + _SAME_RATE]
        slower = [piece for piece in reel.pieces if piece.fps < reel.fps - _SAME_RATE]
        return [
            *_said_of(other, f"is of another shape than the film ({size}): {_SHOWN[reel.framing]}."),
            *_said_of(scaled, f"is of another size than the film ({size}): scaled to it."),
            *_said_of(faster, f"has more than the film’s {reel.fps:g} frames a second: some are left out."),
            *_said_of(slower, f"has fewer than the film’s {reel.fps:g} frames a second: some are repeated."),
        ]

    def needs_reencoding(self) -> str:
        """Why it cannot be joined as it is, as a sentence; "" when it can. For a film without `troubles`."""
        return _why_no_copy(json.dumps(self.frozen)) if self.usable else ""

    # --- parts of those ---

    def _size(self) -> tuple[int, int]:
        """As it was chosen, else that of most of its seconds. Even, because H.264 wants it."""
        if chosen := _SIZE.fullmatch(self.film.size):
            return _even(int(chosen[1]), int(chosen[2]))
        seconds: Counter[tuple[int, int]] = Counter()
        for cut, clip in self.usable:
            if clip.width and clip.height:
                end = (clip.seconds or 0) if cut.end is None else cut.end
                seconds[_even(clip.width, clip.height)] += max(0, round((end - cut.start) * 1000))
        return seconds.most_common(1)[0][0] if seconds else SIZE

    def _fps(self) -> float:
        """That of most of its clips."""
        found = Counter(fps for _, clip in self.usable if (fps := clip.facts.get("fps")))
        return float(found.most_common(1)[0][0]) if found else FPS


def thawed(values: Mapping[str, Any]) -> Reel:
    """The reel that was frozen, with the paths of its files."""
    track = values["track"]
    return Reel(
        pieces=tuple(
            Piece(path=_path(piece["file"]), **{name: piece[name] for name in _OF_PIECE})
            for piece in values["pieces"]
        ),
        title=Title(**values["title"]) if values["title"] else None,
        track=Track(path=_path(track["file"]), volume=track["volume"], duck=track["duck"]) if track else None,
        chapters=tuple(values["chapters"]),
        **{name: values[name] for name in _OF_REEL},
    )


def seconds_of(reel: Reel) -> float:
    return float(total_frames(reel) / rate(reel.fps))


def frozen_cues(cues: Iterable[Cue]) -> list[dict[str, Any]]:
    return [asdict(cue) for cue in cues]


def thawed_cues(values: Iterable[Mapping[str, Any]]) -> list[Cue]:
    return [Cue(**value) for value in values]


_OF_PIECE = ("name", "width", "height", "fps", "frames", "seconds", "start", "end", "crossfade")
_OF_REEL = ("width", "height", "fps", "framing", "even_loudness")


def _path(name: str) -> Path:
    return Path(default_storage.path(name))


def _frozen(cut: "Cut", clip: "Clip", name: str) -> dict[str, Any]:
    return {
        "clip": str(clip.pk),
        "file": clip.video.name,
        "name": name,
        "width": clip.width or 0,
        "height": clip.height or 0,
        "fps": float(clip.facts.get("fps") or FPS),
        "frames": int(clip.facts.get("frames") or 0),
        "seconds": clip.seconds or 0.0,
        "start": cut.start,
        "end": cut.end,
        "crossfade": cut.crossfade,
    }


@lru_cache(maxsize=256)
def _why_no_copy(frozen: str) -> str:
    """The files of a reel never change, so each is looked at once."""
    try:
        return montage.why_no_copy(thawed(json.loads(frozen)))
    except montage.MontageError as error:
        return str(error)


def _why_unusable(clip: "Clip | None", name: str) -> str:
    if clip is None:
        return f"{name} is deleted. Take it out of the film."
    if not clip.ready:
        return f"{name} is not finished. Wait until it is ready, or take it out of the film."
    if not default_storage.exists(clip.video.name):
        return f"{name} has lost its file on this server. Take it out of the film."
    return ""


def _even(width: int, height: int) -> tuple[int, int]:
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def _same_shape(piece: Piece, reel: Reel) -> bool:
    if not piece.width or not piece.height:
        return True
    return abs(piece.width * reel.height / (piece.height * reel.width) - 1) < _SAME_SHAPE


def _said_of(pieces: Sequence[Piece], sentence: str) -> Iterator[str]:
    """The sentence about all of these; nothing about none."""
    names = [f"“{name}”" for name in dict.fromkeys(piece.name for piece in pieces)]
    if not names:
        return
    if len(names) == 1:
        yield f"{names[0]} {sentence}"
        return
    more = len(names) - _NAMED
    listed = [*names[:_NAMED], f"{more} more"] if more > 0 else names
    verb, _, rest = sentence.partition(" ")
    yield f"{', '.join(listed[:-1])} and {listed[-1]} { {'is': 'are', 'has': 'have'}[verb] } {rest}"
