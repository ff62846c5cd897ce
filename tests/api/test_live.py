"""Following an instance's history: every event once, in order, as it happens."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app import live, live_reader, transaction
from app.live_reader import Reader
from app.models import ApiToken
from tests.api.conftest import Caller
from tests.api.test_main_story import publish, start
from tests.support.marks import both_databases
from tests.support.workflows import work


class Following:
    """An open stream, read message by message."""

    def __init__(self, caller: Caller, instance_id: int, after: int = 0, **headers: str) -> None:
        path = f"/instances/{instance_id}/events/stream?after={after}"
        self.answer = caller.get(path, headers=headers)
        assert self.answer.status_code == 200, self.answer.text
        self.pieces: Iterator[bytes] = self.answer.response

    def __enter__(self) -> "Following":
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()

    def events(self, count: int) -> list[dict[str, Any]]:
        """The next events; comments and `retry` are left out."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            fields = dict(
                line.split(": ", 1) for line in next(self.pieces).decode().split("\n") if line
            )
            if fields.get("event") == "event":
                event = json.loads(fields["data"])
                assert fields["id"] == str(event["seq"])
                found.append(event)
        return found

    def rest(self) -> list[bytes]:
        return list(self.pieces)


@pytest.fixture(autouse=True)
def quick(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look often, so that no test waits; afterwards let the reader end before its database does."""
    monkeypatch.setattr(live_reader, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(live_reader, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(live, "ASK_SECONDS", 0.05)
    yield
    assert reader_ends(app)


def reader_ends(app: Flask) -> bool:
    reader = app.extensions.get(live.EXTENSION)
    return reader is None or comes_true(lambda: not reader._runs)


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does within a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.003)
    return False


@both_databases
def test_a_stream_tells_what_was_and_what_happens(admin):
    publish(admin)
    instance_id = start(admin)["id"]
    with Following(admin, instance_id) as stream:
        assert stream.answer.content_type.startswith("text/event-stream")
        assert stream.answer.headers["Cache-Control"] == "no-store"
        assert [event["kind"] for event in stream.events(2)] == ["instance.started", "step.ready"]
        work()
        followed = stream.events(3)
        assert [event["seq"] for event in followed] == [3, 4, 5]
        listed = admin.get(f"/instances/{instance_id}/events?after=2").json["items"]
        assert followed == listed


def test_a_client_that_comes_again_goes_on_where_it_was(admin):
    publish(admin)
    instance_id = start(admin)["id"]
    with Following(admin, instance_id, after=1) as stream:
        assert stream.events(1)[0]["seq"] == 2
    admin.post(f"/instances/{instance_id}/pause")
    with Following(admin, instance_id, after=0, **{"Last-Event-ID": "2"}) as stream:
        assert stream.events(1)[0]["kind"] == "instance.paused"


def test_a_last_event_id_that_is_none_of_ours_counts_as_none(admin):
    publish(admin)
    instance_id = start(admin)["id"]
    for odd in ("x", "-1", "9" * 5000, "1e3", ""):
        with Following(admin, instance_id, after=1, **{"Last-Event-ID": odd}) as stream:
            assert stream.events(1)[0]["seq"] == 2


def test_the_last_event_id_outranks_after_even_where_it_knows_less(admin):
    publish(admin)
    instance_id = start(admin)["id"]
    with Following(admin, instance_id, after=2, **{"Last-Event-ID": "0"}) as stream:
        assert [event["seq"] for event in stream.events(2)] == [1, 2]
    known = admin.get(f"/instances/{instance_id}/events/stream?after=x")
    assert (known.status_code, known.json["errors"][0]["path"]) == (422, "after")


def test_what_is_sent_is_read_as_the_html_standard_reads_it(admin, monkeypatch):
    publish(admin)
    instance_id = start(admin)["id"]
    admin.post(f"/instances/{instance_id}/pause", {"reason": "Two\r\nlines\u2028and: a colon"})
    monkeypatch.setattr(live, "LONGEST_SECONDS", 1.0)
    with Following(admin, instance_id) as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream"
        wire = b"".join(stream.rest()).decode()
    read = as_the_standard_says(wire)
    assert [(each["id"], each["event"]) for each in read] == [
        ("1", "event"),
        ("2", "event"),
        ("3", "event"),
    ]
    listed = admin.get(f"/instances/{instance_id}/events").json["items"]
    assert [json.loads(each["data"]) for each in read] == listed
    assert "\u2028" in listed[-1]["reason"]


def as_the_standard_says(wire: str) -> list[dict[str, str]]:
    """The messages of a stream, by the algorithm of the HTML standard (9.2.6): lines end at CR, LF
    or both, a colon first is a comment, an empty line sends what has come."""
    found: list[dict[str, str]] = []
    last_id, event, data = "", "", list[str]()
    for line in re.split("\r\n|\r|\n", wire):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                found.append({"id": last_id, "event": event or "message", "data": "\n".join(data)})
            event, data = "", []
        elif name == "id" and "\0" not in value:
            last_id = value
        elif name == "event":
            event = value
        elif name == "data":
            data.append(value)
        elif name == "retry":
            assert value.isascii() and value.isdigit()
        else:
            assert name == "", f"no field of the standard: {line}"
    return found


def test_a_stream_holds_no_connection_while_it_waits(app, admin):
    from app.extensions import db

    publish(admin)
    instance_id = start(admin)["id"]
    db.session.remove()
    with Following(admin, instance_id) as stream:
        stream.events(2)
        # The reader holds one now and then; a stream would hold it all the time.
        assert comes_true(lambda: db.engine.pool.checkedout() == 0)  # type: ignore[attr-defined]


def test_a_stream_ends_when_its_token_is_revoked(admin):
    publish(admin)
    with Following(admin, start(admin)["id"]) as stream:
        stream.events(2)
        with transaction.writing() as session:
            for token in session.query(ApiToken):
                token.revoked_at = token.created_at
        assert stream.rest() == []


def test_a_quiet_stream_sends_a_sign_of_life_and_ends_in_time(admin, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.5)
    monkeypatch.setattr(live, "LONGEST_SECONDS", 2.0)
    publish(admin)
    with Following(admin, start(admin)["id"]) as stream:
        pieces = stream.rest()  # to its end
    assert pieces[0] == b"retry: 2000\n\n"
    assert 1 <= pieces.count(b": still here\n\n") <= 4  # fewer where the machine is busy


def test_a_stream_ends_with_the_server(admin, monkeypatch):
    publish(admin)
    instance_id = start(admin)["id"]
    with Following(admin, instance_id) as stream:
        stream.events(2)
        monkeypatch.setattr(Reader, "server_is_ending", True)
        assert stream.rest() == []
        refused = admin.get(f"/instances/{instance_id}/events/stream")
        assert refused.status_code == 503


def test_when_half_the_threads_stream_the_next_is_told_to_poll(app, admin):
    publish(admin)
    instance_id = start(admin)["id"]
    streams = [Following(admin, instance_id) for _ in range(8)]
    refused = admin.get(f"/instances/{instance_id}/events/stream")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    streams[0].answer.close()  # one that was never read gives its place back too
    streams[0] = Following(admin, instance_id)
    for stream in streams:
        stream.answer.close()
    assert app.extensions[live.EXTENSION]._taken == 0


def test_the_reader_ends_when_nobody_watches_and_begins_again(app, admin):
    publish(admin)
    instance_id = start(admin)["id"]
    for _ in range(2):
        with Following(admin, instance_id) as stream:
            stream.events(2)
        assert reader_ends(app)


def test_a_stream_goes_on_when_one_look_failed(app, admin, monkeypatch):
    from sqlalchemy.exc import OperationalError

    publish(admin)
    instance_id = start(admin)["id"]
    with Following(admin, instance_id) as stream:
        stream.events(2)
        reader = app.extensions[live.EXTENSION]
        engine = reader.engine

        class Away:
            def connect(self) -> None:
                reader.engine = engine  # back for the next look
                raise OperationalError("SELECT", {}, Exception("away"))

        reader.engine = Away()
        admin.post(f"/instances/{instance_id}/pause")
        assert stream.events(1)[0]["kind"] == "instance.paused"
