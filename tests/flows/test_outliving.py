"""Whatever encoding a terminal or a pipe has, output goes on and what is in the encoding arrives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.wiring.environment import _outliving
from tests.budget import examples

ENCODINGS = ("ascii", "latin-1", "cp1252", "cp437", "koi8-r", "shift_jis", "gb2312", "utf-8", "utf-16", "utf-32")


@settings(max_examples=examples(15, 300), deadline=None)
@given(
    text=st.text(st.characters(exclude_characters="\r\n", exclude_categories=())),
    encoding=st.sampled_from(ENCODINGS),
    errors=st.sampled_from(["replace", "backslashreplace"]),
)
def test_what_an_encoding_lacks_is_replaced(
    tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str, errors: str
) -> None:
    file: Path = tmp_path_factory.mktemp("out") / "out.txt"
    with file.open("w", encoding=encoding) as terminal, _outliving(terminal, errors) as stream:
        print("G1:", text, file=stream)
        print("done", file=stream)
    said = file.read_bytes().decode(encoding)
    assert said.startswith("G1: ")
    assert said.endswith("\ndone\n")
    if text.isascii() and text.isprintable():
        assert said == f"G1: {text}\ndone\n"
