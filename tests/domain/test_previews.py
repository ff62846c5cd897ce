"""What a step would send is shown as it would be sent, and nothing is sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.addresses import AllowList
from app.domain.contexts import contexts_of
from app.domain.previews import PREVIEWS, Given, Preview, preview
from app.domain.samples import sample, sample_context
from app.schemas.actions import ACTION_TYPES
from app.schemas.template import TemplateStep
from tests.workers.hostile_servers import OK, answer, receiver
from workers.outbound import Outbound, Request

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTEXT: dict[str, Any] = {
    "input": {"orderId": "A/1", "lines": [{"sku": "MUG"}]},
    "steps": {"reserve": {"state": "COMPLETED", "output": {"ref": "r-1"}}},
    "instance": {"id": 7, "title": "Order A/1"},
}


def shown(
    config: dict[str, Any],
    unknown: set[str] | None = None,
    context: dict[str, Any] = CONTEXT,
    allow: str = "",
) -> Preview:
    full = ACTION_TYPES["AUTOMATION_WEBHOOK"].config.read(config).document()
    given = Given(context=context, now=NOW, token="token-1", allow=AllowList.parse(allow))
    found = preview("AUTOMATION_WEBHOOK", full, given, unknown)
    assert found is not None
    return found


def test_placeholders_are_filled_with_what_the_instance_knows():
    found = shown(
        {
            "url": "https://a.example/orders/{{ input.orderId }}",
            "headers": {"X-Ref": "{{ steps.reserve.output.ref }}"},
            "body": {"lines": "{{ input.lines }}", "by": "{{ instance.title }}"},
        }
    )
    assert found.shown is not None
    assert found.shown["url"] == "https://a.example/orders/A%2F1"
    assert ["X-Ref", "r-1"] in found.shown["headers"]
    assert found.shown["body"] == '{"lines": [{"sku": "MUG"}], "by": "Order A/1"}'
    assert (found.problem, found.assumed) == (None, [])


def test_what_the_preview_shows_is_what_arrives():
    with receiver(answer(OK)) as server:
        config = {"url": server.url("/x?y={{ input.orderId }}"), "body": {"ref": "Ü"}}
        found = shown(
            config | {"headers": {"X-A": "1", "Accept-Encoding": "br"}}, allow="127.0.0.1"
        )
        request = found.shown
        assert request is not None
        own = {"host", "accept-encoding", "user-agent", "content-length"}
        given = [(name, value) for name, value in request["headers"] if name.lower() not in own]
        client = Outbound(AllowList.parse("127.0.0.1"))
        body = request["body"].encode()
        client.send(Request(request["method"], request["url"], given, body))
        client.close()
    head, _, arrived = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /x?y=A%2F1 HTTP/1.1"
    assert sorted(lines[1:]) == sorted(f"{name}: {value}" for name, value in request["headers"])
    assert arrived == body


def test_an_output_that_is_still_to_come_stands_as_its_name():
    config = {"url": "https://a.example/{{ steps.charge.output.ref }}", "body": "{{ input.gone }}"}
    found = shown(config, unknown={"charge"})
    assert found.assumed == ["steps.charge.output.ref"]
    assert found.problem == "input.gone is missing: the step would fail."


def test_a_path_that_leads_nowhere_is_named():
    found = shown({"url": "https://a.example/{{ steps.reserve.output.nope }}"}, unknown={"charge"})
    assert (found.shown, found.assumed) == (None, [])
    assert found.problem == "steps.reserve.output.nope is missing: the step would fail."


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://10.0.0.1/", "not on the public internet"),
        ("http://{{ input.orderId }}/", "The URL has a host name that is not valid"),
    ],
)
def test_an_address_that_would_be_refused_says_so_and_the_request_is_still_shown(
    url: str, says: str
):
    found = shown({"url": url})
    assert found.shown is not None
    assert says in (found.problem or "")


def test_a_secret_stands_as_its_name():
    auth = {"type": "bearer", "secret": "STOCK_TOKEN"}
    found = shown({"url": "https://a.example/", "signingSecret": "STOCK_KEY", "auth": auth})
    assert found.shown is not None
    headers = dict(found.shown["headers"])
    assert "STOCK_TOKEN" in headers["Authorization"]
    assert "STOCK_KEY" in headers["webhook-signature"]


def test_what_people_do_has_no_preview():
    assert preview("MANUAL_TASK", {}, Given(context=CONTEXT, now=NOW)) is None
    assert set(PREVIEWS) <= set(ACTION_TYPES)


def test_a_template_is_shown_with_input_made_up_from_its_schema():
    schema = {
        "type": "object",
        "properties": {
            "orderId": {"type": "string", "examples": ["A-1046"]},
            "total": {"type": "number", "default": 129.9},
            "kind": {"enum": ["new", "old"]},
            "email": {"type": "string", "format": "email"},
            "lines": {"type": "array", "items": {"properties": {"sku": {"type": "string"}}}},
            "gift": {"type": ["null", "boolean"]},
            "count": {"type": "integer", "minimum": 3},
            "any": True,
        },
    }
    steps = [
        TemplateStep.read({"key": "ok", "name": "Ok", "actionType": "APPROVAL"}),
        TemplateStep.read(
            {
                "key": "form",
                "name": "F",
                "actionType": "FORM_INPUT",
                "actionConfig": {"schema": schema},
            }
        ),
    ]
    context = sample_context(schema, steps)
    assert context["input"] == {
        "orderId": "A-1046",
        "total": 129.9,
        "kind": "new",
        "email": "name@example.com",
        "lines": [{"sku": "sku"}],
        "gift": True,
        "count": 3,
        "any": "any",
    }
    assert context["steps"]["ok"]["output"] == {"outcome": "approved"}
    assert context["steps"]["form"]["output"] == context["input"]
    url = "https://a.example/{{ input.orderId }}/{{ steps.x.output.0.id }}/{{ instance.id }}"
    found = shown({"url": url}, context=context)
    assert found.shown is not None
    assert found.shown["url"] == "https://a.example/A-1046/steps.x.output.0.id/instance.id"
    assert found.assumed == ["steps.x.output.0.id", "instance.id"]


@pytest.mark.parametrize("schema", [True, None, [], {}, {"type": "nonsense"}, {"type": []}])
def test_a_schema_that_says_little_still_gives_a_sample(schema: Any):
    assert sample(schema, "name") in ("name", None)


def test_a_schema_without_end_gives_a_sample_all_the_same():
    schema: dict[str, Any] = {"type": "array"}
    schema["items"] = schema
    assert sample(schema, "x")


def test_no_context_is_read_for_no_instance(app):
    from app import transaction

    with transaction.reading() as session:
        assert contexts_of(session.connection(), {404}) == {}
