"""Any day of any country, built together with what must be published of it: the expectation is not computed from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from hypothesis import strategies as st

from ibf_pipeline.domain.findings import EventArea, ExtentFound
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, RuleApplied, StationFound, StationValues

ISSUE = date(2026, 11, 10)
LIMIT = 5
"""days: no trigger beyond"""
_SEVERITY = {"min": 0.3, "med": 0.7, "max": 1.0}


@dataclass
class ExpectedEvent:
    """What the portal must be told of an event."""

    lead_time: str
    severity: float
    trigger: int
    alerts: list[bool]
    triggers: list[bool]
    people: dict[int, dict[str, int]] = field(default_factory=dict)
    """level -> place code -> people"""


@dataclass
class Expected:
    """What must be published of a day."""

    events: dict[str, ExpectedEvent] = field(default_factory=dict)
    """those that can be shown, in their order"""
    without_areas: list[str] = field(default_factory=list)
    quiet: list[str] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)
    people: int = 0
    """of all events, on every level"""
    areas: dict[int, list[str]] = field(default_factory=dict)
    """every area of the server"""


@st.composite
def days(draw: st.DrawFn) -> tuple[FloodFindings, Expected]:
    """A day and what must be published of it."""
    expected = Expected()
    levels = draw(st.sampled_from([(1,), (3,), (1, 2), (2, 3), (1, 2, 3)]))
    parents = _tree(draw, levels, expected)
    names = [f"G{number}" for number in range(1, 1 + draw(st.integers(0, 5)))]
    alerts = {name: _alert(draw) for name in names}
    events = _events(draw, levels, parents, alerts, expected)
    expected.quiet = [f"Q{number}" for number in range(draw(st.integers(0, 3)))]
    expected.blind = [f"BLIND{number}" for number in range(draw(st.integers(0, 3)))]
    stations = [
        *(_station(event.name, event.flags, event.alert_class, event.lead_time) for event in events),
        *(_station(code, "--------", "no", 7) for code in expected.quiet),
        *(_station(code, "--------", "no", None) for code in expected.blind),
    ]
    found = FloodFindings(
        country="XTS",
        country_name="Testland",
        issue_time=IssueTime(ISSUE),
        admin_levels=levels,
        default_admin_level=draw(st.sampled_from(levels)),
        rule=RuleApplied("return-period", {}, 5.0, 0.6, LIMIT, 0.1, "use-smallest", "4"),
        indicators=("population_affected",),
        percentage=draw(st.booleans()),
        source="by hypothesis",
        glofas_version="4",
        members_expected=51,
        members_missing=(),
        events=tuple(events),
        stations=tuple(draw(st.permutations(stations))),
        extents=tuple(
            ExtentFound(day, f"flood_extent_{day}-day_XTS.tif", tuple(e.name for e in events if e.flags[day] == "T"))
            for day in range(8)
        ),
    )
    return found, expected


def _tree(draw: st.DrawFn, levels: tuple[int, ...], expected: Expected) -> dict[str, str]:
    """Areas of every level; returns the parent of each area below the highest level."""
    parents: dict[str, str] = {}
    above = [""]
    for depth, level in enumerate(levels):
        codes: list[str] = []
        for parent in above:
            for number in range(draw(st.integers(1, 3))):
                code = f"{parent}{'ABC'[number] if depth == 0 else number}"
                codes.append(code)
                if depth:
                    parents[code] = parent
        expected.areas[level] = codes
        above = codes
    return parents


def _alert(draw: st.DrawFn) -> tuple[str, str, ExpectedEvent]:
    """Flags and class of an alert, built around the lead time that is expected of it."""
    if draw(st.booleans()):
        lead = draw(st.integers(0, LIMIT))
        before = draw(st.lists(st.sampled_from("-w"), min_size=lead, max_size=lead))
        after = [draw(st.sampled_from("-wT" if day <= LIMIT else "-w")) for day in range(lead + 1, 8)]
        flags, alert_class = "".join([*before, "T", *after]), "max"
    else:
        lead = draw(st.integers(0, 7))
        after = draw(st.lists(st.sampled_from("-w"), min_size=7 - lead, max_size=7 - lead))
        flags, alert_class = "".join(["-" * lead, "w", *after]), draw(st.sampled_from(["min", "med"]))
    trigger = alert_class == "max"
    alerts, triggers = [flag in "wT" for flag in flags], [flag in "T" for flag in flags]
    return flags, alert_class, ExpectedEvent(f"{lead}-day", _SEVERITY[alert_class], int(trigger), alerts, triggers)


def _events(
    draw: st.DrawFn,
    levels: tuple[int, ...],
    parents: dict[str, str],
    alerts: dict[str, tuple[str, str, ExpectedEvent]],
    expected: Expected,
) -> list[FloodEvent]:
    """Deal the deepest areas out to the events; a parent goes to one of the events below it, with all its people."""
    rows: dict[str, list[EventArea]] = {name: [] for name in alerts}
    below: dict[str, dict[str, int]] = {}
    for code in expected.areas[levels[-1]]:
        owner = draw(st.sampled_from([None, *alerts]))
        if owner is not None:
            below[code] = {owner: draw(st.integers(0, 5000)) if alerts[owner][1] == "max" else 0}
    for level in reversed(levels):
        above: dict[str, dict[str, int]] = {}
        for code, shares in below.items():
            owner, people = draw(st.sampled_from(sorted(shares))), sum(shares.values())
            rows[owner].append(EventArea(level, code, f"Area {code}", people, people / 10_000, {}))
            alerts[owner][2].people.setdefault(level, {})[code] = people
            if code in parents:
                into = above.setdefault(parents[code], {})
                for name, number in shares.items():
                    into[name] = into.get(name, 0) + number
        expected.people = sum(sum(shares.values()) for shares in below.values())
        below = above
    made = []
    for name, (flags, alert_class, wanted) in alerts.items():
        if rows[name]:
            expected.events[name] = wanted
        else:
            expected.without_areas.append(name)
        lead = int(wanted.lead_time[0])
        made.append(
            FloodEvent(
                name=name,
                station_code=name,
                alert_class=alert_class,
                trigger=bool(wanted.trigger),
                lead_time=lead,
                first_trigger=lead if wanted.trigger else None,
                flags=flags,
                return_period=5.0 if wanted.trigger else 0.0,
                flood_map=10.0 if wanted.trigger else None,
                people=sum(row.people for row in rows[name] if row.admin_level == levels[-1]),
                areas=tuple(rows[name]),
            )
        )
    return made


def _station(code: str, flags: str, alert_class: str, lead_time: int | None) -> StationFound:
    values = None if lead_time is None else StationValues(lead_time, 12.5, 2.0, 50.0, alert_class)
    return StationFound(
        code, f"Name of {code}", 0.0, 30.0, "blind" if values is None else "fine", "", code, flags,
        () if values is None else ("no",) * 8, values, (51,) * 8, {}, {},
    )  # fmt: skip
