"""From a film's cuts to what the cutting room is given, and what is said before."""

import uuid
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects import montage
from projects.models import Clip, Film, Project, State
from projects.models.reels import thawed
from tests.factories import make_clip
from tests.films import change, make_film, make_real_clip, make_render

pytestmark = pytest.mark.django_db


def a_clip(project: Project, prompt: str = "The door", **fields: Any) -> Clip:
    """Ready, 4 s at 1280 × 720 and 24 frames a second unless it is said otherwise; no real video."""
    return make_clip(project, State.SUCCEEDED, prompt=prompt, **fields)


def at(fps: float, seconds: float = 4.0) -> dict[str, Any]:
    return {"facts": {"frames": round(fps * seconds), "fps": fps}, "seconds": seconds}


class TestTheReel:
    def test_it_has_what_was_measured_and_where_it_is_cut(self, project: Project) -> None:
        clip = a_clip(project)
        film = make_film(project, clip, a_clip(project, "The street"))
        change(film, 0, start=1.0, end=3.0)
        change(film, 1, crossfade=0.5)
        door, street = film.assembly.reel.pieces
        assert (str(door.path), door.name) == (clip.video.path, "The door")
        assert (door.width, door.height, door.fps, door.frames, door.seconds) == (1280, 720, 24.0, 96, 4.0)
        assert (door.start, door.end, door.crossfade) == (1.0, 3.0, 0.0)
        assert (street.start, street.end, street.crossfade) == (0.0, None, 0.5)

    def test_it_has_everything_that_was_chosen(self, project: Project) -> None:
        film = make_film(
            project, a_clip(project), framing="pad", title="Rain", title_seconds=2, even_loudness=True
        )
        film.track.save("music.mp3", ContentFile(b"la"))
        reel = film.assembly.reel
        assert (reel.framing, reel.even_loudness, reel.chapters) == ("pad", True, ("The door",))
        assert reel.title
        assert (reel.title.text, reel.title.seconds) == ("Rain", 2)
        assert reel.track
        assert (str(reel.track.path), reel.track.volume, reel.track.duck) == (film.track.path, 0.5, True)

    def test_it_is_the_same_after_it_was_stored(self, project: Project) -> None:
        film = make_film(project, a_clip(project), title="Rain")
        film.track.save("music.mp3", ContentFile(b"la"))
        render = film.ask_render(project.owner, uuid.uuid4())
        render.refresh_from_db()
        assert thawed(render.reel) == film.assembly.reel

    def test_the_film_is_as_large_as_most_of_its_seconds(self, project: Project) -> None:
        large = {"width": 1920, "height": 1080}
        film = make_film(project, a_clip(project), a_clip(project, **large), a_clip(project, **large))
        assert (film.assembly.reel.width, film.assembly.reel.height) == (1920, 1080)
        change(film, 1, end=1.0)
        change(film, 2, end=1.0)
        assert (film.assembly.reel.width, film.assembly.reel.height) == (1280, 720)

    @pytest.mark.parametrize(
        ("chosen", "size"), [("1920x1080", (1920, 1080)), ("", (1280, 720)), ("wide", (1280, 720))]
    )
    def test_the_film_is_as_large_as_was_chosen(
        self, project: Project, chosen: str, size: tuple[int, int]
    ) -> None:
        reel = make_film(project, a_clip(project), size=chosen).assembly.reel
        assert (reel.width, reel.height) == size

    def test_its_sides_are_even(self, project: Project) -> None:
        reel = make_film(project, a_clip(project, width=853, height=480)).assembly.reel
        assert (reel.width, reel.height) == (852, 480)

    def test_its_rate_is_that_of_most_of_its_clips(self, project: Project) -> None:
        clips = [a_clip(project, **at(fps)) for fps in (30, 24, 30)]
        assert make_film(project, *clips).assembly.reel.fps == 30

    def test_clips_that_are_not_ready_are_left_out(self, project: Project) -> None:
        film = make_film(project, a_clip(project), make_clip(project, State.RUNNING))
        assert len(film.assembly.reel.pieces) == 1
        assert film.span() == 4.0

    def test_takes_of_the_same_shot_are_told_apart(self, project: Project) -> None:
        takes = [a_clip(project), a_clip(project, take=2)]
        film = make_film(project, *takes, takes[0], a_clip(project, "The street"))
        names = [piece.name for piece in film.assembly.reel.pieces]
        assert names == ["The door (no. 1)", "The door (no. 2)", "The door (no. 3)", "The street"]

    def test_a_clip_that_comes_twice_keeps_its_name(self, project: Project) -> None:
        clip = a_clip(project)
        assert [piece.name for piece in make_film(project, clip, clip).assembly.reel.pieces] == [
            "The door"
        ] * 2

    def test_it_takes_a_few_queries_however_long_the_film_is(self, project: Project) -> None:
        film = make_film(project, *[a_clip(project) for _ in range(6)])
        with CaptureQueriesContext(connection) as queries:
            film.assembly.frozen, film.assembly.cues()
        assert len(queries) < 8


class TestCaptions:
    SAID = [
        {"start": 0.0, "end": 2.0, "line": "It is raining."},
        {"start": 2.0, "end": 4.0, "line": "Still."},
    ]

    @pytest.fixture
    def film(self, project: Project) -> Film:
        clips = [a_clip(project), a_clip(project, "The street")]
        for clip in clips:
            clip.parts.update(scenes=self.SAID)
        return make_film(project, *clips, title="Rain", title_seconds=1)

    def test_they_are_cut_and_moved_with_their_clips(self, film: Film) -> None:
        change(film, 0, start=1.0)
        change(film, 1, crossfade=0.5, end=3.0)
        said = [(cue.start, cue.end, cue.text) for cue in film.cues()]
        assert said == [
            (1.0, 2.0, "It is raining."),
            (2.0, 4.0, "Still."),
            (3.5, 5.5, "It is raining."),
            (5.5, 6.5, "Still."),
        ]

    def test_they_stay_with_the_file_that_was_made(self, film: Film) -> None:
        before = film.cues()
        make_render(film)
        change(film, 0, start=1.0)
        assert film.cues() == before
        assert film.assembly.cues() != before


class TestTroubles:
    def test_there_are_none_in_a_film_that_can_be_rendered(self, project: Project) -> None:
        assert make_film(project, a_clip(project)).troubles() == []

    def test_a_film_needs_a_clip(self, project: Project) -> None:
        assert make_film(project).troubles() == ["There is no clip in the film."]

    def test_they_name_the_clip(self, project: Project, after_commit: Any) -> None:
        gone, lost = a_clip(project, "The door"), a_clip(project, "The street")
        clips = [gone, make_clip(project, State.RUNNING, prompt="The boat"), lost, a_clip(project, "The sea")]
        film = make_film(project, *clips)
        change(film, 3, start=5.0)
        default_storage.delete(lost.video.name)
        with after_commit():
            gone.remove()
        assert film.troubles() == [
            "“The door” is deleted. Take it out of the film.",
            "“The boat” is not finished. Wait until it is ready, or take it out of the film.",
            "“The street” has lost its file on this server. Take it out of the film.",
            "“The sea” has only 4 s; it cannot start at 5 s.",
        ]

    def test_a_lost_track_is_one(self, project: Project) -> None:
        film = make_film(project, a_clip(project), track_name="rain.mp3")
        film.track.save("music.mp3", ContentFile(b"la"))
        default_storage.delete(film.track.name)
        assert film.troubles() == ["The sound track “rain.mp3” is missing. Upload it again, or remove it."]

    def test_a_film_that_is_too_long_is_one(self, project: Project) -> None:
        film = make_film(project, a_clip(project, **at(24, 3700)))
        assert film.troubles() == ["The film lasts 3700 s; the limit is 3600 s."]

    def test_a_film_of_too_many_clips_is_one(self, project: Project) -> None:
        film = make_film(project, *[a_clip(project)] * 201)
        assert film.troubles() == ["The film has 201 clips; the limit is 200."]


class TestWhatIsMixed:
    TALL = {"width": 720, "height": 1280}

    def test_nothing_is_said_of_clips_that_are_alike(self, project: Project) -> None:
        assert make_film(project, a_clip(project), a_clip(project, "The street")).mixed() == []

    @pytest.mark.parametrize(
        ("framing", "shown"),
        [
            ("fit", "shown whole, with black bars beside the picture"),
            ("fill", "cropped to the film’s shape"),
            ("pad", "shown whole, over a blurred copy of it"),
        ],
    )
    def test_it_says_what_happens_to_another_shape(self, project: Project, framing: str, shown: str) -> None:
        clips = [a_clip(project), a_clip(project), a_clip(project, "The tower", **self.TALL)]
        said = make_film(project, *clips, framing=framing).mixed()
        assert said == [f"“The tower” is of another shape than the film (1280 × 720): {shown}."]

    def test_it_says_what_happens_to_another_size_and_rate(self, project: Project) -> None:
        large = a_clip(project, "The sea", width=1920, height=1080, **at(30))
        slow = a_clip(project, "The fog", **at(12))
        said = make_film(project, a_clip(project), a_clip(project), large, slow).mixed()
        assert said == [
            "“The sea” is of another size than the film (1280 × 720): scaled to it.",
            "“The sea” has more than the film’s 24 frames a second: some are left out.",
            "“The fog” has fewer than the film’s 24 frames a second: some are repeated.",
        ]

    def test_it_names_a_few_of_many(self, project: Project) -> None:
        tall = [a_clip(project, name, **self.TALL) for name in ("One", "Two", "Three", "Four", "Five")]
        film = make_film(project, *tall, size="1280x720")
        assert film.mixed()[0].startswith("“One”, “Two”, “Three” and 2 more are of another shape")


class TestReencoding:
    def test_it_is_not_needed_for_clips_of_a_kind(self, project: Project) -> None:
        clips = [make_real_clip(project), make_real_clip(project, "The street")]
        assert make_film(project, *clips).needs_reencoding() == ""

    def test_it_is_said_why_it_is_needed(self, project: Project) -> None:
        film = make_film(project, make_real_clip(project), make_real_clip(project, "The street"))
        change(film, 1, crossfade=0.5)
        assert film.needs_reencoding() == montage.why_no_copy(film.assembly.reel) != ""

    def test_a_damaged_clip_is_named(self, project: Project) -> None:
        film = make_film(project, a_clip(project, "The ruin"), a_clip(project, "The street"))
        assert film.needs_reencoding().startswith("“The ruin” ")


class TestChanges:
    def test_a_film_is_outdated_once_it_is_changed(self, project: Project) -> None:
        film = make_film(project, a_clip(project))
        assert not film.outdated
        make_render(film)
        assert not film.outdated
        change(film, 0, start=1.0)
        assert film.outdated

    def test_the_files_of_a_film_go_with_it(self, project: Project, after_commit: Any) -> None:
        film = make_film(project, a_clip(project))
        made = make_render(film)
        stray = default_storage.save(f"{made.folder}/stray.mp4", ContentFile(b"of a killed poller"))
        names = made.file_names()
        assert len(names) == 3
        with after_commit():
            film.remove()
        assert not any(default_storage.exists(name) for name in [*names, stray])
        assert project.clips.count() == 1
