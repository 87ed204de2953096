"""Demos of typhoon: a storm over the fictional islands from its first warning to its end, whose tracks are fixtures; or
Chanthu of September 2021 over the Philippines, whose tracks are real and whose people and houses are made up.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from flows.cli.day import run_and_print
from flows.cli.demo_folder import real_test_data, write_configuration, write_fixture_configuration
from flows.cli.terminal import console
from ibf_pipeline.config.loader import read_yaml
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.synthetic.philippines import COUNTRY as PHILIPPINES
from ibf_pipeline.synthetic.philippines import HOUSING, NAMES, make_philippines

DEMO_COUNTRY: Final = "XDI"
_SECTION: Final = "typhoon.yaml"
"""file among the islands' static data: their name, section `hazards.typhoon`, and the `sources` that it lists"""
CYCLES: Final = (
    "2026-10-04T00", "2026-10-05T12", "2026-10-07T12", "2026-10-08T12", "2026-10-09T00", "2026-10-12T12",
)  # fmt: skip
"""a warning, a trigger, the last hours, a landfall with a second one ahead, past the land, gone"""
CHANTHU: Final = "chanthu_2021091000_eps.bufr"
_CHANTHU_CYCLE: Final = "2021-09-10T00"
_MONITORING: Final = ((115, 5), (115, 15), (120, 21), (120, 25), (135, 25), (135, 5))
"""the Philippine area of responsibility"""


def run_typhoon(config: str, workspace: str, *, philippines: bool) -> tuple[str, str, int]:
    """Set a demo up and run it: its country, its configuration and the exit code."""
    base = Path(workspace)
    if philippines:
        config = set_up_philippines(base, config)
        return PHILIPPINES, config, run_philippines(config, workspace)
    config = set_up(base, config)
    return DEMO_COUNTRY, config, run_demo(config, workspace)


def set_up(workspace: Path, config: str) -> str:
    """Write the configuration of the islands below a workspace and return its folder: the settings are those of
    `config`, with the islands' sources. InputMissing without the fixtures.
    """
    return write_fixture_configuration(workspace, config, DEMO_COUNTRY, _SECTION)


def set_up_philippines(workspace: Path, config: str) -> str:
    """The same for the Philippines, with static data made from real boundaries. InputMissing without those."""
    tracks, static = real_test_data(f"tracks/{CHANTHU}", "the tracks of Chanthu"), workspace / PHILIPPINES
    settings = read_yaml(Path(config) / "settings.yaml")
    if not (static / HOUSING).is_file():
        make_philippines(tracks.parents[1] / "philippines", static)
    place = workspace / "tracks" / "2021091000"
    with write_errors(place):
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tracks, place / CHANTHU)
    section = {
        "time_zone": "Asia/Manila",
        "admin_levels": [3],
        "default_admin_level": 3,
        "province_level": 2,
        "region_level": 1,
        "sources": ["chanthu"],
        "monitoring": [list(corner) for corner in _MONITORING],
        "housing": HOUSING,
        "names": NAMES,
    }
    country = {
        "iso3": PHILIPPINES,
        "name": "Philippines",
        "static": str(static.resolve()),
        "hazards": {TyphoonCountry.hazard: section},
    }
    sources = {"chanthu": {"kind": "tracks-folder", "root": str((workspace / "tracks").resolve())}}
    return write_configuration(workspace, settings, country, sources)


def run_demo(config: str, workspace: str) -> int:
    """Run the cycles one after the other; the exit code of the first that fails. `config`: as `set_up` wrote it."""
    code = 0
    for number, cycle in enumerate(CYCLES):
        if code == 0:
            if number:
                console().print()
            code = run_and_print(DEMO_COUNTRY, cycle, None, config, workspace, hazard=TyphoonCountry.hazard)
    return code


def run_philippines(config: str, workspace: str) -> int:
    """Run the cycle of Chanthu; `config` as `set_up_philippines` wrote it."""
    return run_and_print(PHILIPPINES, _CHANTHU_CYCLE, None, config, workspace, hazard=TyphoonCountry.hazard)
