"""Which URLs and addresses Runsheet sends to: a corpus, and rules that hold for all."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.addresses import DANGEROUS_PORTS, AddressRefused, AllowList, vet_ip, vet_url

PRIVATE_IPV4 = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
127.0.0.53 127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1
172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.10 192.0.0.170 192.0.0.192 192.0.2.1
192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1
198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
""".split()

PRIVATE_IPV6 = """
:: ::1 ::2 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:7f00:1
::ffff:0:127.0.0.1 64:ff9b::1 64:ff9b::7f00:1 64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 100:0:0:1::1
1fff::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1
2001:20::1 2001:1ff:ffff::1 2001:db8::1 2001:db8:ffff::1 2002::1 2002:7f00:1:: 2002:a00:1::
2002:808:808:: 3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fe80::1 febf::1
fec0::1 ff01::1 ff02::1 ff05::2 ff0e::1 ffff::1
""".split()

# Forms of IPv4 that some resolver, somewhere, reads as an address.
ODD_IPV4 = """
2130706433 0 1 4294967295 017700000001 0x7f000001 0x7f.0.0.1 0x7F.1 0X7F.0.0.0X1 0177.0.0.1
0177.1 0177.0.0.01 127.1 127.0.1 10.1 192.168.1 127.0.0.1. 127.0.0.1.. 8.8.8.8. 08.8.8.8
8.8.8.08 008.008.008.008 8.8.8 8.8.8.8.8 256.1.1.1 1.1.1.256 1.1.1.-1 1.1.1.0x1 example.1
example.0x7f example.0x 0x 1e3.1 ١٢٧.٠.٠.١ １２７.0.0.1 ①②⑦.⓪.⓪.① 127。0。0。1
127．0．0．1 127｡0｡0｡1 ²130706433 𝟭𝟮𝟳.0.0.1 １.１.１.１ 8.8.8.٨ ৪.8.8.8 ⅷ.example.com
""".split()

ODD_HOSTS = """
localhost LOCALHOST localhost. api.localhost foo.bar.localhost. intranet metadata redis db_1
example..com .example.com example.com.. -example.com example-.com exa_mple.com- exa$mple.com
exa%6dple.com %31%32%37.0.0.1 example.com%00 example.com%2f@evil example.com,evil.com *.example.com
exa!mple.com (example.com) ex'ample.com ex~ample.com faß.de βόλος.com ｅxample.com exampleⓔ.com
\u212aelvin.example.com ſecure.example.com İstanbul.example.com example℀.com
example．com example。com
exa\u2060mple.com exa\u00admple.com a\u200db.example.com exa\u202emple.com ℡.example.com
[] [::1 ::1] [::1]x [::1]] [[::1]] [::g] [1:2:3] [fe80::1%eth0] [fe80::1%25eth0] [2606:4700::1%1]
[v1.fe80] [127.0.0.1] [example.com] [::ffff:1.2.3.4.5] 2606:4700::1111
""".split()

ODD_URLS = [
    "",
    "example.com",
    "//example.com",
    "/path",
    "http:",
    "http:/example.com",
    "http:example.com",
    "http://",
    "http:///path",
    "http://?x",
    "http://#x",
    "http://:80",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "ws://example.com/",
    "httpss://example.com/",
    "http+unix://example.com/",
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://a@b@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http:\\\\example.com\\",
    "http://example.com/a\\b",
    "http://example.com\\.evil.com/",
    " http://example.com/",
    "http://example.com/ ",
    "http://exa mple.com/",
    "http://example.com/a b",
    "http://example.com/\t",
    "http://exam\tple.com/",
    "http://example.com/\r\nX-Evil: 1",
    "http://example.com\n/",
    "http://example.com/\0",
    "http://example.com/\x7f",
    "http://example.com/\x85",
    "http://example.com/\u00a0",
    "http://example.com/\u2028",
    "http://example.com/\u3000",
    "http://example.com/\u200b",
    "http://example.com/\u202e",
    "http://example.com/\ufeff",
    "http://example.com/\ud800",
    "http://example.com:/",
    "http://example.com:0/",
    "http://example.com:00080/",
    "http://example.com:080/",
    "http://example.com:+80/",
    "http://example.com:-1/",
    "http://example.com:8 0/",
    "http://example.com:65536/",
    "http://example.com:99999999/",
    "http://example.com:http/",
    "http://example.com:0x50/",
    "http://example.com:٨٠/",
    "http://example.com:８０/",
    "http://example.com:80:80/",
    "http://example.com:22/",
    "http://example.com:25/",
    "http://example.com:53/",
    "http://example.com:81/",
    "http://example.com:445/",
    "http://example.com:1023/",
    "http://8.8.8.8:6379/",
    "http://[2606:4700::1111]:6379/",
    "http://" + "a" * 64 + ".com/",
    "http://" + "a." * 127 + "com/",
    "http://example.com/" + "a" * 2048,
]

REFUSED = [
    *ODD_URLS,
    *(f"http://{host}/" for host in [*PRIVATE_IPV4, *ODD_IPV4, *ODD_HOSTS]),
    *(f"https://[{address}]/" for address in PRIVATE_IPV6),
    *(f"http://example.com:{port}/" for port in sorted(DANGEROUS_PORTS)),
]

ALLOWED = {
    "http://example.com": ("example.com", 80, "/"),
    "https://example.com": ("example.com", 443, "/"),
    "HTTPS://EXAMPLE.COM/": ("example.com", 443, "/"),
    "https://example.com./": ("example.com", 443, "/"),
    "https://example.com:443/": ("example.com", 443, "/"),
    "https://example.com:80/": ("example.com", 80, "/"),
    "http://example.com:1024/": ("example.com", 1024, "/"),
    "http://example.com:8080/": ("example.com", 8080, "/"),
    "http://example.com:65535/": ("example.com", 65535, "/"),
    "https://example.com?x=1": ("example.com", 443, "/?x=1"),
    "https://example.com#top": ("example.com", 443, "/"),
    "https://example.com/a/b?c=d&e=f#g": ("example.com", 443, "/a/b?c=d&e=f"),
    "https://example.com/@user": ("example.com", 443, "/@user"),
    "https://example.com/a:b@c": ("example.com", 443, "/a:b@c"),
    "https://example.com/?u=http://127.0.0.1/": ("example.com", 443, "/?u=http://127.0.0.1/"),
    "https://example.com/%00%0d%0a": ("example.com", 443, "/%00%0d%0a"),
    "https://example.com/../..": ("example.com", 443, "/../.."),
    "https://example.com/ü": ("example.com", 443, "/%C3%BC"),
    "https://example.com/?q=日本": ("example.com", 443, "/?q=%E6%97%A5%E6%9C%AC"),
    "https://a.b.c.d.example.co.uk/": ("a.b.c.d.example.co.uk", 443, "/"),
    "https://my_bucket.example.com/": ("my_bucket.example.com", 443, "/"),
    "https://x--y.example.com/": ("x--y.example.com", 443, "/"),
    "https://1.example.com/": ("1.example.com", 443, "/"),
    "https://127.0.0.1.example.com/": ("127.0.0.1.example.com", 443, "/"),
    "https://0x7f.example.com/": ("0x7f.example.com", 443, "/"),
    "https://3com.example/": ("3com.example", 443, "/"),
    "https://bücher.example/": ("xn--bcher-kva.example", 443, "/"),
    "https://BÜCHER.example/": ("xn--bcher-kva.example", 443, "/"),
    "https://xn--bcher-kva.example/": ("xn--bcher-kva.example", 443, "/"),
    "https://例え.jp/": ("xn--r8jz45g.jp", 443, "/"),
    "https://пример.рф/": ("xn--e1afmkfd.xn--p1ai", 443, "/"),
    "http://8.8.8.8/": ("8.8.8.8", 80, "/"),
    "http://1.1.1.1:8443/": ("1.1.1.1", 8443, "/"),
    "http://9.255.255.255/": ("9.255.255.255", 80, "/"),
    "http://172.15.255.255/": ("172.15.255.255", 80, "/"),
    "http://172.32.0.1/": ("172.32.0.1", 80, "/"),
    "http://100.63.255.255/": ("100.63.255.255", 80, "/"),
    "http://168.63.129.17/": ("168.63.129.17", 80, "/"),
    "http://223.255.255.255/": ("223.255.255.255", 80, "/"),
    "https://[2606:4700:4700::1111]/": ("2606:4700:4700::1111", 443, "/"),
    "https://[2606:4700:4700:0:0:0:0:1111]:8443/": ("2606:4700:4700::1111", 8443, "/"),
    "https://[2001:200::1]/": ("2001:200::1", 443, "/"),
    "https://[2A00:1450::1]/": ("2a00:1450::1", 443, "/"),
    "https://[3ffe::1]/": ("3ffe::1", 443, "/"),
}


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
