"""Each request has an id and a line in the log."""

import logging
import re
from dataclasses import replace

import pytest


@pytest.fixture
def requests_logged(caplog):
    caplog.set_level(logging.INFO, "app.requests")

    def found() -> list[dict]:
        return [
            {**record.bound, **record.facts}  # type: ignore[attr-defined]
            for record in caplog.records
            if record.name == "app.requests"
        ]

    return found


def test_the_id_stands_in_the_answer_the_problem_and_the_line_of_the_log(admin, requests_logged):
    answer = admin.get("/instances/99")
    (line,) = requests_logged()
    assert re.fullmatch(r"[0-9a-f]{32}", line["requestId"])
    assert answer.headers["X-Request-ID"] == answer.json["requestId"] == line["requestId"]
    assert (line["method"], line["status"], line["instance"]) == ("GET", 404, 99)
    assert line["route"] == "/api/workflows/instances/<id:instance_id>"
    assert line["tokenId"] > 0 and line["durationMs"] >= 0


def test_lines_name_rules_and_never_paths(app, requests_logged):
    client = app.test_client()
    for path in ("/sign-in/link/canary", "/nowhere/canary?q=canary"):
        client.get(path)
    client.post("/api/workflows/callbacks/canary")
    lines = requests_logged()
    assert [line["route"] for line in lines] == [
        "/sign-in/link/<token>",
        "(none)",
        "/api/workflows/callbacks/<token:token>",
    ]
    assert "canary" not in str(lines)


def test_what_probes_ask_for_has_no_line(app, requests_logged):
    for path in ("/healthz", "/readyz", "/metrics", "/static/css/base.css"):
        with app.test_client().get(path) as answer:
            assert answer.headers["X-Request-ID"]
    assert requests_logged() == []


def test_only_a_trusted_proxy_may_give_the_id(app, settings, factory):
    given = {"X-Request-ID": "proxy-77"}
    assert app.test_client().get("/healthz", headers=given).headers["X-Request-ID"] != "proxy-77"
    behind = factory(replace(settings, trusted_proxies=1)).test_client()
    for said, taken in (("proxy-77", True), ("a b", False), ("x" * 101, False), ("", False)):
        answer = behind.get("/healthz", headers={"X-Request-ID": said})
        assert (answer.headers["X-Request-ID"] == said) == taken


def test_the_lines_can_be_turned_off(settings, factory, requests_logged):
    quiet = factory(replace(settings, log_requests=False)).test_client()
    quiet.get("/nowhere")
    assert requests_logged() == []


def test_lines_of_one_request_do_not_name_another(admin, app, requests_logged):
    admin.get("/instances/99")
    app.test_client().get("/sign-in")
    first, second = requests_logged()
    assert first["requestId"] != second["requestId"]
    assert not {"instance", "tokenId"} & second.keys()
