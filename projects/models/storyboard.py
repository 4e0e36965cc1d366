"""What a project is planned from: who speaks in it, and its shots in order, made or not."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from projects import prompts
from projects.models.projects import Picture, Project


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
        return f"shot {self.position + 1}"

    @property
    def prompt(self) -> str:
        return str(self.settings.get("prompt", ""))
