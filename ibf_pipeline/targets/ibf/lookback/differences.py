"""What a portal must show beside what it shows: every difference is a row in plain words (pure)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping

from ibf_pipeline.targets.ibf.lookback.expectation import EventExpected, ExpectedPortal
from ibf_pipeline.targets.ibf.lookback.facts import EXPOSED_VALUES, Facts, PointExpected, TrackPointExpected
from ibf_pipeline.targets.ibf.lookback.portal_reader import EventShown, PortalValues, ShownPortal

_CLOSE = 1e-6
"""relative: the server keeps amounts with seven digits"""


def differences(expected: ExpectedPortal, shown: ShownPortal) -> list[str]:
    """Every row that is not as it must be, in plain words; empty if the portal shows what was published.

    Numbers are equal within a relative 1e-6, as the server keeps seven digits. Compared are the last upload, events
    (level, first lead time, first trigger), their areas and people on every level, points and tracks.
    """
    return [
        *_upload(expected, shown), *_events(expected, shown), *_points(expected, shown), *_tracks(expected, shown)
    ]  # fmt: skip


def not_compared(expected: ExpectedPortal, shown: ShownPortal) -> list[str]:
    """What could not be compared, in words."""
    missing: dict[str, list[str]] = {}
    for point in expected.points:
        there = shown.points.get(point.category)
        if there is not None and point.code not in there:
            missing.setdefault(expected.facts.words[point.category], []).append(point.code)
    return [
        *shown.not_checked,
        *(f"{word}s that the portal does not have: {', '.join(codes)}" for word, codes in missing.items()),
        *(f"event {e.name}: a person set it to trigger; its first trigger is not compared" for e in _by_person(shown)),
        *(f"level of event {e.name}: this server does not tell it" for e in shown.events or () if not e.alert_level),
    ]


def _by_person(shown: ShownPortal) -> list[EventShown]:
    return [event for event in shown.events or () if event.set_by_person]


def _upload(expected: ExpectedPortal, shown: ShownPortal) -> Iterator[str]:
    if shown.tells_upload and shown.upload != expected.upload:
        there = f"{shown.upload:%Y-%m-%d %H:%M:%S} UTC" if shown.upload else "none"
        yield f"last upload: {expected.upload:%Y-%m-%d %H:%M:%S} UTC expected, {there} shown"


def _events(expected: ExpectedPortal, shown: ShownPortal) -> Iterator[str]:
    if shown.events is None:
        return
    there = {event.name: event for event in shown.events}
    for event in expected.events:
        if event.name in there:
            yield from _event(event, there[event.name], expected)
        else:
            yield f"event {event.name}: {event.alert_level} expected, not shown"
    for name in sorted(there.keys() - {event.name for event in expected.events}):
        yield f"event {name}: not expected, shown as {there[name].alert_level or 'an event'}"


def _event(event: EventExpected, there: EventShown, expected: ExpectedPortal) -> Iterator[str]:
    """A trigger that a user of the portal set is not a difference: the forecast's own level is compared then.

    Servers before 0.295 tell neither level nor first trigger.
    """
    default_level, facts = expected.default_level, expected.facts
    level = _of_forecast(there) if there.set_by_person else there.alert_level
    first_trigger = event.first_trigger if there.set_by_person else there.first_trigger
    told = (("", event.alert_level, level), (", first trigger", event.first_trigger, first_trigger))
    for what, mine, theirs in (
        *(told if there.alert_level else ()),
        (", first lead time", event.first_lead_time, there.first_lead_time),
    ):
        if mine != theirs:
            yield f"event {event.name}{what}: {mine or 'none'} expected, {theirs or 'none'} shown"
    if there.listed is not None:
        wanted = {code: event.people[default_level][code] for code in event.alerted}
        if there.set_by_person:  # the list has the areas of the highest level alone
            wanted = {code: people for code, people in wanted.items() if code in there.listed}
        yield from _areas(event.name, f"level {default_level} (list of events)", wanted, there.listed, facts)
    for of_level, people in sorted(event.people.items()):
        yield from _areas(event.name, f"level {of_level}", people, there.people[of_level], facts)


def _of_forecast(there: EventShown) -> str:
    """The level without what people decided: severity above 0.7, above 0.3, above 0."""
    if there.trigger:
        return "trigger"
    return next(level for least, level in _SEVERITIES if there.severity > least)


_SEVERITIES = ((0.7, "warning"), (0.3, "warning-medium"), (0.0, "warning-low"), (-1.0, "none"))


def _areas(
    event: str, where: str, people: Mapping[str, float], there: Mapping[str, float], facts: Facts
) -> Iterator[str]:
    if people and not there:
        areas = "1 area" if len(people) == 1 else f"{len(people):,} areas"
        yield f"event {event}, {where}: {areas} expected, none shown"
        return
    for code in sorted(people.keys() | there.keys()):
        area = f"event {event}, area {code} {where}"
        if code not in there:
            yield f"{area}: {facts.amount_text(people[code])} expected, not shown"
        elif code not in people:
            yield f"{area}: not expected, {facts.amount_text(there[code])} shown"
        elif not math.isclose(people[code], there[code], rel_tol=_CLOSE, abs_tol=facts.close):
            yield f"{area}: {facts.amount_text(people[code])} expected, {there[code]:{facts.number}} shown"


def _tracks(expected: ExpectedPortal, shown: ShownPortal) -> Iterator[str]:
    """Of each storm and of all together, as points do not tell whose they are."""
    for track in expected.tracks:
        there = shown.tracks.get(track.event)
        if there is not None:
            yield from _track(f"event {track.event}, track", track.points, there)
    everything = shown.tracks.get(None)
    if everything is not None:
        known = Counter(point for track in expected.tracks for point in track.points)
        others = Counter(everything) - known
        if others.total() and not any(shown.tracks.get(track.event) != track.points for track in expected.tracks):
            yield f"tracks: {others.total():,} points shown that are of no event"


def _track(track: str, points: tuple[TrackPointExpected, ...], there: tuple[TrackPointExpected, ...]) -> Iterator[str]:
    if points and len(points) != len(there):
        yield f"{track}: {len(points)} points expected, {len(there) or 'none'} shown"
        return
    for mine, theirs in zip(points, there, strict=False):
        if mine != theirs:
            yield f"{track}: {_point_text(mine)} expected, {_point_text(theirs)} shown"
    if not points and there:
        yield f"{track}: none expected, {len(there)} points shown"


def _point_text(point: TrackPointExpected) -> str:
    mark = ", landfall" if point.landfall else ", closest to land" if point.closest else ""
    place = f"{point.lat:g} N {point.lon:g} E"
    return f"{point.moment:%Y-%m-%d %H:%M} UTC at {place} {point.windspeed} km/h {point.category}{mark}"


def _points(expected: ExpectedPortal, shown: ShownPortal) -> Iterator[str]:
    for point in expected.points:
        known = shown.points.get(point.category)
        if known is not None and point.code in known:
            yield from _values(f"{expected.facts.words[point.category]} {point.code}", point, known[point.code])
    for category in expected.facts.exposed:
        awaited = {point.code for point in expected.points if point.category == category}
        for code, values in (shown.points.get(category) or {}).items():
            if code not in awaited and EXPOSED_VALUES.items() <= values.items():
                yield f"{expected.facts.words[category]} {code}: not expected, shown as exposed"


def _values(name: str, point: PointExpected, there: PortalValues) -> Iterator[str]:
    if not there:
        yield f"{name}: values expected, none shown"
        return
    for key, value in point.values.items():
        if not _same(value, there.get(key)):
            yield f"{name}, {key}: {value} expected, {there.get(key) or 'none'} shown"


def _same(value: float | str, text: str | None) -> bool:
    """The server keeps numbers as text."""
    if text is None or isinstance(value, str):
        return value == text
    try:
        return math.isclose(value, float(text), rel_tol=_CLOSE, abs_tol=1e-9)
    except ValueError:
        return False
