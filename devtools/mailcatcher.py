"""The mail catcher: takes mail by SMTP, keeps it as .eml files and shows it on a page.

Programs ask `GET /_mails` (newest first, `?after=N`) and empty it with `DELETE /_mails`.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from devtools.mailbox import Mailbox
from devtools.pages import Handler, Server, serve
from devtools.smtp import SmtpServer

SHOWN = 100
# A mail's HTML is a stranger's: no script, no requests, no reach into the page around it.
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)


class MailPage(Server):
    def __init__(self, port: int, mailbox: Mailbox, smtp_port: int) -> None:
        self.mailbox = mailbox
        self.smtp_port = smtp_port
        super().__init__(port, MailHandler)


class MailHandler(Handler):
    server: MailPage  # pyright: ignore[reportIncompatibleVariableOverride]

    def answer(self) -> None:
        self.check_asker()
        control = CONTROLS.get((self.command, self.route))
        if control:
            control(self)
        elif self.command == "GET" and self.route.startswith("/_html/"):
            self.show_html(self.route.removeprefix("/_html/"))
        else:
            self.send_static(self.route.removeprefix("/static/"))

    def show_page(self) -> None:
        self._send_mails("mails.html", 0)

    def show_new(self) -> None:
        self._send_mails("mails_new.html", self.number("after", 0))

    def _send_mails(self, template: str, after: int) -> None:
        mailbox = self.server.mailbox
        newest = mailbox.count  # read first: a mail that comes now is shown by the next look
        mails = [mail for mail in mailbox.newest(after, SHOWN) if mail.id <= newest]
        self.send_page(template, mails=mails, newest=newest, smtp_port=self.server.smtp_port)

    def show_html(self, number: str) -> None:
        mail = self.server.mailbox.get(int(number)) if number.isdecimal() else None
        if mail is None:
            self.send_json({"error": "There is no such mail."}, 404)
            return
        html = mail.html.encode(errors="replace")
        self.send(html, "text/html; charset=utf-8", {"Content-Security-Policy": MAIL_POLICY})

    def list_mails(self) -> None:
        found = self.server.mailbox.newest(after=self.number("after", 0))
        self.send_json([{"from": mail.sender, **asdict(mail)} for mail in found])

    def clear(self) -> None:
        self.server.mailbox.clear()
        if "text/html" in self.headers.get("Accept", ""):
            self.redirect("/")
        else:
            self.send_json({"ok": True})


CONTROLS = {
    ("GET", "/"): MailHandler.show_page,
    ("HEAD", "/"): MailHandler.show_page,
    ("GET", "/_new"): MailHandler.show_new,
    ("GET", "/_mails"): MailHandler.list_mails,
    ("DELETE", "/_mails"): MailHandler.clear,
    ("POST", "/_clear"): MailHandler.clear,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--var", type=Path, required=True)
    options = parser.parse_args()
    mailbox = Mailbox(options.var / "mail")
    smtp = SmtpServer(options.smtp_port, mailbox.keep)
    serve(smtp, MailPage(options.port, mailbox, smtp.port))


if __name__ == "__main__":
    main()
