"""What became of some orders."""

from collections.abc import Callable
from typing import Any

from app.domain import instances, steps
from app.seeds import cast
from app.seeds.play import Answer, Story

ADMIN = f"user:{cast.ADMIN}"
OPERATOR = f"user:{cast.OPERATOR}"
SHOP = "api:shop"
DOWN = Answer(503, {"error": "The payment provider is down for maintenance."})
FULL = Answer(503, {"error": "No pick-up is free; try again later."})
BUSY = Answer(429, {"error": "Too many charges this hour."}, retry_after=3600)

Begin = Callable[..., Story]


def order(number: str, **more: Any) -> tuple[str, str, dict[str, Any], str]:
    return "order-fulfilment", f"Order {number}", {"orderId": number, **more}, SHOP


def a_gift(begin: Begin) -> None:
    story = begin(*order("A-1017", gift=True, total=64.5, email="nora.weiss@example.com"))
    story.later(minutes=38).does(OPERATOR, steps.complete, "gift-wrap")
    story.later(minutes=12).does(OPERATOR, steps.start, "pack")
    story.later(minutes=7).does(OPERATOR, steps.complete, "pack")


def a_large_order(begin: Begin) -> None:
    lines = [{"sku": "ESPRESSO-PRO", "quantity": 2}, {"sku": "GRINDER", "quantity": 1}]
    story = begin(*order("A-1023", total=1240, lines=lines, express=True))
    approved = {"outcome": "approved", "note": "Known customer, three orders this year."}
    story.later(minutes=52).does(ADMIN, steps.complete, "approve", output=approved)
    story.later(hours=1).does(OPERATOR, steps.complete, "pack")


def a_refused_order(begin: Begin) -> None:
    story = begin(*order("A-1029", total=4980, email="quick.buyer@example.com"))
    rejected = {"outcome": "rejected", "note": "Name and card do not match."}
    story.later(hours=2).does(ADMIN, steps.complete, "approve", output=rejected)


def a_withdrawn_order(begin: Begin) -> None:
    story = begin(*order("A-1031", total=89))
    why = "The customer withdrew by phone; refunded by hand, ticket 4411."
    story.later(hours=3).does(OPERATOR, instances.cancel, reason=why)


def an_outage_that_was_repaired(begin: Begin) -> None:
    story = begin(*order("A-1033", total=212.4), charge=[DOWN] * 4)
    why = "The payment provider says on its status page that it is back."
    story.later(minutes=41).does(OPERATOR, steps.retry, "charge", reason=why)
    story.later(minutes=25).does(OPERATOR, steps.complete, "pack")


def a_changed_address(begin: Begin) -> None:
    story = begin(*order("A-1036", total=310, express=True))
    why = "The customer is about to send another address."
    story.later(minutes=30).does(OPERATOR, instances.pause, reason=why)


def an_order_without_ribbon(begin: Begin) -> None:
    story = begin(*order("A-1040", gift=True, total=45))
    why = "No ribbon left until Thursday; the customer agreed to go without."
    story.later(minutes=50).does(OPERATOR, steps.skip, "gift-wrap", reason=why)
    story.later(minutes=20).does(OPERATOR, steps.start, "pack")


def a_carrier_that_stays_away(begin: Begin) -> None:
    story = begin(*order("A-1041", total=150), carrier=[FULL] * 8)
    story.later(minutes=45).does(OPERATOR, steps.complete, "pack")
    why = "The carrier's hotline says that there is room again."
    story.later(minutes=30).does(OPERATOR, steps.retry, "carrier", reason=why)


def a_card_that_is_not_charged(begin: Begin) -> None:
    begin(*order("A-1042", gift=True, total=178.9), charge=[DOWN] * 4)


def a_card_that_waits(begin: Begin) -> None:
    begin(*order("A-1044", total=59.9), charge=[BUSY])


def an_order_to_pack(begin: Begin) -> None:
    begin(*order("A-1045", total=129.9, email="jo.keller@example.com"))
