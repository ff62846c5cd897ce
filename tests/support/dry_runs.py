"""Dry runs, and real runs of the same: of the same template, with the same input, in which people,
programs and receivers do what the dry run was told that they do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app import clock, transaction
from app.config import Settings
from app.domain import contexts, dry_runs, templates
from app.models import AutomationJob
from app.models.vocabulary import State
from app.schemas.dry_run import DryRunIn, DryRunOut, DryStepOut
from app.schemas.template import Template
from tests.support.callbacks import call, token_of
from tests.support.looking import do, instance_of, look
from tests.support.notifying import notify
from tests.support.receiver import Got, Receiver
from tests.support.scheduling import go_to
from tests.support.workflows import AUTHOR, LOOPBACK, OPERATOR, claim, report_begun, report_ended
from workers.handlers import Tools, Work, carry_out
from workers.mailer import Mailer
from workers.outbound import CancelToken, Outbound

MOST_TURNS = 400


def draft(*steps: dict[str, Any], key: str = "order", **more: Any) -> int:
    """A template that is not published; returns its id."""
    document = {"key": key, "name": key.capitalize(), "steps": list(steps)} | more
    with transaction.writing() as session:
        return templates.create(session, Template.read(document), AUTHOR, allow=LOOPBACK).id


def dry_run(settings: Settings, template_id: int, **wish: Any) -> DryRunOut:
    """What `operator@example.com` would start."""
    given = DryRunIn.read(wish)
    with transaction.reading() as session:
        source = dry_runs.read(session, template_id, given.version, settings)
        return dry_runs.run(session, source, given, settings, OPERATOR)


def step(found: DryRunOut, key: str) -> DryStepOut:
    return next(one for one in found.steps if one.key == key)


def told(found: DryRunOut, key: str | None = None) -> list[tuple[str, str, str, str]]:
    """Trigger, channel, recipient and state of what a step tells; of the whole without a key."""
    tellings = step(found, key).notifications if key else found.notifications
    return [(one.trigger, one.channel, one.recipient, one.state) for one in tellings]


def as_sent(request: dict[str, Any]) -> dict[str, Any]:
    """A request of a dry run, as a receiver would get it, without what differs each time."""
    path = "/" + request["url"].split("/", 3)[3]
    headers = {name.lower(): value for name, value in request["headers"]}
    return _comparable(request["method"], path, headers, request["body"] or "")


def as_received(got: Got) -> dict[str, Any]:
    return _comparable(got.method, got.path, dict(got.headers), got.body.decode())


def _comparable(method: str, path: str, headers: dict[str, str], body: str) -> dict[str, Any]:
    for name in ("webhook-id", "webhook-timestamp"):
        assert headers.pop(name)
    return {"method": method, "path": path, "headers": headers, "body": body}


@dataclass
class RealRun:
    """A real instance, from its start until nothing more happens by itself."""

    settings: Settings
    receiver: Receiver
    instance_id: int
    wish: DryRunIn

    def run(self) -> None:
        with self._tools() as tools:
            for _ in range(MOST_TURNS):
                if notify(self._not_ready) or self._people_act() or self._work(tools):
                    continue
                if not self._pass_time():
                    return
        raise AssertionError("It never ends.")

    _not_ready = {"EMAIL": "No mail server is set up (SMTP_URL)."}

    def answer(self, got: Got) -> tuple[int, dict[str, str], bytes]:
        """What receivers say, by the step that calls: its key ends the path."""
        key = got.path.rpartition("/")[2]
        status = {"failure": 400, "exhausted": 503}.get(self._happens(key), 200)
        body = json.dumps(self.wish.outputs.get(key, {})) if status == 200 else ""
        return status, {}, body.encode()

    def _happens(self, key: str) -> str:
        return self.wish.outcomes.get(key, "success")

    @contextmanager
    def _tools(self) -> Iterator[Tools]:
        outbound, mailer = Outbound(LOOPBACK), Mailer("")
        self.receiver.answer = self.answer
        yield Tools(self.settings, outbound, mailer)
        mailer.close()
        outbound.close()

    def _people_act(self) -> bool:
        """One person, or one program that calls, does one thing; False if there is none."""
        for one in instance_of(self.instance_id).steps:
            happens = self._happens(one.key)
            if one.state not in (State.READY, State.STARTED):
                continue
            if happens == "skipped":
                do(self.instance_id, "skip", one.key)
            elif happens in ("open", "timeout"):
                continue
            elif one.action_type == "WAIT_CALLBACK":
                body = {"output": self.wish.outputs.get(one.key, {})}
                failed = {"outcome": "failed", "error": "The call said that it failed."}
                call(token_of(self.instance_id, one.key), failed if happens == "failure" else body)
            elif one.action_type == "MANUAL_TASK":
                output = {"output": self.wish.outputs.get(one.key, {})}
                failed = happens == "failure"
                do(
                    self.instance_id,
                    "fail" if failed else "complete",
                    one.key,
                    **({} if failed else output),
                )
            else:
                continue
            return True
        return False

    def _work(self, tools: Tools) -> bool:
        """A worker carries out the job that is due the longest; False if there is none."""
        held = claim(limit=1)
        for one in held:
            with transaction.reading() as session:
                context = contexts.read_contexts(session.connection(), held).get(one.id, {})
            report_begun(one)
            report_ended(carry_out(Work(one, context, CancelToken()), tools), one)
        return bool(held)

    def _pass_time(self) -> bool:
        """Until the next job is due; False if none will ever be."""
        wanted = select(AutomationJob.run_at).where(AutomationJob.delivery_id.is_(None))
        due = look(lambda session: session.scalar(wanted.order_by(AutomationJob.run_at).limit(1)))
        if due is not None:
            go_to(max(due, clock.now()))
        return due is not None
