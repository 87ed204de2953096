"""The plan for a folder of plain files: every file, then the whole day at once (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.runs.legacy_journals import hazard_path_parts
from ibf_pipeline.runs.revision_staging import content_hash

PUT = "PUT"
"""bring a file into the day's hidden folder"""
SHOW = "SHOW"
"""put the hidden folder in the place of the day's"""


def day_path(findings: Findings) -> str:
    """Where a day lies below the target's folder: `UGA/2026-02-15`, of other hazards `PHL/typhoon/2026-02-15T06`."""
    return "/".join([findings.country, *hazard_path_parts(findings.hazard), str(findings.issue_time)])


def plan_calls(findings: Findings, files: Sequence[FileBody], at: datetime) -> list[Call]:
    """One PUT a file, then the SHOW that puts them all in the place of the day.

    Parameters
    ----------
    findings : Findings
        Of the day.
    files : sequence of FileBody
        Tables and rasters of the day.
    at : datetime
        The `date` of the revision, UTC.

    Returns
    -------
    list of Call
        Numbered from 1; paths are below the target's folder. All of them may be repeated; nobody is notified. The body
        of SHOW is what becomes `day.json`, with the hash of every file.

    References
    ----------
    docs/publishing.md, "A folder of files".
    """
    day = f"/{day_path(findings)}"
    calls = [
        Call(number, f"file {file.name}", PUT, f"{day}/{file.name}", file=file) for number, file in enumerate(files, 1)
    ]
    shown = {
        "country": findings.country,
        "disaster_type": profile_of(findings).disaster_type,
        "issue_date": str(findings.issue_time),
        "exercise": findings.exercise,
        "headline": findings.headline,
        "date": f"{at:%Y-%m-%dT%H:%M:%S}Z",
        "files": {file.name: file.sha256 for file in files},
    }
    shown["content"] = content_hash([*calls, Call(0, "", SHOW, day, body=shown)])
    return [*calls, Call(len(calls) + 1, "show the day", SHOW, day, body=shown)]
