"""All requests through an egress proxy, a real one: what it permits arrives, what it does not is
told as such, and nobody is shown what it knows."""

from pathlib import Path

import pytest

from app.domain.addresses import AllowList
from tests.support.egress_proxy import EgressProxy, egress_proxy
from tests.support.sockets import network_watched
from tests.workers.hostile_servers import (
    OK,
    answer,
    certificate_for,
    closed_port,
    hang_up,
    receiver,
)
from workers.outbound import Outbound, Request, SendFailed


def through(proxy: EgressProxy, **more: object) -> Outbound:
    return Outbound(AllowList(), proxy.url, **more)  # type: ignore[arg-type]


def failure(client: Outbound, url: str) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        client.send(Request("POST", url, {}, b"{}", 5))
    return failed.value


def test_a_plain_request_arrives_through_the_proxy():
    with receiver(answer(OK)) as server, egress_proxy(receiver_example=server.port) as proxy:
        client = through(proxy)
        for number in range(3):
            url = f"http://receiver.example/x?n={number}"
            response = client.send(Request("POST", url, {"X-A": "1"}, b'{"a": 1}'))
            assert (response.status, response.body) == (200, b"ok")
        client.close()
    assert [request.split(b"\r\n")[0] for request in server.requests] == [
        b"POST /x?n=%d HTTP/1.1" % number for number in range(3)
    ]
    assert b"Host: receiver.example\r\n" in server.requests[0]
    assert server.requests[0].endswith(b'{"a": 1}')
    assert proxy.asked[0] == "POST http://receiver.example/x?n=0 HTTP/1.1"


def test_tls_reaches_through_the_proxy_to_the_receiver(tmp_path: Path):
    serve, trust = certificate_for("receiver.example", tmp_path)
    with (
        receiver(answer(OK), tls=serve) as server,
        egress_proxy(receiver_example=server.port) as proxy,
    ):
        client = through(proxy, tls=trust)
        for _ in range(2):
            request = Request("POST", "https://receiver.example:8443/x", {}, b"secret")
            assert client.send(request).body == b"ok"
        client.close()
    assert proxy.asked == ["CONNECT receiver.example:8443 HTTP/1.1"]
    assert len(server.requests) == 2


def test_a_certificate_of_another_name_is_refused_through_the_proxy_too(tmp_path: Path):
    serve, trust = certificate_for("other.example", tmp_path)
    with (
        receiver(answer(OK), tls=serve) as server,
        egress_proxy(receiver_example=server.port) as proxy,
    ):
        failed = failure(through(proxy, tls=trust), "https://receiver.example/")
    assert (failed.kind, failed.sent) == ("tls_failed", False)
    assert server.requests == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_the_proxy_does_not_permit_is_told_as_such_and_is_final(scheme: str):
    with egress_proxy() as proxy:
        failed = failure(through(proxy), f"{scheme}://inside.example/")
    assert (failed.kind, failed.sent, failed.final) == ("address_refused", False, True)
    assert failed.message == "The egress proxy does not permit this address."


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_receiver_that_the_proxy_can_not_reach_is_tried_again(scheme: str):
    """And the proxy's own words, which name addresses, are shown to nobody."""
    with egress_proxy(gone_example=closed_port()) as proxy:
        failed = failure(through(proxy), f"{scheme}://gone.example/")
    assert (failed.kind, failed.final) == ("proxy_failed", False)
    assert "10.0.0.7" not in str(failed)


def test_a_receiver_that_hangs_up_behind_the_proxy_may_have_acted():
    with receiver(hang_up) as server, egress_proxy(receiver_example=server.port) as proxy:
        failed = failure(through(proxy), "http://receiver.example/")
    assert (failed.kind, failed.sent, failed.final) == ("proxy_failed", True, False)


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "https://[::1]/", "http://2130706433/", "http://localhost/"]
)
def test_the_proxy_is_not_even_asked_for_a_refused_address(url: str):
    with egress_proxy() as proxy, network_watched() as seen:
        assert failure(through(proxy), url).kind == "address_refused"
    assert (proxy.asked, [line for line in seen if "connect" in line]) == ([], [])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_has_sent_nothing(scheme: str):
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError

    for client in (
        Outbound(egress_proxy=f"http://127.0.0.1:{closed_port()}"),
        Outbound(egress_proxy="http://proxy.example:3128", resolver=nowhere),
    ):
        failed = failure(client, f"{scheme}://receiver.example/")
        assert (failed.kind, failed.sent, failed.final) == ("proxy_unreachable", False, False)
