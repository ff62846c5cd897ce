"""The demo receiver takes anything, shows it escaped, and answers as it is told to."""

import http.client
import json
import threading

import pytest
import requests

from devtools import receiver as module
from devtools.receiver import Receiver


@pytest.fixture
def start(tmp_path):
    started = []

    def start():
        server = Receiver(0, tmp_path / "receiver.jsonl")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()
        server.requests.log.close()


@pytest.fixture
def receiver(start):
    return start()


@pytest.fixture
def http_session():
    with requests.Session() as session:
        yield session


@pytest.fixture
def ask(receiver, http_session):
    def ask(method, path, **options):
        url = f"http://127.0.0.1:{receiver.port}{path}"
        return http_session.request(method, url, timeout=15, **options)

    return ask


def test_any_method_and_path_is_answered_and_numbered(ask):
    first = ask("POST", "/stock/1?full=1", json={"order": "A-1"})
    second = ask("BREW", "/coffee")
    assert first.json() == {
        "ok": True,
        "path": "/stock/1",
        "receivedAs": 1,
        "reference": "R-0001",
    }
    assert second.json()["receivedAs"] == 2


def test_programs_read_what_arrived_newest_first(ask):
    ask("POST", "/a", data="body", headers={"Webhook-Id": "msg_1"})
    ask("PUT", "/b?x=1")
    newest, oldest = ask("GET", "/_requests").json()
    assert (newest["method"], newest["path"], newest["query"]) == ("PUT", "/b", "x=1")
    assert (oldest["body"], oldest["headers"]["webhook-id"]) == ("body", "msg_1")
    assert [r["path"] for r in ask("GET", "/_requests?after=1").json()] == ["/b"]


def test_looking_is_not_recorded(ask):
    for path in ("/", "/_requests", "/_new?after=0", "/_mode", "/static/pages.css", "/_nothing"):
        ask("GET", path)
    ask("POST", "/_mode", json={"mode": "200"})
    assert ask("GET", "/_requests").json() == []


def test_only_looking_goes_to_the_page(ask):
    ask("POST", "/")
    ask("POST", "/_anything")
    assert [r["path"] for r in ask("GET", "/_requests").json()] == ["/_anything", "/"]


@pytest.mark.parametrize(("mode", "status"), [("500", 500), ("410", 410), ("retry-after", 429)])
def test_it_refuses_when_told_to(ask, mode, status):
    assert ask("POST", "/_mode", json={"mode": mode}).json()["mode"] == mode
    answer = ask("POST", "/pay")
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("10" if status == 429 else None)
    assert ask("GET", "/_requests").json()[0]["mode"] == mode


def test_it_hangs_up_when_told_to_and_still_says_what_came(ask):
    ask("POST", "/_mode", json={"mode": "hangup"})
    with pytest.raises(requests.ConnectionError):
        ask("POST", "/pay")
    assert ask("GET", "/_requests").json()[0]["path"] == "/pay"


def test_slow_is_a_success_that_takes_its_time(ask, monkeypatch):
    slept = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    ask("POST", "/_mode", json={"mode": "slow"})
    assert ask("POST", "/pay").json()["ok"] is True
    assert slept == [5]


def test_a_switch_may_hold_for_some_paths_only(ask):
    ask("POST", "/_mode", json={"mode": "500", "prefix": "/pay"})
    asked = {path: ask("POST", path).status_code for path in ("/pay", "/pay/1", "/payments", "/x")}
    assert asked == {"/pay": 500, "/pay/1": 500, "/payments": 200, "/x": 200}
    ask("POST", "/_mode", json={"mode": "default", "prefix": "/pay"})
    assert ask("POST", "/pay").status_code == 200


def test_the_buttons_work_without_script_and_show_what_holds(ask):
    page = ask(
        "POST", "/_mode", data={"mode": "410", "prefix": ""}, headers={"Accept": "text/html"}
    )
    assert page.url.endswith("/")
    assert 'value="410" aria-pressed="true"' in page.text
    assert 'value="200" aria-pressed="false"' in page.text


def test_an_unknown_mode_is_refused_with_the_choice(ask):
    answer = ask("POST", "/_mode", json={"mode": "explode"})
    assert answer.status_code == 400
    assert "hangup" in answer.json()["error"]


def test_hostile_text_is_shown_and_not_obeyed(ask):
    evil = "<script>alert(1)</script>"
    ask("POST", f"/{evil}", data=json.dumps({"x": evil, "y": "\ud800"}), headers={"X-E": evil})
    page = ask("GET", "/")
    assert "<script>alert" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_webhook_id_stands_first_and_a_repeat_is_marked(ask):
    for _ in range(2):
        ask("POST", "/pay", headers={"Webhook-Id": "msg_7", "A-First": "x"})
    page = ask("GET", "/").text
    assert page.index("<dt>webhook-id</dt>") < page.index("<dt>a-first</dt>")
    assert page.count("seen 2 times, same webhook-id") == 1


def test_a_page_from_elsewhere_can_neither_read_nor_switch(ask):
    assert ask("GET", "/_requests", headers={"Host": "evil.example"}).status_code == 403
    answer = ask("POST", "/_mode", json={"mode": "500"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert ask("GET", "/_mode").json()["mode"] == "200"


def test_it_remembers_across_a_restart_and_counts_on(ask, start, tmp_path):
    ask("POST", "/a")
    with (tmp_path / "receiver.jsonl").open("a") as file:
        file.write('{"cut short by a kil')
    again = start()
    assert [r.path for r in again.requests.newest()] == ["/a"]
    assert again.requests.count == 1


def test_it_forgets_when_told_to(ask):
    ask("POST", "/a")
    ask("DELETE", "/_requests")
    assert ask("GET", "/_requests").json() == []
    assert ask("POST", "/b").json()["receivedAs"] == 2


def test_one_connection_serves_many_requests_chunked_ones_too(receiver):
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=15)
    try:
        connection.connect()
        socket = connection.sock
        for number in range(300):
            connection.request("POST", f"/{number}", body=iter([b"ab", b"cd"]), encode_chunked=True)
            connection.getresponse().read()
        assert connection.sock is socket
    finally:
        connection.close()
    assert {request.body for request in receiver.requests.newest()} == {"abcd"}
    assert receiver.requests.count == 300


def test_a_body_that_is_too_large_is_refused_before_it_is_read(ask):
    answer = ask("POST", "/a", headers={"Content-Length": "999999999"}, data=b"")
    assert answer.status_code == 413


def test_the_log_is_rotated_when_it_has_grown(ask, monkeypatch, tmp_path):
    monkeypatch.setattr("devtools.receiver_store.LARGEST_FILE", 1000)
    for _ in range(5):
        ask("POST", "/a", data="x" * 400)
    assert (tmp_path / "receiver.jsonl.1").exists()
    assert (tmp_path / "receiver.jsonl").stat().st_size < 2000
