"""Which URLs and addresses Runsheet sends to: the corpus, and rules that hold for all."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.addresses import DANGEROUS_PORTS, AddressRefused, AllowList, vet_ip, vet_url
from tests.corpus.addresses import ALLOWED, PRIVATE_IPV4, PRIVATE_IPV6, REFUSED


@pytest.mark.parametrize("url", REFUSED, ids=ascii)
def test_a_url_that_could_lead_astray_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        vet_url(url)
    assert refused.value.reason.endswith(".")


@pytest.mark.parametrize(("url", "parts"), ALLOWED.items(), ids=ascii)
def test_a_public_url_is_taken_apart(url: str, parts: tuple[str, int, str]) -> None:
    target = vet_url(url)
    assert (target.host, target.port, target.path) == parts


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(set(REFUSED)) >= 150
    assert len(ALLOWED) >= 30


@pytest.mark.parametrize("address", [*PRIVATE_IPV4, *PRIVATE_IPV6, "8.8.8", "", "2606:4700::1%1"])
def test_an_address_a_name_resolved_to_is_refused_unless_public(address: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        vet_ip(address)
    assert not address or address not in refused.value.reason


def test_the_host_header_has_the_port_only_if_it_is_not_the_default() -> None:
    urls = ["http://a.example:80", "https://a.example:80", "https://[2606:4700::1]:8443"]
    headers = [vet_url(url).authority for url in urls]
    assert headers == ["a.example", "a.example:80", "[2606:4700::1]:8443"]


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_passes_that_python_knows_to_be_special(ip: ipaddress.IPv4Address) -> None:
    try:
        vet_ip(ip)
    except AddressRefused:
        return
    assert ip.is_global
    assert not ip.is_multicast
    assert not ip.is_reserved


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_passes_outside_global_unicast(ip: ipaddress.IPv6Address) -> None:
    try:
        vet_ip(ip)
    except AddressRefused:
        return
    assert ip in ipaddress.ip_network("2000::/3")
    assert ip.is_global
    assert (ip.ipv4_mapped, ip.sixtofour, ip.teredo) == (None, None, None)


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:0:0", "64:ff9b::", "::", "2002::"]))
def test_no_ipv4_address_passes_inside_an_ipv6_one(ip: ipaddress.IPv4Address, prefix: str) -> None:
    shift = 80 if prefix == "2002::" else 0
    with pytest.raises(AddressRefused):
        vet_ip(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(ip) << shift))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_as_one_number_is_refused(ip: ipaddress.IPv4Address) -> None:
    for form in (str(int(ip)), hex(int(ip)), f"0{int(ip):o}"):
        with pytest.raises(AddressRefused):
            vet_url(f"http://{form}/")


@given(st.text())
def test_any_text_is_either_refused_or_becomes_plain_ascii(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}.example.com/", f"http://a.example/{text}"):
        try:
            target = vet_url(url)
        except AddressRefused:
            continue
        written = f"{target.authority}{target.path}"
        assert written.isascii()
        assert written.isprintable()
        assert " " not in written
        assert target.host == target.host.lower()


@given(st.integers(min_value=0, max_value=70000))
def test_a_port_is_open_if_it_is_a_web_port_or_high_and_harmless(port: int) -> None:
    harmless = port in (80, 443) or (1024 <= port <= 65535 and port not in DANGEROUS_PORTS)
    try:
        assert vet_url(f"http://a.example:{port}/").port == port
        assert harmless
    except AddressRefused:
        assert not harmless


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:6379/"),
        ("127.0.0.1:25", "http://127.0.0.1:25/"),
        ("[::1]:9000", "http://[::1]:9000/"),
        ("::1", "http://[0:0:0:0:0:0:0:1]:9000/"),
        ("localhost", "http://localhost:9000/"),
        ("Receiver.", "http://receiver/"),
        ("bücher.example:22", "http://xn--bcher-kva.example:22/"),
        ("10.0.0.0/8", "http://10.1.2.3/"),
        ("fd00::/8", "https://[fd00::1]/"),
        ("10.0.0.0/8", "http://intranet/"),
        (" a.example , 127.0.0.0/8,", "http://127.0.0.9:8080/"),
    ],
)
def test_an_administrator_can_permit_a_private_destination(entry: str, url: str) -> None:
    vet_url(url, AllowList.parse(entry))
    with pytest.raises(AddressRefused):
        vet_url(url)


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("127.0.0.1:25", "http://127.0.0.1:26/"),
        ("127.0.0.1", "http://127.0.0.2/"),
        ("127.0.0.1", "http://localhost/"),
        ("127.0.0.1", "http://2130706433/"),
        ("127.0.0.0/8", "http://127.0.0.1:6379/"),
        ("127.0.0.0/8", "http://[::ffff:127.0.0.1]/"),
        ("fe80::/10", "http://[fe80::1%25eth0]/"),
        ("localhost", "http://api.localhost/"),
        ("localhost", "http://user@localhost/"),
    ],
)
def test_a_permission_reaches_no_further_than_it_says(entry: str, url: str) -> None:
    with pytest.raises(AddressRefused):
        vet_url(url, AllowList.parse(entry))


@pytest.mark.parametrize(
    "entry",
    [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "a b",
        "host:",
        "host:0",
        "http://host",
        "[::1",
        "a:b",
        "x@y",
        "/",
    ],
)
def test_a_wrong_permission_is_named_in_one_line(entry: str) -> None:
    with pytest.raises(ValueError, match=r"OUTBOUND_ALLOW: '.*' is not") as error:
        AllowList.parse(f"localhost,{entry}")
    assert "\n" not in str(error.value)


def test_no_permission_is_given_by_default() -> None:
    assert AllowList.parse(" , ") == AllowList()
