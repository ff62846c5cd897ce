"""Notification policies, a card each: how, when, whom, and what is said."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from app.domain import notification_previews
from app.domain.channels import CHANNELS
from app.domain.notification_context import sample
from app.domain.notification_defaults import default_for
from app.domain.notification_previews import Preview
from app.schemas.policies import CHANNEL_LABELS
from app.web.notification_previews import base_url
from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.policy_cards import Policy, grouped, spread, without_trigger
from app.web.panel.reading import read as read_any
from app.web.panel.typed import Typed, place_in
from app.web.panel.typed_values import same
from app.web.panel.widgets import json_text, objects

FRESH: Policy = {"channel": "EMAIL", "trigger": "ON_FAILED", "recipients": ["role:operator"]}
OWN_CONTROLS = ("channel", "trigger")


def build(field: Field, value: Any, page: Page) -> Node:
    """A card for each set of triggers; JSON for what are no policies."""
    policies = _policies(value)
    if policies is None or field.name in page.unread:
        return json_text.build(field, value, page)
    cards = grouped(policies, _triggers(field))
    children = [_card(field, n, places, policies, page) for n, places in enumerate(cards)]
    return node(field, "policies", children=children)


def _policies(value: Any) -> list[Policy] | None:
    found = cast("list[Any]", value or []) if value is not ABSENT else []
    fine = isinstance(found, list) and all(isinstance(each, dict) for each in found)
    return found if fine else None


def _triggers(field: Field) -> Sequence[str]:
    return dict(field.item(0).properties())["trigger"].schema["enum"]


def _item(field: Field, card: int, place: int) -> Field:
    """A card's fields: named by the card, found by the path of its first policy."""
    return replace(
        field.item(place), name=f"{field.name}.cards.{card}", path=f"{field.path}.{place}"
    )


def _card(field: Field, n: int, places: list[int], policies: list[Policy], page: Page) -> Node:
    item, policy = _item(field, n, places[0]), policies[places[0]]
    unread = _renamed(page.unread, f"{field.name}.{places[0]}.", f"{item.name}.")
    parts = {
        each.name.rpartition(".")[2]: each
        for each in objects.children(item, policy, replace(page, unread={**page.unread, **unread}))
    }
    parts = {key: each for key, each in parts.items() if key not in OWN_CONTROLS}
    ticked = [policies[place].get("trigger") for place in places]
    _preview(parts["template"], policy, ticked[0], field, page)
    parts["recipients"].help = _reach(policy.get("channel"))
    card = Node(kind="policy", name=item.name, path=item.path, children=[*parts.values()])
    card.children += [
        _mirror(each, item.path, f"{field.path}.{place}")
        for each in [*card.walk()]
        for place in places[1:]
    ]
    card.options = {
        "parts": parts,
        "channel": policy.get("channel"),
        "channels": _choices(CHANNEL_LABELS, [policy.get("channel")]),
        "triggers": _choices(_words(field), ticked),
        "ticked": ticked,
        "of": ",".join(map(str, places)),
        "more": [key for key in _MORE if policy.get(key) not in (None, [], "")],
    }
    card.label = _title(card)
    return card


def _mirror(of: Node, first: str, path: str) -> Node:
    """What is wrong with another policy of the set is said at the same place, once."""
    return Node(
        kind="", name="", path=path + of.path[len(first) :], errors=of.errors, warnings=of.warnings
    )


_MORE = ("delay", "runAt", "when", "fallback", "remind", "escalate", "signingSecret")


def _words(field: Field) -> dict[str, str]:
    trigger = dict(field.item(0).properties())["trigger"].schema
    labels = trigger.get("x-labels", {})
    return {each: labels.get(each, each) for each in trigger["enum"]}


def _choices(known: Mapping[str, str], picked: Sequence[Any]) -> list[Choice]:
    """The known ones, and what stands there though there is no such thing."""
    others = [str(each) for each in picked if each is not None and each not in known]
    return [
        *(Choice(*each) for each in known.items()),
        *(Choice(each, each, True) for each in others),
    ]


def _title(card: Node) -> str:
    words = {each.value: each.label for each in card.options["triggers"]}
    when = " or ".join(words[str(each)] for each in card.options["ticked"] if each is not None)
    how = CHANNEL_LABELS.get(str(card.options["channel"]), "somehow")
    return f"{how[0].upper()}{how[1:]} when {when or '…'}"


def _reach(channel: Any) -> str:
    """Whom the channel reaches."""
    facts = CHANNELS.get(channel) if channel in CHANNEL_LABELS else None
    if facts is None:
        return ""
    direct = f"{facts.literal}; " if facts.literal else ""
    return f"Roles, groups, people, whose task it is, who started it; {direct}or a placeholder."


def _preview(template: Node, policy: Policy, trigger: Any, field: Field, page: Page) -> None:
    """What would be said, beside the picker."""
    instance = "ON_ATTENTION" in _triggers(field)
    try:
        own = default_for(trigger, instance=instance)
    except KeyError:
        own = ""
    names = dict(page.around.notification_templates)
    template.options["own"] = names.get(own, own or template.options["own"])
    said = page.around.said.get(template.value or own, {}).get(str(policy.get("channel")))
    template.options["channel"] = policy.get("channel")
    template.options["preview"] = _rendered(policy, said, trigger, instance) if said else None


def _rendered(policy: Policy, said: Any, trigger: str, instance: bool) -> Preview:
    context = sample(trigger, instance=instance, base_url=base_url())
    return notification_previews.preview(policy["channel"], said, context, made_up=True)


def _renamed(texts: Mapping[str, str], start: str, other: str) -> dict[str, str]:
    return {
        other + name[len(start) :]: text for name, text in texts.items() if name.startswith(start)
    }


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The policies of all cards, in their order."""
    earlier = _policies(before)
    if earlier is None or typed.text(field.name) is not None:
        return json_text.read(field, before, typed)
    found: list[Policy] = []
    for n in range(typed.rows(f"{field.name}.cards")):
        found += _read_card(_item(field, n, len(found)), earlier, _triggers(field), typed)
    if typed.asked("add", f"{field.name}.cards"):
        found.append({**FRESH, "trigger": _fresh_trigger(field)})
    unchanged = same(found, earlier) and (before is not ABSENT or not found)
    return before if unchanged else found


def _fresh_trigger(field: Field) -> str:
    return FRESH["trigger"] if FRESH["trigger"] in _triggers(field) else "ON_ATTENTION"


def _read_card(
    item: Field, earlier: list[Policy], triggers: Sequence[str], typed: Typed
) -> list[Policy]:
    places = (typed.text(f"{item.name}.of") or "").split(",")
    found = (place_in(each, len(earlier)) for each in places)
    of = [earlier[at] for at in found if at is not None]
    card = without_trigger(of[0]) if of else {}
    card["channel"] = typed.text(f"{item.name}.channel") or card.get("channel", "EMAIL")
    for key, each in item.properties():
        if key in OWN_CONTROLS:
            continue
        value = read_any(each, card.get(key, ABSENT), typed)
        if value is ABSENT:
            card.pop(key, None)
        else:
            card[key] = value
    typed.unread |= _renamed(typed.unread, f"{item.name}.", f"{item.path}.")
    for name in [name for name in typed.unread if name.startswith(f"{item.name}.")]:
        del typed.unread[name]
    ticked = typed.all(f"{item.name}.trigger")
    others = [each for each in ticked if each not in triggers]
    return spread(card, [*(each for each in triggers if each in ticked), *others], of)
