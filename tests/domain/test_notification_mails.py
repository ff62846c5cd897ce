"""The bodies of a mail that tells somebody something: text, HTML, and the way into the console."""

from app.domain.notification_mails import bodies

LINK = "https://console.example.com/instances/7/steps/ship?view=a&b=c"
ESCAPED = LINK.replace("&", "&amp;")
ABOUT = "Ship <now> · Order 1042"


def mail(text: str = "It failed.", html: str | None = None, link: str | None = LINK):
    return bodies({"subject": "x", "text": text, "html": html}, link, ABOUT)


def test_a_mail_without_html_has_its_text_as_html():
    _, html = mail("One & two <b>.\n\nThree\nfour", link=None)
    assert "<p>One &amp; two &lt;b&gt;.</p>" in html
    assert "<p>Three<br>\nfour</p>" in html


def test_addresses_in_the_text_can_be_clicked_without_the_stop_behind_them():
    _, html = mail("See https://a.example.com/x?y=1&z=2. Or (https://b.example.com).", link=None)
    assert '<a href="https://a.example.com/x?y=1&amp;z=2">' in html
    assert '<a href="https://b.example.com">https://b.example.com</a>).' in html


def test_both_end_with_the_way_into_the_console():
    text, html = mail()
    assert text.endswith(f"\n\n{LINK}\n")
    assert f'<a href="{ESCAPED}">Ship &lt;now&gt; · Order 1042</a>' in html
    assert html.rstrip().endswith("</html>")


def test_a_mail_that_names_the_way_itself_is_left_as_it_is():
    given = f'<p>Go <a href="{ESCAPED}">there</a></p>'
    assert mail(f"Go to {LINK} now", given) == (f"Go to {LINK} now", given)


def test_html_of_its_own_keeps_its_form_and_gets_the_way_before_its_end():
    _, html = mail(html="<html><body><h1>Failed</h1></body></html>")
    assert html.startswith("<html><body><h1>Failed</h1><p><a href=")
    assert html.endswith("</body></html>")
