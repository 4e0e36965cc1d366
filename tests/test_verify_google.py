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
OMNI = "gemini-omni-1.2-flash"


def models(*ids):
    return as_json({"models": [{"name": f"models/{name}"} for name in ids]})


MODELS = models(OMNI, MODEL)


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
    settings.GOOGLE_APPLICATION_CREDENTIALS = ""
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
    server.will(MODELS, MODELS)
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "Gemini Omni (Interactions API):",
        f"  Set up by GEMINI_API_KEY: {server.url}.",
        "  The credential is accepted; 2 models are listed for it.",
        "  Alive: gemini-omni-1.2-flash.",
        "  Not listed for this credential: gemini-omni-1.1-flash.",
        "  Retired: gemini-omni-flash-preview.",
        "Veo on Vertex AI:",
        "  Not set up: it needs a Google Cloud project (GOOGLE_CLOUD_PROJECT).",
        "Veo on the Gemini API:",
        f"  Set up by GEMINI_API_KEY: {server.url}.",
        "  The credential is accepted; 2 models are listed for it.",
        "  Alive: veo-3.1-generate-preview (though Google retired it on 2026-10-22).",
        "  Retired: veo-3.1-lite-generate-preview, veo-3.1-fast-generate-preview, veo-3.0-fast-generate-001, "
        "veo-3.0-generate-001, veo-2.0-generate-001.",
    ]
    assert [seen.headers["x-goog-api-key"] for seen in server.seen] == [KEY, KEY]


def test_it_looks_at_one_back_end_alone(server, run):
    server.will(MODELS)
    code, out, _ = run("--back-end", "gemini_omni")
    assert (code, len(server.seen)) == (0, 1)
    assert "Vertex" not in out


def test_it_says_what_the_one_back_end_needs(server, run):
    code, _, err = run("--back-end", "vertex_veo")
    assert (code, server.seen) == (3, [])
    assert err == (
        "It is not set up: it needs a Google Cloud project (GOOGLE_CLOUD_PROJECT). See docs/google.md.\n"
    )


def test_one_back_end_that_lists_a_model_is_enough(server, run):
    """A relay speaks one of the two wires, Google the other."""
    server.will(models(MODEL), models(MODEL))
    code, out, err = run()
    assert (code, err) == (0, "")
    assert "  Not listed for this credential: gemini-omni-1.2-flash, gemini-omni-1.1-flash." in out


def test_it_does_not_ask_google_for_veo_with_a_key_any_more(run, settings, server):
    settings.GOOGLE_GEMINI_BASE_URL = "https://generativelanguage.googleapis.com"
    settings.GOOGLE_CLOUD_PROJECT, settings.GOOGLE_VERTEX_BASE_URL = "", ""
    settings.GEMINI_API_KEY = "two words"
    _, out, err = run()
    assert "Not asked: Google switched off its last model here." in out
    assert err.startswith("Gemini Omni (Interactions API): The API key holds a blank")


def test_it_sends_a_token_with_its_project(server, run, settings):
    settings.GEMINI_API_KEY, settings.GEMINI_OAUTH_TOKEN = "", TOKEN
    settings.GOOGLE_CLOUD_PROJECT = "studio-1"
    server.will(MODELS)
    assert run("--back-end", "gemini_veo")[0] == 0
    assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert server.seen[0].headers["x-goog-user-project"] == "studio-1"
    assert "x-goog-api-key" not in server.seen[0].headers


@pytest.fixture
def vertex(server, settings):
    """A token and a project at the server, and no key."""
    settings.GEMINI_API_KEY, settings.GEMINI_OAUTH_TOKEN = "", TOKEN
    settings.GOOGLE_CLOUD_PROJECT, settings.GOOGLE_CLOUD_LOCATION = "studio-1", "us-central1"
    settings.GOOGLE_VERTEX_BASE_URL = server.url


def publisher_models(*ids):
    return as_json({"publisherModels": [{"name": f"publishers/google/models/{name}"} for name in ids]})


def test_it_names_project_and_region_of_vertex(server, run, vertex):
    server.will(publisher_models("veo-3.1-generate-001"))
    code, out, err = run("--back-end", "vertex_veo")
    assert (code, err) == (0, "")
    assert f"  Set up by GEMINI_OAUTH_TOKEN: project studio-1, region us-central1, at {server.url}.\n" in out
    assert "  Alive: veo-3.1-generate-001.\n" in out
    assert {seen.headers["authorization"] for seen in server.seen} == {f"Bearer {TOKEN}"}


def test_it_does_not_conclude_from_what_vertex_does_not_list(server, run, vertex):
    server.will(publisher_models("gemini-9-pro"))
    code, out, err = run("--back-end", "vertex_veo")
    assert (code, err) == (0, "")
    assert "That Vertex AI lists its Veo models is not verified" in out


def test_it_names_the_file_that_is_no_credential(run, settings, vertex, tmp_path):
    settings.GOOGLE_APPLICATION_CREDENTIALS = str(tmp_path / "google.json")
    code, _, err = run("--back-end", "vertex_veo")
    assert code == 4
    assert f"GOOGLE_APPLICATION_CREDENTIALS ({tmp_path}/google.json) names a file that is not there." in err


def test_it_sends_the_key_alone_when_both_are_set(server, run, settings):
    settings.GEMINI_OAUTH_TOKEN = TOKEN
    server.will(MODELS, MODELS)
    assert run()[0] == 0
    assert not any("authorization" in seen.headers for seen in server.seen)


def test_it_tells_a_failure_of_one_credential_once(server, run):
    server.will(error(400, "API key not valid.", reason="API_KEY_INVALID"))
    code, out, err = run()
    assert (code, len(server.seen), err.count("\n")) == (10, 1, 1)
    assert "  Not asked: the same credential has just failed at the same address." in out


def test_a_failure_in_one_back_end_hides_no_other(server, run, settings, vertex):
    settings.GEMINI_API_KEY = KEY
    server.will(MODELS, error(401, "No.", "UNAUTHENTICATED"), MODELS)
    code, out, err = run()
    assert code == 12
    assert err.startswith("Veo on Vertex AI: The OAuth token has expired")
    assert out.count("The credential is accepted") == 2


def test_it_warns_of_a_key_that_google_will_refuse(run, settings):
    settings.GOOGLE_GEMINI_BASE_URL = "https://generativelanguage.googleapis.com"
    settings.GEMINI_KEY_STYLE, settings.GEMINI_API_KEY = "bearer", "two words"
    assert "Google itself refuses it." in run("--back-end", "gemini_omni")[1]


def test_it_says_nothing_of_the_key_style_that_a_relay_wants(server, run, settings):
    settings.GEMINI_KEY_STYLE = "bearer"
    server.will(MODELS, MODELS)
    code, out, _ = run()
    assert (code, "refuses" in out) == (0, False)
    assert server.seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_it_downloads_a_file_and_looks_into_it(server, run, clip, folder):
    server.will(MODELS, redirect("/download/v1beta/files/abc:download?alt=media"), video(clip))
    code, out, _ = run("--back-end", "gemini_omni", "--download", "abc", "--output", folder / "clip.mp4")
    assert code == 0
    assert f"Downloaded {len(clip)} bytes to {folder}/clip.mp4: 64x48, 0.5 s, h264." in out
    assert (folder / "clip.mp4").read_bytes() == clip
    assert [path.name for path in folder.iterdir()] == ["clip.mp4"]
    assert server.seen[1].path == "/v1beta/files/abc:download?alt=media"


@pytest.mark.parametrize("name", ["files/abc", "https://h.example/v1beta/files/abc:download?alt=media"])
def test_it_takes_a_files_name_or_address(server, run, clip, folder, name):
    server.will(MODELS, video(clip))
    assert run("--model", OMNI, "--download", name, "--output", folder / "clip.mp4")[0] == 0
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
        (TOKEN, error(403, "Permission 'aiplatform.endpoints.predict' denied."), 25, "Vertex AI User"),
        (TOKEN, error(403, "The API requires a quota project."), 26, "GOOGLE_CLOUD_QUOTA_PROJECT"),
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
    assert found == code
    assert "accepted" not in out
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
    found, _, err = run("--model", OMNI, "--download", "abc", "--output", folder / "clip.mp4")
    assert found == code
    assert words in err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"clip.mp4": b"before"}


def test_it_says_when_it_cannot_write(server, run, folder):
    server.will(MODELS, video())
    code, _, err = run("--model", OMNI, "--download", "abc", "--output", folder / "missing" / "clip.mp4")
    assert code == 55
    assert "No such file or directory" in err


def test_it_downloads_even_if_no_model_is_offered(server, run, clip, folder):
    server.will(models(), models(), video(clip))
    code, _, err = run("--download", "abc", "--output", folder / "clip.mp4")
    assert code == 42
    assert "None of the models that veoweb knows is listed." in err
    assert (folder / "clip.mp4").exists()


def test_it_downloads_nothing_with_a_credential_that_failed(server, run, folder):
    server.will(error(400, "API key not valid.", reason="API_KEY_INVALID"))
    assert run("--download", "abc", "--output", folder / "clip.mp4")[0] == 10
    assert (len(server.seen), list(folder.iterdir())) == (1, [])


def test_it_needs_a_project_for_what_lies_in_cloud_storage(server, run, folder):
    server.will(MODELS, MODELS)
    code, _, err = run("--download", "gs://bucket/clip.mp4", "--output", folder / "clip.mp4")
    assert (code, err) == (3, "The download needs a Google Cloud project (GOOGLE_CLOUD_PROJECT).\n")


def test_it_names_the_successor_of_a_retired_model(server, run):
    server.will(MODELS)
    code, _, err = run("--model", "veo-3.0-generate-001")
    assert code == 40
    assert (
        err == "Google switched off veo-3.0-generate-001 on 2026-06-30. Take gemini-omni-1.1-flash instead.\n"
    )


def test_it_accepts_a_retired_model_that_is_offered_all_the_same(server, run):
    server.will(models("veo-3.0-generate-001"))
    assert run("--model", "veo-3.0-generate-001")[0] == 0


def test_it_says_that_a_model_is_not_offered(server, run):
    server.will(MODELS, MODELS)
    assert run("--model", "veo-9")[0] == 41


def test_it_asks_only_the_back_end_of_the_model(server, run):
    server.will(MODELS)
    code, out, _ = run("--model", OMNI)
    assert (code, len(server.seen)) == (0, 1)
    assert f"  The model {OMNI} is listed.\n" in out


def test_it_says_that_no_credential_is_set(server, run, settings):
    settings.GEMINI_API_KEY = ""
    code, _, err = run()
    assert (code, server.seen) == (3, [])
    assert err.startswith("No Google credential is set. Put GEMINI_API_KEY (Gemini Omni) or ")
    assert err.count("\n") == 1


def test_it_does_not_show_the_key_to_the_simulator_in_demo_mode(server, run, settings):
    settings.DEMO = True
    server.will(MODELS)
    code, out, _ = run("--back-end", "gemini_omni")
    assert (code, out.startswith(f"Demo: the simulator at {server.url} answers, not Google,")) == (0, True)
    assert server.seen[0].headers["x-goog-api-key"] == "the-key-of-the-demo"


def test_it_says_that_a_credential_cannot_be_one(server, run, settings):
    settings.GEMINI_API_KEY = "two words"
    code, _, err = run()
    assert (code, server.seen, err.count("\n")) == (4, [], 1)


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
        "self_test",
    }


def test_it_works_from_the_shell_and_prints_no_secret(server, tmp_path):
    server.will(error(400, f"API key not valid: {KEY}", reason="API_KEY_INVALID"))
    environment = os.environ | {
        "GEMINI_API_KEY": KEY,
        "GEMINI_OAUTH_TOKEN": "",
        "GOOGLE_CLOUD_PROJECT": "",
        "VEOWEB_ENV_FILE": os.devnull,
        "VEOWEB_DEMO": "0",
        "GOOGLE_GEMINI_BASE_URL": server.url,
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "MEDIA_ROOT": str(tmp_path),
    }
    command = [sys.executable, "manage.py", "verify_google"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 10
    assert "Google does not accept this API key" in done.stderr
    assert KEY not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("replies", "code", "words"),
    [
        ([as_json({"id": "v1_a", "status": "in_progress"}), as_json({"id": "v1_a"})], 0, ""),
        (
            [as_json({"id": "v1_a"}), error(400, "Multiple authentication credentials received.")],
            70,
            "leave VEOWEB_OMNI_BACKGROUND off. Google says that two credentials came",
        ),
        ([error(400, "API key not valid.", reason="API_KEY_INVALID")], 70, "does not accept this API key"),
    ],
)
def test_it_tries_the_background_after_it_said_what_that_costs(server, run, replies, code, words):
    server.will(MODELS, *replies)
    found, out, err = run("--back-end", "gemini_omni", "--self-test")
    assert found == code
    assert "That costs a fraction of a cent.\n" in out
    assert ("The self-test passed" in out) == (code == 0)
    assert words in err
    assert server.seen[1].json["background"] is True


def test_the_self_test_needs_a_key(server, run, settings):
    settings.GEMINI_API_KEY, settings.GEMINI_OAUTH_TOKEN = "", TOKEN
    server.will(MODELS)
    code, _, err = run("--self-test")
    assert (code, err) == (3, "The self-test of Gemini Omni needs an API key (GEMINI_API_KEY).\n")
