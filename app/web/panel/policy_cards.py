"""One card stands for all neighbouring policies that differ in nothing but their trigger: what
people think of as one policy that several things set off. Pure."""

from collections.abc import Sequence
from typing import Any

Policy = dict[str, Any]


def grouped(policies: Sequence[Policy], triggers: Sequence[str]) -> list[list[int]]:
    """The places of the policies that each card stands for. Only those in the order of the
    triggers share one, so that ticking and unticking puts every policy back where it was."""
    cards: list[list[int]] = []
    for at, policy in enumerate(policies):
        if cards and _joins(policies[cards[-1][-1]], policy, triggers):
            cards[-1].append(at)
        else:
            cards.append([at])
    return cards


def _joins(before: Policy, policy: Policy, triggers: Sequence[str]) -> bool:
    first, second = before.get("trigger"), policy.get("trigger")
    if (
        first not in triggers
        or second not in triggers
        or without_trigger(before) != without_trigger(policy)
    ):
        return False
    return triggers.index(first) < triggers.index(second)


def without_trigger(policy: Policy) -> Policy:
    return {key: value for key, value in policy.items() if key != "trigger"}


def spread(card: Policy, ticked: Sequence[str], of: Sequence[Policy]) -> list[Policy]:
    """The policies of a card, one for each trigger; one without where none is ticked. `of`: those
    that the card stood for, which keep the order of their keys."""
    if not ticked:
        return [without_trigger(card)]
    found: list[Policy] = []
    for trigger in ticked:
        was = next((each for each in of if each.get("trigger") == trigger), card)
        found.append(_in_order_of(was, {**card, "trigger": trigger}))
    return found


def _in_order_of(was: Policy, policy: Policy) -> Policy:
    """A new card begins as people read it: how, and when."""
    keys = [*was, *policy] if was else ["channel", "trigger", *policy]
    return {key: policy[key] for key in dict.fromkeys(keys) if key in policy}
