"""What the README and .env.example say of the settings is what the code reads."""

import re
from pathlib import Path

import pytest

from projects.poller.failpoints import NAMES

ROOT = Path(__file__).parent.parent
READ = set(
    re.findall(
        r"_(?:text|flag|number|words|choice)\(\s*\"([A-Z_]+)\"|environ\.get\(\"([A-Z_]+)\"\)",
        (ROOT / "veoweb" / "settings.py").read_text(),
    )
)
VARIABLES = {name for pair in READ for name in pair if name}


def test_the_settings_read_what_the_tests_think_they_read() -> None:
    assert {"GEMINI_API_KEY", "DATABASE_URL", "SECRET_KEY", "VEOWEB_ENV_FILE"} <= VARIABLES


@pytest.mark.parametrize("name", ["README.md", ".env.example"])
def test_every_variable_is_explained(name: str) -> None:
    text = (ROOT / name).read_text()
    assert {variable for variable in VARIABLES if variable not in text} == set()


def test_the_example_names_no_variable_that_nobody_reads() -> None:
    named = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named - VARIABLES == set()


def test_every_failpoint_stands_in_the_code_once() -> None:
    code = "".join(path.read_text() for path in (ROOT / "projects" / "poller").glob("*.py"))
    used = re.findall(r"failpoint\(\"(\w+)\"\)", code)
    assert sorted(used) == sorted(NAMES)


def test_decision_records_are_short() -> None:
    for record in (ROOT / "docs" / "decisions").glob("*.md"):
        assert len(record.read_text().splitlines()) <= 30, record.name


def test_templates_hold_no_inline_code() -> None:
    """The Content-Security-Policy forbids it, and a browser would only complain in its console."""
    inline = re.compile(
        r"hx-on|\bjs:|\sstyle=|\son(click|change|submit|load|error)=|<script(?![^>]*\bsrc=)|<style"
    )
    found = {
        str(path.relative_to(ROOT)): match[0]
        for path in (ROOT / "templates").rglob("*.html")
        if (match := inline.search(path.read_text()))
    }
    assert found == {}
