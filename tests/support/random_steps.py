"""Steps at random, each as a draft may have it: valid, with something in any of their fields."""

from typing import Any

from hypothesis import strategies as st

Made = st.SearchStrategy[Any]

# What JSON and databases take: no NUL, no lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
SOME_TEXT = TEXT.filter(lambda text: len(text) > 0)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
KEYS = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
SECRETS = st.sampled_from(["STOCK_KEY", "PAY_KEY"])
MOMENTS = st.sampled_from(["2026-01-31T09:00:00Z", "{{ input.at }}", "2027-02-01T00:00:00+01:00"])
DURATIONS = st.sampled_from(["PT15M", "P1D", "PT90S"])
NUMBERS = st.one_of(
    st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
WHENS = st.sampled_from(
    [
        {"all": [["input.total", ">", 0]]},
        {"any": [["input.a", "exists"], {"all": [["steps.b.output.c", "in", ["x", None, 2.5]]]}]},
    ]
)


def shape(required: dict[str, Made], optional: dict[str, Made] | None = None) -> Made:
    """An object with all of the first and any of the second."""
    return st.fixed_dictionaries(required, optional=optional or {})


def or_null(made: Made) -> Made:
    return st.none() | made


RECIPIENTS = st.lists(
    st.sampled_from(["role:operator", "{{ input.email }}", "a@example.com"]), min_size=1, max_size=3
)
CHANNELS = st.sampled_from(["EMAIL", "SMS", "PUSH", "CHAT", "IN_APP", "WEBHOOK"])
POLICIES = shape(
    {"channel": CHANNELS, "trigger": st.sampled_from(["ON_READY", "ON_FAILED", "ON_OVERDUE"])},
    {
        "template": st.sampled_from(["", "step-failed"]),
        "recipients": RECIPIENTS,
        "when": or_null(WHENS),
        "delay": or_null(DURATIONS),
        "fallback": or_null(shape({"channel": CHANNELS}, {"recipients": or_null(RECIPIENTS)})),
        "signingSecret": or_null(SECRETS),
        "remind": or_null(shape({"every": DURATIONS, "times": st.integers(1, 50)})),
        "escalate": st.lists(shape({"after": DURATIONS, "to": RECIPIENTS}), max_size=2),
    },
)
SECONDS = st.integers(0, 604800) | st.floats(0, 604800)
RETRIES = st.one_of(
    shape({"schedule": st.lists(SECONDS, min_size=1, max_size=4)}),
    shape({"schedule": st.just([]), "maxAttempts": st.just(1)}),
    shape(
        {"schedule": st.sampled_from(["standard", "exponential"])},
        {
            "maxAttempts": st.integers(1, 100),
            "baseSeconds": st.floats(0.1, 86400),
            "maxSeconds": st.integers(1, 604800),
        },
    ),
)
ENDS = st.sampled_from([{"count": 5}, {"until": "2027-01-01T00:00:00Z"}])
RULES = st.sampled_from(
    [{"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"}, {"rrule": "FREQ=DAILY"}]
) | st.builds(lambda seconds: {"everySeconds": seconds}, st.integers(1, 86400))
AUTOMATION = {
    "timeoutSeconds": st.floats(0.1, 20) | st.integers(1, 20),
    "retry": RETRIES,
    "ifPast": st.sampled_from(["run", "skip"]),
    "delay": or_null(DURATIONS),
    "recurrence": or_null(st.builds(lambda rule, end: rule | end, RULES, ENDS)),
}
AUTH = st.one_of(
    shape({"type": st.just("bearer"), "secret": SECRETS}),
    shape({"type": st.just("basic"), "secret": SECRETS, "username": NAMES}),
    shape({"type": st.just("header"), "secret": SECRETS, "header": st.just("X-Key")}),
)
PATHS = st.sampled_from(["status", "body", "body.id", "headers.x-id"])
BODY_PATHS = st.sampled_from(["body", "body.id", "body.lines.0"])


def expectations(paths: Made) -> Made:
    compared = shape({"path": paths, "op": st.sampled_from(["=", ">", "contains"]), "value": JSON})
    listed = shape({"path": paths, "op": st.just("in"), "value": st.lists(JSON, max_size=2)})
    return st.lists(compared | listed | shape({"path": paths, "op": st.just("exists")}), max_size=2)


HEADERS = st.dictionaries(
    st.sampled_from(["X-A", "x-b", "Content-Type"]),
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cc", "Cs"]), max_size=9),
    max_size=3,
)
ADDRESSES = st.lists(st.sampled_from(["A <a@example.com>", "{{ input.email }}"]), max_size=3)
CONFIGS: dict[str, Made] = {
    "MANUAL_TASK": shape({}, {"instructions": TEXT}),
    "APPROVAL": shape({}, {"instructions": TEXT, "question": TEXT}),
    "FORM_INPUT": shape(
        {}, {"schema": st.just({"type": "object", "properties": {"a": {"type": "string"}}})}
    ),
    "AUTOMATION_WEBHOOK": shape(
        {"url": SOME_TEXT},
        {
            **AUTOMATION,
            "method": st.sampled_from(["GET", "POST"]),
            "headers": HEADERS,
            "body": JSON,
            "signingSecret": or_null(SECRETS),
            "auth": or_null(AUTH),
            "successStatus": st.lists(
                st.sampled_from(["2xx", "4xx"]) | st.integers(200, 599), min_size=1, max_size=3
            ),
            "expect": expectations(PATHS),
            "expectFailure": st.sampled_from(["fail", "retry"]),
            "output": or_null(st.dictionaries(NAMES, PATHS, max_size=2)),
        },
    ),
    "AUTOMATION_EMAIL": shape(
        {"to": ADDRESSES.filter(bool), "subject": SOME_TEXT},
        {
            **AUTOMATION,
            "cc": ADDRESSES,
            "bcc": ADDRESSES,
            "replyTo": or_null(st.just("a@example.com")),
            "text": TEXT,
            "html": or_null(TEXT),
        },
    ),
    "WAIT_TIMER": shape({"delay": DURATIONS}, {"ifPast": st.sampled_from(["run", "skip"])})
    | shape({"runAt": MOMENTS}),
    "WAIT_CALLBACK": shape(
        {},
        {
            "timeout": or_null(DURATIONS),
            "onTimeout": st.sampled_from(["fail", "complete"]),
            "signingSecret": or_null(SECRETS),
            "expect": expectations(BODY_PATHS),
            "output": or_null(st.dictionaries(NAMES, BODY_PATHS, max_size=2)),
        },
    ),
}


def steps(kind: str) -> Made:
    """Steps of this type, without the defaults of what is not given."""
    return shape(
        {
            "key": KEYS,
            "name": SOME_TEXT,
            "actionType": st.just(kind),
            "actionConfig": CONFIGS[kind],
        },
        {
            "description": TEXT,
            "dependsOn": st.lists(KEYS, max_size=3, unique=True),
            "when": or_null(WHENS),
            "notificationPolicies": st.lists(POLICIES, max_size=2),
            "assignee": or_null(SOME_TEXT),
            "dueIn": or_null(DURATIONS),
        },
    )
