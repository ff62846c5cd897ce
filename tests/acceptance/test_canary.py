"""One secret is planted and used in every way there is, at receivers that say everything back. Then
it is looked for wherever something is kept or shown: it stands nowhere outside its ciphertext."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import redis
from sqlalchemy import text

from app import clock, transaction
from app.domain import people, secrets
from app.domain.keyring import Keyring
from app.extensions import Base
from app.models import User
from app.schemas.secret import SecretIn
from tests.support import chaos
from tests.support.marks import both_databases
from tests.support.processes import WORKER
from tests.support.slow_mail import mail_server
from tests.support.waiting import wait_until
from tests.support.workflows import begin, publish, webhook

CANARY = "canary-7f3e/+&bird in the mine"
USER = "shop"


def spellings() -> dict[str, bytes]:
    """How it would look if it were found."""
    pair = f"{USER}:{CANARY}".encode()
    return {
        "plain": CANARY.encode(),
        "JSON": json.dumps(CANARY)[1:-1].encode(),
        "percent": quote(CANARY, safe="").encode(),
        "base64": base64.b64encode(CANARY.encode()).rstrip(b"="),
        "basic": base64.b64encode(pair).rstrip(b"="),
        "hex": CANARY.encode().hex().encode(),
        "HTML": CANARY.replace("&", "&amp;").encode(),
    }


def found_in(where: str, data: bytes) -> list[str]:
    return [f"{how} in {where}" for how, spelling in spellings().items() if spelling in data]


def echo(got):
    """Everything that came, in headers and body; a failure where the path says so."""
    said = {name: value for name, value in got.headers.items() if "\n" not in value}
    status = 500 if got.path.startswith("/broken") else 200
    back = {f"X-Echo-{name}": value for name, value in said.items() if name.isascii()}
    return status, back, json.dumps({"you": said, "said": got.body.decode()}).encode()


def steps(url: str):
    once = {"maxAttempts": 1}
    ways = {
        "bearer": {"auth": {"type": "bearer", "secret": "CANARY"}},
        "basic": {"auth": {"type": "basic", "secret": "CANARY", "username": USER}},
        "header": {"auth": {"type": "header", "secret": "CANARY", "header": "X-Key"}},
        "signed": {"signingSecret": "CANARY"},
    }
    for name, config in ways.items():
        for kind in ("fine", "broken"):
            target = {"url": f"{url}/{kind}/{name}", "retry": once, "body": {"hello": "there"}}
            yield webhook(f"{name}-{kind}", config=target | config)


def rows(session) -> bytes:
    """All rows of all tables as they are read back."""
    found = []
    for table in Base.metadata.tables:
        found += [repr(tuple(row)) for row in session.execute(text(f"SELECT * FROM {table}"))]
    return "\n".join(found).encode()


def shown(app, instance: int) -> dict[str, bytes]:
    """Pages and answers of the API about all this, for an admin."""
    with transaction.writing() as session:
        token = people.create_token(session, "reader", "admin", may_add_automation=True)
        user = User(email="a@example.com", name="A", role="admin", created_at=clock.now())
        session.add(user)
        session.flush()
        user_id = user.id
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = f"{user_id}.0"
    pages = ["/", "/instances", "/secrets", "/deliveries", "/inbox", "/templates/1", "/settings"]
    pages += [f"/instances/{instance}", f"/instances/{instance}/json"]
    pages += [f"/instances/{instance}/steps/{step['key']}" for step in steps("http://x")]
    api = [f"/api/workflows/{path}" for path in ("secrets", "templates/1", "deliveries")]
    api += [f"/api/workflows/instances/{instance}", f"/api/workflows/instances/{instance}/events"]
    given = {path: client.get(path) for path in pages}
    bearer = {"Authorization": f"Bearer {token}"}
    given |= {path: app.test_client().get(path, headers=bearer) for path in api}
    assert {path for path, answer in given.items() if answer.status_code != 200} == set()
    return {path: answer.get_data() for path, answer in given.items()}


@both_databases
def test_a_secret_stands_nowhere_outside_its_ciphertext(
    ringing_app, receiver, environ, settings, start, redis_url, tmp_path
):
    receiver.answer = echo
    with transaction.writing() as session:
        people.create_user(session, "operator@example.com", "O", "operator", "long enough for all")
        keyring = Keyring.parse(settings.encryption_keys)
        wish = SecretIn.read({"name": "CANARY", "value": CANARY, "hosts": []})
        secrets.create(session, keyring, wish, "user:admin@example.com")
    with mail_server() as mail:
        more = {"SMTP_URL": mail.url}
        start(WORKER, "workflow-automation", **more)
        start(WORKER, "workflow-notifications", **more)
        publish(*steps(receiver.url))
        instance = begin()
        requests = receiver.wait_for(8)
        mail.wait_for(4)
        wait_until(lambda: not chaos.leases(), seconds=30, why="all should be written")
        mails = [bytes(one) for one in mail.mails]

    came = b"".join(str(got.headers).encode() for got in requests)
    assert CANARY.encode() in came, "the receiver should have got it"
    places = {"mail": b"".join(mails)} | shown(ringing_app, instance)
    with transaction.reading() as session:
        places["database"] = rows(session)
    for file in sorted(Path(tmp_path).iterdir()):
        if file.is_file():
            places[file.name] = file.read_bytes()
    with redis.Redis.from_url(redis_url) as client:
        dumped = [client.dump(key) or b"" for key in client.scan_iter()]
        places["Redis"] = b"".join(map(bytes, dumped))
    assert [one for where, data in places.items() for one in found_in(where, data)] == []
