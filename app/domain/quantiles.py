"""How long things mostly took: estimated from how many fell into each bucket, as in Prometheus."""

from collections.abc import Mapping
from math import inf

from app.domain.tallies import BOUNDS, LE


def quantile(counts: Mapping[str, float], part: float) -> float | None:
    """Seconds within which this part of all durations lay. `counts`: by upper bound (`le`), each
    bucket for itself. None when nothing was counted; infinite above the last bound."""
    wanted = sum(counts.values()) * part
    if not wanted:
        return None
    lower = 0.0
    for bound, le in zip((*BOUNDS, inf), LE, strict=True):
        number = counts.get(le, 0.0)
        if number and number >= wanted:
            return inf if bound == inf else lower + (bound - lower) * wanted / number
        wanted -= number
        lower = bound
    return inf
