"""axe finds nothing on any page, in both themes and widths, and none is wider than a phone."""

from tests.system.conftest import Console, Open
from tests.system.looks import check


def paths(instance: str) -> list[str]:
    return [
        "/",
        "/instances",
        "/instances?q=nothing-has-this-title",
        instance,
        f"{instance}?view=graph",
        f"{instance}?view=data",
        f"{instance}/steps/pack",
        f"{instance}/steps/ship",
        "/tasks",
        "/tasks?due=overdue",
        "/templates",
        "/templates/1",
        "/templates/1?step=ship",
        "/templates/1/start",
        "/account",
        "/settings",
        "/notification-templates",
        "/notification-templates/step-failed",
        "/docs/api",
        "/docs?q=step",
        "/nowhere",
    ]


def test_axe_finds_nothing(console: Console, come: Open) -> None:
    page = come()
    for path in paths(console.begin("Order to be read")):
        check(page, path)
    page.context.clear_cookies()
    check(page, "/sign-in")
