"""Forecast days of the demo country with a story each, as wish lists, and their raw files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Literal

import xarray as xr

from ibf_pipeline.domain.rule import ClassLimit, FloodRule
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.synthetic.ensemble import MEMBERS, make_ensemble
from ibf_pipeline.synthetic.files import write_ftp_members
from ibf_pipeline.synthetic.wishes import TRIGGER, WARNING, parse_wishes
from tests.worlds.countries.demo_rivers import (
    GLOFAS_WINDOW,
    NOT_ON_A_RIVER,
    background,
    station_cells,
    thresholds,
)
from tests.worlds.countries.ewds_grib import write_ewds_grib
from tests.worlds.countries.gaps import with_gaps
from tests.worlds.session_cache import kept

Layout = Literal["ftp", "ewds"]

_SHARE = Fraction(3, 5)
DEMO_RULE = FloodRule(
    "return-period",
    {"min": ClassLimit(1.5, _SHARE), "med": ClassLimit(2, _SHARE), "max": ClassLimit(5, _SHARE)},
    ClassLimit(5, _SHARE),
    5,
)
"""the rule under which the stories are told; that of XDM's configuration"""

COMMITTED_DAYS: Mapping[date, tuple[str, Layout]] = {
    date(2026, 2, 15): ("busiest", "ftp"),
    date(2026, 2, 16): ("day-after", "ewds"),
}
"""issue date -> story and layout of the raw files in `data/fixtures`"""


@dataclass(frozen=True, slots=True)
class Story:
    """One forecast day."""

    name: str
    description: str
    wishes: str
    """wish list; stations that it does not name are quiet, the one off the rivers is dry"""
    members: tuple[int, ...] = field(default=tuple(range(MEMBERS)))
    """member numbers whose files are there"""

    def flags(self) -> dict[str, str]:
        """What the forecast says under `DEMO_RULE`: `-`, `w` or `T` per lead time, by station of the wish list."""
        limit = DEMO_RULE.trigger_lead_time_limit
        return {
            station: wish.days[: limit + 1] + wish.days[limit + 1 :].replace(TRIGGER, WARNING)
            for station, wish in parse_wishes(self.wishes).items()
        }


STORIES: Mapping[str, Story] = {
    story.name: story
    for story in (
        Story(
            "trigger-after-warnings",
            "a trigger at 4-day after three warning days",
            "G9001=-wwwTTw-",
        ),
        Story("trigger-today", "a trigger at 0-day", "G9002=TTTww---"),
        Story("warning-only", "a warning and no trigger", "G9004=---www--:min"),
        Story(
            "beyond-limit",
            "as high as a trigger, but on 6-day and 7-day, beyond the trigger lead time limit: a warning",
            "G9005=------TT",
        ),
        Story(
            "two-events",
            "two triggers at 3-day whose floods meet at the confluence and whose areas share the parent XD0303",
            "G9003=--wTTw--@20 G9008=---TTT--",
        ),
        Story("falls-again", "a trigger that falls again before the forecast ends", "G9002=-wTT----"),
        Story("no-alert", "no alert at any station", ""),
        Story("unmapped-only", "only the station without areas is alerted", "G9006=--TTT---"),
        Story(
            "members-49",
            "a trigger with 49 of 51 members",
            "G9001=-wwwTTw-",
            tuple(member for member in range(MEMBERS) if member not in (17, 33)),
        ),
        Story("members-30", "a trigger with 30 of 51 members, too few to publish", "G9001=-wwwTTw-", tuple(range(30))),
        Story(
            "busiest",
            "many at once: triggers at 0-day, 1-day and 4-day, two of them at one confluence, a trigger that falls "
            "again, a low warning, a warning beyond the limit, an alert without areas",
            "G9001=-wwwTTw- G9002=-TT--w-- G9003=TTww---- G9004=---ww---:min G9005=------TT G9006=--TT---- "
            "G9008=TTTww---@20",
        ),
        Story(
            "day-after",
            "the day after `busiest`: every forecast a day nearer, the warning of G9004 ended, that of G9005 now a "
            "trigger",
            "G9001=wwwTTw-- G9002=TT--w--- G9003=Tww----- G9005=-----TT- G9006=-TT----- G9008=TTww----@20",
        ),
    )
}


def story_ensemble(story: Story, issue_date: date) -> xr.DataArray:
    """Discharge (member, lead_time, station) of all 51 members, m3/s; another day has other numbers."""
    cube = make_ensemble(thresholds(), DEMO_RULE, story.wishes, seed=issue_date.toordinal())
    return with_gaps(cube, dry=[NOT_ON_A_RIVER])


def write_day(root: Path, story: Story | str, issue_date: date, layout: Layout = "ftp") -> Path:
    """Write a story's raw files below `<root>/<YYYYMMDD>/` and return that folder.

    Raises InputInvalid for a story that does not exist.
    """
    if isinstance(story, str):
        if story not in STORIES:
            raise InputInvalid(f"there is no story `{story}`", where="stories", expected=", ".join(STORIES))
        story = STORIES[story]
    day = Path(root) / f"{issue_date:%Y%m%d}"
    name = f"{layout}-{issue_date:%Y%m%d}-{sha256(repr(story).encode()).hexdigest()[:16]}"
    made = kept(name, lambda folder: _write(folder, story, issue_date, layout))
    return Path(shutil.copytree(made / day.name, day, copy_function=shutil.copy, dirs_exist_ok=True))


def _write(root: Path, story: Story, issue_date: date, layout: Layout) -> None:
    cube = story_ensemble(story, issue_date)
    cells, water = station_cells(), background()
    if layout == "ewds":
        path = root / f"{issue_date:%Y%m%d}" / f"glofas_{issue_date:%Y%m%d}.grib2"
        write_ewds_grib(path, issue_date, cube, cells, GLOFAS_WINDOW, background=water, members=story.members)
    else:
        write_ftp_members(root, issue_date, cube, cells, GLOFAS_WINDOW, background=water, members=story.members)
