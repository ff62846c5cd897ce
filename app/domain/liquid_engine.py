"""The Liquid library with bounds on everything that an author's text could make it do.

A text that loops, nests or multiplies must end as an error of that text, soon, and without taking
the memory of the process. No call into the library can be interrupted, so each one is kept small:
loops count their rounds, filters weigh what goes in and comes out, and every node looks whether
the thread has computed for too long.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.exceptions import LoopIterationLimitError, ResourceLimitError
from liquid.stringify import to_liquid_string
from liquid.token import Token
from liquid.undefined import UNDEFINED, FalsyStrictUndefined

from app import clock
from app.domain import liquid_filters, liquid_lexer
from app.domain.liquid import MAX_RENDERED, MAX_ROUNDS
from app.domain.placeholders import written

MAX_SECONDS = 1.0  # of the thread's own processor time; a usual mail takes a few thousandths
TAGS = frozenset(
    "content output illegal if unless case for break continue assign capture comment # echo "
    "cycle increment decrement".split()
)


@cache
def environment(escape: bool) -> Environment:
    """The environment all texts are read in. With `escape`, values are made safe for HTML."""
    return _Guarded(undefined=_Missing, autoescape=escape)


class _Missing(FalsyStrictUndefined):
    """A name that leads nowhere. Its words are its path; `default` may replace it."""

    force_liquid_default = True
    allowed_properties = FalsyStrictUndefined.allowed_properties | {"force_liquid_default"}


class _Context(RenderContext):
    __slots__ = ("_disabled", "_rounds", "_until")

    def __init__(self, *args: Any, **more: Any) -> None:
        self._rounds = 0
        self._until = clock.thread_seconds() + MAX_SECONDS
        super().__init__(*args, **more)

    @property
    def disabled_tags(self) -> list[str]:
        # Every node asks for these before it renders: the one place that all work passes.
        if clock.thread_seconds() > self._until:
            raise ResourceLimitError("this takes too long to compute", token=None)
        return self._disabled

    @disabled_tags.setter
    def disabled_tags(self, names: list[str]) -> None:  # type: ignore[reportIncompatibleVariableOverride]
        self._disabled = names

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """All rounds of all loops count, not only the product of nested ones."""
        self._rounds += length
        if self._rounds > MAX_ROUNDS:
            words = f"the loops take more than {MAX_ROUNDS:,} rounds"
            raise LoopIterationLimitError(words, token=None)

    def get(
        self, path: list[object], *, token: Token | None, default: object = UNDEFINED
    ) -> object:
        found = super().get(path, token=token, default=default)
        if isinstance(found, _Missing):
            return _Missing(_written(path), token=token, hint=_written(path))
        return found


def _written(path: list[object]) -> str:
    return ".".join(str(part) for part in path)[:200]


class _Template(BoundTemplate):
    context_class = _Context


class _OutputNode(OutputNode):
    """Lists and objects are written as JSON, as placeholders do; the rest as Liquid does."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        if isinstance(value, dict | list):
            value = written(value)
        return buffer.write(to_liquid_string(value, context.autoescape))


class _Output(Output):
    node_class = _OutputNode


class _Guarded(Environment):
    output_stream_limit = MAX_RENDERED
    local_namespace_limit = 8 * MAX_RENDERED
    context_depth_limit = 20
    block_nesting_limit = 20
    template_class = _Template

    def tokenizer(self) -> Callable[[str], Iterator[Token]]:
        return liquid_lexer.tokens

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.add_tag(_Output)
        for name in self.tags.keys() - TAGS:
            del self.tags[name]
        self.filters = liquid_filters.guarded(self.filters)


def _short_range(self: RangeLiteral, start: Any, stop: Any) -> range:
    made = _make_range(self, start, stop)
    # Not len(): it fails beyond 63 bits.
    if made and made[-1] - made[0] >= MAX_ROUNDS:
        words = f"a range has more than {MAX_ROUNDS:,} numbers"
        raise LoopIterationLimitError(words, token=self.token)
    return made


# `(1..1000000000) contains "x"` would count to the end of it, and no hook stands in between.
_make_range = RangeLiteral._make_range  # type: ignore[reportPrivateUsage]
RangeLiteral._make_range = _short_range  # type: ignore[reportPrivateUsage]
