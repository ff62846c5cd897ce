"""What of a request's address may stand in a log."""

from flask import request


def path_to_log() -> str:
    """The path; the rule instead where the path holds a secret."""
    holds_secret = "token" in (request.view_args or {})
    return request.url_rule.rule if request.url_rule and holds_secret else request.path
