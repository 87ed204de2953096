"""A world in every dialect, and one in the usual one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worlds.services.catalogue_account import World, open_world
from tests.worlds.services.catalogue_web import Served, Switch
from tests.worlds.services.dialects import ALL, Dialect


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    """One server for all worlds."""
    with Served(Switch()) as served:
        yield served


@pytest.fixture(params=ALL, ids=lambda dialect: dialect.name)
def every(server: Served, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world, once for each catalogue's ways."""
    dialect: Dialect = request.param
    with open_world(server, tmp_path, dialect) as world:
        yield world


@pytest.fixture
def world(server: Served, tmp_path: Path) -> Iterator[World]:
    """A world with the ways of the Copernicus Data Space."""
    with open_world(server, tmp_path) as world:
        yield world
