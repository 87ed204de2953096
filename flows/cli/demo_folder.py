"""The folder of a demo, emptied before each run if a demo made it, and the configuration in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from ibf_pipeline.config.loader import read_yaml
from ibf_pipeline.errors import ForbiddenByRule, InputMissing
from ibf_pipeline.io.atomic_files import write_errors, write_text

_MARKER = ".ibf-demo"
"""file by which a demo recognises its own folder"""


def empty_demo(folder: Path) -> None:
    """An empty folder with the marker of the demo; ForbiddenByRule if it has content that is not a demo's."""
    marker = folder / _MARKER
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        strange = not marker.is_file() and any(folder.iterdir())
    if strange:
        raise ForbiddenByRule(
            "the folder has content that no demo has made, and a demo empties its folder",
            where=folder,
            expected="a new or an empty folder, or that of an earlier demo",
            remedy="name another one with --workspace",
        )
    with write_errors(folder):
        marker.write_text("made by `ibf-pipeline demo`, which empties this folder\n", encoding="utf-8")
        for name in ("runs", "sandbox", "forecasts", "rain", "tracks"):
            shutil.rmtree(folder / name, ignore_errors=True)


def write_configuration(
    workspace: Path, settings: dict[str, Any], country: dict[str, Any], sources: dict[str, Any]
) -> str:
    """Write the configuration of a demo's country below a workspace; its folder.

    `settings`: of the installation, to which `sources` are added; `country`: its whole file.
    """
    folder = workspace / "config"
    settings = {**settings, "sources": {**settings["sources"], **sources}}
    write_text(folder / "settings.yaml", yaml.safe_dump(settings, sort_keys=False))
    write_text(folder / "countries" / f"{country['iso3']}.yaml", yaml.safe_dump(country, sort_keys=False))
    return str(folder)


def write_fixture_configuration(
    workspace: Path, config: str, iso3: str, section: str, *, name: str | None = None, copied: Collection[str] = ()
) -> str:
    """The same for a country whose data are fixtures, with the settings of `config`; InputMissing without the fixtures.

    `section`: file among them with the section `hazards` and the `sources` that it lists; `name`: of the country, if it
    is not in that file; `copied`: folders of the fixtures that the demo adds files to, and so has of its own.
    """
    static = (Path(config).resolve().parent / "data" / "fixtures" / iso3).resolve()
    if not (static / section).is_file():
        raise InputMissing(
            "the data of the demo are not here",
            where=static / section,
            expected="the fixtures of the project's folder",
            remedy="run inside the project's folder",
        )
    demo, settings = read_yaml(static / section), read_yaml(Path(config) / "settings.yaml")
    for folder in copied:
        shutil.copytree(static / folder, workspace / folder, dirs_exist_ok=True)
    for source in demo["sources"].values():
        source["root"] = str(((workspace if source["root"] in copied else static) / source["root"]).resolve())
    country = {"iso3": iso3, "name": name or demo["name"], "static": str(static), "hazards": demo["hazards"]}
    return write_configuration(workspace, settings, country, demo["sources"])


def real_test_data(below: str, what: str) -> Path:
    """A file or folder of the real test data; InputMissing if it is not there. `what`: in words."""
    place = Path(os.environ.get("IBF_TEST_DATA", "../shared/data")) / below
    if not place.exists():
        raise InputMissing(
            f"{what} are not here",
            where=place,
            expected="the folder of the real test data",
            remedy="set the environment variable IBF_TEST_DATA",
        )
    return place.resolve()
