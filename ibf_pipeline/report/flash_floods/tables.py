"""Tables of a block of flash floods: reasons by area, gauges, what is exposed; for files, and in short (pure)."""

from __future__ import annotations

from typing import Any

from ibf_pipeline.domain.local_time import local_text
from ibf_pipeline.domain.wording import number_text, percent_text
from ibf_pipeline.hazards.flash_floods.findings import Cause, FlashFloodEvent, FlashFloodFindings, GaugeFound
from ibf_pipeline.report.flash_floods.assets import Assets
from ibf_pipeline.report.flash_floods.run_data import FlashFloodRunData
from ibf_pipeline.report.short_table import MOST_ROWS, ShortRow, ShortTable
from ibf_pipeline.report.table_files import Place, Table, Value, point, run_table
from ibf_pipeline.runs.flash_floods import GAUGES, KeptAsset

_CAUSE = (
    "event", "place_code", "area", "starts", "rain_from", "peaks", "duration_hours", "rain_mm", "fallen_mm",
    "observed_share", "scenario", "rank", "people", "limit", "probability", "of_catchment", "lower_bound",
    "beyond_library", "resolved",
)  # fmt: skip
_GAUGE = ("fid", "gauge", "measured", "level_m", "day_before_m", "reference_m", "alert_level")
_ASSET = ("event", "lead_time_hours", "category", "fid", "name", "place_code", "lat", "lon")


def event_columns() -> dict[str, Any]:
    """Further columns of the table of events: name -> (event)."""
    return {
        "state": lambda event: event.state,
        "probability": lambda event: event.probability,
        "shown_until": lambda event: None if event.until is None else event.until.isoformat(),
        "last_exceeded": lambda event: None if event.exceeded is None else event.exceeded.isoformat(),
    }


def flash_tables(findings: FlashFloodFindings, kept: FlashFloodRunData | None) -> tuple[Table, ...]:
    """Reasons by area, gauges, and exposed points and lines, with names and places if they are at hand."""
    assets = kept.assets if kept is not None else {}
    return _causes(findings), _gauges(findings, assets), _exposed(findings, assets)


def short_tables(findings: FlashFloodFindings) -> tuple[ShortTable, ...]:
    """The first two in short."""
    causes = [
        _short_cause(findings, event, cause) for event in findings.events for cause in event.causes
    ][:MOST_ROWS]  # fmt: skip
    gauges = [_short_gauge(findings, gauge) for gauge in findings.gauges[:MOST_ROWS]]
    return ShortTable("reasons", causes, "no area is alerted"), ShortTable("gauges", gauges, "no water level")


def _short_cause(findings: FlashFloodFindings, event: FlashFloodEvent, cause: Cause) -> ShortRow:
    return {
        "district": event.name,
        "area": cause.name or cause.place_code,
        "starts": local_text(cause.starts, findings.zone),
        "worst": local_text(cause.peaks, findings.zone),
        "rain": f"{cause.amount_mm:.0f} mm in {cause.duration_h} h",
        "scenario": f"{cause.scenario}, rank {cause.rank}",
        "people": cause.people,
        "limit": number_text(cause.limit),
        "probability": "one run" if findings.one_run else percent_text(cause.probability),
    }


def _short_gauge(findings: FlashFloodFindings, gauge: GaugeFound) -> ShortRow:
    return {
        "gauge": gauge.name or gauge.fid,
        "measured": local_text(gauge.measured, findings.zone),
        "level (m)": _metres(gauge.level),
        "a day before (m)": _metres(gauge.previous),
        "usual (m)": _metres(gauge.reference),
        "alert level": gauge.alert_level,
    }


def _metres(level: float | None) -> str | None:
    return None if level is None else f"{level:.2f}"


def _causes(findings: FlashFloodFindings) -> Table:
    values = [
        (
            event.name, cause.place_code, cause.name, cause.starts.isoformat(), cause.rains_from.isoformat(),
            cause.peaks.isoformat(), cause.duration_h, cause.amount_mm, cause.fallen_mm, cause.observed,
            cause.scenario, cause.rank, cause.people, cause.limit, None if findings.one_run else cause.probability,
            cause.of_catchment, cause.lower_bound, cause.beyond_library, cause.resolved,
        )
        for event in findings.events
        for cause in event.causes
    ]  # fmt: skip
    return run_table(findings, "reasons", _CAUSE, values)


def _gauges(findings: FlashFloodFindings, assets: Assets) -> Table:
    values = [
        (each.fid, each.name, each.measured.isoformat(), each.level, each.previous, each.reference, each.alert_level)
        for each in findings.gauges
    ]
    return run_table(
        findings, "gauges", _GAUGE, values, [_place(assets.get((GAUGES, each.fid))) for each in findings.gauges]
    )


def _exposed(findings: FlashFloodFindings, assets: Assets) -> Table:
    values, places = list[tuple[Value, ...]](), []
    for event in findings.events:
        for each in event.exposed:
            for fid in each.fids:
                kept = assets.get((each.category, fid))
                known = (kept.name, kept.area, kept.lat, kept.lon) if kept is not None else (None,) * 4
                values.append((event.name, each.lead_time, each.category, fid, *known))
                places.append(_place(kept))
    return run_table(findings, "exposed", _ASSET, values, places)


def _place(kept: KeptAsset | None) -> Place | None:
    return None if kept is None else point((kept.lon, kept.lat))
