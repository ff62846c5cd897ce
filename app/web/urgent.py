"""What needs somebody now, in numbers that lead there: the first row of the dashboard."""

from dataclasses import dataclass
from datetime import timedelta

from flask import url_for
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app import clock
from app.domain import by_name, claims, processes, queries, queues, schedule_queries
from app.domain.processes import NEEDED
from app.models import WorkflowInstance
from app.models.vocabulary import QUEUES, InstanceState
from app.web import tasks, words
from app.web.access import Visitor

LATE = timedelta(minutes=1)  # a job that is due for longer waits too long
_state = WorkflowInstance.state


@dataclass(frozen=True, slots=True)
class Need:
    """A number that asks for somebody, with its name, its mark and where it leads."""

    number: int
    words: str
    mark: str
    href: str


def needs_somebody(session: Session, who: Visitor) -> list[Need]:
    """Worst first; what is zero is left out."""
    all_needs = (
        *_of_queues(session),
        _of_instances(session, InstanceState.ATTENTION),
        _failing_destinations(session),
        _overdue_tasks(session, who),
        _overdue_instances(session),
        _late_schedules(session),
        _paused_queues(session),
        _waiting_tasks(session, who),
        _of_instances(session, InstanceState.PAUSED),
    )
    return [need for need in all_needs if need.number]


def count_instances(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(WorkflowInstance).where(which)) or 0


def _of_queues(session: Session) -> list[Need]:
    """Those that nobody works on, and jobs that are late though somebody does."""
    there = processes.standings(session)
    unheard = [name for name in NEEDED if name != "scheduler" and not there[name].count]
    said = f"queue{_s(len(unheard))} that nobody works on"
    return [
        Need(len(unheard), said, "attention", _queues()),
        *(_late_jobs(session, queue) for queue in QUEUES if there[_worker_of(queue)].count),
    ]


def _worker_of(queue: str) -> str:
    return next(name for name, (_, works_on) in NEEDED.items() if works_on == queue)


def _late_jobs(session: Session, queue: str) -> Need:
    first = claims.next_due(session.connection(), queue)
    waited = clock.now() - first.at if first else timedelta(0)
    number = processes.waiting(session, queue) if waited > LATE else 0
    said = f"job{_s(number)} due on {queue}, the first for {words.length(waited)}"
    return Need(number, said, "failed", _queues())


def _of_instances(session: Session, state: InstanceState) -> Need:
    number = count_instances(session, _state == state)
    said = "paused" if state == InstanceState.PAUSED else f"need{_verb(number)} attention"
    mark = "paused" if state == InstanceState.PAUSED else "attention"
    href = url_for("instances.index", state=state.value)
    return Need(number, f"instance{_s(number)} {said}", mark, href)


def _failing_destinations(session: Session) -> Need:
    failing = by_name.failing_destinations(session)
    said = f"destination{_s(len(failing))} failing: {words.few(failing)}"
    href = url_for("dashboard.show", destinations="success", _anchor="destinations")
    return Need(len(failing), said, "failed", href)


def _overdue_tasks(session: Session, who: Visitor) -> Need:
    number = tasks.count(session, who, overdue=True)
    return Need(
        number, f"task{_s(number)} overdue", "failed", url_for("tasks.index", overdue="true")
    )


def _overdue_instances(session: Session) -> Need:
    number = count_instances(session, queries.is_late())
    href = url_for("instances.index", overdue="true")
    return Need(number, f"instance{_s(number)} overdue", "failed", href)


def _late_schedules(session: Session) -> Need:
    number = schedule_queries.count_late(session)
    return Need(number, f"schedule{_s(number)} late", "failed", url_for("schedules.index"))


def _paused_queues(session: Session) -> Need:
    paused = [pause.queue for pause in queues.paused(session)]
    said = f"queue{_s(len(paused))} paused: {words.few(paused)}"
    return Need(len(paused), said, "paused", _queues())


def _waiting_tasks(session: Session, who: Visitor) -> Need:
    number = tasks.count(session, who)
    return Need(number, f"task{_s(number)} for you", "ready", url_for("tasks.index"))


def _queues() -> str:
    return url_for("queues.index")


def _s(number: int) -> str:
    return "" if number == 1 else "s"


def _verb(number: int) -> str:
    return "s" if number == 1 else ""
