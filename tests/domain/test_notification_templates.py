"""What notifications say: drafts, versions, and what keeps one from being published."""

from pathlib import Path

import pytest

from app.domain import notification_templates, notification_uses
from app.domain.liquid import NotRenderable
from app.domain.liquid_engine import TAGS
from app.domain.notification_contents import faults, render
from app.domain.notification_context import known_paths, of_instance, sample
from app.errors import Conflict, DraftIsStale, Invalid, NotFound
from app.schemas.notification_template import NotificationTemplateDraft, NotificationTemplateIn
from tests.support.looking import change, instance_of, look, step_of
from tests.support.workflows import AUTHOR, begin, publish, task, webhook

SMS = {"SMS": {"text": "{{ step.name }} of {{ instance.title }} failed"}}


def write(key: str = "pager", content: object = None, **more: object) -> str:
    wish = {"key": key, "name": "Pager", "content": SMS if content is None else content} | more
    return change(notification_templates.create, NotificationTemplateIn.read(wish), AUTHOR).key


def rewrite(content: object, key: str = "pager", revision: int | None = None):
    draft = NotificationTemplateDraft.read({"name": "Pager", "content": content})
    return change(notification_templates.replace_draft, key, draft, AUTHOR, revision)


def freeze(key: str = "pager"):
    return change(notification_templates.publish, key, AUTHOR, sample(), "Shorter.")


def paths(fault: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [error.path for error in fault.value.errors]


def test_a_published_version_never_changes(app):
    write()
    first = freeze()
    rewrite({"SMS": {"text": "Something else"}})
    assert (first.number, first.content["SMS"]) == (1, SMS["SMS"])
    assert freeze().number == 2
    row = look(lambda session: notification_templates.find(session, "pager"))
    assert (row.newest_version, row.draft["SMS"]["text"]) == (2, "Something else")


def test_a_draft_is_replaced_only_by_who_has_read_it(app):
    write()
    assert rewrite(SMS, revision=1).draft_revision == 2
    with pytest.raises(DraftIsStale) as stale:
        rewrite(SMS, revision=1)
    changed_at = look(lambda s: notification_templates.find(s, "pager").updated_at)
    assert stale.value.extra == {"draftRevision": 2, "updatedBy": AUTHOR, "updatedAt": changed_at}


def test_a_key_is_taken_once(app):
    write()
    with pytest.raises(Conflict, match="already"):
        write()


def test_a_channel_on_which_it_says_nothing_is_left_out(app):
    write(content=SMS | {"EMAIL": None})
    assert look(lambda s: notification_templates.find(s, "pager").draft) == SMS


def test_what_is_no_liquid_is_told_at_its_field_with_its_line(app):
    content = {
        "EMAIL": {"subject": "{{ step.name", "text": "a\n{% if x %}", "html": "{% endfor %}"},
        "SMS": {"text": "fine"},
        "WEBHOOK": {"body": {"deep": ["{% nonsense %}"]}},
    }
    with pytest.raises(Invalid) as fault:
        write(content=content)
    assert paths(fault) == [
        "content.EMAIL.subject",
        "content.EMAIL.text",
        "content.EMAIL.html",
        "content.WEBHOOK.body",
    ]
    assert fault.value.errors[0].message == "Line 1: '{{' has no closing '}}'."


def test_nothing_can_not_be_published(app):
    write(content={})
    with pytest.raises(Invalid, match="as it should be") as fault:
        freeze()
    assert paths(fault) == ["content"]


def test_a_name_that_no_notification_knows_is_told_with_the_nearest_that_one_does(app):
    write(content={"SMS": {"text": "{{ step.name }}\n{{ step.eror }} {{ nobody }}"}})
    with pytest.raises(Invalid) as fault:
        freeze()
    assert [error.message for error in fault.value.errors] == [
        "Line 2: no notification knows step.eror. Did you mean step.error?",
        "Line 2: no notification knows nobody. Known are alert, input, instance, product, "
        "recipient, round, step, steps, trigger.",
    ]


def test_what_fails_when_it_is_rendered_can_not_be_published(app):
    write(content={"SMS": {"text": "{{ step.name | date: '%H' }}"}})
    with pytest.raises(Invalid) as fault:
        freeze()
    assert fault.value.errors[0].message == "Line 1: 'Charge card' is not a time."


def test_what_only_a_workflow_knows_is_not_judged():
    text = "{{ input.when | date: '%H' }}{{ steps.reserve.output.ref }}{% assign a = 1 %}{{ a }}"
    assert faults({"text": text}, "SMS", sample(), "text") == []


def test_a_subject_is_one_line_and_not_too_long():
    content = {"subject": "a\n{{ input.long }}", "text": "a\nb", "html": None}
    said = render(content, "EMAIL", {"input": {"long": "x" * 999}})
    assert said["subject"].startswith("a xxx") and len(said["subject"]) == 300
    assert said["text"] == "a\nb"


def test_only_the_html_of_a_mail_is_escaped():
    content = {"subject": "{{ input.n }}", "text": "{{ input.n }}", "html": "<p>{{ input.n }}</p>"}
    said = render(content, "EMAIL", {"input": {"n": "<b>"}})
    assert said == {"subject": "<b>", "text": "<b>", "html": "<p>&lt;b&gt;</p>"}


def test_a_webhook_s_body_keeps_values_that_stand_alone():
    content = {
        "body": {"lines": "{{ input.lines }}", "n": 1, "say": ["{{ input.lines.size }} lines"]}
    }
    said = render(content, "WEBHOOK", {"input": {"lines": [{"sku": "A"}]}})
    assert said == {"body": {"lines": [{"sku": "A"}], "n": 1, "say": ["1 lines"]}}


def test_what_can_not_be_rendered_names_the_field_and_the_path():
    with pytest.raises(NotRenderable, match=r"title: line 1: step\.name is missing") as fault:
        render({"title": "{{ step.name }}", "body": ""}, "PUSH", {"step": None})
    assert fault.value.path == "step.name"


def notify(**more: object) -> dict[str, object]:
    return {"channel": "SMS", "trigger": "ON_FAILED", "recipients": ["role:operator"]} | more


def uses(key: str) -> list[tuple[object, ...]]:
    return [
        (use.template_key, use.version, use.step_key, use.channel, use.trigger)
        for use in look(lambda session: notification_uses.used_by(session, key))
    ]


def test_its_uses_are_found_in_versions_and_drafts(app):
    write()
    freeze()
    escalate = [{"after": "PT1H", "to": ["role:admin"], "channel": "CHAT", "template": "pager"}]
    publish(
        webhook("charge", notificationPolicies=[notify(template="pager")]),
        task(
            "pack",
            notificationPolicies=[
                notify(
                    trigger="ON_READY",
                    escalate=escalate,
                    fallback={"channel": "EMAIL", "template": "pager"},
                    remind={"every": "PT1H", "times": 2},
                )
            ],
        ),
        notificationPolicies=[notify(trigger="ON_ATTENTION", template="pager")],
    )
    assert uses("pager") == [
        ("order", 1, None, "SMS", "ON_ATTENTION"),
        ("order", 1, "charge", "SMS", "ON_FAILED"),
        ("order", 1, "pack", "EMAIL", "ON_READY"),
        ("order", 1, "pack", "CHAT", "ESCALATION"),
    ]
    assert uses("step-ready") == [("order", 1, "pack", "SMS", "ON_READY")]
    assert uses("step-reminder") == [("order", 1, "pack", "SMS", "REMINDER")]
    assert look(notification_uses.counts)["pager"] == 1


def test_what_is_published_and_used_can_not_be_archived(app):
    write()
    freeze()
    publish(webhook("charge", notificationPolicies=[notify(template="pager")]), name="Orders")
    with pytest.raises(Conflict, match=r"It is in use: Orders v1\.") as refusal:
        change(notification_templates.archive, "pager", AUTHOR)
    assert refusal.value.extra["usedBy"][0]["stepKey"] == "charge"


def test_what_is_not_used_can_be_archived_and_comes_back_when_it_is_saved(app):
    write()
    change(notification_templates.archive, "pager", AUTHOR)
    change(notification_templates.archive, "pager", AUTHOR)
    with pytest.raises(Conflict, match="archived"):
        freeze()
    assert rewrite(SMS).archived_at is None
    assert freeze().number == 1


def test_what_comes_with_runsheet_can_be_changed_but_not_archived(app):
    rewrite(SMS, "step-failed")
    with pytest.raises(Conflict, match="names no template"):
        change(notification_templates.archive, "step-failed", AUTHOR)


def test_what_is_not_there_is_not_found(app):
    with pytest.raises(NotFound):
        freeze("nobody-wrote-this")


@pytest.mark.parametrize("step", [None, "pack"])
def test_a_real_occasion_has_the_shape_that_samples_promise(app, step):
    publish(task("pack", assignee="role:operator", dueIn="PT4H"))
    instance_id = begin(orderId="A-1")
    context = of_instance(
        instance_of(instance_id),
        step_of(instance_id, "pack") if step else None,
        trigger="ON_READY",
        base_url="https://runsheet.example.com",
    )
    assert shape(context) == shape(sample("ON_READY", instance=step is None))
    assert context["input"] == {"orderId": "A-1"}
    for path in known_paths():
        root, _, leaf = path.partition(".")
        assert root in context
        assert not leaf or context[root] is None or leaf in context[root]


def shape(context: object) -> object:
    found = dict(context)  # type: ignore[call-overload]
    return {
        name: set(part) if isinstance(part, dict) and name not in ("input", "steps") else None
        for name, part in found.items()
    }


def test_all_that_texts_can_read_is_documented():
    page = Path(__file__).parents[2] / "docs" / "authoring" / "what-notifications-say.md"
    text = page.read_text()
    assert [path for path in known_paths() if f"`{path}`" not in text] == []


def test_all_tags_are_documented():
    page = Path(__file__).parents[2] / "docs" / "authoring" / "what-notifications-say.md"
    named = page.read_text()
    tags = TAGS - {"content", "output", "illegal"}
    assert [tag for tag in tags if f"`{tag}`" not in named] == []
