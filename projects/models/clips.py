"""Clips: what a person asked for, and what became of it."""

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.text import Truncator, slugify

from projects.models.chains import Chain
from projects.models.lineup import Lineup
from projects.models.projects import Picture, Project, remove_files
from projects.models.reasons import Explanation, explain
from projects.models.states import ClipStatus, State
from projects.veo.catalog import CATALOG, EDIT, EXTEND, GEMINI_VEO, Model

if TYPE_CHECKING:
    from projects.models.operations import Operation


class ClipQuerySet(models.QuerySet["Clip"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(project__in=Project.objects.visible_to(user))

    def with_operation(self) -> Self:
        return self.prefetch_related("operations__part", "parts__operations")

    def active(self) -> Self:
        return self.filter(status__in=ClipStatus.ACTIVE)

    def asked_with(self, project: Project, token: uuid.UUID) -> Self:
        """The clips that an earlier press of the same button made."""
        return self.filter(project=project, form_token=token).order_by("take")

    def ask_for(
        self, project: Project, user: Any, token: uuid.UUID, takes: int, recipe: dict[str, Any]
    ) -> list["Clip"]:
        """Writes one queued clip a take, each with the consent to pay for it once.

        `recipe` holds the frozen fields of a clip; `references`, its pictures in order; and `parts`, what
        each of its generations is to make, where that is more than one. The same `token` never makes a
        second set: a double click or a repeated POST gets the clips of the first.
        """
        model = Lineup.now().catalog.by_id[recipe["model"]]
        parts = recipe.get("parts") or [_only_part(recipe, model)]
        try:
            with transaction.atomic():
                return [
                    self._ask_for_one(project, user, token, take, model, parts, recipe)
                    for take in range(1, takes + 1)
                ]
        except IntegrityError:
            if earlier := list(self.asked_with(project, token)):
                return earlier
            raise

    def _ask_for_one(
        self,
        project: Project,
        user: Any,
        token: uuid.UUID,
        take: int,
        model: Model,
        parts: list[dict[str, Any]],
        recipe: dict[str, Any],
    ) -> "Clip":
        fields = {name: value for name, value in recipe.items() if name not in ("references", "parts")}
        clip = self.create(
            project=project,
            asked_by=user,
            form_token=token,
            take=take,
            price_micros=sum(part["price_micros"] for part in parts),
            back_end=model.back_end,
            simulated=settings.DEMO,
            **fields,
        )
        for position, picture in enumerate(recipe.get("references", ())):
            clip.references.create(picture=picture, position=position)
        for position, part in enumerate(parts):
            clip.parts.create(position=position, agreed_by=user, **part)
        clip.parts.all()[0].ask("Asked for")
        return clip


def _only_part(recipe: dict[str, Any], model: Model) -> dict[str, Any]:
    source = recipe.get("source")
    price = model.price(
        recipe["resolution"],
        recipe["duration_seconds"],
        audio=recipe.get("audio", True),
        source_seconds=(source and source.seconds) or 0,
    )
    script = recipe.get("script") or {}
    return {
        "prompt": recipe["prompt"],
        "seconds": recipe["duration_seconds"],
        "price_micros": price,
        "scenes": script.get("scenes", []),
    }


class Clip(models.Model):
    """One shot: a frozen recipe, a status, and in the end one video file. To change it, make a new clip."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="clips")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    form_token = models.UUIDField(default=uuid.uuid4, editable=False)
    take = models.PositiveSmallIntegerField(default=1)

    prompt = models.TextField()
    negative_prompt = models.TextField(blank=True)
    script = models.JSONField(default=dict, blank=True)
    """The timed scenes that the prompt was compiled from; empty for a prompt in plain words."""
    model = models.CharField(max_length=80)
    back_end = models.CharField(max_length=20)
    aspect_ratio = models.CharField(max_length=8)
    resolution = models.CharField(max_length=8)
    duration_seconds = models.PositiveSmallIntegerField()
    """Of all its parts. Of an extension of another clip: the seconds it adds."""
    seed_picture = models.ForeignKey(
        Picture, on_delete=models.RESTRICT, null=True, blank=True, related_name="clips_started"
    )
    last_picture = models.ForeignKey(
        Picture, on_delete=models.RESTRICT, null=True, blank=True, related_name="clips_ended"
    )
    seed = models.PositiveBigIntegerField(null=True, blank=True)
    """A number that makes a generation repeatable, where the model takes one."""
    audio = models.BooleanField(default=True)
    task = models.CharField(max_length=8, blank=True, choices=[(EXTEND, "extension"), (EDIT, "edit")])
    """What is done to `source`; empty for a clip of its own."""
    source = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="derived"
    )
    shot = models.ForeignKey("Shot", on_delete=models.SET_NULL, null=True, blank=True, related_name="clips")
    stop_asked = models.BooleanField(default=False)
    """A person wants no further part after the one at work."""

    status = models.CharField(max_length=12, choices=ClipStatus, default=ClipStatus.QUEUED)
    version = models.PositiveIntegerField(default=1)
    """Rises whenever something visible changes, so that a page fetches only cards that differ."""
    finished_at = models.DateTimeField(null=True, blank=True)
    simulated = models.BooleanField(default=False)
    price_micros = models.PositiveBigIntegerField()
    """The price that was on the button, in micro-dollars."""
    cost_micros = models.PositiveBigIntegerField(null=True, blank=True)
    """What it cost by Google's list so far as that is known, in micro-dollars."""

    video = models.FileField(blank=True)
    poster = models.FileField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    """What we found in the file: frames, rate, codecs."""

    objects = ClipQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "take", "id"]
        indexes = [models.Index(fields=["project", "-asked_at"], name="clips_of_a_project")]
        constraints = [
            models.UniqueConstraint(fields=["project", "form_token", "take"], name="one_clip_a_press"),
            models.CheckConstraint(
                condition=~Q(status="ready") | (~Q(video="") & ~Q(sha256="") & Q(size__gt=0)),
                name="ready_clip_has_a_video",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ClipStatus.FINAL, finished_at__isnull=False)
                | (~Q(status__in=ClipStatus.FINAL) & Q(finished_at__isnull=True)),
                name="final_clip_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("clip_detail", args=[self.pk])

    # --- questions ---

    @property
    def reference_pictures(self) -> list[Picture]:
        return [reference.picture for reference in self.references.all()]

    def why_no_source(self, model: Model, task: str) -> str:
        """Why that model cannot extend or edit this clip, as a sentence; "" when it can.

        Google takes only its own results: by address while it keeps the file, by the interaction's name, or,
        on Vertex AI, as the video itself.
        """
        doing = "extended" if task == EXTEND else "edited"
        if not self.ready:
            return f"Only a finished clip can be {doing}."
        if self.chain.joined:
            return "It was joined here from several of Google's clips: go on from its last frame instead."
        if model.id != self.model:
            return f"A clip can only be {doing} by the model that made it, {self.model_label}."
        if self.simulated != settings.DEMO:
            return f"A clip of {'the demo' if self.simulated else 'Google'} cannot be {doing} here now."
        if model.back_end == GEMINI_VEO and not self.made.at_google:
            return "Google keeps a video for two days, and extends it only while it has it."
        return ""

    @property
    def title(self) -> str:
        """What it is about, in a line: of a scripted clip its setting, without the times of the scenes."""
        words = self.script.get("setting") or self.prompt
        return Truncator(" ".join(words.split())).chars(90)

    @property
    def operation(self) -> "Operation":
        """The newest: what happens to the clip now, or what happened last."""
        return list(self.operations.all())[-1]

    @property
    def made(self) -> "Operation":
        """The newest whose video came home: what an extension goes on from. IndexError when none did."""
        return [one for one in self.operations.all() if one.state == State.SUCCEEDED][-1]

    @property
    def chain(self) -> Chain:
        return Chain(self)

    @property
    def watchable(self) -> bool:
        """Whether there is a video: the whole clip, or its parts so far."""
        return self.video != ""

    @property
    def active(self) -> bool:
        return self.status in ClipStatus.ACTIVE

    @property
    def ready(self) -> bool:
        return self.status == ClipStatus.READY

    @property
    def deletable(self) -> bool:
        """Not while something that may have been paid for is still in flight."""
        return self.status in ClipStatus.FINAL

    @property
    def catalog_model(self) -> Model | None:
        return CATALOG.get(self.model)

    @property
    def model_label(self) -> str:
        return known.label if (known := self.catalog_model) else self.model

    @property
    def kind(self) -> tuple[str, str, int, bool]:
        """What takes about equally long as its part at work; see `OperationQuerySet.usual_seconds`."""
        return self.model, self.resolution, self.operation.part.seconds, self.simulated

    @property
    def portrait(self) -> bool:
        return self.aspect_ratio == "9:16"

    @property
    def stranded(self) -> bool:
        """Asked for in demo mode and demo mode is off now, or the other way round: no poller may touch it."""
        return self.active and self.simulated != settings.DEMO

    @property
    def explanation(self) -> Explanation | None:
        """What went wrong, what it cost and what comes next; None when all is well."""
        return explain(self)

    def cost_so_far(self) -> int | None:
        """What its ended generations cost, in micro-dollars; None while nothing of that is known."""
        ended = self.operations.filter(state__in=State.FINAL, charged_micros__isnull=False)
        total: int | None = ended.aggregate(total=Sum("charged_micros"))["total"]
        return total

    def file_names(self) -> list[str]:
        files = [operation.file.name for operation in self.operations.all()]
        return list(dict.fromkeys([self.video.name, self.poster.name, *files]))

    def download_name(self) -> str:
        """`night-market_rain-on-neon_take-2_1080p.mp4`"""
        words = slugify(Truncator(self.prompt).words(6, truncate=""))[:48].strip("-") or "clip"
        take = f"_take-{self.take}" if self.take > 1 else ""
        return f"{slugify(self.project.name)[:32] or 'project'}_{words}{take}_{self.resolution}.mp4"

    def remove(self) -> None:
        """Deletes a finished clip, then its files and the pictures nothing else uses."""
        if not self.deletable:
            raise ValueError("A clip that is still in flight cannot be deleted.")
        names = self.file_names()
        pictures = [pk for pk in (self.seed_picture_id, self.last_picture_id) if pk]
        pictures += self.references.values_list("picture_id", flat=True)
        with transaction.atomic():
            self.delete()
            unused = Picture.objects.filter(pk__in=pictures).unused()
            names += unused.values_list("file", flat=True)
            unused.delete()
            remove_files(names)

    # --- written by the operation only, in its own transaction ---

    def show(self, status: str, **fields: Any) -> None:
        """What the operation behind it has come to."""
        ended = Now() if status in ClipStatus.FINAL else None
        Clip.objects.filter(pk=self.pk).update(
            status=status, version=F("version") + 1, finished_at=ended, **fields
        )


class ClipReference(models.Model):
    """One reference image of a clip: what somebody or something looks like."""

    clip = models.ForeignKey(Clip, on_delete=models.CASCADE, related_name="references")
    picture = models.ForeignKey(Picture, on_delete=models.RESTRICT, related_name="clips_referring")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["clip", "position"], name="references_are_counted")]

    def __str__(self) -> str:
        return f"{self.position + 1}: {self.picture}"
