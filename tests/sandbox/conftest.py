"""One server for all tests of a run; every test has a country of its own on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ibf_pipeline.sandbox import Sandbox
from tests.worlds.services.portal import Clock, Portal, new_portal


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), now=Clock()) as running:
        yield running


@pytest.fixture(scope="session")
def described_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("described"), behaves_like="described", now=Clock()) as running:
        yield running


@pytest.fixture
def portal(server: Sandbox) -> Portal:
    return new_portal(server)


@pytest.fixture
def described(described_server: Sandbox) -> Portal:
    return new_portal(described_server)
