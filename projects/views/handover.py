"""What is handed over with a film: edit lists, and everything together in one ZIP file.

Of the film as it was rendered last; while it never was, of the film as it is planned.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.text import slugify

from projects import captions, editlist
from projects.models import Clip, Film, Render
from projects.models.reels import thawed, thawed_cues
from projects.montage.timeline import problems
from projects.views.zipped import Zipped

CLIPS = "clips"
"""The folder of the clips in the ZIP file, next to the edit lists."""


@dataclass(frozen=True)
class Handover:
    film: Film

    @cached_property
    def made(self) -> Render | None:
        return self.film.made

    @cached_property
    def frozen(self) -> dict[str, Any]:
        """The film's reel; see `projects.models.reels`."""
        return self.made.reel if self.made else self.film.assembly.frozen

    @cached_property
    def clips(self) -> dict[str, Clip]:
        """Those of its clips that are still there, by their ids."""
        found = Clip.objects.filter(pk__in={piece["clip"] for piece in self.frozen["pieces"]})
        needed = found.select_related("project").prefetch_related("parts", "references")
        return {str(clip.pk): clip for clip in needed}

    @cached_property
    def names(self) -> dict[str, str]:
        """What each stored file is called beside the lists: with its first place in the film before it.

        Only letters, digits, hyphens and points, and no name that a system keeps for itself.
        """
        names: dict[str, str] = {}
        for number, piece in enumerate(self.frozen["pieces"], start=1):
            clip = self.clips.get(piece["clip"])
            name = clip.download_name() if clip else f"{slugify(piece['name'])[:48] or 'clip'}.mp4"
            names.setdefault(piece["file"], f"{number:02}_{name}")
        return names

    def why_not(self) -> str:
        """Why there is nothing to hand over, as a sentence; "" when there is."""
        if not self.frozen["pieces"]:
            return "There is no finished clip in this film yet."
        return next(iter(problems(thawed(self.frozen))), "")

    def edl(self) -> str:
        return editlist.edl(thawed(self.frozen), self.film.name, self._media(""))

    def otio(self) -> str:
        return editlist.otio(thawed(self.frozen), self.film.name, self._media(f"{CLIPS}/"))

    def zipped(self) -> Zipped:
        """Its clips, captions, edit lists and recipes, the track, and the film itself if it is rendered."""
        zipped, now = Zipped(), timezone.localtime()
        folder = self.film.download_name().removesuffix(".mp4")
        cues = thawed_cues(self.made.cues) if self.made else self.film.assembly.cues()
        texts = {
            "captions.vtt": captions.webvtt(cues),
            "captions.srt": captions.srt(cues),
            "edit.edl": self.edl(),
            "timeline.otio": self.otio(),
            "recipes.json": json.dumps(self.recipes(), indent=2, ensure_ascii=False) + "\n",
        }
        for name, text in texts.items():
            zipped.add_text(f"{folder}/{name}", text, now)
        for name, stored in self._files().items():
            zipped.add_file(f"{folder}/{name}", stored, now)
        return zipped.finish()

    def recipes(self) -> dict[str, Any]:
        """How the film and every clip in it were made; enough to make them again."""
        there = self._files()
        made, frozen = self.made, self.frozen
        track = frozen["track"] or {}
        look = ("width", "height", "fps", "framing", "title", "even_loudness")
        return {
            "film": {
                "name": self.film.name,
                "file": "film.mp4" if "film.mp4" in there else None,
                "sha256": made.sha256 if made else None,
                "seconds": made.seconds if made else None,
                **{name: frozen[name] for name in look},
                "track": {name: value for name, value in track.items() if name != "file"} or None,
            },
            "order": [
                {
                    "file": f"{CLIPS}/{self.names[piece['file']]}",
                    **{name: piece[name] for name in ("name", "start", "end", "crossfade")},
                }
                for piece in frozen["pieces"]
            ],
            "clips": [self._recipe(piece, there) for piece in self._once()],
        }

    def _recipe(self, piece: Mapping[str, Any], there: Mapping[str, str]) -> dict[str, Any]:
        path = f"{CLIPS}/{self.names[piece['file']]}"
        clip = self.clips.get(piece["clip"])
        known = {"file": path if path in there else None, "id": piece["clip"], "name": piece["name"]}
        return known | (_recipe(clip) if clip else {"deleted": True})

    def _media(self, folder: str) -> dict[int, str]:
        return {at: folder + self.names[piece["file"]] for at, piece in enumerate(self.frozen["pieces"])}

    def _once(self) -> list[dict[str, Any]]:
        """Its pieces, but each file only once."""
        found: dict[str, dict[str, Any]] = {}
        for piece in self.frozen["pieces"]:
            found.setdefault(piece["file"], piece)
        return list(found.values())

    def _files(self) -> dict[str, str]:
        """Name in the ZIP file to name in storage, of what is there."""
        track = self.frozen["track"]
        files = {f"{CLIPS}/{name}": stored for stored, name in self.names.items()}
        if track:
            files[f"track.{track['file'].rpartition('.')[2]}"] = track["file"]
        if self.made:
            files["film.mp4"] = self.made.file.name
        return {name: stored for name, stored in files.items() if default_storage.exists(stored)}


_PLAIN = ("model", "prompt", "negative_prompt", "aspect_ratio", "resolution", "duration_seconds", "seed")
_MEASURED = ("width", "height", "seconds", "size", "sha256")


def _recipe(clip: Clip) -> dict[str, Any]:
    parts = [
        {"method": part.method, "seconds": part.seconds, "prompt": part.prompt, "scenes": part.scenes}
        | {"price_usd": _usd(part.price_micros)}
        for part in clip.parts.all()
    ]
    return {
        **{name: getattr(clip, name) for name in _PLAIN},
        "audio": clip.audio,
        "take": clip.take,
        "task": clip.task or None,
        "source": str(clip.source_id) if clip.source_id else None,
        "pictures": {
            "first": clip.seed_picture_id is not None,
            "last": clip.last_picture_id is not None,
            "references": len(clip.references.all()),
        },
        "script": clip.script or None,
        "parts": parts,
        "service": clip.back_end,
        "simulated": clip.simulated,
        "asked_at": clip.asked_at.isoformat(timespec="seconds"),
        "price_usd": _usd(clip.price_micros),
        "cost_usd": None if clip.cost_micros is None else _usd(clip.cost_micros),
        **{name: getattr(clip, name) for name in _MEASURED},
    }


def _usd(micros: int) -> float:
    return micros / 1_000_000
