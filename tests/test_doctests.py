"""The examples in docstrings hold: every module of the library with a `>>>` is run by doctest."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import ibf_pipeline

ROOT = Path(ibf_pipeline.__file__).parent
MODULES = sorted(
    ".".join(file.relative_to(ROOT.parent).with_suffix("").parts)
    for file in ROOT.rglob("*.py")
    if ">>> " in file.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold_and_none_is_passed_over(name: str) -> None:
    module = import_module(name)
    result = doctest.testmod(module)
    assert result.failed == 0
    assert result.attempted == Path(module.__file__ or "").read_text(encoding="utf-8").count(">>> ")
