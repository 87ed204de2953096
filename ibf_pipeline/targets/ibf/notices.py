"""The pipeline's own notices, of what the portal does not mail and people must know (pure).

The server mails an event whose first flagged lead time is 0 only when it was first issued, and ended alerts never.
docs/publishing.md lists the notices, docs/design/publication.md (P14) the rule.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping

from ibf_pipeline.domain.exercise import is_exercise
from ibf_pipeline.domain.findings import Event, Findings
from ibf_pipeline.domain.wording import BEYOND_PORTAL, BEYOND_SHOWN
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.words import event_text
from ibf_pipeline.targets.ibf.notice_context import NoticeContext
from ibf_pipeline.targets.ibf.plan_parts import plan_part_of
from ibf_pipeline.targets.ibf.revision import UNTOLD
from ibf_pipeline.targets.notice import LAPSED_BEYOND, TRIGGER_BEYOND, Notice, blind_notices, intro

_TRIGGERS = ("trigger", UNTOLD)
"""what a trigger of the portal was before, whether people know of it or not"""


def notices(
    findings: Findings,
    before: Mapping[str, str],
    mailed: Collection[str] | None,
    stations: Mapping[str, str] | None = None,
    issued_today: Collection[str] = (),
    *,
    unmailed: bool = False,
    mails: bool = True,
    earlier: Callable[[], Findings | None] = lambda: None,
    told: Callable[[], Findings | None] = lambda: None,
) -> list[Notice]:
    """Compare a day with the server before it.

    Parameters
    ----------
    findings : Findings
        What is published.
    before : mapping
        The active events before this publication: name -> alert level of the portal, or `UNTOLD`.
    mailed : collection of str or None
        Names of today's events that the server's preview shows. None: there is no preview, so the server's own rule is
        applied, as it is for names that a mail may show for other reasons.
    stations : mapping, optional
        Name of an event of `before` -> key of what it is about.
    issued_today : collection of str
        Events of `before` that were first issued today: a revision of the day issues them anew.
    unmailed : bool
        The server mails nobody about this country, so there is a notice of every trigger.
    mails : bool
        Whether this publication notifies at all.
    earlier, told : callable
        Read the findings that the server showed before, and those that people were notified of last.

    Returns
    -------
    list of Notice
        By event, then closed events, events beyond the portal's lead times, blind subjects, and the hazard's own.
    """
    day, profile = intro(findings), profile_of(findings)
    made: list[Notice] = []
    silent_about = _silent_about(findings, set(before) - set(issued_today), mailed)
    for event in findings.publishable_events:
        new_trigger = event.trigger and before.get(event.name) != "trigger"
        silent = event.name in silent_about
        if event.trigger and unmailed:
            made.append(_unmailed(findings, event, day))
        elif new_trigger and silent:
            text = (
                f"{day}: trigger detected by the forecast at {_words(findings, event)}, first on "
                f"{profile.lead_time_name(event.lead_time)}. The portal shows it and sends NO mail for it: tell the "
                "recipients yourself."
            )
            made.append(Notice("trigger without mail", event.name, text))
        elif not event.trigger and before.get(event.name) in _TRIGGERS:
            later = _beyond(findings, event.key)
            if later:
                limit = profile.lead_time_words(findings.trigger_limit or 0)
                text = (
                    f"{day}: the trigger at {_words(findings, event)} has moved to {later}, beyond the lead time limit "
                    f"of {limit}. It is shown as a warning."
                )
                made.append(Notice("trigger lapsed beyond the limit", event.name, text))
        made += _trigger_beyond(findings, event, before.get(event.name), day)
    today = {event.name for event in findings.publishable_events}
    keys = dict(findings.known) | dict(stations or {})
    closed = sorted(name for name in set(before) - today if findings.exercise or not is_exercise(name))
    for name in closed:
        made += _closed(findings, name, before[name], keys.get(name), day)
    ended = {keys.get(name) for name in closed}
    for event in findings.events_beyond_portal:
        if event.key not in ended:
            made.append(Notice(BEYOND_PORTAL, event.name, f"{day}: {_alert_beyond(findings, event)}"))
    triggers = frozenset(name for name, was in before.items() if was in _TRIGGERS)
    there = NoticeContext(triggers, silent_about, earlier, mails and not unmailed, told)
    return [*made, *blind_notices(findings), *plan_part_of(findings).notices(findings, there)]


def _silent_about(findings: Findings, issued_before: Collection[str], mailed: Collection[str] | None) -> frozenset[str]:
    """The events that the server mails nobody about."""
    unclear = _unclear_in_a_mail(findings)
    return frozenset(
        event.name
        for event in findings.publishable_events
        if (
            event.name not in mailed
            if mailed is not None and event.name not in unclear
            else plan_part_of(findings).unmailed(event) or _server_stays_silent(findings, event, issued_before)
        )
    )


def _unmailed(findings: Findings, event: Event, day: str) -> Notice:
    """Of a trigger in a country that the server does not mail about, every day anew."""
    text = (
        f"{day}: trigger detected by the forecast at {_words(findings, event)}, first on "
        f"{profile_of(findings).lead_time_name(event.lead_time)}. The portal shows it and nobody was mailed, as this "
        f"server can make no mail about {findings.country_name}: tell the recipients yourself."
    )
    return Notice("trigger without mail", event.name, text)


def unconfirmed_notices(findings: Findings, unconfirmed: Mapping[str, str]) -> list[Notice]:
    """One notice for each event of an earlier notification that nobody has decided about.

    Parameters
    ----------
    findings : Findings
        Of the day.
    unconfirmed : mapping
        Event name -> issue time of that forecast.
    """
    return [
        Notice(
            "earlier notification unconfirmed",
            name,
            f"{findings.country_name}, forecast of {issue_date}: nobody knows whether the notification about {name} "
            f"arrived, and it is not sent again, as the forecast of {findings.issue_time.words} is published now. Ask "
            "the recipients, and tell them yourself where it did not arrive.",
        )
        for name, issue_date in unconfirmed.items()
    ]


def _closed(findings: Findings, name: str, level: str, key: str | None, day: str) -> list[Notice]:
    """What to say of an event that this publication closes: that it has ended only if the forecast says so."""
    profile = profile_of(findings)
    about = profile.about
    if key is None and profile.subject_list is None:
        text = f"{day}: the portal closes the alert {about} {name}, which none of our runs has. This is no all clear."
        return [Notice(f"{profile.subject} no longer monitored", name, text)]
    if profile.subject_list is not None and key not in findings.known.values():
        text = (
            f"{day}: the portal closes the alert {about} {name}, whose {profile.subject} is no longer monitored. This "
            "is no all clear."
        )
        return [Notice(f"{profile.subject} no longer monitored", name, text)]
    where = event_text(findings, name, key) if key else name
    unseen = next((unseen for unseen in findings.unseen if unseen.key == key), None)
    now = next((event for event in findings.events if event.key == key), None)
    if now is not None and now.beyond_portal:
        kind = LAPSED_BEYOND if level in _TRIGGERS else BEYOND_PORTAL
        text = (
            f"{day}: the {'trigger' if level in _TRIGGERS else 'alert'} {about} {where} has moved {BEYOND_SHOWN}, and "
            f"is closed there. This is no all clear: {_alert_beyond(findings, now)}"
        )
        return [Notice(kind, name, text)]
    if (unseen is not None and unseen.condition == "blind") or (now is not None and not now.publishable):
        return []  # has a notice of its own
    if now is not None:
        text = f"{day}: the alert {about} {where} goes on as {now.name}. The portal shows it as a new one."
        return [Notice("alert goes on under another name", now.name, text)]
    if unseen is not None:
        text = f"{day}: the portal closes the alert {about} {where}: {unseen.reason}. This is no all clear."
        return [Notice(f"{profile.subject} suspect", name, text)]
    later = _beyond(findings, key) if key and level in _TRIGGERS else ""
    if later:
        text = f"{day}: the trigger {about} {where} has moved to {later}, beyond the lead time limit, and is closed."
        return [Notice("trigger lapsed beyond the limit", name, text)]
    text = f"{day}: the alert {about} {where} has ended. The portal closes it and sends no mail about that."
    return [Notice("alert ended", name, text)]


def _trigger_beyond(findings: Findings, event: Event, level: str | None, day: str) -> Iterator[Notice]:
    """Of an event that is a warning within the portal's lead times and triggers on a later one."""
    profile = profile_of(findings)
    later = findings.triggers_beyond(event, profile.lead_times[-1])
    if event.trigger or not later:
        return
    name = profile.lead_time_name
    shown = f"It is shown as a warning from {name(event.lead_time)} on."
    if level in _TRIGGERS:
        moved = f"the trigger at {_words(findings, event)} has moved to {', '.join(map(name, later))}, {BEYOND_SHOWN}"
        yield Notice(LAPSED_BEYOND, event.name, f"{day}: {moved}. {shown}")
    else:
        text = (
            f"trigger detected by the forecast at {_words(findings, event)}, first on {name(later[0])}, {BEYOND_SHOWN}"
        )
        yield Notice(TRIGGER_BEYOND, event.name, f"{day}: {text}. {shown}")


def _alert_beyond(findings: Findings, event: Event) -> str:
    """What an event that the portal cannot show yet is, and what people have to do."""
    profile = profile_of(findings)
    first, last = profile.lead_time_name(event.lead_time), profile.lead_time_name(profile.lead_times[-1])
    what = "trigger detected by the forecast" if event.trigger else "warning"
    later = "It is published when it comes within reach." if event.areas else "It has no areas in the mapping either."
    return (
        f"{what} at {_words(findings, event)}, first on {first}, and the portal shows nothing after {last}. Tell the "
        f"recipients yourself. {later}"
    )


def _beyond(findings: Findings, key: str) -> str:
    """`6-day, 7-day`: the lead times beyond the limit that are as high as a trigger; empty for none."""
    return ", ".join(map(profile_of(findings).lead_time_name, findings.beyond_limit(key)))


def names_in_preview(preview: str, names: Collection[str], others: Collection[str] = ()) -> set[str]:
    """The event names that a mail shows. The mail cuts a name at its first `_`.

    A name is not found within a longer one, nor within `others`, what else the mail may name.

    Examples
    --------
    >>> sorted(names_in_preview("<b>Mill bridge</b>, Upper Mill", {"Mill", "Mill bridge_2", "Upper"}, {"Upper Mill"}))
    ['Mill bridge_2']
    """
    text = html.unescape(preview)
    events: dict[str, set[str]] = {}
    for name in names:
        events.setdefault(_shown(name), set()).add(name)
    seen: set[str] = set()
    for shown in sorted({*events, *others}, key=lambda name: (-len(name), name)):
        if shown and shown in text:
            text, times = re.subn(rf"(?<![\w-]){re.escape(shown)}(?![\w-])", "\n", text)
            seen |= events.get(shown, set()) if times else set()
    return seen


def other_names_in_mail(findings: Findings) -> set[str]:
    """What a mail names beside its events: areas and the country."""
    return {area.name for event in findings.events for area in event.areas} | {findings.country_name}


def _unclear_in_a_mail(findings: Findings) -> set[str]:
    """Events whose name in a mail may as well be an area's, the country's, or another event's."""
    times = Counter(_shown(event.name) for event in findings.publishable_events)
    others = other_names_in_mail(findings)
    return {e.name for e in findings.publishable_events if _shown(e.name) in others or times[_shown(e.name)] > 1}


def _shown(name: str) -> str:
    """As portal and mail show an event's name."""
    return name.split("_")[0]


def _server_stays_silent(findings: Findings, event: Event, issued_before: Collection[str]) -> bool:
    """The server mails an event whose first flagged lead time is 0 only when it was first issued."""
    flags = dict(zip(findings.lead_times, event.flags, strict=True))
    return flags.get(0, "-") != "-" and event.name in issued_before


def _words(findings: Findings, event: Event) -> str:
    return event_text(findings, event.name, event.key)
