"""What is found of a template while it is written, each thing at its field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain import findings, templates
from app.domain.findings import Finding, Surroundings
from app.errors import Invalid
from app.models import Group, GroupMember, NotificationTemplate, Secret, User
from app.schemas.template import Template
from tests.support.looking import change, look
from tests.support.workflows import AUTHOR, LOOPBACK, make_step, publish, task, webhook

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EVERYBODY = frozenset({"role:operator", "role:admin", "user:3", "user:operator@example.com"})
FIELDS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["orderId"],
    "properties": {
        "orderId": {"type": "string"},
        "note": {"type": "string"},
        "plan": {"enum": ["team", "business"], "default": "team"},
        "total": {"type": "number", "default": 1},
    },
}


def around(**more: Any) -> Surroundings:
    return Surroundings(**({"now": NOW, "allow": LOOPBACK, "people": EVERYBODY} | more))


def document(*steps: Any, **more: Any) -> dict[str, Any]:
    whole = {"key": "order", "name": "Order", "inputSchema": FIELDS, "steps": list(steps)}
    return whole | more


def step(kind: str, key: str, *depends_on: str, config: Any = None, **more: Any) -> dict[str, Any]:
    return make_step(key, kind, depends_on, config or {}, more)


def mail(key: str, *depends_on: str, **config: Any) -> dict[str, Any]:
    config = {"to": ["a@example.com"], "subject": "Hello"} | config
    return step("AUTOMATION_EMAIL", key, *depends_on, config=config)


def find(
    *steps: Any, codes: str = "", surroundings: Surroundings | None = None, **more: Any
) -> dict[str, tuple[str, str]]:
    """Severity and message by path, of these codes; without codes, all but what nobody is told."""
    wanted = codes.split()
    found = findings.of_document(document(*steps, **more), None, surroundings or around())
    return {
        one.path: (one.severity, one.message)
        for one in found
        if (one.code in wanted if wanted else one.code != "untold-failure")
    }


def severities(*steps: Any, codes: str = "", **more: Any) -> dict[str, str]:
    return {path: told[0] for path, told in find(*steps, codes=codes, **more).items()}


def test_of_a_template_without_faults_nothing_is_found():
    body = {"order": "{{ input.orderId }}", "total": "{{ input.total }}"}
    steps = (webhook("a", config={"body": body}), task("b", "a", assignee="role:operator"))
    assert find(*steps) == {}


def test_all_that_keeps_a_draft_from_being_saved_is_an_error():
    broken = (
        webhook("a", "ghost", config={"url": "ftp://x"}),
        step("AUTOMATION_EMAIL", "b", config={"to": []}),
        step("FORM_INPUT", "c", config={"schema": {"$ref": "#"}}),
        task(
            "c",
            notificationPolicies=[{"channel": "SMS", "trigger": "ON_READY", "recipients": ["x"]}],
        ),
    )
    assert severities(
        *broken, dueAt="{{ steps.a.output.x }}", inputSchema={"type": 3}
    ) == dict.fromkeys(
        [
            "dueAt",
            "inputSchema",
            "inputSchema.type",
            "steps.0.actionConfig.url",
            "steps.0.dependsOn.0",
            "steps.1.actionConfig.subject",
            "steps.1.actionConfig.to",
            "steps.2.actionConfig.schema.$ref",
            "steps.3.key",
            "steps.3.notificationPolicies.0.recipients.0",
        ],
        "error",
    ) | {"steps.3.name": "hint"}


def test_texts_that_could_not_be_read_are_errors():
    unread = {"steps.0.actionConfig.body": "{ broken"}
    (found,) = findings.of_document(document(task("a")), unread, around())
    assert found == Finding(
        "error", "steps.0.actionConfig.body", "This can't be read as JSON.", "unread"
    )


def test_a_circle_is_named_as_a_chain_at_each_of_its_steps():
    steps = (task("a", "c"), task("b", "a"), task("c", "b"), task("d", "c"), task("e", "e"))
    assert find(*steps) == {
        "steps.0.dependsOn": ("error", "This step waits for itself in a circle: A → B → C → A."),
        "steps.1.dependsOn": ("error", "This step waits for itself in a circle: B → C → A → B."),
        "steps.2.dependsOn": ("error", "This step waits for itself in a circle: C → A → B → C."),
        "steps.4.dependsOn": ("error", "This step waits for itself in a circle: E → E."),
        "steps.3.dependsOn": (
            "warning",
            "It never runs: it waits for steps that wait for themselves in a circle.",
        ),
    }


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (["input.plan", "=", "enterprise"], "input.plan is never 'enterprise'"),
        (["input.plan", "in", ["x", "y"]], "input.plan is never 'x' or 'y'"),
        (["input.orderId", "=", 7], "input.orderId is a string, and never 7"),
        (["input.total", ">", "5"], "input.total is a number, and can't be compared with '5'"),
        (["input.total", "exists", False], "input.total is always there"),
        (["input.nope", "=", 1], "there is no input.nope"),
        (["steps.ghost.output.x", "!=", 1], "there is no steps.ghost.output.x"),
        (["steps.a.output.outcome", "=", "maybe"], "steps.a.output.outcome is never 'maybe'"),
    ],
)
def test_a_step_whose_condition_can_never_hold_never_runs(part, why):
    fine = ["input.orderId", "exists"]
    for when in ({"all": [fine, part]}, {"any": [part, {"all": [part]}]}):
        steps = (step("APPROVAL", "a"), task("b", "a", when=when), task("c", "b"))
        assert find(*steps, codes="never-runs") == {
            "steps.1.when": ("warning", f"It never runs: {why}."),
            "steps.2.dependsOn": (
                "warning",
                "It never runs: all steps before it are always skipped.",
            ),
        }
    steps = (step("APPROVAL", "a"), task("b", "a", when={"any": [fine, part]}), task("c", "b"))
    assert find(*steps, codes="never-runs") == {}


def test_two_wishes_that_exclude_each_other_never_hold():
    when = {"all": [["input.plan", "=", "team"], ["input.plan", "=", "business"]]}
    found = find(task("a", when=when))
    assert "can't be 'team' and 'business'" in found["steps.0.when"][1]


@pytest.mark.parametrize(
    "part",
    [
        ["input.plan", "=", "team"],
        ["input.total", "=", 5],
        ["input.note", "exists", False],
        ["input.nope", "exists", False],
        ["", "="],
        ["input.total", ">"],
        ["steps.a.output.anything", "=", 1],
        ["steps.beside.output.outcome", "=", "approved"],
        ["steps.b.output.x", "exists"],
    ],
)
def test_a_condition_that_may_hold_is_no_fault(part):
    steps = (webhook("a"), task("b", "a", when={"all": [part]}), step("APPROVAL", "beside"))
    assert find(*steps, codes="never-runs") == {}


NOT_REQUIRED = "may be missing, since it is not required"
FAILS = "then this step fails without it"
NO_PATH = "{{ … }} holds a path such as input.orderId; this is not one, and stays as it is."


@pytest.mark.parametrize(
    ("path", "severity", "message"),
    [
        ("input.orderid", "error", "leads nowhere. Did you mean input.orderId?"),
        ("nonsense.x", "error", "leads nowhere."),
        (
            "steps.mapped.output.refrence",
            "error",
            "leads nowhere. Did you mean steps.mapped.output.reference?",
        ),
        (
            "steps.approve.output.outcom",
            "warning",
            "leads nowhere. Did you mean steps.approve.output.outcome?",
        ),
        ("input.note", "warning", f"{NOT_REQUIRED}: {FAILS}."),
        (
            "steps.later.output.x",
            "warning",
            "may be missing: 'Later' does not come before this step.",
        ),
        (
            "steps.here.output.x",
            "warning",
            "is of this step itself: it is there once it has been done before.",
        ),
        ("steps.open.output.x", "warning", f"is missing when 'Open' was not done: {FAILS}."),
    ],
)
def test_where_a_placeholder_leads_is_looked_at(path, severity, message):
    body = {"a": [1, {"b": f"Order {{{{ {path} }}}}"}]}
    steps = (
        webhook("mapped", config={"output": {"reference": "body.id"}}),
        step("APPROVAL", "approve"),
        webhook("open", when={"all": [["input.note", "exists"]]}),
        webhook("here", "mapped", "approve", "open", config={"body": body}),
        webhook("later", "here"),
    )
    (found,) = find(*steps).items()
    assert found == ("steps.3.actionConfig.body.a.1.b", (severity, f"{path} {message}"))


def test_a_step_that_there_is_not_is_named():
    body = {"body": ["{{ steps.ghost.output.x }}", "{{ input.order Id }}"]}
    assert find(webhook("a", config=body)) == {
        "steps.0.actionConfig.body.0": (
            "error",
            "steps.ghost.output.x leads nowhere: there is no step with the key 'ghost'.",
        ),
        "steps.0.actionConfig.body.1": ("warning", NO_PATH),
    }


def test_urls_headers_addresses_and_times_are_looked_at_too():
    nowhere = "{{ input.nowhere }}"
    steps = (
        webhook(
            "a",
            config={
                "url": f"http://127.0.0.1/{nowhere}",
                "headers": {"X-A": nowhere},
                "runAt": nowhere,
            },
        ),
        mail("b", to=[nowhere], cc=["a@example.com", nowhere], replyTo=nowhere),
        step("WAIT_TIMER", "c", config={"runAt": nowhere}),
        task("d", dueAt=nowhere),
    )
    assert [*find(*steps)] == [
        "steps.0.actionConfig.headers.X-A",
        "steps.0.actionConfig.runAt",
        "steps.0.actionConfig.url",
        "steps.1.actionConfig.cc.1",
        "steps.1.actionConfig.replyTo",
        "steps.1.actionConfig.to.0",
        "steps.2.actionConfig.runAt",
        "steps.3.dueAt",
    ]


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("{{ input.orderId }}", None),
        ("{{ input.note }}", "warning"),
        ("{% if input.note %}{{ input.note }}{% endif %}", None),
        ("{{ input.note | default: 'none' }}", None),
        ("{{ input.nowhere }}", "error"),
        ("{{ input.nowhere | default: '' }}", "warning"),
        ("{% for line in input.nowhere %}{{ line.sku }}{% endfor %}", "error"),
        ("{{ now | date: '%Y' }}", None),
    ],
)
def test_texts_of_mails_may_ask_after_what_is_missing(text, severity):
    found = severities(mail("a", text=text))
    assert found == ({"steps.0.actionConfig.text": severity} if severity else {})


def test_in_a_condition_what_leads_nowhere_is_a_warning_and_what_may_be_missing_is_none():
    when = {"any": [["input.note", "=", "x"], {"all": [["input.oderId", "=", "A-1"]]}]}
    assert find(task("a", when=when)) == {
        "steps.0.when": ("warning", "input.oderId leads nowhere. Did you mean input.orderId?")
    }


def test_an_input_that_is_not_described_is_a_hint_unless_more_is_welcome():
    reads = webhook("a", config={"body": "{{ input.what }}"})
    for schema in ({"type": "object", "properties": {}}, {"type": "object"}):
        assert severities(reads, inputSchema=schema) == {"steps.0.actionConfig.body": "hint"}
    assert find(reads, inputSchema={"type": "object", "additionalProperties": True}) == {}


def test_an_input_that_the_schema_does_not_name_but_allows_is_a_warning():
    reads = webhook("a", config={"body": "{{ input.orderid }}"})
    schema = {"type": "object", "properties": {"orderId": {"type": "string"}}}
    message = "input.orderid leads nowhere. Did you mean input.orderId?"
    place = "steps.0.actionConfig.body"
    assert find(reads, inputSchema=schema) == {place: ("warning", message)}
    closed = schema | {"additionalProperties": False}
    assert find(reads, inputSchema=closed) == {place: ("error", message)}


def policy(**more: Any) -> dict[str, Any]:
    return {"channel": "EMAIL", "trigger": "ON_READY", "recipients": ["role:operator"]} | more


def test_policies_are_looked_at_too_and_see_what_their_own_step_gave():
    told = policy(
        recipients=[
            "{{ input.nowhere }}",
            "{{ steps.a.output.mail }}",
            "{{ steps.b.output.mail }}",
        ],
        when={"all": [["input.nope", "=", 1]]},
        fallback={"channel": "SMS", "recipients": ["{{ input.note }}"]},
    )
    steps = (webhook("a", notificationPolicies=[told]), webhook("b"))
    found = severities(*steps, codes="unknown-path not-before may-be-missing")
    place = "steps.0.notificationPolicies.0"
    assert found == {
        f"{place}.recipients.0": "error",
        f"{place}.recipients.1": "warning",
        f"{place}.recipients.2": "warning",
        f"{place}.fallback.recipients.0": "warning",
        f"{place}.when": "warning",
    }


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ("role:operator", {}),
        ("user:3", {}),
        ("user:operator@example.com", {}),
        ("role:author", {"steps.0.assignee": "warning"}),
        ("user:gone@example.com", {"steps.0.assignee": "warning"}),
        ("group:finance", {"steps.0.assignee": "warning"}),
        ("Finance", {"steps.0.assignee": "hint"}),
        (None, {}),
    ],
)
def test_a_step_that_nobody_can_do_is_a_warning(who, found):
    assert severities(task("a", assignee=who)) == found


def test_where_nobody_may_complete_steps_those_without_assignee_are_nobodys():
    viewers = around(people=frozenset({"role:viewer", "user:3"}))
    steps = (task("a"), webhook("b"), task("c", assignee="user:3"))
    assert severities(*steps, surroundings=viewers) == {"steps.0.assignee": "warning"}


def test_secrets_and_notification_templates_must_be_there():
    config = {"signingSecret": "KEY", "auth": {"type": "bearer", "secret": "TOKEN"}}
    told = [policy(template=name) for name in ("there", "unpublished", "old", "never")]
    known = around(
        secrets={"TOKEN": []},
        notification_templates={"there": "published", "unpublished": "draft", "old": "archived"},
    )
    steps = (webhook("a", config=config), task("b", notificationPolicies=told))
    place = "steps.1.notificationPolicies"
    assert find(*steps, surroundings=known) == {
        "steps.0.actionConfig.signingSecret": ("error", "There is no secret named KEY."),
        f"{place}.1.template": (
            "error",
            "The notification template 'unpublished' has not been published yet.",
        ),
        f"{place}.2.template": ("error", "The notification template 'old' is archived."),
        f"{place}.3.template": (
            "error",
            "There is no published notification template 'never'.",
        ),
    }


@pytest.mark.parametrize(
    ("url", "elsewhere"),
    [
        ("https://pay.example.com/x", False),
        ("https://pay.example.com/{{ input.orderId }}", False),
        ("https://pay.example.com.evil.example/x", True),
        ("https://other.example.com/{{ input.orderId }}", True),
        ("https://{{ input.orderId }}.example.com/x", False),
    ],
)
def test_a_secret_is_not_sent_where_it_may_not_go(url, elsewhere):
    config = {"url": url, "signingSecret": "KEY"}
    known = around(secrets={"KEY": ["pay.example.com"]})
    found = severities(webhook("a", config=config), surroundings=known)
    assert found == ({"steps.0.actionConfig.signingSecret": "warning"} if elsewhere else {})


def test_a_notice_is_not_signed_for_where_its_secret_may_not_go():
    hooks = ["https://pay.example.com/x", "https://evil.example/x"]
    told = policy(channel="WEBHOOK", recipients=hooks, signingSecret="KEY")
    known = around(secrets={"KEY": ["pay.example.com"]})
    (found,) = find(task("a", notificationPolicies=[told]), surroundings=known).items()
    assert found[0] == "steps.0.notificationPolicies.0.signingSecret"
    assert "not to evil.example" in found[1][1]


@pytest.mark.parametrize(
    ("recurrence", "path"),
    [
        ({"cron": "0 9 30 2 *", "count": 1}, "cron"),
        ({"cron": "0 9 * * *", "until": "2026-05-01T00:00:00Z"}, "until"),
        ({"everySeconds": 3600, "until": "2026-06-01T12:30:00Z"}, "until"),
        ({"rrule": "FREQ=DAILY;UNTIL=20200101T000000Z", "count": 3}, "rrule"),
    ],
)
def test_what_never_recurs_or_has_ended_already_is_an_error(recurrence, path):
    found = severities(webhook("a", config={"recurrence": recurrence}))
    assert found == {f"steps.0.actionConfig.recurrence.{path}": "error"}


def test_times_that_have_passed_are_warnings():
    past = "2026-05-31T12:00:00Z"
    steps = (
        webhook("a", config={"runAt": past, "ifPast": "skip"}),
        step("WAIT_TIMER", "b", config={"runAt": past}),
        task("c", dueAt=past),
        task("d", dueAt="2026-06-02T12:00:00Z"),
    )
    assert find(*steps, dueAt=past) == {
        "dueAt": ("warning", "This time has passed. Each instance is late."),
        "steps.0.actionConfig.runAt": (
            "warning",
            "This time has passed. It is always skipped.",
        ),
        "steps.1.actionConfig.runAt": ("warning", "This time has passed. It runs at once."),
        "steps.2.dueAt": ("warning", "This time has passed. It is late."),
    }


def test_retries_that_take_longer_than_there_is_time_are_a_hint():
    short = {"retry": {"schedule": [60, 60]}}
    assert find(webhook("a", config=short, dueIn="PT1H")) == {}
    found = find(webhook("a", dueIn="PT1H"))["steps.0.actionConfig.retry"]
    assert found[0] == "hint"
    assert "is late before that: after 1 hour" in found[1]


def test_an_automation_whose_failure_nobody_is_told_of_is_a_hint():
    failed = policy(trigger="ON_FAILED")
    steps = (webhook("a"), webhook("b", notificationPolicies=[failed]), mail("c"), task("d"))
    assert severities(*steps, codes="untold-failure") == {
        "steps.0.notificationPolicies": "hint",
        "steps.2.notificationPolicies": "hint",
    }
    whole = {"notificationPolicies": [policy(trigger="ON_ATTENTION")]}
    assert severities(*steps, codes="untold-failure", **whole) == {}


def test_a_wait_that_nobody_is_told_the_url_of_is_a_hint():
    url = {"body": "{{ steps.paid.callbackUrl }}"}
    waits = step("WAIT_CALLBACK", "paid")
    assert severities(waits) == {"steps.0.actionConfig.timeout": "hint"}
    assert severities(webhook("ask", config=url), waits) == {}
    assert severities(step("WAIT_CALLBACK", "paid", config={"timeout": "P1D"})) == {}


def test_names_that_are_there_already_are_a_hint():
    twin = task("b") | {"name": "a "}
    assert severities(task("a"), twin) == {"steps.1.name": "hint"}
    found = find(task("a"), surroundings=around(namesakes=["order-2"]))
    assert found == {"name": ("hint", "There is another template of this name: order-2.")}


def test_errors_come_first_and_the_tenth_step_after_the_ninth():
    steps = [task(f"s{at}", assignee="x") for at in range(11)] + [task("ghost", "nobody")]
    paths = list(find(*steps))
    assert paths[0] == "steps.11.dependsOn.0"
    assert paths[1:] == [f"steps.{at}.assignee" for at in range(11)]


def test_an_empty_draft_is_an_error():
    assert find()["steps"][0] == "error"


def test_surroundings_are_what_stands_in_the_database(app):
    def plant(session: Any) -> None:
        for name, active in (("in", True), ("out", False)):
            session.add(
                User(
                    email=f"{name}@example.com",
                    name=name,
                    role="operator" if active else "author",
                    active=active,
                    created_at=NOW,
                )
            )
        session.add(
            Secret(name="KEY", ciphertext="", key_id="", hosts=["a.example"], created_at=NOW,
                   updated_at=NOW, updated_by="")
        )  # fmt: skip

        boxes = {"packers": True, "nobody": False}
        session.flush()
        for key, active in boxes.items():
            group = Group(key=key, name=key, created_at=NOW)
            session.add(group)
            session.flush()
            somebody = session.query(User).filter_by(active=active).one()
            session.add(GroupMember(group_id=group.id, user_id=somebody.id))

    publish(task("a"), key="order-2")
    change(plant)
    named = document(
        webhook("a", config={"signingSecret": "KEY"}, notificationPolicies=[
            policy(template="step-ready"), policy(template="ghost"),
        ])
    ) | {"name": "Order-2"}  # fmt: skip
    known = look(lambda session: findings.surroundings(session, named, LOOPBACK))
    assert known.secrets == {"KEY": ["a.example"]}
    assert known.notification_templates == {"step-ready": "published"}
    assert known.people >= {"user:in@example.com", "role:operator", "group:packers"}
    assert known.people.isdisjoint({"user:out@example.com", "role:author", "group:nobody"})
    assert known.namesakes == ["order-2"]


def test_an_archived_notification_template_keeps_it_from_being_published(app):
    def archive(session: Any) -> None:
        row = session.query(NotificationTemplate).filter_by(key="step-ready").one()
        row.archived_at = NOW

    change(archive)
    draft = Template.read(document(task("a", notificationPolicies=[policy(template="step-ready")])))
    template_id = change(templates.create, draft, AUTHOR).id
    with pytest.raises(Invalid) as invalid:
        change(templates.publish, template_id, AUTHOR)
    (fault,) = invalid.value.errors
    assert fault.path == "steps.0.notificationPolicies.0.template"
    assert fault.message == "The notification template 'step-ready' is archived."


def test_errors_keep_a_template_from_being_published_and_warnings_do_not(app):
    wrong = webhook("a", config={"body": "{{ input.orderid }}"})
    odd = webhook("a", config={"body": "{{ input.note }}"}, assignee="role:author")
    template_id = change(
        templates.create, Template.read(document(wrong)), AUTHOR, allow=LOOPBACK
    ).id
    with pytest.raises(Invalid) as invalid:
        change(templates.publish, template_id, AUTHOR, allow=LOOPBACK)
    assert [fault.path for fault in invalid.value.errors] == ["steps.0.actionConfig.body"]
    change(
        templates.replace_draft, template_id, Template.read(document(odd)), AUTHOR, allow=LOOPBACK
    )
    assert change(templates.publish, template_id, AUTHOR, allow=LOOPBACK).number == 1
