"""Numbers with their units, as charts and tables write them."""

from math import floor, inf

NONE = "–"


def seconds(value: float | None) -> str:
    """'12 ms', '0.4 s', '41 s', '12 min', '3.5 h', 'over 1 d'."""
    if value is None:
        return NONE
    if value == inf:
        return "over 1 d"
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 59.5:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 3570 else f"{value / 3600:.1f} h"


def share(value: float | None) -> str:
    """'99.8 %'. Rounded down: 100 % is all of them."""
    return NONE if value is None else f"{floor(value * 1000 + 1e-9) / 10:g} %"


def count(value: float) -> str:
    return f"{value:,.0f}"
