"""What somebody reports of an error leads to its lines in the log."""

import logging

from tests.web.conftest import said


def test_an_error_page_shows_the_id_under_which_the_log_tells_of_it(operator, caplog):
    caplog.set_level(logging.INFO, "app.requests")
    page = operator.get("/instances/99")
    request_id = page.headers["X-Request-ID"]
    assert f"Request {request_id}" in said(page)
    line = caplog.records[-1]
    assert line.bound["requestId"] == request_id  # type: ignore[attr-defined]
    assert line.bound["userId"] > 0  # type: ignore[attr-defined]
