"""What this block's rain says of a district: alert, lead time, people and areas (rules 5 to 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ibf_pipeline.config.flash_floods import Probabilities
from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.rule import members_needed
from ibf_pipeline.hazards.flash_floods.findings import Cause, Later
from ibf_pipeline.hazards.flash_floods.judged import Judged
from ibf_pipeline.hazards.flash_floods.outcome import Outcome, Row, alerted_names
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
    """One district of a judged block."""

    judged: Judged
    areas: Sequence[Area]
    columns: Sequence[int]
    """of its areas in the arrays"""
    probability: Probabilities

    @property
    def numbers(self) -> Numbers:
        """(member, hour of the window, area) of scenarios; 0 in hours that are not this block's."""
        judged = self.judged
        return (judged.number * judged.counts)[:, judged.seen][:, :, self.columns]

    @property
    def over(self) -> Flags:
        """(member, hour of the window, area) whether an area is over its limit in an hour of this block."""
        judged = self.judged
        return (judged.exceeds & judged.counts)[:, judged.seen][:, :, self.columns]

    @property
    def exceeds(self) -> Flags:
        """(member, hour of the window) whether any of its areas does (rule 7)."""
        exceeds: Flags = np.logical_or.reduce(self.over, axis=2)
        return exceeds

    @property
    def measured(self) -> Flags:
        """(member, hour of the window) whether an area exceeds by rain that was measured."""
        judged = self.judged
        measured = judged.measured[:, judged.seen][:, :, self.columns]
        exceeds: Flags = np.logical_or.reduce(measured & self.over, axis=2)
        return exceeds

    @property
    def within(self) -> Flags:
        """(hour of the window,) whether a trigger can stand there."""
        window = self.judged.window
        return np.array([window.may_trigger(lead_time) for lead_time in window.sent.tolist()])

    @property
    def shares(self) -> tuple[float, ...]:
        """0..1, the members that exceed in the hours that are sent under each lead time."""
        sent, members = self.judged.window.sent, self.judged.members
        return tuple(members_within(self.exceeds, sent == lead) / members for lead in FLASH_FLOODS.lead_times)

    def outcome(self) -> Outcome | None:
        """Its alert; None where too few members exceed.

        A trigger where the trigger's share of members has exceeded by an hour that is sent below `warning_from_h`;
        else a warning where the warning's share has, or the trigger's at a later hour. The lead time is that of the
        first such hour. People, areas and floods of a trigger are of the hours inside its limit alone (rule 9):
        what is larger later goes into flags and words.
        """
        window, share = self.judged.window, self.probability
        sent, exceeds, within = window.sent, self.exceeds, self.within
        high, first = first_reached(exceeds, share.trigger), first_reached(exceeds, share.warning)
        if first is None:
            return None
        trigger = high is not None and bool(within[high])
        hour = high if high is not None and trigger else first
        hours = window.hours.tolist()
        rows = self.rows(within, share.trigger) if trigger else self.rows(np.ones_like(within), share.warning)
        people = sum(row.area.people for row in rows.values() if row.area.alerted)
        exceeded = (self._last_now(exceeds) or window.moment(hours[hour])) if trigger and sent[hour] == 0 else None
        return Outcome(
            trigger=trigger,
            starts=window.moment(hours[hour]),
            flags=self._flags(first, high),
            probability=float(exceeds[:, : hour + 1].any(axis=1).mean()),
            rows=rows,
            high_from=None if high is None else window.moment(hours[high]),
            exceeded=exceeded,
            measured=None if exceeded is None else self._last_now(self.measured),
            later=self._later(people) if trigger else (),
        )

    def _last_now(self, exceeds: Flags) -> datetime | None:
        """The last hour at 0-hour in which a trigger's share of the members exceeds. `exceeds`: (member, hour)."""
        window = self.judged.window
        over = exceeds.sum(axis=0) >= members_needed(self.probability.trigger, self.judged.members)
        now = np.flatnonzero(over & (window.sent == 0))
        return window.moment(window.hours.tolist()[now[-1]]) if len(now) else None

    def rows(self, hours: Flags, share: float) -> dict[str, Row]:
        """The numbers of every area in some hours of the window, of what the share of the members exceeds.

        The member whose people in the district are exceeded or reached by just that share stands for all; an area that
        as many members exceed by itself has at least its own value. Areas below their threshold have their people too
        and are not alerted (rule 10).
        """
        number, exceeds = self.numbers * hours[:, np.newaxis], self.over & hours[:, np.newaxis]
        over = np.where(exceeds, number, 0).max(axis=1)
        people = self.judged.exposure.people[self.columns, over]
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

    def _row(self, area: Area, place: int, number: int, cause: Cause | None) -> Row:
        column, exposure = self.columns[place], self.judged.exposure
        people = int(exposure.people[column, number])
        share = min(1.0, people / area.population) if area.population > 0 else 0.0
        further = exposure.further(column, number)
        event_area = EventArea(
            area.admin_level, area.place_code, area.name, people, round(share, 6), further, cause is not None
        )
        return Row(event_area, self.judged.library[number].name if number else None, cause)

    def _cause(self, area: Area, place: int, member: int, worst: Flags, exceeds: Flags) -> Cause:
        """`worst`: (hour,) where the member has its worst flood; `exceeds`: (member, hour) of the area."""
        judged, column, seen = self.judged, self.columns[place], self.judged.seen
        numbers = judged.number[member, seen, column]
        start = int(exceeds[member].argmax())
        began = judged.library[int(numbers[start])].duration_h
        worst = worst & exceeds[member]
        scenario = judged.library[int(numbers[worst].max())]
        sums = judged.sums[scenario.duration_h]
        peak = int(np.where(worst, sums.amount[member, seen, column], -1.0).argmax())
        at, hours = seen.start + peak, judged.window.hours.tolist()
        own, upstream = (judged.fallen(series, member, at, column, scenario.duration_h) for series in judged.series)
        amount, decides = float(sums.amount[member, at, column]), upstream if upstream.sum() > own.sum() else own
        over = max(0, judged.window.over - hours[peak] + scenario.duration_h)
        return Cause(
            place_code=area.place_code,
            name=area.name,
            starts=judged.window.moment(hours[start]),
            start_duration_h=began,
            peaks=judged.window.moment(hours[peak]),
            duration_h=scenario.duration_h,
            amount_mm=round(amount, 1),
            fallen_mm=round(float(decides[:over].sum()), 1),
            scenario=scenario.name,
            rank=scenario.rank or 0,
            people=int(judged.exposure.people[column, int(numbers[peak])]),
            limit=float(judged.limits[column]),
            probability=float(exceeds.any(axis=1).mean()),
            observed=float(sums.observed[at, column]),
            of_catchment=decides is upstream,
            lower_bound=not bool(sums.sure[at, column]),
            beyond_library=judged.library.is_beyond(scenario.duration_h, amount),
            resolved=bool(sums.resolved[at, column] and judged.sums[began].resolved[seen.start + start, column]),
        )

    def _later(self, people: int) -> tuple[Later, ...]:
        """Of a trigger: what reaches more people after its limit, with a warning's share of the members."""
        beyond, share, window = ~self.within, self.probability.warning, self.judged.window
        first = first_reached(self.exceeds & beyond, share)
        if first is None:
            return ()
        rows = self.rows(beyond, share)
        more = sum(row.area.people for row in rows.values() if row.area.alerted)
        moment = window.moment(window.hours.tolist()[first])
        return (Later(window.lead_time(moment), moment, False, more, alerted_names(rows)),) if more > people else ()

    def _flags(self, first: int, high: int | None) -> str:
        """A mark for each lead time, of the hours that are sent under it: T, w or -.

        Exact for each, never "from then on"; where the members exceed at different hours, the lead time by which a
        share is reached has its mark in any case.
        """
        sent, window, members = self.judged.window.sent, self.judged.window, self.judged.members
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
