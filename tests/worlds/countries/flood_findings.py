"""Findings made by hand: small numbers that a person can add up."""

from __future__ import annotations

from datetime import date

from ibf_pipeline.domain.findings import EventArea, ExtentFound
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, RuleApplied, StationFound, StationValues

SEVERITY = {"no": 0, "min": 0.3, "med": 0.7, "max": 1}
AREAS = {1: ("A", "B"), 2: ("A1", "A2", "B1")}
"""level -> place codes; level 1 is the default"""


def station(
    code: str, days: str = "--------", alert_class: str = "no", *, blind: bool = False, lead_time: int = 7
) -> StationFound:
    values = None if blind else StationValues(lead_time, 12.5, 2.0, 50.0, alert_class)
    return StationFound(
        code, f"Name of {code}", 0.0, 30.0, "blind" if blind else "fine", "no members" if blind else "", code, days,
        () if blind else ("no",) * 8, values, (51,) * 8, {"5": (0,) * 8}, {"5": 50.0},
    )  # fmt: skip


def event(name: str, days: str, alert_class: str, areas: dict[str, int], *, population: int = 1000) -> FloodEvent:
    """`areas`: place code -> people; the level is told by the length of the code."""
    first = next((day for day, flag in enumerate(days) if flag == "T"), None)
    lead_time = first if first is not None else next(day for day, flag in enumerate(days) if flag != "-")
    rows = tuple(
        EventArea(len(code), code, f"Area {code}", people, people / population, {}) for code, people in areas.items()
    )
    return FloodEvent(
        name=name,
        station_code=name,
        alert_class=alert_class,
        trigger=first is not None,
        lead_time=lead_time,
        first_trigger=first,
        flags=days,
        return_period=5.0 if first is not None else 0.0,
        flood_map=10.0 if first is not None else None,
        people=sum(row.people for row in rows if row.admin_level == 2),
        areas=rows,
    )


def found(events: list[FloodEvent], quiet: list[StationFound], issue_date: date = date(2026, 11, 10)) -> FloodFindings:
    """A day of the country XTS with levels 1 (default) and 2."""
    alerted = [station(e.station_code, e.flags, e.alert_class, lead_time=e.lead_time) for e in events]
    return FloodFindings(
        country="XTS",
        country_name="Testland",
        issue_time=IssueTime(issue_date),
        admin_levels=(1, 2),
        default_admin_level=1,
        rule=RuleApplied("disable", {}, 5.0, 0.6, 5, 0.1, "use-smallest", "4"),
        indicators=("population_affected",),
        percentage=True,
        source="by hand",
        glofas_version="4",
        members_expected=51,
        members_missing=(),
        events=tuple(events),
        stations=(*alerted, *quiet),
        extents=tuple(
            ExtentFound(day, f"flood_extent_{day}-day_XTS.tif", tuple(e.name for e in events if e.flags[day] == "T"))
            for day in range(8)
        ),
    )
