"""What staff may see: everything. What they may set: prices and switches of models, and nothing else.

All other rows are evidence of paid work, and the state machine alone decides over them. They are read, never
added, changed or deleted by hand; a user who owns any of them cannot be deleted either.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from projects import figures
from projects.models import (
    BackEndReport,
    Clip,
    ClipReference,
    Cut,
    Event,
    Film,
    Gate,
    ModelOverride,
    Operation,
    Part,
    Picture,
    PollerHeartbeat,
    Project,
    Render,
    Shot,
    Speaker,
    Submission,
)
from projects.veo.catalog import BACK_ENDS, CATALOG

admin.site.site_header = "veoweb"
admin.site.site_title = "veoweb"
admin.site.index_title = "What the studio has done"


class ReadOnly:
    """Mixed into every model admin and inline."""

    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):
    list_per_page = 50


class PartInline(ReadOnly, admin.TabularInline):
    model = Part
    fields = ("position", "method", "seconds", "price_micros", "consents", "agreed_by", "agreed_at")
    readonly_fields = fields
    show_change_link = True


class OperationInline(ReadOnly, admin.TabularInline):
    model = Operation
    fields = ("part", "attempt", "state", "reason", "remote_ref", "next_at", "owner", "tries")
    show_change_link = True


class SubmissionInline(ReadOnly, admin.TabularInline):
    model = Submission
    fields = ("ordinal", "consent", "outcome", "consented_by", "price_micros", "sent_at", "closed_at")
    show_change_link = True


class EventInline(ReadOnly, admin.TabularInline):
    model = Event
    fields = ("at", "before", "after", "note")
    readonly_fields = fields


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")


@admin.register(Clip)
class ClipAdmin(ReadOnlyAdmin):
    list_display = ("title", "status", "model", "project", "asked_by", "asked_at", "price", "cost")
    list_filter = ("status", "model", "simulated")
    list_select_related = ("project", "asked_by")
    search_fields = ("prompt", "project__name", "=id")
    date_hierarchy = "asked_at"
    inlines: ClassVar = [PartInline, OperationInline]
    exclude = ("video", "poster")
    readonly_fields = ("video_file", "poster_file")

    @admin.display(ordering="price_micros")
    def price(self, clip: Clip) -> str:
        return figures.usd(clip.price_micros)

    @admin.display(ordering="cost_micros")
    def cost(self, clip: Clip) -> str | None:
        return None if clip.cost_micros is None else figures.usd(clip.cost_micros)

    @admin.display(description="video")
    def video_file(self, clip: Clip) -> str:
        """The name without Django's link: files are served to members only."""
        return clip.video.name

    @admin.display(description="poster")
    def poster_file(self, clip: Clip) -> str:
        return clip.poster.name


@admin.register(Part)
class PartAdmin(ReadOnlyAdmin):
    list_display = ("clip", "position", "method", "seconds", "price", "consents", "agreed_by", "agreed_at")
    list_filter = ("method",)
    list_select_related = ("clip", "agreed_by")
    search_fields = ("prompt", "=clip__id")
    inlines: ClassVar = [OperationInline]

    @admin.display(ordering="price_micros")
    def price(self, part: Part) -> str:
        return figures.usd(part.price_micros)


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    list_display = ("clip", "part", "state", "reason", "back_end", "tries", "next_at", "owner", "created_at")
    list_filter = ("state", "back_end", "reason")
    list_select_related = ("clip", "part")
    search_fields = ("remote_ref", "=id", "=clip__id")
    inlines: ClassVar = [SubmissionInline, EventInline]
    exclude = ("file",)
    readonly_fields = ("stored_file",)

    @admin.display(description="file")
    def stored_file(self, operation: Operation) -> str:
        return operation.file.name


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    list_display = ("operation", "ordinal", "consent", "outcome", "consented_by", "price_micros", "sent_at")
    list_filter = ("outcome",)
    list_select_related = ("operation", "consented_by")
    search_fields = ("remote_ref", "=operation__id")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("at", "operation", "before", "after", "note")
    list_select_related = ("operation",)
    search_fields = ("note", "=operation__id")


@admin.register(Picture)
class PictureAdmin(ReadOnlyAdmin):
    list_display = ("id", "project", "mime_type", "width", "height", "created_at")
    list_select_related = ("project",)
    exclude = ("file",)
    readonly_fields = ("stored_file",)

    @admin.display(description="file")
    def stored_file(self, picture: Picture) -> str:
        return picture.file.name


@admin.register(ClipReference)
class ClipReferenceAdmin(ReadOnlyAdmin):
    list_display = ("clip", "position", "picture")
    list_select_related = ("clip", "picture")


@admin.register(Speaker)
class SpeakerAdmin(ReadOnlyAdmin):
    list_display = ("name", "project", "looks", "voice")
    list_select_related = ("project",)
    search_fields = ("name", "looks", "voice", "=project__id")


@admin.register(Shot)
class ShotAdmin(ReadOnlyAdmin):
    list_display = ("id", "project", "position", "prompt", "created_at")
    list_select_related = ("project",)
    search_fields = ("=id", "=project__id", "project__name")


class CutInline(ReadOnly, admin.TabularInline):
    model = Cut
    fields = ("position", "clip", "start", "end", "crossfade")


class RenderInline(ReadOnly, admin.TabularInline):
    model = Render
    fields = ("state", "asked_by", "asked_at", "progress", "tries", "owner", "next_at", "sentence")
    readonly_fields = fields
    show_change_link = True


@admin.register(Film)
class FilmAdmin(ReadOnlyAdmin):
    list_display = ("name", "project", "framing", "created_at")
    list_select_related = ("project",)
    search_fields = ("name", "project__name", "=id")
    inlines: ClassVar = [CutInline, RenderInline]
    exclude = ("track",)
    readonly_fields = ("stored_track",)

    @admin.display(description="track")
    def stored_track(self, film: Film) -> str:
        """The name without Django's link, as for every file here."""
        return film.track.name


@admin.register(Cut)
class CutAdmin(ReadOnlyAdmin):
    list_display = ("film", "position", "clip_title", "start", "end", "crossfade")
    list_select_related = ("film",)
    search_fields = ("clip_title", "=film__id", "=clip__id")


@admin.register(Render)
class RenderAdmin(ReadOnlyAdmin):
    list_display = ("film", "state", "asked_by", "asked_at", "progress", "tries", "owner", "next_at")
    list_filter = ("state",)
    list_select_related = ("film", "asked_by")
    search_fields = ("film__name", "sentence", "=id", "=film__id")
    date_hierarchy = "asked_at"
    exclude = ("file", "poster")
    readonly_fields = ("stored_file", "stored_poster")

    @admin.display(description="file")
    def stored_file(self, render: Render) -> str:
        return render.file.name

    @admin.display(description="poster")
    def stored_poster(self, render: Render) -> str:
        return render.poster.name


@admin.register(Gate)
class GateAdmin(ReadOnlyAdmin):
    list_display = ("model", "back_end", "not_before", "strikes", "reason")


@admin.register(PollerHeartbeat)
class PollerHeartbeatAdmin(ReadOnlyAdmin):
    list_display = ("poller", "host", "seen_at")


class ModelOverrideForm(forms.ModelForm):
    """Chooses the model from the catalog: a list in the database's field would want a migration a model."""

    class Meta:
        model = ModelOverride
        fields = ("model", "switched_off", "note", "prices", "retired_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "model" in self.fields:
            help_text = "What is not set below stays as in veoweb’s own catalog."
            self.fields["model"] = forms.ChoiceField(choices=_models(), help_text=help_text)


def _models() -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (name, [(model.id, f"{model.label} ({model.id})") for model in CATALOG.of(back_end)])
        for back_end, name in BACK_ENDS.items()
    ]


@admin.register(ModelOverride)
class ModelOverrideAdmin(admin.ModelAdmin):
    form = ModelOverrideForm
    list_display = ("model", "switched_off", "prices", "retired_at", "note")
    list_filter = ("switched_off",)
    search_fields = ("model", "note")

    def get_readonly_fields(self, request: HttpRequest, obj: ModelOverride | None = None) -> tuple[str, ...]:
        """The model is the key of the row, so another model is another row."""
        return ("model", "told", "told_by") if obj else ()


@admin.register(BackEndReport)
class BackEndReportAdmin(ReadOnlyAdmin):
    list_display = ("back_end", "accepted", "checked_at", "last_success_at", "last_error_at", "background_ok")
