"""What stands of a day after people took alerts back, read from the revisions that were published."""

from __future__ import annotations

import logging

from ibf_pipeline.errors import IbfError, InputMissing, StoreUnavailable
from ibf_pipeline.runs.folder import Kind, RunFolder

log = logging.getLogger(__name__)


def standing(found: Kind, run: RunFolder) -> Kind:
    """A run's findings without the events that a person took back.

    The newest revision that a target shows decides there. An event is taken back where some target is without it by a
    withdrawal and no target shows it; it then is in `withdrawn` and no more in `events`.
    """
    taken, shown = set[str](), set[str]()
    for target in run.targets():
        withdraws, events = _newest(run, target)
        taken |= withdraws
        shown |= events
    return found.without(taken - shown)


def _newest(run: RunFolder, target: str) -> tuple[set[str], set[str]]:
    """What the newest revision that a target shows took back, and what it has; damaged ones are passed over."""
    for revision in reversed(run.revisions(target)):
        try:
            if revision.state().is_uploaded:
                return set(revision.about().withdraws), {event.name for event in revision.found().events}
        except (StoreUnavailable, InputMissing):
            raise  # it is not damaged: what was taken back may not come back because of it
        except (OSError, ValueError, TypeError, KeyError, IbfError) as error:
            log.warning("%s: what it took back is not known (%s)", revision.folder, error)
    return set(), set()
