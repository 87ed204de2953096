"""Notes of a cycle: what a reader must know, in words, with clock times of the country."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import xarray as xr

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.domain.wording import counted, people_words, percent_text, some
from ibf_pipeline.hazards.typhoon.ensemble import lasting
from ibf_pipeline.hazards.typhoon.findings import StormFound, TyphoonEvent, TyphoonFindings
from ibf_pipeline.hazards.typhoon.long_cycle import MOVED_ON, carried_from, is_short
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.hazards.typhoon.wording import (
    AVERAGED,
    HOUSES_CAVEAT,
    approach_text,
    deadline_text,
    houses_text,
    landfall_text,
    left_text,
    verdict,
    wind_text,
)

WIND_ONLY: Final = TYPHOON.covers
"""on every page (rule 16)"""


def notes_of(findings: TyphoonFindings) -> Iterator[str]:
    """The events and what they rest on, storms without an event, and what the numbers are."""
    yield WIND_ONLY
    for event in findings.events:
        yield _event_text(event, findings)
        yield from _event_notes(event, findings)
    for storm in findings.storms:
        yield from _storm_notes(storm, findings)
    members = counted(findings.members, "member")
    yield f"probabilities are shares of the {members} of the cycle, with the storm or without"
    if findings.events:
        yield f"winds are 10-minute means; houses: {HOUSES_CAVEAT}"


def _event_text(event: TyphoonEvent, findings: TyphoonFindings) -> str:
    """`CHANTHU: trigger at 21-hour, direct hit or close pass: nearest Sat 2021-09-11 05:00 PST, in 13 hours; ...`."""
    kind = "trigger" if event.trigger else "warning"
    areas = sum(area.alerted for area in event.areas)
    approach = approach_text(event, findings.published, findings.zone)
    return (
        f"{event.name}: {kind} at {TYPHOON.lead_time_name(event.lead_time)}, {approach}; "
        f"{_peak(event)}"
        f"{people_words(event.people, known=event.people_known)} in {findings.rule.people_kmh:g} km/h "
        f"({AVERAGED}) or more in {counted(areas, 'area')}; damage to houses, low to high: "
        f"{houses_text(event.houses_low, event.houses_high)}"
    )


def _peak(event: TyphoonEvent) -> str:
    ahead = " ahead" if event.members_with_storm else ""
    return f"largest wind{ahead} {wind_text(event.peak_kmh)}, {event.category}, in the {event.reference}; "


def corrected_text(event: TyphoonEvent) -> str:
    """What the portal's `not predicted to make landfall` leaves out (rule 9)."""
    nearest = max((each.within_50km for each in event.impacts), default=0.0)
    return (
        f"the portal says that it is not predicted to make landfall: that is the {event.reference} alone; the centre "
        f"comes within 50 km of somebody's municipality in up to {percent_text(nearest)} of the members, and "
        f"{percent_text(event.landfall.probability)} of them cross land"
    )


def _event_notes(event: TyphoonEvent, findings: TyphoonFindings) -> Iterator[str]:
    if event.state != "passed":
        yield f"{event.name}: {landfall_text(event, findings.zone, findings.cycle)}"
    if event.landfall.corrected:
        yield f"{event.name}: {corrected_text(event)}"
    for judged in event.triggers:
        where = f" in {some(judged.where, 4)}" if judged.where else ""
        reason = f"; {judged.reason}" if judged.reason else ""
        until = deadline_text(judged, findings.published, findings.zone)
        yield f"{event.name}: {verdict(judged)}: {judged.wanted}; now {judged.reached}{where}{reason}{until}"
    if event.state == "carried":
        yield f"{event.name}: it comes beyond the end of this short cycle; what is there is of the last long one"
    if event.ends_at is not None:
        yield f"{event.name}: it has passed; it stays at 0-hour until {findings.moment_words(event.ends_at)}"
    for further in further_texts(event, findings):
        yield f"{event.name}: {further}"
    if event.renamed_from is not None:
        yield f"{event.name}: the portal's {event.renamed_from} until now; the same storm goes on under the new name"
    if event.shared_with:
        yield (
            f"{event.name}: it has areas in common with {', '.join(event.shared_with)}; the portal's maps mix the two "
            "up, lists and each event by itself are right"
        )


def further_texts(event: TyphoonEvent, findings: TyphoonFindings) -> Iterator[str]:
    """`a further landfall or close pass is ahead: Fri 2026-10-09 03:00 PST, in 6 hours, 18-hour in the portal`."""
    for lead_time in later_marks(event):
        at = TYPHOON.at(findings.issue_time, lead_time)
        yield (
            f"a further landfall or close pass is ahead: {findings.moment_words(at)}, "
            f"{left_text(at, findings.published)}, {TYPHOON.lead_time_name(lead_time)} in the portal"
        )


def later_marks(event: TyphoonEvent) -> tuple[int, ...]:
    """Lead times of further landfalls and close passes ahead."""
    marks = zip(TYPHOON.lead_times, event.flags, strict=True)
    return tuple(lead_time for lead_time, flag in marks if flag != "-" and lead_time > event.lead_time)


def _storm_notes(storm: StormFound, findings: TyphoonFindings) -> Iterator[str]:
    if storm.note and storm.storm not in {event.storm for event in findings.events}:
        yield f"storm {storm.event_name}: no event: {storm.note}"
    elif storm.note:
        yield f"storm {storm.event_name}: {storm.note}"
    elif not storm.in_cycle:
        yield f"storm {storm.event_name}: missing from this cycle's tracks, which is no all clear"


def left_out_notes(
    tracks: xr.Dataset, rain: Mapping[str, float] | None, layers: TyphoonLayers, country: TyphoonCountry
) -> tuple[str, ...]:
    """What a cycle cannot say, in words (rules 3, 4 and 5).

    Parameters
    ----------
    tracks
        The cycle; after its last step also what is carried over from the last long one.
    rain
        Place code -> mm; None if none of the sources has any.
    layers, country
        The areas that need rain, and whether the country has a source of it.
    """
    words = []
    if rain is None:
        words.append(
            "rainfall is left out: none of its sources has any"
            if country.rain
            else "rainfall is left out: the country has no source of rain for typhoon"
        )
    elif dry := sorted(set(layers.areas) - set(rain)):
        words.append(f"rainfall is left out: {counted(len(dry), 'area')} have none, {dry[0]} among them")
    if is_short(tracks):
        last = int(tracks.attrs["last_step_h"])
        carried = carried_from(tracks) is not None
        beyond = "is of the last long cycle" if carried else "is not known"
        words.append(f"this cycle ends after {last} hours; what is later {beyond}")
    if MOVED_ON in tracks.attrs:
        words.append(
            f"the high-resolution run of this cycle ends after {tracks.attrs[MOVED_ON]} hours; later it moves as the "
            "control run does"
        )
    words += [
        f"only {counted(count, 'member')} {'has' if count == 1 else 'have'} storm {storm}, which was "
        "seen at the cycle time; the others count as without it"
        for storm, count in sorted(lasting(tracks).items())
        if count < country.fewest_members
    ]
    return tuple(words)
