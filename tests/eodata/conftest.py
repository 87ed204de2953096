"""A world in every dialect, and one in the usual one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .dialects import ALL, Dialect
from .world import World, open_world


@pytest.fixture(params=ALL, ids=lambda dialect: dialect.name)
def every(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world, once for each catalogue's ways."""
    dialect: Dialect = request.param
    with open_world(tmp_path, dialect) as world:
        yield world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with the ways of the Copernicus Data Space."""
    with open_world(tmp_path) as world:
        yield world
