"""URLs for the address guard: what must be refused (at save, at send, and without a socket), and
what must pass. Add whatever a new trick looks like."""

from app.domain.addresses import DANGEROUS_PORTS

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

# Names that are private by their form.
PRIVATE_NAMES = """
printer.local router.home.arpa db.internal metadata.google.internal localhost.localdomain
a.b.internal. METADATA.GOOGLE.INTERNAL ip6-localhost kubernetes kubernetes.default.svc.cluster.local
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
    *(f"http://{host}/" for host in [*PRIVATE_IPV4, *ODD_IPV4, *ODD_HOSTS, *PRIVATE_NAMES]),
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
