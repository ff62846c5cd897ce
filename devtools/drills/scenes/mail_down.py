"""The mail server refuses all mail: what failed is sent again, by filter."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from devtools.drills.drill import Drill
from devtools.drills.site import wait_until
from devtools.ports import answers
from devtools.smtp import Conversation, SmtpServer

FAILED = 'runsheet_deliveries_total{channel="EMAIL",outcome="failed"}'
WHY = "relay access denied"
FILTER = {"channel": "EMAIL", "state": "FAILED", "error": WHY}
MAILED = [{"channel": "EMAIL", "trigger": "ON_COMPLETED", "recipients": ["drill@example.com"]}]


class Refusing(Conversation):
    """Takes no mail for anybody, for good."""

    server: RefusingServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def recipient(self, rest: str) -> str:
        return f"550 {WHY}"


class RefusingServer(SmtpServer):
    """A mail server that is set up wrongly, until it is ended."""

    def __init__(self, port: int) -> None:
        self.connections: list[socket.socket] = []
        super().__init__(port, lambda _envelope, _mail: None)
        self.RequestHandlerClass = Refusing
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self) -> None:
        """Hang up too: whoever keeps connections would go on with one of them."""
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def run(drill: Drill) -> None:
    site = drill.site
    failed = drill.value(FAILED)
    key = drill.publish("mailed", MAILED)
    drill.undo.callback(site.let_go, "mail")
    drill.fault("the mail server is set up wrongly and refuses every recipient")
    site.hold("mail")
    refuse = instead_of_the_mail_server(drill)
    orders = drill.begin(key, 2)
    drill.see("their mails have failed", lambda: len(deliveries(drill, orders, "FAILED")) == 2)
    drill.alert_if_grows("RunsheetDeliveriesFailing", FAILED, failed)
    page = f"/deliveries/{deliveries(drill, orders, 'FAILED')[0]['id']}"
    drill.see("a delivery says why", lambda: WHY in site.page(page))
    drill.see("and leads to the cure", drill.leads_to(page, "somebody-was-not-told"))
    drill.cure("mend the mail server, then send again what failed for this reason")
    refuse.end()
    site.let_go("mail")
    wait_until(lambda: answers("127.0.0.1", smtp_port(drill)), "mail is back")
    count = len(site.api("GET", f"/deliveries?{query()}&limit=200")["items"])
    wish = FILTER | {"expected": count, "reason": "A drill: mail is back."}
    site.api("POST", "/deliveries/replay", wish)
    drill.over("everybody has their mail", lambda: len(deliveries(drill, orders, "SENT")) >= 2)


def instead_of_the_mail_server(drill: Drill) -> RefusingServer:
    """One that refuses, in its place."""
    port, server = smtp_port(drill), list[RefusingServer]()

    def listens() -> bool:
        with suppress(OSError):  # the old one has not gone yet
            server.append(RefusingServer(port))
        return bool(server)

    wait_until(listens, "the mail catcher has let go of its port")
    drill.undo.callback(server[0].end)
    return server[0]


def smtp_port(drill: Drill) -> int:
    return urlsplit(drill.site.settings.smtp_url).port or 25


def query() -> str:
    return "&".join(f"{name}={value.replace(' ', '+')}" for name, value in FILTER.items())


def deliveries(drill: Drill, orders: list[int], state: str) -> list[dict[str, object]]:
    """What was sent about these orders and stands so."""
    found = [one for order in orders for one in drill.step(order)["notificationLog"]]
    return [one for one in found if one["state"] == state]
