"""Who speaks in a project."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from projects.forms import SpeakerForm
from projects.models import Project, Speaker
from projects.views.access import visible_project


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Everybody, and the form for one more."""
    project = visible_project(request, pk)
    data = request.POST if request.method == "POST" else None
    form = SpeakerForm(data, instance=Speaker(project=project))
    if data is not None and form.is_valid() and form.saved():
        messages.success(request, f"{form.instance.name} is a speaker now.")
        return redirect("speaker_list", project.pk)
    context = {"project": project, "form": form, "speakers": project.speakers.all()}
    return render(request, "projects/speaker_list.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: uuid.UUID, speaker_pk: int) -> HttpResponse:
    """Clips that are made already keep the words that they were made with."""
    project = visible_project(request, pk)
    speaker = _speaker(project, speaker_pk)
    name = speaker.name
    data = request.POST if request.method == "POST" else None
    form = SpeakerForm(data, instance=speaker)
    if data is not None and form.is_valid() and form.saved():
        messages.success(request, f"{form.instance.name} is changed.")
        return redirect("speaker_list", project.pk)
    context = {"project": project, "form": form, "speaker": speaker, "name": name}
    return render(request, "projects/speaker_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: uuid.UUID, speaker_pk: int) -> HttpResponse:
    """After a question."""
    project = visible_project(request, pk)
    speaker = _speaker(project, speaker_pk)
    if request.method != "POST":
        return render(request, "projects/speaker_delete.html", {"project": project, "speaker": speaker})
    speaker.delete()
    messages.success(request, f"{speaker.name} is no speaker of this project any more.")
    return redirect("speaker_list", project.pk)


def _speaker(project: Project, pk: int) -> Speaker:
    # Python counts further than a database does.
    return get_object_or_404(project.speakers.filter(pk=pk) if pk < 2**63 else project.speakers.none())
