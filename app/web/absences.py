"""Who is not there, what is paused, whose clock is wrong, in words: for the banner on every page,
worst first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.domain import processes, queues
from app.domain.processes import NEEDED, Standing, WrongClock
from app.models import QueuePause
from app.runbook import Section
from app.web import words

CURE = "Start one, or look into its log to see why it ended."


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is missing. `mark`: the shape beside it; `section`: what to do about it."""

    mark: str
    text: Markup
    section: Section


def lines(session: Session, redis_away_since: datetime | None) -> list[Line]:
    """All that is missing but the database, which says so itself."""
    standings = processes.standings(session)
    missing = {name: found for name, found in standings.items() if not found.count}
    return [
        *(_worker(session, missing["worker"]) if "worker" in missing else ()),
        *(_notifier(session, missing["notifier"]) if "notifier" in missing else ()),
        *map(_paused, queues.paused(session)),
        *of_redis(redis_away_since),
        *(_scheduler(missing["scheduler"]) if "scheduler" in missing else ()),
        *map(_clock, processes.clocks_off(session)),
    ]


def of_redis(away_since: datetime | None) -> list[Line]:
    """That Redis does not answer, if it does not."""
    if away_since is None:
        return []
    text = Markup(
        "Redis does not answer{}. Work goes on, up to a second slower, and nothing is lost. "
        "Start Redis, or check REDIS_URL."
    )
    return [Line("paused", text.format(_since(away_since)), Section.REDIS_AWAY)]


def _worker(session: Session, found: Standing) -> Iterator[Line]:
    queue = NEEDED["worker"][1] or ""
    waits = _waits(processes.waiting(session, queue), "step")
    text = Markup("No worker is listening on <code>{}</code>{}; {}. Nothing is lost. {}")
    said = text.format(queue, _since(found.last_seen), waits, CURE)
    yield Line("attention", said, Section.NO_WORKER)


def _notifier(session: Session, found: Standing) -> Iterator[Line]:
    queue = NEEDED["notifier"][1] or ""
    waits = _waits(processes.waiting(session, queue), "notification")
    text = Markup("No notifier is listening on <code>{}</code>{}; {}. Nobody is told. {}")
    said = text.format(queue, _since(found.last_seen), waits, CURE)
    yield Line("attention", said, Section.NO_NOTIFIER)


def _paused(pause: QueuePause) -> Line:
    text = Markup(
        '<a href="{}"><code>{}</code> is paused</a>{} by {}{}. What falls due on it waits.'
    )
    href, who = url_for("queues.index"), words.actor(pause.paused_by)
    why = f": {pause.reason.rstrip('.')}" if pause.reason else ""
    said = text.format(href, pause.queue, _since(pause.paused_at), who, why)
    return Line("paused", said, Section.QUEUE_PAUSED)


def _scheduler(found: Standing) -> Iterator[Line]:
    text = Markup("No scheduler is running{}. Workers keep the times in its stead. {}")
    yield Line("paused", text.format(_since(found.last_seen), CURE), Section.NO_SCHEDULER)


def _clock(wrong: WrongClock) -> Line:
    seconds = round(wrong.seconds)
    text = Markup(
        "The clock of {} <code>{}</code> is {} {} the database's. Times are kept by the "
        "database's, so nothing is early or late; set whichever is wrong."
    )
    which = "ahead of" if seconds > 0 else "behind"
    how_far = words.length(timedelta(seconds=abs(seconds)))
    said = text.format(wrong.kind, wrong.process, how_far, which)
    return Line("paused", said, Section.CLOCK_OFF)


def _since(at: datetime | None) -> Markup:
    return Markup(" since {}").format(words.time(at, "clock")) if at else Markup("")


def _waits(number: int, what: str) -> str:
    if number == 0:
        return f"no {what} waits for it yet"
    return f"1 {what} waits" if number == 1 else f"{number:,} {what}s wait"
