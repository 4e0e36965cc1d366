"""Going on from a finished clip: its last frame becomes the first picture of the next one."""

import tempfile
from pathlib import Path

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode

from projects import images, video
from projects.forms import store
from projects.models import Clip
from projects.views.access import back
from projects.views.decisions import decision


@decision
def go_on(request: HttpRequest, clip: Clip) -> HttpResponse:
    """Opens the composer with the clip's settings and its last frame as the seed image. Nothing is paid."""
    if not clip.ready:
        messages.warning(request, "Only a finished clip can be continued.")
        return back(request, clip.get_absolute_url())
    try:
        frame = _last_frame(clip)
    except (OSError, video.VideoError, images.BadImage) as error:
        sentence = "The file is missing." if isinstance(error, OSError) else str(error)
        messages.error(request, f"Its last frame cannot be taken. {sentence}")
        return back(request, clip.get_absolute_url())
    picture = store(clip.project, frame)
    query = urlencode({"from": clip.pk, "seed_picture": picture.pk})
    return redirect(f"{clip.project.get_absolute_url()}?{query}#new-clip")


def _last_frame(clip: Clip) -> images.CleanImage:
    """Raises OSError, VideoError, BadImage."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "last.png")
        video.last_frame(Path(clip.video.path), target)
        return images.clean(target.read_bytes())
