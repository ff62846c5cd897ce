"""For every channel a provider in one's hand, that can be told to take, refuse, put off, hang up or
hang; and messages for it. The conformance test asks them all the same questions."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.config import Settings
from app.domain.addresses import AllowList
from app.domain.outcomes import Outcome
from app.domain.push import encoded, public_key
from app.domain.secret_values import SecretValue
from app.models.vocabulary import Channel
from devtools.smtp import Conversation, SmtpServer
from tests.conftest import environment
from tests.support.push_service import push_service
from tests.support.receiver import Answer, Got, Receiver, receiving
from tests.support.sms_provider import ACCOUNT, TOKEN, sms_provider
from workers.channels import SENDERS, Message, PushTarget
from workers.mailer import Mailer
from workers.outbound import CancelToken, Outbound
from workers.tools import Tools

VAPID_KEY = "S0hVJQDPsVdxrm1wc1Q7Gq8cFSeuXY8lTvQ0SmAGSaI"
LINK = "http://127.0.0.1:8000/instances/1042/steps/book-carrier"


class HangUp(Exception):
    """Ends the connection before there is an answer."""


@dataclass
class Rig:
    """One channel and the other end of it.

    tell    how the other end behaves from now on: take, refuse, put_off, hang_up, hang, echo
    tokens  the deliveries' tokens it saw, one for each request; None: the protocol has no place
    secrets what no log may show
    lacks   a setting without which the channel is not ready
    shut    ends the other end: nobody listens any more
    """

    channel: Channel
    settings: dict[str, str]
    parts: dict[str, Any]
    tell: Callable[[str], None]
    arrived: Callable[[int], object]
    tokens: Callable[[], list[str]] | None
    secrets: tuple[str, ...] = ()
    lacks: str | None = None
    shut: Callable[[], None] = lambda: None
    freed: threading.Event = field(default_factory=threading.Event)
    receiver: Receiver = field(default_factory=Receiver)

    def __post_init__(self) -> None:
        self.loaded = Settings.load(
            environment(DATABASE_URL="sqlite:////nonexistent/x.db", **self.settings)
        )
        outbound = Outbound(AllowList.parse("127.0.0.1"))
        self.tools = Tools(self.loaded, outbound, Mailer(self.loaded.smtp_url))

    def send(
        self, token: str, *, cancel: CancelToken | None = None, timeout: float = 10
    ) -> Outcome:
        message = Message(
            token=token, channel=self.channel, link=LINK, timeout=timeout, **self.parts
        )
        return SENDERS[self.channel](message, self.tools, cancel or CancelToken())

    def close(self) -> None:
        self.freed.set()
        self.tools.outbound.close()
        self.tools.mailer.close()


def http_behaviour(
    receiver: Receiver, freed: threading.Event, takes: Callable[[Got], Answer]
) -> Callable[[str], None]:
    def hang_up(_got: Got) -> Answer:
        raise HangUp

    def echo(got: Got) -> Answer:
        return 400, {"X-Said": got.headers.get("authorization", "")}, str(got).encode()

    def hang(got: Got) -> Answer:
        freed.wait(30)
        return takes(got)

    behaviours: dict[str, Callable[[Got], Answer]] = {
        "take": takes,
        "refuse": lambda _got: (400, {}, b'{"code":21211,"message":"no","error":"no"}'),
        "put_off": lambda _got: (503, {"Retry-After": "7"}, b"{}"),
        "hang_up": hang_up,
        "hang": hang,
        "echo": echo,
    }

    def tell(how: str) -> None:
        receiver.answer = behaviours[how]

    return tell


@contextmanager
def sms() -> Iterator[Rig]:
    freed = threading.Event()
    with sms_provider() as provider:
        yield Rig(
            channel=Channel.SMS,
            settings=provider.settings,
            parts={
                "recipient": "+15005550010",
                "address": "+15005550010",
                "content": {"text": "Book carrier failed."},
            },
            tell=http_behaviour(provider.receiver, freed, provider.answer),
            arrived=provider.receiver.wait_for,
            tokens=None,  # Twilio knows no idempotency key
            secrets=(TOKEN, ACCOUNT),
            lacks="SMS_TOKEN",
            shut=provider.receiver.close,
            freed=freed,
        )


@contextmanager
def push() -> Iterator[Rig]:
    freed = threading.Event()
    with push_service() as service:
        browser = service.subscribe(public_key(VAPID_KEY))
        target = PushTarget(1, browser.endpoint, browser.p256dh, encoded(browser.auth))
        yield Rig(
            channel=Channel.PUSH,
            settings={"VAPID_PRIVATE_KEY": VAPID_KEY},
            parts={
                "recipient": "user:ada@example.com",
                "address": "7",
                "content": {"title": "Book carrier failed", "body": "503 from carrier"},
                "targets": (target,),
            },
            tell=http_behaviour(service.receiver, freed, service.answer),
            arrived=service.receiver.wait_for,
            tokens=lambda: [_with_dashes(r.headers["topic"]) for r in service.receiver.requests],
            secrets=(VAPID_KEY, browser.path, encoded(browser.auth)),
            lacks="VAPID_PRIVATE_KEY",
            shut=service.receiver.close,
            freed=freed,
        )


def _with_dashes(topic: str) -> str:
    return "-".join((topic[:8], topic[8:12], topic[12:16], topic[16:20], topic[20:]))


@contextmanager
def chat() -> Iterator[Rig]:
    freed = threading.Event()
    with receiving() as receiver:
        port = receiver.url.rpartition(":")[2]
        yield Rig(
            channel=Channel.CHAT,
            settings={"APPRISE_URLS": f"ops=gotify://127.0.0.1:{port}/a-secret-token"},
            parts={
                "recipient": "chat:ops",
                "address": "ops",
                "content": {"text": "Book carrier failed."},
            },
            tell=http_behaviour(receiver, freed, lambda _got: (200, {}, b"{}")),
            arrived=receiver.wait_for,
            tokens=None,  # Apprise takes no id
            secrets=("a-secret-token", "gotify://"),
            lacks="APPRISE_URLS",
            shut=receiver.close,
            freed=freed,
        )


@contextmanager
def webhook() -> Iterator[Rig]:
    freed = threading.Event()
    with receiving() as receiver:
        url = f"{receiver.url}/hooks/ops"
        yield Rig(
            channel=Channel.WEBHOOK,
            settings={},
            parts={
                "recipient": url,
                "address": url,
                "content": {"body": {"step": "Book carrier"}},
                "signing_secret": "OPS_KEY",
                "secrets": {"OPS_KEY": SecretValue("OPS_KEY", "a-signing-secret-of-ours")},
            },
            tell=http_behaviour(receiver, freed, lambda _got: (200, {}, b"{}")),
            arrived=receiver.wait_for,
            tokens=lambda: [got.token for got in receiver.requests],
            secrets=("a-signing-secret-of-ours",),
            receiver=receiver,
            shut=receiver.close,
            freed=freed,
        )


class _Told(Conversation):
    """A mail server that behaves as told."""

    def recipient(self, rest: str) -> str:
        how = vars(self.server)["how"]
        if how == "refuse":
            return "550 5.1.1 No such mailbox."
        return "451 4.3.0 Not now." if how == "put_off" else super().recipient(rest)

    def read_mail(self) -> bytes | None:
        mail = super().read_mail()
        told = vars(self.server)
        with told["arrived"]:
            told["mails"].append(mail)
            told["arrived"].notify_all()
        if told["how"] == "hang_up":
            raise HangUp
        if told["how"] == "hang":
            told["freed"].wait(30)
        return mail


@contextmanager
def email() -> Iterator[Rig]:
    freed, arrived, mails = threading.Event(), threading.Condition(), list[bytes]()
    server = SmtpServer(0, lambda _envelope, _mail: None)
    server.RequestHandlerClass = _Told  # type: ignore[assignment]
    told = {"how": "take", "freed": freed, "arrived": arrived, "mails": mails}
    vars(server).update(told)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def wait(count: int) -> None:
        with arrived:
            assert arrived.wait_for(lambda: len(mails) >= count, 30)

    def close() -> None:
        server.shutdown()
        server.server_close()

    try:
        yield Rig(
            channel=Channel.EMAIL,
            settings={"SMTP_URL": f"smtp://127.0.0.1:{server.port}"},
            parts={
                "recipient": "ada@example.com",
                "address": "ada@example.com",
                "content": {"subject": "Book carrier failed", "text": "503.", "html": None},
            },
            tell=lambda how: vars(server).update(how=how),
            arrived=wait,
            tokens=lambda: [_message_id(mail) for mail in mails],
            lacks="SMTP_URL",
            shut=close,
            freed=freed,
        )
    finally:
        close()


def _message_id(mail: bytes) -> str:
    lines = mail.decode().splitlines()
    (line,) = [line for line in lines if line.lower().startswith("message-id:")]
    return line.partition("<")[2].partition("@")[0]


@contextmanager
def in_app() -> Iterator[Rig]:
    yield Rig(
        channel=Channel.IN_APP,
        settings={},
        parts={
            "recipient": "user:ada@example.com",
            "address": "7",
            "content": {"title": "Book carrier failed", "body": ""},
        },
        tell=lambda _how: None,
        arrived=lambda _count: None,
        tokens=None,
    )


RIGS = {
    Channel.EMAIL: email,
    Channel.SMS: sms,
    Channel.PUSH: push,
    Channel.CHAT: chat,
    Channel.IN_APP: in_app,
    Channel.WEBHOOK: webhook,
}


@contextmanager
def rig_of(channel: Channel) -> Iterator[Rig]:
    with ExitStack() as stack:
        rig = stack.enter_context(RIGS[channel]())
        stack.callback(rig.close)
        yield rig


def logged(outcome: Outcome) -> str:
    """All that is kept of a try."""
    kept = [outcome.request, outcome.response, outcome.output, outcome.error, outcome.provider_id]
    return json.dumps(kept, ensure_ascii=False)
