"""Tables of the stations of a flood day: for files, and in short (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from ibf_pipeline.domain.wording import alert_text, discharge_text
from ibf_pipeline.hazards.floods.findings import FloodFindings, StationFound
from ibf_pipeline.report.short_table import MOST_ROWS, ShortRow, ShortTable
from ibf_pipeline.report.table_files import Table, TableRow, flags_cell, of_run, point
from ibf_pipeline.report.times import flags_head


def station_tables(findings: FloodFindings, _: object = None) -> tuple[Table]:
    """The stations, as files."""
    return (stations_table(findings),)


def short_tables(findings: FloodFindings) -> tuple[ShortTable]:
    """The stations in short."""
    return (ShortTable("stations", station_rows(findings), "no station"),)


def station_rows(findings: FloodFindings) -> list[ShortRow]:
    """Every station: alerted ones first, then blind and suspect ones; at most `MOST_ROWS`."""
    alerted = {event.station_code: place for place, event in enumerate(findings.events)}
    order = {"blind": 0, "suspect": 1, "fine": 2}
    stations = sorted(findings.stations, key=lambda s: (alerted.get(s.code, len(alerted)), order[s.condition], s.code))
    return [_short_row(findings, station) for station in stations[:MOST_ROWS]]


def _short_row(findings: FloodFindings, station: StationFound) -> ShortRow:
    values = station.values
    above = station.above.get(f"{findings.rule.trigger_return_period:g}", ())
    return {
        "station": station.code,
        "name": station.shown_name,
        "alert": alert_text(values.alert_class, trigger=values.alert_class == "max") if values else "unknown",
        flags_head(findings): station.flags if values else None,
        "m3/s": discharge_text(values.forecast_level) if values else None,
        "trigger at": discharge_text(values.trigger_level) if values else None,
        "members above": " ".join(map(str, above)) if values else None,
        "condition": f"{station.condition}: {station.reason}" if station.reason else station.condition,
    }


def stations_table(findings: FloodFindings) -> Table:
    """One row a station, blind ones without values."""
    rows = [_export_row(findings, station) for station in findings.stations]
    places = [point((station.lon, station.lat)) for station in findings.stations]
    return Table("stations", list(rows[0]) if rows else (), rows, places)


def _export_row(findings: FloodFindings, station: StationFound) -> TableRow:
    values = station.values
    return {
        **of_run(findings),
        "station_code": station.code,
        "station": station.name,
        "lat": station.lat,
        "lon": station.lon,
        "condition": station.condition,
        "reason": station.reason,
        "alert_class": values.alert_class if values else None,
        "forecast_level_m3s": values.forecast_level if values else None,
        "forecast_return_period_years": values.forecast_return_period if values else None,
        "trigger_level_m3s": values.trigger_level if values else None,
        "days": flags_cell(station.flags) if values else None,
        **{f"members_above_trigger_{lead}_day": count for lead, count in _counts(findings, station)},
    }


def _counts(findings: FloodFindings, station: StationFound) -> Iterator[tuple[int, int | None]]:
    above = station.above.get(f"{findings.rule.trigger_return_period:g}")
    for lead in findings.lead_times:
        yield lead, above[lead] if above and station.condition != "blind" else None
