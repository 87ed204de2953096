"""Uganda's trigger scenario on its real boundaries, stations and thresholds, with generated rasters and ensemble."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from flows.cli.demo_folder import real_test_data, write_configuration
from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.loader import read_yaml
from ibf_pipeline.discharge.cells import locate
from ibf_pipeline.prepare.stations import read_stations, read_thresholds
from ibf_pipeline.synthetic.ensemble import make_ensemble
from ibf_pipeline.synthetic.files import glofas_window, write_ftp_members
from ibf_pipeline.synthetic.uganda import make_uganda

_SCENARIO = "G5075=wwwww---:min G5220=----TTTT G5230=------ww:med"
ISSUE_DATE = date(2026, 11, 10)
_LEAD_TIME_LIMIT = 7
"""days; in production Uganda triggers up to 5 days ahead"""


def set_up(workspace: Path, config: str) -> str:
    """Static data, ensemble and configuration of the scenario below a workspace; returns the configuration folder."""
    static = workspace / "UGA"
    if not (static / "population.tif").is_file():
        make_uganda(real_test_data("uganda", "Uganda's boundaries, stations and thresholds"), static, cell_arcsec=15)
    settings = read_yaml(Path(config) / "settings.yaml")
    archive = {**settings["sources"]["archive"], "root": str((workspace / "forecasts").resolve())}
    country = read_yaml(Path(config) / "countries" / "UGA.yaml")
    country["static"] = str(static.resolve())
    country["trigger"]["lead_time_limit"] = _LEAD_TIME_LIMIT
    folder = write_configuration(workspace, settings, country, {"archive": archive})

    rule = load(Path(folder)).country_of("UGA", FloodCountry).rule
    stations = read_stations(static / "stations.csv")
    thresholds = read_thresholds(static / "thresholds.json", stations, {rule.trigger.return_period})
    grid = glofas_window(29.5, -1.6, 35.1, 4.3)
    cells = {station.code: locate(station.lat, station.lon, grid) for station in stations}
    cube = make_ensemble(thresholds, rule, _SCENARIO)
    write_ftp_members(workspace / "forecasts", ISSUE_DATE, cube, cells, grid)
    return folder
