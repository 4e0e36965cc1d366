import pytest

from projects.veo.addresses import Border, Origin
from projects.veo.errors import ForeignHost, NoAnswer

GOOGLE = Origin("https", "generativelanguage.googleapis.com", 443)
LOCAL = Origin("http", "127.0.0.1", 8090)


def public(host: str, port: int) -> list[str]:
    return ["142.250.74.10", "2a00:1450:4001:80e::200a"]


def never(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up")


def test_it_trusts_its_own_origin_without_looking_it_up():
    assert Border(GOOGLE, never).is_home(GOOGLE) is True


@pytest.mark.parametrize("host", ["storage.googleapis.com", "googleapis.com", "x.y.googleusercontent.com"])
def test_it_reads_googles_media_hosts_as_a_stranger(host):
    assert Border(GOOGLE, public).is_home(Origin("https", host, 443)) is False


@pytest.mark.parametrize(
    "origin",
    [
        Origin("https", "evil.example", 443),
        Origin("https", "evilgoogleapis.com", 443),
        Origin("https", "googleapis.com.evil.example", 443),
        Origin("https", "storage.googleapis.com.", 443),
        Origin("https", "storage.googleapis.com", 8443),
        Origin("https", "generativelanguage.googleapis.com", 8443),
        Origin("http", "generativelanguage.googleapis.com", 80),
        Origin("http", "generativelanguage.googleapis.com", 443),
        Origin("ftp", "storage.googleapis.com", 443),
        Origin("https", "127.0.0.1", 443),
        Origin("http", "localhost", 8090),
        Origin("https", "169.254.169.254", 443),
        Origin("https", "metadata.google.internal", 443),
    ],
)
def test_it_refuses_every_other_host_and_names_it(origin):
    with pytest.raises(ForeignHost, match=origin.host) as error:
        Border(GOOGLE, never).is_home(origin)
    assert error.value.code == "foreign_host"


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["142.250.74.10", "127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["fe80::1"],
        ["::ffff:10.0.0.1"],
        ["::ffff:100.64.0.1"],
        ["224.0.0.1"],
        [],
    ],
)
def test_it_refuses_a_media_host_that_leads_into_a_private_network(addresses):
    with pytest.raises(ForeignHost, match="private network"):
        Border(GOOGLE, lambda host, port: addresses).is_home(Origin("https", "storage.googleapis.com", 443))


def test_it_says_so_when_a_name_cannot_be_found():
    def unknown(host, port):
        raise OSError("Name or service not known")

    with pytest.raises(NoAnswer, match=r"storage\.googleapis\.com"):
        Border(GOOGLE, unknown).is_home(Origin("https", "storage.googleapis.com", 443))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_it_reads_any_loopback_address_as_a_stranger_when_home_is_loopback(host):
    assert Border(LOCAL, never).is_home(Origin("http", host, 9999)) is False


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "evil.example", "127.0.0.1.evil.example", "2130706433", "192.168.0.1"]
)
def test_it_keeps_plain_http_on_this_machine(host):
    with pytest.raises(ForeignHost):
        Border(LOCAL, never).is_home(Origin("http", host, 80))


@pytest.mark.parametrize(
    "home", [Origin("http", "relay.example", 80), Origin("http", "192.168.1.9", 8080), Origin("", "", 0)]
)
def test_it_refuses_a_base_url_that_would_carry_the_credential_in_clear_text(home):
    with pytest.raises(ValueError, match="https"):
        Border(home)
