"""Small charts as places in an SVG: what `dashboard/_chart.html` draws. Attributes alone, since
the content security policy permits no inline style."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, log10

from app.domain.pulse import Part, Pulse, Times
from app.web import units

WIDTH, HEIGHT = 320, 120
LEFT, RIGHT, TOP, BASE = 44, 316, 8, 100
AGO = {"hour": "60 min ago", "day": "24 h ago", "week": "7 days ago"}
# Where an axis of seconds may end: numbers that are read at a glance.
_ENDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 43200)
_DAY = 86400.0
Value = float | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle. `look`: the end of its class."""

    look: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A line with its points. Where nothing was counted it has a gap."""

    look: str
    pieces: Sequence[str]
    dots: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart. `lines`: what it comes to, in words with numbers; `spans`: what a pointer is
    told, part by part."""

    id: str
    title: str
    lines: Sequence[tuple[str, str, str]]  # look, number, words
    top: str
    bottom: str
    bars: Sequence[Bar]
    curves: Sequence[Curve]
    spans: Sequence[tuple[Bar, str]]
    ago: str

    @property
    def label(self) -> str:
        """The chart in a sentence, for who does not see it."""
        said = ", ".join(f"{number} {words}" for _, number, words in self.lines)
        return f"{self.title}: {said}. From {self.ago} until now."


def charts(pulse: Pulse) -> list[Chart]:
    """All of them, in the order in which they are read."""
    return [_throughput(pulse), _success(pulse), _wait(pulse), _run(pulse)]


def _throughput(pulse: Pulse) -> Chart:
    whole = pulse.whole
    most = max(part.completed + part.failed for part in pulse.parts)
    end = _round_end(most)
    bars = [
        bar
        for at, part in enumerate(pulse.parts)
        for bar in (
            _bar("good", pulse, at, 0, part.completed / end),
            _bar("bad", pulse, at, part.completed / end, (part.completed + part.failed) / end),
        )
        if bar.height
    ]
    lines = [
        ("good", units.count(whole.completed), "completed"),
        ("bad", units.count(whole.failed), "failed"),
    ]
    told = lambda part: f"{part.completed:,.0f} completed, {part.failed:,.0f} failed"  # noqa: E731
    spans = _spans(pulse, told)
    ago = AGO[pulse.period.name]
    return Chart("throughput", "Steps", lines, units.count(end), "0", bars, (), spans, ago)


def _success(pulse: Pulse) -> Chart:
    values = [part.success for part in pulse.parts]
    least = min((value for value in values if value is not None), default=1.0)
    low = next(low for low in (0.9, 0.5, 0.0) if low <= least)
    places = [None if value is None else (value - low) / (1 - low) for value in values]
    lines = [("good", units.share(pulse.whole.success), "of steps completed")]
    spans = _spans(pulse, lambda part: f"{units.share(part.success)} of steps completed")
    curves = [_curve("good", pulse, places)]
    ago = AGO[pulse.period.name]
    return Chart("success", "Success", lines, "100 %", units.share(low), (), curves, spans, ago)


def _wait(pulse: Pulse) -> Chart:
    return _times(pulse, "wait", "Wait for a worker", lambda part: part.wait)


def _run(pulse: Pulse) -> Chart:
    return _times(pulse, "run", "Run time of an attempt", lambda part: part.run)


def _times(pulse: Pulse, id: str, title: str, which: Callable[[Part], Times]) -> Chart:
    found = [which(part) for part in pulse.parts]
    most = max((times.p95 for times in found if times.p95 is not None), default=1.0)
    end = next((end for end in _ENDS if end >= most), _DAY)
    curves = [
        _curve("p95", pulse, [_placed(times.p95, end) for times in found]),
        _curve("p50", pulse, [_placed(times.p50, end) for times in found]),
    ]
    whole = which(pulse.whole)
    lines = [
        ("p50", units.seconds(whole.p50), "or less for half"),
        ("p95", units.seconds(whole.p95), "or less for 95 %"),
    ]
    told = lambda part: (  # noqa: E731
        f"{units.seconds(which(part).p50)} or less for half, "
        f"{units.seconds(which(part).p95)} or less for 95 %"
    )
    spans, ago = _spans(pulse, told), AGO[pulse.period.name]
    return Chart(id, title, lines, units.seconds(end), "0", (), curves, spans, ago)


def _placed(value: Value, end: float) -> Value:
    return None if value is None else min(value / end, 1.0)


def _round_end(most: float) -> float:
    """Where an axis of numbers may end, at least 4."""
    ten = 10 ** floor(log10(max(most, 4.0)))
    return next(
        step * ten for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * ten >= max(most, 4.0)
    )


def _bar(look: str, pulse: Pulse, at: int, low: float, high: float) -> Bar:
    wide = (RIGHT - LEFT) / len(pulse.parts)
    top, bottom = _y(high), _y(low)
    return Bar(look, round(LEFT + at * wide + 1, 1), top, round(wide - 2, 1), bottom - top)


def _curve(look: str, pulse: Pulse, values: Sequence[Value]) -> Curve:
    wide = (RIGHT - LEFT) / len(pulse.parts)
    dots = [
        None if value is None else (round(LEFT + (at + 0.5) * wide, 1), _y(value))
        for at, value in enumerate(values)
    ]
    pieces = [list(some) for there, some in groupby(dots, lambda dot: dot is not None) if there]
    return Curve(look, [_points(piece) for piece in pieces], [dot for dot in dots if dot])


def _points(piece: Iterable[tuple[float, float] | None]) -> str:
    return " ".join(f"{dot[0]},{dot[1]}" for dot in piece if dot)


def _y(height: float) -> float:
    return round(BASE - height * (BASE - TOP), 1)


def _spans(pulse: Pulse, told: Callable[[Part], str]) -> list[tuple[Bar, str]]:
    wide = (RIGHT - LEFT) / len(pulse.parts)
    return [
        (
            Bar("span", round(LEFT + at * wide, 1), TOP, round(wide, 1), BASE - TOP),
            f"{_when(part)}: {told(part) if part.has_counts else 'nothing'}",
        )
        for at, part in enumerate(pulse.parts)
    ]


def _when(part: Part) -> str:
    return f"{part.start:%a %H:%M} to {part.end:%H:%M} UTC"
