"""Where webhooks may lead: nowhere inside, in whatever form an address is written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from staffroll_accounts.domain.errors import WebhookUrlRefused
from staffroll_accounts.domain.webhook_urls import Reach, Target, host_of, is_public

PUBLIC = Reach()
INSIDE = Reach.read("127.0.0.0/8, 10.1.0.0/16,fd00::/8")


def code_of(reach: Reach, url: str) -> str:
    """Why the URL is refused."""
    with pytest.raises(WebhookUrlRefused) as caught:
        reach.target(url)
    (problem,) = caught.value.errors["url"]
    return problem.code


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.192", "192.0.2.1",
        "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
        "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808",
        "100::1", "2001::1", "2001:0:7f00:1::", "2001:10::1", "2001:20::1", "2001:db8::1",
        "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00::1", "fe80::1",
        "fec0::1", "ff02::1", "fd00:ec2::254",
    ],
)  # fmt: skip
def test_what_is_not_the_public_internet_is_not_reached(text: str) -> None:
    address = ip_address(text)

    assert not is_public(address)
    assert not PUBLIC.allows(address, is_tls=True)


@pytest.mark.parametrize(
    "text",
    ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8",
     "64:ff9b::808:808", "172.32.0.1", "100.128.0.1", "192.0.1.1"],
)  # fmt: skip
def test_the_public_internet_is_reached_encrypted_only(text: str) -> None:
    assert PUBLIC.allows(ip_address(text), is_tls=True)
    assert not PUBLIC.allows(ip_address(text), is_tls=False)
    assert not INSIDE.allows(ip_address(text), is_tls=False)


@given(st.integers(0, 2**32 - 1))
@example(int(IPv4Address("127.0.0.1")))
def test_an_address_in_ipv6_clothes_is_as_public_as_without(number: int) -> None:
    bare = IPv4Address(number)

    for prefix in ("::ffff:0:0", "64:ff9b::"):
        clothed = IPv6Address(int(IPv6Address(prefix)) | number)
        assert is_public(clothed) == is_public(bare)
    assert not is_public(IPv6Address(number))


@given(st.integers(0, 2**128 - 1))
def test_no_address_that_python_knows_to_be_private_is_public(number: int) -> None:
    for address in (IPv6Address(number), IPv4Address(number % 2**32)):
        if is_public(address):
            assert address.is_global
            assert not address.is_multicast
            assert not address.is_reserved


def test_networks_that_are_allowed_are_reached_in_any_clothes_with_and_without_tls() -> None:
    for text in ("127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3", "fd12::1"):
        for is_tls in (True, False):
            assert INSIDE.allows(ip_address(text), is_tls=is_tls)
    assert not INSIDE.allows(ip_address("10.2.0.1"), is_tls=True)
    assert Reach.read("") == Reach.read(" , ") == Reach()
    assert INSIDE.networks[0] == ip_network("127.0.0.0/8")


@pytest.mark.parametrize("text", ["10.0.0.0/33", "everything", "10.0.0.1/8"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"IPv6 network|host bits"):
        Reach.read(text)


@pytest.mark.parametrize(
    "url, target, header",
    [
        ("https://hooks.example.org", Target(True, "hooks.example.org", 443, "/"), None),
        ("https://Hooks.Example.ORG/a?b=c", Target(True, "hooks.example.org", 443, "/a?b=c"), None),
        ("https://h.example:8443/a%20b", Target(True, "h.example", 8443, "/a%20b"), "h.example:8443"),
        ("https://xn--mller-kva.example/", Target(True, "xn--mller-kva.example", 443, "/"), None),
        ("https://8.8.8.8/x", Target(True, "8.8.8.8", 443, "/x"), None),
        ("https://[2606:4700::1]:1/", Target(True, "2606:4700::1", 1, "/"), "[2606:4700::1]:1"),
        ("https://a_b.example?q", Target(True, "a_b.example", 443, "/?q"), None),
    ],
)  # fmt: skip
def test_a_url_is_read_in_its_parts(url: str, target: Target, header: str | None) -> None:
    assert PUBLIC.target(url) == target
    assert target.host_header == (header or target.host)


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "/hook", "hooks.example.org", "//hooks.example.org/", "ftp://h.example/",
        "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "https://", "https:///x", "https://:443/",
        "https://h.example:/", "https://h.example:0/", "https://h.example:65536/",
        "https://h.example:x/", "https://user@h.example/", "https://user:pw@h.example/",
        "https://h.example@127.0.0.1/", "https://h.example#@127.0.0.1/", "https://h.example/#x",
        "https://h.example\\@127.0.0.1/", "https://h.example/a b", "https://h.example/\n",
        "https://h.example/\r\nHost: x", "https://h.example\t/", "https://hööks.example/",
        "https://h..example/", "https://.example/", "https://-h.example/", "https://h.example./",
        "https://127.1/", "https://0177.0.0.1/", "https://0x7f.0.0.1/", "https://2130706433/",
        "https://0x7f000001/", "https://h.example.0x1/", "https://1.2.3/", "https://[::1/",
        "https://[127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://[::1]x/", "https://%31/",
        f"https://{'a' * 64}.example/", f"https://h.{'a' * 64}/", "https://h.example-/", "https://h.example/" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_programs_read_in_different_ways_is_no_url(url: str) -> None:
    for reach in (PUBLIC, INSIDE):
        with pytest.raises(WebhookUrlRefused):
            reach.target(url)


def test_without_encryption_only_where_it_is_allowed() -> None:
    assert code_of(PUBLIC, "http://hooks.example.org/") == "url_not_https"
    assert INSIDE.target("http://hooks.example.org/").port == 80
    assert code_of(INSIDE, "http://8.8.8.8/") == "address_not_public"


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://[::1]:8080/x", "https://169.254.169.254/latest"]
)
def test_a_private_address_is_refused_at_once(url: str) -> None:
    assert code_of(PUBLIC, url) == "address_not_public"


@given(st.text(max_size=60), st.sampled_from(["", "https://", "https://h.example", "http://["]))
def test_any_text_is_read_or_refused(text: str, before: str) -> None:
    try:
        target = PUBLIC.target(before + text)
    except WebhookUrlRefused:
        return
    assert target.is_tls
    assert f"{target.host}{target.path}".isascii()


def test_people_are_told_no_more_of_a_url_than_its_host() -> None:
    assert host_of("https://hooks.example.org:8443/services/T0/secret?key=x") == "hooks.example.org"
    assert "secret" not in repr(PUBLIC.target("https://hooks.example.org/secret"))
