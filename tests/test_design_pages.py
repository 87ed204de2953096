"""The design pages name what there is: files and what stands in them, packages, and pages."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
_IN_FILE = re.compile(r"`([\w/]+\.py)::(\w+)")


def _files(name: str, page: Path) -> list[Path]:
    """Where a path may lead: from the project's root, the library, or the package that a design page is about."""
    places = [ROOT / name, ROOT / "ibf_pipeline" / name]
    places += (ROOT / "ibf_pipeline").glob(f"**/{name}") if page.parent.name == "design" else ()
    return [place for place in places if place.is_file()]


@cache
def _names(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    named = _IN_FILE.findall(page.read_text())
    absent = [
        (name, inside) for name, inside in named if not any(inside in _names(file) for file in _files(name, page))
    ]
    assert absent == []


def test_most_rules_name_their_function() -> None:
    """So that the check above cannot pass for want of names."""
    rules = [ROOT / "docs" / "design" / f"{name}.md" for name in ("floods", "flash-floods", "typhoon", "publication")]
    assert [page.stem for page in rules if len(_IN_FILE.findall(page.read_text())) < 10] == []
