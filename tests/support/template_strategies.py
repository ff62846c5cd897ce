"""Random templates for Hypothesis: valid ones, of all action types and with all that each may be
told, whose placeholders lead somewhere; and documents that were valid until something broke."""

from typing import Any

from hypothesis import strategies as st

from app.domain.known_paths import known
from app.models.vocabulary import Channel, InstanceTrigger, Trigger

Json = dict[str, Any]
SECRETS = ("STOCK_KEY", "pay.token")
# What readers of YAML take for something else, and what breaks lines and quotes.
ODD_TEXTS = (
    *("no", "~", "null", "true", "1:30", "2026-01-31", "0x1F", "1e3", "-", "- a", "a: b", "#", "|"),
    *(" lead", "trail ", "two\nlines\n", "\ttab", "Zoë → 🚚", "\x85\u2028", "\x7f", '"', "'", "\\"),
    *("%", "@x", "`", "{a}", "[a]", "=", "<<", "!x", "&x", "*x", "---", "...", "\r\n", " \n", "?"),
)
CHANNELS = st.sampled_from([*map(str, Channel)])
DURATIONS = st.sampled_from(["PT15M", "P1D", "PT90S", "P2W", "P1DT2H"])
MOMENTS = st.sampled_from(["2999-01-31T09:00:00Z", "2999-06-01T00:00:00+02:00"])
SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
KEYS = st.from_regex(r"[a-z]([a-z0-9_-]{0,6}[a-z0-9])?", fullmatch=True)  # read by Liquid too
# Header values, URLs and mails are lines without braces or anything else that has a meaning.
WORDS = st.sampled_from(["a", "B-7", "runsheet", "100", "Zoe"])


def texts(least: int = 0) -> st.SearchStrategy[str]:
    """Any text that JSON can hold."""
    letters = st.characters(codec="utf-8", exclude_characters="\0")
    return st.sampled_from(ODD_TEXTS) | st.text(letters, min_size=least, max_size=12)


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON, not deep."""
    return st.recursive(
        SCALARS | texts(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
        max_leaves=6,
    )


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """An object with some of these."""
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def schemas(draw: st.DrawFn) -> Json:
    """Of an input or a form: fields of each type, required, with defaults, choices and help."""
    kinds: st.SearchStrategy[Json] = st.one_of(
        _some(default=texts()).map(lambda rule: {"type": "string"} | rule),
        _some(minimum=st.just(0), default=st.just(7)).map(lambda rule: {"type": "number"} | rule),
        st.just({"type": "boolean", "default": False}),
        st.just({"type": "string", "format": "date-time"}),
        st.lists(texts(), min_size=1, max_size=3, unique=True).map(lambda some: {"enum": some}),
        st.just({"type": "array", "items": {"type": "object", "properties": {"sku": {}}}}),
    )
    fields = draw(st.dictionaries(NAMES, kinds, max_size=4))
    for rule in fields.values():
        rule |= draw(_some(title=texts(), description=texts()))
    required = draw(st.lists(st.sampled_from([*fields]), unique=True)) if fields else []
    return {"type": "object", "required": required, "properties": fields}


@st.composite
def templates(draw: st.DrawFn) -> Json:
    """A template as it could be published where SECRETS exist."""
    whole: Json = {"key": draw(KEYS), "name": draw(texts(1)), "inputSchema": draw(schemas())}
    whole |= draw(_some(description=texts(), dueIn=DURATIONS))
    whole["notificationPolicies"] = draw(st.lists(_policies(InstanceTrigger, whole, None)))
    whole["steps"] = []
    for key in draw(st.lists(KEYS, min_size=1, max_size=4, unique=True)):
        kind = draw(st.sampled_from([*CONFIGS]))
        step: Json = {"key": key, "name": draw(texts(1)), "actionType": kind}
        before = [one["key"] for one in whole["steps"]]
        if before:
            step["dependsOn"] = draw(st.lists(st.sampled_from(before), unique=True, max_size=3))
        whole["steps"].append(step)
        paths = [one.path for one in known(whole, key) if one.certain]
        config = draw(CONFIGS[kind](st.sampled_from(paths).map(lambda path: f"{{{{ {path} }}}}")))
        step |= {"actionConfig": config} | draw(_about(whole, key))
    return whole


def _about(whole: Json, key: str) -> st.SearchStrategy[Json]:
    return _some(
        description=texts(),
        when=conditions(whole, key),
        assignee=st.sampled_from(["role:operator", "user:3", "group:finance", None]),
        notificationPolicies=st.lists(_policies(Trigger, whole, key), max_size=2),
    ) | _some(dueIn=DURATIONS)


def conditions(whole: Json, key: str) -> st.SearchStrategy[Json]:
    """What a step may ask for: nested, with each operator."""
    paths = st.sampled_from([one.path for one in known(whole, key, in_condition=True)])
    one = st.one_of(
        st.tuples(paths, st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "contains"]), SCALARS),
        st.tuples(paths, st.sampled_from(["in", "not in"]), st.lists(texts(), max_size=2)),
        st.tuples(paths, st.just("exists"), st.booleans()),
        st.tuples(paths, st.just("exists")),
    ).map(list)
    return st.recursive(
        st.fixed_dictionaries({"all": st.lists(one, min_size=1, max_size=2)}),
        lambda inner: st.fixed_dictionaries({"any": st.lists(one | inner, min_size=1, max_size=2)}),
        max_leaves=3,
    )


_REACHED: dict[str, list[str]] = {
    Channel.EMAIL: ["Ops <ops@example.com>", "assignee"],
    Channel.SMS: ["+14155550100"],
    Channel.CHAT: ["chat:ops-room"],
    Channel.WEBHOOK: ["https://hooks.example.com/x"],
}


@st.composite
def _policies(draw: st.DrawFn, triggers: Any, whole: Json, key: str | None) -> Json:
    def somebody(channel: str) -> list[str]:
        named = ["role:operator", "user:3", "starter", *_REACHED.get(channel, [])]
        return draw(st.lists(st.sampled_from(named), min_size=1, max_size=3))

    channel, trigger = draw(CHANNELS), draw(st.sampled_from([*map(str, triggers)]))
    policy: Json = {"channel": channel, "trigger": trigger, "recipients": somebody(channel)}
    policy |= draw(_some(delay=DURATIONS) | _some(runAt=MOMENTS))
    policy |= draw(_some(template=st.sampled_from(["", "step-failed"])))
    if channel == Channel.WEBHOOK:
        policy |= draw(_some(signingSecret=st.sampled_from(SECRETS)))
    if draw(st.booleans()):
        other = draw(CHANNELS)
        policy["fallback"] = {"channel": other, "recipients": somebody(other)}
    if key is not None and draw(st.booleans()):
        policy["when"] = draw(conditions(whole, key))
    step = whole.get("steps", [{}])[-1] if key else {}
    if step.get("actionType") in ("MANUAL_TASK", "APPROVAL", "FORM_INPUT") and trigger in (
        Trigger.ON_READY,
        Trigger.ON_OVERDUE,
    ):
        policy["remind"] = {"every": draw(DURATIONS), "times": draw(st.integers(1, 5))}
        policy["escalate"] = [{"after": draw(DURATIONS), "to": ["role:admin"]}]
    return policy


Refs = st.SearchStrategy[str]
RETRIES = st.one_of(
    st.just({"schedule": "standard", "maxAttempts": 3}),
    st.just({"schedule": "exponential", "baseSeconds": 2.5, "maxSeconds": 60, "maxAttempts": 4}),
    st.lists(st.integers(0, 900), max_size=3).map(lambda waits: {"schedule": waits}),
)
RECURRENCES = st.one_of(
    st.just({"cron": "0 9 * * MON-FRI", "timezone": "Europe/Berlin", "count": 5}),
    st.just({"rrule": "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0", "until": "2999-01-01T00:00:00Z"}),
    st.just({"everySeconds": 90, "count": 2, "start": "2026-01-01T00:00:00Z"}),
)
STATUSES = st.sampled_from([["2xx"], [200, "4xx"], [418]])
EXPECTATIONS = st.sampled_from(
    [
        {"path": "body.ok", "op": "=", "value": True},
        {"path": "body.id", "op": "exists"},
        {"path": "body.kind", "op": "in", "value": ["a", None]},
    ]
)
OUTPUTS = st.dictionaries(NAMES, st.sampled_from(["body.id", "body", "body.a.0.b"]), max_size=3)


def _system(refs: Refs) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "timeoutSeconds": st.sampled_from([1, 2.5, 20]),
        "retry": RETRIES,
        "recurrence": RECURRENCES,
        "ifPast": st.sampled_from(["run", "skip"]),
    }


def _timed(fields: st.SearchStrategy[Json], refs: Refs) -> st.SearchStrategy[Json]:
    times = _some(delay=DURATIONS) | _some(runAt=MOMENTS | refs)
    return st.tuples(fields, times).map(lambda both: both[0] | both[1])


def _webhook(refs: Refs) -> st.SearchStrategy[Json]:
    auth = st.sampled_from(
        [
            {"type": "bearer", "secret": SECRETS[0]},
            {"type": "basic", "secret": SECRETS[1], "username": "runsheet"},
            {"type": "header", "secret": SECRETS[1], "header": "X-Key"},
        ]
    )
    body = st.recursive(
        SCALARS | WORDS | refs,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
        max_leaves=5,
    )
    fields = st.fixed_dictionaries(
        {"url": refs.map(lambda ref: f"https://hooks.example.com/{ref}")},
        optional=_system(refs)
        | {
            "method": st.sampled_from(["GET", "PUT", "DELETE"]),
            "headers": st.dictionaries(st.sampled_from(["X-A", "X-B"]), WORDS | refs),
            "body": body,
            "signingSecret": st.sampled_from(SECRETS),
            "auth": auth,
            "successStatus": STATUSES,
            "expect": st.lists(EXPECTATIONS, max_size=2),
            "expectFailure": st.sampled_from(["fail", "retry"]),
            "output": OUTPUTS | st.dictionaries(NAMES, st.just("status"), max_size=1),
        },
    )
    return _timed(fields, refs)


def _email(refs: Refs) -> st.SearchStrategy[Json]:
    addresses = st.lists(refs | st.just("Zoë <z@example.com>"), min_size=1, max_size=2)
    words = st.sampled_from(["Hello", "{% if input %}Zoë{% endif %}", "two\nlines", "no: yes"])
    said = st.tuples(words, refs).map(" ".join)
    fields = st.fixed_dictionaries(
        {"to": addresses, "subject": said},
        optional=_system(refs)
        | {"cc": addresses, "bcc": addresses, "replyTo": refs, "text": said, "html": said},
    )
    return _timed(fields, refs)


def _timer(refs: Refs) -> st.SearchStrategy[Json]:
    wait = st.fixed_dictionaries({"delay": DURATIONS})
    until = {"runAt": MOMENTS | refs}
    return wait | st.fixed_dictionaries(until, optional={"ifPast": st.just("skip")})


def _callback(_refs: Refs) -> st.SearchStrategy[Json]:
    return _some(
        timeout=DURATIONS,
        onTimeout=st.sampled_from(["fail", "complete"]),
        signingSecret=st.sampled_from(SECRETS),
        expect=st.lists(EXPECTATIONS, max_size=2),
        output=OUTPUTS,
    )


CONFIGS = {
    "MANUAL_TASK": lambda _refs: _some(instructions=texts()),
    "APPROVAL": lambda _refs: _some(instructions=texts(), question=texts()),
    "FORM_INPUT": lambda _refs: _some(instructions=texts(), schema=schemas()),
    "AUTOMATION_WEBHOOK": _webhook,
    "AUTOMATION_EMAIL": _email,
    "WAIT_TIMER": _timer,
    "WAIT_CALLBACK": _callback,
}


@st.composite
def broken(draw: st.DrawFn) -> Any:
    """A template in which some places have turned into anything, or are gone."""
    document: Any = draw(templates())
    for _ in range(draw(st.integers(1, 3))):
        document = _broken(draw, document)
    return document


def _broken(draw: st.DrawFn, value: Any) -> Any:
    inside = (
        [*value]
        if isinstance(value, dict)
        else [*range(len(value))]
        if isinstance(value, list)
        else []
    )
    if not inside or draw(st.integers(0, 3)) == 0:
        return draw(json_values())
    at = draw(st.sampled_from(inside))
    copy: Any = value.copy()
    copy[at] = _broken(draw, value[at])
    return copy
