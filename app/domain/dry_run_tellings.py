"""Whom a dry run would tell, by what words: notices are spread by the notifier's own functions, and
what they come to is rendered and kept here, not sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy.orm import Session

from app.domain import (
    fanout,
    follow_ups,
    messages,
    notices,
    notification_contents,
    notification_mails,
)
from app.domain.dry_run_ledger import NO_ID
from app.domain.fanout import Draft, NotReady
from app.domain.ledger import Ledger
from app.domain.liquid import NotRenderable
from app.domain.notification_context import of_instance
from app.domain.recipients import Recipient
from app.domain.records import InstanceRecord, StepRecord
from app.models import Notice
from app.models.vocabulary import Channel, DeliveryState, Trigger
from app.phone import masked
from app.schemas.instance import AttemptOut, InstanceOut, StepOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One notification to one recipient; `step_key` is None if it is about the whole instance."""

    at: datetime
    step_key: str | None
    trigger: str
    round: int
    channel: str
    template: str
    recipient: str
    address: str | None
    state: str
    reason: str | None
    fallback: bool
    content: dict[str, Any] | None


@dataclass(slots=True, kw_only=True)
class SeenStep:
    """A step as notifications see it, without its row."""

    record: StepRecord
    automation_log: list[AttemptOut]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.record, name)


@dataclass(slots=True, kw_only=True)
class SeenInstance:
    """An instance as notifications see it."""

    record: InstanceRecord
    template_name: str
    steps: list[StepRecord]
    id: int = NO_ID

    def __getattr__(self, name: str) -> Any:
        return getattr(self.record, name)


@dataclass(slots=True)
class Tellings:
    """What has been told so far. `people`: where recipients are looked up, and nothing is written.
    `log`: the attempts of a step, by its key."""

    people: Session
    base_url: str
    not_ready: NotReady
    template_name: str
    log: Mapping[str, list[AttemptOut]]
    found: list[Telling] = field(default_factory=list[Telling])
    _failures: dict[tuple[str, int], list[int]] = field(
        default_factory=dict[tuple[str, int], list[int]]
    )
    _contents: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def owe(self, owed: Mapping[str, Any]) -> None:
        """Count a notice that was written."""
        if owed["trigger"] == Trigger.ON_FAILED and owed["step"] is not None:
            self._failures.setdefault((owed["step"].key, owed["cause"]), []).append(
                owed["policy_index"]
            )

    def look(self, ledger: Ledger, owed: Mapping[str, Any]) -> None:
        """Carry out a notice that is due."""
        instance: InstanceRecord = owed["instance"]
        step: StepRecord | None = owed["step"]
        notice = _notice(owed)
        before = len(self.found)
        with fanout.spreading(ledger, instance, step, notice, self.people) as told:
            for recipient in told:
                draft = Draft.of_notice(notice, recipient)
                self._tell(ledger, instance, step, recipient, draft)
        # That a reminder is not needed any more is no news.
        if notice.reason is not None and notice.trigger not in follow_ups.TRIGGERS:
            self._nobody(ledger, step, notice)
        reached = any(one.state == DeliveryState.SENT for one in self.found[before:])
        self._say_if_unheard(ledger, owed, reached=reached)

    def _tell(
        self,
        ledger: Ledger,
        instance: InstanceRecord,
        step: StepRecord | None,
        recipient: Recipient,
        draft: Draft,
    ) -> None:
        address = fanout.address_on(self.people, draft.channel, recipient)
        decision = fanout.decide(draft.channel, recipient, address, self.not_ready)
        state, reason, content = DeliveryState.SKIPPED, decision.reason, None
        if decision.verb != "skip":
            state = DeliveryState.SENT
            try:
                content = self._content(instance, step, recipient, draft)
            except NotRenderable as fault:
                state, reason = DeliveryState.FAILED, str(fault)
        personal = draft.channel == Channel.SMS and recipient.user is not None
        self.found.append(
            Telling(
                at=ledger.now,
                step_key=step.key if step else None,
                trigger=draft.trigger,
                round=draft.policy.get("round", 0),
                channel=draft.channel,
                template=draft.template,
                recipient=recipient.label,
                address=masked(address) if personal and address else address,
                state=state,
                reason=reason,
                fallback=draft.fallback_of is not None,
                content=content,
            )
        )
        if state != DeliveryState.SENT:
            self._fall_back(ledger, instance, step, recipient, draft, address)

    def _fall_back(
        self,
        ledger: Ledger,
        instance: InstanceRecord,
        step: StepRecord | None,
        recipient: Recipient,
        draft: Draft,
        address: str | None,
    ) -> None:
        row = {
            "policy": draft.policy,
            "fallback_of": draft.fallback_of,
            "recipient": recipient.label,
            "user_id": recipient.user.id if recipient.user else None,
            "address": address,
            "trigger": draft.trigger,
            "template": draft.template,
            "notice_id": draft.notice_id,
        }
        for other, another in fanout.fallbacks(ledger, instance, step, NO_ID, row, self.people):
            self._tell(ledger, instance, step, other, another)

    def _content(
        self,
        instance: InstanceRecord,
        step: StepRecord | None,
        recipient: Recipient,
        draft: Draft,
    ) -> dict[str, Any]:
        """What it says. Raises NotRenderable with the reason as a delivery has it."""
        said = self._said(draft.template).get(draft.channel)
        if said is None:
            raise NotRenderable(f"Its template says nothing for {draft.channel}.")
        context = self._context(instance, step, recipient, draft)
        try:
            content = notification_contents.render(said, draft.channel, context)
        except NotRenderable as fault:
            raise NotRenderable(f"Its template can't be rendered: {fault}.") from None
        if draft.channel == Channel.EMAIL:
            place = messages.place_of(context, self.base_url)
            text, html = notification_mails.bodies(content, place["link"], place["about"])
            content |= {"text": text, "html": html}
        if signed := draft.policy.get("signingSecret"):
            content |= {"signedWith": signed}
        return content

    def _said(self, template: str) -> dict[str, Any]:
        if template not in self._contents:
            known = messages.contents_of(self.people, {template})
            self._contents[template] = known.get(template, {})
        return self._contents[template]

    def _context(
        self,
        instance: InstanceRecord,
        step: StepRecord | None,
        recipient: Recipient,
        draft: Draft,
    ) -> Mapping[str, Any]:
        steps = [*instance.steps.values()]
        seen = SeenInstance(record=instance, template_name=self.template_name, steps=steps)
        one = SeenStep(record=step, automation_log=self.log.get(step.key, [])) if step else None
        made = of_instance(
            cast("InstanceOut", seen),
            cast("StepOut | None", one),
            trigger=draft.trigger,
            base_url=self.base_url,
            recipient=recipient.user.name if recipient.user else recipient.label,
            round=draft.policy.get("round", 0),
        )
        return cast("Mapping[str, Any]", made)

    def _nobody(self, ledger: Ledger, step: StepRecord | None, notice: Notice) -> None:
        """A policy that tells nobody this time still says why."""
        policy: dict[str, Any] = notice.policy
        self.found.append(
            Telling(
                at=ledger.now,
                step_key=step.key if step else None,
                trigger=notice.trigger,
                round=notice.round,
                channel=policy["channel"],
                template=policy.get("template") or "",
                recipient=", ".join(policy["recipients"]),
                address=None,
                state=DeliveryState.SKIPPED,
                reason=notice.reason,
                fallback=False,
                content=None,
            )
        )

    def _say_if_unheard(self, ledger: Ledger, owed: Mapping[str, Any], *, reached: bool) -> None:
        """Nobody fails in silence (`unheard.py`): when the last notice of a failure has reached
        nobody, as those before it, operators are told."""
        if owed["trigger"] != Trigger.ON_FAILED or owed["step"] is None:
            return
        key = (owed["step"].key, owed["cause"])
        waiting = self._failures.get(key, [])
        if reached or owed["policy_index"] < 0:
            self._failures[key] = [-1]  # somebody has been told, or is told by the rule itself
        elif waiting != [-1]:
            waiting.remove(owed["policy_index"])
            if not waiting:
                notices.tell_operators_in_the_console(
                    ledger, owed["instance"], owed["step"], owed["cause"]
                )


def _notice(owed: Mapping[str, Any]) -> Notice:
    """As the row that would be written; it belongs to no session."""
    step: StepRecord | None = owed["step"]
    return Notice(
        id=NO_ID,
        instance_id=NO_ID,
        step_id=step.position + 1 if step else None,
        trigger=owed["trigger"],
        cause=owed["cause"],
        policy_index=owed["policy_index"],
        policy=owed["policy"],
        round=owed.get("round", 0),
    )
