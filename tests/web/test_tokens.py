"""Text can be read on every surface in both themes: WCAG AA, computed from tokens.css."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "app/static/css"
TOKENS = dict(
    re.findall(r"--([\w-]+): (light-dark\(#\w{6}, #\w{6}\));", (CSS / "tokens.css").read_text())
)
THEMES = {"light": 0, "dark": 1}
SURFACES = ["page", "surface", "sunken", "raised", "hover", "picked"]
MARKS = sorted(name for name in TOKENS if name.startswith(("mark-", "diff-")))
TEXTS = ["ink", "ink-2", "ink-3", "accent", "accent-strong", "danger", *MARKS]
TINT = 0.10  # of a mark behind itself, as mark.css mixes it

Rgb = tuple[float, float, float]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("text", TEXTS)
def test_text_stands_out_from_every_surface(text: str, theme: str) -> None:
    for surface in SURFACES:
        assert contrast(colour(text, theme), colour(surface, theme)) >= 4.5, surface


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_stands_out_from_its_own_tint(mark: str, theme: str) -> None:
    tint = mix(colour(mark, theme), colour("surface", theme), TINT)
    assert contrast(colour(mark, theme), tint) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_the_primary_button_can_be_read(theme: str) -> None:
    for fill in ("accent", "accent-strong"):
        assert contrast(colour("on-accent", theme), colour(fill, theme)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_the_edge_of_a_control_can_be_seen(theme: str) -> None:
    for surface in ("page", "surface"):
        assert contrast(colour("line-control", theme), colour(surface, theme)) >= 3


@pytest.mark.parametrize("path", sorted(CSS.glob("*.css")), ids=lambda path: path.name)
def test_only_the_tokens_name_colours(path: Path) -> None:
    if path.name != "tokens.css":
        found = re.findall(r"#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(", path.read_text())
        assert not found, "use a token of tokens.css, or add one there"


@pytest.mark.parametrize("path", sorted(CSS.glob("*.css")), ids=lambda path: path.name)
def test_every_token_that_is_used_exists(path: Path) -> None:
    own = set(re.findall(r"--([\w-]+):", (CSS / "tokens.css").read_text())) | {"mark", "diff"}
    assert set(re.findall(r"var\(--([\w-]+)", path.read_text())) <= own


def colour(token: str, theme: str) -> Rgb:
    value = re.findall(r"#(\w{6})", TOKENS[token])[THEMES[theme]]
    red, green, blue = (int(value[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def mix(front: Rgb, back: Rgb, share: float) -> Rgb:
    red, green, blue = (f * share + b * (1 - share) for f, b in zip(front, back, strict=True))
    return red, green, blue


def luminance(rgb: Rgb) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
