"""Whether callback URLs are handed on, and only where there are some."""

from collections.abc import Iterator

from app.domain import callback_urls
from app.domain.checks.base import Finding, Subject
from app.domain.placeholders import paths_in
from app.schemas.actions import WAIT_CALLBACK


def handed_on(subject: Subject) -> Iterator[Finding]:
    """Steps that hand on the callback URL of a step that has none."""
    waiting = {step.key for step in subject.steps if step.action_type == WAIT_CALLBACK}
    for step in subject.steps:
        for path in paths_in(step.config):
            root, key, name = (*path.split(".", 2), "", "")[:3]
            if root == "steps" and name == callback_urls.PLACEHOLDER and key not in waiting:
                message = f"{path}: there is no WAIT_CALLBACK step with the key {key!r}."
                yield Finding("error", f"{step.place}.actionConfig", message, "no-callback")


def nobody_calls(subject: Subject) -> Iterator[Finding]:
    """Steps that wait without end for a call, and whose URL no other step hands on."""
    named = {path for step in subject.steps for path in paths_in(step.config)}
    for step in subject.steps:
        if step.action_type != WAIT_CALLBACK or step.config.get("timeout"):
            continue
        path = f"steps.{step.key}.{callback_urls.PLACEHOLDER}"
        if path not in named:
            message = (
                f"No step hands its URL on with {{{{ {path} }}}}, and it has no timeout: it waits "
                "until somebody copies the URL from its page."
            )
            yield Finding("hint", f"{step.place}.actionConfig.timeout", message, "nobody-calls")
