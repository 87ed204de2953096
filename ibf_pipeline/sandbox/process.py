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

import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ibf_pipeline.sandbox.responses import server_error
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.timestamps import period_start
from ibf_pipeline.sandbox.uploads import LeadTimeAlert, area_known, store_alerts
from ibf_pipeline.sandbox.vocabulary import (
    ALERT_THRESHOLD,
    FORECAST_SEVERITY,
    FORECAST_TRIGGER,
)


@dataclass(frozen=True, slots=True)
class LastUpload:
    """The newest upload of a country and disaster: its timestamp is what the service takes for "now"."""

    iso3: str
    disaster: str
    moment: str
    cutoff: str
    until: str = "9999"
    """No bound: the service takes every row since the cutoff. The page bounds it to look at an earlier day."""

    @property
    def day(self) -> str:
        return period_start("day", self.moment)

    @property
    def is_newest(self) -> bool:
        return self.until != self.moment


@dataclass(frozen=True, slots=True)
class ForecastArea:
    """An area that the uploaded rows put on alert."""

    place_code: str
    lead_time: str
    severity: float
    trigger: bool
    exposure: float | None


def last_upload(store: SandboxStore, iso3: str, disaster: str) -> LastUpload | None:
    """Step 1: the newest exposure row decides, whatever it is about."""
    found = store.row(
        "SELECT MAX(moment) AS moment FROM exposure WHERE iso3 = :iso3 AND disaster = :disaster",
        iso3=iso3,
        disaster=disaster,
    )
    if found is None or found["moment"] is None:
        return None
    cutoff = period_start(store.disasters[disaster].period, found["moment"])
    return LastUpload(iso3, disaster, found["moment"], cutoff)


def country_disaster(store: SandboxStore, iso3: str, disaster: str) -> sqlite3.Row | None:
    """How a country is set up for a disaster: levels and indicators."""
    sql = "SELECT * FROM country_disaster WHERE iso3 = :iso3 AND disaster = :disaster"
    return store.row(sql, iso3=iso3, disaster=disaster)


def default_level(store: SandboxStore, iso3: str, disaster: str) -> int:
    """Level on which events exist; a country or disaster that is not set up is a server error."""
    found = country_disaster(store, iso3, disaster)
    if found is None:
        raise server_error()
    return int(found["default_level"])


def process_events(store: SandboxStore, iso3: str, disaster: str) -> None:
    """Steps 1 to 5."""
    with store.transaction():
        level = default_level(store, iso3, disaster)
        last = last_upload(store, iso3, disaster)
        if last is None:
            return
        for event in uploaded_event_names(store, last):
            process_event(store, last, level, event)
        close_stale_areas(store, last)


def uploaded_event_names(store: SandboxStore, last: LastUpload) -> list[str | None]:
    """Step 2. No name comes last, as PostgreSQL sorts it: its "no alert" overwrites what events wrote there."""
    found = store.rows(
        "SELECT DISTINCT event FROM exposure WHERE iso3 = :iso3 AND disaster = :disaster"
        " AND moment BETWEEN :cutoff AND :until ORDER BY event IS NULL, event",
        **asdict(last),
    )
    return [row["event"] for row in found]


def process_event(store: SandboxStore, last: LastUpload, level: int, event: str | None) -> None:
    """Steps 3 and 4 for one name."""
    if event is None:
        _write_lead_time(store, last, None, [])
        return
    store.run(
        "DELETE FROM event_area WHERE disaster = :disaster AND event = :event AND first_issued >= :cutoff"
        " AND place_code IN (SELECT place_code FROM admin_area WHERE iso3 = :iso3)",
        **asdict(last),
        event=event,
    )
    areas = forecast_areas(store, last, level, event)
    _write_lead_time(store, last, event, areas)
    known = _open_areas(store, last, event)
    _bring_up_to_date(store, last, known, areas)
    _add_new_areas(store, last, event, [area for area in areas if area.place_code not in known])


def forecast_areas(store: SandboxStore, last: LastUpload, level: int, event: str | None = None) -> list[ForecastArea]:
    """The areas with severity > 0, joined with trigger and exposure of the same place, event, lead time and T.

    Only without any such row the legacy ``alert_threshold`` counts: its value is the severity and 1 a trigger
    (some hazards: 0 beside an event name is a warning of severity 1).
    """
    rows = _joined(store, last, level, event, FORECAST_SEVERITY, "alert.value > 0")
    if rows:
        return rows
    counts = "TRUE" if store.disasters[last.disaster].zero_threshold_warns else "alert.value > 0"
    return _joined(store, last, level, event, ALERT_THRESHOLD, counts)


def _joined(
    store: SandboxStore, last: LastUpload, level: int, event: str | None, indicator: str, counts: str
) -> list[ForecastArea]:
    same = (
        "{0}.place_code = alert.place_code AND {0}.moment = alert.moment AND {0}.event = alert.event"
        " AND {0}.disaster = alert.disaster AND {0}.lead_time = alert.lead_time AND {0}.indicator = {1}"
    )
    found = store.rows(
        "SELECT alert.place_code, alert.lead_time, alert.value AS severity, trigger.value AS trigger,"  # noqa: S608
        " exposed.value AS exposed FROM exposure AS alert"
        f" LEFT JOIN exposure AS trigger ON {same.format('trigger', ':of_trigger')}"
        f" LEFT JOIN exposure AS exposed ON {same.format('exposed', ':of_exposure')}"
        " WHERE alert.iso3 = :iso3 AND alert.disaster = :disaster AND alert.level = :level"
        " AND alert.moment BETWEEN :cutoff AND :until AND alert.indicator = :indicator"
        f" AND ({counts}) AND (:event IS NULL OR alert.event = :event) ORDER BY alert.id, trigger.id, exposed.id",
        **asdict(last),
        level=level,
        event=event,
        indicator=indicator,
        of_trigger=FORECAST_TRIGGER,
        of_exposure=store.disasters[last.disaster].main_exposure,
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


def _write_lead_time(store: SandboxStore, last: LastUpload, event: str | None, areas: Sequence[ForecastArea]) -> None:
    """One flag from the first area's lead time, or "no alert" if there is none; at T."""
    if areas:
        first = areas[0]
        alerts = [LeadTimeAlert(first.lead_time, first.severity > 0, first.trigger)]
    else:
        nowhere = store.disasters[last.disaster].no_event_lead_times
        alerts = [LeadTimeAlert(lead_time, False, False) for lead_time in nowhere]
    store_alerts(store, last.iso3, last.disaster, event, last.moment, alerts)


def _open_areas(store: SandboxStore, last: LastUpload, event: str) -> dict[str, str]:
    """Place code to id of the event's rows that are still open."""
    found = store.rows(
        "SELECT e.id, e.place_code FROM event_area AS e JOIN admin_area AS a ON a.place_code = e.place_code"
        " WHERE a.iso3 = :iso3 AND e.disaster = :disaster AND e.event = :event AND e.closed = 0",
        **asdict(last),
        event=event,
    )
    return {row["place_code"]: row["id"] for row in found}


def _bring_up_to_date(
    store: SandboxStore, last: LastUpload, known: dict[str, str], areas: Sequence[ForecastArea]
) -> None:
    """First issued date and user-set trigger stay; severity, trigger, exposure and end date are today's."""
    for area in reversed(areas):  # of several rows of one place the first one counts
        store.run(
            "UPDATE event_area SET severity = :severity, trigger = :trigger, exposure = :exposure, end_date = :moment"
            " WHERE id = :id",
            **asdict(area),
            moment=last.moment,
            id=known.get(area.place_code),
        )


def _add_new_areas(store: SandboxStore, last: LastUpload, event: str, areas: Sequence[ForecastArea]) -> None:
    """A place code that the server does not know becomes a row without area: stored, and never seen again."""
    store.insert(
        "event_area",
        [
            {
                "id": str(uuid.uuid4()),
                "place_code": area.place_code if area_known(store, area.place_code) else None,
                "disaster": last.disaster,
                "event": event,
                "severity": area.severity,
                "trigger": area.trigger,
                "exposure": area.exposure or 0.0,
                "first_issued": last.moment,
                "end_date": last.moment,
            }
            for area in areas
        ],
    )


def close_stale_areas(store: SandboxStore, last: LastUpload) -> None:
    """Step 5: an area whose event was not refreshed at T is closed; no grace period, and no way back."""
    store.run(
        "UPDATE event_area SET closed = 1 WHERE disaster = :disaster AND closed = 0 AND end_date < :moment"
        " AND place_code IN (SELECT place_code FROM admin_area WHERE iso3 = :iso3)",
        **asdict(last),
    )


def alert_logic_2024(store: SandboxStore, iso3: str, disaster: str, level: float, event: str | None) -> None:
    """The described server (2024) ran steps 3 and 4 inside the upload of ``alert_threshold``: hence "always last"."""
    with store.transaction():
        last = last_upload(store, iso3, disaster)
        if last is not None and level == default_level(store, iso3, disaster):
            process_event(store, last, int(level), event)


def close_only(store: SandboxStore, iso3: str, disaster: str) -> None:
    """event/close-events of the described server: step 5 alone."""
    with store.transaction():
        default_level(store, iso3, disaster)
        last = last_upload(store, iso3, disaster)
        if last is not None:
            close_stale_areas(store, last)
