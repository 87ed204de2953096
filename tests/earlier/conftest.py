"""A kept folder in a project of its own, and the portal as it was left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.earlier import doors
from tests.earlier.world import EMAIL, ISO3, KEPT, NOON, Portal, Project

Left = Callable[..., tuple[Project, Portal]]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the country is prepared, by today's version."""
    root = tmp_path_factory.mktemp("earlier")
    country = Project(root, KEPT / "static", root / "prepared").configure("http://127.0.0.1:9/api").country
    doors.prepare_floods(country, KEPT / "static" / ISO3, root / "prepared" / ISO3)
    return root / "prepared"


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The one portal of a process; each test finds it as its kept runs have left it."""
    root = tmp_path_factory.mktemp("portal")
    country = Project(root, KEPT / "static", root / "prepared").configure("http://127.0.0.1:9/api").country
    portal = Portal(root / "sandbox", KEPT / "static", country)
    with portal.sandbox:
        yield portal


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the product's clock."""
    return lambda moment: doors.set_clock(monkeypatch, moment)


@pytest.fixture
def left(
    tmp_path: Path, prepared: Path, portal: Portal, monkeypatch: pytest.MonkeyPatch, clock: Callable[[datetime], None]
) -> Left:
    """Opens a kept folder; `further` calls of its last revision were made though the journal does not say so."""
    monkeypatch.setenv("IBF_EMAIL", EMAIL)
    monkeypatch.setenv("IBF_PASSWORD", doors.SANDBOX_PASSWORD)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    clock(NOON)

    def open_kept(state: str, *, further: int = 0, take_over: bool = True) -> tuple[Project, Portal]:
        shutil.copytree(KEPT / state, tmp_path / state)
        project = Project(tmp_path / state, KEPT / "static", prepared).configure(portal.url)
        portal.leave(state, further)
        if take_over:
            project.take_over()
        return project, portal

    return open_kept
