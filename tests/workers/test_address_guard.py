"""The address guard at send: what is refused opens no socket, and its message says nothing about
what is there."""

import socket
from collections.abc import Iterator

import pytest

from app.domain.addresses import AllowList
from tests.corpus.addresses import PRIVATE_IPV4, PRIVATE_IPV6, REFUSED
from tests.support.sockets import network_watched
from tests.workers.hostile_servers import (
    OK,
    answer,
    closed_port,
    receiver,
    unanswered_port,
)
from workers import outbound_dns
from workers.outbound import Outbound, Request, SendFailed


def refused(client: Outbound, url: str) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        client.send(Request("POST", url, {}, b"{}", 5))
    return failed.value


def test_the_watch_sees_sockets_and_look_ups():
    with network_watched() as seen:
        socket.getaddrinfo("127.0.0.1", 80)
        socket.socket().close()
    assert [line.split()[0] for line in seen] == ["socket.getaddrinfo", "socket.__new__"]


@pytest.fixture
def client() -> Iterator[Outbound]:
    client = Outbound()
    yield client
    client.close()


@pytest.mark.parametrize("url", REFUSED, ids=ascii)
def test_a_refused_url_opens_no_socket_and_asks_no_name(client: Outbound, url: str):
    with network_watched() as seen:
        failed = refused(client, url)
    assert (failed.kind, failed.sent, failed.final) == ("address_refused", False, True)
    assert seen == []


@pytest.mark.parametrize("address", [*PRIVATE_IPV4, *PRIVATE_IPV6])
def test_a_name_that_leads_to_a_private_address_opens_no_socket(address: str):
    """Also beside a public one, whichever comes first."""
    for answers in ([address], ["8.8.8.8", address], [address, "2606:4700::1111"]):
        client = Outbound(resolver=lambda host, port, answers=answers: answers)
        with network_watched() as seen:
            failed = refused(client, "http://rebound.example/")
        assert (failed.kind, failed.sent, failed.final) == ("address_refused", False, True)
        assert seen == []
        assert address not in failed.message


def test_a_name_that_turns_private_between_two_tries_is_refused(monkeypatch: pytest.MonkeyPatch):
    """Rebinding: each try looks the name up and vets what it is told."""
    monkeypatch.setattr(outbound_dns, "_CACHE_SECONDS", 0.0)
    told = [["127.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["169.254.169.254"], ["127.0.0.1"]]
    client = Outbound(AllowList.parse("127.0.0.1/32"), resolver=lambda host, port: told.pop(0))
    with receiver(answer(OK)) as server:
        url = server.url(host="rebound.example")
        assert client.send(Request("POST", url, {}, b"")).status == 200
        with network_watched() as seen:
            assert [refused(client, url).kind for _ in range(2)] == ["address_refused"] * 2
        assert seen == []
        assert client.send(Request("POST", url, {}, b"")).status == 200
    assert len(server.requests) == 2
    assert b"Host: rebound.example:" in server.requests[0]


def test_the_address_that_was_vetted_is_the_one_connected_to():
    """The name is looked up once: a second answer could not change where the request goes."""
    told = [["127.0.0.1"], ["127.0.0.2"]]
    client = Outbound(AllowList.parse("127.0.0.0/8"), resolver=lambda host, port: told.pop(0))
    with receiver(answer(OK)) as server, network_watched() as seen:
        response = client.send(Request("POST", server.url(host="pinned.example"), {}, b""))
    assert response.address == "127.0.0.1"
    assert not any("getaddrinfo" in line for line in seen)
    assert told == [["127.0.0.2"]]


@pytest.mark.parametrize("host", ["127.0.0.1", "inside.example"])
def test_the_message_is_the_same_whatever_is_behind_a_private_address(host: str):
    """An author can't tell an open port from a closed or a silent one."""
    client = Outbound(resolver=lambda host, port: ["127.0.0.1"])
    with receiver(answer(OK)) as server, unanswered_port() as silent:
        ports = [server.port, closed_port(), silent]
        said = {refused(client, f"http://{host}:{port}/").message for port in ports}
    assert len(said) == 1
    assert server.connections == 0


@pytest.mark.parametrize("path", ["/../admin", "/%2e%2e/admin", "/a//b"])
def test_a_path_that_an_author_wrote_is_sent_as_it_stands(path: str):
    client = Outbound(AllowList.parse("127.0.0.1"))
    with receiver(answer(OK)) as server:
        client.send(Request("GET", server.url(path), {}, None))
    assert server.requests[0].startswith(f"GET {path} HTTP/1.1\r\n".encode())


def test_no_attempt_may_ask_for_more_than_twenty_seconds():
    import workers.outbound as module

    deadlines: list[float] = []

    class Noting(module.Attempt):
        def __init__(self, deadline: float) -> None:
            deadlines.append(deadline)
            super().__init__(deadline)

    client = Outbound(AllowList.parse("127.0.0.1"))
    with pytest.MonkeyPatch.context() as patch, receiver(answer(OK)) as server:
        patch.setattr(module, "Attempt", Noting)
        before = module.monotonic()
        client.send(Request("GET", server.url(), {}, None, 3600))
        assert deadlines[0] - before < 3600 - 1
        assert deadlines[0] - module.monotonic() <= 20
