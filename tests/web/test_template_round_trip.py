"""Export, import, export: the same text, by the API, the command line and the page, as YAML and as
JSON, of the seeded templates and of random ones."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from app import transaction
from app.domain import people, template_import, templates
from app.domain.people import Actor
from app.domain.template_import import Settings
from app.schemas.template import Template
from app.seeds import documents
from tests.api.conftest import Caller
from tests.support import template_strategies
from tests.support.workflows import LOOPBACK
from tests.web.conftest import Person

SEEDS = {one.key: one.document() for one in documents.read_all("http://127.0.0.1:8001")}
FORMS = ("yaml", "json")
SOMEBODY = Actor("user:author@example.com", "author", may_add_automation=True)
Door = tuple[Callable[[str, str], str], Callable[[str, str], None]]


@pytest.fixture
def doors(app, tmp_path: Path, visit) -> dict[str, Door]:
    """By door: how a template is exported in a format, and how a text in that format comes in."""
    person: Person = visit("admin")
    with transaction.writing() as session:
        program = Caller(app, people.create_token(session, "shop", "admin"))

    def id_of(key: str) -> int:
        with transaction.reading() as session:
            row = templates.find_by_key(session, key)
            assert row is not None
            return row.id

    def export_by_api(key: str, form: str) -> str:
        return program.get(f"/templates/{id_of(key)}/export?format={form}").text

    def import_by_api(text: str, form: str) -> None:
        kind = f"application/{form}"
        answer = program.post("/templates/import", raw=text.encode(), content_type=kind)
        assert answer.status_code in (200, 201), answer.text

    def run(*arguments: str) -> Any:
        result = app.test_cli_runner().invoke(args=["templates", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout_bytes.decode()

    def import_by_command(text: str, form: str) -> None:
        file = tmp_path / f"some.{form}"
        file.write_bytes(text.encode())
        run("import", str(file))

    def export_by_page(key: str, form: str) -> str:
        return person.get(f"/templates/{id_of(key)}/export?format={form}").text

    def import_by_page(text: str, form: str) -> None:
        pasted = text.replace("\n", "\r\n")  # as browsers send what stands in a text area
        answer = person.post("/templates/import", {"text": pasted, "do": "import"})
        assert answer.status_code == 303, answer.text

    def import_as_file(text: str, form: str) -> None:
        file = (io.BytesIO(text.encode()), f"some.{form}")
        answer = person.post("/templates/import", {"file": file, "text": "", "do": "import"})
        assert answer.status_code == 303, answer.text

    return {
        "api": (export_by_api, import_by_api),
        "command": (lambda key, form: run("export", key, "--format", form), import_by_command),
        "page": (export_by_page, import_by_page),
        "file": (export_by_page, import_as_file),
    }


def bring(document: dict[str, Any]) -> None:
    with transaction.writing() as session:
        template_import.bring(session, Template.read(document), SOMEBODY, Settings(LOOPBACK))


def check_round_trip(doors: dict[str, Door], document: dict[str, Any]) -> None:
    key = document["key"]
    bring(document)
    exported = {form: doors["api"][0](key, form) for form in FORMS}
    for name, (export, bring_in) in doors.items():
        for form in FORMS:
            assert export(key, form) == exported[form], name
            bring({"key": key, "name": "Something else"})
            bring_in(exported[form], form)
            for other in FORMS:
                assert doors["api"][0](key, other) == exported[other], (name, form)


@pytest.mark.parametrize("key", [*SEEDS])
def test_a_seeded_template_comes_back_as_it_went(doors, key):
    check_round_trip(doors, SEEDS[key])


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(document=template_strategies.templates())
def test_any_template_comes_back_as_it_went(doors, document):
    check_round_trip(doors, document)


def test_descriptions_of_steps_and_of_fields_are_kept(doors):
    document = {
        "key": "order",
        "name": "Order",
        "description": "What it is for.\n\n- one\n- two\n",
        "inputSchema": {
            "type": "object",
            "properties": {"note": {"type": "string", "description": "Said by: the customer."}},
        },
        "steps": [
            {
                "key": "a",
                "name": "A",
                "actionType": "MANUAL_TASK",
                "description": "# Why\n\n`x`: y",
            }
        ],
    }
    check_round_trip(doors, document)
    text = doors["command"][0]("order", "yaml")
    assert "Said by: the customer." in text
    assert "# Why" in text
