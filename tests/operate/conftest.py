"""One real Prefect server on loopback for the tests of operation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.worlds.services.prefect_server import PrefectServer, prefect_server


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    with prefect_server(tmp_path_factory.mktemp("prefect")) as server:
        yield server


@pytest.fixture
def api(prefect: PrefectServer) -> Iterator[PrefectServer]:
    """The same, with this process as one of its clients."""
    with temporary_settings(updates={PREFECT_API_URL: prefect.url}):
        yield prefect
