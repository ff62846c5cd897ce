"""What a webhook step may say about its receiver's answer: which statuses are success, what the
answer must hold, and what of it becomes the step's output."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from app.schemas.base import Schema
from app.schemas.conditions import Operator, check_operator

MAX_STATUSES = 50
MAX_EXPECTATIONS = 20
MAX_OUTPUTS = 50
_CLASS = re.compile(r"[2-5]xx")
_CODE = re.compile(r"[2-5][0-9]{2}")
_OUTPUT_NAME = re.compile(r"[A-Za-z_][\w-]{0,99}", re.ASCII)


def _status(value: Any) -> Any:
    """A code as a number, a class such as `2xx` as text in lower case."""
    text = str(value).strip().lower() if isinstance(value, int | str) else ""
    if isinstance(value, bool) or not (_CLASS.fullmatch(text) or _CODE.fullmatch(text)):
        if text.startswith("1"):
            raise ValueError("1xx is never the last answer, so it can't be a success.")
        raise ValueError("Write a status code from 200 to 599, or a class: 2xx, 3xx, 4xx, 5xx.")
    return text if text.endswith("xx") else int(text)


def _each_once(statuses: list[int | str]) -> list[int | str]:
    return list(dict.fromkeys(statuses))


def _answer_path(path: str) -> str:
    root, *rest = path.split(".")
    fits = {"status": not rest, "headers": bool(rest), "body": True}
    if not fits.get(root) or "" in rest:
        raise ValueError("A path into the answer is status, headers.NAME, or begins with body.")
    # Names of headers are the same in any case, and are kept in lower case.
    return path.lower() if root == "headers" else path


def _output_names(output: dict[str, str] | None) -> dict[str, str] | None:
    for name in output or {}:
        if not _OUTPUT_NAME.fullmatch(name):
            raise ValueError(
                f"{name[:100]!r} can't be read by a placeholder: write letters, digits, - and _, "
                "a letter first."
            )
    return output


AnswerPath = Annotated[
    str,
    Field(max_length=500, examples=["body.id"]),
    AfterValidator(_answer_path),
]
SuccessStatus = Annotated[
    list[Annotated[int | str, BeforeValidator(_status)]],
    Field(min_length=1, max_length=MAX_STATUSES),
    AfterValidator(_each_once),
]
OutputMap = Annotated[
    dict[str, AnswerPath] | None, Field(max_length=MAX_OUTPUTS), AfterValidator(_output_names)
]


class Expectation(Schema):
    """What a part of the answer must be; the operators are those of `when`."""

    path: AnswerPath = Field(
        title="Path", description="`status`, `headers.NAME`, or a path that begins with `body`."
    )
    op: Operator = Field(
        title="Operator", description="How it is compared; `exists` needs no value."
    )
    value: Any = Field(
        None,
        title="Value",
        description='What it is compared with, as JSON: `5`, `"paid"`, `[1, 2]`.',
        examples=["paid"],
        json_schema_extra={"x-null": True},
    )

    @model_validator(mode="after")
    def _comparable(self) -> "Expectation":
        check_operator(self.op, given="value" in self.model_fields_set, value=self.value)
        if self.op == "exists" and self.value is None:
            self.value = True
        return self


Expectations = Annotated[list[Expectation], Field(max_length=MAX_EXPECTATIONS)]
ExpectFailure = Literal["fail", "retry"]
EXPECT_FAILURE_LABELS: dict[str, str] = {"fail": "the step fails", "retry": "it is tried again"}
