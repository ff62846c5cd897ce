"""The reference of template fields is made from the schemas."""

from app.schemas.actions import ACTION_TYPES
from devtools import reference


def test_each_action_type_has_a_section_with_all_its_fields():
    page = reference.page()

    for name, kind in ACTION_TYPES.items():
        section = page.split(f"## {kind.label}: {name}\n")[1].split("\n## ")[0]
        fields = kind.config.model_json_schema()["properties"]
        assert [line.split("`")[1] for line in section.splitlines() if line[:3] == "| `"] == [
            *fields
        ]


def test_every_field_is_explained_and_none_reads_as_two_columns():
    rows = [line for line in reference.page().splitlines() if line.startswith("| `")]

    assert rows
    for row in rows:
        cells = row.replace("\\|", "/").split("|")[1:-1]
        assert len(cells) == 5, row
        assert len(cells[3].split("** ")[1].strip()) > 5, row


def test_an_outdated_page_is_told_with_what_mends_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reference, "PAGE", tmp_path / "reference.md")

    assert reference.main(["--check"]) == 1
    assert "python -m devtools.reference" in capsys.readouterr().out
    reference.main([])
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    assert reference.main(["--check"]) == 0
