"""The domain: QuerySets ask, methods act."""

from projects.models.chains import Chain, files_of, lay_out
from projects.models.clips import Clip, ClipReference
from projects.models.films import Cut, Film, Render, RenderState
from projects.models.fleet import BackEndReport, Gate, PollerHeartbeat
from projects.models.leased import ForbiddenArrow, LostLease
from projects.models.lineup import Lineup, ModelOverride
from projects.models.operations import Operation
from projects.models.parts import CONTINUE, EXTEND, NEW, Part
from projects.models.projects import Picture, Project
from projects.models.states import ARROWS, CLIP_STATUS, ClipStatus, State, SubmissionOutcome
from projects.models.storyboard import MOST_SHOTS, Shot, Speaker, StoryboardFull
from projects.models.submissions import Event, Submission

__all__ = [
    "ARROWS",
    "CLIP_STATUS",
    "CONTINUE",
    "EXTEND",
    "MOST_SHOTS",
    "NEW",
    "BackEndReport",
    "Chain",
    "Clip",
    "ClipReference",
    "ClipStatus",
    "Cut",
    "Event",
    "Film",
    "ForbiddenArrow",
    "Gate",
    "Lineup",
    "LostLease",
    "ModelOverride",
    "Operation",
    "Part",
    "Picture",
    "PollerHeartbeat",
    "Project",
    "Render",
    "RenderState",
    "Shot",
    "Speaker",
    "State",
    "StoryboardFull",
    "Submission",
    "SubmissionOutcome",
    "files_of",
    "lay_out",
]
