"""Who may open which page: every HTML route and every role. A new route must be entered here."""

import shutil
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import bells, clock, create_core, transaction
from app.config import Settings
from app.domain import people, schedules
from app.extensions import db
from app.models import InboxMessage, User
from app.models.vocabulary import Role
from app.schemas.schedule import PauseIn
from app.web.access import EVERYBODY, permission_of
from app.web.steps import VERBS
from tests.conftest import environment
from tests.support.cast import group, invite
from tests.support.mailing import email
from tests.support.scheduling import make_schedule
from tests.support.secrets import keep
from tests.support.telling import tell
from tests.support.workflows import begin, publish, task
from tests.web.conftest import place_order

READ = frozenset(Role)
OPERATE = READ - {Role.VIEWER}
WRITE = OPERATE - {Role.OPERATOR}
ADMINISTER = frozenset({Role.ADMIN})  # of secrets authors too who may add automation: other tests
EVERY = "everybody, signed in or not"

NOTIFICATIONS = "/notification-templates"
STEP = "/instances/{id}/steps/pack"
EDITOR = "/templates/1/edit"
# Route: who may, and a path that leads there.
MATRIX = {
    ("GET", "auth.sign_in"): (EVERY, "/sign-in"),
    ("POST", "auth.sign_in"): (EVERY, "/sign-in"),
    ("GET", "auth.link"): (EVERY, "/sign-in/link/unknown"),
    ("POST", "auth.sign_out"): (READ, "/sign-out"),
    ("GET", "dashboard.show"): (READ, "/"),
    ("GET", "frame.banner"): (READ, "/banner"),
    ("GET", "instances.index"): (READ, "/instances"),
    ("GET", "instances.show"): (READ, "/instances/{id}"),
    ("GET", "instances.live"): (READ, "/instances/{id}/live"),
    ("GET", "instances.stream"): (READ, "/instances/{id}/stream"),
    ("GET", "instances.as_json"): (READ, "/instances/{id}/json"),
    ("POST", "instances.move"): (OPERATE, "/instances/{id}/pause"),
    ("GET", "steps.show"): (READ, STEP),
    ("GET", "steps.as_json"): (READ, f"{STEP}/json"),
    ("POST", "steps.move"): (OPERATE, f"{STEP}/start"),
    ("GET", "mail_frames.of_template"): (READ, "/templates/{mail_template}/steps/tell/mail"),
    ("GET", "mail_frames.of_draft"): (WRITE, "/templates/{mail_template}/edit/steps/tell/mail"),
    ("GET", "mail_frames.of_instance"): (READ, "/instances/{mail}/steps/tell/mail"),
    ("GET", "tasks.index"): (READ, "/tasks"),
    ("GET", "templates.index"): (READ, "/templates"),
    ("GET", "templates.show"): (READ, "/templates/1"),
    ("GET", "dry_runs.show"): (READ, "/templates/1/dry-run"),
    ("POST", "dry_runs.again"): (READ, "/templates/1/dry-run"),
    ("GET", "dry_runs.mail"): (READ, "/templates/{mail_template}/dry-run/steps/tell/mail"),
    ("GET", "templates.ask_to_start"): (OPERATE, "/templates/1/start"),
    ("POST", "templates.start"): (OPERATE, "/templates/1/start"),
    ("GET", "template_editor.new"): (WRITE, "/templates/new"),
    ("GET", "template_files.export"): (READ, "/templates/1/export"),
    ("GET", "template_files.ask"): (WRITE, "/templates/import"),
    ("POST", "template_files.bring"): (WRITE, "/templates/import"),
    ("POST", "template_editor.create"): (WRITE, "/templates"),
    ("GET", "template_editor.show"): (WRITE, EDITOR),
    ("POST", "template_editor.save_template"): (WRITE, f"{EDITOR}/template"),
    ("POST", "template_editor.add_step"): (WRITE, f"{EDITOR}/steps"),
    ("POST", "template_editor.save_step"): (WRITE, f"{EDITOR}/steps/pack"),
    ("POST", "template_editor.duplicate_step"): (WRITE, f"{EDITOR}/steps/pack/duplicate"),
    ("POST", "template_editor.remove_step"): (WRITE, f"{EDITOR}/steps/pack/remove"),
    ("POST", "template_editor.move_step"): (WRITE, f"{EDITOR}/steps/pack/move"),
    ("POST", "template_editor.put_back_step"): (WRITE, f"{EDITOR}/put-back"),
    ("POST", "templates.start_fields"): (OPERATE, "/templates/1/start/fields"),
    ("POST", "templates.move"): (WRITE, "/templates/1/archive"),
    ("GET", "template_versions.index"): (READ, "/templates/1/versions"),
    ("GET", "template_versions.compare"): (READ, "/templates/1/compare"),
    ("POST", "template_versions.restore"): (WRITE, "/templates/1/restore"),
    ("GET", "template_publishing.ask"): (WRITE, "/templates/1/publish"),
    ("POST", "template_publishing.publish"): (WRITE, "/templates/1/publish"),
    ("GET", "account.show"): (READ, "/account"),
    ("POST", "account.save"): (READ, "/account"),
    ("POST", "account.add_browser"): (READ, "/account/browsers"),
    ("POST", "account.forget_browser"): (READ, "/account/browsers/1/forget"),
    ("GET", "account.push_worker"): (EVERY, "/push-worker.js"),
    ("GET", "settings.show"): (READ, "/settings"),
    ("POST", "settings.send_test"): (OPERATE, "/settings/test/IN_APP"),
    ("GET", "settings.follow_test"): (READ, "/settings/tests/1"),
    ("GET", "deliveries.index"): (READ, "/deliveries"),
    ("GET", "deliveries.show"): (READ, "/deliveries/{delivery}"),
    ("POST", "deliveries.replay"): (OPERATE, "/deliveries/{delivery}/replay"),
    ("POST", "deliveries.replay_all"): (OPERATE, "/deliveries/replay"),
    ("GET", "people.show"): (READ, "/people/1"),
    ("GET", "inbox.index"): (READ, "/inbox"),
    ("GET", "inbox.bell"): (READ, "/inbox/bell"),
    ("POST", "inbox.open_message"): (READ, "/inbox/{message}"),
    ("POST", "inbox.read_all"): (READ, "/inbox/read"),
    ("GET", "notification_templates.index"): (READ, NOTIFICATIONS),
    ("GET", "notification_templates.show"): (READ, f"{NOTIFICATIONS}/step-failed"),
    ("GET", "notification_templates.mail"): (READ, f"{NOTIFICATIONS}/step-failed/mail"),
    ("GET", "notification_templates.new"): (WRITE, "/notification-drafts/new"),
    ("GET", "notification_templates.edit"): (WRITE, f"{NOTIFICATIONS}/step-failed/edit"),
    ("POST", "notification_templates.create"): (WRITE, NOTIFICATIONS),
    ("POST", "notification_templates.save"): (WRITE, f"{NOTIFICATIONS}/step-failed"),
    ("POST", "notification_templates.archive"): (WRITE, f"{NOTIFICATIONS}/step-failed/archive"),
    ("POST", "notification_drafts.preview"): (WRITE, "/notification-drafts/preview"),
    ("POST", "notification_drafts.mail"): (WRITE, "/notification-drafts/mail"),
    ("POST", "notification_drafts.send_test"): (WRITE, "/notification-drafts/test"),
    ("GET", "secrets.index"): (WRITE, "/secrets"),
    ("POST", "secrets.create"): (ADMINISTER, "/secrets"),
    ("GET", "secrets.show"): (WRITE, "/secrets/TOKEN"),
    ("POST", "secrets.rotate"): (ADMINISTER, "/secrets/TOKEN/rotate"),
    ("POST", "secrets.bind"): (ADMINISTER, "/secrets/TOKEN/hosts"),
    ("POST", "secrets.delete"): (ADMINISTER, "/secrets/TOKEN/delete"),
    ("GET", "queues.index"): (READ, "/queues"),
    ("POST", "queues.pause"): (OPERATE, "/queues/workflow-automation/pause"),
    ("POST", "queues.resume"): (OPERATE, "/queues/workflow-automation/resume"),
    ("GET", "schedules.index"): (READ, "/schedules"),
    ("GET", "schedules.show"): (READ, "/schedules/1"),
    ("POST", "schedules.run_now"): (OPERATE, "/schedules/1/run-now"),
    ("POST", "schedules.pause"): (OPERATE, "/schedules/1/pause"),
    ("POST", "schedules.resume"): (OPERATE, "/schedules/2/resume"),
    ("POST", "schedules.duplicate"): (WRITE, "/schedules/1/duplicate"),
    ("POST", "schedules.delete"): (WRITE, "/schedules/1/delete"),
    ("GET", "schedule_drafts.new"): (WRITE, "/schedules/new"),
    ("POST", "schedule_drafts.create"): (WRITE, "/schedules"),
    ("GET", "schedule_drafts.edit"): (WRITE, "/schedules/1/edit"),
    ("POST", "schedule_drafts.save"): (WRITE, "/schedules/1/edit"),
    ("POST", "schedule_drafts.preview"): (WRITE, "/schedules/preview"),
    ("GET", "search.go"): (READ, "/search?q=order"),
    ("POST", "account_security.change_password"): (READ, "/account/password"),
    ("POST", "account_security.end_session"): (READ, "/account/sessions/1/end"),
    ("POST", "account_security.end_others"): (READ, "/account/sessions/end-others"),
    ("POST", "account_security.choose_theme"): (READ, "/account/theme"),
    ("GET", "users.index"): (ADMINISTER, "/users"),
    ("POST", "users.invite"): (ADMINISTER, "/users"),
    ("GET", "users.show"): (ADMINISTER, "/users/1"),
    ("POST", "users.change"): (ADMINISTER, "/users/{nora}"),
    ("POST", "users.make_link"): (ADMINISTER, "/users/1/link"),
    ("POST", "users.deactivate"): (ADMINISTER, "/users/{nora}/deactivate"),
    ("POST", "users.reactivate"): (ADMINISTER, "/users/1/reactivate"),
    ("GET", "groups.index"): (READ, "/groups"),
    ("POST", "groups.create"): (ADMINISTER, "/groups"),
    ("GET", "groups.show"): (READ, "/groups/finance"),
    ("POST", "groups.rename"): (ADMINISTER, "/groups/finance"),
    ("POST", "groups.add_member"): (ADMINISTER, "/groups/finance/members"),
    ("POST", "groups.remove_member"): (ADMINISTER, "/groups/finance/members/1/remove"),
    ("POST", "groups.delete"): (ADMINISTER, "/groups/finance/delete"),
    ("GET", "audit.index"): (ADMINISTER, "/audit"),
    ("GET", "audit.download"): (ADMINISTER, "/audit/download.csv"),
    ("GET", "tokens.index"): (ADMINISTER, "/tokens"),
    ("POST", "tokens.create"): (ADMINISTER, "/tokens"),
    ("POST", "tokens.revoke"): (ADMINISTER, "/tokens/1/revoke"),
    # The same for all, and needed most by who can't sign in.
    ("GET", "docs.index"): (EVERY, "/docs"),
    ("GET", "docs.show"): (EVERY, "/docs/runbook"),
    ("GET", "docs.file"): (EVERY, "/docs/files/Procfile"),
    ("GET", "welcome.show"): (EVERY, "/welcome/{link}"),
    ("POST", "welcome.accept"): (EVERY, "/welcome/{link}"),
}


@pytest.fixture(scope="module")
def sqlite_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with an order in it. It takes longer to place than one case takes."""
    path = tmp_path_factory.mktemp("roles") / "order.db"
    shutil.copy(sqlite_template, path)
    app = create_core(Settings.load(environment(DATABASE_URL=f"sqlite:///{path}")))
    bells.use(bells.NoBell())
    with app.app_context():
        place_order()
        db.session.remove()
        db.engine.dispose()
    return path


@pytest.fixture
def order() -> int:
    return 1


def html_routes(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not rule.endpoint.startswith("api_")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def filled(path: str, order: int) -> str:
    """The path with ids of things that are there, for whoever was the last to come."""
    if "/secrets/" in path:
        keep("TOKEN")
    if "/groups/" in path:
        group("finance")
    if "/tokens/" in path:
        with transaction.writing() as session:
            people.create_token(session, "shop", "viewer")
    if "{link}" in path or "{nora}" in path:
        nora, url = invite("nora@example.com")
        return path.format(link=url.rpartition("/")[2], nora=nora)
    if "/schedules/" in path:
        make_schedule()
        pause(make_schedule())
    if "{mail" in path:
        template = publish(email("tell", html="<p>Hello.</p>"), key="mails")
        return path.format(mail=begin("mails"), mail_template=template)
    if "{delivery}" not in path and "{message}" not in path:
        return path.format(id=order)
    with transaction.writing() as session:
        user_id = session.scalar(select(func.max(User.id)))
        delivery = tell(session, order, user_id)
        message = InboxMessage(
            user_id=user_id,
            delivery_id=delivery,
            title="Pack failed",
            body="",
            href=f"/instances/{order}",
            created_at=clock.now(),
        )
        if user_id is not None:
            session.add(message)
            session.flush()
        return path.format(id=order, delivery=delivery, message=message.id or 1)


def pause(schedule_id: int) -> None:
    with transaction.writing() as session:
        schedules.pause(
            session, schedule_id, PauseIn(reason="", until=None), "user:operator@example.com"
        )


def test_every_route_is_in_the_matrix(app):
    assert html_routes(app) == set(MATRIX), "enter the route in MATRIX, with who may open it"


def test_every_view_names_its_permission(app):
    for _, endpoint in html_routes(app):
        assert permission_of(endpoint), f"{endpoint}: put @needs(…) on it"


@pytest.mark.parametrize(("method", "endpoint"), MATRIX)
@pytest.mark.parametrize("role", [*Role])
def test_each_role_opens_what_it_may_and_nothing_else(visit, order, method, endpoint, role):
    allowed, path = MATRIX[method, endpoint]
    person = visit(role)
    answer = person.ask(method, filled(path, order))
    status = answer.status_code
    answer.close()
    if allowed == EVERY or role in allowed:
        # 409: the form names no revision of the draft.
        assert status in (200, 302, 303, 409, 422), path
    else:
        assert status == 403, path


@pytest.mark.parametrize(("method", "endpoint"), MATRIX)
def test_a_stranger_is_led_to_the_sign_in(visit, order, method, endpoint):
    allowed, path = MATRIX[method, endpoint]
    answer = visit(None).ask(method, filled(path, order))
    answer.close()
    if allowed == EVERY:
        assert answer.status_code in (200, 401, 422)
    elif method == "GET":
        assert answer.status_code == 302
        assert answer.location.startswith("/sign-in")
    else:
        assert answer.status_code == 401


def test_everybody_is_a_word_that_no_permission_has(app):
    from app.domain.permissions import PERMISSIONS

    assert EVERYBODY not in PERMISSIONS


def test_a_view_that_names_no_permission_is_for_nobody(app, visit):
    app.add_url_rule("/forgotten", "forgotten", lambda: "for nobody")
    answer = visit("admin").get("/forgotten")
    assert answer.status_code == 403
    assert "for nobody" not in answer.text


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("assignee", ["user:viewer@example.com", "role:viewer", "group:finance"])
def test_whose_step_it_is_starts_and_completes_it_and_nothing_else(viewer, assignee, verb):
    group("finance", "viewer@example.com")
    publish(task("pack", assignee=assignee), key="mine")
    path = f"/instances/{begin('mine')}/steps/pack/{verb}"
    allowed = verb in ("start", "complete")
    assert viewer.post(path).status_code == (303 if allowed else 403)


def test_a_viewer_sees_no_buttons(viewer, order):
    page = viewer.get(f"/instances/{order}/steps/pack").text
    assert "data-act" not in page
    assert "/start" not in viewer.get("/templates/1").text
