"""What makes numbers of a day doubtful, reported when it is new and with every day that has alerts."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.notice import Notice, intro

log = logging.getLogger(__name__)

NUMBERS_DOUBTFUL: Final = "numbers doubtful"
"""kind"""
_NUMBERS: Final = re.compile(r"\([^)]*\)|(?<![\w.])\d[\d.,]*%?(?!\w)")
"""and what stands in parentheses, which is to stay"""
_REMEMBERED: Final = timedelta(days=30)
"""how long a doubt that went away and comes back is not a new one"""


def doubts_before(revision: Revision, findings: Findings) -> dict[str, bool]:
    """Doubts of other revisions that the target shows, of the last 30 days: doubt -> whether it is of this day.

    Parameters
    ----------
    revision : Revision
        Is left out itself.
    findings : Findings
        Its findings. Revisions are read newest first, and only until all of these doubts are known.
    """
    new, before, oldest = set(_doubts(findings)), dict[str, bool](), findings.issue_date - _REMEMBERED
    for other in revision.run.history(revision.target) if new else ():
        if not new or other.run.issue_date < oldest:
            break
        if other == revision:
            continue
        try:
            if other.state().is_uploaded:
                before = dict.fromkeys(_doubts(other.findings()), other.run == revision.run) | before
                new -= before.keys()
        except InputInvalid as error:
            log.warning("%s cannot be read, an older revision tells what was doubtful: %s", other.folder, error)
    return before


def doubt_notices(findings: Findings, before: Mapping[str, bool]) -> list[Notice]:
    """One notice for all doubts of a day, suspect subjects among them; none if nothing has to be reported.

    Parameters
    ----------
    findings : Findings
        Of the day.
    before : mapping
        As of `doubts_before`.

    Notes
    -----
    Rule: a doubt that stands for weeks, or comes and goes, is reported on its first day, and afterwards once a day on
    days with an alert: whoever acts on the numbers has to know. State and report of every day say it as well.
    docs/design/publication.md, P15; docs/publishing.md, notice "numbers doubtful".
    """
    doubts = _doubts(findings)
    told_today = any(before.values())
    if not doubts or (doubts.keys() <= before.keys() and (told_today or not findings.events)):
        return []
    said = "\n".join(f"- {words}" for words in doubts.values())
    text = f"{intro(findings)}: what the numbers are made from is doubtful. Say so to whoever acts on them.\n{said}"
    return [Notice(NUMBERS_DOUBTFUL, "the inputs", text)]


def _doubts(findings: Findings) -> dict[str, str]:
    """What tells a doubt from another one -> its words, in which numbers may change from day to day.

    Rule: numbers tell them apart only in parentheses and as parts of words, where codes and names stand.
    """
    said: dict[str, str] = {}
    for doubt in findings.doubts:
        key = _NUMBERS.sub(lambda part: part[0] if part[0].startswith("(") else "", doubt)
        said[doubt if key in said else key] = doubt
    suspect = {
        f"suspect {each.key}": f"{each.words}: {each.reason}" for each in findings.unseen if each.condition == "suspect"
    }
    return said | suspect
