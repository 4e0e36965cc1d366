"""A film as an edit list that opens in an editor, to be cut further there. No Django, no app.

Two kinds: a CMX 3600 list, which everything reads, and OpenTimelineIO, which carries more. Both say where
each clip lies, to the frame, as `montage.timeline` lays it out, and list every clip with picture and sound.
Neither holds the uploaded track, the even loudness or the look of the title card: editors mix and set anew.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from projects.montage.reel import Piece, Reel
from projects.montage.timeline import length, rate, timeline

FIRST_HOUR = 3600
"""Seconds at which the film's own clock starts: 01:00:00:00. By custom a programme begins there, so that bars
and a countdown fit before it; editors open new sequences at the same point."""

_TITLE_LENGTH = 70
_LINE_END = "\r\n"
"""Old readers of edit lists want it, new ones take both."""

Json = dict[str, Any]


def edl(reel: Reel, title: str, media: Mapping[int, str] | None = None) -> str:
    """The film as a CMX 3600 list. For a reel without `timeline.problems`.

    `media` says what the file of each piece is called where the list goes; without it, as it is called here.
    Timecode counts the film's frames and drops none, at 23.976 and 29.97 too; in every clip it starts at
    zero. The list has no place for a frame rate: who opens it tells the editor the film's.
    """
    fps = round(rate(reel.fps))
    lines = [f"TITLE: {_one_line(title)[:_TITLE_LENGTH]}".rstrip(), "FCM: NON-DROP FRAME", ""]
    before: _Cut | None = None
    for number, cut in enumerate(_cuts(reel, media or {}), 1):
        lines += [*_event(number, cut, before, fps), *_comments(cut, before), ""]
        before = cut
    return _LINE_END.join(lines)


def otio(reel: Reel, title: str, media: Mapping[int, str]) -> str:
    """The film as OpenTimelineIO JSON. For a reel without `timeline.problems`.

    `media` says what the file of each piece is called, next to the list. The title card is a gap that carries
    its words as metadata.
    """
    fps = rate(reel.fps)
    cuts = _cuts(reel, media)
    tracks = [
        _object("Track.1", name=name, kind=kind, children=list(_children(cuts, fps)))
        for name, kind in (("V1", "Video"), ("A1", "Audio"))
    ]
    film = _object(
        "Timeline.1",
        name=title,
        global_start_time=_time(FIRST_HOUR * round(fps), fps),
        tracks=_object("Stack.1", name="tracks", children=tracks),
    )
    return json.dumps(film, ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """What is seen from one edit to the next, in frames of the film.

    `source` is where it starts in the clip and `record` where in the film. With `fade` frames the one before
    it is still seen, so that one's clip goes on for as long past its own last frame.
    """

    source: int
    record: int
    frames: int
    fade: int
    name: str
    tape: str
    file: str = ""
    piece: Piece | None = None
    """None: the title card."""


def _cuts(reel: Reel, media: Mapping[int, str]) -> list[_Cut]:
    fps = rate(reel.fps)
    spans = timeline(reel)
    ends = [after.start_frame for _, after in pairwise(spans)] + [spans[-1].end_frame]
    tapes = {path: f"CLIP{n:04}" for n, path in enumerate(dict.fromkeys(p.path for p in reel.pieces), 1)}
    found: list[_Cut] = []
    for span, end in zip(spans, ends, strict=True):
        piece = None if span.piece is None else reel.pieces[span.piece]
        found.append(
            _Cut(
                source=round(Fraction(span.source_start) * fps),
                record=span.start_frame,
                frames=end - span.start_frame,
                fade=span.crossfade_frames,
                name=piece.name if piece else reel.title.text if reel.title else "",
                tape=tapes[piece.path] if piece else "BL",
                file=media.get(span.piece, piece.path.name) if span.piece is not None and piece else "",
                piece=piece,
            )
        )
    return found


# --- CMX 3600 ---


def _event(number: int, cut: _Cut, before: _Cut | None, fps: int) -> Iterator[str]:
    """A line for a cut; two for a dissolve: how far the clip before it has come, and what comes in."""
    edit = "C"
    if cut.fade and before is not None:
        edit = f"D    {cut.fade:03}"
        reached = before.source + before.frames
        yield _line(number, before, "C", (reached, reached), (cut.record, cut.record), fps)
    source = (cut.source, cut.source + cut.frames)
    yield _line(number, cut, edit, source, (cut.record, cut.record + cut.frames), fps)


def _line(
    number: int, cut: _Cut, edit: str, source: tuple[int, int], record: tuple[int, int], fps: int
) -> str:
    channels = "AA/V" if cut.piece else "V"
    times = [_timecode(at, fps) for at in source]
    times += [_timecode(at + FIRST_HOUR * fps, fps) for at in record]
    return f"{number:03}  {cut.tape:<8} {channels:<5} {edit:<8} {' '.join(times)}"


def _comments(cut: _Cut, before: _Cut | None) -> Iterator[str]:
    """Which files it is about: editors find the clips by these names."""
    came_in = "FROM"
    if cut.fade and before is not None:
        came_in = "TO"
        yield f"* FROM CLIP NAME: {_one_line(before.file)}"
    yield f"* {came_in} CLIP NAME: {_one_line(cut.file or cut.name)}"
    if cut.file:
        yield f"* COMMENT: {_one_line(cut.name)}"


def _timecode(frames: int, fps: int) -> str:
    seconds, frame = divmod(frames, fps)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}:{frame:02}"


def _one_line(text: str) -> str:
    """Without line breaks and control characters, which would end an entry of the list."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


# --- OpenTimelineIO ---


def _children(cuts: list[_Cut], fps: Fraction) -> Iterator[Json]:
    """The items of a track in order: gap, clips, and a dissolve before a clip that is faded to."""
    for cut in cuts:
        if cut.fade:
            yield _object(
                "Transition.1",
                name="Crossfade",
                transition_type="SMPTE_Dissolve",
                in_offset=_time(0, fps),
                out_offset=_time(cut.fade, fps),
            )
        used = _range(cut.source, cut.frames, fps)
        if cut.piece is None:
            said = {"veoweb": {"title": cut.name}}
            yield _object("Gap.1", name="Title", source_range=used, metadata=said)
        else:
            yield _object(
                "Clip.2",
                name=cut.name,
                source_range=used,
                media_references={"DEFAULT_MEDIA": _file(cut.piece, cut.file)},
                active_media_reference_key="DEFAULT_MEDIA",
            )


def _file(piece: Piece, name: str) -> Json:
    """The clip's file beside the list, and all that is in it, at its own rate."""
    fps = rate(piece.fps)
    whole = _range(0, piece.frames or int(length(piece) * fps), fps)
    return _object("ExternalReference.1", name=name, target_url=quote(name), available_range=whole)


def _range(start: int, frames: int, fps: Fraction) -> Json:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": _time(start, fps),
        "duration": _time(frames, fps),
    }


def _time(frames: int, fps: Fraction) -> Json:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": float(frames), "rate": float(fps)}


def _object(schema: str, *, metadata: Json | None = None, **fields: Any) -> Json:
    return {"OTIO_SCHEMA": schema, "metadata": metadata or {}, **fields}
