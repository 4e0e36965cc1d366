"""What the README and .env.example say of the settings is what the code reads."""

import re
from pathlib import Path

import pytest

from projects.poller.failpoints import FILM_NAMES, NAMES
from projects.veo.catalog import CATALOG
from projects.veo.verify import EXIT_CODES

ROOT = Path(__file__).parent.parent
READ = set(
    re.findall(
        r"_(?:text|flag|number|words|choice)\(\s*\"([A-Z_]+)\"|environ\.get\(\"([A-Z_]+)\"\)",
        (ROOT / "veoweb" / "settings.py").read_text(),
    )
)
GOOGLE = (ROOT / "docs" / "google.md").read_text()
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
    assert sorted(used) == sorted((*NAMES, *FILM_NAMES))


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


def test_the_page_about_google_explains_every_exit_code() -> None:
    rows = re.findall(r"^\| ([\d, -]+) \| ([^|]+) \|", GOOGLE, re.MULTILINE)
    explained = {
        int(number)
        for numbers, _ in rows
        for start, end in re.findall(r"(\d+)(?:-(\d+))?", numbers)
        for number in range(int(start), int(end or start) + 1)
    }
    assert explained == set(EXIT_CODES.values())
    for code in EXIT_CODES:
        assert f"`{code}`" in GOOGLE, code


def test_the_page_about_google_tells_the_prices_of_the_catalog() -> None:
    for model in CATALOG.models:
        row = re.search(rf"^\| {model.label}(?: \(Vertex AI\))? \| (.+) \|$", GOOGLE, re.MULTILINE)
        assert (row is None) == (model.retires_on is not None and not model.retires_at_earliest), model.id
        if row:
            told = [0 if cell == "-" else float(cell) for cell in row[1].split(" | ")]
            sizes = ("360p", "720p", "1080p", "4k")
            assert told == [model.prices.get(size, 0) / 1_000_000 for size in sizes], model.id
