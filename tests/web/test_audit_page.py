"""The audit's page: it tells, it finds, it leads to the thing, and goes out as a file."""

import csv
import io
import json

import pytest

from app import transaction
from app.domain import audit
from app.web import audit_files
from tests.support.secrets import keep
from tests.support.workflows import begin, publish, task
from tests.web.conftest import said


@pytest.fixture
def admin(visit):
    return visit("admin")


def write(subject="secret", subject_id="KEY", *, actor="user:ann@example.com", verb="rotated", **m):
    with transaction.writing() as session:
        audit.record(session, actor, f"{subject}.{verb}", subject, subject_id, **m)


def rows(page):
    return page.text.count("<tr id=")


def test_it_says_who_did_what_to_what_why_and_what_was_before(app, admin):
    write(reason="It leaked.", before={"hosts": ["a.example.com"]}, after={"hosts": ["b.de"]})
    page = said(admin.get("/audit"))
    assert "ann@example.com secret.rotated secret KEY" in page
    assert 'It leaked. hosts ["a.example.com"] ["b.de"]' in page


def test_an_empty_audit_teaches_and_an_empty_search_offers_to_clear(app, admin):
    assert "Nobody did anything yet" in said(admin.get("/audit"))
    page = admin.get("/audit?q=nothing")
    assert "No entries match these filters" in said(page)
    assert 'href="/audit"' in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("actor=ann", 2),
        ("actor=api:shop", 1),
        ("action=secret", 1),
        ("action=step.skipped", 2),
        ("subject=step", 2),
        ("subject=step&id=7", 1),
        ("q=leaked", 1),
        ("since=2000-01-01", 3),
        ("until=2000-01-01", 0),
        ("since=2000-01-01T00:00:00Z&until=2999-12-31", 3),
        ("q=%00&actor=+", 3),
        ("cursor=1", 0),
        ("cursor=x", 3),
    ],
)
def test_filters_stand_in_the_url(app, admin, query, found):
    write(reason="It leaked.")
    write("step", "7/ship", verb="skipped")
    write("step", "71/ship", actor="api:shop", verb="skipped")
    assert rows(admin.get(f"/audit?{query}")) == found


@pytest.mark.parametrize("name", ["since", "until"])
def test_a_time_that_is_none_is_said_at_its_field_and_kept(app, admin, name):
    page = admin.get(f"/audit?{name}=tomorrow")
    assert page.status_code == 422
    assert "'tomorrow' is not a time" in said(page)
    assert 'value="tomorrow"' in page.text
    assert f'aria-describedby="{name}-fault"' in page.text


def test_a_day_is_meant_to_its_end(app, admin):
    write()
    day = audit_day()
    assert rows(admin.get(f"/audit?since={day}&until={day}")) == 1


def audit_day():
    from app import clock

    return clock.now().date().isoformat()


def test_older_ones_are_on_the_next_page_with_the_same_filters(app, admin):
    for number in range(60):
        write(subject_id=f"KEY_{number}")
    first = admin.get("/audit?subject=secret")
    assert rows(first) == 50
    older = first.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    second = admin.get(older.replace("&amp;", "&"))
    assert rows(second) == 10
    assert "KEY_0<" in second.text


def test_a_line_leads_to_its_thing_wherever_that_still_is(app, admin):
    template = publish(task("pack"))
    begin()
    keep("KEY", "a value", "a.example.com")
    write("secret", "KEY")
    write("secret", "GONE", verb="deleted")
    write("step", "1/pack", verb="skipped")
    write("user", "admin@example.com", verb="changed")
    write("user", "nobody@example.com", verb="changed")
    page = admin.get("/audit").text
    for path in ("/secrets/KEY", "/instances/1/steps/pack", "/people/1", f"/templates/{template}"):
        assert f'href="{path}"' in page
        assert admin.get(path).status_code == 200
    assert 'href="/secrets/GONE"' not in page
    assert '<span class="row-title">nobody@example.com</span>' in page


def test_all_that_match_can_be_downloaded(app, admin, monkeypatch):
    monkeypatch.setattr(audit_files, "AT_ONCE", 2)
    for number in range(5):
        write(subject_id=f"KEY_{number}", after={"hosts": ["ü.de"]})
    write("step", "1/pack", verb="skipped")
    answer = admin.get("/audit/download.csv?subject=secret")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["subjectId"] for line in lines] == [f"KEY_{n}" for n in (4, 3, 2, 1, 0)]
    assert lines[0]["after"] == '{"hosts":["ü.de"]}'
    listed = json.loads(admin.get("/audit/download.json?subject=secret").text)
    assert [one["subjectId"] for one in listed] == [line["subjectId"] for line in lines]
    assert json.loads(admin.get("/audit/download.json?q=nothing").text) == []


@pytest.mark.parametrize("text", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(app, admin, text):
    write(reason=text)
    (line,) = csv.DictReader(io.StringIO(admin.get("/audit/download.csv?subject=secret").text))
    assert line["reason"] == f"'{text}"


def test_a_download_refuses_times_that_are_none(app, admin):
    assert admin.get("/audit/download.csv?since=x").status_code == 422


@pytest.mark.parametrize("role", ["viewer", "operator", "author"])
def test_only_admins_are_led_there(app, visit, role):
    assert 'href="/audit"' not in visit(role).get("/").text
