"""Notes beside files: what cannot be read is as good as nothing noted."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibf_pipeline.io.json_files import read_json_or_empty


@pytest.mark.parametrize("content", [None, b"", b'{"size": 7', b"[7]", b"\xff\xfe"])
def test_a_damaged_note_says_nothing(tmp_path: Path, content: bytes | None) -> None:
    """Neither does one that is not there, or that holds something else."""
    note = tmp_path / "a.json"
    if content is not None:
        note.write_bytes(content)
    assert read_json_or_empty(note) == {}


def test_a_note_is_what_was_noted(tmp_path: Path) -> None:
    """Keys and values as they were written."""
    (tmp_path / "a.json").write_text('{"size": 7, "stamp": "é"}', encoding="utf-8")
    assert read_json_or_empty(tmp_path / "a.json") == {"size": 7, "stamp": "é"}
