"""The domain: QuerySets ask, methods act."""

from projects.models.clips import Clip, ClipReference
from projects.models.fleet import BackEndReport, Gate, PollerHeartbeat
from projects.models.lineup import Lineup, ModelOverride
from projects.models.operations import ForbiddenArrow, LostLease, Operation
from projects.models.projects import Picture, Project
from projects.models.states import ARROWS, CLIP_STATUS, ClipStatus, State, SubmissionOutcome
from projects.models.submissions import Event, Submission

__all__ = [
    "ARROWS",
    "CLIP_STATUS",
    "BackEndReport",
    "Clip",
    "ClipReference",
    "ClipStatus",
    "Event",
    "ForbiddenArrow",
    "Gate",
    "Lineup",
    "LostLease",
    "ModelOverride",
    "Operation",
    "Picture",
    "PollerHeartbeat",
    "Project",
    "State",
    "Submission",
    "SubmissionOutcome",
]
