"""From timed scenes to the words that a model is sent, and back from what people paste. No Django, no app."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One timed beat of a clip. Times are seconds from the clip's start, in halves."""

    start: float
    end: float
    speaker: str = ""
    """A name of one of the project's speakers."""
    line: str = ""
    """What is said, word for word."""
    delivery: str = ""
    """How it is said: "whispering"."""
    action: str = ""
    sound: str = ""
    camera: str = ""


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Somebody who speaks in a project, described once."""

    name: str
    looks: str = ""
    voice: str = ""


@dataclass(frozen=True, kw_only=True)
class Script:
    """The scenes of a clip and what holds for all of them. `language` is a code such as "en"."""

    scenes: tuple[Scene, ...] = ()
    setting: str = ""
    """Place, style, light: what the plain prompt says."""
    ambience: str = ""
    language: str = "en"
