"""Whose a step is, and what that lets them do."""

import pytest

from app.domain import assignments, people
from app.domain.people import Actor
from app.errors import Forbidden, NotFound
from tests.support.cast import group, person
from tests.support.looking import look
from tests.support.marks import both_databases
from tests.support.workflows import begin, publish, task


@pytest.fixture(autouse=True)
def _hash_quickly(hash_quickly):
    """Nobody here signs in."""


def may(actor: Actor, action: str = "complete", key: str = "pack") -> bool:
    try:
        look(lambda session: assignments.require(session, actor, 1, key, action))
    except Forbidden:
        return False
    return True


def theirs(assignee: str | None) -> Actor:
    """A viewer in the group finance, before a step of this assignee."""
    vera = person("vera@example.com", "viewer")
    group("finance", "vera@example.com")
    publish(task("pack", assignee=assignee))
    begin()
    return people.actor_of(vera)


@both_databases
@pytest.mark.parametrize(
    "assignee",
    [
        "user:vera@example.com",
        "user:Vera@Example.com",
        "user:1",
        "role:viewer",
        "group:finance",
        "group:FINANCE",
    ],
)
def test_a_step_of_ones_own_may_be_started_and_completed_whatever_ones_role(app, assignee):
    vera = theirs(assignee)
    assert may(vera, "start") and may(vera, "complete")
    assert not may(vera, "skip") and not may(vera, "fail")


@both_databases
@pytest.mark.parametrize(
    "assignee",
    [None, "Finance", "user:olga@example.com", "user:2", "role:operator", "group:shipping"],
)
def test_a_step_of_others_may_not(app, assignee):
    vera = theirs(assignee)
    assert not may(vera, "start") and not may(vera, "complete")


def test_whoever_operates_asks_nobody(app):
    theirs("user:vera@example.com")
    assert may(people.actor_of(person("otto@example.com")), "skip")


def test_a_program_is_in_no_group_but_has_a_role(app):
    theirs("group:finance")
    program = Actor("api:shop", "viewer", False, token_id=1)
    assert not may(program)
    assert look(lambda s: assignments.names_of(s, program)) == {"role:viewer"}


def test_a_role_includes_those_below_it(app):
    actor = Actor("api:shop", "author", False)
    names = look(lambda session: assignments.names_of(session, actor))
    assert names == {"role:viewer", "role:operator", "role:author"}


def test_a_step_that_is_not_there_is_not_found(app):
    vera = theirs("role:viewer")
    with pytest.raises(NotFound):
        may(vera, key="nothing")
