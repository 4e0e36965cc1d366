"""One clip from asking to the saved video, step by step, against the simulator."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projects.models import Clip, Picture, Project
from projects.simulator.app import Simulator
from projects.video import inspect
from tests import media
from tests.poller.conftest import media_files

pytestmark = pytest.mark.django_db

Ask = Callable[..., Clip]
Finish = Callable[[Clip], Clip]


class TestTheWholeWay:
    def test_the_shortest_text_only_clip_is_saved_and_playable(
        self, ask: Ask, finish: Finish, simulator: Simulator, settings: Any
    ) -> None:
        clip = finish(ask())
        assert clip.status == "ready"
        info = inspect(Path(clip.video.path))
        assert (info.width, info.height, round(info.duration_seconds), info.audio_codec) == (
            1280,
            720,
            4,
            "aac",
        )
        saved = Path(clip.video.path).read_bytes()
        assert hashlib.sha256(saved).hexdigest() == clip.sha256
        assert len(saved) == clip.size
        assert (clip.cost_micros, clip.width, round(clip.seconds or 0)) == (200_000, 1280, 4)
        assert simulator.charged == 1

    def test_a_seed_image_goes_along_cut_to_the_ratio(
        self, ask: Ask, finish: Finish, project: Project, simulator: Simulator, settings: Any, tmp_path: Path
    ) -> None:
        settings.MEDIA_ROOT.mkdir(exist_ok=True)
        (settings.MEDIA_ROOT / "seed.png").write_bytes(media.make_png(size=(800, 800)))
        picture = Picture.objects.create(
            project=project, file="seed.png", mime_type="image/png", width=800, height=800
        )
        clip = finish(ask(seed_picture=picture, aspect_ratio="9:16"))
        assert clip.status == "ready"
        assert (clip.width, clip.height) == (720, 1280)
        submission = clip.operation.submissions.get()
        assert "sha256" in submission.request["instances"][0]["image"]["bytesBase64Encoded"]

    def test_it_leaves_nothing_but_the_video_and_its_poster(
        self, ask: Ask, finish: Finish, settings: Any
    ) -> None:
        clip = finish(ask())
        assert media_files(settings.MEDIA_ROOT) == sorted([clip.video.name, clip.poster.name])

    def test_it_tells_the_story_in_order(self, ask: Ask, finish: Finish) -> None:
        clip = finish(ask())
        arrows = [(event.before, event.after) for event in clip.operation.events.all()]
        assert arrows == [
            ("", "queued"),
            ("queued", "submitting"),
            ("submitting", "running"),
            ("running", "downloading"),
            ("downloading", "verifying"),
            ("verifying", "succeeded"),
        ]

    def test_it_keeps_googles_record_of_the_file(self, ask: Ask, finish: Finish) -> None:
        operation = finish(ask()).operation
        assert operation.file_record["state"] == "ACTIVE"
        assert operation.expires_at is not None
        assert operation.answer["done"] is True

    @pytest.mark.parametrize("kind", ["inline", "seed_shape", "partial"])
    def test_it_understands_other_shapes_of_the_answer(
        self, ask: Ask, finish: Finish, simulator: Simulator, kind: str
    ) -> None:
        simulator.script("submit", kind)
        clip = finish(ask())
        assert clip.status == "ready"

    def test_an_inline_video_never_reaches_the_database(
        self, ask: Ask, finish: Finish, simulator: Simulator
    ) -> None:
        simulator.script("submit", "inline")
        operation = finish(ask()).operation
        assert len(str(operation.answer)) < 2000
