"""The SMS provider of `devtools/sms_api.py` on a port of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from devtools.sms_api import Sms, SmsApi
from tests.support.receiver import Answer, Got, Receiver, receiving

ACCOUNT, TOKEN, SENDER = "AC0123456789", "the-auth-token-of-the-account", "+15005550006"


@dataclass
class SmsProvider:
    """`receiver.answer` may be replaced by one in trouble."""

    api: SmsApi
    receiver: Receiver

    @property
    def settings(self) -> dict[str, str]:
        return {
            "SMS_API_BASE": self.receiver.url,
            "SMS_ACCOUNT": ACCOUNT,
            "SMS_TOKEN": TOKEN,
            "SMS_FROM": SENDER,
        }

    @property
    def taken(self) -> list[Sms]:
        return self.api.taken

    def answer(self, got: Got) -> Answer:
        return self.api.answer(got.method, got.path, got.headers, got.body)


@contextmanager
def sms_provider() -> Iterator[SmsProvider]:
    with receiving() as receiver:
        provider = SmsProvider(SmsApi(ACCOUNT, TOKEN), receiver)
        receiver.answer = provider.answer
        yield provider
