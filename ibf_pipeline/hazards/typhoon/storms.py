"""The storms of a cycle: those it has, and those it should have (rules 1 and 2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from ibf_pipeline.domain.exercise import is_exercise
from ibf_pipeline.hazards.typhoon.absence import REASONS, fate_of, missing_from
from ibf_pipeline.hazards.typhoon.context import CycleContext, Storm
from ibf_pipeline.hazards.typhoon.findings import Fix, StormFound, TyphoonEvent, TyphoonFindings
from ibf_pipeline.hazards.typhoon.identity import Identity
from ibf_pipeline.hazards.typhoon.names import event_name, unique_name
from ibf_pipeline.hazards.typhoon.passage import closest_approaches, felt_winds, passage_times, return_times
from ibf_pipeline.hazards.typhoon.reference import reference_of
from ibf_pipeline.hazards.typhoon.selection import enters_monitoring_area, within_horizon
from ibf_pipeline.hazards.typhoon.track_points import fixes_of, line_of_fixes


def storms_of(
    tracks: xr.Dataset,
    here: Mapping[str, Identity],
    context: CycleContext,
    findings: TyphoonFindings | None,
    *,
    exercise: bool,
) -> tuple[Storm, ...]:
    """Storms that are looked at: any member comes into the monitoring area, or an event is open (rule 1).

    Parameters
    ----------
    tracks
        As `domain/tracks.py` describes.
    here
        Who each storm is, by identifier.
    context
        The same for all storms of the cycle.
    findings
        The findings that were published last; None if there are none.
    exercise
        Whether event names are those of an exercise.

    Returns
    -------
    tuple of Storm
        In the order of their identities.
    """
    tracks = within_horizon(tracks)
    open_events = {event.storm: event for event in (findings.events if findings is not None else ())}
    monitoring = context.country.monitoring
    looked_at = sorted(
        (identity.key, identifier)
        for identifier, identity in here.items()
        if identity.key in open_events or enters_monitoring_area(tracks.sel(storm=identifier), monitoring)
    )
    names = _names(
        {key: (here[each], each, _international(tracks, each)) for key, each in looked_at},
        context.layers.names,
        {event.name for key, event in open_events.items() if key not in {each.key for each in here.values()}},
        exercise=exercise,
    )
    return tuple(
        _storm(tracks.sel(storm=each), here[each], each, names[key], open_events.get(key), context)
        for key, each in looked_at
    )


def storms_missing(
    here: Mapping[str, Identity],
    context: CycleContext,
    previous: xr.Dataset | None,
    findings: TyphoonFindings | None,
    accepted: Collection[str],
) -> tuple[tuple[Storm, ...], tuple[StormFound, ...]]:
    """Open events whose storm is missing: those that leave something or end, and those that nothing closes (rule 2).

    Parameters
    ----------
    here
        Who each storm of the cycle is, by identifier.
    context
        The same for all storms of the cycle.
    previous
        Tracks of the cycle before; None if there is none.
    findings
        The findings that were published last; None if there are none.
    accepted
        Events, by name or storm, that an operator closes.

    Returns
    -------
    going : tuple of Storm
        Those that have passed or are over.
    silent : tuple of StormFound
        Those that nothing closes, and those that an operator closes.
    """
    going: list[Storm] = []
    silent: list[StormFound] = []
    if findings is None:
        return (), ()
    for event in missing_from(findings, here):
        before = next(each for each in findings.storms if each.storm == event.storm)
        went_by = _went_by(event, before, context)
        fate = fate_of(event, context.cycle, previous, findings, accepted, went_by=went_by)
        if fate in ("passed", "over"):
            going.append(_without_file(event, before, REASONS[fate], context))
        else:
            silent.append(
                replace(before, event_name=event.name, in_cycle=False, members_with_storm=0, note=REASONS[fate])
            )
    return tuple(going), tuple(silent)


def _without_file(event: TyphoonEvent, before: StormFound, note: str, context: CycleContext) -> Storm:
    return Storm(
        identity=Identity(event.storm, before),
        identifier=event.identifier,
        international_name=event.international_name,
        event_name=event.name,
        in_cycle=False,
        tracks=None,
        reference=None,
        fixes=(),
        past=_past(before, context),
        open_event=event,
        note=note,
    )


def _storm(
    storm: xr.Dataset, identity: Identity, identifier: str, name: str, event: TyphoonEvent | None, context: CycleContext
) -> Storm:
    reference = reference_of(storm)
    return Storm(
        identity=identity,
        identifier=identifier,
        international_name=_international(storm, identifier),
        event_name=name,
        in_cycle=True,
        tracks=None if reference is None else storm,
        reference=reference,
        fixes=() if reference is None else fixes_of(reference.line, context.country.wind),
        past=_past(identity.previous, context),
        open_event=event,
    )


def _past(before: StormFound | None, context: CycleContext) -> tuple[Fix, ...]:
    """Where the storm was at earlier cycles, by our records; between them where it was forecast, at skipped cycles."""
    known = {fix.moment: fix for fix in (*before.fixes, *before.past)} if before is not None else {}
    return tuple(known[moment] for moment in sorted(known) if moment < context.cycle)


def _went_by(event: TyphoonEvent, before: StormFound, context: CycleContext) -> bool:
    """Whether the storm has gone by all alerted areas, as the last findings forecast it, comes back to none, and some
    have felt it: one that merely came near leaves nothing, and its absence alone is not an all clear.
    """
    layers, now = context.layers, context.cycle
    gone = {each.place_code for each in event.impacts if each.passed_at is not None}
    codes = [area.place_code for area in event.areas if area.alerted and area.place_code not in gone]
    known = {fix.moment: fix for fix in (*before.past, *before.fixes)}
    line = line_of_fixes(known.values())
    wind = context.country.wind
    if any(at > now for at, _ in closest_approaches(line, layers, codes).values()):
        return False
    if return_times(before.fixes, layers, gone, wind, now):
        return False
    so_far = [known[moment] for moment in sorted(known) if moment <= now]
    return bool(gone or passage_times(line, layers, felt_winds(so_far, layers, codes, wind), now))


def _international(tracks: xr.Dataset, identifier: str) -> str:
    names = tracks["name"] if tracks["name"].ndim == 0 else tracks["name"].sel(storm=identifier)
    return " ".join(str(np.asarray(names.values)).split()) or identifier


def _names(
    storms: Mapping[str, tuple[Identity, str, str]],
    local: Mapping[str, str],
    taken: Collection[str],
    *,
    exercise: bool,
) -> dict[str, str]:
    """Event names by identity (rule 1). A storm that is called as it was keeps its name; others make way."""
    names: dict[str, str] = {}
    for key, (identity, _, international) in storms.items():
        old = identity.previous
        same = old is not None and event_name(old.international_name, local) == event_name(international, local)
        if old is not None and same and is_exercise(old.event_name) == exercise and old.event_name not in taken:
            names[key] = old.event_name
    for key, (_, identifier, international) in storms.items():
        if key not in names:
            others = {*taken, *names.values()}
            names[key] = unique_name(event_name(international, local), identifier, key, others, exercise=exercise)
    return names
