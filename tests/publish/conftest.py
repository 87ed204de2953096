"""One server for all days of a process, emptied before each test; the disk is not asked to keep anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.sandbox import Sandbox
from tests.worlds.countries.flash_days import FlashDays, seed
from tests.worlds.countries.flood_days import FloodDays, SharedServers


@pytest.fixture(scope="session")
def servers(
    tmp_path_factory: pytest.TempPathFactory, configuration: Configuration, demo_country: FloodCountry
) -> Iterator[SharedServers]:
    shared = SharedServers(tmp_path_factory.mktemp("servers"), configuration.static_folder(demo_country), demo_country)
    yield shared
    shared.stop()


@pytest.fixture
def portal(
    tmp_path: Path, servers: SharedServers, demo_country: FloodCountry, demo_prepared: Path, demo_layers: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> FloodDays:  # fmt: skip
    """The demo country, a server that knows nothing else of it, and no runs yet."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    return FloodDays(demo_country, *demo_layers, demo_prepared, tmp_path / "runs", servers.empty())


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlashDays]:
    """The two valleys on a server that knows nothing else of them, and no runs yet."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    with Sandbox(tmp_path / "box") as sandbox:
        sandbox._backend.store.run("PRAGMA synchronous = OFF")
        sandbox.seed(seed())
        yield FlashDays(tmp_path / "runs", sandbox)
