"""Seeding as a whole: one transaction, so that there is never half of it."""

import os

import click
from flask import current_app
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app import transaction
from app.config import Settings
from app.domain import attempt_lines, audit, people
from app.domain.ledger import SYSTEM
from app.models import WorkflowInstance, WorkflowInstanceStep, WorkflowTemplate
from app.models.vocabulary import InstanceState, State
from app.seeds import cast, documents, stories

RECEIVER = "http://127.0.0.1:8001"  # where bin/dev puts it unless told otherwise


def plant() -> dict[str, str]:
    """Add what is missing. Returns what a newcomer needs to sign in."""
    settings: Settings = current_app.config["SETTINGS"]
    with transaction.writing() as session:
        _say("people", [email for email, _, _ in cast.PEOPLE] * cast.come(session, settings.var))
        receiver = os.environ.get("DEMO_RECEIVER_URL") or RECEIVER
        _say("templates", documents.publish_all(session, receiver))
        if not session.scalar(select(exists().where(WorkflowInstance.id.is_not(None)))):
            with attempt_lines.unsaid():
                _say("instances", stories.tell_all(session, settings))
        return _sign_in(session, settings)


def _say(what: str, added: list[str]) -> None:
    if added:
        click.echo(f"Added {what}: {', '.join(added)}", err=True)


def _sign_in(session: Session, settings: Settings) -> dict[str, str]:
    admin = cast.find(session, cast.ADMIN)
    if admin is None or not admin.active:
        return {"email": "", "password": "", "link": ""}
    token = people.make_sign_in_link(session, admin, _first_page(session))
    audit.record(session, SYSTEM, "user.sign-in-link", "user", admin.email)
    return {
        "email": admin.email,
        "password": cast.password_of(admin, settings.var),
        "link": f"{settings.base_url}/sign-in/link/{token}",
    }


def _first_page(session: Session) -> str:
    """The newest order that waits to be packed: its next steps can be broken and repaired."""
    step, instance, template = WorkflowInstanceStep, WorkflowInstance, WorkflowTemplate
    found = session.scalar(
        select(instance.id)
        .join(template, template.id == instance.template_id)
        .join(step, step.instance_id == instance.id)
        .where(template.key == "order-fulfilment", instance.state == InstanceState.RUNNING)
        .where(step.key == "pack", step.state.in_([State.READY, State.STARTED]))
        .order_by(instance.id.desc())
        .limit(1)
    )
    return f"/instances/{found}" if found else "/"
