"""Projects, the pictures uploaded to them, and the one rule of who may see them."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models.functions import Now
from django.urls import reverse


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: Any) -> "ProjectQuerySet":
        """Every page, fragment and file asks here, and only here, who may see a project (promise P5)."""
        return self.filter(owner_id=user.pk)


class Project(models.Model):
    """A folder of work."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "name"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="project_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("project_detail", args=[self.pk])

    def remove(self) -> None:
        """Deletes the project with its clips, then their files."""
        names = [name for clip in self.clips.all() for name in clip.file_names()]
        names += self.pictures.values_list("file", flat=True)
        for film in self.films.all():
            names += [
                film.track.name,
                *(name for render in film.renders.all() for name in render.file_names()),
            ]
        self.delete()
        remove_files(names)


def picture_path(picture: "Picture", filename: str) -> str:
    return f"pictures/{picture.pk}.{filename.rpartition('.')[2]}"


class PictureQuerySet(models.QuerySet["Picture"]):
    def visible_to(self, user: Any) -> "PictureQuerySet":
        return self.filter(project__in=Project.objects.visible_to(user))

    def unused(self) -> "PictureQuerySet":
        return self.filter(clips_started=None, clips_ended=None, clips_referring=None, shots=None)

    def sweep(self) -> None:
        """Deletes pictures that were uploaded a week ago and never used."""
        stale = self.unused().filter(created_at__lt=Now() - dt.timedelta(days=7))
        with transaction.atomic():
            remove_files(stale.values_list("file", flat=True))
            stale.delete()


class Picture(models.Model):
    """An uploaded picture, cleaned and re-encoded, in its own proportions.

    What Google sees is cut from it to the clip's aspect ratio, so that the same picture serves every ratio.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="pictures")
    file = models.FileField(upload_to=picture_path)
    mime_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PictureQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.width} × {self.height} picture"


def remove_files(names: Iterable[str]) -> None:
    """Deletes files once the rows that named them are gone for good."""
    wanted = [name for name in names if name]

    def remove() -> None:
        for name in wanted:
            default_storage.delete(name)

    transaction.on_commit(remove)
