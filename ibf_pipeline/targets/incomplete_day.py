"""What a portal shows of a day whose publication broke off, in words for people who look at it (pure)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import latest_finished
from ibf_pipeline.runs.revision import Revision

PortalContent = Literal["as before", "perhaps nothing", "nothing", "parts", "the day"]
"""`as before`: nothing was begun; `perhaps nothing`: a first call was sent and nobody knows whether it was carried out;
`nothing`: rows of the day are there and it is not processed; `parts`: the same, in place of an earlier upload of the
day; `the day`: all but the notification is done"""

_WORDS: Final[dict[PortalContent, str]] = {
    "nothing": "the portal shows no alerts, {before} included",
    "perhaps nothing": "the portal may show no alerts by now, not even {before}",
    "parts": "the portal shows no alerts or only parts of them, in place of what was published of this {period} before",
    "the day": "the portal shows the {period}, and nobody was notified",
}


def portal_words(run: RunFolder, target: str, shows: Callable[[Revision], PortalContent]) -> str:
    """What the target shows while a day is not published, or not to the end.

    Parameters
    ----------
    run, target
        The day, and the target's name.
    shows : callable
        What the kind of target shows of an unfinished revision.
    """
    begun = _broken_off(run, target)
    what = "as before" if begun is None else shows(begun)
    if what != "as before":
        return _words(run, what)
    period, _ = _period(run)
    before = "yesterday's alerts" if period == "day" else "the alerts of the block before"
    still = f"what was published of this {period} before" if latest_finished(run, target) else before
    return f"nothing was sent, so that the portal still shows {still}"


def _words(run: RunFolder, what: PortalContent) -> str:
    period, before = _period(run)
    return _WORDS[what].format(period=period, before=before)


def _period(run: RunFolder) -> tuple[str, str]:
    """What one upload replaces, and what the portal showed before, as people call them."""
    is_day = run.profile.period_hours == 24
    return ("day", "yesterday's") if is_day else ("block", "those of the block before")


def interruption_words(run: RunFolder, target: str, shows: Callable[[Revision], PortalContent]) -> str | None:
    """What the target shows of a day whose publication broke off, also if it was given up then.

    Returns
    -------
    str or None
        None for any other day, also if a later day was begun or only a notification is left that an operator decides.
    """
    begun = _broken_off(run, target)
    if begun is None or any(later.state().was_begun for later in run.later(target)):
        return None
    what, state = shows(begun), begun.state()
    is_a_persons = begun.about().hold_until is not None or state.unconfirmed_call is not None or state.is_closed
    return None if what == "as before" or (what == "the day" and is_a_persons) else _words(run, what)


def _broken_off(run: RunFolder, target: str) -> Revision | None:
    """The newest revision of which calls were made, if some are left."""
    begun = next((each for each in reversed(run.revisions(target)) if each.state().was_begun), None)
    return None if begun is None or begun.state().is_finished else begun
