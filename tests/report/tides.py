"""Tides: a made-up hazard in hours, with an indicator of its own, and without stations, rasters and blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path

from ibf_pipeline.domain.findings import Event, EventArea, Findings, UnreliablePlace
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.report.writer import write_report
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder

TIDES = HazardProfile(
    name="tides",
    disaster_type="tides",
    noun="spring tide",
    short="tide",
    subject="coast",
    subject_list=None,
    unit="hour",
    lead_times=tuple(range(0, 49, 6)),
    period_hours=6,
    no_alert_lead_time=48,
    main_exposure="harbours",
    people_indicator="population_affected",
    indicators=("harbours",),
)
LEADS = tuple(range(0, 73, 6))
"""hours: beyond those of the portal"""
MIDNIGHT, MORNING = IssueTime(date(2026, 2, 15), 0), IssueTime(date(2026, 2, 15), 6)


def tide(
    name: str, flags: Mapping[int, str], alert_class: str, areas: Mapping[str, tuple[int, int]], level: int = 1
) -> Event:
    """An event. `flags`: hours -> T or w; `areas`: place code -> (people, harbours), codes of level 2 begin with 0."""
    triggers = [lead for lead, flag in flags.items() if flag == "T"]
    rows = tuple(
        EventArea(2 if code.startswith("0") else 1, code, f"Area {code}", people, people / 1000, {"harbours": harbours})
        for code, (people, harbours) in areas.items()
    )
    return Event(
        name=name,
        alert_class=alert_class,
        trigger=bool(triggers),
        lead_time=min(triggers or flags),
        first_trigger=min(triggers) if triggers else None,
        flags="".join(flags.get(lead, "-") for lead in LEADS),
        people=sum(row.people for row in rows if row.admin_level == level),
        areas=rows,
    )


def tides(issue_time: IssueTime, events: Sequence[Event], *, exercise: bool = False) -> Findings:
    """What a cycle found in the country of squares, whose default level is 1."""
    return Findings(
        country="XSQ",
        country_name="Squareland",
        hazard="tides",
        issue_time=issue_time,
        lead_times=LEADS,
        admin_levels=(1, 2),
        default_admin_level=1,
        indicators=("population_affected", "harbours"),
        source="moon tables",
        events=tuple(events),
        notes=("the moon is full",),
        exercise=exercise,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugedTides(Findings):
    """Tides at gauges that are known beforehand and have a name and a place; the last of them is blind."""

    gauges: Mapping[str, str]
    """key -> name; from west to east in the middle of the squares of the first row"""

    @property
    def unseen(self) -> Sequence[UnreliablePlace]:
        """The last gauge."""
        key, name = list(self.gauges.items())[-1]
        return [UnreliablePlace(key, key, f"{key} ({name})", "blind", "no readings")]

    @property
    def known(self) -> Mapping[str, str]:
        """All gauges."""
        return {key: key for key in self.gauges}

    def named(self, key: str) -> str:
        """The gauge's name."""
        return self.gauges.get(key, "")

    def place(self, key: str) -> tuple[float, float] | None:
        """Of the gauge."""
        return (30.1 + 0.2 * list(self.gauges).index(key), 1.1) if key in self.gauges else None


def gauged(findings: Findings, gauges: Mapping[str, str]) -> GaugedTides:
    """The same at gauges."""
    return GaugedTides(**{each.name: getattr(findings, each.name) for each in fields(Findings)}, gauges=gauges)


GAUGED = replace(TIDES, subject="gauge", subject_list="gauges.csv", subject_points="gauges", points=("gauges",))


def tide_run(findings: Findings, runs: Path, prepared: Path) -> RunFolder:
    """A finished run with its report."""
    run = RunFolder(runs, RunId(findings.country, findings.hazard, findings.issue_time))
    partial = begin_findings(run)
    write_findings_json(findings, partial / "events.json")
    manifest = {"versions": {"ibf-pipeline": "0"}, "configuration": {"hazard": "tides", "gauge": "pier"}}
    write_report(findings, partial, prepared, run, manifest)
    keep_findings(run, partial, manifest)
    return run
