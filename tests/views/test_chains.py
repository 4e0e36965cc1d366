"""Clips of several parts on their pages: what is there is watched, what is missing is decided on."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from projects.forms.onward import as_written
from projects.models import CONTINUE, EXTEND, NEW, Clip, Operation, Project, State, SubmissionOutcome
from projects.views.decisions import MOVED_ON
from tests.factories import FAST, OMNI, RECIPE, make_clip

pytestmark = pytest.mark.django_db

LINE = {"start": 1.0, "end": 3.0, "speaker": "Mara", "line": "Almost there."}
PLAN = ((NEW, 8, "It begins"), (EXTEND, 7, 'Mara says: "Almost there."'), (EXTEND, 7, "It ends"))
PRICE = {FAST: 100_000, OMNI: 92_700}
"""Micro-dollars a second in 720p."""


def ask_long(project: Project, model: str = FAST, **fields: Any) -> Clip:
    parts = [
        {"method": method, "seconds": seconds, "prompt": prompt, "price_micros": seconds * 100_000}
        for method, seconds, prompt in PLAN
    ]
    parts[1]["scenes"] = [LINE]
    recipe = {**RECIPE, "model": model, "duration_seconds": 22, "parts": parts, **fields}
    return Clip.objects.ask_for(project, project.owner, uuid.uuid4(), 1, recipe)[0]


def again(clip: Clip) -> Clip:
    return Clip.objects.get(pk=clip.pk)


def sent(clip: Clip) -> Operation:
    operation = again(clip).operation
    ref = f"models/m/operations/{uuid.uuid4().hex}"
    operation.start_submitting({"part": operation.part.number}, "0" * 64).close(
        SubmissionOutcome.ACCEPTED, ref=ref
    )
    operation.accepted(ref, next_in=0)
    return operation


def come_home(clip: Clip, seconds: float) -> Clip:
    """The part at work is made and saved."""
    operation = sent(clip)
    operation.finished_at_google("https://example.org/v1beta/files/x", {})
    operation.downloaded()
    film = f"film of {seconds} s".encode()
    file = default_storage.save(f"clips/{operation.pk}.mp4", ContentFile(film))
    sha = uuid.uuid4().hex * 2
    shown = {"video": file, "sha256": sha, "size": len(film), "seconds": seconds}
    operation.succeed(file, sha, seconds, shown)
    return again(clip)


def held_back(clip: Clip) -> Clip:
    sent(clip).hold_back("Held back.", "Support codes: 58061214", {}, 0)
    return again(clip)


@pytest.fixture
def clip(project: Project) -> Clip:
    """Part 1 of 3 is made, part 2 at work."""
    return come_home(ask_long(project), 8.0)


@pytest.fixture
def cut_off(clip: Clip) -> Clip:
    """Part 1 of 3 is made, part 2 was held back."""
    return held_back(clip)


def page_of(client: Client, clip: Clip) -> str:
    return client.get(clip.get_absolute_url()).content.decode()


def post(client: Client, name: str, clip: Clip, **data: Any) -> Any:
    return client.post(reverse(name, args=[clip.pk]), data)


def said(client: Client, response: Any) -> list[str]:
    return [str(message) for message in client.get(response["Location"]).context["messages"]]


def order(clip: Clip, method: str = EXTEND, price: int = 1_400_000, **data: Any) -> dict[str, Any]:
    """What the page of the next part sends."""
    shown = {"prompt": PLAN[1][2], "method": method, "version": clip.version, f"price_{method}": price}
    return shown | data


class TestWatching:
    def test_what_is_made_plays_while_the_next_part_is_at_work(self, as_alice: Client, clip: Clip) -> None:
        for page in (page_of(as_alice, clip), as_alice.get(clip.project.get_absolute_url()).content.decode()):
            assert f'data-clip="{clip.pk}" data-status="queued"' in page
            assert f"{reverse('clip_video', args=[clip.pk])}?v={clip.sha256[:12]}" in page
            assert "Part 2 of 3" in page
            assert "Then 1 more part" in page
        assert as_alice.get(reverse("clip_video", args=[clip.pk])).getvalue() == b"film of 8.0 s"

    def test_and_after_it_was_held_back(self, as_alice: Client, cut_off: Clip) -> None:
        page = page_of(as_alice, cut_off)
        assert "<video" in page
        assert "Part 2 of 3: Google&#x27;s safety filter held it back: a child." in page
        assert as_alice.head(reverse("clip_video", args=[cut_off.pk])).status_code == 200

    def test_a_first_part_at_work_says_which_it_is(self, as_alice: Client, project: Project) -> None:
        page = page_of(as_alice, ask_long(project))
        assert "Part 1 of 3" in page
        assert "Then 2 more parts" in page
        assert "<video" not in page

    def test_another_part_is_another_file_at_the_same_address(self, as_alice: Client, clip: Clip) -> None:
        address = reverse("clip_video", args=[clip.pk])
        assert "no-cache" in as_alice.head(address)["Cache-Control"]
        assert "immutable" in as_alice.head(address, {"v": clip.sha256[:12]})["Cache-Control"]
        assert "no-cache" in as_alice.head(reverse("clip_download", args=[clip.pk]))["Cache-Control"]

    def test_each_part_has_its_own_video(self, as_alice: Client, clip: Clip) -> None:
        answer = as_alice.get(reverse("part_video", args=[clip.pk, 1]))
        assert answer.getvalue() == b"film of 8.0 s"
        assert "_part-1.mp4" in answer["Content-Disposition"]
        assert as_alice.get(reverse("part_video", args=[clip.pk, 2])).status_code == 404
        assert as_alice.get(reverse("part_video", args=[clip.pk, 9])).status_code == 404
        default_storage.delete(clip.made.file.name)
        assert as_alice.get(reverse("part_video", args=[clip.pk, 1])).status_code == 404

    def test_the_rest_takes_as_long_as_such_parts_took(self, as_alice: Client, clip: Clip) -> None:
        come_home(ask_long(clip.project), 8.0)
        done = come_home(ask_long(clip.project), 8.0)
        done = come_home(done, 15.0)
        now = timezone.now()
        Operation.objects.filter(clip=done, part__seconds=7, state="succeeded").update(
            accepted_at=now - timezone.timedelta(seconds=40), done_at=now
        )
        assert "Then 1 more part, usually 40 s" in page_of(as_alice, again(clip))

    def test_the_list_names_state_price_and_method(self, as_alice: Client, clip: Clip) -> None:
        Clip.objects.update(simulated=False)
        rows = as_alice.get(clip.get_absolute_url()).context["clip"].several.rows
        assert [(row.word, row.money) for row in rows] == [
            ("Made", "$0.80"),
            ("Queued", "about $0.70"),
            ("Waits for its turn", "about $0.70"),
        ]
        page = page_of(as_alice, clip)
        assert "extends what is there" in page
        assert "It ends" in page

    def test_what_was_tried_twice_costs_both(self, as_alice: Client, cut_off: Clip, alice: User) -> None:
        Clip.objects.update(simulated=False)
        Operation.objects.filter(state="filtered").update(charged_micros=None)
        clip = again(cut_off)
        clip.chain.go_on(alice, [part.as_asked() for part in clip.chain.missing])
        clip = come_home(clip, 15.0)
        context = as_alice.get(clip.get_absolute_url()).context
        assert context["clip"].several.rows[1].money == "at least $0.70"
        assert dict(context["facts"])["Cost"] == "at least $1.50 so far"

    def test_as_many_queries_for_many_cards_as_for_one(self, htmx: Client, project: Project) -> None:
        versions = [f"{come_home(ask_long(project), 8.0).pk}:0" for _ in range(4)]

        def queries(versions: list[str]) -> int:
            with CaptureQueriesContext(connection) as captured:
                htmx.get(reverse("clip_poll"), {"v": versions})
            return len(captured)

        assert queries(versions[:1]) == queries(versions)


class TestStopping:
    def test_the_part_at_work_is_finished_and_named_with_its_price(
        self, as_alice: Client, clip: Clip
    ) -> None:
        Clip.objects.update(simulated=False)
        [sentence] = said(as_alice, post(as_alice, "clip_stop", clip))
        assert "Part 2 is still finished and costs about $0.70" in sentence
        assert again(clip).stop_asked
        clip = come_home(clip, 15.0)
        assert (clip.status, clip.operations.count()) == ("ready", 2)
        assert "Stopped after part 2 of 3." in page_of(as_alice, clip)

    def test_the_page_offers_it_once(self, as_alice: Client, clip: Clip) -> None:
        assert "Stop after part 2" in page_of(as_alice, clip)
        post(as_alice, "clip_stop", clip)
        page = page_of(as_alice, clip)
        assert "Stop after part 2" not in page
        assert "No part follows" in page

    def test_a_second_press_and_a_last_part_get_a_sentence(self, as_alice: Client, clip: Clip) -> None:
        post(as_alice, "clip_stop", clip)
        assert MOVED_ON in said(as_alice, post(as_alice, "clip_stop", clip))
        other = make_clip(clip.project)
        assert said(as_alice, post(as_alice, "clip_stop", other)) == [MOVED_ON]

    def test_cancelling_says_that_what_is_made_stays(self, as_alice: Client, clip: Clip) -> None:
        Clip.objects.update(simulated=False)
        sent(clip)
        sentences = as_alice.get(reverse("clip_cancel", args=[clip.pk])).context["sentences"]
        assert "it may still charge $0.70" in sentences[0]
        assert "Part 2 of 3 is at work; no part after it is begun." in sentences
        assert sentences[-1].startswith("What is made stays")


class TestKeeping:
    def test_what_is_there_becomes_the_clip(self, as_alice: Client, cut_off: Clip) -> None:
        assert "Keep what is there" in page_of(as_alice, cut_off)
        post(as_alice, "clip_keep", cut_off)
        assert again(cut_off).status == "ready"
        page = page_of(as_alice, cut_off)
        assert "Stopped after part 1 of 3." in page
        assert "Go on with part 2…" in page

    def test_twice_or_while_it_is_made_gets_a_sentence(self, as_alice: Client, clip: Clip) -> None:
        assert said(as_alice, post(as_alice, "clip_keep", clip)) == [MOVED_ON]
        held_back(clip)
        post(as_alice, "clip_keep", clip)
        assert MOVED_ON in said(as_alice, post(as_alice, "clip_keep", clip))


class TestGoingOn:
    def test_the_page_shows_the_words_and_the_price_of_each_way(
        self, as_alice: Client, cut_off: Clip
    ) -> None:
        page = as_alice.get(reverse("clip_go_on", args=[cut_off.pk]))
        assert page.context["form"].initial["prompt"] == PLAN[1][2]
        ways = [(way.method, way.price_micros, way.why_not) for way in page.context["ways"]]
        assert ways == [(EXTEND, 14 * PRICE[FAST], ""), (CONTINUE, 15 * PRICE[FAST], "")]
        assert "The part has 8 s then, not 7 s, and the whole clip 0:23." in page.content.decode()

    def test_it_makes_what_is_missing_with_the_new_words(self, as_alice: Client, cut_off: Clip) -> None:
        data = order(cut_off, prompt='Mara says: "Nearly there."')
        response = post(as_alice, "clip_go_on", cut_off, **data)
        assert said(as_alice, response) == ["Part 2 is asked for. You can close this page."]
        clip = again(cut_off)
        part = clip.operation.part
        assert (clip.status, part.number, clip.operation.attempt, part.method) == ("queued", 2, 2, EXTEND)
        assert part.prompt == data["prompt"]
        assert part.scenes == [LINE | {"line": "Nearly there."}]
        assert [each.prompt for each in clip.chain.parts] == ["It begins", data["prompt"], "It ends"]
        assert clip.operation.submissions.get().price_micros == 700_000

    def test_it_can_start_afresh_from_the_last_frame(self, as_alice: Client, cut_off: Clip) -> None:
        post(as_alice, "clip_go_on", cut_off, **order(cut_off, CONTINUE, 1_500_000))
        clip = again(cut_off)
        assert [(part.method, part.seconds) for part in clip.chain.parts] == [
            (NEW, 8),
            (CONTINUE, 8),
            (EXTEND, 7),
        ]
        assert (clip.duration_seconds, clip.price_micros) == (23, 2_300_000)

    def test_what_google_no_longer_keeps_is_not_extended(self, as_alice: Client, cut_off: Clip) -> None:
        Operation.objects.filter(state="succeeded").update(expires_at=timezone.now())
        page = as_alice.get(reverse("clip_go_on", args=[cut_off.pk])).content.decode()
        assert "Google no longer keeps part 1, and extends only what it keeps." in page
        answer = post(as_alice, "clip_go_on", cut_off, **order(cut_off))
        assert answer.status_code == 422
        assert "Nothing was sent. Google no longer keeps part 1" in answer.content.decode()
        post(as_alice, "clip_go_on", cut_off, **order(cut_off, CONTINUE, 1_500_000))
        assert again(cut_off).status == "queued"

    def test_an_extension_of_omni_pays_for_what_it_extends(self, as_alice: Client, project: Project) -> None:
        clip = held_back(come_home(ask_long(project, OMNI), 8.0))
        page = as_alice.get(reverse("clip_go_on", args=[clip.pk]))
        extend, fresh = page.context["ways"]
        assert [each["seconds"] for each in fresh.parts] == [7, 7]
        assert extend.price_micros > fresh.price_micros
        assert extend.why_not == ""

    @pytest.mark.parametrize("price", ["", "x", "1"])
    def test_nothing_is_made_at_a_price_nobody_saw(self, as_alice: Client, cut_off: Clip, price: str) -> None:
        answer = post(as_alice, "clip_go_on", cut_off, **order(cut_off, prompt="Kept", price_extend=price))
        assert answer.status_code == 422
        assert "The price is now $1.40. Press again if you agree." in answer.content.decode()
        assert "Kept</textarea>" in answer.content.decode()
        assert again(cut_off).operations.count() == 2

    @pytest.mark.parametrize(
        ("changed", "sentence"),
        [
            ({"prompt": ""}, "Write what the part shows."),
            ({"prompt": "a\x00b"}, "Remove the NUL character"),
            ({"prompt": "word " * 4000}, "tokens long"),
            ({"method": "new"}, "Choose how the next part is to be made."),
            ({"method": ""}, "Choose how the next part is to be made."),
        ],
    )
    def test_bad_input_gets_a_sentence(
        self, as_alice: Client, cut_off: Clip, changed: dict[str, str], sentence: str
    ) -> None:
        answer = post(as_alice, "clip_go_on", cut_off, **order(cut_off) | changed)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        assert again(cut_off).operations.count() == 2

    @pytest.mark.parametrize("version", ["", "x", "1"])
    def test_a_page_is_sent_once(self, as_alice: Client, cut_off: Clip, version: str) -> None:
        response = post(as_alice, "clip_go_on", cut_off, **order(cut_off) | {"version": version})
        assert said(as_alice, response) == [MOVED_ON]
        post(as_alice, "clip_go_on", cut_off, **order(cut_off))
        held_back(cut_off)
        assert MOVED_ON in said(as_alice, post(as_alice, "clip_go_on", cut_off, **order(cut_off)))
        assert again(cut_off).operations.count() == 3

    def test_nothing_to_go_on_with_gets_a_sentence(self, as_alice: Client, clip: Clip) -> None:
        whole = make_clip(clip.project, State.SUCCEEDED)
        for each in (clip, whole):
            assert said(as_alice, post(as_alice, "clip_go_on", each, **order(each))) == [MOVED_ON]
            assert as_alice.get(reverse("clip_go_on", args=[each.pk]))["Location"] == each.get_absolute_url()

    @pytest.mark.parametrize("model", ["veo-99", "veo-2.0-generate-001"])
    def test_a_model_that_does_not_do_it_any_more_closes_the_way(
        self, as_alice: Client, cut_off: Clip, model: str
    ) -> None:
        Clip.objects.update(model=model)
        page = as_alice.get(reverse("clip_go_on", args=[cut_off.pk]))
        assert page.context["ways"][0].why_not
        assert post(as_alice, "clip_go_on", cut_off, **order(cut_off)).status_code == 422


class TestUnconfirmed:
    def test_sending_a_part_again_costs_the_part(self, as_alice: Client, clip: Clip) -> None:
        operation = again(clip).operation
        operation.start_submitting({}, "0" * 64)
        operation.lose_answer("The answer was lost.")
        assert "may cost $0.70 twice" in page_of(as_alice, again(clip))
        post(as_alice, "clip_submit_again", clip, price_micros=700_000, agree="on")
        assert again(clip).operation.submissions.last().price_micros == 700_000


class TestDataSheet:
    def test_it_tells_of_every_part(self, as_alice: Client, cut_off: Clip) -> None:
        Clip.objects.update(simulated=False)
        context = as_alice.get(cut_off.get_absolute_url()).context
        assert [sheet.title for sheet in context["sheets"]] == ["Part 1", "Part 2"]
        first, second = (dict(sheet.facts) for sheet in context["sheets"])
        assert (first["State"], first["Cost"], first["Made"]) == ("Succeeded", "$0.80", "made anew, 8 s")
        assert second["Operation"] == cut_off.operation.remote_ref
        assert (second["Cost"], second["Made"]) == ("$0.00", "extends what is there, 7 s")
        assert [each.part_number for each in context["submissions"]] == [1, 2]
        assert [event.at for event in context["events"]] == sorted(event.at for event in context["events"])
        assert {event.part_number for event in context["events"]} == {1, 2}
        assert context["of_part"] == 2
        assert dict(context["facts"])["Cost"] == "$0.80"


def test_captions_say_what_a_changed_prompt_says() -> None:
    scenes = [LINE, {"start": 3.0, "end": 4.0, "action": "She turns"}, LINE | {"line": "Come."}]
    changed = 'Mara says: "Nearly there." She turns. A voice, softly, says: “Do come.”'
    assert [scene.get("line") for scene in as_written(scenes, changed)] == ["Nearly there.", None, "Do come."]
    fewer = as_written(scenes, 'Mara says: "Come."')
    assert [scene.get("line") for scene in fewer] == [None, None, "Come."]
