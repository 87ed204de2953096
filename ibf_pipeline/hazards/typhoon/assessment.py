"""One storm of a cycle assessed: its impact on the country, and whether that is an event."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.wording import percent_text
from ibf_pipeline.hazards.typhoon.absence import NONE_LEFT, REASONS
from ibf_pipeline.hazards.typhoon.areas import area_impacts
from ibf_pipeline.hazards.typhoon.context import CycleContext, Storm
from ibf_pipeline.hazards.typhoon.event_areas import event_areas, houses_of, sent_areas
from ibf_pipeline.hazards.typhoon.findings import (
    AreaImpact,
    Fix,
    Landfall,
    ProvinceFound,
    State,
    StormFound,
    TrackPoint,
    TriggerJudged,
    TyphoonEvent,
)
from ibf_pipeline.hazards.typhoon.flags import flags_of
from ibf_pipeline.hazards.typhoon.landfall import Visit, landfall_of, lead_time_of, visits
from ibf_pipeline.hazards.typhoon.passage import (
    closest_approaches,
    felt_winds,
    passage_times,
    return_times,
    second_passages,
    trigger_areas,
    with_passed,
    with_passed_provinces,
    with_passed_triggers,
)
from ibf_pipeline.hazards.typhoon.provinces import provinces_found
from ibf_pipeline.hazards.typhoon.shift import with_shift
from ibf_pipeline.hazards.typhoon.track_points import category_of, line_of_fixes, track_points
from ibf_pipeline.hazards.typhoon.triggers import JudgedStorm, judge_triggers
from ibf_pipeline.hazards.typhoon.wind import AreaWinds, area_winds

_SHOWN_KMH = 62
"""km/h, mean over the members: areas with so much wind are sent although they are not event areas"""
_GONE = "last forecast that had it"
"""reference of a storm that is in no file any more"""


@dataclass(frozen=True, slots=True)
class _Assessed:
    """A storm with what the cycle says of it."""

    storm: Storm
    context: CycleContext
    way: tuple[Fix, ...]
    """the reference's fixes, of our records and ahead"""
    impacts: tuple[AreaImpact, ...]
    """of this cycle, before anything that has passed is added"""
    winds: AreaWinds | None
    members: int
    """that have it"""
    rows: tuple[AreaImpact, ...] = ()
    """numbers of this cycle, and kept ones of areas that it has passed"""


@dataclass(frozen=True, slots=True)
class _Decided:
    """What makes an event of a storm."""

    alerted: tuple[str, ...]
    """place codes of its areas"""
    gone: Mapping[str, datetime]
    """of them those that it has passed, and when"""
    stops: tuple[Visit, ...]
    landfall: Landfall
    triggers: tuple[TriggerJudged, ...]


def assess_storm(storm: Storm, context: CycleContext) -> tuple[StormFound, TyphoonEvent | None]:
    """Findings of one storm, and its event if any municipality belongs to it (rules 1, 6 and 7).

    Parameters
    ----------
    storm
        That the cycle has, or that has passed.
    context
        The same for all storms of the cycle.

    Returns
    -------
    found : StormFound
        With a note that says why it is not an event.
    event : TyphoonEvent or None
        None if no municipality belongs to it by wind, nearness or a trigger.
    """
    country, layers, before = context.country, context.layers, storm.open_event
    case = _ahead(storm, context)
    way = case.way
    open_areas = [area.place_code for area in before.areas if area.alerted] if before is not None else []
    so_far = [fix for fix in way if fix.moment <= context.cycle]
    again = second_passages(way, before, layers, country.wind, context.cycle)
    passed = passage_times(
        line_of_fixes(way), layers, felt_winds(so_far, layers, open_areas, country.wind), context.cycle
    )
    rows = with_passed(case.impacts, before, passed, again, context.cycle, country.tail_h)
    case = replace(case, rows=rows)
    found = _storm_found(storm, case.members)
    decided = _decided(case)
    if decided is None:
        return replace(found, note=_why_no_event(storm, rows, country)), None
    return found, with_shift(_event(case, decided), before, context.cycle)


def _decided(case: _Assessed) -> _Decided | None:
    """None if no area belongs to it. Areas of a trigger do, also if rule 6 alone would leave them out."""
    rows = case.rows
    by_rule = event_areas(rows, case.context.country)
    gone = {row.place_code: row.passed_at for row in rows if row.passed_at is not None}
    if not by_rule and not gone and not any(map(_is_shown, rows)):
        return None
    stops = _stops(case, passed=bool(gone))
    landfall = _landfall(case, stops, passed=bool(gone))
    triggers = with_passed_triggers(_judged(case, stops, by_rule, landfall), case.storm.open_event, gone)
    alerted = {*by_rule, *trigger_areas(triggers)}
    if not alerted:
        return None
    kept = {code: at for code, at in gone.items() if code in alerted}
    return _Decided(tuple(sorted(alerted)), kept, stops, landfall, triggers)


def _event(case: _Assessed, decided: _Decided) -> TyphoonEvent:
    """The event of a storm with areas."""
    storm, context, rows = case.storm, case.context, case.rows
    layers, before = context.layers, storm.open_event
    alerted, gone, stops, landfall = decided.alerted, decided.gone, decided.stops, decided.landfall
    back = return_times(storm.fixes, layers, gone, context.country.wind, context.cycle)
    over = len(gone) == len(alerted) and not back
    triggered = trigger_areas(decided.triggers)
    lead_time = 0 if over else lead_time_of(landfall.reference_at, context.cycle, context.published)
    to_come = {
        code: at for code, (at, _) in closest_approaches(line_of_fixes(case.way), layers, triggered - set(gone)).items()
    }
    to_come |= {code: at for code, at in back.items() if code in triggered}
    shown = tuple(row for row in rows if _is_shown(row) or row.place_code in alerted)
    areas = sent_areas(shown, alerted, triggered, context)
    low, high = houses_of(shown, alerted)
    peak = max((fix.wind_kmh for fix in storm.fixes), default=before.peak_kmh if before is not None else 0)
    return TyphoonEvent(
        name=storm.event_name,
        alert_class="max",
        trigger=bool(triggered),
        lead_time=lead_time,
        first_trigger=lead_time if triggered else None,
        flags=flags_of(lead_time, stops, to_come, context.cycle, context.published, trigger=bool(triggered)),
        people=sum(area.people for area in areas if area.alerted),
        areas=areas,
        storm=storm.identity.key,
        identifier=storm.identifier,
        international_name=storm.international_name,
        state=_state(landfall, context, over=over),
        landfall=landfall,
        track=_track(storm, landfall, context),
        reference=storm.reference.words if storm.reference is not None else _GONE,
        peak_kmh=peak,
        category=category_of(peak),
        impacts=shown,
        provinces=_provinces(case, alerted, triggered, back),
        triggers=decided.triggers,
        houses_low=low,
        houses_high=high,
        ends_at=max(gone.values()) + timedelta(hours=context.country.tail_h) if over else None,
        renamed_from=before.name if before is not None and before.name != storm.event_name else None,
        members_with_storm=case.members,
    )


def _way(storm: Storm, context: CycleContext) -> tuple[Fix, ...]:
    """The reference's fixes, growing in time: of our records while an event is open, back to the length of a tail, and
    ahead; of a storm that is in no file as the last findings forecast it.
    """
    since = context.cycle - timedelta(hours=context.country.tail_h)
    recent = [fix for fix in storm.past if storm.open_event is not None and fix.moment >= since]
    forecast = storm.identity.previous.fixes if storm.identity.previous is not None else ()
    known = {fix.moment: fix for fix in (*(storm.fixes or forecast), *recent)}
    return tuple(known[moment] for moment in sorted(known))


def _stops(case: _Assessed, *, passed: bool) -> tuple[Visit, ...]:
    """Visits of the reference to land: from now on, and the one that goes on; earlier ones too if areas of the event
    have been passed. A landfall that left nothing does not make an event 0-hour that is ahead elsewhere.
    """
    context = case.context
    if case.storm.tracks is None:
        return ()
    found = visits(line_of_fixes(case.way), context.layers.land, context.country.landfall_km)
    return tuple(stop for stop in found if passed or stop.until >= context.cycle)


def _ahead(storm: Storm, context: CycleContext) -> _Assessed:
    country, layers, way = context.country, context.layers, _way(storm, context)
    if storm.tracks is None:
        return _Assessed(storm, context, way, (), None, 0)
    own = area_winds(storm.tracks, layers, country)
    impacts = area_impacts(own, storm.tracks, layers, country, context.members)
    there = int(storm.tracks["lat"].notnull().any("time").sum())
    return _Assessed(storm, context, way, impacts, own, there)


def _landfall(case: _Assessed, stops: Sequence[Visit], *, passed: bool) -> Landfall:
    storm, context = case.storm, case.context
    if storm.tracks is not None:
        line = line_of_fixes(fix for fix in case.way if passed or fix.moment >= context.cycle)
        return landfall_of(storm.tracks, line, stops, case.impacts, context)
    if storm.open_event is None:
        raise AssertionError(f"{storm.identity.key} is in no file and has no open event")
    return storm.open_event.landfall


def _judged(
    case: _Assessed, stops: Sequence[Visit], alerted: Sequence[str], landfall: Landfall
) -> tuple[TriggerJudged, ...]:
    """Rule 7 at the landfall of the event, and of one that has begun when people read it at the next one ahead too:
    whichever is met.
    """
    context, winds, opened = case.context, case.winds, case.storm.open_event
    before = opened.triggers if opened is not None else ()
    if winds is None:
        return tuple(replace(each, met=False, areas=(), reached="the storm has gone", where=()) for each in before)
    met_before = [each.name for each in before if each.met or each.met_once]
    moments = [landfall.reference_at]
    if landfall.reference_at <= context.published:
        moments += [stop.moment for stop in stops if stop.moment > context.published][:1]
    rounds = [
        judge_triggers(JudgedStorm(context, winds, case.impacts, met_before, alerted, moment)) for moment in moments
    ]
    return tuple(max(each, key=lambda one: one.met) for each in zip(*rounds, strict=True))


def _provinces(
    case: _Assessed, alerted: Sequence[str], triggered: Collection[str], back: Collection[str]
) -> tuple[ProvinceFound, ...]:
    storm, context, layers = case.storm, case.context, case.context.layers
    now: tuple[ProvinceFound, ...] = ()
    if storm.tracks is not None and case.winds is not None:
        now = provinces_found(storm.tracks, case.winds, case.rows, alerted, context)
    codes = {layers.areas[code].parent for code in triggered}
    whole = triggered and not layers.provinces
    found = with_passed_provinces(now, storm.open_event, case.rows, alerted, back, layers)
    return tuple(replace(each, trigger=bool(whole) or each.code in codes) for each in found)


def _state(landfall: Landfall, context: CycleContext, *, over: bool) -> State:
    if over:
        return "passed"
    carried = context.carried_from is not None and landfall.reference_at > context.carried_from
    return "carried" if carried else "forecast"


def _track(storm: Storm, landfall: Landfall, context: CycleContext) -> tuple[TrackPoint, ...]:
    if storm.fixes or storm.open_event is None:
        return track_points(storm.past, storm.fixes, landfall)
    points = [each for each in storm.open_event.track if each.moment <= context.cycle or each.landfall or each.closest]
    return tuple(replace(each, past=True) for each in points)


def _is_shown(row: AreaImpact) -> bool:
    return row.wind_kmh >= _SHOWN_KMH or row.within_50km > 0 or row.damage_high > 0


def _storm_found(storm: Storm, members: int) -> StormFound:
    before = storm.identity.previous
    return StormFound(
        storm=storm.identity.key,
        identifier=storm.identifier,
        international_name=storm.international_name,
        event_name=storm.event_name,
        in_cycle=storm.in_cycle,
        fixes=storm.fixes or (before.fixes if before is not None else ()),
        past=storm.past,
        members_with_storm=members,
        note=storm.note,
    )


def _why_no_event(storm: Storm, rows: Sequence[AreaImpact], country: TyphoonCountry) -> str:
    return NONE_LEFT if storm.note == REASONS["passed"] else storm.note or _no_event(rows, country)


def _no_event(rows: Sequence[AreaImpact], country: TyphoonCountry) -> str:
    highest = max((max(each.gale_probability, each.within_50km) for each in rows), default=0.0)
    return (
        f"no area has {percent_text(country.area_probability)} of the members with at least "
        f"{country.area_wind_kmh:g} km/h or with the centre within 50 km; the highest is {percent_text(highest)}"
    )
