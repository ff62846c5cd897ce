"""A URL that Runsheet would not send to is refused when it is saved, through every door."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.schemas.yaml_text import dumps_yaml
from tests.api.conftest import Caller
from tests.corpus.addresses import ALLOWED, REFUSED

# JSON can't hold these; they are refused with 400 before anybody looks at URLs.
NOT_TEXT = ("\x00", "\ud800")
SAVED = [url for url in REFUSED if not any(char in url for char in NOT_TEXT)]
HEADERS = """
    Host content-length Transfer-Encoding connection Keep-Alive TE Trailer Upgrade Expect
    Proxy-Connection Proxy-Authorization webhook-id Webhook-Timestamp webhook-signature webhook-x
""".split()


@pytest.fixture(autouse=True)
def nothing_is_allowed(app: Flask) -> None:
    allow(app, "")


def allow(app: Flask, destinations: str) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], outbound_allow=destinations)


def step(number: int, **config: Any) -> dict[str, Any]:
    return {
        "key": f"s{number}",
        "name": f"Step {number}",
        "actionType": "AUTOMATION_WEBHOOK",
        "actionConfig": {"url": "https://a.example/"} | config,
    }


def template(*urls: str) -> dict[str, Any]:
    steps = [step(number, url=url) for number, url in enumerate(urls)]
    return {"key": "guarded", "name": "Guarded", "steps": steps}


def refused_paths(answer: Any) -> set[str]:
    assert answer.status_code == 422, answer.text[:500]
    return {error["path"] for error in answer.json["errors"]}


ALL_OF_THEM = {f"steps.{number}.actionConfig.url" for number in range(len(SAVED))}


def test_every_refused_url_is_refused_at_its_field_through_every_door(admin: Caller):
    assert refused_paths(admin.post("/templates", template(*SAVED))) == ALL_OF_THEM
    assert refused_paths(admin.post("/templates/import", template(*SAVED))) == ALL_OF_THEM
    yaml = dumps_yaml(template("http://10.0.0.1/")).encode()
    sent = admin.ask("POST", "/templates/import", raw=yaml, content_type="application/yaml")
    assert refused_paths(sent) == {"steps.0.actionConfig.url"}

    assert admin.post("/templates", template("https://a.example/")).status_code == 201
    assert refused_paths(admin.put("/templates/1", template(*SAVED))) == ALL_OF_THEM
    assert refused_paths(admin.post("/templates/import", template(*SAVED))) == ALL_OF_THEM
    assert admin.get("/templates/1").json["draftRevision"] == 1


@pytest.mark.parametrize("char", NOT_TEXT, ids=ascii)
def test_what_is_no_text_is_refused_before_that(admin: Caller, char: str):
    answer = admin.post("/templates", template(f"http://a.example/{char}"))
    assert answer.status_code == 400


def test_every_allowed_url_is_saved_and_published(admin: Caller):
    assert admin.post("/templates", template(*ALLOWED)).status_code == 201
    assert admin.post("/templates/1/publish").status_code == 200


def test_a_private_address_is_saved_if_the_settings_allow_it_and_only_then(
    app: Flask, admin: Caller
):
    """What was allowed once is asked again when it is published."""
    allow(app, "10.0.0.0/8")
    assert admin.post("/templates", template("http://10.1.2.3/x")).status_code == 201
    assert admin.post("/templates/1/publish").status_code == 200
    outside = template("http://10.1.2.3/", "http://192.168.1.1/", "http://127.0.0.1/")
    at_once = {"steps.1.actionConfig.url", "steps.2.actionConfig.url"}
    assert refused_paths(admin.put("/templates/1", outside)) == at_once
    allow(app, "")
    assert refused_paths(admin.post("/templates/1/publish")) == {"steps.0.actionConfig.url"}


def test_a_host_that_is_still_open_is_saved(admin: Caller):
    assert admin.post("/templates", template("https://{{ input.host }}/x")).status_code == 201


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_runsheet_writes_can_not_be_set(admin: Caller, name: str):
    body = {"key": "a", "name": "A", "steps": [step(0, headers={"X-Ok": "1", name: "x"})]}
    assert refused_paths(admin.post("/templates", body)) == {"steps.0.actionConfig.headers"}
    auth = {"type": "header", "secret": "A_SECRET", "header": name}
    body = {"key": "a", "name": "A", "steps": [step(0, auth=auth)]}
    assert refused_paths(admin.post("/templates", body)) == {"steps.0.actionConfig.auth.header"}
