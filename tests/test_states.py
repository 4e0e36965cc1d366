"""The picture in docs/states.md and the table in the code are one."""

import re
from pathlib import Path

from projects.models import ARROWS, CLIP_STATUS, ClipStatus, State

PAGE = (Path(__file__).parent.parent / "docs" / "states.md").read_text()


def test_it_draws_every_arrow_of_the_code_and_no_other() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+)", PAGE, re.MULTILINE))
    coded = {(str(before), str(after)) for before, afters in ARROWS.items() for after in afters}
    assert drawn == coded


def test_every_state_has_its_arrows_and_a_clip_status() -> None:
    assert set(ARROWS) == set(State.values)
    assert set(CLIP_STATUS) == set(State.values)
    assert set(CLIP_STATUS.values()) == set(ClipStatus.values)


def test_the_families_of_states_leave_none_out() -> None:
    assert {*State.ACTIVE, *State.FINAL, State.UNCONFIRMED} == set(State.values)
    assert {*ClipStatus.ACTIVE, *ClipStatus.FINAL, ClipStatus.UNCONFIRMED} == set(ClipStatus.values)
    assert all(CLIP_STATUS[state] in ClipStatus.ACTIVE for state in State.ACTIVE)
    assert all(CLIP_STATUS[state] in ClipStatus.FINAL for state in State.FINAL)
