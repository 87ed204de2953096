"""What this block's rain says about a district: alert, lead time, people and areas (rules 5 to 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ibf_pipeline.config.flash_floods import Probabilities
from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.rule import members_needed
from ibf_pipeline.hazards.flash_floods.assessment import BlockAssessment
from ibf_pipeline.hazards.flash_floods.district_alert import AlertRow, DistrictAlert, alerted_names
from ibf_pipeline.hazards.flash_floods.findings import Cause, LaterAlert
from ibf_pipeline.hazards.flash_floods.probability import (
    first_reached,
    member_of_share,
    members_within,
    value_of_share,
)
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.flash_floods.scenarios import Numbers
from ibf_pipeline.hazards.flash_floods.sums import Flags


@dataclass(frozen=True, slots=True)
class District:
    """One district of an assessed block."""

    assessed: BlockAssessment
    areas: Sequence[Area]
    columns: Sequence[int]
    """of its areas in the arrays"""
    probability: Probabilities

    @property
    def numbers(self) -> Numbers:
        """(member, hour of the window, area) of scenarios; 0 in hours that are not this block's."""
        assessed = self.assessed
        return (assessed.scenario_number * assessed.is_new)[:, assessed.window_slice][:, :, self.columns]

    @property
    def over_limit(self) -> Flags:
        """(member, hour of the window, area) whether an area is over its limit in an hour of this block."""
        assessed = self.assessed
        return (assessed.exceeds & assessed.is_new)[:, assessed.window_slice][:, :, self.columns]

    @property
    def exceeds(self) -> Flags:
        """(member, hour of the window) whether any of its areas is over its limit (rule 7)."""
        exceeds: Flags = np.logical_or.reduce(self.over_limit, axis=2)
        return exceeds

    @property
    def measured(self) -> Flags:
        """(member, hour of the window) whether an area is over its limit by rain that was measured."""
        assessed = self.assessed
        measured = assessed.measured[:, assessed.window_slice][:, :, self.columns]
        exceeds: Flags = np.logical_or.reduce(measured & self.over_limit, axis=2)
        return exceeds

    @property
    def trigger_hours(self) -> Flags:
        """(hour of the window,) whether a trigger can stand there."""
        window = self.assessed.window
        return np.array([window.may_trigger(lead_time) for lead_time in window.lead_times.tolist()])

    @property
    def shares(self) -> tuple[float, ...]:
        """0..1, the share of members that exceed in the hours that are sent under each lead time."""
        sent, members = self.assessed.window.lead_times, self.assessed.members
        return tuple(members_within(self.exceeds, sent == lead) / members for lead in FLASH_FLOODS.lead_times)

    def alert(self) -> DistrictAlert | None:
        """The alert of the district; None if too few members exceed.

        A trigger if the trigger's share of members has exceeded by an hour that is sent below `warning_from_h`; else a
        warning if the warning's share has, or the trigger's at a later hour (rules 7 and 9). The lead time is that of
        the first such hour. People, areas and floods of a trigger are of the hours inside its limit alone: what is
        larger later goes into flags and words.
        """
        window, share = self.assessed.window, self.probability
        sent, exceeds, within = window.lead_times, self.exceeds, self.trigger_hours
        high, first = first_reached(exceeds, share.trigger), first_reached(exceeds, share.warning)
        if first is None:
            return None
        trigger = high is not None and bool(within[high])
        hour = high if high is not None and trigger else first
        hours = window.hours.tolist()
        rows = self.rows(within, share.trigger) if trigger else self.rows(np.ones_like(within), share.warning)
        people = sum(row.area.people for row in rows.values() if row.area.alerted)
        exceeded = (
            (self._last_now(exceeds) or window.time_of_hour(hours[hour])) if trigger and sent[hour] == 0 else None
        )
        return DistrictAlert(
            trigger=trigger,
            starts=window.time_of_hour(hours[hour]),
            flags=self._flags(first, high),
            probability=float(exceeds[:, : hour + 1].any(axis=1).mean()),
            rows=rows,
            high_from=None if high is None else window.time_of_hour(hours[high]),
            exceeded=exceeded,
            measured=None if exceeded is None else self._last_now(self.measured),
            later=self._later(people) if trigger else (),
        )

    def _last_now(self, exceeds: Flags) -> datetime | None:
        """The last hour at 0-hour in which a trigger's share of the members exceeds. `exceeds`: (member, hour)."""
        window = self.assessed.window
        over = exceeds.sum(axis=0) >= members_needed(self.probability.trigger, self.assessed.members)
        now = np.flatnonzero(over & (window.lead_times == 0))
        return window.time_of_hour(window.hours.tolist()[now[-1]]) if len(now) else None

    def rows(self, hours: Flags, share: float) -> dict[str, AlertRow]:
        """The numbers of every area in some hours of the window that the share of the members exceeds (rules 7 and 10).

        The member whose people in the district are reached or exceeded by just that share stands for all; an area that
        as many members hit by itself has at least its own value. Areas below their threshold have their people too and
        are not alerted.

        Parameters
        ----------
        hours
            (hour of the window,) which hours count.
        share
            0..1, of the members.

        Returns
        -------
        dict
            Place code -> row, of all areas of the district.
        """
        number, exceeds = self.numbers * hours[:, np.newaxis], self.over_limit & hours[:, np.newaxis]
        over = np.where(exceeds, number, 0).max(axis=1)
        people = self.assessed.exposure.people[self.columns, over]
        member = member_of_share(over.any(axis=1), people.sum(axis=1), share)
        wanted = np.maximum(over[member], value_of_share(over, share))
        rows = {}
        for place, area in enumerate(self.areas):
            worst = int(wanted[place])
            if not worst:
                rows[area.place_code] = self._row(area, place, int(number[member, :, place].max()), None)
                continue
            who = member if over[member, place] == worst else int((over[:, place] == worst).argmax())
            cause = self._cause(area, place, who, number[who, :, place] == worst, exceeds[:, :, place])
            rows[area.place_code] = self._row(area, place, worst, cause)
        return rows

    def _row(self, area: Area, place: int, number: int, cause: Cause | None) -> AlertRow:
        column, exposure = self.columns[place], self.assessed.exposure
        people = int(exposure.people[column, number])
        share = min(1.0, people / area.population) if area.population > 0 else 0.0
        further = exposure.further(column, number)
        event_area = EventArea(
            area.admin_level, area.place_code, area.name, people, round(share, 6), further, cause is not None
        )
        return AlertRow(event_area, self.assessed.library[number].name if number else None, cause)

    def _cause(self, area: Area, place: int, member: int, worst: Flags, exceeds: Flags) -> Cause:
        """`worst`: (hour,) where the member has its worst flood; `exceeds`: (member, hour) of the area."""
        assessed, column, seen = self.assessed, self.columns[place], self.assessed.window_slice
        numbers = assessed.scenario_number[member, seen, column]
        start = int(exceeds[member].argmax())
        began = assessed.library[int(numbers[start])].duration_h
        worst = worst & exceeds[member]
        scenario = assessed.library[int(numbers[worst].max())]
        sums = assessed.sums[scenario.duration_h]
        peak = int(np.where(worst, sums.amount[member, seen, column], -1.0).argmax())
        at, hours = seen.start + peak, assessed.window.hours.tolist()
        own, upstream = (assessed.fallen(series, member, at, column, scenario.duration_h) for series in assessed.series)
        amount, decides = float(sums.amount[member, at, column]), upstream if upstream.sum() > own.sum() else own
        over = max(0, assessed.window.last_past_hour - hours[peak] + scenario.duration_h)
        return Cause(
            place_code=area.place_code,
            name=area.name,
            starts=assessed.window.time_of_hour(hours[start]),
            start_duration_h=began,
            peaks=assessed.window.time_of_hour(hours[peak]),
            duration_h=scenario.duration_h,
            amount_mm=round(amount, 1),
            fallen_mm=round(float(decides[:over].sum()), 1),
            scenario=scenario.name,
            rank=scenario.rank or 0,
            people=int(assessed.exposure.people[column, int(numbers[peak])]),
            limit=float(assessed.limits[column]),
            probability=float(exceeds.any(axis=1).mean()),
            observed=float(sums.observed[at, column]),
            of_catchment=decides is upstream,
            lower_bound=not bool(sums.sure[at, column]),
            beyond_library=assessed.library.is_beyond(scenario.duration_h, amount),
            resolved=bool(sums.resolved[at, column] and assessed.sums[began].resolved[seen.start + start, column]),
        )

    def _later(self, people: int) -> tuple[LaterAlert, ...]:
        """Of a trigger: what reaches more people after its limit, with a warning's share of the members."""
        beyond, share, window = ~self.trigger_hours, self.probability.warning, self.assessed.window
        first = first_reached(self.exceeds & beyond, share)
        if first is None:
            return ()
        rows = self.rows(beyond, share)
        more = sum(row.area.people for row in rows.values() if row.area.alerted)
        moment = window.time_of_hour(window.hours.tolist()[first])
        return (
            (LaterAlert(window.lead_time(moment), moment, False, more, alerted_names(rows)),) if more > people else ()
        )

    def _flags(self, first: int, high: int | None) -> str:
        """A mark for each lead time, of the hours that are sent under it: T, w or -.

        Exact for each, never "from then on"; if the members exceed at different hours, the lead time by which a
        share is reached has its mark in any case.
        """
        sent, window, members = self.assessed.window.lead_times, self.assessed.window, self.assessed.members
        trigger, warning = (members_needed(p, members) for p in (self.probability.trigger, self.probability.warning))
        marks = []
        for lead in FLASH_FLOODS.lead_times:
            hours = np.flatnonzero(sent == lead)
            count = members_within(self.exceeds, sent == lead)
            is_high = count >= trigger or high in hours
            marks.append("T" if is_high and window.may_trigger(lead) else "w" if is_high or count >= warning else "-")
            if first in hours and marks[-1] == "-":
                marks[-1] = "w"
        return "".join(marks)
