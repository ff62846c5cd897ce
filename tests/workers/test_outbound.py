"""The outbound client against receivers that are slow, broken or hostile."""

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.domain.addresses import AllowList
from tests.workers.hostile_servers import (
    OK,
    Receiver,
    answer,
    answer_once,
    answer_then_repeat,
    certificate_for,
    closed_port,
    hang_up,
    hang_up_on_the_second,
    ignore,
    proxy_to,
    receiver,
    stall,
    unanswered_port,
)
from workers.outbound import CancelToken, Outbound, Request, Response, SendFailed

LOOPBACK = AllowList.parse("127.0.0.1, 127.0.0.1/32")
SOON = 1.0  # seconds: a total deadline that a test can wait for


@pytest.fixture
def outbound() -> Iterator[Outbound]:
    client = Outbound(LOOPBACK, resolver=lambda host, port: ["127.0.0.1"])
    yield client
    client.close()


def post(client: Outbound, url: str, timeout: float = 10.0, **headers: str) -> Response:
    return client.send(Request("POST", url, headers, b'{"a":1}', timeout))


def failure(client: Outbound, url: str, timeout: float = 10.0) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        post(client, url, timeout)
    return failed.value


def failure_of(client: Outbound, server: Receiver, timeout: float = 10.0) -> tuple[str, bool]:
    failed = failure(client, server.url(), timeout)
    return failed.kind, failed.sent


# What is sent


def test_a_request_arrives_as_it_was_written(outbound: Outbound) -> None:
    with receiver(answer(OK)) as server:
        request = Request("PUT", server.url("/a?b=c"), [("X-A", "1"), ("X-A", "2")], b"body")
        response = outbound.send(request)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "PUT /a?b=c HTTP/1.1"
    assert lines[1] == f"Host: 127.0.0.1:{server.port}"
    assert "Accept-Encoding: identity" in lines
    assert [line for line in lines if line.startswith("X-A")] == ["X-A: 1", "X-A: 2"]
    assert any(line.startswith("User-Agent: Runsheet/") for line in lines)
    assert (body, "Content-Length: 4" in lines) == (b"body", True)
    assert (response.status, response.body, response.address) == (200, b"ok", "127.0.0.1")


def test_printing_a_request_shows_no_header():
    request = Request("POST", "https://a.example/", {"Authorization": "Bearer canary"}, None)
    assert "canary" not in f"{request!r} {request}" and "a.example" in repr(request)


def test_a_body_of_megabytes_arrives_whole(outbound: Outbound) -> None:
    with receiver(answer(OK)) as server:
        outbound.send(Request("POST", server.url(), {}, b"x" * 3_000_000))
    assert server.requests[0].endswith(b"\r\n\r\n" + b"x" * 3_000_000)


def test_an_author_can_name_another_user_agent_but_no_other_encoding(outbound: Outbound) -> None:
    headers = {"User-Agent": "mine", "Accept-Encoding": "gzip, br"}
    with receiver(answer(OK)) as server:
        outbound.send(Request("POST", server.url(), headers, None))
    assert b"\r\nUser-Agent: mine\r\n" in server.requests[0]
    assert b"gzip" not in server.requests[0]
    assert server.requests[0].count(b"ser-Agent") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nY: b"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "a\0b"),
        ("X\r\nY", "b"),
        ("X:", "b"),
        ("X Y", "b"),
        ("", "b"),
        ("Ü", "b"),
        ("X", "\ud800"),
        ("Host", "evil.example"),
        ("Content-Length", "0"),
        ("transfer-encoding", "chunked"),
        ("Connection", "close"),
        ("Proxy-Authorization", "Basic x"),
        ("Upgrade", "h2c"),
    ],
    ids=ascii,
)
def test_a_header_that_could_forge_a_request_is_refused(
    outbound: Outbound, name: str, value: str
) -> None:
    with receiver(answer(OK)) as server, pytest.raises(SendFailed) as failed:
        outbound.send(Request("POST", server.url(), [(name, value)], b""))
    assert (failed.value.kind, failed.value.final) == ("request_refused", True)
    assert server.connections == 0


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "post", "GET / HTTP/1.1\r\nX:", ""])
def test_a_method_that_is_not_known_is_refused(outbound: Outbound, method: str) -> None:
    with pytest.raises(SendFailed, match="request_refused"):
        outbound.send(Request(method, "http://127.0.0.1:9/", {}, None))


def test_nothing_is_taken_from_the_environment(
    outbound: Outbound, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("HOME", str(tmp_path))
    with receiver(answer(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n"))) as server:
        post(outbound, server.url())
        post(outbound, server.url())
    assert all(b"uthorization" not in request for request in server.requests)
    assert all(b"ookie" not in request for request in server.requests)


# Where it is sent


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "127.0.0.1.",
        "user@127.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
    ],
)
def test_a_refused_address_opens_no_socket(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(answer(OK)) as server:
        monkeypatch.setattr(socket, "socket", None)
        failed = failure(Outbound(), f"http://{host}:{server.port}/")
        monkeypatch.undo()
    assert (failed.kind, failed.sent, failed.final) == ("address_refused", False, True)
    assert server.connections == 0


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1", "10.0.0.1"],
        ["8.8.8.8", "127.0.0.2"],
        ["127.0.0.1", "::1"],
        ["127.0.0.1", "fe80::1%lo"],
        ["127.0.0.1", "::ffff:127.0.0.1"],
        ["not an address"],
    ],
)
def test_one_private_answer_refuses_the_whole_name(answers: list[str]) -> None:
    allow = AllowList.parse("127.0.0.1/32")
    client = Outbound(allow, resolver=lambda host, port: answers)
    with receiver(answer(OK)) as server:
        failed = failure(client, server.url(host="rebound.example"))
    assert (failed.kind, failed.sent) == ("address_refused", False)
    assert server.connections == 0
    assert not any(address in failed.message for address in answers)


def test_a_name_that_changes_its_answer_is_vetted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"]]
    asked: list[str] = []

    def rebind(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    monkeypatch.setattr("workers.outbound_dns._CACHE_SECONDS", 0.0)
    client = Outbound(AllowList.parse("127.0.0.1/32"), resolver=rebind)
    with receiver(answer(OK), host="0.0.0.0") as server:
        assert post(client, server.url(host="rebound.example")).address == "127.0.0.1"
        assert failure(client, server.url(host="rebound.example")).kind == "address_refused"
        assert post(client, server.url(host="rebound.example")).status == 200
        client.close()
    assert (len(asked), len(server.requests)) == (3, 2)


def test_a_name_is_looked_up_once_for_many_requests() -> None:
    asked: list[str] = []
    client = Outbound(LOOPBACK, resolver=lambda host, port: asked.append(host) or ["127.0.0.1"])
    with receiver(answer(OK)) as server:
        for _ in range(5):
            post(client, server.url(host="receiver.example"))
        client.close()
    assert asked == ["receiver.example"]
    assert f"\r\nHost: receiver.example:{server.port}\r\n".encode() in server.requests[0]


def test_an_allowed_name_may_lead_anywhere(outbound: Outbound) -> None:
    client = Outbound(AllowList.parse("intranet"), resolver=lambda host, port: ["127.0.0.1"])
    with receiver(answer(OK)) as server:
        assert post(client, server.url(host="intranet")).status == 200
        client.close()


def test_a_name_without_an_address_fails_the_lookup() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    for resolver in (unknown, lambda host, port: []):
        failed = failure(Outbound(resolver=resolver), "http://gone.example/")
        assert (failed.kind, failed.sent, failed.final) == ("dns_lookup_failed", False, False)


def test_a_resolver_that_hangs_does_not_hold_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.outbound_dns._LIMIT_SECONDS", 0.1)
    answered = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        answered.wait()
        return []

    assert failure(Outbound(resolver=hang), "http://slow.example/").kind == "dns_lookup_failed"
    answered.set()


def test_the_next_address_is_tried_when_one_refuses() -> None:
    allow = AllowList.parse("127.0.0.0/8")
    client = Outbound(allow, resolver=lambda host, port: ["127.0.0.9", "127.0.0.1"])
    with receiver(answer(OK)) as server:
        assert post(client, server.url(host="two.example")).address == "127.0.0.1"
        client.close()


def test_a_refused_connection_has_sent_nothing(outbound: Outbound) -> None:
    failed = failure(outbound, f"http://127.0.0.1:{closed_port()}/")
    assert (failed.kind, failed.sent, failed.final) == ("connection_refused", False, False)


def test_a_connection_that_is_never_accepted_has_sent_nothing(outbound: Outbound) -> None:
    with unanswered_port() as port:
        failed = failure(outbound, f"http://127.0.0.1:{port}/", SOON)
    assert (failed.kind, failed.sent) == ("connection_timeout", False)


# What comes back


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 404, 410, 429, 500, 503])
def test_every_status_is_a_response_and_no_redirect_is_followed(
    outbound: Outbound, status: int
) -> None:
    head = f"HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    with receiver(answer(head.encode())) as server:
        response = post(outbound, server.url())
    assert response.status == status
    assert ("Location", "/elsewhere") in response.headers
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", b"ab"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n" + OK, b"ok"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n",
            b"abc0123456789",
        ),
    ],
)
def test_every_way_to_mark_the_end_of_a_body_is_understood(
    outbound: Outbound, response: bytes, body: bytes
) -> None:
    with receiver(answer_once(response)) as server:
        got = post(outbound, server.url())
    assert (got.body, got.truncated) == (body, False)


def test_an_answer_to_head_has_no_body(outbound: Outbound) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    with receiver(answer(head)) as server:
        for _ in range(2):
            assert outbound.send(Request("HEAD", server.url(), {}, None)).body == b""
    assert server.connections == 1


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n",
    ],
)
def test_a_huge_body_is_cut_and_its_connection_dropped(outbound: Outbound, start: bytes) -> None:
    with receiver(answer_then_repeat(start, b"x" * 65536)) as server:
        response = post(outbound, server.url())
        assert server.hung_up.wait(10)
    assert response.status == 200
    assert response.truncated
    assert response.body.strip(b"x") == b""
    assert len(response.body) <= 64 * 1024


def test_an_endless_row_of_small_chunks_is_cut(outbound: Outbound) -> None:
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with receiver(answer_then_repeat(start, b"1\r\nx\r\n" * 1000)) as server:
        response = post(outbound, server.url())
    assert (response.truncated, len(response.body)) == (True, 64 * 1024 // 6)


def test_a_body_is_read_up_to_its_limit(outbound: Outbound) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    for size, truncated in ((64 * 1024, False), (64 * 1024 + 1, True), (99 * 1024, True)):
        with receiver(answer(head % size + b"x" * size)) as server:
            response = post(outbound, server.url())
            assert (response.body, response.truncated) == (b"x" * min(size, 65536), truncated)


def test_a_compressed_bomb_is_not_unpacked(outbound: Outbound) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
    with receiver(answer(head + b"\x1f\x8b\x08\x00")) as server:
        assert post(outbound, server.url()).body == b"\x1f\x8b\x08\x00"
    assert b"Accept-Encoding: identity\r\n" in server.requests[0]


@pytest.mark.parametrize(
    ("start", "again", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", "response_too_large"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 1000, "response_too_large"),
        (b"HTTP/1.1 200 OK", b" OK" * 1000, "response_too_large"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "bad_response"),
        (b"", b"HTTP/1.1 103 Early\r\nX: " + b"x" * 30000 + b"\r\n\r\n", "response_too_large"),
    ],
)
def test_endless_headers_are_not_read(
    outbound: Outbound, start: bytes, again: bytes, kind: str
) -> None:
    with receiver(answer_then_repeat(start, again)) as server:
        assert failure_of(outbound, server) == (kind, True)
        assert server.hung_up.wait(10)


def test_a_response_may_have_a_hundred_headers_and_no_more(outbound: Outbound) -> None:
    for count, good in ((99, True), (100, False)):
        extra = b"".join(b"X-%d: y\r\n" % n for n in range(count))
        with receiver(answer(OK.replace(b"Content", extra + b"Content"))) as server:
            if good:
                assert len(post(outbound, server.url()).headers) == 100
            else:
                assert failure_of(outbound, server) == ("response_too_large", True)


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"+OK redis\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 700 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\nB: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\rB: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 20000,
    ],
)
def test_what_is_not_plainly_http_is_a_bad_response(outbound: Outbound, response: bytes) -> None:
    with receiver(answer_once(response)) as server:
        assert failure_of(outbound, server) == ("bad_response", True)


# Hanging up and holding on


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_a_receiver_that_hangs_up_may_have_acted(outbound: Outbound, start: bytes) -> None:
    with receiver(answer_once(start)) as server:
        assert failure_of(outbound, server) == ("connection_lost", True)


@pytest.mark.parametrize(
    ("start", "again"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_dripping_bytes_do_not_outlast_the_deadline(
    outbound: Outbound, start: bytes, again: bytes
) -> None:
    with receiver(answer_then_repeat(start, again, pause=0.02)) as server:
        assert failure_of(outbound, server, SOON) == ("timeout", True)
        assert server.hung_up.wait(10)


def test_a_stalled_receiver_does_not_outlast_the_deadline(outbound: Outbound) -> None:
    with receiver(stall) as server:
        assert failure_of(outbound, server, SOON) == ("timeout", True)


def test_a_receiver_that_never_reads_does_not_outlast_the_deadline(outbound: Outbound) -> None:
    with receiver(ignore) as server:
        request = Request("POST", server.url(), {}, b"x" * 20_000_000, SOON)
        with pytest.raises(SendFailed) as failed:
            outbound.send(request)
    assert (failed.value.kind, failed.value.sent) == ("timeout", True)


def test_cancelling_ends_an_attempt_that_waits_for_its_answer(outbound: Outbound) -> None:
    token = CancelToken()
    with receiver(stall) as server, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(outbound.send, Request("POST", server.url(), {}, b""), token)
        assert server.asked.wait(10)
        token.cancel()
        failed = sending.exception(10)
    assert isinstance(failed, SendFailed)
    assert (failed.kind, failed.sent) == ("cancelled", True)


def test_cancelling_ends_an_attempt_that_looks_up_a_name() -> None:
    token, asked, answered = CancelToken(), threading.Event(), threading.Event()

    def hang(host: str, port: int) -> list[str]:
        asked.set()
        answered.wait()
        return []

    client = Outbound(resolver=hang)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(client.send, Request("GET", "http://a.example/", {}, None), token)
        assert asked.wait(10)
        token.cancel()
        failed = sending.exception(10)
        answered.set()
    assert isinstance(failed, SendFailed)
    assert (failed.kind, failed.sent) == ("cancelled", False)


def test_cancelling_ends_an_attempt_that_connects(
    outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, connecting, connect = CancelToken(), threading.Event(), socket.socket.connect_ex

    def tell(sock: socket.socket, address: tuple[str, int]) -> int:
        connecting.set()
        return connect(sock, address)

    with unanswered_port() as port, ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(socket.socket, "connect_ex", tell)
        request = Request("POST", f"http://127.0.0.1:{port}/", {}, b"")
        sending = pool.submit(outbound.send, request, token)
        assert connecting.wait(10)
        token.cancel()
        failed = sending.exception(10)
    assert isinstance(failed, SendFailed)
    assert (failed.kind, failed.sent) == ("cancelled", False)


def test_a_cancelled_token_sends_nothing(outbound: Outbound) -> None:
    token = CancelToken()
    token.cancel()
    with receiver(answer(OK)) as server, pytest.raises(SendFailed, match="cancelled") as failed:
        outbound.send(Request("POST", server.url(), {}, b""), token)
    assert (failed.value.sent, server.requests) == (False, [])


def test_cancelling_after_the_answer_leaves_the_kept_connection_alone(outbound: Outbound) -> None:
    token = CancelToken()
    with receiver(answer(OK)) as server:
        outbound.send(Request("POST", server.url(), {}, b""), token)
        token.cancel()
        assert post(outbound, server.url()).status == 200
    assert server.connections == 1


def test_closing_the_client_cancels_what_is_in_flight(outbound: Outbound) -> None:
    with receiver(stall) as server, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(post, outbound, server.url())
        assert server.asked.wait(10)
        outbound.close()
        failed = sending.exception(10)
        assert isinstance(failed, SendFailed)
        assert (failed.kind, failed.sent) == ("cancelled", True)
        assert failure(outbound, server.url()).kind == "cancelled"


# Kept connections


def test_a_connection_serves_many_requests(outbound: Outbound) -> None:
    with receiver(answer(OK)) as server:
        for _ in range(10):
            post(outbound, server.url())
    assert (server.connections, len(server.requests)) == (1, 10)


def test_threads_do_not_share_a_connection_at_once(outbound: Outbound) -> None:
    def behave(server: Receiver, conn: socket.socket) -> None:
        while request := server.read(conn):
            body = request.partition(b"\r\n\r\n")[2]
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def echo(n: int) -> bool:
        return outbound.send(Request("POST", server.url(), {}, b"%d" % n)).body == b"%d" % n

    with receiver(behave) as server, ThreadPoolExecutor(8) as pool:
        assert all(pool.map(echo, range(400)))
    assert server.connections <= 8


def test_a_connection_that_died_while_idle_is_replaced_unseen(outbound: Outbound) -> None:
    with receiver(answer_once(OK)) as server:
        for count in (1, 2, 3):
            assert post(outbound, server.url()).status == 200
            assert server.hung_up.wait(10)
            server.hung_up.clear()
            assert len(server.requests) == server.connections == count


def test_a_request_lost_on_a_kept_connection_is_not_sent_again(outbound: Outbound) -> None:
    with receiver(hang_up_on_the_second) as server:
        post(outbound, server.url())
        assert failure_of(outbound, server) == ("connection_lost", True)
    assert (len(server.requests), server.connections) == (2, 1)


def test_bytes_after_a_response_can_not_pose_as_the_next_one(outbound: Outbound) -> None:
    forged = b"HTTP/1.1 418 Forged\r\nContent-Length: 0\r\n\r\n"
    with receiver(answer(OK + forged)) as server:
        assert [post(outbound, server.url()).status for _ in range(3)] == [200, 200, 200]
    assert server.connections == 3


@pytest.mark.parametrize(
    "response",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_a_receiver_that_wants_no_second_request_gets_none(
    outbound: Outbound, response: bytes
) -> None:
    with receiver(answer(response)) as server:
        post(outbound, server.url())
        post(outbound, server.url())
    assert server.connections == 2


def test_connections_kept_too_long_are_closed(
    outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.outbound_pool.IDLE_SECONDS", 0.0)
    with receiver(answer(OK)) as server:
        post(outbound, server.url())
        assert server.hung_up.wait(10)


def test_no_more_connections_are_kept_than_asked_for() -> None:
    client = Outbound(LOOPBACK, max_connections=0)
    with receiver(answer(OK)) as server:
        post(client, server.url())
        post(client, server.url())
    assert server.connections == 2


# TLS


def secure_client(trust: ssl.SSLContext) -> Outbound:
    return Outbound(LOOPBACK, resolver=lambda host, port: ["127.0.0.1"], tls=trust)


def test_tls_is_for_the_name_though_the_connection_is_to_an_address(tmp_path: Path) -> None:
    serve, trust = certificate_for("receiver.example", tmp_path)
    names: list[str | None] = []
    serve.sni_callback = lambda sock, name, context: names.append(name)
    client = secure_client(trust)
    with receiver(answer(OK), serve) as server:
        for _ in range(3):
            response = post(client, server.url(scheme="https", host="receiver.example"))
            assert (response.status, response.address) == (200, "127.0.0.1")
        client.close()
    assert set(names) == {"receiver.example"}
    assert f"\r\nHost: receiver.example:{server.port}\r\n".encode() in server.requests[0]


def test_a_certificate_for_another_name_gets_no_request(tmp_path: Path) -> None:
    serve, trust = certificate_for("other.example", tmp_path)
    with receiver(answer(OK), serve) as server:
        for host in ("receiver.example", "127.0.0.1"):
            failed = failure(secure_client(trust), server.url(scheme="https", host=host))
            assert (failed.kind, failed.sent) == ("tls_failed", False)
    assert server.requests == []


def test_a_certificate_nobody_vouches_for_gets_no_request(tmp_path: Path) -> None:
    serve, _ = certificate_for("receiver.example", tmp_path)
    client = secure_client(ssl.create_default_context())
    with receiver(answer(OK), serve) as server:
        failed = failure(client, server.url(scheme="https", host="receiver.example"))
    assert (failed.kind, failed.sent, server.requests) == ("tls_failed", False, [])


def test_a_connection_for_one_name_does_not_serve_another(tmp_path: Path) -> None:
    serve, trust = certificate_for("receiver.example", tmp_path)
    client = secure_client(trust)
    with receiver(answer(OK), serve) as server:
        post(client, server.url(scheme="https", host="receiver.example"))
        failed = failure(client, server.url(scheme="https", host="other.example"))
        client.close()
    assert failed.kind == "tls_failed"
    assert len(server.requests) == 1


def test_a_handshake_that_stalls_has_sent_nothing(tmp_path: Path) -> None:
    client = secure_client(certificate_for("receiver.example", tmp_path)[1])
    with receiver(ignore) as server:
        failed = failure(client, server.url(scheme="https", host="receiver.example"), SOON)
    assert (failed.kind, failed.sent) == ("connection_timeout", False)


def test_a_stalled_answer_over_tls_does_not_outlast_the_deadline(tmp_path: Path) -> None:
    serve, trust = certificate_for("receiver.example", tmp_path)
    with receiver(stall, serve) as server:
        failed = failure(
            secure_client(trust), server.url(scheme="https", host="receiver.example"), SOON
        )
    assert (failed.kind, failed.sent) == ("timeout", True)


# Egress proxy


def proxied(server: Receiver, trust: ssl.SSLContext | None = None) -> Outbound:
    def no_lookups(host: str, port: int) -> list[str]:
        assert host == "proxy.internal", "the receiver's name is the proxy's to look up"
        return ["127.0.0.1"]

    proxy = f"http://proxy.internal:{server.port}"
    return Outbound(egress_proxy=proxy, resolver=no_lookups, tls=trust)


def test_plain_requests_go_through_the_proxy_in_absolute_form() -> None:
    with receiver(answer(OK)) as server:
        client = proxied(server)
        assert post(client, "http://receiver.example/a?b").status == 200
        assert post(client, "http://other.example:8080/").status == 200
        client.close()
    starts = [request.split(b"\r\nA")[0] for request in server.requests]
    assert starts == [
        b"POST http://receiver.example/a?b HTTP/1.1\r\nHost: receiver.example",
        b"POST http://other.example:8080/ HTTP/1.1\r\nHost: other.example:8080",
    ]


def test_tls_goes_through_a_tunnel_that_the_proxy_opens(tmp_path: Path) -> None:
    serve, trust = certificate_for("receiver.example", tmp_path)
    with receiver(proxy_to(serve)) as server:
        client = proxied(server, trust)
        for _ in range(2):
            assert post(client, "https://receiver.example/hook").body == b"ok"
        client.close()
    assert server.connections == 1
    assert server.requests[0].startswith(b"CONNECT receiver.example:443 HTTP/1.1\r\n")
    assert server.requests[1].startswith(b"POST /hook HTTP/1.1\r\nHost: receiver.example\r\n")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_that_the_proxy_refuses_is_refused(scheme: str) -> None:
    refusal = b"HTTP/1.1 407 Request rejected by proxy\r\nContent-Length: 0\r\n\r\n"
    with receiver(answer(refusal)) as server:
        failed = failure(proxied(server), f"{scheme}://receiver.example/")
    assert (failed.kind, failed.sent, failed.final) == ("address_refused", False, True)


@pytest.mark.parametrize("reply", [b"HTTP/1.1 502 Bad\r\n\r\n", b"nonsense\r\n\r\n", b"", OK])
def test_a_proxy_that_opens_no_tunnel_has_sent_nothing(reply: bytes) -> None:
    with receiver(answer_once(reply)) as server:
        failed = failure(proxied(server), "https://receiver.example/")
    assert (failed.kind, failed.sent, failed.final) == ("proxy_failed", False, False)


def test_the_address_rules_hold_before_a_proxy_too() -> None:
    with receiver(answer(OK)) as server:
        assert failure(proxied(server), "http://169.254.169.254/").kind == "address_refused"
    assert server.connections == 0


@pytest.mark.parametrize(
    "proxy", ["proxy:80", "https://proxy:80", "http://proxy", "http://a:b@c:1"]
)
def test_a_wrong_proxy_setting_is_named_in_one_line(proxy: str) -> None:
    with pytest.raises(ValueError, match="EGRESS_PROXY"):
        Outbound(egress_proxy=proxy)


def test_hanging_up_at_once_is_told_like_any_hang_up(outbound: Outbound) -> None:
    with receiver(hang_up) as server:
        assert failure_of(outbound, server) == ("connection_lost", True)
