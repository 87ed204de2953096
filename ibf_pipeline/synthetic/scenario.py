"""The forecast of a scenario: an ensemble that makes a wish list come true, as raw files like GloFAS's own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ibf_pipeline.discharge.cells import locate
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.domain.rule import FloodRule
from ibf_pipeline.synthetic.ensemble import make_ensemble
from ibf_pipeline.synthetic.files import glofas_window, write_ftp_members


def write_scenario(
    folder: Path, issue_date: date, wishes: str, layers: CountryLayers, rule: FloodRule, lead_times: int
) -> Path:
    """Write `<folder>/<YYYYMMDD>/dis_<NN>_<YYYYMMDD>00.nc` for all stations of a country and return that folder.

    `lead_times`: those of the country's horizon, 0-day counted, for each of which a wish has one character. Stations
    that the wish list does not name are quiet. Raises InputInvalid for a wish list that is wrong or that the
    country's rule makes impossible, and if two stations share a cell of the forecast's grid.
    """
    cube = make_ensemble(layers.thresholds, rule, wishes, seed=issue_date.toordinal(), lead_times=lead_times)
    lats = [station.cell_lat for station in layers.stations]
    lons = [station.cell_lon for station in layers.stations]
    grid = glofas_window(min(lons), min(lats), max(lons), max(lats))
    cells = {station.code: locate(station.cell_lat, station.cell_lon, grid) for station in layers.stations}
    return write_ftp_members(folder, issue_date, cube, cells, grid)
