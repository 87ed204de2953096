"""Radar passes and the days on which they can say something about an event."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.observation import DayRange
from ibf_pipeline.errors import ForbiddenByRule, InputInvalid, InputMissing
from ibf_pipeline.hazards.floods.findings import FloodEvent

_NAME: Final = re.compile(
    r"(?P<satellite>S1[A-D])_(?P<mode>IW|EW)_GRD[FHM]_1S(?P<polarisation>[SD][HV])_(?P<start>\d{8}T\d{6})_"
    r"(?P<stop>\d{8}T\d{6})_(?P<orbit>\d{6})_(?P<datatake>[0-9A-F]{6})_"
)


class Unsuitable(ForbiddenByRule):
    """A pass or an event for which no scene is worth an order: nothing went wrong, and nothing is to be fixed."""


class TooEarly(InputMissing):
    """A flood map of the scene may still come."""

    until: datetime
    """UTC"""


def event_days(event: FloodEvent, issue_date: date, days_after: int) -> DayRange:
    """From the event's first flagged day to its last one, and some days on: water stays behind a flood wave."""
    flagged = [lead_time for lead_time, flag in enumerate(event.flags) if flag != "-"]
    return DayRange(issue_date + timedelta(days=flagged[0]), issue_date + timedelta(days=flagged[-1] + days_after))


@dataclass(frozen=True, slots=True)
class Scene:
    """A Sentinel-1 GRD scene as a product's name tells of it: equal for every format of one scene."""

    start: datetime
    """of the sensing (UTC)"""
    further: tuple[str, ...]
    """satellite, mode, end of the sensing, orbit and data take"""
    polarisation: str = field(compare=False)
    """DV: VV and VH"""


def scene_of(product: str) -> Scene:
    """The scene of a product, from its name (ESA's naming convention of the mission); InputInvalid for others."""
    match = _NAME.match(product)
    if match is None:
        raise InputInvalid(
            f"{product!r} is not a Sentinel-1 GRD product",
            remedy="give the whole name of the notified product",
            expected="a name such as S1A_IW_GRDH_1SDV_20260217T031245_20260217T031310_063001_07E8A1_1B2C",
        )
    start = datetime.strptime(match["start"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return Scene(start, match.group("satellite", "mode", "stop", "orbit", "datatake"), match["polarisation"])


def other_name(product: str, names: Collection[str]) -> str | None:
    """The name among these under which a product's scene is there in another format; None if it is itself there."""
    scene = scene_of(product)
    alike = [name for name in names if _NAME.match(name) and scene_of(name) == scene]
    return None if product in alike or not alike else alike[0]


def require_vh(product: str, scene: Scene) -> None:
    """Unsuitable for scenes without VV and VH: the water rule reads VH."""
    if scene.polarisation != "DV":
        raise Unsuitable(
            f"{product} has polarisation {scene.polarisation}",
            expected="DV (VV and VH)",
            remedy="choose a scene over land in dual polarisation",
        )


def worth_an_order(event: FloodEvent, lowest: str | None) -> bool:
    """Whether the event's class is high enough for an order that counts against the month's budget."""
    return lowest is not None and ALERT_CLASSES.index(event.alert_class) >= ALERT_CLASSES.index(lowest)
