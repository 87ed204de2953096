"""`check --glofas`: the thresholds in use against those of another GloFAS version, and past days by both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import xarray as xr
from rich.table import Column, Table

from flows.cli.terminal import console, print_data, print_whole
from flows.wiring.day import open_configuration
from flows.wiring.local_static import local_static
from flows.wiring.sharing import fetch_newest_layers
from flows.wiring.static import open_places
from ibf_pipeline.check.versions import DayComparison, StationComparison, compare_days, compare_sets, of_stations
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.thresholds import file_of
from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import IbfError, UsageError
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.prepare.inputs import STATIONS, THRESHOLDS, needed_return_periods
from ibf_pipeline.prepare.stations import cells_of_stations, read_stations, read_thresholds
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.runs.run_index import runs_of
from ibf_pipeline.sources.past_runs import FORECAST_FILE, read_kept_forecast
from ibf_pipeline.static.thresholds import RiverCell, sample_river_cells


def print_versions(config: str, iso3: str, version: str, workspace: str | None, *, as_json: bool) -> None:
    """Stations, then past days; UsageError if there are no thresholds of the version."""
    version = version.removeprefix("v")
    configuration = open_configuration(config, workspace)
    country = configuration.country_of(iso3, FloodCountry)
    if version == country.thresholds_version:
        raise UsageError(
            f"thresholds of GloFAS v{version} are those that {iso3} uses",
            where=f"countries/{iso3}.yaml",
            remedy="name the version to compare them with",
        )
    static = local_static(configuration, country)
    later = static / file_of(version)
    if not later.is_file():
        raise _without_set(country, version)
    stations, period = read_stations(static / STATIONS), country.trigger.return_period
    notes: list[str] = []
    cells = [_cells(configuration, country, stations, each, notes) for each in (country.thresholds_version, version)]
    sets = [of_stations(file, stations, period) for file in (static / THRESHOLDS, later)]
    compared = compare_sets(sets[0], sets[1], *cells)
    days = _days(configuration, country, version, later, notes)
    if as_json:
        rows = [{**asdict(each), "ratio": each.ratio} for each in compared]
        print_data({"return_period": period, "stations": rows, "days": [asdict(day) for day in days], "notes": notes})
        return
    _print_stations(compared, country.thresholds_version, version, period)
    _print_days(days, country.thresholds_version, version)
    for text in dict.fromkeys(notes):
        console().print(f"- {text}", soft_wrap=True, markup=False)


def _cells(
    configuration: Configuration, country: FloodCountry, stations: Sequence[Station], version: str, notes: list[str]
) -> dict[str, RiverCell] | None:
    grids = open_places(configuration, country).thresholds
    if grids is None:
        notes.append("cells that move are not checked: static_sources.thresholds names no grids")
        return None
    try:
        return sample_river_cells(grids, stations, min(country.static_sources.threshold_periods), version.split(".")[0])
    except IbfError as error:
        notes.append(f"cells of v{version} are not checked: {error.found}")
        return None


def _without_set(country: FloodCountry, version: str) -> UsageError:
    return UsageError(
        f"{country.iso3} has no thresholds of GloFAS v{version}",
        where=f"countries/{country.iso3}.yaml",
        expected=f"{file_of(version)} in the static data",
        remedy="put it there: comparing the two decides nothing. `fetch-static` makes it if the grids are named and "
        "the set is listed under later_thresholds, with the first issue date that it applies to",
    )


def _days(
    configuration: Configuration, country: FloodCountry, version: str, file: Path, notes: list[str]
) -> list[DayComparison]:
    try:
        layers, _ = read_prepared(fetch_newest_layers(configuration, country.iso3, country.hazard), country.iso3)
        if version not in layers.later_thresholds:
            table = read_thresholds(file, layers.stations, needed_return_periods(country))
            layers = replace(layers, later_thresholds={**layers.later_thresholds, version: table})
    except IbfError as error:
        notes.append(f"past days are not checked: {error.found}; {error.remedy}")
        return []
    cubes = _kept(configuration, country, layers.stations, notes)
    return list(compare_days(cubes, layers, country, version))


def _kept(
    configuration: Configuration, country: FloodCountry, stations: Sequence[Station], notes: list[str]
) -> Iterator[xr.DataArray]:
    runs = configuration.path(configuration.settings.paths.runs)
    for run in runs_of(runs, country.iso3, FLOODS.name, configuration.storage):
        if run.is_whole and run.kept.has(FORECAST_FILE):
            try:
                cells = cells_of_stations(stations)
                yield read_kept_forecast(run.file(FORECAST_FILE), cells, run.issue_time.day, country.lead_times_needed)
            except IbfError as error:
                notes.append(f"{run.issue_time} is left out: {error.found}")


def _print_stations(compared: Sequence[StationComparison], ours: str, other: str, period: float) -> None:
    title = f"thresholds of {period:g} years, m3/s"
    numbers = (Column(text, justify="right") for text in (f"v{ours}", f"v{other}", "ratio"))
    table = Table("station", *numbers, "cell", title=title)
    for each in compared:
        values = ("-" if value is None else f"{value:,.4g}" for value in (each.ours, each.other, each.ratio))
        table.add_row(each.code, *values, each.cell)
    print_whole(table)


def _print_days(days: Sequence[DayComparison], ours: str, other: str) -> None:
    different = [day for day in days if day.differs]
    if different:
        table = Table("issue date", "ensemble", f"by v{ours}", f"by v{other}", title="alerts that would be different")
        for day in different:
            table.add_row(str(day.issue_date), f"v{day.version}", day.ours, day.other)
        print_whole(table)
    text = "no past day was compared: whether alerts would differ is not known"
    if days:
        text = f"{len(different)} of {len(days)} kept ensembles give other alerts"
        text += ": an ensemble of one version judged by thresholds of the other shows what mixing them would give"
    console().print(text, soft_wrap=True)
