"""What the pipeline itself says of storms, where the portal is silent, wrong, or says less than is known (pure).

The server mails a storm at 0-hour only when it was first issued, one without a point of at least STS never, and prints
most clock times too late. Rules 7, 9, 11, 12 and 15 of `docs/design/typhoon.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.wording import counted, percent_text
from ibf_pipeline.hazards.mailing import LOWERED
from ibf_pipeline.hazards.typhoon.findings import ProvinceFound, TyphoonEvent, TyphoonFindings
from ibf_pipeline.hazards.typhoon.mails import PROVINCES, TRIGGERED, news
from ibf_pipeline.hazards.typhoon.profile import TYPHOON
from ibf_pipeline.hazards.typhoon.wording import (
    HOUSES_CAVEAT,
    action_text,
    approach_text,
    houses_text,
    spread_text,
    wind_text,
)
from ibf_pipeline.report.words import listed
from ibf_pipeline.targets.ibf.notice_context import NoticeContext
from ibf_pipeline.targets.ibf.typhoon import unmailed
from ibf_pipeline.targets.notice import CHANGED, FURTHER_AHEAD, LOWERED_TRIGGER, Notice, intro

_WARNING_UNMAILED: Final = "warning without mail"
_BEGUN: Final = "storm at 0-hour"
_REACHED: Final = "storm reaches further provinces"
_CORRECTED: Final = "landfall not ruled out"
_CLOCK: Final = "wrong times in the mail"
_UNCALIBRATED: Final = "damage without calibration"
_SHARED: Final = "maps of shared areas"
_TELL: Final = "tell the recipients yourself"


def typhoon_notices(findings: TyphoonFindings, context: NoticeContext) -> Iterator[Notice]:
    """For each storm what the portal does not mail or show, then for storms whose areas its maps mix up.

    Parameters
    ----------
    findings : TyphoonFindings
        Of the cycle.
    context : NoticeContext
        The portal before this publication.

    References
    ----------
    docs/design/typhoon.md, rules 7, 9, 11, 12 and 15; docs/publishing.md, which lists the notices.
    """
    before = _own(context.last_shown())
    told = _own(context.last_notified()) or before
    for event in findings.publishable_events:
        earlier = _same(event, before)
        if not event.trigger and event.name in context.triggers:
            yield Notice(LOWERED_TRIGGER, event.name, _lowered(findings, event))
        if event.name in context.unmailed and not (event.trigger and event.name not in context.triggers):
            yield from _silent(findings, event, before, told)  # a new trigger has a notice of its own
        yield from _ahead(findings, event, earlier)
        yield from _corrected(findings, event, earlier, context)
        yield from _uncalibrated(findings, event, earlier)
    yield from _clock_times(findings, context)
    yield from _shared(findings, before)


def _own(findings: Findings | None) -> TyphoonFindings | None:
    return findings if isinstance(findings, TyphoonFindings) else None


def _same(event: TyphoonEvent, findings: TyphoonFindings | None) -> TyphoonEvent | None:
    return next((each for each in findings.publishable_events if each.key == event.key), None) if findings else None


def _lowered(findings: TyphoonFindings, event: TyphoonEvent) -> str:
    return (
        f"{intro(findings)}: what was a trigger for {event.name} is a warning now; {_when(findings, event)}. The "
        "portal shows it as such."
    )


def _silent(
    findings: TyphoonFindings, event: TyphoonEvent, before: TyphoonFindings | None, told: TyphoonFindings | None
) -> Iterator[Notice]:
    """Of a storm that the server mails nobody about."""
    earlier = _same(event, before)
    if earlier is None:
        if not event.trigger:
            text = (
                f"{intro(findings)}: warning for {event.name}: {_when(findings, event)}. The portal shows it and mails "
                f"nobody about it, {_why_silent(event)}: {_TELL}."
            )
            yield Notice(_WARNING_UNMAILED, event.name, text)
        return
    if event.lead_time == 0 < earlier.lead_time:
        text = (
            f"{intro(findings)}: {event.name} is at 0-hour: {_when(findings, event)}. The alert goes on, and from now "
            f"on the portal mails nobody about it, whatever becomes of it: {_TELL}."
        )
        yield Notice(_BEGUN, event.name, text)
    of_others = (LOWERED, PROVINCES, TRIGGERED) if event.lead_time == 0 else (LOWERED,)
    changed = [words for words in news(event, before, told) if not words.startswith(of_others)]
    if changed:
        text = (
            f"{intro(findings)}: the alert for {event.name} goes on and has changed: {listed(changed)}; "
            f"{_when(findings, event)}. The portal shows this and mails nobody about it, {_why_silent(event)}: {_TELL}."
        )
        yield Notice(CHANGED, event.name, text)
    if event.lead_time == 0:
        yield from _provinces(findings, event, earlier)


def _why_silent(event: TyphoonEvent) -> str:
    if unmailed(event):
        return "as no point of its track has 89 km/h (STS) or more"
    return "as it is at 0-hour and was issued before"


def _provinces(findings: TyphoonFindings, event: TyphoonEvent, earlier: TyphoonEvent) -> Iterator[Notice]:
    """Provinces that a storm comes to after its first landfall, or in which it is a trigger now (rule 11)."""
    known = {(province.code, province.trigger) for province in earlier.provinces}
    known |= {(code, False) for code, _ in known}
    new = [each for each in event.provinces if not each.passed and (each.code, each.trigger) not in known]
    if new:
        each = "; ".join(_province_text(findings, province) for province in new)
        text = (
            f"{intro(findings)}: {event.name}, at 0-hour on the portal, reaches further provinces: {each}. The portal "
            f"mails nobody about them: {_TELL}."
        )
        yield Notice(_REACHED, event.name, text)


def _province_text(findings: TyphoonFindings, province: ProvinceFound) -> str:
    onset = province.gale_onset
    gale = f"gale from {spread_text(onset, findings.zone)}, " if onset else ""
    return (
        f"{province.name}{' (trigger)' if province.trigger else ''}: {gale}{wind_text(province.wind_kmh)}, "
        f"{_houses(province.houses_low, province.houses_high)}"
    )


def _ahead(findings: TyphoonFindings, event: TyphoonEvent, earlier: TyphoonEvent | None) -> Iterator[Notice]:
    """A second landfall, which the portal has among the lead times of the event alone."""
    later = _later(findings, event)
    if later and not (earlier and _later(findings, earlier)):
        flag, lead_time = later[0]
        text = (
            f"{intro(findings)}: beside the alert for {event.name}, "
            f"shown at {TYPHOON.lead_time_name(event.lead_time)}, "
            f"a {'trigger' if flag == 'T' else 'warning'} is ahead at {TYPHOON.lead_time_name(lead_time)}, "
            f"{findings.moment_words(TYPHOON.at(findings.issue_time, lead_time))}. The portal has it among the event's "
            f"lead times alone and mails nobody about it: {_TELL}."
        )
        yield Notice(FURTHER_AHEAD, event.name, text)


def _later(findings: TyphoonFindings, event: TyphoonEvent) -> list[tuple[str, int]]:
    flags = zip(event.flags, findings.lead_times, strict=True)
    return [(flag, lead_time) for flag, lead_time in flags if flag != "-" and lead_time > event.lead_time]


def _corrected(
    findings: TyphoonFindings, event: TyphoonEvent, earlier: TyphoonEvent | None, context: NoticeContext
) -> Iterator[Notice]:
    """Rule 9: with each mail that says the sentence, and when the portal begins to say it."""
    mailed = context.mails and event.name not in context.unmailed
    if not event.landfall.corrected or (earlier and earlier.landfall.corrected and not mailed):
        return
    near = max((impact.within_50km for impact in event.impacts), default=0.0)
    text = (
        f"{intro(findings)}: the portal {'and its mail say' if mailed else 'says'} of {event.name} that it is not "
        f"predicted to make landfall. That is so of the one track which is shown ({event.reference}) and no all clear: "
        f"{percent_text(event.landfall.probability)} of the ensemble cross land, and it passes within 50 km of a "
        f"municipality with up to {percent_text(near)}; {_when(findings, event)}."
    )
    yield Notice(_CORRECTED, event.name, text)


def _uncalibrated(findings: TyphoonFindings, event: TyphoonEvent, earlier: TyphoonEvent | None) -> Iterator[Notice]:
    """Rule 7: damage alone makes no trigger if nobody has checked the curves on past storms."""
    before = {judged.name for judged in earlier.triggers if judged.met and not judged.counts} if earlier else set()
    met = [judged for judged in event.triggers if judged.met and not judged.counts and judged.name not in before]
    if met:
        reached = "; ".join(f"{judged.wanted}, and it has {judged.reached}" for judged in met)
        text = (
            f"{intro(findings)}: {event.name} has as much damage as a trigger asks for ({reached}), and none is made "
            "of it: the damage curves have no calibration for this country. They say "
            f"{_houses(event.houses_low, event.houses_high)}: {HOUSES_CAVEAT}. Decide with this range in mind."
        )
        yield Notice(_UNCALIBRATED, event.name, text)


def _clock_times(findings: TyphoonFindings, context: NoticeContext) -> Iterator[Notice]:
    """Of mails only the first clock time is right, and none of a trigger: each printed one moves the next."""
    if not context.mails:
        return
    mailed = [event for event in findings.publishable_events if event.name not in context.unmailed]
    for number, event in enumerate(sorted(mailed, key=lambda each: (each.lead_time, not each.trigger))):
        printed = event.lead_time > 0 and event.landfall.approach != "not-yet"
        if printed and (event.trigger or number > 0):
            text = (
                f"{intro(findings)}: the mail of the portal prints the time of {event.name} too late, as it adds the "
                f"lead time more than once. The right one: {_when(findings, event)}; its lead time is "
                f"{TYPHOON.lead_time_words(event.lead_time)}. {action_text(event, findings.published, findings.zone)}"
            )
            yield Notice(_CLOCK, event.name, f"{text.rstrip()} Pass this on with the mail.")


def _shared(findings: TyphoonFindings, before: TyphoonFindings | None) -> Iterator[Notice]:
    """Rule 12: once for each two storms, and when one of them becomes a trigger or ceases to be one."""
    known = {_pair(*pair) for pair in _pairs(before)} if before else set()
    for one, other in _pairs(findings):
        if _pair(one, other) not in known:
            both = counted(len(_mixed(one, other)), "area")
            text = (
                f"{intro(findings)}: {one.name} and {other.name} have {both} in common. "
                f"{_maps(one, other)} Right are the portal's lists of events and of their areas, its mails, and our "
                "report. No trigger changes by it."
            )
            yield Notice(_SHARED, one.name, text)


def _pairs(findings: TyphoonFindings | None) -> list[tuple[TyphoonEvent, TyphoonEvent]]:
    return [pair for pair in combinations(findings.publishable_events if findings else (), 2) if _mixed(*pair)]


def _mixed(one: TyphoonEvent, other: TyphoonEvent) -> set[str]:
    """Areas that are sent for both and alerted in one of them at least: the server joins their rows by area alone."""
    sent = {area.place_code for area in one.areas} & {area.place_code for area in other.areas}
    return sent & {area.place_code for event in (one, other) for area in event.areas if area.alerted}


def _pair(one: TyphoonEvent, other: TyphoonEvent) -> frozenset[tuple[str, bool]]:
    return frozenset({(one.key, one.trigger), (other.key, other.trigger)})


def _maps(one: TyphoonEvent, other: TyphoonEvent) -> str:
    """What the server was seen to draw (IBF API 0.335)."""
    if one.trigger != other.trigger:
        warned = other.name if one.trigger else one.name
        return (
            f"The portal's maps mix them up: the shared areas are drawn as a trigger in the map of {warned} too, which "
            "is a warning, and areas that it alone has are missing there; the national map has the shared ones "
            "more than once."
        )
    return (
        "The portal's maps mix them up: a shared area is drawn twice in the map of either, and four times in the "
        "national one, with the numbers of one or the other."
    )


def _when(findings: TyphoonFindings, event: TyphoonEvent) -> str:
    return approach_text(event, findings.published, findings.zone)


def _houses(low: float | None, high: float | None) -> str:
    if low is None:
        return "wind damage to houses that nobody counted"
    return f"wind damage worth {houses_text(low, high)} houses"
