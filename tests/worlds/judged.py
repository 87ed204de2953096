"""What `check` and `prepare` make of the tiny country's rasters: the same, or the test fails."""

from __future__ import annotations

from pathlib import Path

from ibf_pipeline.check.country import check_static
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.build import prepare
from ibf_pipeline.prepare.store import read_prepared
from tests.worlds.countries import tiny_country


def judged(static: Path, folder: Path, **changes: object) -> tuple[str, list[str]]:
    """What `prepare` refuses ("" for nothing) and what its layers note; `check` says the same, or the test fails."""
    country = tiny_country.country(**changes)
    said = [f for f in check_static(country, static)[0] if f.subject == "rasters"]
    errors, warnings = ([f.found for f in said if f.level == level] for level in ("error", "warning"))
    refused = ""
    try:
        prepare(country, static, folder / "prepared")
    except InputInvalid as error:
        refused = error.found
    if refused or errors:
        assert refused
        assert any(refused in words for words in errors), errors
        return refused, []
    layers, _ = read_prepared(folder / "prepared", "XTY")
    notes = [note for note in layers.findings if ".tif" in note]
    for note in notes:
        assert any(words.startswith(note) or words in note for words in warnings), (note, warnings)
    return "", notes
