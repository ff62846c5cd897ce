"""Links in the documentation lead somewhere, or bin/test says which do not."""

from devtools.check_docs import anchors, broken


def test_a_link_to_a_missing_file_or_heading_is_named(tmp_path):
    (tmp_path / "other.md").write_text("# What it is\n## Twice\n## Twice\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md) [b](other.md#what-it-is) [c](other.md#twice-1) [d](https://x.example/y) "
        "[e](gone.md) [f](other.md#gone) `[g](gone.md)`\n```\n[h](gone.md)\n```\n"
    )
    assert list(broken(page, tmp_path)) == [
        "page.md: gone.md does not exist",
        "page.md: other.md#gone names no heading of other.md",
    ]


def test_headings_are_named_as_the_forge_names_them():
    assert anchors("## `bin/dev`: what it *does*\n## 2. Next, then\n") == {
        "bindev-what-it-does",
        "2-next-then",
    }
