"""Gemini Omni on the Gemini API: the Interactions API, with an API key.

The paid request is held open and streamed: its first event names the interaction, its last ones bring the
video. Facts: the types of google-genai 3.4.0, ai.google.dev's Omni and Interactions pages, and reports named
beside the rules. Never run against Google from here.
"""

import base64
import json
import re
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from projects.veo.addresses import Resolver, resolve
from projects.veo.answers import Answer, Heard, Unanswered
from projects.veo.catalog import EDIT, EXTEND
from projects.veo.credentials import Credentials, excerpt
from projects.veo.errors import Garbled, NoAnswer, VeoError
from projects.veo.gemini_files import GeminiFiles
from projects.veo.inline import Body
from projects.veo.interactions import interaction_id, read_created, read_interaction
from projects.veo.outcome import judge
from projects.veo.refusals import About
from projects.veo.setup import GOOGLE_GEMINI_ORIGIN
from projects.veo.story import Story
from projects.veo.transport import Limits, Transport
from projects.veo.types import (
    Download,
    FileInfo,
    Found,
    OnRef,
    Outcome,
    Output,
    Picture,
    Progress,
    Recipe,
    Verdict,
)

TEST_MODEL = "gemini-2.5-flash-lite"
"""What the self-test asks: a text of one word costs a small fraction of a cent."""


class GeminiOmni:
    """One key at one base URL. Safe to use from several threads; `close` it when done.

    With `background` the request returns at once, and the interaction is read by polling. Some keys could not
    read what works in the background in October 2026, though it was billed (discuss.ai.google.dev/t/187237):
    ask `self_test` first.
    """

    held: bool

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        base_url: str = GOOGLE_GEMINI_ORIGIN,
        version: str = "v1beta",
        spool: Path | None = None,
        limits: Limits | None = None,
        resolver: Resolver = resolve,
        background: bool = False,
    ) -> None:
        """ValueError if the base URL cannot be used. Without credentials: to see what is answered then.

        Videos inside answers are written to the folder `spool`, by default the system's temporary one.
        """
        self._credentials = credentials
        limits = limits or Limits()
        self._transport = Transport(
            credentials, base_url=base_url, limits=limits, resolver=resolver, spool=spool
        )
        self._files = GeminiFiles(self._transport, version=version, limits=limits, credentials=credentials)
        self._path = f"{version}/interactions"
        self.background = background

    @property
    def background(self) -> bool:
        return not self.held

    @background.setter
    def background(self, value: bool) -> None:
        self.held = not value

    def request_body(self, recipe: Recipe) -> dict[str, Any]:
        """The JSON that `submit` would send. ValueError with a sentence for what this wire cannot carry.

        `task` is named only where Google's samples name it. Delivery is by address: inline is for clips of a
        few MB, and what comes back may be either.
        """
        _check(recipe)
        wanted = {"type": "video", "resolution": recipe.resolution, "delivery": "uri"}
        if recipe.task != EDIT:
            wanted["duration"] = f"{recipe.duration_seconds}s"
        if not recipe.task:
            wanted["aspect_ratio"] = recipe.aspect_ratio
        body: dict[str, Any] = {
            "model": recipe.model,
            "input": _input(recipe),
            "response_format": wanted,
            "store": True,
            "background" if self.background else "stream": True,
        }
        if recipe.source:
            body["previous_interaction_id"] = recipe.source.ref
        if task := _task(recipe):
            body["generation_config"] = {"video_config": {"task": task}}
        if re.fullmatch(r"[a-z0-9_-]{1,63}", recipe.operation_id):
            body["labels"] = {"veoweb": recipe.operation_id}
        return body

    def submit(self, recipe: Recipe, on_ref: OnRef | None = None) -> Outcome:
        """Send the paid POST, exactly once, and judge what came of it. No network trouble raises.

        Held: `on_ref` is told the id at the first event that has one, and the result comes with the outcome.
        An outcome that is accepted without a result is to be polled.
        """
        body = self.request_body(recipe)
        read = partial(read_created, credentials=self._credentials, model=recipe.model)
        if self.background:
            return judge(self._transport.post(self._path, body), read, credentials=self._credentials)
        story = Story()
        try:
            answer = self._transport.hold(self._path, body, partial(_hear, story, on_ref))
            if isinstance(answer, Answer):
                return judge(answer, read, credentials=self._credentials)
            if story.ref:
                return self._told(story, recipe, whole=answer == Heard())
        except BaseException:
            story.discard()
            raise
        story.discard()
        return self._untold(story, answer)

    def poll(self, ref: str) -> Progress:
        path = f"{self._path}/{quote(interaction_id(ref), safe='')}"
        body = self._transport.get(path, about=About.OPERATION)
        return read_interaction(body, self._credentials, ref=ref)

    def file_info(self, output: Output) -> FileInfo | None:
        return self._files.info(output)

    def open_output(
        self, output: Output, *, offset: int = 0, etag: str = ""
    ) -> AbstractContextManager[Download]:
        """See `GeminiFiles.opened`."""
        return self._files.opened(output, offset=offset, etag=etag)

    def locate(self, recipe: Recipe) -> list[Found]:
        """Google lists no interactions: always []."""
        return []

    def models(self) -> list[str]:
        return self._files.models()

    def self_test(self) -> str:
        """Whether this key can read what works in the background: "", or the sentence why not.

        Asks a small text model for one word, which costs a small fraction of a cent.
        """
        body = {"model": TEST_MODEL, "input": "Say yes.", "background": True, "store": True}
        outcome = judge(self._transport.post(self._path, body), _id_alone, credentials=self._credentials)
        if outcome.verdict is not Verdict.ACCEPTED:
            return outcome.message
        try:
            found = self._transport.get(f"{self._path}/{quote(outcome.ref, safe='')}", about=About.OPERATION)
        except VeoError as error:
            return error.message
        found.files.discard()
        return ""

    def close(self) -> None:
        self._transport.close()

    def _told(self, story: Story, recipe: Recipe, *, whole: bool) -> Outcome:
        progress = (
            story.failure(self._credentials, model=recipe.model)
            if story.error
            else story.progress(self._credentials, model=recipe.model, whole=whole)
        )
        if progress is None:
            story.discard()
        text = json.dumps(progress.raw if progress else story.raw(self._credentials))
        return Outcome(
            verdict=Verdict.ACCEPTED,
            ref=story.ref,
            http_status=200,
            excerpt=excerpt(text, self._credentials),
            progress=progress,
        )

    def _untold(self, story: Story, answer: Heard | Unanswered) -> Outcome:
        """The stream ended, or broke off, before it named the interaction."""
        if story.error:
            body = json.dumps({"error": dict(story.error)}).encode()
            refusal = Answer(story.error_status, {}, body)
            return replace(judge(refusal, _id_alone, credentials=self._credentials), http_status=200)
        if isinstance(answer, Unanswered):
            return judge(answer, _id_alone, credentials=self._credentials)
        silent = NoAnswer("no_answer", "Google's answer ended before it named the interaction.")
        return judge(Unanswered(silent, sent=True, http_status=200), _id_alone)


def _hear(story: Story, on_ref: OnRef | None, event: Body) -> bool:
    """Whether to go on listening."""
    known = story.ref
    story.hear(event)
    if story.ref and not known and on_ref and not on_ref(story.ref):
        return False
    return not story.error


def _id_alone(body: Body) -> tuple[str, Progress | None]:
    body.files.discard()
    return interaction_id(body.get("id")), None


def _check(recipe: Recipe) -> None:
    if recipe.negative_prompt:
        raise ValueError("Gemini Omni takes no negative prompt. Say in the prompt what must not be there.")
    if recipe.seed is not None:
        raise ValueError("Gemini Omni takes no seed number that is known to have an effect.")
    if not recipe.audio:
        raise ValueError("Gemini Omni always makes sound.")
    pictures = bool(recipe.seed_image or recipe.last_frame or recipe.references)
    if recipe.task and pictures:
        raise ValueError("Gemini Omni extends and edits clips without other pictures.")
    if recipe.last_frame and not recipe.seed_image:
        raise ValueError("Gemini Omni takes a last frame only with a seed image to start from.")
    if recipe.references and recipe.seed_image:
        raise ValueError("Gemini Omni takes reference images only without a seed image or a last frame.")
    if recipe.task:
        try:
            interaction_id(recipe.source.ref if recipe.source else "")
        except Garbled:
            raise ValueError("Gemini Omni extends and edits only clips that it made itself.") from None


def _input(recipe: Recipe) -> str | list[dict[str, str]]:
    """The prompt, and before it the pictures and what each of them is for, in Omni's own words."""
    pictures = [picture for picture in (recipe.seed_image, recipe.last_frame) if picture]
    pictures += recipe.references
    if not pictures:
        return recipe.prompt
    if recipe.references:
        named = " ".join(f"<IMAGE_REF_{number}>@Image{number + 1}" for number in range(len(pictures)))
        start = f"[# References {named}]"
    elif recipe.last_frame:
        start = "[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2]"
    else:
        start = "<FIRST_FRAME>"
    return [*map(_picture, pictures), {"type": "text", "text": f"{start} {recipe.prompt}"}]


def _task(recipe: Recipe) -> str:
    if recipe.references:
        return "reference_to_video"
    if recipe.task == EXTEND:
        return "extend"
    return "image_to_video" if recipe.seed_image and not recipe.last_frame else ""


def _picture(picture: Picture) -> dict[str, str]:
    data = base64.b64encode(picture.data).decode()
    return {"type": "image", "data": data, "mime_type": picture.mime_type}
