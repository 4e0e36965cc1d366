"""The domain: QuerySets ask, methods act."""

from projects.models.clips import Clip
from projects.models.fleet import Gate, PollerHeartbeat
from projects.models.operations import ForbiddenArrow, LostLease, Operation
from projects.models.projects import Picture, Project
from projects.models.states import ARROWS, CLIP_STATUS, ClipStatus, State, SubmissionOutcome
from projects.models.submissions import Event, Submission

__all__ = [
    "ARROWS",
    "CLIP_STATUS",
    "Clip",
    "ClipStatus",
    "Event",
    "ForbiddenArrow",
    "Gate",
    "LostLease",
    "Operation",
    "Picture",
    "PollerHeartbeat",
    "Project",
    "State",
    "Submission",
    "SubmissionOutcome",
]
