"""The plan for a folder of plain files: every file, then the whole day at once (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.hazards.known import profile_of
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.runs.folder import content_hash
from ibf_pipeline.runs.taken_over import hazard_in_names

PUT = "PUT"
"""bring a file into the day's hidden folder"""
SHOW = "SHOW"
"""put the hidden folder in the place of the day's"""


def place_of(found: Findings) -> str:
    """Where a day lies below the target's folder: that of floods where those who read it have always found it."""
    return "/".join([found.country, *hazard_in_names(found.hazard), str(found.issue_time)])


def plan_calls(found: Findings, files: Sequence[FileBody], at: datetime) -> list[Call]:
    """One call a file, then the one that shows them all. All of them may be repeated; nobody is notified.

    `at`: the revision's `date`. Paths are below the target's folder.
    """
    day = f"/{place_of(found)}"
    calls = [
        Call(number, f"file {file.name}", PUT, f"{day}/{file.name}", file=file) for number, file in enumerate(files, 1)
    ]
    shown = {
        "country": found.country,
        "disaster_type": profile_of(found).disaster_type,
        "issue_date": str(found.issue_time),
        "exercise": found.exercise,
        "headline": found.headline,
        "date": f"{at:%Y-%m-%dT%H:%M:%S}Z",
        "files": {file.name: file.sha256 for file in files},
    }
    shown["content"] = content_hash([*calls, Call(0, "", SHOW, day, body=shown)])
    return [*calls, Call(len(calls) + 1, "show the day", SHOW, day, body=shown)]
