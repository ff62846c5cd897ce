"""Nobody fails in silence: where the policies of a failed step reached nobody, operators are told
in the console. (Where none of them says ON_FAILED they are told from the start: `notices.py`.)"""

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.domain import notices
from app.domain.ledger import Ledger
from app.domain.records import InstanceRecord, StepRecord
from app.models import Notice, NotificationDelivery
from app.models.vocabulary import DeliveryState, Trigger

_notice, _delivery = Notice, NotificationDelivery


def tell_operators(
    ledger: Ledger, instance: InstanceRecord | None, step: StepRecord | None, notice_id: int | None
) -> None:
    """Owe them a notice, unless somebody was told of this failure, by whatever notice, or may be
    yet. Does nothing for notices that are not about a step's failure."""
    if notice_id is None or instance is None or step is None:
        return
    notice = ledger.session.get_one(Notice, notice_id)
    if notice.trigger != Trigger.ON_FAILED:
        return
    ledger.session.flush()  # whether the notice has been expanded
    if not _has_hope(ledger.session, notice):
        notices.tell_operators_in_the_console(ledger, instance, step, notice.cause)


def _has_hope(session: Session, notice: Notice) -> bool:
    """Whether a notice of this failure waits, reached somebody, or is the operators' own."""
    reached = and_(
        _delivery.notice_id == _notice.id,
        _delivery.state.in_((DeliveryState.QUEUED, DeliveryState.SENT)),
    )
    query = (
        select(func.count())
        .select_from(_notice)
        .outerjoin(_delivery, reached)
        .where(
            _notice.instance_id == notice.instance_id,
            _notice.step_id == notice.step_id,
            _notice.trigger == notice.trigger,
            _notice.cause == notice.cause,
            or_(
                _notice.expanded_at.is_(None),
                _notice.policy_index < 0,
                _delivery.id.is_not(None),
            ),
        )
    )
    return bool(session.scalar(query))
