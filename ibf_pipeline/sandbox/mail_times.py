"""Times in a mail, as the service prints them: only the first clock time of a mail is right.

IBF API 0.335, recorded (floods and flash floods of MWI, typhoons of PHL): whatever is printed adds its lead time to the
timestamp of the upload, from which the next one then counts. Days are added as hours, beside the days of the date;
minutes are left out.
A typhoon's trigger reads its first lead time before it prints the landfall, which comes out that much too late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ibf_pipeline.sandbox.vocabulary import MAIL_CLOCKS, WITH_TIME_ZONE, lead_time_number


@dataclass(slots=True)
class MailClock:
    """The time from which one mail counts; it moves while the mail is written."""

    base: datetime
    """local time of the country if its mails have clock times, else UTC"""
    zone: str | None
    """what stands behind a clock time; None if only hours have one"""
    region: str
    """IANA name of the zone of what was first issued"""

    @classmethod
    def of(cls, iso3: str, issued: datetime) -> MailClock:
        zone, hours = MAIL_CLOCKS.get(iso3, (None, 0))
        return cls(issued + timedelta(hours=hours), zone, WITH_TIME_ZONE.get(iso3, "UTC"))

    def printed(self, lead_time: str) -> str:
        """The day of a lead time, with a clock time for hours and if the country's mails have one."""
        number, unit = lead_time_number(lead_time), lead_time.partition("-")[2]
        clock = unit == "hour" or self.zone is not None
        if clock:
            self.base += timedelta(hours=number)
        day = self.base + timedelta(days=number if unit == "day" else 0)
        if not clock:
            return f"{day:%a %d %b %Y}"
        return f"{_day(day)} at {day.hour}:00 {self.zone or 'UTC'}"

    def start(self, lead_time: str) -> str:
        """A sentence on when something starts; how long that is from now is right in every line."""
        number, unit = lead_time_number(lead_time), lead_time.partition("-")[2]
        left = f"{number} {unit}{'' if number == 1 else 's'} from now" if number else "ongoing"
        return f"Expected to start on {self.printed(lead_time)}, {left}."

    def first_issued(self, moment: datetime) -> str:
        """Right as well: it does not count from what moves."""
        local = moment.astimezone(ZoneInfo(self.region))
        return f"{_day(local)} at {local:%I:%M %p} ({self.region})"


def _day(day: datetime) -> str:
    return f"{day:%A, %B} {day.day}, {day.year}"


def expected_lines(event: Mapping[str, Any], clock: MailClock, label: str, *, landfall: bool) -> list[tuple[str, str]]:
    """What the mail says of an event's times, label and text; `label`: the hazard's.

    `landfall`: of a storm, which has one sentence. A trigger that goes on has one time too.
    """
    first, trigger = event["firstLeadTime"], event["firstTriggerLeadTime"]
    if landfall:
        word = "Trigger" if event["alertLevel"] == "trigger" else "Warning"
        return [(word, _landfall(event, clock, is_trigger=word == "Trigger"))]
    beginning = clock.start(first)
    if trigger is None:
        return [("Warning", beginning)]
    activation = ("Trigger", clock.start(trigger))
    return [activation] if lead_time_number(trigger) == 0 else [(label, beginning), activation]


def _landfall(event: Mapping[str, Any], clock: MailClock, *, is_trigger: bool) -> str:
    """By the flags of its track. A trigger's is the time of its first trigger, or "null" if no lead time has one;
    both of its times are made, printed or not.
    """
    of_track, trigger = event["disasterSpecificProperties"], event["firstTriggerLeadTime"]
    moment = clock.printed(event["firstLeadTime"])
    if is_trigger:
        moment = clock.printed(trigger) if trigger else "null"
    if lead_time_number(event["firstLeadTime"]) == 0:
        said = (
            "Has already made landfall."
            if of_track["typhoonLandfall"]
            else "Has already reached the point closest to land. Not predicted to make landfall."
        )
    elif of_track["typhoonLandfall"]:
        said = f"Expected to make landfall on {moment}."
    elif of_track["typhoonNoLandfallYet"]:
        said = "The landfall time prediction cannot be determined yet. Keep monitoring the event."
    else:
        said = f"Expected to reach the point closest to land on {moment}. Not predicted to make landfall."
    return said if is_trigger else f"{said} Not predicted to reach trigger thresholds."
