"""Videos inside answers go to files, and nothing else about the JSON changes."""

import base64
import json
import re
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from projects.veo.errors import Garbled, VeoError
from projects.veo.inline import MOST_FILES, Room, Sieve
from projects.veo.refusals import About
from projects.veo.transport import Limits, Transport
from projects.veo.types import Output, Phase
from tests.veo.conftest import KEY, MP4, Reply, as_json
from tests.veo.test_gemini_veo import RECIPE

VIDEO = MP4 * 4
LONG = base64.b64encode(VIDEO).decode()


@pytest.fixture
def sieve(tmp_path):
    def sieve(*, most=2**20, file_bytes=2**20, long=4096):
        return Sieve(tmp_path, most=most, room=Room(file_bytes), long=long)

    return sieve


def sieved(sieve, text, *cuts):
    """What comes through of a text that comes in pieces."""
    text = text.encode() if isinstance(text, str) else text
    edges = [0, *sorted(cuts), len(text)]
    for start, end in pairwise(edges):
        sieve.feed(text[start:end])
    return sieve.finish()


def resolved(value, files):
    """The JSON with the bytes of its files in place of their marks."""
    if isinstance(value, dict):
        return {key: resolved(item, files) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, files) for item in value]
    return files[value].read_bytes() if isinstance(value, str) and value in files else value


def left(folder):
    return sorted(path.name for path in folder.glob("inline-*"))


@pytest.mark.parametrize(
    "write",
    [
        json.dumps,
        lambda data: json.dumps(data, indent=2),
        lambda data: json.dumps(data).replace("/", "\\/"),
        lambda data: json.dumps(data).replace("=", "\\u003d").replace("+", "\\u002B"),
        lambda data: json.dumps(data).replace(LONG, LONG.replace("+", "-").replace("/", "_")),
        lambda data: json.dumps(data).replace(LONG, LONG.rstrip("=")),
    ],
    ids=["plain", "indented", "slashes", "codes", "urlsafe", "unpadded"],
)
def test_a_video_becomes_a_file_and_a_mark(sieve, tmp_path, write):
    sieve = sieve()
    text = write({"a": [1, "é"], "video": {"data": LONG}, "z": "end"})
    out = json.loads(sieved(sieve, text))
    assert out["video"]["data"] in sieve.files
    assert resolved(out, sieve.files) == {"a": [1, "é"], "video": {"data": VIDEO}, "z": "end"}
    assert [re.fullmatch(r"inline-\w+\.part", name) is not None for name in left(tmp_path)] == [True]


def test_only_long_values_become_files(sieve, tmp_path):
    sieve = sieve()
    data = {LONG: "a", "list": [LONG], "short": "QUJD", "text": f"{LONG} .", "tail": "QUJD " + LONG}
    assert json.loads(sieved(sieve, json.dumps(data))) == data
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    "value",
    [
        LONG + " and more",
        LONG + '"',
        LONG + "\\",
        LONG + "é",
        LONG + "\n",
        LONG[:-4] + "A",
        LONG + "====",
        LONG + "=A",
        "-_" + LONG,
        LONG + "-" if "+" in LONG or "/" in LONG else LONG + "+-",
    ],
)
def test_a_long_value_that_is_no_base64_after_all_stays_as_it_was(sieve, tmp_path, value):
    sieve = sieve()
    assert json.loads(sieved(sieve, json.dumps({"a": value, "b": [1]}))) == {"a": value, "b": [1]}
    assert left(tmp_path) == []


def test_it_does_not_matter_where_the_pieces_end(sieve):
    text = json.dumps({"a": 'x\\"y', "v": "QUJD+/A=" * 2, "w": "QUJDREVG+/==", "t": ["QUJDREVGQUJD"]})
    text = text.replace("/", "\\/", 1).replace("=", "\\u003d").encode()
    whole = resolved(json.loads(sieved(first := sieve(long=8), text)), first.files)
    assert whole["w"] == b"ABCDEF\xfb\xf0"[:7]
    for cut in range(len(text)):
        other = sieve(long=8)
        assert resolved(json.loads(sieved(other, text, cut)), other.files) == whole
    by_byte = sieve(long=8)
    assert resolved(json.loads(sieved(by_byte, text, *range(len(text)))), by_byte.files) == whole


base64ish = st.text("AZaz09+/-_=", max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | base64ish | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(base64ish | st.text(max_size=4), inner),
    max_leaves=12,
)


@given(
    data=st.dictionaries(st.text(max_size=4), values, max_size=4),
    cuts=st.lists(st.integers(0, 500), max_size=6),
    escape=st.booleans(),
)
@example(data={"": "AAAAAAAA=A"}, cuts=[], escape=False)
def test_the_same_json_comes_out_whatever_the_pieces(tmp_path_factory, data, cuts, escape):
    text = json.dumps(data)
    if escape:
        text = text.replace("/", "\\/").replace("+", "\\u002b")
    sieve = Sieve(tmp_path_factory.getbasetemp(), most=2**20, room=Room(2**20), long=8)
    try:
        out = json.loads(sieved(sieve, text, *(cut for cut in cuts if cut < len(text))))
        assert _same(out, data, sieve.files)
    finally:
        sieve.discard()


def _same(out, data, files):
    if isinstance(data, dict):
        return out.keys() == data.keys() and all(_same(out[key], data[key], files) for key in data)
    if isinstance(data, list):
        return len(out) == len(data) and all(map(lambda a, b: _same(a, b, files), out, data))
    if isinstance(out, str) and out in files:
        text = data.replace("-", "+").replace("_", "/")
        return files[out].read_bytes() == base64.b64decode(text + "=" * (-len(text) % 4))
    return out == data


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_what_is_no_json_comes_out_as_it_came(tmp_path_factory, text, cuts):
    sieve = Sieve(tmp_path_factory.getbasetemp(), most=2**20, room=Room(2**20))
    assert sieved(sieve, text, *(cut for cut in cuts if cut < len(text))) == text


@pytest.mark.parametrize("end", [b"", b"\\", b"\\u00", b"="])
def test_a_value_that_never_ends_leaves_no_file(sieve, tmp_path, end):
    sieve = sieve()
    text = b'{"a": "' + LONG.rstrip("=").encode() + end
    assert sieved(sieve, text) == text
    assert left(tmp_path) == []


def test_a_mark_cannot_be_forged(sieve):
    text = json.dumps({"video": {"data": LONG}, "a": "inline:0", "b": "inline:0:0"})
    out = json.loads(sieved(first := sieve(), text))
    assert [name for name in ("a", "b") if out[name] in first.files] == []
    again = json.loads(sieved(second := sieve(), json.dumps(out)))
    assert again == out
    assert again["video"]["data"] not in second.files


def test_the_json_and_the_files_have_their_limits(sieve, tmp_path):
    with pytest.raises(Garbled, match="larger than 0 MiB"):
        sieved(sieve(most=100), json.dumps({"a": "b " * 100}))
    for limits in ({"file_bytes": 1000}, {"most": 100}):
        limited = sieve(**limits)
        value = LONG if "file_bytes" in limits else LONG + " "
        with pytest.raises(Garbled, match="larger than"):
            sieved(limited, json.dumps({"a": value}))
        limited.discard()
    many = sieve(long=8)
    with pytest.raises(Garbled, match=f"more than {MOST_FILES}"):
        sieved(many, json.dumps({str(number): "QUJDREVG" for number in range(MOST_FILES + 1)}))
    many.discard()
    assert left(tmp_path) == []


def test_it_says_when_there_is_no_place_for_a_file(tmp_path):
    sieve = Sieve(tmp_path / "gone", most=2**20, room=Room(2**20))
    with pytest.raises(VeoError, match="could not be saved here") as error:
        sieved(sieve, json.dumps({"a": LONG}))
    assert error.value.code == "disk"


# --- through the transport and the back ends ---


def answer_with(data):
    return {"name": "operations/a", "done": True, "response": {"videos": [{"bytesBase64Encoded": data}]}}


def test_a_poll_brings_a_file_that_belongs_to_the_caller(server, google, tmp_path):
    server.will(as_json(answer_with(LONG) | {"metadata": {"signature": LONG}}))
    [output] = google.poll("operations/a").outputs
    assert output.inline.read_bytes() == VIDEO
    assert left(tmp_path) == [output.inline.name]
    with google.open_output(output) as download:
        assert (b"".join(download.chunks), download.length) == (VIDEO, len(VIDEO))


def test_the_record_of_an_answer_says_how_long_its_files_are(server, google):
    server.will(as_json(answer_with(LONG) | {"metadata": {"signature": LONG}}))
    progress = google.poll("operations/a")
    assert progress.raw["response"]["videos"] == [{"bytesBase64Encoded": f"<{len(VIDEO)} bytes>"}]
    assert progress.metadata == {"signature": f"<{len(VIDEO)} bytes>"}


@pytest.mark.parametrize(
    "reply",
    [
        as_json({"name": "operations/a", "metadata": {"x": LONG}}),
        as_json({"name": "operations/other"} | {"response": {"x": LONG}}),
        as_json({"x": LONG}),
        as_json(answer_with(LONG), cut=5000),
        as_json(answer_with(LONG) | {"error": {"code": 13}}),
        Reply(200, json.dumps(answer_with(LONG)).encode() + b"}"),
        Reply(200, json.dumps([answer_with(LONG)]).encode()),
    ],
    ids=["running", "other", "nothing", "cut", "failed", "broken", "list"],
)
def test_no_file_is_left_that_nobody_was_told_of(server, google, tmp_path, reply):
    server.will(reply)
    try:
        progress = google.poll("operations/a")
        assert progress.outputs == ()
    except VeoError:
        pass
    assert left(tmp_path) == []


def test_only_operations_bring_files(server, google, tmp_path):
    server.will(as_json({"models": [{"name": "models/a", "x": LONG}]}), as_json({"x": LONG}))
    assert google.models() == ["a"]
    google.file_info(Output(uri="files/a"))
    assert left(tmp_path) == []


def test_an_accepted_post_brings_a_file_and_an_ambiguous_one_none(server, google, tmp_path):
    server.will(as_json(answer_with(LONG)), as_json(answer_with(LONG) | {"name": "?"}))
    outcome = google.submit(RECIPE)
    assert outcome.progress.phase is Phase.SUCCEEDED
    [output] = outcome.progress.outputs
    assert left(tmp_path) == [output.inline.name]
    assert len(outcome.excerpt) < 500
    output.inline.unlink()
    assert google.submit(RECIPE).ref == ""
    assert left(tmp_path) == []


def test_memory_stays_flat_while_a_large_video_comes(server, tmp_path):
    piece = base64.b64encode(bytes(range(256)) * 3 * 1024)
    head, tail = (part.encode() for part in json.dumps(answer_with("HERE")).split("HERE"))
    server.will(Reply(200, pieces=[head, *[piece] * 64, tail]))
    transport = Transport(None, base_url=server.url, limits=Limits(), spool=tmp_path)
    tracemalloc.start()
    try:
        body = transport.get("operations/a", about=About.OPERATION)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        transport.close()
    [path] = body.files.values()
    assert path.stat().st_size == 64 * 768 * 1024
    assert peak < 12 * 2**20


def test_a_short_video_stays_in_memory(server, google, tmp_path):
    server.will(as_json(answer_with(base64.b64encode(b"short").decode())))
    assert google.poll("operations/a").outputs == (Output(inline=b"short"),)
    assert left(tmp_path) == []


def test_the_key_is_in_no_text_of_an_answer_with_a_file(server, google):
    server.will(as_json(answer_with(LONG) | {"metadata": {"echo": KEY}}))
    progress = google.poll("operations/a")
    assert KEY not in repr(progress)
    assert KEY not in str(progress.raw)
