"""Tags in a prompt, such as [sim:filtered] or [sim:slow=60], for people who want to see how a studio copes.

A tag works like a test card of a payment service: what it stands for happens to this clip only. Tags do not
show in the picture. An unknown tag is refused, for a silent typing error would be taken for good behaviour.
"""

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from projects.simulator.faults import Fault, fault

TAG = re.compile(r"\[sim:([a-z0-9-]+)(?:=(\d+(?:\.\d+)?))?\]")
ANY_TAG = re.compile(r"\[sim:[^\]]*\]")
PICTURE_MARKS = re.compile(r"\[# [^\]]*\]|<(?:FIRST_FRAME|LAST_FRAME|IMAGE_REF_\d+)>")
"""How a prompt for Gemini Omni refers to its pictures."""

QUOTA = "You exceeded your current quota, please check your plan and billing details."
REFUSED = (
    "The prompt could not be submitted. This prompt contains sensitive words that violate Google's "
    "Responsible AI practices. Try rephrasing the prompt."
)
TWO_CREDENTIALS = {
    "error": {
        "code": "invalid_request",
        "message": "Multiple authentication credentials received. Please pass only one.",
    }
}
"""Google's answer to reading a background interaction, word for word, though it came with one key."""

NO_ACCESS = "You do not have permission to access the File or it may not exist."


@dataclass(frozen=True, kw_only=True)
class Tag:
    """What a tag does: where its fault strikes, how often, and what its number means.

    `route` is a route of faults.ROUTES, or "outcome" or "latency", which are settled when a clip is
    accepted. `times` None means always. `value` is the number a tag has without one; `counts` says that it
    is the number of times.
    """

    meaning: str
    route: str
    make: Callable[[float], Fault]
    value: float = 0
    times: int | None = None
    counts: bool = False


TAGS = {
    "filtered": Tag(
        meaning="held back by the safety filter", route="outcome", make=lambda _: fault("filtered")
    ),
    "failed": Tag(
        meaning="fails after a while; the number is the gRPC code",
        route="outcome",
        make=lambda value: fault("failed", code=int(value)),
        value=13,
    ),
    "partial": Tag(meaning="one video, and one held back", route="outcome", make=lambda _: fault("partial")),
    "empty": Tag(meaning="done, with nothing in it", route="outcome", make=lambda _: fault("empty")),
    "inline": Tag(meaning="the bytes come in the answer", route="outcome", make=lambda _: fault("inline")),
    "seed-shape": Tag(
        meaning="the answer has the shape response.video.uri",
        route="outcome",
        make=lambda _: fault("seed_shape"),
    ),
    "expired": Tag(meaning="the file is gone at once", route="outcome", make=lambda _: fault("expired")),
    "slow": Tag(
        meaning="takes that many seconds",
        route="latency",
        make=lambda value: fault("slow", seconds=value),
        value=60,
    ),
    "lost": Tag(
        meaning="accepted and charged, but the answer is lost", route="submit", make=lambda _: fault("drop")
    ),
    "cut": Tag(
        meaning="an open answer ends after its first event, which tells the id; Omni only",
        route="submit",
        make=lambda _: fault("cut_after_id"),
    ),
    "two-credentials": Tag(
        meaning="so many polls answer the 400 about several credentials, as of October 2026",
        route="poll",
        make=lambda _: fault("answer", status=400, body=TWO_CREDENTIALS),
        times=3,
        counts=True,
    ),
    "quota": Tag(
        meaning="429 first, to be tried again after that many seconds; accepted the second time",
        route="submit",
        make=lambda value: fault("status", status=429, message=QUOTA, retry_info=value),
        value=5,
        times=1,
    ),
    "unavailable": Tag(meaning="503, not accepted", route="submit", make=lambda _: fault("status")),
    "refused": Tag(
        meaning="400, refused before any work",
        route="submit",
        make=lambda _: fault("status", status=400, message=REFUSED),
    ),
    "poll-503": Tag(
        meaning="so many polls answer 503", route="poll", make=lambda _: fault("status"), times=2, counts=True
    ),
    "download-403": Tag(
        meaning="so many downloads answer 403, then all is well",
        route="download",
        make=lambda _: fault("status", status=403, message=NO_ACCESS),
        times=2,
        counts=True,
    ),
    "truncated": Tag(
        meaning="so many downloads break off half-way",
        route="download",
        make=lambda _: fault("truncated"),
        times=1,
        counts=True,
    ),
    "html": Tag(
        meaning="so many downloads bring a web page",
        route="download",
        make=lambda _: fault("html"),
        times=1,
        counts=True,
    ),
    "drip": Tag(
        meaning="the download crawls: 64 KiB in that many seconds",
        route="download",
        make=lambda value: fault("drip", seconds=value),
        value=0.5,
    ),
}


def tags_in(prompt: str) -> dict[str, float | None]:
    """Names of the tags with their numbers. ValueError with a sentence for one that is unknown."""
    for written in ANY_TAG.findall(prompt):
        known = TAG.fullmatch(written)
        if known is None or known[1] not in TAGS:
            raise ValueError(f"There is no simulator tag {written}. Known: {', '.join(TAGS)}.")
    return {match[1]: float(match[2]) if match[2] else None for match in TAG.finditer(prompt)}


def without_tags(prompt: str) -> str:
    return " ".join(ANY_TAG.sub(" ", prompt).split())


def caption_of(prompt: str) -> str:
    """What a clip shows of its prompt: no tags, and nothing that only says which picture is which."""
    return without_tags(PICTURE_MARKS.sub(" ", prompt))


class TagFaults:
    """Hands out the faults that a prompt asks for, and counts them. The counts begin anew after a restart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._struck: Counter[tuple[str, str]] = Counter()

    def take(self, prompt: str, route: str, key: str = "") -> Fault | None:
        """The fault due on `route` for the operation called `key`, or without it for the prompt itself."""
        for name, value in tags_in(prompt).items():
            tag = TAGS[name]
            if tag.route == route and self._due(
                key or hashlib.sha256(prompt.encode()).hexdigest(), name, value
            ):
                return tag.make(tag.value if value is None else value)
        return None

    def _due(self, key: str, name: str, value: float | None) -> bool:
        tag = TAGS[name]
        if tag.times is None:
            return True
        times = int(value) if tag.counts and value is not None else tag.times
        with self._lock:
            self._struck[key, name] += 1
            turn = self._struck[key, name]
        # A prompt may be submitted again another day, and is then to be struck again; a file is not.
        return (turn - 1) % (times + 1) < times if tag.route == "submit" else turn <= times
