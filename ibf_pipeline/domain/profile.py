"""What a hazard is for a portal and for everything that comes after its rule: data, no branch of the machinery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from ibf_pipeline.domain.issue_time import IssueTime


@dataclass(frozen=True, slots=True)
class HazardProfile:
    """One hazard. Lead times are whole `unit`s after the issue time; a period is what one upload replaces."""

    name: str
    """in folders, records, deployments and configuration: `floods`"""
    disaster_type: str
    """as portals name it"""
    noun: str
    """in sentences, without article: `river flood`"""
    short: str
    """the same in fewer words: `flood`"""
    subject: str
    """what an event is about, as people call it: `station`"""
    subject_list: str | None
    """where people say which there are: `stations.csv`; None if they come and go with the forecast"""
    unit: Literal["day", "hour"]
    lead_times: tuple[int, ...]
    """those that the portal can show, growing; a forecast may go beyond them"""
    period_hours: int
    """24 for a day, 6 for a block that begins at 00, 06, 12 or 18 UTC"""
    no_alert_lead_time: int
    """that the portal itself writes if there is no event"""
    main_exposure: str
    """indicator that the portal counts an event by"""
    people_indicator: str
    """under which people affected are sent"""
    share_indicator: str | None = None
    """under which their share of the population (0..1) is sent"""
    indicators: tuple[str, ...] = ()
    """further ones that it may send for an area"""
    unlisted: tuple[str, ...] = ()
    """those of its indicators that portals take and do not name in their lists"""
    raster: str | None = None
    """file name of a lead time's extent, such as `flood_extent_{lead_time}_{country}.tif`; None: it has no rasters"""
    points: tuple[str, ...] = ()
    """categories of points that it sends values for"""
    subject_points: str | None = None
    """that of them whose points events are about"""
    schedule: str | None = None
    """cron (UTC) of its runs if a country names none; None: that of the settings, which is daily"""
    hours_late: int = 0
    """a run that is not told its issue time takes the newest period that began at least so long before"""
    is_named: bool = True
    """whether titles and notices say which hazard they are about"""
    lines: tuple[str, ...] = ()
    """categories of lines whose exposure it sends"""
    columns: tuple[tuple[str, str], ...] = ()
    """indicators whose column in tables says more than the portal's name for them does: name, column"""
    about: Literal["at", "for"] = "at"
    """between an alert and what it is about, in sentences: an alert at a station, for a storm"""
    covers: str = ""
    """what its numbers are of and what they leave out, in words that stand on every page, picture, table and notice;
    empty if its noun says it"""

    def lead_time_name(self, lead_time: int) -> str:
        """`4-day`, as the IBF API spells it."""
        return f"{lead_time}-{self.unit}"

    def lead_time_words(self, lead_time: int) -> str:
        """`1 day`, `12 hours`."""
        return f"{lead_time} {self.unit}{'' if abs(lead_time) == 1 else 's'}"

    def at(self, issue_time: IssueTime, lead_time: int) -> datetime:
        """The time of a lead time, UTC; for daily hazards the beginning of the day."""
        return issue_time.start + lead_time * self._step

    def moment(self, issue_time: IssueTime, lead_time: int = 0) -> date:
        """The same as people name it: the day if lead times are days, else the time (a datetime)."""
        at = self.at(issue_time, lead_time)
        return at.date() if self.unit == "day" else at

    def issue_time(self, moment: datetime) -> IssueTime:
        """The issue time in whose period a time (UTC) lies; its `start` is where the period of an upload begins."""
        if self.period_hours == 24:
            return IssueTime(moment.date())
        return IssueTime(moment.date(), moment.hour // self.period_hours * self.period_hours)

    def newest(self, moment: datetime) -> IssueTime:
        """The issue time of the newest forecast that can be there at a time (UTC): it comes `hours_late` hours late."""
        return self.issue_time(moment - timedelta(hours=self.hours_late))

    def parse(self, text: str) -> IssueTime:
        """An issue time of this hazard.

        Raises
        ------
        ValueError
            If the text is not an issue time, or not one of this hazard; it says what is allowed.
        """
        issued = IssueTime.parse(text)
        if (issued.hour is None) != (self.period_hours == 24) or (issued.hour or 0) % self.period_hours:
            raise ValueError(f"{text!r} is not an issue time of {self.name}: {self.issue_times}")
        return issued

    @property
    def issue_times(self) -> str:
        """What its issue times look like, in words."""
        if self.period_hours == 24:
            return "a day such as 2026-02-15"
        hours = ", ".join(f"{hour:02d}" for hour in range(0, 24, self.period_hours))
        return f"day and hour (UTC) such as 2026-02-15T{24 - self.period_hours:02d}, hours {hours}"

    def issue_times_of(self, day: date) -> list[IssueTime]:
        """The issue times of a day (UTC), the first one first."""
        start = datetime.combine(day, time(), UTC)
        return [self.issue_time(start + timedelta(hours=hour)) for hour in range(0, 24, self.period_hours)]

    def end(self, issue_time: IssueTime) -> datetime:
        """The end of the period of an issue time, UTC."""
        return issue_time.start + timedelta(hours=self.period_hours)

    def shown(self, lead_time: int) -> int | None:
        """The lead time of the portal under which a lead time is shown: the largest one that is not later.

        What lies between two is shown at the earlier one, so that nobody counts on more time than there is: of 12 and
        15 hours, 13 is shown as 12. None beyond the last lead time of the portal, or before the first one.
        """
        last = self.lead_times[-1]
        earlier = [known for known in self.lead_times if known <= lead_time <= last]
        return earlier[-1] if earlier else None

    @property
    def _step(self) -> timedelta:
        return timedelta(days=1) if self.unit == "day" else timedelta(hours=1)
