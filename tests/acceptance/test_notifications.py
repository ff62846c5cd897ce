"""The notifier is killed, and the mail server is away: everybody is told all the same, and nobody
twice without the log saying why."""

import os
from collections import Counter

from sqlalchemy import func, select

from app import transaction
from app.clock import monotonic
from app.domain import instances
from app.domain.outcomes import Outcome
from app.models import AutomationJob, NotificationDelivery, NotificationDeliveryLog
from app.schemas.instance import InstanceIn
from devtools.ports import free_port
from tests.support import chaos
from tests.support.processes import SCHEDULER, WORKER
from tests.support.slow_mail import mail_server
from tests.support.waiting import wait_until
from tests.support.workflows import OPERATOR, claim, publish, report_ended, task

NOTIFIER = "workflow-notifications"
RECIPIENTS = 10
# The whole of it, 1,000 deliveries and 50 kills, takes minutes: `WHOLE=1 bin/test <this file>`.
DELIVERIES, KILLS, AWAY = (1000, 50, 30) if os.environ.get("WHOLE") else (120, 6, 0)


def tell(count: int, recipients: int = RECIPIENTS) -> None:
    """Start instances that tell so many people in all that they began."""
    to = [f"person-{n}@example.com" for n in range(recipients)]
    policy = {"channel": "EMAIL", "trigger": "ON_STARTED", "recipients": to}
    publish(task("pack"), notificationPolicies=[policy])
    with transaction.writing() as session:
        wishes = [InstanceIn.read({"templateKey": "order"})] * (count // recipients)
        instances.start_many(session, wishes, OPERATOR)


def fan_out() -> None:
    """Carry out the notices, as a notifier does first."""
    while held := claim(queue=NOTIFIER, kinds=("notice",)):
        report_ended(Outcome(verdict="done"), *held)


def owed() -> int:
    with transaction.reading() as session:
        query = select(func.count()).where(AutomationJob.queue == NOTIFIER)
        return session.scalar(query.select_from(AutomationJob)) or 0


def states() -> Counter[str]:
    with transaction.reading() as session:
        return Counter(session.scalars(select(NotificationDelivery.state)))


def outcomes() -> dict[str, list[str | None]]:
    """How the tries of each delivery ended, by its token."""
    log, delivery = NotificationDeliveryLog, NotificationDelivery
    found: dict[str, list[str | None]] = {}
    with transaction.reading() as session:
        query = select(delivery.token, log.outcome).join(log, log.delivery_id == delivery.id)
        for token, outcome in session.execute(query.order_by(log.id)):
            found.setdefault(token, []).append(outcome)
    return found


def test_everybody_is_told_though_the_notifier_is_killed_again_and_again(
    ringing_app, environ, start, tmp_path, capsys
):
    # So slow that there is work left for every kill, and that kills hit mails that have been sent
    # and not yet been answered.
    with mail_server(pause=1.0) as server:
        tell(DELIVERIES)
        fan_out()  # so that all kills hit deliveries
        start(SCHEDULER)
        few = environ | {"SMTP_URL": server.url, "LEASE_SECONDS": "3", "WORKER_THREADS": "4"}
        log = tmp_path / "notifiers.log"
        with chaos.Crew(few, log, size=3, queue=NOTIFIER) as crew:
            hits = chaos.kill_while_busy(
                crew,
                KILLS,
                pause=0.2,
                busy=lambda: owed() > 0,
                ready=lambda: server.in_hand > 0,
                seconds=600,
            )
            wait_until(lambda: owed() == 0, seconds=240, every=0.25, why="all should be told")

        sent = Counter(server.tokens)
    known = outcomes()
    twice = {token for token, count in sent.items() if count > 1}
    unexplained = [token for token in twice if "unknown" not in known[token]]
    with capsys.disabled():
        print(
            f"\n{len(hits)} kills hit {sum(hits)} leases: {dict(states())}, "
            f"sent twice {len(twice)}, unexplained {len(unexplained)}, "
            f"unknown tries {sum(ends.count('unknown') for ends in known.values())}"
        )
    assert len(hits) == KILLS
    assert twice  # or the kills came when nothing was under way
    assert states().total() == DELIVERIES
    assert states()["SENT"] + states()["FAILED"] == DELIVERIES
    assert not unexplained
    assert set(sent) >= {token for token, ends in known.items() if "succeeded" in ends}


def test_a_mail_server_that_is_away_loses_nothing(ringing_app, environ, start):
    port = free_port()
    tell(20)
    environ["SMTP_URL"] = f"smtp://127.0.0.1:{port}"
    start(WORKER, NOTIFIER)
    began = monotonic()
    wait_until(
        lambda: sum("retry" in ends for ends in outcomes().values()) == 20,
        seconds=120,
        why="all should have been tried in vain",
    )
    wait_until(lambda: monotonic() - began > AWAY, seconds=60, why="it should be away so long")
    with mail_server(port) as server:
        server.wait_for(20)
        wait_until(lambda: owed() == 0, seconds=120, why="all results should be written")
        assert len(server.tokens) == len(set(server.tokens)) == 20
    assert states() == {"SENT": 20}
