"""Two doors, one room: what the console can do, the API can do, with the same permissions, the same
names and the same refusals. What only one of them has stands here, with the reason."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from html import unescape
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app import transaction
from app.api.endpoint import description_of
from app.domain import instances
from app.domain.actions import instance_actions, step_actions
from app.domain.assignments import OWN
from app.domain.lifecycle import MOVES
from app.domain.permissions import PERMISSIONS, WITH_AUTOMATION
from app.models.vocabulary import ActionState, InstanceState, State
from app.schemas.actions import ACTION_TYPES
from app.web.access import permission_of
from app.web.steps import VERBS
from tests.api.conftest import Caller, caller
from tests.conftest import Factory
from tests.support import verbs
from tests.support.cast import group
from tests.support.scheduling import make_schedule
from tests.support.telling import tell
from tests.support.workflows import begin, publish, task, webhook
from tests.web.conftest import Person, said, visit

__all__ = ["caller", "visit"]

A_PERSON = "it is somebody's own; a token is nobody"
TYPING = "what is typed is saved as it is typed, half done; PUT takes a whole draft"
# What the console asks of the domain and the API does not.
ONLY_THE_CONSOLE = {
    **dict.fromkeys(
        (
            *("accounts.add_browser", "accounts.change", "accounts.change_password"),
            *("accounts.choose_theme", "accounts.remove_browser", "accounts.wrong_password"),
            *("account_links.accept", "inbox.read", "inbox.read_all", "people.sign_in"),
            *("people.use_sign_in_link", "sessions.begin", "sessions.end", "sessions.end_others"),
        ),
        A_PERSON,
    ),
    "deliveries.owe_test": "what is being written is sent to whom writes it; /channels/…/test",
    "drafts.save": TYPING,
    "dry_runs.input_of": "fills in the form of a dry run; nothing of it is kept",
    "templates.create": "an empty draft to write in; POST /templates takes a whole one",
    "publishing.publish": "asks a person about warnings; GET /templates/{id}/findings lists them",
    "template_import.bring": "says that nothing changed; POST /templates/import and PUT replace",
}
# And the other way round.
ONLY_THE_API = {
    "callbacks.receive": "a call from outside, with a secret of its own",
    "deliveries.provider_says": "a call from the SMS provider",
    "instances.start_many": "people start one at a time",
    "template_import.add": "see template_import.bring and templates.create",
    "template_import.put": "see template_import.bring and drafts.save",
    "templates.publish": "see publishing.publish",
    "tokens.see": "when a token was last used",
}
# Whoever may do it at one door may do it at the other, but here.
OTHER_PERMISSIONS = {
    "channel_tests.ask": "people try what reaches themselves; a token's tests reach others",
}
# Moves that people ask for; the system makes the others, or they follow from these.
OF_PEOPLE = {"start", "complete", "fail", "retry", "skip", "cancel"}
OF_PEOPLE |= {"run_scheduled_now", "run_retry_now"}

Asked = dict[str, dict[str, set[str]]]


@pytest.fixture
def factory(with_doors: Factory) -> Factory:
    return with_doors


@pytest.fixture
def asked(app: Flask) -> Asked:
    """Each door's verbs that write, and the permissions of the routes that ask for them."""
    found: Asked = {"web": defaultdict(set), "api": defaultdict(set)}
    for rule, name in _views(app):
        door = name.split(".")[1]
        for verb in verbs.verbs_of(name):
            found[door][verb.removeprefix("app.domain.")].add(_permission(app, rule) or "nobody's")
    return found


def _views(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        view: Any = app.view_functions[rule.endpoint]
        view = getattr(view, "__wrapped__", view)
        if view.__module__.startswith("app."):
            yield rule, f"{view.__module__}.{view.__name__}"


def _permission(app: Flask, rule: Rule) -> str | None:
    about = description_of(app.view_functions[rule.endpoint])
    return about.permission if about else permission_of(rule.endpoint)


def test_what_the_console_asks_of_the_domain_the_api_asks_too(asked):
    assert asked["web"].keys() - asked["api"].keys() == ONLY_THE_CONSOLE.keys()
    assert asked["api"].keys() - asked["web"].keys() == ONLY_THE_API.keys()


def test_a_verb_needs_the_same_permission_at_both_doors(asked):
    steps = {
        f"{verb.__module__.removeprefix('app.domain.')}.{verb.__name__}": name
        for name, verb in VERBS.items()
    }
    for verb in asked["web"].keys() & asked["api"].keys():
        web, api = asked["web"][verb], asked["api"][verb]
        if verb in steps:  # the page asks each time whose step it is: `assignments.require`
            assert web == {"work on own steps"}
            assert api == ({"work on own steps"} if steps[verb] in OWN else {"operate"})
        else:
            same = _widest(web) == _widest(api)
            assert same != (verb in OTHER_PERMISSIONS), f"{verb}: {web} and {api}"


def _widest(permissions: set[str]) -> tuple[int, bool]:
    """How many roles have one of them at least, and whether that is enough."""
    having = [(len(PERMISSIONS.get(name, ())), name not in WITH_AUTOMATION) for name in permissions]
    return max(having)


def test_both_doors_lead_to_the_same_moves(asked):
    moves = {
        door: verbs.moves_of({f"app.domain.{verb}" for verb in asked[door]}, MOVES)
        for door in asked
    }
    assert moves["web"] == moves["api"] >= OF_PEOPLE


def test_every_action_that_a_step_or_an_instance_allows_is_a_route_of_both_doors(app):
    kinds = product(ACTION_TYPES, State, ActionState, InstanceState, (False, True), (False, True))
    steps = {
        action
        for kind, state, at, whole, paused, recurs in kinds
        for action in step_actions(kind, state, at, whole, paused=paused, recurs=recurs)
    }
    wholes = {
        action
        for state in InstanceState
        for paused in (False, True)
        for action in instance_actions(state, paused=paused)
    }
    rules = {rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    api = "/api/workflows/instances/<id:instance_id>"
    assert steps == VERBS.keys()
    assert steps == {rule.rpartition("/")[2] for rule in rules if rule.startswith(f"{api}/steps/")}
    assert {f"{api}/{action}" for action in wholes} <= rules
    assert f"/instances/<id:instance_id>/<any({','.join(_in_order(wholes))}):verb>" in rules


def _in_order(wholes: set[str]) -> list[str]:
    assert wholes == {"pause", "resume", "cancel"}
    return ["pause", "resume", "cancel"]


def test_both_doors_refuse_in_the_same_words(caller, visit):
    publish(task("pack"), webhook("ship"))
    instance_id = begin()
    with transaction.writing() as session:
        instances.cancel(session, instance_id, "user:jo@example.com")
    program, person = caller("operator"), visit("operator")
    steps = [
        f"/instances/{instance_id}/steps/{key}/{verb}"
        for key, verb in product(("pack", "ship"), VERBS)
    ]
    for path in [*steps, *(f"/instances/{instance_id}/{verb}" for verb in ("pause", "cancel"))]:
        said_so = {"at": "2026-01-31T09:00:00Z"} if path.endswith("reschedule") else {}
        refused, page = program.post(path, said_so), person.post(path, said_so, htmx=True)
        assert (refused.status_code, page.status_code) == (409, 409), path
        assert refused.json["type"] == "/problems/move-not-allowed", path
        assert refused.json["detail"] in said(page), path


# The lists, and what only one door's can be narrowed by.
LISTS = {
    "instances": set[str](),
    "templates": set[str](),
    "notification-templates": set[str](),
    "schedules": set[str](),
    "tasks": set[str](),
    "deliveries": {"instanceId", "userId"},  # by links from an instance and a person
    "audit": set[str](),
    "users": set[str](),
    "groups": set[str](),
    "tokens": set[str](),
}


@pytest.fixture
def something_of_each(app: Flask) -> None:
    publish(task("pack"))
    with transaction.writing() as session:
        tell(session, begin())
    make_schedule()
    group("finance")


@pytest.mark.usefixtures("something_of_each")
def test_lists_are_narrowed_by_the_same_names_and_values_at_both_doors(
    app: Flask, caller: Callable[..., Caller], visit: Callable[..., Person]
):
    program, admin = caller("admin"), visit("admin")
    for name, linked in LISTS.items():
        page = admin.get(f"/{name}").text
        about = description_of(app.view_functions[_list(app, name)])
        assert about is not None and about.query is not None
        names = about.query.model_json_schema()["properties"].keys() - {"limit", "cursor"}
        queries = set(re.findall(rf'href="(/{name}\?[^"]*)"', page))
        chips = [parse_qsl(urlsplit(unescape(query)).query) for query in queries]
        form = re.search(r'<form class="filters.*?</form>', page, re.S)
        fields = set(re.findall(r' name="(\w+)"', form[0] if form else ""))
        shown = fields | {key for chip in chips for key, _ in chip}
        assert shown | linked == names, name
        for query in queries:
            assert program.get(unescape(query)).status_code == 200, query


def _list(app: Flask, name: str) -> str:
    path = f"/api/workflows/{name}"
    return next(
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule == path and "GET" in (rule.methods or ())
    )
