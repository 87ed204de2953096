"""events/process: from uploaded rows to events. IBF API 0.335, checked on a running instance.

1. T = the newest timestamp ever uploaded for country and disaster; its period starts at the cutoff.
2. All event names with rows since the cutoff.
3. No name: "no alert" is written at the fixed lead time of the disaster (floods ``1-day``).
4. Each other name: area rows first issued in this period are deleted (with the triggers and ticked early actions
   that people set on them); the areas of the default level with severity > 0 are selected; open rows of the event
   are brought up to T and new areas inserted.
5. Every open area row with an end date before T is closed.
6. Mail (see ``mail``).

Rows are joined on the **exact** timestamp; whatever lies before the cutoff, or after an upload that was dated in
the future, does not count.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ibf_pipeline.sandbox.answers import server_error
from ibf_pipeline.sandbox.moments import day_of, period_start
from ibf_pipeline.sandbox.store import Store
from ibf_pipeline.sandbox.uploads import LeadTimeAlert, store_alerts
from ibf_pipeline.sandbox.vocabulary import (
    ALERT_THRESHOLD,
    FORECAST_SEVERITY,
    FORECAST_TRIGGER,
    MAIN_EXPOSURE,
    NO_EVENT_LEAD_TIMES,
)


@dataclass(frozen=True, slots=True)
class LastUpload:
    """The newest timestamp of a country and disaster: what the service takes for "now"."""

    moment: str
    cutoff: str
    until: str = "9999"
    """No bound: the service takes every row since the cutoff. The page bounds it to look at an earlier day."""

    @property
    def day(self) -> str:
        return day_of(self.moment)


@dataclass(frozen=True, slots=True)
class ForecastArea:
    """An area that the uploaded rows put on alert."""

    place_code: str
    lead_time: str
    severity: float
    trigger: bool
    exposure: float | None


def last_upload(store: Store, iso3: str, disaster: str) -> LastUpload | None:
    """Step 1: the newest exposure row decides, whatever it is about."""
    found = store.row("SELECT MAX(moment) AS moment FROM exposure WHERE iso3 = ? AND disaster = ?", iso3, disaster)
    if found is None or found["moment"] is None:
        return None
    return LastUpload(found["moment"], period_start(disaster, found["moment"]))


def default_level(store: Store, iso3: str, disaster: str) -> int:
    """Level on which events exist; a country or disaster that is not set up is a server error."""
    found = store.row("SELECT default_level FROM country_disaster WHERE iso3 = ? AND disaster = ?", iso3, disaster)
    if found is None:
        raise server_error()
    return int(found["default_level"])


def process_events(store: Store, iso3: str, disaster: str) -> None:
    """Steps 1 to 5."""
    with store.transaction():
        level = default_level(store, iso3, disaster)
        last = last_upload(store, iso3, disaster)
        if last is None:
            return
        for event in event_names(store, iso3, disaster, last):
            process_event(store, iso3, disaster, level, event, last)
        close_events(store, iso3, disaster, last)


def event_names(store: Store, iso3: str, disaster: str, last: LastUpload) -> list[str | None]:
    """Step 2. No name comes last, as PostgreSQL sorts it: its "no alert" overwrites what events wrote there."""
    found = store.rows(
        "SELECT DISTINCT event FROM exposure WHERE iso3 = ? AND disaster = ? AND moment >= ? AND moment <= ?"
        " ORDER BY event IS NULL, event",
        iso3,
        disaster,
        last.cutoff,
        last.until,
    )
    return [row["event"] for row in found]


def process_event(store: Store, iso3: str, disaster: str, level: int, event: str | None, last: LastUpload) -> None:
    """Steps 3 and 4 for one name."""
    if event is None:
        _write_lead_time(store, iso3, disaster, None, [], last)
        return
    _forget_areas_of_this_period(store, iso3, disaster, event, last)
    areas = forecast_areas(store, iso3, disaster, level, last, event)
    _write_lead_time(store, iso3, disaster, event, areas, last)
    known = _open_areas(store, iso3, disaster, event)
    _bring_up_to_date(store, known, areas, last)
    _add_new_areas(store, disaster, event, set(known), areas, last)


def _forget_areas_of_this_period(store: Store, iso3: str, disaster: str, event: str, last: LastUpload) -> None:
    store.run(
        "DELETE FROM event_area WHERE disaster = ? AND event = ? AND first_issued >= ?"
        " AND place_code IN (SELECT place_code FROM admin_area WHERE iso3 = ?)",
        disaster,
        event,
        last.cutoff,
        iso3,
    )


def forecast_areas(
    store: Store, iso3: str, disaster: str, level: int, last: LastUpload, event: str | None = None
) -> list[ForecastArea]:
    """The areas with severity > 0, joined with trigger and exposure of the same place, event, lead time and T.

    Only without any such row the legacy ``alert_threshold`` counts: its value is the severity and 1 a trigger
    (typhoon and flash-floods: 0 beside an event name is a warning of severity 1).
    """
    rows = _joined(store, iso3, disaster, level, last, event, FORECAST_SEVERITY, "alert.value > 0")
    if rows:
        return rows
    counts = "alert.value > 0 OR alert.disaster IN ('typhoon', 'flash-floods')"
    return _joined(store, iso3, disaster, level, last, event, ALERT_THRESHOLD, counts)


def _joined(
    store: Store, iso3: str, disaster: str, level: int, last: LastUpload, event: str | None, indicator: str, counts: str
) -> list[ForecastArea]:
    same = (
        "{0}.place_code = alert.place_code AND {0}.moment = alert.moment AND {0}.event = alert.event"
        " AND {0}.disaster = alert.disaster AND {0}.lead_time = alert.lead_time AND {0}.indicator = ?"
    )
    only_event = "" if event is None else " AND alert.event = ?"
    found = store.rows(
        "SELECT alert.place_code, alert.lead_time, alert.value AS severity, trigger.value AS trigger,"  # noqa: S608
        " exposed.value AS exposed FROM exposure AS alert"
        f" LEFT JOIN exposure AS trigger ON {same.format('trigger')}"
        f" LEFT JOIN exposure AS exposed ON {same.format('exposed')}"
        " WHERE alert.iso3 = ? AND alert.disaster = ? AND alert.level = ? AND alert.moment >= ? AND alert.moment <= ?"
        f" AND alert.indicator = ? AND ({counts}){only_event} ORDER BY alert.id, trigger.id, exposed.id",
        FORECAST_TRIGGER,
        MAIN_EXPOSURE[disaster],
        iso3,
        disaster,
        level,
        last.cutoff,
        last.until,
        indicator,
        *(() if event is None else (event,)),
    )
    legacy = indicator == ALERT_THRESHOLD
    return [
        ForecastArea(
            place_code=row["place_code"],
            lead_time=row["lead_time"],
            severity=row["severity"] if row["severity"] > 0 else 1.0,
            trigger=row["severity"] == 1 if legacy else row["trigger"] == 1,
            exposure=row["exposed"],
        )
        for row in found
    ]


def _write_lead_time(
    store: Store, iso3: str, disaster: str, event: str | None, areas: Sequence[ForecastArea], last: LastUpload
) -> None:
    """One flag from the first area's lead time, or "no alert" where there is none; at T."""
    if areas:
        first = areas[0]
        alerts = [LeadTimeAlert(first.lead_time, first.severity > 0, first.trigger)]
    else:
        alerts = [LeadTimeAlert(lead_time, False, False) for lead_time in NO_EVENT_LEAD_TIMES[disaster]]
    store_alerts(store, iso3, disaster, event, last.moment, alerts)


def _open_areas(store: Store, iso3: str, disaster: str, event: str) -> dict[str, str]:
    """Place code to id of the event's rows that are still open."""
    found = store.rows(
        "SELECT e.id, e.place_code FROM event_area AS e JOIN admin_area AS a ON a.place_code = e.place_code"
        " WHERE a.iso3 = ? AND e.disaster = ? AND e.event = ? AND e.closed = 0",
        iso3,
        disaster,
        event,
    )
    return {row["place_code"]: row["id"] for row in found}


def _bring_up_to_date(store: Store, known: dict[str, str], areas: Sequence[ForecastArea], last: LastUpload) -> None:
    """First issued date and user-set trigger stay; severity, trigger, exposure and end date are today's."""
    first_of: dict[str, ForecastArea] = {}
    for area in areas:
        first_of.setdefault(area.place_code, area)
    store.run_many(
        "UPDATE event_area SET severity = ?, trigger = ?, exposure = ?, end_date = ? WHERE id = ?",
        [
            (area.severity, int(area.trigger), area.exposure, last.moment, known[code])
            for code, area in first_of.items()
            if code in known
        ],
    )


def _add_new_areas(
    store: Store, disaster: str, event: str, known: set[str], areas: Sequence[ForecastArea], last: LastUpload
) -> None:
    """A place code that the server does not know becomes a row without area: stored, and never seen again."""
    rows = []
    for area in areas:
        if area.place_code in known:
            continue
        found = store.row("SELECT place_code FROM admin_area WHERE place_code = ?", area.place_code)
        rows.append(
            (
                str(uuid.uuid4()),
                None if found is None else area.place_code,
                disaster,
                event,
                area.severity,
                int(area.trigger),
                area.exposure or 0.0,
                last.moment,
                last.moment,
            )
        )
    store.run_many(
        "INSERT INTO event_area (id, place_code, disaster, event, severity, trigger, exposure, first_issued, end_date)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def close_events(store: Store, iso3: str, disaster: str, last: LastUpload) -> None:
    """Step 5: an area whose event was not refreshed at T is closed; no grace period, and no way back."""
    store.run(
        "UPDATE event_area SET closed = 1 WHERE disaster = ? AND closed = 0 AND end_date < ?"
        " AND place_code IN (SELECT place_code FROM admin_area WHERE iso3 = ?)",
        disaster,
        last.moment,
        iso3,
    )


def described_alert_logic(store: Store, iso3: str, disaster: str, level: float, event: str | None) -> None:
    """The described server (2024) ran steps 3 and 4 inside the upload of ``alert_threshold``: hence "always last"."""
    with store.transaction():
        last = last_upload(store, iso3, disaster)
        if last is not None and level == default_level(store, iso3, disaster):
            process_event(store, iso3, disaster, int(level), event, last)


def close_only(store: Store, iso3: str, disaster: str) -> None:
    """event/close-events of the described server: step 5 alone."""
    with store.transaction():
        default_level(store, iso3, disaster)
        last = last_upload(store, iso3, disaster)
        if last is not None:
            close_events(store, iso3, disaster, last)
