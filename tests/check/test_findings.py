"""The catalogue of findings and the checks that fill it fit together: no entry without a check, no brace unfilled."""

import ast
import string
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
import yaml

from ibf_pipeline.check import finding
from ibf_pipeline.check.finding import Level, Subject

ROOM = Path(finding.__file__).parent
CATALOGUE = yaml.safe_load((ROOM / "findings.yaml").read_text(encoding="utf-8"))


@cache
def calls() -> dict[str, set[str]]:
    """Name of a finding to the facts that a check gives for it."""
    found = {}
    for file in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "finding":
                (name,) = node.args
                found[name.value] = {str(keyword.arg) for keyword in node.keywords}
    return found


def test_every_entry_is_told_by_a_check_and_every_check_has_its_entry() -> None:
    assert set(calls()) == set(CATALOGUE)


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_entry_asks_for_just_the_facts_that_it_is_given(name: str) -> None:
    entry = CATALOGUE[name]
    asked = {field for words in entry.values() for _, field, _, _ in string.Formatter().parse(words) if field}
    assert asked == calls()[name]
    assert entry["level"] in get_args(Level)
    assert entry["subject"] in get_args(Subject)
    assert entry["found"]
    assert entry["meaning"]
