"""What a project is planned from: who speaks in it, and its shots in order, made or not."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils.text import Truncator

from projects import prompts
from projects.models.clips import Clip
from projects.models.films import Film
from projects.models.projects import Picture, Project, remove_files
from projects.models.states import ClipStatus
from projects.veo.catalog import CATALOG

MOST_SHOTS = 200
"""On one storyboard; ours."""


class StoryboardFull(Exception):
    """It has as many shots as one may have."""


class Speaker(models.Model):
    """Somebody who speaks in a project, described once; the words go into every prompt where they speak."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="speakers")
    name = models.CharField(max_length=40)
    looks = models.TextField(blank=True)
    voice = models.TextField(blank=True)

    class Meta:
        ordering = [Lower("name")]
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="one_speaker_a_name"),
            models.CheckConstraint(condition=~Q(name=""), name="speaker_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def as_sent(self) -> prompts.Speaker:
        return prompts.Speaker(name=self.name, looks=self.looks, voice=self.voice)


class ShotQuerySet(models.QuerySet["Shot"]):
    def visible_to(self, user: Any) -> "ShotQuerySet":
        return self.filter(project__in=Project.objects.visible_to(user))

    def with_takes(self) -> "ShotQuerySet":
        """With everything that is asked of each on a storyboard, in three queries."""
        return self.select_related("project").prefetch_related("clips", "pictures")

    def held(self, project: Project) -> list["Shot"]:
        """All shots of a project in order. Nobody else changes the order until the transaction has ended."""
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        return list(self.filter(project=project))

    def put(
        self,
        project: Project,
        settings: dict[str, Any],
        pictures: Iterable[Picture],
        *,
        token: uuid.UUID | None = None,
        take: Clip | None = None,
    ) -> "Shot":
        """Adds a shot at the end; `take` becomes its first. Raises StoryboardFull.

        A repeated press with the same `token` and settings gets the shot of the first.
        """
        pk = uuid.uuid5(project.pk, f"shot {token}") if token else uuid.uuid4()
        with transaction.atomic():
            there = self.held(project)
            earlier = next((shot for shot in there if shot.pk == pk), None)
            if earlier and earlier.settings == settings:
                return earlier
            if len(there) >= MOST_SHOTS:
                raise StoryboardFull
            pk = uuid.uuid4() if earlier else pk
            shot = self.create(pk=pk, project=project, position=len(there), settings=settings)
            _number([*there, shot])
            shot.pictures.set(pictures)
            if take:
                Clip.objects.filter(pk=take.pk).update(shot=shot)
        return shot

    def make_film(self, project: Project, token: uuid.UUID) -> Film:
        """A film of the takes that stand for the shots, in order, once a press of the button."""
        pk = uuid.uuid5(project.pk, f"film {token}")
        with transaction.atomic():
            self.held(project)
            name = f"{project.name[:60]}, film {project.films.count() + 1}"
            film, new = project.films.get_or_create(pk=pk, defaults={"name": name})
            if new:
                for shot in self.filter(project=project).with_takes():
                    if shot.take:
                        film.add(shot.take)
        return film


class Shot(models.Model):
    """One place in the storyboard: the settings of a clip that may not have been made yet.

    Its clips are its takes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="shots")
    position = models.PositiveSmallIntegerField()
    settings = models.JSONField(default=dict)
    """What the clip form is filled with: its fields by name, pictures by their ids."""
    pictures = models.ManyToManyField(Picture, blank=True, related_name="shots")
    """Those that the settings name, so that they are kept."""
    chosen = models.ForeignKey("Clip", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    """The take that a person marked; without one the newest ready take stands for the shot."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ShotQuerySet.as_manager()

    class Meta:
        ordering = ["position", "created_at"]

    def __str__(self) -> str:
        return f"shot {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("shot_detail", args=[self.pk])

    # --- questions ---

    @property
    def number(self) -> int:
        return self.position + 1

    @property
    def prompt(self) -> str:
        return str(self.settings.get("prompt", ""))

    @property
    def words(self) -> str:
        """What it is called: its prompt, or what is said and done first where it is all scenes."""
        text = " ".join(self.prompt.split()) or self._first_scene()
        return Truncator(text).chars(240) or "Nothing written yet"

    def _first_scene(self) -> str:
        beats = (str(self.settings.get(f"scenes-0-{name}", "")) for name in ("action", "line"))
        return " ".join(" ".join(beats).split())

    @property
    def model_label(self) -> str:
        known = CATALOG.get(str(self.settings.get("model", "")))
        return known.label if known else str(self.settings.get("model", ""))

    @property
    def ratio_slug(self) -> str:
        return "9x16" if self.settings.get("aspect_ratio") == "9:16" else "16x9"

    @property
    def takes(self) -> list[Clip]:
        """The newest first."""
        return list(self.clips.all())

    @property
    def take(self) -> Clip | None:
        """The one that goes into a film: the marked one if it is ready, else the newest that is."""
        ready = [take for take in self.takes if take.ready]
        return next((take for take in ready if take.pk == self.chosen_id), next(iter(ready), None))

    @property
    def shown(self) -> Clip | None:
        """The take whose status is the shot's: the ready one, else one at work, else the newest."""
        order = (*ClipStatus.ACTIVE, ClipStatus.UNCONFIRMED)
        going_on = [take for status in order for take in self.takes if take.status == status]
        return self.take or next(iter([*going_on, *self.takes]), None)

    @property
    def status(self) -> str:
        """As of a clip; "" while it has no take."""
        return str(self.shown.status) if self.shown else ""

    @property
    def undecided(self) -> bool:
        """Its one hope is a take of which nobody knows whether Google makes it, and charges for it."""
        return self.status == ClipStatus.UNCONFIRMED

    @property
    def missing(self) -> bool:
        """Nothing is ready or at work, and nothing may have been paid for without our knowing."""
        return self.status not in (ClipStatus.READY, ClipStatus.UNCONFIRMED, *ClipStatus.ACTIVE)

    @property
    def poster(self) -> Clip | None:
        """The take whose picture is shown; one that has parts of its video will do."""
        seen = [take for take in (self.take, *self.takes) if take and take.watchable and take.poster]
        return next(iter(seen), None)

    @property
    def picture(self) -> Picture | None:
        """Its seed picture."""
        wanted = str(self.settings.get("seed_picture", ""))
        return next((picture for picture in self.pictures.all() if str(picture.pk) == wanted), None)

    # --- a person's decisions ---

    def change(self, settings: dict[str, Any], pictures: Iterable[Picture]) -> None:
        """Its takes stay what they are."""
        with transaction.atomic():
            self.settings = settings
            self.save(update_fields=["settings"])
            self.pictures.set(pictures)

    def move_to(self, place: int) -> None:
        """To that place, counted from 0, or the nearest there is."""
        self._move(lambda _: place)

    def move_by(self, steps: int) -> None:
        self._move(lambda place: place + steps)

    def take_in(self, clip: Clip) -> None:
        """Makes a clip of the same project a take, and the one that stands for the shot."""
        with transaction.atomic():
            Clip.objects.filter(pk=clip.pk, project_id=self.project_id).update(shot=self)
            Shot.objects.filter(pk=self.pk).update(chosen=clip)
            Shot.objects.filter(chosen=clip).exclude(pk=self.pk).update(chosen=None)

    def choose_newest(self) -> None:
        """No take is marked any more."""
        Shot.objects.filter(pk=self.pk).update(chosen=None)

    def remove(self) -> None:
        """Deletes the shot and the pictures that nothing else uses; its takes stay clips of the project."""
        pictures = list(self.pictures.values_list("pk", flat=True))
        with transaction.atomic():
            rest = [shot for shot in Shot.objects.held(self.project) if shot != self]
            self.delete()
            _number(rest)
            unused = Picture.objects.filter(pk__in=pictures).unused()
            names = list(unused.values_list("file", flat=True))
            unused.delete()
            remove_files(names)

    def _move(self, where: Callable[[int], int]) -> None:
        with transaction.atomic():
            shots = Shot.objects.held(self.project)
            if self not in shots:
                return
            place = where(shots.index(self))
            shots.remove(self)
            shots.insert(min(max(place, 0), len(shots)), self)
            _number(shots)


def _number(shots: list[Shot]) -> None:
    """Counts them as they come. The positions they bring are those of their rows."""
    moved = [(place, shot) for place, shot in enumerate(shots) if shot.position != place]
    for place, shot in moved:
        Shot.objects.filter(pk=shot.pk).update(position=place)
