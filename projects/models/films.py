"""Films: clips in order, joined into one file by a poller; nothing in them is paid."""

import uuid
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.text import slugify

from projects.captions import Cue
from projects.models.clips import Clip
from projects.models.leased import ForbiddenArrow, Leased
from projects.models.projects import Project, remove_files
from projects.models.reels import Assembly, frozen_cues, thawed_cues


def track_path(film: "Film", filename: str) -> str:
    return f"tracks/{film.pk}-{uuid.uuid4().hex[:8]}.{filename.rpartition('.')[2]}"


class FilmQuerySet(models.QuerySet["Film"]):
    def visible_to(self, user: Any) -> "FilmQuerySet":
        return self.filter(project__in=Project.objects.visible_to(user))


class Film(models.Model):
    """An ordered assembly of clips, and how they are put together."""

    FRAMINGS = (
        ("fit", "Fit: the whole picture, black bars beside it"),
        ("fill", "Fill: cropped to the film’s shape"),
        ("pad", "Pad: the whole picture over a blurred copy"),
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="films")
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    size = models.CharField(max_length=9, blank=True)
    """ "1280x720"; empty: as most of its clips are."""
    framing = models.CharField(max_length=4, choices=FRAMINGS, default="fit")
    title = models.CharField(max_length=120, blank=True)
    """The words of the card before the first clip; empty: no card."""
    title_seconds = models.FloatField(default=3.0)
    even_loudness = models.BooleanField(default=False)
    track = models.FileField(blank=True, upload_to=track_path)
    track_name = models.CharField(max_length=120, blank=True)
    """What the uploaded file was called."""
    track_volume = models.FloatField(default=0.5)
    duck = models.BooleanField(default=True)

    objects = FilmQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="film_has_a_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("film_detail", args=[self.pk])

    @property
    def latest(self) -> "Render | None":
        return self.renders.first()

    @property
    def made(self) -> "Render | None":
        """The one whose file is the film: the newest that is ready, also while another is at work."""
        return self.renders.filter(state=RenderState.READY).first()

    @property
    def outdated(self) -> bool:
        """Whether the film was changed since its file was made."""
        made = self.made
        return made is not None and made.reel != self.assembly.frozen

    # --- as it would be rendered now: see `Assembly` ---

    @property
    def assembly(self) -> Assembly:
        return Assembly(self)

    def troubles(self) -> list[str]:
        return self.assembly.troubles()

    def mixed(self) -> list[str]:
        return self.assembly.mixed()

    def needs_reencoding(self) -> str:
        return self.assembly.needs_reencoding()

    def span(self) -> float:
        return self.assembly.seconds

    def cues(self) -> list[Cue]:
        """The captions of its file, or of the film as it is planned while there is none."""
        made = self.made
        return thawed_cues(made.cues) if made else self.assembly.cues()

    def download_name(self, ending: str = "mp4") -> str:
        """`night-market_rain-on-neon.mp4`"""
        project = slugify(self.project.name)[:32].strip("-") or "project"
        return f"{project}_{slugify(self.name)[:48].strip('-') or 'film'}.{ending}"

    # --- what a person does ---

    def add(self, clip: Clip) -> "Cut":
        """Puts a clip at the end."""
        return self.cuts.create(clip=clip, clip_title=clip.title, position=self.cuts.count())

    def put_in_order(self, cuts: list["Cut"]) -> None:
        """Numbers them as they come."""
        for position, cut in enumerate(cuts):
            if cut.position != position:
                Cut.objects.filter(pk=cut.pk).update(position=position)

    def ask_render(self, user: Any, token: uuid.UUID) -> "Render":
        """One queued render a press of the button, of the film as it is now. For one without `troubles`.

        ForbiddenArrow while another is at work.
        """
        planned = self.assembly
        frozen = {"reel": planned.frozen, "cues": frozen_cues(planned.cues())}
        try:
            with transaction.atomic():
                render = self.renders.create(asked_by=user, token=token, next_at=Now(), **frozen)
        except IntegrityError:
            if earlier := self.renders.filter(token=token).first():
                return earlier
            raise ForbiddenArrow("this film is being rendered") from None
        return render

    def remove(self) -> None:
        """Deletes the film and its files; its clips stay."""
        names = self.file_names()
        with transaction.atomic():
            self.delete()
            remove_files(names)

    def file_names(self) -> list[str]:
        rendered = (name for render in self.renders.all() for name in render.file_names())
        return [self.track.name, *rendered]


class Cut(models.Model):
    """One clip's place in a film: from `start` to `end` seconds of the clip (`end` None: to its end)."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="cuts")
    clip = models.ForeignKey(Clip, on_delete=models.SET_NULL, null=True, blank=True, related_name="cuts")
    clip_title = models.CharField(max_length=120)
    """What the clip was called, for when it is deleted."""
    position = models.PositiveSmallIntegerField()
    start = models.FloatField(default=0.0)
    end = models.FloatField(null=True, blank=True)
    crossfade = models.FloatField(default=0.0)
    """Seconds over which the clip before it melts into this one; 0 is a cut."""

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(start__gte=0) & Q(crossfade__gte=0), name="cut_is_in_its_clip"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position + 1}: {self.clip_title}"


class RenderState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RENDERING = "rendering", "Rendering"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class RenderQuerySet(models.QuerySet["Render"]):
    def due(self) -> "RenderQuerySet":
        return self.filter(next_at__lte=Now())


class Render(Leased):
    """One making of a film's file, from a frozen list of what goes into it."""

    WORKED_ON_WITH = ("film",)
    ACTIVE = (RenderState.QUEUED, RenderState.RENDERING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="renders")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    token = models.UUIDField()
    reel = models.JSONField()
    """See `projects.models.reels`: files by their names in storage, clips by their ids."""
    cues = models.JSONField(default=list, blank=True)
    """Its captions."""
    state = models.CharField(max_length=10, choices=RenderState, default=RenderState.QUEUED)
    progress = models.FloatField(default=0.0)
    """How much of it is made, 0 to 1."""
    begun_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    """How often it was begun, without those times that a poller put it back because it was asked to stop."""
    sentence = models.TextField(blank=True)
    """What went wrong."""

    file = models.FileField(blank=True)
    poster = models.FileField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)

    objects = RenderQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="renders_due"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["film", "token"], name="one_render_a_press"),
            models.UniqueConstraint(
                fields=["film"], condition=Q(state__in=("queued", "rendering")), name="one_render_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("queued", "rendering"), next_at__isnull=False)
                | (~Q(state__in=("queued", "rendering")) & Q(next_at__isnull=True, owner="")),
                name="active_render_has_a_next_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | (~Q(file="") & ~Q(sha256="")), name="ready_render_has_its_file"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.pk}"

    @property
    def active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def ready(self) -> bool:
        return self.state == RenderState.READY

    @property
    def folder(self) -> str:
        """Where its files lie in storage."""
        return f"films/{self.pk}"

    def file_names(self) -> list[str]:
        """Its files, and what a poller that was killed before it could name its own has left beside them."""
        try:
            _, found = default_storage.listdir(self.folder)
        except FileNotFoundError:
            found = []
        return sorted({self.file.name, self.poster.name, *(f"{self.folder}/{name}" for name in found)})

    def remove_strays(self) -> None:
        """Deletes what was left in its folder and is not the film."""
        remove_files(set(self.file_names()) - {self.file.name, self.poster.name})

    def remove_older(self) -> None:
        """Deletes what earlier renders of the film left, once this one is ready."""
        older = self.film.renders.exclude(pk=self.pk).exclude(state__in=self.ACTIVE)
        names = [name for render in older for name in render.file_names()]
        with transaction.atomic():
            older.delete()
            remove_files(names)

    # --- the poller's arrows ---

    def begin(self) -> None:
        """queued or (its holder is gone) rendering → rendering. Stays in hand."""
        self._move(RenderState.RENDERING, begun_at=Now(), progress=0.0, tries=F("tries") + 1, sentence="")

    def report(self, progress: float) -> None:
        """Raises LostLease when a person cancelled it, or another poller has it."""
        self._update(False, progress=progress)

    def put_back(self) -> None:
        """rendering → queued: any poller may begin anew; it does not count as a try."""
        self._move(RenderState.QUEUED, **self._anew(0), tries=F("tries") - 1)

    def meet_trouble(self, *, next_in: float, reason: str, sentence: str) -> None:
        """rendering → queued: something went wrong that a later try may not meet."""
        self._move(RenderState.QUEUED, **self._anew(next_in), sentence=sentence)

    def finish(self, **file: Any) -> None:
        """rendering → ready: the file stands under its final name."""
        self._move(RenderState.READY, **self._end(), **file, progress=1.0, sentence="")

    def fail(self, sentence: str) -> None:
        self._move(RenderState.FAILED, **self._end(), sentence=sentence)

    # --- a person's ---

    def cancel(self) -> None:
        """A poller that is at it notices at its next report, and throws its work away."""
        if not self.active:
            raise ForbiddenArrow(f"not from {self.state}")
        self._move(RenderState.CANCELLED, by_person=True, **self._end())

    def _end(self) -> dict[str, Any]:
        return {"next_at": None, "owner": "", "finished_at": Now()}

    def _anew(self, next_in: float) -> dict[str, Any]:
        return {**self._release(next_in), "begun_at": None, "progress": 0.0}

    def _move(self, to: str, *, by_person: bool = False, **fields: Any) -> None:
        """The only line that changes a state. Raises LostLease."""
        self._update(by_person, state=to, **fields)
        self.refresh_from_db()
