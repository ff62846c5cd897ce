"""Groups: as assignees, as recipients, and kept as long as something names them."""

import pytest
from sqlalchemy import insert

from app import clock
from app.domain import groups
from app.errors import Conflict, Invalid, NotFound
from app.models import AuditEntry, User, WorkflowTemplate
from app.schemas.people import MOST_MEMBERS, GroupChange, GroupIn
from tests.support.cast import ROOT, group, person
from tests.support.looking import change, do, look
from tests.support.marks import both_databases
from tests.support.notifying import notify, policy, recipients, told
from tests.support.workflows import begin, publish, task

FINANCE = "group:finance"


@pytest.fixture(autouse=True)
def _hash_quickly(hash_quickly):
    """Nobody here signs in."""


@pytest.fixture
def people(app) -> None:
    for name in ("fay", "finn", "gone"):
        person(f"{name}@example.com", "viewer", active=name != "gone")
    person("ada@example.com", "admin")


def members(key: str = "finance") -> list[str]:
    return [one.email for one in look(lambda session: groups.read(session, key)).members]


@both_databases
def test_a_group_is_made_changed_and_deleted_with_a_record_of_each(people):
    group("finance", "fay@example.com")
    wish = GroupChange.read({"name": "Money", "members": ["FINN@example.com"], "reason": "New."})
    change(groups.change, "finance", wish, ROOT)
    assert members() == ["finn@example.com"]
    change(groups.remove, "finance", ROOT)
    with pytest.raises(NotFound):
        members()
    rows = look(lambda session: session.query(AuditEntry).order_by(AuditEntry.id).all())
    before = {"name": "Finance", "members": ["fay@example.com"]}
    after = {"name": "Money", "members": ["finn@example.com"]}
    assert [(row.action, row.subject_id, row.before, row.after) for row in rows] == [
        ("group.created", "finance", None, before),
        ("group.changed", "finance", before, after),
        ("group.deleted", "finance", after, None),
    ]


def test_members_come_and_go_one_by_one(people):
    group("finance")
    change(groups.add_member, "finance", " Fay@Example.com ", ROOT)
    change(groups.add_member, "finance", "fay@example.com", ROOT)
    change(groups.add_member, "finance", "finn@example.com", ROOT)
    assert members() == ["fay@example.com", "finn@example.com"]
    change(groups.remove_member, "finance", 1, ROOT)
    assert members() == ["finn@example.com"]


def test_a_full_group_takes_nobody_more_and_says_so(people):
    def fill(session):
        row = {"name": "x", "role": "viewer", "active": True, "created_at": clock.now()}
        row |= {"may_add_automation": False}
        emails = [f"{n}@example.com" for n in range(MOST_MEMBERS)]
        session.execute(insert(User), [row | {"email": email} for email in emails])
        return emails

    first, *others = change(fill)
    group("finance", first, *others)
    with pytest.raises(Invalid) as invalid:
        change(groups.add_member, "finance", "fay@example.com", ROOT)
    assert [(fault.path, fault.message) for fault in invalid.value.errors] == [
        ("email", "A group has at most 1000 members.")
    ]
    change(groups.add_member, "finance", first, ROOT)
    assert len(members()) == MOST_MEMBERS


def test_who_is_not_there_is_named_at_their_place(people):
    with pytest.raises(Invalid) as invalid:
        group("finance", "fay@example.com", "nobody@example.com")
    assert [fault.path for fault in invalid.value.errors] == ["members.1"]
    group("finance")
    with pytest.raises(Invalid) as invalid:
        change(groups.add_member, "finance", "nobody@example.com", ROOT)
    assert [fault.path for fault in invalid.value.errors] == ["email"]


@both_databases
def test_a_key_belongs_to_one_group(people):
    group("finance")
    with pytest.raises(Conflict):
        group("finance")


@pytest.mark.parametrize("key", ["", "Finance", "a b", "-a", "x" * 81, "a:b"])
def test_a_key_is_such_as_templates_can_name(key):
    with pytest.raises(Invalid):
        GroupIn.read({"key": key, "name": "Finance"})


@both_databases
def test_everybody_in_a_group_is_told_and_nobody_who_left(people):
    group("finance", "fay@example.com", "finn@example.com", "gone@example.com")
    instance = told([policy(recipients=[FINANCE, "user:fay@example.com"])])
    do(instance, "complete", "pack")
    notify()
    assert recipients() == ["fay@example.com", "finn@example.com"]


def test_the_group_a_step_is_assigned_to_is_its_assignee(people):
    group("finance", "fay@example.com")
    told([policy("ON_READY", recipients=["assignee"])], assignee=FINANCE)
    notify()
    assert recipients() == ["fay@example.com"]


@pytest.mark.parametrize("made", [True, False])
def test_admins_are_told_where_nobody_is_in_a_group(people, made):
    if made:
        group("finance", "gone@example.com")
    told([policy("ON_READY", recipients=[FINANCE])])
    notify()
    assert recipients() == ["ada@example.com"]


def refusal(key: str = "finance") -> Conflict:
    with pytest.raises(Conflict) as refused:
        change(groups.remove, key, ROOT)
    return refused.value


@both_databases
@pytest.mark.parametrize("how", ["assignee", "policy", "escalation"])
def test_a_group_stays_while_a_template_names_it(people, how):
    group("finance")
    escalate = [{"after": "PT1H", "to": [FINANCE]}]
    more = {
        "assignee": {"assignee": FINANCE},
        "policy": {"notificationPolicies": [policy(recipients=[FINANCE])]},
        "escalation": {"notificationPolicies": [policy("ON_READY", escalate=escalate)]},
    }[how]
    publish(task("pack", **more), name="Order fulfilment")
    error = refusal()
    assert error.message == "Finance is still named: by the template Order fulfilment."
    assert error.extra["templates"] == [{"id": 1, "name": "Order fulfilment"}]


@both_databases
@pytest.mark.parametrize(
    "more",
    [{"assignee": FINANCE}, {"notificationPolicies": [policy(recipients=[FINANCE])]}],
)
def test_a_group_stays_while_an_open_step_names_it(people, more):
    group("finance")
    publish(task("pack", **more))
    instance = begin()
    change(archive_all)
    error = refusal()
    assert error.message == "Finance is still named: by 1 open step."
    assert error.extra["steps"] == [{"instanceId": instance, "key": "pack"}]
    do(instance, "complete", "pack")
    change(groups.remove, "finance", ROOT)


def test_a_group_stays_while_a_draft_with_faults_names_it(people):
    group("finance")
    publish(task("pack"), name="Order fulfilment")
    half = {"steps": ["{", {"key": "pay", "assignee": FINANCE}]}

    def edit(session) -> None:
        template = session.get_one(WorkflowTemplate, 1)
        template.editing = {"document": half, "unread": {}}

    change(edit)
    assert "by the template Order fulfilment" in refusal().message


def archive_all(session) -> None:
    for template in session.query(WorkflowTemplate):
        template.archived_at = template.created_at


def test_a_text_that_only_looks_like_it_does_not_name_it(people):
    group("finance")
    publish(task("pack", name=FINANCE, config={"instructions": f"Ask {FINANCE}."}))
    begin()
    change(groups.remove, "finance", ROOT)
