"""The audit: what people do is written down in the transaction that does it, and stays."""

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from app import transaction
from app.domain import audit, instances, notification_templates, people, steps, templates
from app.domain.audit import Filter
from app.errors import MoveNotAllowed, NotFound
from app.extensions import db
from app.models import AuditEntry
from app.schemas.instance import InstanceIn
from app.schemas.notification_template import NotificationTemplateIn
from app.schemas.template import Template
from tests.support.looking import look
from tests.support.marks import both_databases
from tests.support.workflows import OPERATOR, begin, publish, task, webhook, work


def entries(**wanted):
    """What the audit says, oldest first."""
    found, _ = look(lambda session: audit.find_all(session, Filter(**wanted), limit=200))
    return found[::-1]


def said(**wanted):
    return [(one.action, one.subject, one.subject_id) for one in entries(**wanted)]


def write(*, actor="user:admin@example.com", action="secret.rotated", subject_id="KEY", **more):
    with transaction.writing() as session:
        audit.record(session, actor, action, action.split(".")[0], subject_id, **more)


@both_databases
@pytest.mark.parametrize(
    "change",
    [
        update(AuditEntry).values(actor="nobody"),
        delete(AuditEntry),
        text("UPDATE audit_entries SET reason = 'another'"),
        text("DELETE FROM audit_entries WHERE id = 1"),
    ],
    ids=["update", "delete", "update in SQL", "delete in SQL"],
)
def test_what_is_written_is_never_changed_and_never_deleted(app, change):
    write(reason="because")
    with (
        pytest.raises(DBAPIError, match="never changed and never deleted"),
        transaction.writing() as session,
    ):
        session.execute(change)
    assert [one.reason for one in entries()] == ["because"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_does_not_empty_the_table_either(app):
    write()
    with pytest.raises(DBAPIError, match="never deleted"), transaction.writing() as session:
        session.execute(text("TRUNCATE audit_entries"))
    assert len(entries()) == 1


def test_sqlite_does_not_replace_an_entry_either(app):
    write(reason="because")
    again = (
        "INSERT OR REPLACE INTO audit_entries (id, at, actor, action, subject, subject_id, reason)"
        " SELECT id, at, 'nobody', action, subject, subject_id, 'another' FROM audit_entries"
    )
    with pytest.raises(DBAPIError, match="never changed"), transaction.writing() as session:
        session.execute(text(again))
    write(reason="and more")
    assert [one.reason for one in entries()] == ["because", "and more"]


@both_databases
def test_a_reason_is_kept_as_long_as_people_may_write_it(app):
    write(reason="x" * 2000)
    write(reason="")
    assert [one.reason for one in entries()] == ["x" * 2000, None]


@both_databases
def test_a_version_back_the_reasons_are_cut_to_what_has_room_there(app, with_doors, settings):
    write(reason="x" * 2000)
    db.session.remove()
    with with_doors(settings).app_context():
        try:
            downgrade(revision="0008")
        finally:
            upgrade()
            db.engine.dispose()
    assert [one.reason for one in entries()] == ["x" * 500]


@both_databases
def test_what_people_do_with_steps_and_instances_is_written_with_what_changed(app):
    publish(task("pack"), webhook("ship"), name="Order")
    begin()
    with transaction.writing() as session:
        steps.start(session, 1, "pack", OPERATOR)
        steps.complete(session, 1, "pack", OPERATOR, {}, "It was packed already.")
        steps.skip(session, 1, "ship", OPERATOR, "Fetched by hand.")
    started, begun, completed, skipped = entries(actor=OPERATOR)
    assert (started.action, started.after) == ("instance.started", {"title": "Order"})
    assert (begun.action, begun.subject, begun.subject_id) == ("step.started", "step", "1/pack")
    assert (begun.before, begun.after) == ({"state": "READY"}, {"state": "STARTED"})
    assert (completed.action, completed.reason) == ("step.completed", "It was packed already.")
    assert (skipped.action, skipped.reason) == ("step.skipped", "Fetched by hand.")
    assert skipped.before == {"state": "READY", "actionState": "QUEUED"}
    assert skipped.after == {"state": "SKIPPED", "actionState": "IDLE"}


@both_databases
def test_pausing_resuming_and_cancelling_name_the_instance_and_why(app):
    publish(task("pack"))
    begin()
    with transaction.writing() as session:
        instances.pause(session, 1, OPERATOR, "The lorry is late.")
        instances.resume(session, 1, OPERATOR)
        instances.cancel(session, 1, OPERATOR, "Called off.")
    told = [(e.action, e.reason, e.before, e.after) for e in entries(subject="instance")[1:]]
    assert told == [
        ("instance.paused", "The lorry is late.", {"state": "RUNNING"}, {"state": "PAUSED"}),
        ("instance.resumed", None, {"state": "PAUSED"}, {"state": "RUNNING"}),
        ("instance.cancelled", "Called off.", {"state": "RUNNING"}, {"state": "CANCELLED"}),
    ]


def test_a_refused_move_is_not_written(app):
    publish(task("pack"))
    begin()
    with pytest.raises(MoveNotAllowed), transaction.writing() as session:
        steps.retry(session, 1, "pack", OPERATOR, "Once more.")
    assert said(action="step") == []


def test_what_the_system_does_by_itself_is_history_and_not_the_audits(app):
    publish(webhook("ship"))
    begin()
    work()
    assert said(action="step") == []
    assert said(subject="instance") == [("instance.started", "instance", "1")]


def test_many_that_start_at_once_are_one_entry(app):
    publish(task("pack"))
    with transaction.writing() as session:
        instances.start_many(session, [InstanceIn.read({"templateKey": "order"})] * 3, OPERATOR)
    (one,) = entries(action="instance")
    assert (one.subject_id, one.after["count"], one.after["lastId"]) == ("1", 3, 3)


def test_the_life_of_a_template_is_written(app):
    document = {"key": "order", "name": "Order", "steps": [task("pack")]}
    with transaction.writing() as session:
        row = templates.create(session, Template.read(document), "user:author@example.com")
        more = document | {"steps": [task("pack"), task("ship")]}
        templates.replace_draft(session, row.id, Template.read(more), "user:author@example.com")
        templates.publish(session, row.id, "user:author@example.com", "Ships too.")
        templates.archive(session, row.id, "user:author@example.com")
        templates.archive(session, row.id, "user:author@example.com")
        templates.unarchive(session, row.id, "user:author@example.com")
    created, saved, published, archived, back = entries()
    assert created.action == "template.created"
    assert saved.before["steps"] == ["pack"]
    assert saved.after["steps"] == ["pack", "ship"]
    assert "name" not in saved.after
    assert (published.reason, published.after) == ("Ships too.", {"version": 1})
    assert [archived.action, back.action] == ["template.archived", "template.unarchived"]


def test_notification_templates_are_written_too(app):
    wish = {"key": "late", "name": "Late", "content": {"SMS": {"text": "Late."}}}
    with transaction.writing() as session:
        notification_templates.create(session, NotificationTemplateIn.read(wish), "user:a")
        notification_templates.archive(session, "late", "user:a")
    assert said() == [
        ("notification-template.created", "notification-template", "late"),
        ("notification-template.archived", "notification-template", "late"),
    ]


@both_databases
def test_coming_in_and_failing_to_are_written_with_the_address(app):
    with transaction.writing() as session:
        people.create_user(session, "olga@example.com", "Olga", "operator", "a long password")
        known = people.hash_to_check(session, "olga@example.com", "10.0.0.1")
        people.sign_in(session, "olga@example.com", "10.0.0.1", fits=True, known=known)
        people.sign_in(session, "Olga@example.com ", "10.0.0.2", fits=False, known=known)
    assert [(e.actor, e.action, e.subject_id, e.after["address"]) for e in entries()] == [
        ("user:olga@example.com", "user.signed-in", "olga@example.com", "10.0.0.1"),
        ("somebody", "user.sign-in-failed", "olga@example.com", "10.0.0.2"),
    ]


@both_databases
def test_strangers_fill_no_audit_and_nothing_that_was_typed_stands_there(app):
    with transaction.writing() as session:
        gone = people.create_user(session, "otto@example.com", "Otto", "operator", None)
        gone.active = False
        for typed in ("my secret password", "nobody@example.com", "otto@example.com"):
            known = people.hash_to_check(session, typed, "10.0.0.3")
            assert people.sign_in(session, typed, "10.0.0.3", fits=True, known=known) is None
    assert said() == [("user.sign-in-failed", "user", "otto@example.com")]


@both_databases
def test_entries_are_found_by_who_what_when_and_any_word(app):
    write(actor="user:ann@example.com", reason="Leaked, says Jürgen.")
    write(actor="api:shop", action="secret.created", subject_id="KEY_2", after={"hosts": ["ü.de"]})
    write(actor="user:ann@example.com", action="step.skipped", subject_id="12/ship")
    assert said(actor="ann@") == [
        ("secret.rotated", "secret", "KEY"),
        ("step.skipped", "step", "12/ship"),
    ]
    assert len(said(action="secret")) == 2
    assert said(action="secret.created") == said(subject_id="KEY_2") == said(text="ü.de")
    assert said(subject="step", subject_id="12") == [("step.skipped", "step", "12/ship")]
    assert said(subject_id="1") == []
    assert said(text="Jürgen") == [("secret.rotated", "secret", "KEY")]
    assert said(text="100%") == []
    first = entries()[0].at
    assert said(until=first) == []
    assert len(said(since=first)) == 3


@both_databases
def test_pages_go_on_where_the_last_one_ended(app):
    for number in range(5):
        write(subject_id=str(number))
    page = lambda before=None: look(  # noqa: E731
        lambda session: audit.find_all(session, Filter(), before=before, limit=2)
    )
    first, cursor = page()
    second, cursor = page(cursor)
    third, end = page(cursor)
    assert [one.subject_id for one in (*first, *second, *third)] == ["4", "3", "2", "1", "0"]
    assert end is None


def test_a_change_that_is_rolled_back_leaves_no_entry(app):
    with pytest.raises(NotFound), transaction.writing() as session:  # noqa: PT012
        audit.record(session, "user:a", "secret.created", "secret", "KEY")
        session.flush()
        templates.archive(session, 1, "user:a")
    assert said() == []
