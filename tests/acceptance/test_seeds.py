"""`flask seed`: a newcomer finds a console that has been lived in; a second run adds nothing."""

import json
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from app import clock
from app.config import Settings
from app.domain import people, templates
from app.domain.callback_urls import of_steps as urls_of
from app.extensions import Base
from app.models import (
    Event,
    Schedule,
    ScheduleFire,
    SignInLink,
    User,
    WorkflowInstance,
    WorkflowInstanceStep,
)
from app.models import WorkflowTemplate as TemplateRow
from app.models.vocabulary import ActionState, InstanceState, State
from app.schemas.template import Template
from app.seeds import cast, documents
from tests.conftest import Factory, environment
from tests.support.looking import change, instance_of, look
from tests.support.marks import both_databases
from tests.support.workflows import LOOPBACK, begin, publish, task

PRESENT = {
    (State.PENDING, ActionState.IDLE),
    (State.READY, ActionState.IDLE),
    (State.READY, ActionState.SCHEDULED),
    (State.STARTED, ActionState.IDLE),
    (State.STARTED, ActionState.RETRY_WAIT),
    (State.STARTED, ActionState.WAITING),
    (State.STARTED, ActionState.SCHEDULED),
    (State.COMPLETED, ActionState.COMPLETED),
    (State.FAILED, ActionState.FAILED),
    (State.SKIPPED, ActionState.IDLE),
    (State.CANCELLED, ActionState.IDLE),
}

SIGN_IN_LINK = ("system", "user.sign-in-link", "admin@example.com")


@pytest.fixture
def factory(with_doors: Factory) -> Factory:
    return with_doors


@pytest.fixture
def settings(database_url, tmp_path):
    given = environment(DATABASE_URL=database_url, RUNSHEET_VAR=str(tmp_path / "var"))
    return Settings.load(given | {"BASE_URL": "https://console.example.com"})


@pytest.fixture
def seed(app, monkeypatch):
    """Run the command; what the last line says."""
    # Real hashing takes long on purpose; what is hashed cheaply is verified in the same way.
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(people, "_hasher", lambda: cheap)

    def seed(receiver=""):
        monkeypatch.setenv("DEMO_RECEIVER_URL", receiver)
        result = app.test_cli_runner().invoke(args=["seed"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout.splitlines()[-1])

    return seed


def all_rows():
    """Everything in the database but the links, which are new each time."""
    tables = [table for table in Base.metadata.sorted_tables if table.name != "sign_in_links"]
    return look(
        lambda session: {table.name: session.execute(select(table)).all() for table in tables}
    )


def everything(model):
    return look(lambda session: session.scalars(select(model).order_by(model.id)).all())


@both_databases
def test_a_second_run_changes_nothing(seed):
    first, before = seed(), all_rows()
    second, after = seed(), all_rows()
    *told, link = after["audit_entries"]
    assert (link.actor, link.action, link.subject_id) == SIGN_IN_LINK
    assert after | {"audit_entries": told} == before
    assert second | {"link": ""} == first | {"link": ""}
    assert second["link"] != first["link"]


def test_the_templates_are_published_as_they_stand_in_their_files(seed):
    seed()
    rows = {row.key: row for row in everything(TemplateRow)}
    assert rows.keys() == {
        "order-fulfilment",
        "employee-onboarding",
        "nightly-reconciliation",
        "subscription-upgrade",
        "supplier-prices",
        "weekly-close",
    }
    for template in documents.read_all("http://127.0.0.1:8001"):
        assert rows[template.key].newest_version == 1
        assert rows[template.key].draft == templates.checked_document(template, LOOPBACK)


def test_each_template_mixes_people_and_automation_branches_and_joins_and_tells_people():
    for template in documents.read_all("http://127.0.0.1:8001"):
        kinds = {step.action_type for step in template.steps}
        assert {"MANUAL_TASK", "AUTOMATION_WEBHOOK", "AUTOMATION_EMAIL"} <= kinds
        assert any(len(step.depends_on) > 1 for step in template.steps)
        before = [other for step in template.steps for other in step.depends_on]
        starts = [step for step in template.steps if not step.depends_on]
        assert len(starts) > 1 or max(map(before.count, before)) > 1
        assert any(step.when for step in template.steps)
        assert any(step.notification_policies for step in template.steps)


@both_databases
def test_instances_are_found_in_many_states(seed):
    seed()
    instances = everything(WorkflowInstance)
    assert {instance.state for instance in instances} == set(InstanceState)
    steps = everything(WorkflowInstanceStep)
    assert {(step.state, step.action_state) for step in steps} >= PRESENT
    assert any(step.retry_count and step.state == State.FAILED for step in steps)
    assert any(step.retry_count and step.state == State.COMPLETED for step in steps)


def test_what_happened_happened_in_its_order_and_before_now(seed):
    seed()
    starts = [instance.started_at for instance in everything(WorkflowInstance)]
    assert starts == sorted(starts)
    assert (starts[-1] - starts[0]).days >= 5
    times = {}
    for event in everything(Event):
        times.setdefault(event.instance_id, []).append(event.at)
    for history in times.values():
        assert history == sorted(history)
        assert history[-1] <= clock.now()


def test_a_failed_step_shows_what_was_sent_and_what_came_back(seed):
    seed()
    found = next(row for row in everything(WorkflowInstance) if row.title == "Order A-1042")
    charge = next(step for step in instance_of(found.id).steps if step.key == "charge")
    assert [attempt.outcome for attempt in charge.automation_log] == ["retry"] * 3 + ["failed"]
    for attempt in charge.automation_log:
        assert attempt.status_code == 503
        assert attempt.request and "A-1042" in attempt.request["body"]
        assert attempt.response and "maintenance" in attempt.response["body"]
        assert ["webhook-id", charge.execution_token] in attempt.request["headers"]


def test_the_url_that_a_payment_provider_got_stands_in_no_log(seed):
    seed()
    found = [row for row in everything(WorkflowInstance) if row.title.endswith("upgrades")]
    assert len(found) == 3
    for row in found:
        payment, paid, *_ = instance_of(row.id).steps
        assert "[callback URL]" in (payment.automation_log[0].request or {})["body"]
        urls = look(lambda session, step=paid: urls_of(session.connection(), {step.id}))
        assert urls[paid.id].rpartition("/")[2] not in instance_of(row.id).model_dump_json()


def test_the_link_signs_in_and_leads_to_an_order_that_waits_to_be_packed(seed):
    link = seed()["link"]
    token = link.removeprefix("https://console.example.com/sign-in/link/")
    user, path = change(people.use_sign_in_link, token)
    assert user.email == cast.ADMIN
    order = instance_of(int(path.removeprefix("/instances/")))
    assert order.state == InstanceState.RUNNING
    assert next(step.state for step in order.steps if step.key == "pack") == State.READY


def test_the_password_signs_everybody_in_and_is_kept_for_its_owner_only(seed, settings):
    said = seed()
    assert (settings.var / "sign-in.json").stat().st_mode & 0o777 == 0o600
    for email, _, role in cast.PEOPLE:
        known = look(lambda session, of=email: people.hash_to_check(session, of, "127.0.0.1"))
        fits = people.password_fits(known, said["password"])
        user = change(people.sign_in, email, "127.0.0.1", fits=fits, known=known)
        assert user is not None
        assert user.role == role


@pytest.mark.parametrize("lost", [True, False])
def test_a_password_that_is_lost_or_changed_is_not_shown(seed, settings, lost):
    said = seed()
    file: Path = settings.var / "sign-in.json"
    if lost:
        file.unlink()
    else:
        file.write_text(json.dumps({"password": "another one"}))
    assert seed() | {"link": ""} == said | {"password": "", "link": ""}


def test_a_receiver_that_moved_is_found_by_what_nobody_has_touched(seed):
    seed("http://127.0.0.1:8001")
    (touched, *others) = everything(TemplateRow)
    mine = Template.read(touched.draft | {"name": "Mine"})
    change(templates.replace_draft, touched.id, mine, "user:author@example.com", allow=LOOPBACK)
    seed("http://127.0.0.1:8101")
    kept, *moved = everything(TemplateRow)
    assert (kept.name, kept.newest_version) == ("Mine", 1)
    assert [row.newest_version for row in moved] == [2] * len(others)
    assert all("127.0.0.1:8101" in json.dumps(row.draft) for row in moved)


def test_who_has_begun_already_gets_no_made_up_past(seed):
    publish(task("look"))
    begin()
    seed()
    assert len(everything(WorkflowInstance)) == 1
    assert len(everything(User)) == 4
    assert len(everything(SignInLink)) == 1


def test_the_nights_were_started_by_their_schedule_and_it_goes_on(seed):
    seed()
    nightly, resting = everything(Schedule)
    fires = everything(ScheduleFire)
    assert [fire.outcome for fire in fires] == ["started"] * 4
    assert {fire.schedule_id for fire in fires} == {nightly.id}
    nights = {row.id: row for row in everything(WorkflowInstance)}
    assert all(fire.fire_at <= nights[fire.instance_id].started_at for fire in fires)
    assert nightly.next_at > clock.now()
    assert resting.paused_at and resting.pause_reason and resting.resume_at > clock.now()
