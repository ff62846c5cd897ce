"""The page of API tokens."""

import re
from datetime import timedelta

import pytest

from app import clock
from app.domain import people
from app.models import ApiToken, AuditEntry
from tests.support.looking import change, look
from tests.web.conftest import Person, said


@pytest.fixture
def admin(visit) -> Person:
    return visit("admin")


def token_on(page) -> str:
    (token,) = re.findall(r"rs_[\w-]{43}", page.text)
    return token


def test_an_empty_list_teaches(admin):
    assert "No tokens yet" in said(admin.get("/tokens"))


def test_a_token_is_shown_once_and_works_until_it_is_revoked(admin):
    answer = admin.post("/tokens", {"name": "shop", "role": "operator"})
    assert answer.headers["Cache-Control"] == "no-store"
    token = token_on(answer)
    page = admin.get("/tokens")
    assert token not in page.text and f"…{token[-4:]}" in said(page)
    assert "by admin@example.com" in said(page)
    headers = {"Authorization": f"Bearer {token}"}
    assert admin.get("/api/workflows/instances", headers=headers).status_code == 200
    assert look(lambda session: session.query(ApiToken.last_used_at).scalar()) is not None

    admin.post("/tokens/1/revoke", {"reason": "It leaked."})
    refused = admin.get("/api/workflows/instances", headers=headers)
    assert refused.status_code == 401
    assert "was revoked" in refused.json["detail"]
    assert "Revoked" in said(admin.get("/tokens"))
    rows = look(lambda session: session.query(AuditEntry).order_by(AuditEntry.id).all())
    assert [(row.action, row.reason) for row in rows] == [
        ("token.created", None),
        ("token.revoked", "It leaked."),
    ]
    assert token not in repr([vars(row) for row in rows])


def test_a_token_ends_when_it_was_said(admin):
    until = (clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    answer = admin.post("/tokens", {"name": "shop", "role": "viewer", "until": until})
    token = token_on(answer)
    clock.travel(timedelta(hours=2))
    refused = admin.get("/api/workflows/users", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 401
    assert "has expired" in refused.json["detail"]
    assert "Expired" in said(admin.get("/tokens"))


def test_the_last_use_is_written_once_a_minute(admin):
    token = change(people.create_token, "shop", "viewer")
    seen = []
    for seconds in (0, 30, 61):
        clock.travel(timedelta(seconds=seconds))
        admin.get("/api/workflows/instances", headers={"Authorization": f"Bearer {token}"})
        seen.append(look(lambda session: session.query(ApiToken.last_used_at).scalar()))
    assert seen[0] == seen[1] < seen[2]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"name": ""}, "at least 1 character"),
        ({"role": "king"}, "Input should be"),
        ({"until": "tomorrow"}, "Write a time such as"),
        ({"until": "2001-01-01T00:00"}, "This time has passed."),
    ],
)
def test_what_is_wrong_stands_at_its_field(admin, wish, words):
    answer = admin.post("/tokens", {"name": "shop", "role": "viewer"} | wish)
    assert answer.status_code == 422
    assert words in said(answer)
    assert look(lambda session: session.query(ApiToken).count()) == 0


def test_the_list_is_narrowed_in_the_url(admin):
    token = change(people.create_token, "shop", "viewer")
    change(people.create_token, "billing", "viewer")
    admin.post("/tokens/1/revoke")
    assert "billing" not in said(admin.get("/tokens?q=SHO"))
    assert "shop" in said(admin.get(f"/tokens?q={token[-4:]}"))
    ended = said(admin.get("/tokens?state=ended"))
    assert "shop" in ended and "billing" not in ended
    assert "No tokens match" in said(admin.get("/tokens?q=nothing"))
