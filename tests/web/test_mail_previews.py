"""The mail a step would send, and those it sent, on the pages of its template and its instance."""

import pytest

from app.domain.outcomes import Outcome
from tests.support.looking import do
from tests.support.mail_server import MailServer
from tests.support.mailing import carry_out_mail, email
from tests.support.workflows import begin, publish, task, webhook, work
from tests.web.conftest import said

SCHEMA = {
    "type": "object",
    "properties": {
        "email": {"type": "string"},
        "name": {"type": "string", "examples": ["Ann"]},
        "order": {"type": "string"},
        "gone": {"type": "string"},
    },
}
HTML = "<h1>Thank you, {{ input.name }}</h1><script>alert(1)</script>"
MAIL = {
    "to": ["{{ input.name }} <{{ input.email }}>"],
    "cc": ["{{ steps.pack.output.by }}"],
    "bcc": ["archive@example.com"],
    "replyTo": "shop@example.com",
    "subject": "Order {{ input.order }}",
    "text": "Thank you, {{ input.name | upcase }}. Ref {{ steps.pack.output.ref }}.",
    "html": HTML,
}
INPUT = {"email": "bo@example.com", "name": "Bo <b>", "order": "A-7"}
FRAME = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def mail_step(key="order", **more):
    mail = email("confirm", "pack", **(MAIL | more))
    publish(task("pack"), mail, key=key, inputSchema=SCHEMA)


def test_a_template_shows_the_mail_with_made_up_input(viewer, app):
    mail_step()
    page = viewer.get("/templates/1?step=confirm")
    text = said(page)
    assert "The input is made up from the template's schema." in text
    assert "To Ann <name@example.com>" in text
    assert "Cc steps.pack.output.by@example.com" in text
    assert "Bcc archive@example.com stands nowhere in the mail" in text
    assert "Reply-To shop@example.com Subject Order order" in text
    assert "Message-ID made when the step is ready" in text
    assert "Thank you, ANN. Ref steps.pack.output.ref." in text
    names = "steps.pack.output.by, steps.pack.output.ref"
    assert f"Not known yet, so they stand as their names: {names}" in text
    frame = viewer.get("/templates/1/steps/confirm/mail")
    assert "<h1>Thank you, Ann</h1>" in frame.get_data(as_text=True)
    assert 'src="/templates/1/steps/confirm/mail"' in page.get_data(as_text=True)


def test_or_with_the_input_of_an_instance(viewer, app):
    mail_step()
    number = begin(**INPUT)
    page = viewer.get(f"/templates/1?step=confirm&instance=%23{number}")
    text = said(page)
    assert "made up" not in text
    assert "Subject Order A-7" in text and "Thank you, BO <B>." in text
    src = f"/templates/1/steps/confirm/mail?instance={number}"
    assert f'src="{src}"' in page.get_data(as_text=True)
    assert "Thank you, Bo &lt;b&gt;" in viewer.get(src).get_data(as_text=True)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("999", "There is no such instance"),
        ("x", "Write the number of an instance, such as 1042."),
        ("٤", "Write the number of an instance, such as 1042."),
        ("1" * 30, "Write the number of an instance, such as 1042."),
    ],
)
def test_an_instance_that_is_none_is_said_and_the_input_is_made_up(viewer, app, asked, words):
    mail_step()
    text = said(viewer.get("/templates/1", query_string={"step": "confirm", "instance": asked}))
    assert words in text
    assert "The input is made up from the template's schema." in text
    assert "To Ann <name@example.com>" in text


def test_an_instance_of_another_template_is_named(viewer, app):
    mail_step()
    publish(task("other"), key="another", name="Another")
    number = begin("another")
    text = said(viewer.get(f"/templates/1?step=confirm&instance={number}"))
    assert f"Instance {number} is one of Another." in text


def test_a_step_to_come_shows_the_mail_with_the_instances_own_input(viewer, operator, app):
    mail_step()
    number = begin(**INPUT)
    before = said(viewer.get(f"/instances/{number}/steps/confirm"))
    assert "Bo <b>" in before and "bo@example.com" in before
    assert "Cc steps.pack.output.by@example.com" in before
    do(number, "complete", "pack", output={"by": "jo@example.com", "ref": "r-1"})
    after = said(viewer.get(f"/instances/{number}/steps/confirm"))
    assert "Cc jo@example.com" in after and "Ref r-1." in after
    assert "Not known yet" not in after and "made when the step is ready" not in after
    frame = viewer.get(f"/instances/{number}/steps/confirm/mail")
    assert "Thank you, Bo &lt;b&gt;" in frame.get_data(as_text=True)


def test_what_would_go_wrong_is_said_before_it_does(viewer, app):
    mail_step(cc=["{{ input.gone }}"])
    text = said(viewer.get(f"/instances/{begin(**INPUT)}/steps/confirm"))
    assert "It can't be sent like this. input.gone is missing: the step would fail." in text
    mail_step("second", cc=[], subject="{{ input.gone | upcase }}")
    text = said(viewer.get(f"/instances/{begin('second', **INPUT)}/steps/confirm"))
    assert "No mail could be made: subject, line 1: input.gone is missing." in text


def test_a_recipient_that_is_none_is_named_and_loses_no_other(viewer, app):
    mail_step(cc=["{{ input.order }}", "bob@example.com"])
    text = said(viewer.get(f"/instances/{begin(**INPUT)}/steps/confirm"))
    assert "Cc bob@example.com" in text
    assert "Not to A-7 This is no mail address." in text
    assert "It can't be sent" not in text


def test_with_nobody_left_it_says_that_no_mail_would_go_out(viewer, app):
    mail_step(to=["{{ input.order }}"], cc=[], bcc=[])
    text = said(viewer.get(f"/instances/{begin(**INPUT)}/steps/confirm"))
    assert "It can't be sent like this. No mail was sent: nobody can get it." in text
    made_up = said(viewer.get("/templates/1?step=confirm"))
    assert "It can't be sent" not in made_up


def test_what_was_sent_is_shown_as_a_mail_and_its_html_in_a_frame(viewer, app, settings):
    publish(email("confirm", to=["ann@example.com"], bcc=["joann@example.com"], html=HTML))
    number = begin(name="Ann")
    with MailServer() as server:
        carry_out_mail(settings, server)
    page = viewer.get(f"/instances/{number}/steps/confirm")
    text = said(page)
    assert "To ann@example.com Bcc joann@example.com" in text
    assert "Key the receiver sees (Message-ID)" in text
    assert "SMTP 250 taken Taken for ann@example.com, joann@example.com" in text
    src = f"/instances/{number}/steps/confirm/mail?attempt=1"
    assert f'sandbox loading="lazy" src="{src}"' in page.get_data(as_text=True)
    assert "<h1>Thank you, Ann</h1>" in viewer.get(src).get_data(as_text=True)


def test_who_has_the_mail_already_is_not_shown_as_a_recipient_of_the_next_try(
    viewer, app, settings
):
    late = {"RCPT": lambda line: "450 later" if "late" in line else "250 ok"}
    publish(email("confirm", to=["ann@example.com"], bcc=["late@example.com", "b@example.com"]))
    number = begin()
    with MailServer(late) as server:
        assert carry_out_mail(settings, server).verdict == "retry"
    text, _, preview = said(viewer.get(f"/instances/{number}/steps/confirm")).partition("Preview")
    assert "Taken for ann@example.com, b@example.com Not for late@example.com 450 later" in text
    assert "Bcc late@example.com stands nowhere" in preview


def test_a_browser_that_would_show_a_mail_as_a_page_is_refused(viewer, app):
    publish(task("pack"), email("confirm", "pack", html="<p>Hello.</p>"))
    path = "/templates/1/steps/confirm/mail"
    assert viewer.get(path, headers={"Sec-Fetch-Dest": "iframe"}).status_code == 200
    refused = viewer.get(path, headers={"Sec-Fetch-Dest": "document"})
    assert refused.status_code == 403
    assert "shown in its frame alone" in said(refused)
    assert "<p>Hello.</p>" not in refused.text


@pytest.mark.parametrize("place", ["templates/1", "instances/1"])
def test_html_of_an_author_can_do_nothing_in_its_frame(viewer, app, place):
    mail_step()
    begin(**INPUT)
    frame = viewer.get(f"/{place}/steps/confirm/mail")
    assert frame.headers["Content-Security-Policy"].startswith(FRAME)
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_where_there_is_no_html_there_is_no_frame(viewer, app):
    publish(task("pack"), webhook("ship"), email("plain"))
    number = begin()
    for place in ("templates/1", f"instances/{number}"):
        for key in ("pack", "ship", "plain", "gone"):
            assert viewer.get(f"/{place}/steps/{key}/mail").status_code == 404
    for attempt in ("0", "1", "-1", "x", "9" * 20):
        path = f"/instances/{number}/steps/plain/mail?attempt={attempt}"
        assert viewer.get(path).status_code == 404


def test_a_failed_attempt_without_a_mail_shows_none(viewer, app):
    publish(email("plain"))
    number = begin()
    work(Outcome(verdict="failed", error="No mail was made"))
    assert viewer.get(f"/instances/{number}/steps/plain/mail?attempt=1").status_code == 404
