"""What only flash floods send to the IBF API: points, roads and buildings that a flood reaches, and water levels.

Numbers of rules are those of `docs/design/flash-floods.md`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from ibf_pipeline.domain.findings import Event
from ibf_pipeline.hazards.flash_floods.findings import ExposedAssets, FlashFloodFindings, GaugeFound
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.publish.call import Call
from ibf_pipeline.report.words import listed
from ibf_pipeline.targets.ibf.bodies import POINT_DATA, Bodies
from ibf_pipeline.targets.problems import Problem

_LINES: Final = "/lines-data/exposure-status"
EXPOSURE_KEY: Final = "exposure"
_GAUGES: Final = "gauges"
_LARGEST: Final = 2**31 - 1
"""of the integers that the server's database takes for a line"""
_NAMED: Final = 3
"""fids that a message lists"""

ZERO_WARNS: Final[Mapping[str, Callable[[Event | None], float]]] = {
    "alert_threshold": lambda event: 1 if event and event.trigger else 0
}
"""servers before 0.284 tell a trigger by 1 and a warning by 0 in all areas of an event that has a name"""


def exposure_and_levels(findings: FlashFloodFindings, bodies: Bodies) -> Iterator[Call]:
    """The calls for exposed points and lines, then those for gauges (rules 13 and 14).

    One call a category and lead time for all events together. There is no call without points or lines: on the server
    an empty list of lines changes nothing. In a revision, points of an earlier upload of the block that are no longer
    exposed come first, with the value `false`: the server goes on showing them otherwise.

    References
    ----------
    docs/design/flash-floods.md, docs/publishing.md ("Flash floods").
    """
    exposed = findings.exposed
    yield from _no_longer_exposed(exposed, bodies)
    for each in exposed:
        if each.category in FLASH_FLOODS.lines:
            yield _lines(each, bodies)
        else:
            yield from _points(each.category, each.fids, each.lead_time, bodies)
    yield from _levels(findings.gauges, bodies)


def unfit_assets(findings: FlashFloodFindings, points: Mapping[str, Mapping[str, str] | None]) -> Iterator[Problem]:
    """Points and gauges that the server does not know, and lines that it would refuse.

    Unknown points are left out and reported, as the server would skip them without an error. A line whose fid is not a
    whole number below 2**31 blocks the day: the server would answer 500 in the middle of the calls.

    Parameters
    ----------
    findings : FlashFloodFindings
        Of the block.
    points : mapping
        Category -> fid -> name of the points that the server has; None if it does not tell. It never tells its lines.
    """
    fids: dict[str, dict[str, None]] = {}
    for each in findings.exposed:
        fids.setdefault(each.category, {}).update(dict.fromkeys(each.fids))
    fids[_GAUGES] = {gauge.fid: None for gauge in findings.gauges}
    for category, sent in fids.items():
        if category in FLASH_FLOODS.lines:
            wrong = [fid for fid in sent if not _is_integer(fid)]
            if wrong:
                yield Problem(
                    f"{category} with fids that are not whole numbers ({listed(wrong, _NAMED)}): the server refuses "
                    f"the whole call for one of them; correct fid in assets/{category}, then run `ibf-pipeline prepare`"
                )
        elif category not in FLASH_FLOODS.points:
            known = listed((*FLASH_FLOODS.points, *FLASH_FLOODS.lines), len(FLASH_FLOODS.points) + 1)
            yield Problem(f"exposed {category}: the server would skip a category that it does not know; it has {known}")
        else:
            server = points.get(category)
            unknown = [fid for fid in sent if server is not None and fid not in server]
            if unknown:
                what = category.replace("_", " ")
                yield Problem(
                    f"the server does not know {len(unknown):,} of {len(sent):,} {what} (fid "
                    f"{listed(unknown, _NAMED)}): left out of the calls; its list has to be that of assets/{category}"
                    if category != _GAUGES
                    else f"the server does not know the gauges {listed(unknown, _NAMED)}: left out of the calls",
                    blocks=False,
                )


def _is_integer(fid: str) -> bool:
    return re.fullmatch(r"[0-9]{1,10}", fid) is not None and int(fid) <= _LARGEST


def _no_longer_exposed(exposed: Iterable[ExposedAssets], bodies: Bodies) -> Iterator[Call]:
    """Of an earlier upload of the same block: its points stay exposed until they have a newer value."""
    now = {(each.category, fid) for each in exposed for fid in each.fids}
    for category, codes in sorted(bodies.order.stale_points.items()):
        gone = sorted((fid for fid in codes if (category, fid) not in now), key=lambda fid: (len(fid), fid))
        lead_time = FLASH_FLOODS.no_alert_lead_time
        yield from _points(category, gone, lead_time, bodies, value=False, step="no longer exposed")


def _points(
    category: str,
    fids: Collection[str],
    lead_time: int,
    bodies: Bodies,
    *,
    value: bool = True,
    step: str = "exposed points",
) -> Iterator[Call]:
    rows = [(fid, value) for fid in fids]
    name = bodies.profile.lead_time_name(lead_time)
    yield from _values(f"{step}, {category}, {name}", category, EXPOSURE_KEY, name, rows, bodies)


def _values(
    step: str,
    category: str,
    key: str,
    lead_time: str | None,
    rows: Iterable[tuple[str, bool | float | str]],
    bodies: Bodies,
) -> Iterator[Call]:
    """One call, with the points that the server knows; none if it knows none of them."""
    sent = [{"fid": fid, "value": value} for fid, value in rows if bodies.order.sends(category, fid)]
    if sent:
        body = {
            **bodies.head,
            "pointDataCategory": category,
            "key": key,
            "leadTime": lead_time,
            "dynamicPointData": sent,
        }
        yield Call(0, step, "POST", POINT_DATA, body=body)


def _lines(each: ExposedAssets, bodies: Bodies) -> Call:
    """Fids as text, which the server takes for whole numbers."""
    name = bodies.profile.lead_time_name(each.lead_time)
    body = {
        **bodies.head,
        "linesDataCategory": each.category,
        "leadTime": name,
        "exposedFids": list(each.fids),
    }
    return Call(0, f"exposed lines, {each.category}, {name}", "POST", _LINES, body=body)


def _levels(gauges: Collection[GaugeFound], bodies: Bodies) -> Iterator[Call]:
    """Once, without a lead time; a gauge without a value is not in the call of that key."""
    for key, value_of in _LEVELS.items():
        rows = [(gauge.fid, value) for gauge in gauges if (value := value_of(gauge)) is not None]
        yield from _values(f"gauges: {key}", _GAUGES, key, None, rows, bodies)


_LEVELS: Final[Mapping[str, Callable[[GaugeFound], float | str | None]]] = {
    "water-level": lambda gauge: gauge.level,
    "water-level-reference": lambda gauge: gauge.reference,
    "water-level-previous": lambda gauge: gauge.previous,
    "water-level-alert-level": lambda gauge: gauge.alert_level,
}
"""key of a gauge's call -> its value; metres, the last one the portal's word"""
