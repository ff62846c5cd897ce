"""SQLite is locked by somebody else: what would write is answered 503, and goes on afterwards."""

import sqlite3
from contextlib import closing

from devtools.drills.drill import Drill

ERRORS = 'runsheet_http_requests_total{status="5xx"}'


def run(drill: Drill) -> None:
    key = drill.publish("locked")
    errors = drill.value(ERRORS)
    with closing(sqlite3.connect(drill.site.var / "runsheet.db", isolation_level=None)) as other:
        drill.fault("another program holds the database's write lock")
        other.execute("BEGIN IMMEDIATE")
        drill.see("who would start an order is answered 503", lambda: begin(drill, key) == 503)
        drill.see("pages can still be read", lambda: "Instances" in drill.site.page("/instances"))
        drill.cure("end the program that holds it")
        other.execute("ROLLBACK")
    drill.over("an order can be started", lambda: begin(drill, key) == 201)
    drill.alert_if_grows("RunsheetHttpErrors", ERRORS, errors)
    orders = drill.begin(key, 2)
    drill.over("orders are completed", drill.all_are("COMPLETED", orders))


def begin(drill: Drill, key: str) -> int:
    return drill.site.ask("POST", "/instances", {"templateKey": key}).status_code
