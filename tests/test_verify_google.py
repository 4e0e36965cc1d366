import io
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest
from django.core.management import CommandError, call_command

from projects.veo import errors
from projects.veo.verify import EXIT_CODES
from tests.veo.conftest import KEY, MP4, Reply, as_json, redirect, server, video

__all__ = ["server"]

ROOT = Path(__file__).parents[1]
TOKEN = "ya29." + "test-token-of-the-verification"
MODEL = "veo-3.1-generate-preview"
MODELS = as_json({"models": [{"name": "models/gemini-omni-1.2-flash"}, {"name": f"models/{MODEL}"}]})


@pytest.fixture(scope="module")
def clip():
    """A real MP4 of a few frames."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = Fraction(1, 24)
        for _ in range(12):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([128]) * plane.buffer_size)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    """An empty folder to download to."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder


@pytest.fixture
def run(server, settings):
    """Runs the command against the server: exit code, standard output, standard error."""
    settings.GEMINI_API_KEY, settings.GEMINI_OAUTH_TOKEN, settings.GOOGLE_CLOUD_PROJECT = KEY, "", ""
    settings.GOOGLE_GEMINI_BASE_URL, settings.DEMO = server.url, False

    def run(*arguments):
        out, err = io.StringIO(), io.StringIO()
        code = 0
        try:
            call_command("verify_google", *map(str, arguments), stdout=out, stderr=err, no_color=True)
        except SystemExit as stop:
            code = stop.code
        assert KEY not in out.getvalue() + err.getvalue()
        assert TOKEN not in out.getvalue() + err.getvalue()
        return code, out.getvalue(), err.getvalue()

    return run


def test_it_says_that_all_is_well(server, run):
    server.will(MODELS)
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out == f"The credential is accepted; Google lists 2 models.\nThe model {MODEL} is offered.\n"
    assert server.seen[0].headers["x-goog-api-key"] == KEY


def test_it_sends_a_token_with_its_project(server, run, settings):
    settings.GEMINI_API_KEY, settings.GEMINI_OAUTH_TOKEN = "", TOKEN
    settings.GOOGLE_CLOUD_PROJECT = "studio-1"
    server.will(MODELS)
    assert run()[0] == 0
    assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert server.seen[0].headers["x-goog-user-project"] == "studio-1"
    assert "x-goog-api-key" not in server.seen[0].headers


def test_it_sends_the_key_alone_when_both_are_set(server, run, settings):
    settings.GEMINI_OAUTH_TOKEN = TOKEN
    server.will(MODELS)
    assert run()[0] == 0
    assert "authorization" not in server.seen[0].headers


def test_it_downloads_a_file_and_looks_into_it(server, run, clip, folder):
    server.will(MODELS, redirect("/download/v1beta/files/abc:download?alt=media"), video(clip))
    code, out, _ = run("--download", "abc", "--output", folder / "clip.mp4")
    assert code == 0
    assert f"Downloaded {len(clip)} bytes to {folder}/clip.mp4: 64x48, 0.5 s, h264." in out
    assert (folder / "clip.mp4").read_bytes() == clip
    assert [path.name for path in folder.iterdir()] == ["clip.mp4"]
    assert server.seen[1].path == "/v1beta/files/abc:download?alt=media"


@pytest.mark.parametrize("name", ["files/abc", "https://h.example/v1beta/files/abc:download?alt=media"])
def test_it_takes_a_files_name_or_address(server, run, clip, folder, name):
    server.will(MODELS, video(clip))
    assert run("--download", name, "--output", folder / "clip.mp4")[0] == 0
    assert server.seen[1].path == "/v1beta/files/abc:download?alt=media"


def error(status, message, word="", reason=""):
    details = [{"reason": reason}] if reason else []
    return as_json({"error": {"message": message, "status": word, "details": details}}, status)


@pytest.mark.parametrize(
    ("token", "reply", "code", "words"),
    [
        ("", error(400, "API key not valid.", reason="API_KEY_INVALID"), 10, "does not accept this API key"),
        (KEY, error(401, "No.", reason="ACCESS_TOKEN_TYPE_UNSUPPORTED"), 11, "sent as a Bearer token"),
        (TOKEN, error(401, "No.", "UNAUTHENTICATED"), 12, "has expired or was revoked"),
        (TOKEN, error(403, "No.", reason="ACCESS_TOKEN_SCOPE_INSUFFICIENT"), 13, "lacks a scope"),
        ("", error(403, "Method doesn't allow unregistered callers."), 14, "No credential reached Google"),
        ("", error(400, "Multiple authentication credentials received."), 15, "two credentials"),
        ("", error(403, "No.", reason="API_KEY_SERVICE_BLOCKED"), 20, "restricted"),
        ("", error(403, "No.", reason="SERVICE_DISABLED"), 21, "switched off"),
        ("", error(403, "No."), 22, "does not allow"),
        ("", error(400, "Billing.", "FAILED_PRECONDITION"), 23, "billing"),
        ("", error(400, "User location is not supported."), 24, "region"),
        ("", error(429, "Quota."), 30, "limit"),
        ("", Reply(drop=True), 60, "broke before the answer"),
        ("", Reply(200, b"<html>"), 61, "not the JSON"),
        ("", redirect("/", 307), 62, "redirected more than 3 times"),
        ("", redirect("https://evil.example/"), 63, "evil.example"),
        ("", Reply(503), 64, "trouble of its own"),
        ("", error(400, "Odd."), 65, "Odd."),
        ("", Reply(404), 66, "nothing at this address"),
    ],
)
def test_it_has_a_sentence_and_a_code_for_each_failure(server, run, settings, token, reply, code, words):
    if token:
        settings.GEMINI_API_KEY, settings.GEMINI_OAUTH_TOKEN = "", token
    server.will(reply, reply, reply, reply)
    found, out, err = run()
    assert (found, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (error(403, "You do not have permission to access the File abc."), 50, "expired"),
        (
            Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}),
            51,
            "text/html instead of a video",
        ),
        (video(b'{"error": "no"}'), 51, "does not begin like an MP4"),
        (video(headers={"Content-Range": "x"}, length=2**40), 52, "larger than"),
        (video(cut=100), 53, "broke before"),
        (video(MP4), 54, "no playable video"),
        (redirect("https://evil.example/clip.mp4"), 63, "evil.example"),
    ],
)
def test_it_keeps_no_file_that_is_not_a_whole_video(server, run, folder, reply, code, words):
    (folder / "clip.mp4").write_bytes(b"before")
    server.will(MODELS, reply)
    found, _, err = run("--download", "abc", "--output", folder / "clip.mp4")
    assert found == code
    assert words in err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"clip.mp4": b"before"}


def test_it_says_when_it_cannot_write(server, run, folder):
    server.will(MODELS, video())
    code, _, err = run("--download", "abc", "--output", folder / "missing" / "clip.mp4")
    assert code == 55
    assert "No such file or directory" in err


def test_it_downloads_even_if_no_model_is_offered(server, run, clip, folder):
    server.will(as_json({"models": []}), video(clip))
    code, _, err = run("--download", "abc", "--output", folder / "clip.mp4")
    assert code == 42
    assert "None of our models is offered" in err
    assert (folder / "clip.mp4").exists()


def test_it_names_the_successor_of_a_retired_model(server, run):
    server.will(MODELS)
    code, _, err = run("--model", "veo-3.0-generate-001")
    assert code == 40
    assert (
        err
        == "Google switched off veo-3.0-generate-001 on 2026-06-30. Take veo-3.1-generate-preview instead.\n"
    )


def test_it_accepts_a_retired_model_that_is_offered_all_the_same(server, run):
    server.will(as_json({"models": [{"name": "models/veo-3.0-generate-001"}]}))
    assert run("--model", "veo-3.0-generate-001")[0] == 0


def test_it_says_that_a_model_is_not_offered(server, run):
    server.will(MODELS)
    assert run("--model", "veo-9")[0] == 41


def test_it_says_that_no_credential_is_set(server, run, settings):
    settings.GEMINI_API_KEY = ""
    code, _, err = run()
    assert (code, server.seen) == (3, [])
    assert err == "No Google credential is set. Put GEMINI_API_KEY or GEMINI_OAUTH_TOKEN into .env.\n"


def test_it_does_not_show_the_key_to_the_simulator_in_demo_mode(server, run, settings):
    settings.DEMO = True
    server.will(MODELS)
    assert run()[0] == 0
    assert server.seen[0].headers["x-goog-api-key"] == "the-key-of-the-demo"


def test_it_says_that_a_credential_cannot_be_one(server, run, settings):
    settings.GEMINI_API_KEY = "two words"
    assert run()[0] == 4
    assert server.seen == []


def test_it_sends_nothing_to_a_base_url_that_is_not_safe(run, settings):
    settings.GOOGLE_GEMINI_BASE_URL = "http://relay.example"
    code, _, err = run()
    assert code == 5
    assert "must be https" in err


@pytest.mark.parametrize("arguments", [["--download", "abc"], ["--output", "clip.mp4"]])
def test_it_wants_file_and_path_together(run, arguments):
    with pytest.raises(CommandError) as wrong:
        run(*arguments)
    assert wrong.value.returncode == 2


def test_it_has_a_code_of_its_own_for_every_failure_that_can_happen_here():
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
    table = (errors.__doc__ or "").partition("credential    ")[2]
    known = {word for word in table.split() if word.islower() and word.replace("_", "").isalpha()}
    assert {"key_invalid", "file_gone", "cut_off", "foreign_host"} <= known
    assert set(EXIT_CODES) - known == {
        "not_configured",
        "bad_credential",
        "bad_base_url",
        "no_model",
        "broken_video",
        "disk",
    }


def test_it_works_from_the_shell_and_prints_no_secret(server, tmp_path):
    server.will(error(400, f"API key not valid: {KEY}", reason="API_KEY_INVALID"))
    environment = os.environ | {
        "GEMINI_API_KEY": KEY,
        "GEMINI_OAUTH_TOKEN": "",
        "VEOWEB_DEMO": "0",
        "GOOGLE_GEMINI_BASE_URL": server.url,
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "MEDIA_ROOT": str(tmp_path),
    }
    command = [sys.executable, "manage.py", "verify_google"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (10, "")
    assert "Google does not accept this API key" in done.stderr
    assert KEY not in done.stderr
