"""Veo on Vertex AI against a server that answers by script."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from projects.veo.accounts import from_file
from projects.veo.credentials import ApiKey, Credentials, OAuthToken
from projects.veo.errors import (
    CredentialRefused,
    Forbidden,
    ForeignHost,
    Garbled,
    ModelRetired,
    ServerTrouble,
)
from projects.veo.transport import Limits
from projects.veo.types import FileInfo, Found, Output, Phase, Picture, Recipe, Source, Verdict
from projects.veo.vertex_veo import VertexVeo
from tests.veo.conftest import MP4, Reply, Server, as_json, video

TOKEN = OAuthToken("ya29." + "test-token-of-vertex")
MODEL = "projects/demo-1/locations/us-central1/publishers/google/models/veo-3.1-fast-generate-001"
REF = f"{MODEL}/operations/0a1b-2c3d"
PNG = Picture(b"\x89PNG", "image/png")
JPEG = Picture(b"\xff\xd8", "image/jpeg")
PNG_SENT = {"bytesBase64Encoded": base64.b64encode(PNG.data).decode(), "mimeType": "image/png"}
JPEG_SENT = {"bytesBase64Encoded": base64.b64encode(JPEG.data).decode(), "mimeType": "image/jpeg"}

Opener = Callable[..., VertexVeo]


def recipe(**more: Any) -> Recipe:
    plain = {"prompt": "A potter.", "aspect_ratio": "16:9", "resolution": "720p", "duration_seconds": 8}
    return Recipe(**({"model": "veo-3.1-fast-generate-001"} | plain | more))


@pytest.fixture
def connect(server: Server) -> Iterator[Opener]:
    with ExitStack() as stack:

        def connect(credentials: Credentials | None = TOKEN, **more: Any) -> VertexVeo:
            limits = Limits(paid_read=2, poll_read=2, download_read=2)
            settings = {"project": "demo-1", "base_url": server.url, "storage_url": server.url}
            vertex = VertexVeo(credentials, limits=limits, **(settings | more))
            stack.callback(vertex.close)
            return vertex

        yield connect


@pytest.fixture
def vertex(connect: Opener) -> VertexVeo:
    return connect()


def test_it_writes_a_text_to_video_request(vertex):
    assert vertex.request_body(recipe(duration_seconds=6, aspect_ratio="9:16")) == {
        "instances": [{"prompt": "A potter."}],
        "parameters": {
            "sampleCount": 1,
            "resolution": "720p",
            "aspectRatio": "9:16",
            "durationSeconds": 6,
            "generateAudio": True,
        },
    }


def test_it_writes_all_that_a_recipe_can_ask_for(connect):
    vertex = connect(storage="gs://studio/clips/")
    asked = recipe(
        resolution="1080p", negative_prompt="text", seed=0, audio=False,
        seed_image=PNG, last_frame=JPEG, operation_id="op-1",
    )  # fmt: skip
    assert vertex.request_body(asked) == {
        "instances": [{"prompt": "A potter.", "image": PNG_SENT, "lastFrame": JPEG_SENT}],
        "parameters": {
            "sampleCount": 1,
            "resolution": "1080p",
            "aspectRatio": "16:9",
            "durationSeconds": 8,
            "negativePrompt": "text",
            "seed": 0,
            "generateAudio": False,
            "storageUri": "gs://studio/clips/op-1/",
        },
    }


def test_it_writes_reference_images_as_assets(vertex):
    [instance] = vertex.request_body(recipe(references=(PNG, JPEG)))["instances"]
    assert instance == {
        "prompt": "A potter.",
        "referenceImages": [
            {"image": PNG_SENT, "referenceType": "ASSET"},
            {"image": JPEG_SENT, "referenceType": "ASSET"},
        ],
    }


def test_it_leaves_the_sound_alone_where_there_is_no_switch(vertex):
    assert "generateAudio" not in vertex.request_body(recipe(model="another"))["parameters"]


def test_it_extends_a_clip_where_it_lies_in_cloud_storage(vertex, tmp_path):
    source = Source(ref=REF, uri="gs://studio/a.mp4", file=tmp_path / "a.mp4")
    assert vertex.request_body(recipe(task="extend", source=source, duration_seconds=7)) == {
        "instances": [
            {"prompt": "A potter.", "video": {"gcsUri": "gs://studio/a.mp4", "mimeType": "video/mp4"}}
        ],
        "parameters": {"sampleCount": 1, "resolution": "720p", "generateAudio": True},
    }


def test_it_extends_our_own_copy_of_a_clip_that_came_in_an_answer(vertex, tmp_path):
    file = tmp_path / "a.mp4"
    file.write_bytes(MP4)
    [instance] = vertex.request_body(recipe(task="extend", source=Source(ref=REF, file=file)))["instances"]
    sent = {"bytesBase64Encoded": base64.b64encode(MP4).decode(), "mimeType": "video/mp4"}
    assert instance["video"] == sent


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"task": "edit", "source": Source(ref=REF)}, "edits no clips"),
        ({"task": "extend"}, "neither in Cloud Storage nor here"),
        ({"task": "extend", "source": Source(ref=REF, uri="https://h/files/a")}, "neither in Cloud Storage"),
    ],
)
def test_it_says_what_it_cannot_send(vertex, tmp_path, more, words):
    with pytest.raises(ValueError, match=words):
        vertex.request_body(recipe(**more))
    gone = Source(ref=REF, file=tmp_path / "gone.mp4")
    with pytest.raises(ValueError, match="neither in Cloud Storage nor here"):
        vertex.request_body(recipe(task="extend", source=gone))


def test_it_submits_once_and_learns_the_name(server, vertex):
    server.will(as_json({"name": REF}))
    outcome = vertex.submit(recipe())
    assert (outcome.verdict, outcome.ref) == (Verdict.ACCEPTED, REF)
    [seen] = server.seen
    assert (seen.method, seen.path) == ("POST", f"/v1beta1/{MODEL}:predictLongRunning")
    assert seen.headers["authorization"] == f"Bearer {TOKEN.token}"
    assert seen.json == vertex.request_body(recipe())


@pytest.mark.parametrize(
    "name", ["operations/abc", "https://evil.example/operations/x", f"{REF}/..", 7, None]
)
def test_a_name_that_cannot_be_polled_is_no_acceptance(server, vertex, name):
    server.will(as_json({"name": name}))
    assert vertex.submit(recipe()).verdict is Verdict.AMBIGUOUS
    assert len(server.seen) == 1


def test_it_keeps_a_model_id_inside_its_path(server, vertex):
    server.will(Reply(404))
    vertex.submit(recipe(model="../x?key=1"))
    assert server.seen[0].path.endswith("/publishers/google/models/..%2Fx%3Fkey%3D1:predictLongRunning")


def test_it_asks_for_an_operation_by_its_name(server, vertex):
    server.will(
        as_json({"name": REF}), as_json({"name": REF, "done": True, "error": {"code": 3, "message": "No"}})
    )
    assert vertex.poll(REF).phase is Phase.RUNNING
    progress = vertex.poll(REF)
    assert (progress.phase, progress.error_code, progress.error_message) == (Phase.FAILED, 3, "No")
    assert [(seen.method, seen.path) for seen in server.seen] == [
        ("POST", f"/v1beta1/{MODEL}:fetchPredictOperation")
    ] * 2
    assert server.seen[0].json == {"operationName": REF}


def test_it_asks_in_the_region_and_project_that_the_name_says(server, vertex):
    other = REF.replace("us-central1", "europe-west4").replace("demo-1", "another-2")
    server.will(as_json({"name": other}))
    assert vertex.poll(other).phase is Phase.RUNNING
    assert "/projects/another-2/locations/europe-west4/" in server.seen[0].path


def test_at_google_it_asks_at_the_host_of_the_names_region():
    vertex = VertexVeo(TOKEN, project="demo-1")
    assert vertex._at("us-central1").url("x") == "https://us-central1-aiplatform.googleapis.com/x"
    assert vertex._at("europe-west4").url("x") == "https://europe-west4-aiplatform.googleapis.com/x"
    assert vertex._at("global").url("x") == "https://aiplatform.googleapis.com/x"
    assert vertex._at("eu").url("x") == "https://aiplatform.eu.rep.googleapis.com/x"
    vertex.close()


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "operations/abc",
        "models/veo/operations/abc",
        f"{REF}/../x",
        REF.replace("us-central1", "evil.example/"),
        REF.replace("us-central1", "evil.example"),
        REF.replace("demo-1", ".."),
        f"https://evil.example/{REF}",
        f"{REF}?x=1",
        f"{REF}\n",
        "gs://studio",
        "gs://studio/../a.mp4",
    ],
)
def test_it_asks_for_no_name_that_is_none(server, vertex, ref):
    with pytest.raises(Garbled) as error:
        vertex.poll(ref)
    assert error.value.code == "bad_name"
    assert server.seen == []


def test_it_does_not_believe_the_answer_about_another_operation(server, vertex):
    server.will(as_json({"name": f"{REF}x", "done": True}))
    with pytest.raises(Garbled, match="another operation"):
        vertex.poll(REF)


def done(**response: Any) -> Reply:
    return as_json({"name": REF, "done": True, "response": {"@type": "…GenerateVideoResponse"} | response})


def test_it_finds_the_video_in_the_bucket_and_reads_it_with_the_same_token(server, vertex):
    uri = "gs://studio/clips/op-1/123/sample_0.mp4"
    server.will(done(videos=[{"gcsUri": uri, "mimeType": "video/mp4"}]), as_json({"size": "2080"}), video())
    [output] = vertex.poll(REF).outputs
    assert output == Output(uri=uri)
    assert vertex.file_info(output) == FileInfo(name="", size=2080, raw={"size": "2080"})
    with vertex.open_output(output) as download:
        assert b"".join(download.chunks) == MP4
    path = "/storage/v1/b/studio/o/clips%2Fop-1%2F123%2Fsample_0.mp4"
    assert [seen.path for seen in server.seen[1:]] == [path, f"{path}?alt=media"]
    assert {seen.headers["authorization"] for seen in server.seen} == {f"Bearer {TOKEN.token}"}


def test_it_goes_on_where_a_download_from_the_bucket_stopped(server, vertex):
    rest = {"ETag": '"v1"', "Content-Range": f"bytes 10-{len(MP4) - 1}/{len(MP4)}"}
    server.will(video(MP4[10:], 206, headers=rest))
    with vertex.open_output(Output(uri="gs://studio/a.mp4"), offset=10, etag='"v1"') as download:
        assert (download.start, b"".join(download.chunks)) == (10, MP4[10:])


def test_it_takes_the_video_out_of_the_answer(server, vertex):
    server.will(
        done(videos=[{"bytesBase64Encoded": base64.b64encode(MP4).decode(), "mimeType": "video/mp4"}])
    )
    progress = vertex.poll(REF)
    [output] = progress.outputs
    with vertex.open_output(output) as download:
        assert b"".join(download.chunks) == MP4
    assert vertex.file_info(output) is None
    assert "AAAA" not in str(progress.raw)


def test_a_long_video_in_the_answer_is_a_file_from_the_start(server, connect, tmp_path):
    long = MP4 * 8
    encoded = base64.b64encode(long).decode()
    server.will(done(videos=[{"bytesBase64Encoded": encoded}]), done(videos=[], thought=encoded))
    vertex = connect(spool=tmp_path / "spool")
    (tmp_path / "spool").mkdir()
    [output] = vertex.poll(REF).outputs
    assert isinstance(output.inline, Path)
    assert output.inline.parent == tmp_path / "spool"
    with vertex.open_output(output) as download:
        assert (b"".join(download.chunks), download.length) == (long, len(long))
    assert vertex.poll(REF).phase is Phase.EMPTY
    assert list((tmp_path / "spool").iterdir()) == [output.inline]


def test_it_reads_samples_as_the_schema_also_knows_them(server, vertex):
    server.will(done(generatedSamples=[{"video": {"gcsUri": "gs://studio/a.mp4"}}]))
    assert vertex.poll(REF).outputs == (Output(uri="gs://studio/a.mp4"),)


def test_it_reads_why_the_filter_held_everything_back(server, vertex):
    reasons = ["The prompt was blocked. Support codes: 42237218"]
    server.will(done(raiMediaFilteredCount=1, raiMediaFilteredReasons=reasons))
    progress = vertex.poll(REF)
    assert (progress.phase, progress.reasons) == (Phase.FILTERED, tuple(reasons))


@pytest.mark.parametrize(
    ("uri", "error"),
    [
        ("gs://studio/../other/a.mp4", Garbled),
        ("gs://evil.example:80/a.mp4", Garbled),
        ("gs:evil", Garbled),
        ("https://evil.example/a.mp4", ForeignHost),
        ("https://storage.googleapis.com.evil.example/a.mp4", ForeignHost),
        ("http://169.254.169.254/token", ForeignHost),
        ("file:///etc/passwd", Garbled),
        ("", Garbled),
    ],
)
def test_a_hostile_answer_gets_no_token_and_no_request(server, connect, uri, error):
    vertex = connect(storage_url="https://storage.googleapis.com", resolver=lambda host, port: ["10.0.0.1"])
    with pytest.raises(error), vertex.open_output(Output(uri=uri)):
        pass
    assert server.seen == []


def test_another_address_on_this_machine_gets_no_token(server, stranger, vertex):
    stranger.will(video())
    with vertex.open_output(Output(uri=f"{stranger.url}/a.mp4")) as download:
        assert b"".join(download.chunks) == MP4
    assert "authorization" not in stranger.seen[0].headers


def test_it_locates_the_result_of_a_request_whose_answer_was_lost(server, connect):
    vertex = connect(storage="gs://studio/clips")
    server.will(
        Reply(drop=True),
        as_json({"items": [{"name": "clips/op-1/5/sample_0.mp4", "timeCreated": "2026-11-24T10:00:00Z"}]}),
    )
    asked = recipe(operation_id="op-1")
    assert vertex.submit(asked).verdict is Verdict.AMBIGUOUS
    [found] = vertex.locate(asked)
    assert found == Found(
        ref="gs://studio/clips/op-1/5/sample_0.mp4", created_at="2026-11-24T10:00:00Z", certain=True
    )
    assert server.seen[1].path == "/storage/v1/b/studio/o?prefix=clips%2Fop-1%2F&maxResults=100"
    progress = vertex.poll(found.ref)
    assert (progress.phase, progress.outputs) == (Phase.SUCCEEDED, (Output(uri=found.ref),))


def test_it_locates_nothing_without_a_bucket_of_ours(server, vertex, connect):
    assert vertex.locate(recipe(operation_id="op-1")) == []
    assert connect(storage="gs://studio").locate(recipe()) == []
    assert server.seen == []


@pytest.mark.parametrize(
    ("status", "error"), [(401, CredentialRefused), (403, Forbidden), (503, ServerTrouble)]
)
def test_a_bucket_that_it_may_not_look_into_is_not_an_empty_one(server, connect, status, error):
    vertex = connect(storage="gs://studio")
    server.will(Reply(status, b"{}"), Reply(404, b"{}"))
    with pytest.raises(error):
        vertex.locate(recipe(operation_id="op-1"))
    assert vertex.locate(recipe(operation_id="op-1")) == []


def test_it_lists_models_as_googles_sdk_does(server, vertex):
    server.will(
        as_json({"publisherModels": [{"name": "publishers/google/models/veo-a"}, {}], "nextPageToken": "t"}),
        as_json({"publisherModels": [{"name": "publishers/google/models/veo-b"}]}),
    )
    assert vertex.models() == ["veo-a", "veo-b"]
    path = "/v1beta1/publishers/google/models?pageSize=100"
    assert [seen.path for seen in server.seen] == [path, f"{path}&pageToken=t"]


@pytest.mark.parametrize(
    ("status", "message", "error", "code", "words"),
    [
        (401, "Request had invalid credentials.", CredentialRefused, "token_expired", "fresh one"),
        (403, "Permission 'aiplatform.endpoints.predict' denied on resource.", Forbidden, "role_missing",
         "roles/aiplatform.user"),
        (404, f"Publisher Model `{MODEL}` was not found or your project does not have access to it.",
         ModelRetired, "model_retired", "GOOGLE_CLOUD_LOCATION"),
    ],
)  # fmt: skip
def test_it_says_what_to_change(server, vertex, status, message, error, code, words):
    refusal = as_json({"error": {"code": status, "message": message}}, status)
    server.will(refusal, refusal)
    with pytest.raises(error, match=words) as refused:
        vertex.poll(REF)
    assert refused.value.code == code
    outcome = vertex.submit(recipe())
    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, code)


class Renewing(OAuthToken):
    """Has one fresh token in store."""

    renewable = True
    source = "GOOGLE_APPLICATION_CREDENTIALS (/srv/google.json)"
    remedy = "Make a new key."

    def renew(self, refused: Any) -> bool:
        fresh = "ya29." + "fresh-token-of-vertex"
        if self.token == fresh:
            return False
        object.__setattr__(self, "token", fresh)
        return True


def test_a_poll_whose_token_is_refused_is_asked_once_more(server, connect):
    vertex = connect(Renewing("ya29.old-token-of-vertex"))
    refusal = as_json({"error": {"code": 401, "message": "Invalid."}}, 401)
    server.will(refusal, as_json({"name": REF}), refusal)
    assert vertex.poll(REF).phase is Phase.RUNNING
    assert [seen.headers["authorization"][7:15] for seen in server.seen] == ["ya29.old", "ya29.fre"]
    with pytest.raises(CredentialRefused, match=r"/srv/google\.json"):
        vertex.poll(REF)
    assert len(server.seen) == 3


def test_the_paid_request_is_not_sent_again_with_a_fresh_token(server, connect):
    vertex = connect(Renewing("ya29.old-token-of-vertex"))
    server.will(as_json({"error": {"code": 401, "message": "Invalid."}}, 401))
    outcome = vertex.submit(recipe())
    assert (outcome.verdict, outcome.code) == (Verdict.NOT_ACCEPTED, "token_expired")
    assert len(server.seen) == 1


@pytest.fixture
def by_file(server: Server, connect: Opener, tmp_path: Path) -> VertexVeo:
    """With the file of a logged-in person, whose token server is the same server."""
    info = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    file = tmp_path / "google.json"
    file.write_text(json.dumps(info | {"token_uri": f"{server.url}/token"}))
    return connect(from_file(str(file)))


def fresh(number: int) -> Reply:
    return as_json({"access_token": f"ya29.fresh-{number}", "expires_in": 3600})


def test_one_file_carries_a_clip_from_the_request_to_the_bucket(server, by_file):
    refusal = as_json({"error": {"code": 401, "message": "Expired."}}, 401)
    server.will(fresh(1), as_json({"name": REF}), refusal, fresh(2))
    server.will(done(videos=[{"gcsUri": "gs://studio/a.mp4"}]), refusal, video())
    assert by_file.submit(recipe()).ref == REF
    [output] = by_file.poll(REF).outputs
    with pytest.raises(CredentialRefused, match=r"google\.json"), by_file.open_output(output):
        pass
    with by_file.open_output(output) as download:
        assert b"".join(download.chunks) == MP4
    sent = [seen.headers.get("authorization", "token")[7:] for seen in server.seen]
    assert sent == ["", "ya29.fresh-1", "ya29.fresh-1", "", *["ya29.fresh-2"] * 3]


def test_a_request_without_a_token_was_not_sent(server, by_file):
    revoked = as_json({"error": "invalid_grant", "error_description": "Token has been revoked."}, 400)
    server.will(Reply(drop=True), revoked, revoked)
    assert by_file.submit(recipe()).verdict is Verdict.NOT_SENT
    outcome = by_file.submit(recipe())
    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "credential_revoked")
    assert "gcloud auth application-default login" in outcome.message
    with pytest.raises(CredentialRefused):
        by_file.poll(REF)
    assert {seen.path for seen in server.seen} == {"/token"}


def test_no_token_is_in_any_text(server, connect, caplog):
    vertex = connect()
    repeated = {"error": {"code": 403, "message": f"Bearer {TOKEN.token} may not", "status": TOKEN.token}}
    server.will(as_json(repeated, 403), as_json(repeated, 403))
    with pytest.raises(Forbidden) as refused:
        vertex.poll(REF)
    outcome = vertex.submit(recipe())
    error = refused.value
    assert TOKEN.token not in f"{error!r} {error.detail} {error.reason} {outcome!r} {caplog.text} {vertex!r}"


@pytest.mark.parametrize(
    ("unusable", "words"),
    [
        ({"project": ""}, "GOOGLE_CLOUD_PROJECT"),
        ({"project": "a/b"}, "GOOGLE_CLOUD_PROJECT"),
        ({"project": "a..b"}, "GOOGLE_CLOUD_PROJECT"),
        ({"location": "us central1"}, "GOOGLE_CLOUD_LOCATION"),
        ({"location": "evil.example"}, "GOOGLE_CLOUD_LOCATION"),
        ({"storage": "bucket/folder"}, "VEOWEB_VERTEX_STORAGE"),
        ({"storage": "gs://"}, "VEOWEB_VERTEX_STORAGE"),
        ({"base_url": "http://vertex.example"}, "https"),
        ({"storage_url": "http://storage.example"}, "https"),
    ],
)
def test_settings_that_cannot_be_used_are_named_at_opening(connect, unusable, words):
    with pytest.raises(ValueError, match=words):
        connect(**unusable)


def test_a_key_is_told_that_vertex_takes_none(server, connect):
    message = "API keys are not supported by this API. Expected OAuth2 access token or other credentials."
    server.will(as_json({"error": {"code": 401, "message": message}}, 401))
    with pytest.raises(CredentialRefused, match="takes no API key"):
        connect(ApiKey("AIza" + "SyNobodysKey-0123456789")).models()
