from pathlib import Path

import pytest

from projects.simulator.faults import KINDS, ROUTES
from projects.simulator.tags import TAGS

TEXT = (Path(__file__).resolve().parent.parent.parent / "docs" / "simulator.md").read_text()


@pytest.mark.parametrize("tag", TAGS)
def test_it_documents_every_tag(tag):
    assert f"| `[sim:{tag}]`" in TEXT


@pytest.mark.parametrize("kind", KINDS)
def test_it_documents_every_fault(kind):
    assert any(f"`{kind}`" in line.split("|")[1] for line in TEXT.splitlines() if line.startswith("|"))


@pytest.mark.parametrize("route", ROUTES)
def test_it_documents_every_route(route):
    assert f"`{route}`" in TEXT
