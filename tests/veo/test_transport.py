import ast
import logging
import socket
from pathlib import Path

import pytest

from projects.veo.addresses import resolve
from projects.veo.credentials import ApiKey, OAuthToken
from projects.veo.errors import CredentialRefused, Forbidden, ForeignHost, Garbled, NoAnswer, RateLimited
from projects.veo.refusals import About
from projects.veo.transport import Answer, Limits, Transport, Unanswered, exchange
from tests.veo.conftest import KEY, MP4, Reply, as_json, redirect, video

ROOT = Path(__file__).parents[2]
TOKEN = "ya29." + "test-token-of-the-scripted-server"
PAID = "v1beta/models/veo:predictLongRunning"
OK = frozenset({200})


@pytest.fixture
def wire(server):
    """Opens transports to the server with short limits; closes them at the end."""
    opened = []

    def wire(credentials=ApiKey(KEY), *, base_url="", resolver=resolve, **limits):  # noqa: B008
        limits = Limits(**({"connect": 2, "paid_read": 2, "poll_read": 2, "download_read": 2} | limits))
        transport = Transport(credentials, base_url=base_url or server.url, limits=limits, resolver=resolver)
        opened.append(transport)
        return transport

    yield wire
    for transport in opened:
        transport.close()


def fetch(transport, url):
    with transport.stream(url, {}, accept=OK) as stream:
        return b"".join(stream.chunks)


def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_it_is_the_only_module_that_imports_httpx():
    importers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("projects", "veoweb")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
        if name.split(".")[0] in ("httpx", "httpcore", "httpx2")
    }
    assert importers == {"projects/veo/transport.py"}


def _imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


# --- the paid POST ---


def test_it_posts_json_once_with_the_key_in_the_header(server, wire):
    server.will(as_json({"name": "x"}))
    answer = wire().post(PAID, {"n": 8, "text": "\ud800 é"})
    assert answer == Answer(200, answer.headers, b'{"name": "x"}')
    [seen] = server.seen
    assert (seen.method, seen.path, seen.json) == ("POST", f"/{PAID}", {"n": 8, "text": "\ud800 é"})
    assert seen.headers["x-goog-api-key"] == KEY
    assert seen.headers["content-type"] == "application/json"
    assert "authorization" not in seen.headers


def test_it_opens_a_new_connection_for_every_paid_post(server, wire):
    server.will(*[as_json({}, keep=True)] * 3)
    transport = wire()
    for _ in range(3):
        transport.post(PAID, {})
    assert len({seen.client for seen in server.seen}) == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(drop=True),
        Reply(drop=True, reset=True),
        as_json({"name": "operations/a"}, cut=5),
        as_json({"name": "operations/a"}, cut=5, reset=True),
        as_json({"name": "operations/a"}, length=9_999),
        as_json({"name": "operations/a"}, chunked=True, cut=5),
        as_json({"name": "operations/a"}, delay=1),
        as_json({"name": "operations/a"}, trickle=0.05),
        Reply(200, b"not gzip", {"Content-Encoding": "gzip"}),
        redirect("http://[::1"),
    ],
    ids=[
        "drop",
        "reset",
        "cut",
        "cut+reset",
        "short",
        "cut chunk",
        "slow",
        "trickle",
        "packing",
        "bad redirect",
    ],
)
def test_it_sends_once_and_owns_up_when_the_answer_is_lost(server, wire, reply):
    server.will(reply)
    result = wire(paid_read=0.3, total=0.3).post(PAID, {})
    assert isinstance(result, Unanswered)
    assert result.sent is True
    assert len(server.seen) == 1


def test_it_remembers_the_status_when_only_the_body_is_lost(server, wire):
    server.will(as_json({"name": "operations/a"}, cut=5))
    assert wire().post(PAID, {}).http_status == 200


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_it_never_follows_a_redirected_post(server, stranger, wire, status):
    server.will(redirect(f"{stranger.url}/x", status))
    assert wire().post(PAID, {}).http_status == status
    assert (len(server.seen), len(stranger.seen)) == (1, 0)


def test_it_knows_that_nothing_was_sent_without_a_connection(wire):
    result = wire(base_url=f"http://127.0.0.1:{closed_port()}").post(PAID, {})
    assert (result.sent, result.error.code) == (False, "no_answer")
    assert "Could not connect to 127.0.0.1" in result.error.message


def test_it_knows_that_nothing_was_sent_when_tls_fails(server, wire):
    result = wire(base_url=server.url.replace("http:", "https:")).post(PAID, {})
    assert result.sent is False
    assert server.seen == []


def test_it_knows_that_nothing_was_sent_to_an_address_that_is_none(wire):
    result = wire().post("v1beta/\x00", {})
    assert result.sent is False


def test_it_never_calls_an_unforeseen_fault_unsent(server, wire):
    transport = wire()
    transport.close()
    result = transport.post(PAID, {})
    assert (result.sent, result.error.code) == (True, "no_answer")
    assert "RuntimeError" in result.error.detail


def test_it_gives_up_on_a_paid_answer_that_is_too_large(server, wire):
    server.will(as_json({"name": "x " * 2500}))
    result = wire(answer_bytes=4096).post(PAID, {})
    assert (result.sent, result.error.code, result.http_status) == (True, "garbled", 200)


def test_it_reads_only_the_start_of_a_huge_error(server, wire):
    server.will(Reply(500, b"x" * 200_000))
    assert len(wire().post(PAID, {}).body) == 64 * 1024


# --- reading ---


def test_it_gets_a_json_object(server, wire):
    server.will(as_json({"done": True}))
    assert wire().get("v1beta/operations/a", about=About.OPERATION) == {"done": True}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}),
        Reply(200, b""),
        Reply(200, b"[]"),
        Reply(200, b'{"a": Infinity}'),
        Reply(201, b"{}"),
        Reply(204, b"", length=-1),
        Reply(304, b"", length=-1),
        Reply(302, b"no location"),
    ],
)
def test_it_says_when_an_answer_is_not_what_it_should_be(server, wire, reply):
    server.will(reply)
    with pytest.raises(Garbled):
        wire().get("v1beta/models", about=About.LIST)


def test_it_shows_the_start_of_a_page_that_came_instead(server, wire):
    server.will(Reply(200, f"<html>Sign in with {KEY}</html>".encode()))
    with pytest.raises(Garbled) as error:
        wire().get("v1beta/models", about=About.LIST)
    assert error.value.detail == "<html>Sign in with ***</html>"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(drop=True),
        Reply(drop=True, reset=True),
        as_json({"a": "b"}, cut=3),
        as_json({"a": "b"}, delay=1),
        as_json({"a": "b"}, trickle=0.1),
    ],
)
def test_it_asks_once_and_says_when_no_answer_came(server, wire, reply):
    server.will(reply)
    with pytest.raises(NoAnswer):
        wire(poll_read=0.3, total=0.3).get("v1beta/models", about=About.LIST)
    assert len(server.seen) == 1


def test_it_raises_an_error_answer_and_logs_its_words(server, wire, caplog):
    error = {"message": f"Too much for {KEY}", "status": "RESOURCE_EXHAUSTED"}
    server.will(as_json({"error": error}, 429, headers={"Retry-After": "9"}))
    with caplog.at_level(logging.WARNING), pytest.raises(RateLimited) as raised:
        wire().get("v1beta/models?pageSize=1", about=About.LIST)
    assert (raised.value.retry_after, raised.value.reason) == (9, "RESOURCE_EXHAUSTED")
    assert "HTTP 429 from 127.0.0.1 to GET /v1beta/models: " in caplog.text
    assert "Too much for ***" in caplog.text
    assert KEY not in caplog.text


def test_it_keeps_no_cookies(server, wire):
    server.will(as_json({}, headers={"Set-Cookie": "session=1; Path=/"}), as_json({}))
    transport = wire()
    transport.get("a", about=About.LIST)
    transport.get("a", about=About.LIST)
    assert "cookie" not in server.seen[1].headers


def test_it_ignores_proxy_settings_and_netrc(server, wire, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    server.will(as_json({}))
    wire().get("a", about=About.LIST)
    assert "authorization" not in server.seen[0].headers


def test_it_asks_with_a_post_that_only_reads(server, wire):
    server.will(as_json({"done": True}))
    body = {"operationName": "projects/p/operations/1"}
    assert wire().ask("v1beta1/m:fetchPredictOperation", body, about=About.OPERATION) == {"done": True}
    [seen] = server.seen
    assert (seen.method, seen.path, seen.json) == ("POST", "/v1beta1/m:fetchPredictOperation", body)
    assert seen.headers["content-type"] == "application/json"


def test_a_post_that_only_reads_follows_no_redirect(server, stranger, wire):
    server.will(redirect(f"{stranger.url}/x", 307))
    with pytest.raises(Garbled, match="HTTP 307"):
        wire().ask("m:fetchPredictOperation", {}, about=About.OPERATION)
    assert (len(server.seen), len(stranger.seen)) == (1, 0)


# --- tokens that can be renewed ---


class Renewable(OAuthToken):
    """A token that becomes "ya29.renewed-N" each time that it is told of a refusal."""

    renewable = True
    most = 5

    def renew(self, refused):
        told = self.__dict__.setdefault("told", [])
        told.append(refused["authorization"])
        if len(told) > self.most:
            return False
        object.__setattr__(self, "token", f"ya29.renewed-{len(told)}")
        return True


class Unobtainable(OAuthToken):
    """A token that must be fetched, and is not."""

    error: Exception = NoAnswer("no_answer", "The token server is away.")

    def headers(self):
        raise self.error


REFUSED = as_json({"error": {"code": 401, "message": "Old.", "status": "UNAUTHENTICATED"}}, 401)


@pytest.mark.parametrize("read", ["get", "ask", "stream"])
def test_it_reads_once_more_with_a_fresh_token(server, wire, read):
    token = Renewable(TOKEN)
    server.will(REFUSED, video() if read == "stream" else as_json({"done": True}))
    transport = wire(token)
    match read:
        case "get":
            assert transport.get("a", about=About.OPERATION) == {"done": True}
        case "ask":
            assert transport.ask("a", {"b": 1}, about=About.OPERATION) == {"done": True}
        case _:
            assert fetch(transport, f"{server.url}/a") == MP4
    sent = [seen.headers["authorization"] for seen in server.seen]
    assert sent == [f"Bearer {TOKEN}", "Bearer ya29.renewed-1"]
    assert token.told == [f"Bearer {TOKEN}"]
    assert server.seen[0].body == server.seen[1].body


def test_it_reads_no_third_time(server, wire):
    server.will(REFUSED, REFUSED, as_json({}))
    with pytest.raises(CredentialRefused):
        wire(Renewable(TOKEN)).get("a", about=About.OPERATION)
    assert len(server.seen) == 2


def test_it_reads_no_second_time_with_what_cannot_be_renewed(server, wire):
    server.will(REFUSED, as_json({}))
    with pytest.raises(CredentialRefused):
        wire(OAuthToken(TOKEN)).get("a", about=About.OPERATION)
    assert len(server.seen) == 1


def test_it_renews_nothing_when_another_origin_refuses(server, stranger, wire):
    token = Renewable(TOKEN)
    server.will(redirect(f"{stranger.url}/bytes"))
    stranger.will(REFUSED)
    with pytest.raises(CredentialRefused):
        fetch(wire(token), f"{server.url}/a")
    assert "told" not in token.__dict__


def test_a_paid_post_is_not_sent_again_with_a_fresh_token(server, wire):
    token = Renewable(TOKEN)
    server.will(REFUSED, as_json({}))
    transport = wire(token)
    answer = transport.post(PAID, {})
    assert (answer.http_status, answer.renewed, len(server.seen)) == (401, True, 1)
    transport.post(PAID, {})
    assert server.seen[1].headers["authorization"] == "Bearer ya29.renewed-1"


@pytest.mark.parametrize("reply", [as_json({}), as_json({"error": {"message": "No."}}, 403)])
def test_only_a_401_is_about_the_token(server, wire, reply):
    token = Renewable(TOKEN)
    server.will(reply)
    assert wire(token).post(PAID, {}).renewed is False
    assert "told" not in token.__dict__


def test_nothing_is_sent_without_the_token_it_needs(server, wire):
    transport = wire(Unobtainable(TOKEN))
    result = transport.post(PAID, {})
    assert (result.sent, result.error) == (False, Unobtainable.error)
    with pytest.raises(NoAnswer, match="token server is away"):
        transport.get("a", about=About.LIST)
    assert server.seen == []


# --- exchanging tokens ---


def test_it_exchanges_a_token(server):
    server.will(as_json({"access_token": "a"}))
    status, headers, data = exchange(
        f"{server.url}/token", method="POST", body=b"grant=x", headers={"content-type": "a/b"}, timeout=2
    )
    assert (status, headers["content-type"], data) == (200, "application/json", b'{"access_token": "a"}')
    [seen] = server.seen
    assert (seen.method, seen.body, seen.headers["content-type"]) == ("POST", b"grant=x", "a/b")


@pytest.mark.parametrize("status", [302, 400, 401, 503])
def test_an_exchange_hands_every_status_on(server, stranger, status):
    server.will(Reply(status, b"no", {"Location": stranger.url}))
    assert exchange(server.url, method="GET", body=None, headers={}, timeout=2)[0] == status
    assert stranger.seen == []


def test_an_exchange_reads_a_mebibyte_at_most(server):
    server.will(Reply(200, b"x" * 2**21))
    assert len(exchange(server.url, method="GET", body=None, headers={}, timeout=2)[2]) == 2**20


@pytest.mark.parametrize(
    "url", ["http://token.example/t", "ftp://127.0.0.1/", "https://a:b@127.0.0.1/", "http://[::1", "", "x"]
)
def test_an_exchange_shows_secrets_to_nobody_else(url):
    with pytest.raises(NoAnswer):
        exchange(url, method="POST", body=b"", headers={}, timeout=2)


def test_an_exchange_says_when_no_answer_came():
    with pytest.raises(NoAnswer, match=r"Could not connect to 127\.0\.0\.1"):
        exchange(f"http://127.0.0.1:{closed_port()}/", method="GET", body=None, headers={}, timeout=2)


# --- credentials and redirects (promise P4) ---


@pytest.mark.parametrize("credentials", [ApiKey(KEY), OAuthToken(TOKEN), OAuthToken(TOKEN, "studio-1"), None])
def test_it_sends_exactly_one_credential_and_never_in_the_address(server, wire, credentials):
    server.will(as_json({}), as_json({}), redirect("/again?alt=media"), video())
    transport = wire(credentials)
    transport.post(PAID, {})
    transport.get("v1beta/models", about=About.LIST)
    fetch(transport, f"{server.url}/file")
    assert len(server.seen) == 4
    for seen in server.seen:
        sent = [name for name in ("x-goog-api-key", "authorization") if name in seen.headers]
        assert len(sent) == (0 if credentials is None else 1)
        assert KEY not in seen.path
        assert TOKEN not in seen.path


def test_it_follows_a_redirect_at_home_with_the_credential(server, wire):
    server.will(redirect("/download/v1beta/files/abc:download?alt=media"), video())
    assert fetch(wire(), f"{server.url}/v1beta/files/abc:download?alt=media") == MP4
    assert [seen.path for seen in server.seen][1] == "/download/v1beta/files/abc:download?alt=media"
    assert [seen.headers.get("x-goog-api-key") for seen in server.seen] == [KEY, KEY]


@pytest.mark.parametrize("credentials", [ApiKey(KEY), OAuthToken(TOKEN, "studio-1")])
@pytest.mark.parametrize("hops_at_home", [0, 1, 2])
def test_it_never_shows_the_credential_to_another_origin(server, stranger, wire, credentials, hops_at_home):
    server.will(*[redirect("/next")] * hops_at_home, redirect(f"{stranger.url}/bytes"))
    stranger.will(video())
    assert fetch(wire(credentials), f"{server.url}/file") == MP4
    [seen] = stranger.seen
    assert set(seen.headers) == {"host", "accept", "accept-encoding", "user-agent"}
    assert len(server.seen) == hops_at_home + 1


def test_it_shows_another_origin_only_harmless_headers(server, stranger, wire):
    server.will(redirect(f"{stranger.url}/bytes"))
    stranger.will(video())
    headers = {"range": "bytes=5-", "if-range": '"a"', "x-goog-user-project": "studio-1", "cookie": "a=b"}
    with wire().stream(f"{server.url}/file", headers, accept=OK):
        pass
    allowed = {"host", "accept", "accept-encoding", "user-agent", "range", "if-range"}
    assert set(stranger.seen[0].headers) == allowed


def test_it_judges_every_hop_anew(server, stranger, wire):
    server.will(redirect(f"{stranger.url}/a"), video())
    stranger.will(redirect(f"{server.url}/b"))
    assert fetch(wire(), f"{server.url}/file") == MP4
    assert "x-goog-api-key" not in stranger.seen[0].headers
    assert server.seen[1].headers["x-goog-api-key"] == KEY


@pytest.mark.parametrize("prefix", [0, 1, 2])
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/x",
        "//evil.example/x",
        "http://evil.example:8090/x",
        "https://storage.googleapis.com.evil.example/x",
        "http://storage.googleapis.com/x",
        "https://storage.googleapis.com:8443/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
    ],
)
def test_it_sends_nothing_to_a_foreign_host_at_any_hop(server, wire, target, prefix):
    asked = []

    def resolver(host, port):
        asked.append(host)
        return ["142.250.74.10"]

    server.will(*[redirect("/next")] * prefix, redirect(target))
    with pytest.raises((ForeignHost, Garbled)):
        fetch(wire(resolver=resolver), f"{server.url}/file")
    assert asked == []


def test_it_refuses_a_media_host_whose_name_leads_home(server, wire):
    server.will(redirect("https://storage.googleapis.com/x"))
    with pytest.raises(ForeignHost, match=r"storage\.googleapis\.com"):
        fetch(wire(resolver=lambda host, port: ["127.0.0.1"]), f"{server.url}/file")


@pytest.mark.parametrize("target", ["http://a:b@127.0.0.1/x", "http://[::1", "http:///x", "https://\x01/"])
def test_it_refuses_an_address_that_is_none(server, wire, target):
    with pytest.raises(Garbled):
        fetch(wire(), target)
    assert server.seen == []


def test_it_follows_three_redirects_and_no_fourth(server, wire):
    server.will(redirect("/1"), redirect("/2"), redirect("/3"), video())
    assert fetch(wire(), f"{server.url}/0") == MP4
    server.will(*[redirect("/round")] * 4, video())
    with pytest.raises(Garbled, match="more than 3") as error:
        fetch(wire(), f"{server.url}/0")
    assert error.value.code == "redirected"
    assert len(server.seen) == 8


def test_it_follows_redirects_when_reading_json_too(server, stranger, wire):
    server.will(redirect(f"{stranger.url}/models"))
    stranger.will(as_json({"a": 1}))
    assert wire().get("models", about=About.LIST) == {"a": 1}
    assert "x-goog-api-key" not in stranger.seen[0].headers


def test_it_reads_an_error_that_a_redirect_led_to(server, stranger, wire):
    server.will(redirect(f"{stranger.url}/bytes"))
    stranger.will(Reply(403, b"<Error>AccessDenied</Error>"))
    with pytest.raises(Forbidden) as error:
        fetch(wire(), f"{server.url}/file")
    assert (error.value.code, error.value.detail) == ("file_gone", "<Error>AccessDenied</Error>")


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "localhost",
        "http://relay.example",
        "https://key@relay.example",
        "https://relay.example?key=a",
        "http://[::1",
    ],
)
def test_it_refuses_a_base_url_that_is_none_or_not_safe(base_url):
    with pytest.raises(ValueError, match="base URL"):
        Transport(ApiKey(KEY), base_url=base_url)


def test_it_works_below_a_path(server, wire):
    server.will(as_json({}))
    wire(base_url=f"{server.url}/gemini/").get("v1beta/models", about=About.LIST)
    assert server.seen[0].path == "/gemini/v1beta/models"
