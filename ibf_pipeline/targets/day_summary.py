"""A day in one line: what the forecast says and what an operator has to do; and the mail of a preview."""

from __future__ import annotations

import json
from collections.abc import Sequence
from textwrap import shorten

from ibf_pipeline.domain.exercise import PREFIX
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.wording import BEYOND_PORTAL, NOT_SHOWN, counted
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.words import listed
from ibf_pipeline.runs.revision import PREVIEW, Revision
from ibf_pipeline.targets.notice import AREA_ENDED, LAPSED_BEYOND, TRIGGER_BEYOND
from ibf_pipeline.targets.target import Publication

SEPARATOR = "; "
"""between the parts of the line"""
NOBODY_NOTIFIED = "nobody was notified"
UNMAILED = "the portal shows it and nobody was mailed"
"""of a day that a server can make no mail about"""
_LETTERS = 120
"""of a doubt"""
_MOST = 3
"""names of a kind in the state's message, before the number of the others"""
_IN_STATE = {
    "trigger without mail": 10,
    "trigger lapsed beyond the limit": 10,
    LAPSED_BEYOND: 10,
    TRIGGER_BEYOND: 10,
    "alert ended": _MOST,
    AREA_ENDED: _MOST,
    "no longer monitored": _MOST,
    "alert goes on under another name": _MOST,
    "further alert ahead": _MOST,
    "alert changed without mail": _MOST,
    "trigger lowered to a warning": _MOST,
    "warning without mail": 10,
    "storm at 0-hour": _MOST,
    "storm reaches further provinces": _MOST,
    "landfall not ruled out": _MOST,
    "damage without calibration": _MOST,
    "wrong times in the mail": _MOST,
    "maps of shared areas": _MOST,
    "earlier notification unconfirmed": _MOST,
}
"""how kinds of notices end that the state's message names, and how many events of each"""


def day_in_words(findings: Findings, publications: Sequence[Publication], *further: str) -> str:
    """The line that a run's state and the page `morning` show.

    Differences of the portal stand first, then the alerts that it cannot show if it can show none of the day, then the
    headline. `further` comes last.
    """
    says = f"EXERCISE: {findings.headline}" if findings.exercise else findings.headline
    hidden = [event.name for event in findings.unpublishable_events]
    parts = [f"{NOT_SHOWN}: {listed(hidden, _MOST)} (no areas in the mapping)"] if hidden else []
    nothing_shown = bool(hidden) and not findings.publishable_events
    parts = [*parts, says] if nothing_shown else [says, *parts]
    name = profile_of(findings).lead_time_name
    later = [f"{event.name} ({name(event.lead_time)})" for event in findings.events_beyond_portal]
    parts += [f"{BEYOND_PORTAL}: {listed(later, _MOST)}"] if later else []
    parts += [*_other_content(findings, publications), *_silent(findings, publications)]
    parts += [*_unseen(findings), *_told(publications), *_doubtful(findings)]
    seen = [each.verified for each in publications[-1:] if each.verified is not None]
    differs, looked = ([each.in_short for each in seen if each.differs is first] for first in (True, False))
    return SEPARATOR.join([*differs, *parts, *looked, *further])


def _other_content(findings: Findings, publications: Sequence[Publication]) -> list[str]:
    """Revisions that were finished just now and say something else than today's forecast."""
    parts = []
    for publication in publications:
        if publication.published.events != findings.events:
            what = f"revision {publication.number} of an earlier run ({publication.published.headline})"
            if publication.outcome.held:
                parts.append(f"what is held is {what}")
            else:
                mailed = "people were notified of it just now" if publication.notified else "nobody was notified of it"
                parts.append(f"{what} was finished first: {mailed}")
    return parts


def _silent(findings: Findings, publications: Sequence[Publication]) -> list[str]:
    """An alert that went out without telling anybody: a backfill, a run or a target without notifications."""
    for last in publications[-1:]:
        if last.unmailed:
            return [f"{UNMAILED}: it can make no mail about {findings.country_name}"]
        if findings.events and findings.events == last.published.events and not (last.notified or last.outcome.held):
            return [NOBODY_NOTIFIED]
    return []


def _unseen(findings: Findings) -> list[str]:
    """Of what the forecast says nothing, or nothing that can be relied on: "no alert" is not about it."""
    blind, suspect = (
        [each.event_name.removeprefix(PREFIX) for each in findings.unseen if each.condition == condition]
        for condition in ("blind", "suspect")
    )
    parts = [f"no usable forecast at {listed(blind, _MOST)} (blind)"] if blind else []
    return [*parts, f"doubtful forecast at {listed(suspect, _MOST)} (suspect)"] if suspect else parts


def _doubtful(findings: Findings) -> list[str]:
    """The first doubt in short, and how many there are: the state and the morning page say other things, too."""
    if not findings.doubts:
        return []
    first, others = shorten(findings.doubts[0], _LETTERS, placeholder=" ..."), len(findings.doubts) - 1
    more = f" (and {counted(others, 'other doubt')}, in the report)" if others else ""
    return [f"doubtful: {first}{more}"]


def _told(publications: Sequence[Publication]) -> list[str]:
    """The notices in short, by kind."""
    names: dict[str, dict[str, None]] = {}
    for notice in (notice for publication in publications for notice in publication.notices):
        names.setdefault(notice.kind, {})[notice.event] = None
    named = ((kind, most) for end, most in _IN_STATE.items() for kind in names if kind.endswith(end))
    return [f"{kind}: {listed(list(names[kind]), most)}" for kind, most in named]


def mail_of(revision: Revision) -> str | None:
    """The mail that a revision's preview shows as the target has it, empty for none; None without a preview."""
    text = revision.kept.note(PREVIEW)
    if text is None:
        return None
    kept = json.loads(text)
    if "mail" in kept:
        return str(kept["mail"])
    answer = kept["answer"]  # of a version that kept nothing else, and knew no portal but one
    active = answer.get("activeEvents") if isinstance(answer, dict) else None
    return str((active or {}).get("email") or "")
