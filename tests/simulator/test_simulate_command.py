import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from projects.management.commands.simulate import address, latency

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [
        *(sys.executable, "manage.py", "simulate", "--address", "127.0.0.1:0", "--latency", "0.1-0.2"),
        *("--state", str(tmp_path / "state"), "--exit-with-parent"),
    ]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"VEOWEB_VAR": str(tmp_path / "var")},
    ) as process:
        yield process
        process.kill()


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Simulating Google at http://127.0.0.1:"), process.stderr.read()
    return line.split()[-1]


def state(url: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{url}/__control__") as answer:
        told: dict[str, object] = json.load(answer)
        return told


def test_it_prints_its_address_and_stops_on_sigterm(simulate):
    assert state(url_of(simulate))["charged"] == 0
    simulate.send_signal(signal.SIGTERM)

    assert simulate.wait(timeout=10) == 0
    assert simulate.stderr.read() == ""


def test_it_stops_with_its_parent(simulate):
    url_of(simulate)
    simulate.stdin.close()

    assert simulate.wait(timeout=10) == 0


def test_it_says_in_one_sentence_why_it_cannot_start(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "manage.py", "simulate", "--address", place, "--state", str(tmp_path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)

    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: The simulator cannot start:")


def test_it_remembers_what_it_accepted_when_it_is_killed(simulate, tmp_path):
    url = url_of(simulate)
    body = json.dumps({"instances": [{"prompt": "[sim:empty]"}]}).encode()
    submit = urllib.request.Request(
        f"{url}/v1beta/models/veo-3.1-generate-preview:predictLongRunning",
        data=body,
        headers={"x-goog-api-key": "AIzaTestKey"},
    )
    with urllib.request.urlopen(submit) as answer:
        name = json.load(answer)["name"]
    simulate.kill()
    simulate.wait()

    command = [*simulate.args]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as again:
        told = state(url_of(again))
        again.stdin.close()
        again.wait(timeout=10)
    assert (told["charged"], told["operations"]) == (1, [name])


def test_it_reads_addresses_and_latencies():
    assert address("127.0.0.1:8090") == ("127.0.0.1", 8090)
    assert address("[::1]:8090") == ("::1", 8090)
    assert latency("10") == 10
    assert latency("8-14.5") == (8, 14.5)


@pytest.mark.parametrize("text", ["8090", ":8090", "localhost:http", "127.0.0.1:99999"])
def test_it_refuses_an_odd_address(text):
    with pytest.raises(argparse.ArgumentTypeError):
        address(text)


@pytest.mark.parametrize("text", ["", "soon", "8-", "-3", "8-14-20"])
def test_it_refuses_an_odd_latency(text):
    with pytest.raises(argparse.ArgumentTypeError):
        latency(text)
