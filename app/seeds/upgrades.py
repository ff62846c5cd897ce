"""Customers who moved to a larger plan, and one whose payment is waited for."""

from typing import Any

from app.domain import steps
from app.seeds.orders import OPERATOR, SHOP, Begin


def upgrade(customer: str, **more: Any) -> tuple[str, str, dict[str, Any], str]:
    email = f"billing@{customer.split()[0].lower()}.example.com"
    wish = {"customer": customer, "email": email, **more}
    return "subscription-upgrade", f"{customer} upgrades", wish, SHOP


def paid_at_once(begin: Begin) -> None:
    story = begin(*upgrade("Nordwind GmbH", plan="enterprise", amount=4900))
    story.later(hours=2).is_called("paid", {"payment": "PAY-20817", "method": "sepa"})
    story.later(hours=20).does(OPERATOR, steps.complete, "kickoff")


def paid_with_another_card(begin: Begin) -> None:
    story = begin(*upgrade("Alba Studio", plan="team", amount=190))
    declined = {"outcome": "failed", "error": "The bank declined the card."}
    story.later(minutes=4).is_called("paid", declined)
    why = "The customer was given a link to pay with another card."
    story.later(hours=1).does(OPERATOR, steps.retry, "paid", reason=why)
    story.later(hours=3).is_called("paid", {"payment": "PAY-20911", "method": "card"})


def not_paid_yet(begin: Begin) -> None:
    begin(*upgrade("Kestrel Ltd", amount=490))
