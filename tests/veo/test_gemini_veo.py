import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from projects.veo import catalog
from projects.veo.client import BackEnd, open_back_end
from projects.veo.credentials import ApiKey, OAuthToken
from projects.veo.errors import (
    CredentialRefused,
    Forbidden,
    Garbled,
    ModelRetired,
    NotFound,
    ServerTrouble,
    VeoError,
)
from projects.veo.gemini_veo import GeminiVeo
from projects.veo.setup import Setup
from projects.veo.types import FileInfo, Found, Output, Phase, Picture, Recipe, Source, Verdict
from tests.veo.conftest import KEY, MP4, Reply, as_json, video

REF = "models/veo-3.1-generate-preview/operations/abc"
RECIPE = Recipe(
    model="veo-3.1-generate-preview",
    prompt="A potter.",
    aspect_ratio="16:9",
    resolution="720p",
    duration_seconds=8,
)
PNG = Picture(b"\x89PNG", "image/png")
BAD_TOKEN = {"error": {"code": 401, "message": "Expected OAuth 2 access token.", "status": "UNAUTHENTICATED"}}


def test_it_writes_a_text_to_video_request(google):
    assert google.request_body(RECIPE) == {
        "instances": [{"prompt": "A potter."}],
        "parameters": {"aspectRatio": "16:9", "resolution": "720p", "durationSeconds": 8, "sampleCount": 1},
    }


def test_it_writes_pictures_as_base64_and_a_negative_prompt_only_if_given(google):
    recipe = Recipe(
        model="veo",
        prompt="A cat.",
        aspect_ratio="9:16",
        resolution="1080p",
        duration_seconds=8,
        negative_prompt="text",
        seed_image=Picture(b"\x89PNG", "image/png"),
        last_frame=Picture(b"\xff\xd8", "image/jpeg"),
    )
    body = google.request_body(recipe)
    assert body["instances"] == [
        {
            "prompt": "A cat.",
            "image": {"bytesBase64Encoded": base64.b64encode(b"\x89PNG").decode(), "mimeType": "image/png"},
            "lastFrame": {
                "bytesBase64Encoded": base64.b64encode(b"\xff\xd8").decode(),
                "mimeType": "image/jpeg",
            },
        }
    ]
    assert body["parameters"]["negativePrompt"] == "text"


def recipe(**changes):
    return replace(RECIPE, **changes)


def test_it_writes_reference_pictures_without_a_first_one(google):
    pictures = (Picture(b"\x89PNG", "image/png"), Picture(b"\xff\xd8", "image/jpeg"))
    [instance] = google.request_body(recipe(references=pictures))["instances"]
    assert instance["referenceImages"] == [
        {"image": {"bytesBase64Encoded": "iVBORw==", "mimeType": "image/png"}, "referenceType": "ASSET"},
        {"image": {"bytesBase64Encoded": "/9g=", "mimeType": "image/jpeg"}, "referenceType": "ASSET"},
    ]
    assert set(instance) == {"prompt", "referenceImages"}


def test_it_extends_what_still_lies_at_google(google):
    earlier = Source(ref=REF, uri="https://h/v1beta/files/a:download?alt=media")
    assert google.request_body(recipe(task="extend", source=earlier, duration_seconds=7)) == {
        "instances": [
            {"prompt": "A potter.", "video": {"uri": earlier.uri, "encoding": "video/mp4"}},
        ],
        "parameters": {"sampleCount": 1, "resolution": "720p"},
    }
    body = google.request_body(recipe(task="extend", source=earlier, negative_prompt="text"))
    assert body["parameters"]["negativePrompt"] == "text"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": "extend"}, "still lies at Google"),
        ({"task": "extend", "source": Source(ref=REF)}, "still lies at Google"),
        ({"task": "edit", "source": Source(ref=REF, uri="files/a")}, "edits no clips"),
        ({"seed": 0}, "no seed number"),
        ({"audio": False}, "no switch for the sound"),
        ({"references": (PNG,), "seed_image": PNG}, "only without a seed image"),
    ],
)
def test_it_says_what_it_cannot_carry(server, google, changes, words):
    with pytest.raises(ValueError, match=words):
        google.submit(recipe(**changes))
    assert server.seen == []


def test_the_version_is_a_setting(server):
    google = GeminiVeo(ApiKey(KEY), base_url=server.url, version="v1")
    server.will(as_json({"name": REF}), as_json({"name": REF}), as_json({"models": []}))
    google.submit(RECIPE, lambda ref: True)
    google.poll(REF)
    google.models()
    google.close()
    assert all(seen.path.startswith("/v1/models") for seen in server.seen)


def test_it_submits_once_and_learns_the_name(server, google):
    server.will(as_json({"name": REF}))
    outcome = google.submit(RECIPE)
    assert (outcome.verdict, outcome.ref) == (Verdict.ACCEPTED, REF)
    [seen] = server.seen
    assert seen.path == "/v1beta/models/veo-3.1-generate-preview:predictLongRunning"
    assert seen.json == google.request_body(RECIPE)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Reply(drop=True), Verdict.AMBIGUOUS),
        (as_json({"error": {"message": "No.", "status": "INVALID_ARGUMENT"}}, 400), Verdict.REJECTED),
        (Reply(429), Verdict.NOT_ACCEPTED),
        (Reply(503), Verdict.AMBIGUOUS),
    ],
)
def test_it_submits_once_whatever_comes_back(server, google, reply, verdict):
    server.will(reply)
    assert google.submit(RECIPE).verdict is verdict
    assert len(server.seen) == 1


def test_it_keeps_a_model_id_inside_its_path(server, google):
    server.will(Reply(404))
    google.submit(Recipe(model="../x?key=1", prompt="", aspect_ratio="", resolution="", duration_seconds=8))
    assert server.seen[0].path == "/v1beta/models/..%2Fx%3Fkey%3D1:predictLongRunning"


def test_it_polls_by_the_whole_name(server, google):
    server.will(
        as_json({"name": REF}),
        as_json({"name": REF, "done": True, "error": {"code": 13, "message": "Broken."}}),
    )
    assert google.poll(REF).phase is Phase.RUNNING
    progress = google.poll(REF)
    assert (progress.phase, progress.error_code) == (Phase.FAILED, 13)
    assert [(seen.method, seen.path) for seen in server.seen] == [("GET", f"/v1beta/{REF}")] * 2


def test_it_polls_no_name_that_is_none(server, google):
    with pytest.raises(Garbled):
        google.poll("https://evil.example/operations/x")
    assert server.seen == []


@pytest.mark.parametrize(
    ("message", "kind"),
    [("This model models/veo is no longer available.", ModelRetired), ("Operation not found.", NotFound)],
)
def test_it_tells_a_retired_model_from_an_unknown_operation(server, google, message, kind):
    server.will(as_json({"error": {"code": 404, "message": message, "status": "NOT_FOUND"}}, 404))
    with pytest.raises(NotFound) as error:
        google.poll(REF)
    assert type(error.value) is kind


def test_it_reads_a_files_record(server, google):
    record = {
        "name": "files/abc", "state": "ACTIVE", "sizeBytes": "4412345", "mimeType": "video/mp4",
        "expirationTime": "2026-10-03T10:00:00Z", "downloadUri": "https://h/v1beta/files/abc:download?key=x",
    }  # fmt: skip
    server.will(as_json(record))
    assert google.file_info(Output(uri="https://h/v1beta/files/abc:download?alt=media")) == FileInfo(
        name="files/abc",
        state="ACTIVE",
        size=4412345,
        mime_type="video/mp4",
        expires_at="2026-10-03T10:00:00Z",
        raw=record | {"downloadUri": "https://h/v1beta/files/abc:download?key=***"},
    )
    assert server.seen[0].path == "/v1beta/files/abc"


def test_it_reads_a_record_with_nothing_in_it(server, google):
    server.will(as_json({"sizeBytes": "huge"}))
    assert google.file_info(Output(uri="files/abc")) == FileInfo(name="", raw={"sizeBytes": "huge"})


@pytest.mark.parametrize(
    "output", [Output(inline=b"x"), Output(uri="https://storage.googleapis.com/b/o.mp4"), Output()]
)
def test_it_knows_outputs_that_have_no_record(server, google, output):
    assert google.file_info(output) is None
    assert server.seen == []


def test_it_says_that_a_file_is_still_being_stored(server, google):
    server.will(as_json({"name": "files/abc", "state": "PROCESSING"}))
    with pytest.raises(VeoError) as error:
        google.file_info(Output(uri="files/abc"))
    assert error.value.code == "not_ready"


def test_it_says_that_a_file_is_gone(server, google):
    server.will(
        as_json(
            {"error": {"code": 403, "message": "You do not have permission to access the File abc."}}, 403
        )
    )
    with pytest.raises(Forbidden, match="expired"):
        google.file_info(Output(uri="files/abc"))


def test_it_locates_operations_over_all_pages(server, google):
    first = [{"name": REF, "metadata": {"createTime": "2026-10-01T10:00:00Z"}}, {"name": "?"}, "odd"]
    server.will(
        as_json({"operations": first, "nextPageToken": "a&b"}),
        as_json({"operations": [{"name": "operations/b"}]}),
    )
    assert google.locate(RECIPE) == [
        Found(ref=REF, created_at="2026-10-01T10:00:00Z"),
        Found(ref="operations/b", created_at=""),
    ]
    assert [seen.path for seen in server.seen] == [
        "/v1beta/models/veo-3.1-generate-preview/operations?pageSize=100",
        "/v1beta/models/veo-3.1-generate-preview/operations?pageSize=100&pageToken=a%26b",
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429])
def test_it_locates_nothing_where_google_does_not_list(server, google, status):
    server.will(Reply(status, b"{}"))
    assert google.locate(RECIPE) == []


def test_it_does_not_call_trouble_an_empty_list(server, google):
    server.will(Reply(503, b"{}"))
    with pytest.raises(ServerTrouble):
        google.locate(RECIPE)


def test_it_gives_up_on_a_list_that_does_not_end(server, google):
    server.will(*[as_json({"operations": [], "nextPageToken": "again"})] * 30)
    with pytest.raises(Garbled, match="does not end"):
        google.locate(RECIPE)
    assert len(server.seen) == 20


def test_it_lists_models(server, google):
    server.will(as_json({"models": [{"name": "models/veo-a"}, {"name": "veo-b"}, {}]}))
    assert google.models() == ["veo-a", "veo-b"]
    assert server.seen[0].headers["x-goog-api-key"] == KEY


@pytest.mark.parametrize(
    ("credentials", "status", "error", "code", "words"),
    [
        (ApiKey(KEY), 400, {"message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]},
         "key_invalid", "does not accept this API key"),
        (OAuthToken(KEY), 401, {"message": "No.", "details": [{"reason": "ACCESS_TOKEN_TYPE_UNSUPPORTED"}]},
         "key_as_bearer", "belongs in GEMINI_API_KEY"),
        (OAuthToken("ya29.expired-token"), 401, {"message": "No.", "status": "UNAUTHENTICATED"},
         "token_expired", "expired or was revoked"),
        (None, 403, {"message": "Method doesn't allow unregistered callers."},
         "no_credential", "No credential reached Google"),
    ],
)  # fmt: skip
def test_it_has_a_sentence_for_each_way_a_credential_can_be_wrong(
    server, connect, credentials, status, error, code, words
):
    server.will(as_json({"error": error}, status), as_json({"error": error}, status))
    google = connect(credentials)
    with pytest.raises(CredentialRefused, match=words) as refused:
        google.models()
    assert refused.value.code == code
    outcome = google.submit(RECIPE)
    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, code)
    assert words in outcome.message


def test_it_serves_several_threads_at_once(server, google):
    names = [f"operations/{number}" for number in range(12)]
    server.will(*[as_json({"metadata": {}}, delay=0.02)] * 12)
    with ThreadPoolExecutor(6) as threads:
        progresses = list(threads.map(google.poll, names))
    assert [progress.phase for progress in progresses] == [Phase.RUNNING] * 12
    assert sorted(seen.path for seen in server.seen) == sorted(f"/v1beta/{name}" for name in names)


def test_it_is_opened_by_its_name_in_the_catalog(server):
    setup = Setup(api_key=KEY, gemini_base_url=server.url)
    back_end: BackEnd = open_back_end(catalog.GEMINI_VEO, setup)
    server.will(video())
    with back_end.open_output(Output(uri="files/a")) as download:
        assert b"".join(download.chunks) == MP4
    back_end.close()
