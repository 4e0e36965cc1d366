import httpx
import pytest

from projects.simulator.tags import TAGS, tags_in, without_tags
from tests.simulator.conftest import PROMPT


def test_it_leaves_tags_out_of_the_caption():
    assert without_tags("A fox [sim:slow=0] in the snow [sim:download-403=2]") == "A fox in the snow"


def test_it_reads_tags_with_their_numbers():
    assert tags_in("[sim:slow=1.5] x [sim:lost]") == {"slow": 1.5, "lost": None}


@pytest.mark.parametrize("prompt", ["[sim:filterd]", "[sim:]", "[sim:slow=soon]", "[sim:slow=-1]"])
def test_it_refuses_a_tag_that_it_does_not_know(caller, prompt):
    answer = caller.submit(f"A fox {prompt}")

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(
        f"There is no simulator tag {prompt}. Known: filtered,"
    )


@pytest.mark.parametrize(
    ("tag", "key"),
    [
        ("filtered", "raiMediaFilteredReasons"),
        ("partial", "generatedSamples"),
        ("inline", "generatedSamples"),
    ],
)
def test_it_ends_a_clip_as_the_tag_says(caller, tag, key):
    done = caller.made(f"{PROMPT} [sim:{tag}]")

    assert key in done["response"]["generateVideoResponse"]


def test_it_ends_with_nothing_or_in_another_shape(caller):
    assert caller.made("[sim:empty]")["response"]["generateVideoResponse"] == {}
    assert "uri" in caller.made(f"{PROMPT} [sim:seed-shape]")["response"]["video"]


@pytest.mark.parametrize(("tag", "code"), [("failed", 13), ("failed=8", 8)])
def test_it_fails_with_the_code_of_the_tag(caller, tag, code):
    assert caller.made(f"[sim:{tag}]")["error"]["code"] == code


def test_it_takes_as_long_as_the_tag_says(start, clock):
    caller = start(clock=clock, latency=1)
    name = caller.submit("[sim:slow=60] [sim:empty]").json()["name"]
    clock.move(seconds=59)
    assert "done" not in caller.poll(name).json()
    clock.move(seconds=1)
    assert caller.poll(name).json()["done"] is True


def test_it_loses_the_answer_after_taking_the_money(caller):
    with pytest.raises(httpx.RemoteProtocolError):
        caller.submit(f"{PROMPT} [sim:lost]")

    assert caller.simulator.charged == 1
    assert caller.poll(caller.simulator.operations[0]).json()["done"] is True


def test_it_loses_the_answer_and_holds_the_clip_back(caller):
    with pytest.raises(httpx.RemoteProtocolError):
        caller.submit("[sim:lost] [sim:filtered]")

    assert "raiMediaFilteredCount" in caller.poll(caller.simulator.operations[0]).text


def test_it_names_a_quota_first_and_accepts_then(caller):
    answers = [caller.submit(f"{PROMPT} [sim:quota=7]") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [429, 200, 429, 200]
    assert answers[0].json()["error"]["details"][0]["retryDelay"] == "7s"
    assert caller.simulator.charged == 2


@pytest.mark.parametrize(("tag", "status"), [("refused", 400), ("unavailable", 503)])
def test_it_does_not_accept(caller, tag, status):
    assert caller.submit(f"[sim:{tag}]").status_code == status
    assert caller.simulator.charged == 0


def test_it_stumbles_over_polls(caller):
    name = caller.submit("[sim:poll-503=3] [sim:empty]").json()["name"]

    assert [caller.poll(name).status_code for _ in range(5)] == [503, 503, 503, 200, 200]


def test_it_loses_the_file_at_once(caller):
    assert caller.download(caller.uri(f"{PROMPT} [sim:expired]")).status_code == 403


def test_it_refuses_some_downloads_of_one_clip_only(caller):
    refused, fine = caller.uri(f"{PROMPT} [sim:download-403]"), caller.uri()

    assert [caller.download(refused).status_code for _ in range(4)] == [403, 403, 200, 200]
    assert caller.download(fine).status_code == 200


def test_it_breaks_a_download_off(caller):
    uri = caller.uri(f"{PROMPT} [sim:truncated]")

    with pytest.raises(httpx.RemoteProtocolError):
        caller.download(uri)
    assert caller.download(uri).status_code == 200


def test_it_brings_a_page_instead_of_a_video(caller):
    uri = caller.uri(f"{PROMPT} [sim:html=1]")

    assert caller.download(uri).headers["content-type"].startswith("text/html")
    assert caller.download(uri).headers["content-type"] == "video/mp4"


def test_it_lets_a_download_crawl(caller):
    assert caller.download(caller.uri(f"{PROMPT} [sim:drip=0.001]")).content[4:8] == b"ftyp"


def test_it_can_make_every_tag():
    for tag in TAGS.values():
        assert tag.make(tag.value).kind
