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
from ibf_pipeline.hazards.typhoon.triggers import judge_triggers
from ibf_pipeline.hazards.typhoon.wind import AreaWinds, area_winds

_SHOWN_KMH = 62
"""km/h, mean over the members: areas with so much wind are sent although they are no event areas"""
_GONE = "last forecast that had it"
"""reference of a storm that is in no file any more"""


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What a cycle says of a storm, before anything that has passed is added."""

    impacts: tuple[AreaImpact, ...]
    winds: AreaWinds | None
    members: int


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
    ahead = _ahead(storm, context)
    way = _way(storm, context)
    open_areas = [area.place_code for area in before.areas if area.alerted] if before is not None else []
    so_far = [fix for fix in way if fix.moment <= context.cycle]
    again = second_passages(way, before, layers, country.wind, context.cycle)
    passed = passage_times(
        line_of_fixes(way), layers, felt_winds(so_far, layers, open_areas, country.wind), context.cycle
    )
    rows = with_passed(ahead.impacts, before, passed, again, context.cycle, country.tail_h)
    found = _storm_found(storm, ahead.members)
    decided = _decided(storm, ahead, way, rows, context)
    if decided is None:
        return replace(found, note=_why_no_event(storm, rows, country)), None
    event = _event(storm, ahead, way, rows, decided, context)
    return found, with_shift(event, before, context.cycle)


def _decided(
    storm: Storm, ahead: _Ahead, way: Sequence[Fix], rows: Sequence[AreaImpact], context: CycleContext
) -> _Decided | None:
    """None if no area belongs to it. Areas of a trigger do, also if rule 6 alone would leave them out."""
    by_rule = event_areas(rows, context.country)
    gone = {row.place_code: row.passed_at for row in rows if row.passed_at is not None}
    if not by_rule and not gone and not any(map(_is_shown, rows)):
        return None
    stops = _stops(storm, way, context, passed=bool(gone))
    landfall = _landfall(storm, way, stops, ahead, context, passed=bool(gone))
    judged = _judged(storm, ahead, stops, by_rule, landfall, context)
    triggers = with_passed_triggers(judged, storm.open_event, gone)
    alerted = {*by_rule, *trigger_areas(triggers)}
    if not alerted:
        return None
    kept = {code: at for code, at in gone.items() if code in alerted}
    return _Decided(tuple(sorted(alerted)), kept, stops, landfall, triggers)


def _event(
    storm: Storm,
    ahead: _Ahead,
    way: Sequence[Fix],
    rows: Sequence[AreaImpact],
    decided: _Decided,
    context: CycleContext,
) -> TyphoonEvent:
    """The event of a storm with areas. `rows`: numbers of this cycle, and kept ones if it has passed."""
    layers, before = context.layers, storm.open_event
    alerted, gone, stops, landfall = decided.alerted, decided.gone, decided.stops, decided.landfall
    back = return_times(storm.fixes, layers, gone, context.country.wind, context.cycle)
    over = len(gone) == len(alerted) and not back
    triggered = trigger_areas(decided.triggers)
    lead_time = 0 if over else lead_time_of(landfall.reference_at, context.cycle, context.published)
    to_come = {
        code: at for code, (at, _) in closest_approaches(line_of_fixes(way), layers, triggered - set(gone)).items()
    }
    to_come |= {code: at for code, at in back.items() if code in triggered}
    shown = tuple(row for row in rows if _is_shown(row) or row.place_code in alerted)
    areas = sent_areas(shown, alerted, triggered, layers, context.country, context.rain)
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
        provinces=_provinces(storm, ahead, rows, alerted, triggered, back, context),
        triggers=decided.triggers,
        houses_low=low,
        houses_high=high,
        ends_at=max(gone.values()) + timedelta(hours=context.country.tail_h) if over else None,
        renamed_from=before.name if before is not None and before.name != storm.event_name else None,
        members_with_storm=ahead.members,
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


def _stops(storm: Storm, way: Sequence[Fix], context: CycleContext, *, passed: bool) -> tuple[Visit, ...]:
    """Visits of the reference to land: from now on, and the one that goes on; earlier ones too if areas of the event
    have been passed. A landfall that left nothing does not make an event 0-hour that is ahead elsewhere.
    """
    if storm.tracks is None:
        return ()
    found = visits(line_of_fixes(way), context.layers.land, context.country.landfall_km)
    return tuple(stop for stop in found if passed or stop.until >= context.cycle)


def _ahead(storm: Storm, context: CycleContext) -> _Ahead:
    country, layers = context.country, context.layers
    if storm.tracks is None:
        return _Ahead((), None, 0)
    own = area_winds(storm.tracks, layers, country)
    impacts = area_impacts(own, storm.tracks, layers, country, context.members)
    there = int(storm.tracks["lat"].notnull().any("time").sum())
    return _Ahead(impacts, own, there)


def _landfall(
    storm: Storm, way: Sequence[Fix], stops: Sequence[Visit], ahead: _Ahead, context: CycleContext, *, passed: bool
) -> Landfall:
    if storm.tracks is not None:
        layers, country = context.layers, context.country
        line = line_of_fixes(fix for fix in way if passed or fix.moment >= context.cycle)
        return landfall_of(storm.tracks, line, stops, ahead.impacts, layers.land, country, context.members)
    if storm.open_event is None:
        raise AssertionError(f"{storm.identity.key} is in no file and has no open event")
    return storm.open_event.landfall


def _judged(
    storm: Storm,
    ahead: _Ahead,
    stops: Sequence[Visit],
    alerted: Sequence[str],
    landfall: Landfall,
    context: CycleContext,
) -> tuple[TriggerJudged, ...]:
    """Rule 7 at the landfall of the event, and of one that has begun when people read it at the next one ahead too:
    whichever is met.
    """
    before = storm.open_event.triggers if storm.open_event is not None else ()
    if ahead.winds is None:
        return tuple(replace(each, met=False, areas=(), reached="the storm has gone", where=()) for each in before)
    met_before = [each.name for each in before if each.met or each.met_once]
    moments = [landfall.reference_at]
    if landfall.reference_at <= context.published:
        moments += [stop.moment for stop in stops if stop.moment > context.published][:1]
    rounds = [
        judge_triggers(
            context.country,
            ahead.winds,
            ahead.impacts,
            context.layers,
            context.members,
            max(0.0, (moment - context.cycle).total_seconds() / 3600),
            met_before,
            alerted,
            moment,
        )
        for moment in moments
    ]
    return tuple(max(each, key=lambda one: one.met) for each in zip(*rounds, strict=True))


def _provinces(
    storm: Storm,
    ahead: _Ahead,
    rows: Sequence[AreaImpact],
    alerted: Sequence[str],
    triggered: Collection[str],
    back: Collection[str],
    context: CycleContext,
) -> tuple[ProvinceFound, ...]:
    layers = context.layers
    now: tuple[ProvinceFound, ...] = ()
    if storm.tracks is not None and ahead.winds is not None:
        now = provinces_found(storm.tracks, ahead.winds, rows, alerted, layers, context.country, context.members)
    codes = {layers.areas[code].parent for code in triggered}
    whole = triggered and not layers.provinces
    found = with_passed_provinces(now, storm.open_event, rows, alerted, back, layers)
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
