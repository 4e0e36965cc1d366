"""The tests that cost money run for nobody who has not agreed to the price."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from projects.veo.setup import Setup
from tests.google.plan import plans, total
from tests.veo.conftest import Server, server

__all__ = ["server"]

ROOT = Path(__file__).parents[1]
TODAY = dt.date(2026, 11, 24)
BOTH = Setup(api_key="AIza" + "SyOfThePlan", oauth_token="ya29." + "of-the-plan", project="studio-1")


@pytest.mark.parametrize(
    ("environment", "said", "words"),
    [
        ({"GEMINI_API_KEY": "a-key"}, "", "Type yes to go on"),
        ({"GEMINI_API_KEY": "a-key"}, "no\n", "Nothing was sent."),
        ({"GEMINI_API_KEY": "a-key", "VEOWEB_TEST_GOOGLE": "no"}, "yes\n", "Nothing was sent."),
        ({}, "yes\n", "There is nothing to test: no Google credential is set."),
    ],
)
def test_it_sends_nothing_without_consent(
    server: Server, environment: dict[str, str], said: str, words: str
) -> None:
    done = run([], environment | {"GOOGLE_GEMINI_BASE_URL": server.url}, said)
    assert (done.returncode, server.seen) == (2, [])
    assert words in done.stdout
    if "GEMINI_API_KEY" in environment:
        assert "$" in done.stdout.partition("Nothing was sent.")[0]


def test_pytest_alone_does_not_run_it(server: Server) -> None:
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/google"]
    done = run(command, {"GEMINI_API_KEY": "a-key", "GOOGLE_GEMINI_BASE_URL": server.url}, "")
    assert (done.returncode, server.seen) == (pytest.ExitCode.USAGE_ERROR, [])
    assert "`make test-google` says for how much, and asks." in done.stdout + done.stderr


def test_it_buys_the_cheapest_clip_of_each_back_end_and_extends_it() -> None:
    omni, vertex = plans(BOTH, TODAY)
    assert (omni.model.id, omni.resolution, omni.seconds) == ("gemini-omni-1.2-flash", "360p", 3)
    assert omni.extender is omni.model
    assert (vertex.model.id, vertex.price) == ("veo-3.1-lite-generate-001", 200_000)
    assert vertex.extender is not None
    assert (vertex.extender.id, vertex.more_price) == ("veo-3.1-fast-generate-001", 700_000)
    assert total([omni, vertex]) == 2 * 69_600 + 3 * 8_700 + 900_000


def test_it_buys_nothing_in_the_demo() -> None:
    assert plans(Setup(demo=True), TODAY) == []


def run(words: list[str], settings: dict[str, str], said: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "VEOWEB_ENV_FILE": os.devnull, **settings}
    return subprocess.run(
        [sys.executable, *(words or ["-m", "tests.google"])],
        cwd=ROOT,
        env=environment,
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
