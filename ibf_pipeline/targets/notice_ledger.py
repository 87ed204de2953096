"""Which notices were reported to people is kept with the notices: each is reported once, by whichever process, and none
is lost with the process that was to do it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ibf_pipeline.io.atomic_files import RESUME, as_json
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, latest_uploaded
from ibf_pipeline.runs.revision import NOTICES, Revision
from ibf_pipeline.targets.notice import Notice

_TOLD = "told"
"""list of the notices that were reported and when; earlier versions kept none, and reported theirs at once"""


def keep_notices(revision: Revision, notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """Keep the notices of a revision in place of those before, and return them; what was reported stays known."""
    _keep(revision, notices, _kept(revision).get(_TOLD, []))
    return tuple(notices)


def keep_further(run: RunFolder, target: str, notices: Sequence[Notice]) -> None:
    """Add notices to the newest revision of a day that the target shows, of findings that change nothing there."""
    revision = latest_uploaded(run, target)
    if revision is None:
        return
    before, about = notices_of(revision), _kept(revision)
    if new := [notice for notice in notices if notice not in before]:
        _keep(revision, [*before, *new], about.get(_TOLD, about.get("notices", [])))


def notices_of(revision: Revision) -> list[Notice]:
    """The notices of a revision; none if it did not get that far."""
    return [Notice(**notice) for notice in _kept(revision).get("notices", [])]


def untold(run: RunFolder, target: str) -> list[tuple[Revision, list[Notice]]]:
    """The notices of a day, and of the newest day before it, that were not reported yet: by revision, oldest first.

    Notes
    -----
    Rule: notices of what the target shows are reported, also if the notification waits or its outcome is unknown;
    those of a revision that was given up are not. A notice with the same kind, event and text as a reported one of
    these revisions is left out, and so is one about an event that a later revision of its day took back.
    docs/design/publication.md, P14.
    """
    history = run.history(target)
    before = next((revision.run for revision in history if revision.run != run), run)
    kept = {revision: _kept(revision) for revision in reversed(history) if revision.run in (before, run)}
    told = {_words(each) for about in kept.values() for each in about.get(_TOLD, [])}
    news = []
    for revision, about in kept.items():
        taken_back = {name for each in kept if _follows(each, revision) for name in each.about().withdraws}
        news_of = [each for each in about.get("notices", []) if each["event"] not in taken_back]
        new = {_words(each): each for each in news_of if _words(each) not in told}
        if _TOLD in about and new and _shows(revision):
            told |= new.keys()
            news.append((revision, [Notice(**each) for each in new.values()]))
    return news


def mark_told(revision: Revision, notices: Sequence[Notice], now: Clock) -> None:
    """Keep that these notices of a revision were reported to people."""
    at = now().isoformat(timespec="seconds")
    told = [*_kept(revision).get(_TOLD, []), *({**asdict(notice), "at": at} for notice in notices)]
    _keep(revision, notices_of(revision), told)


def _shows(revision: Revision) -> bool:
    state = revision.state()
    return state.is_uploaded and not state.is_closed


def _follows(later: Revision, revision: Revision) -> bool:
    return later.run == revision.run and later.number > revision.number


def _words(notice: dict[str, str]) -> tuple[str, str, str]:
    return notice["kind"], notice["event"], notice["text"]


def _kept(revision: Revision) -> dict[str, Any]:
    text = revision.kept.note(NOTICES)
    return {} if text is None else dict(json.loads(text))


def _keep(revision: Revision, notices: Sequence[Notice], told: list[dict[str, str]]) -> None:
    content = {"notices": [asdict(notice) for notice in notices], _TOLD: told}
    revision.kept.keep_note(NOTICES, as_json(content), RESUME)
