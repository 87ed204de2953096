"""Everything that is known about one run, as data for programs and for the table of a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from ibf_pipeline.errors import IbfError, InputInvalid
from ibf_pipeline.records.lease import holders
from ibf_pipeline.records.schema import NOTE
from ibf_pipeline.runs.files import RunFile, files_of
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.legacy_journals import real_runs
from ibf_pipeline.runs.overview import revision_overview
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.run_index import RunQuery, recorded_runs


def details_of(run: RunFolder) -> dict[str, Any]:
    """Findings, revisions, decisions, notes and files of a run, and which processes are working on it.

    Returns
    -------
    dict
        As `ibf-pipeline runs show --json` prints it; all of it can be written as JSON.
    """
    notes, place = _notes(run), run.place
    return {
        "run": place,
        **_recorded(run),
        "made_from": _made_from(run),
        "notes": notes.get(place, {}),
        "revisions": [
            {**_revision(revision), "notes": notes.get(f"{place}/targets/{target}/r{revision.number}", {})}
            for target in run.targets()
            for revision in run.revisions(target)
        ],
        "files": [_file(each) for each in files_of(run)],
        "at_work": [line for line in holders(run.records) if _is_of(run, line)],
    }


def _recorded(run: RunFolder) -> dict[str, str]:
    """What the records have of the run itself; nothing if it never was whole."""
    of_day = RunQuery(run.iso3, run.hazard, run.issue_date, run.issue_date)
    for each in recorded_runs(real_runs(run.runs), run.storage, of_day):
        if each.run == run:
            return {
                "found": each.headline, "source": each.source, "arrived": each.arrived, "finished": each.finished,
            }  # fmt: skip
    return {}


def _made_from(run: RunFolder) -> dict[str, Any]:
    """Names of the inputs, and the versions that made it; nothing if the manifest cannot be had."""
    try:
        manifest = run.manifest()
    except IbfError:
        return {}
    inputs = [each["name"] for each in manifest.get("inputs", ())]
    return {"inputs": inputs, "static": len(manifest.get("static", ())), "versions": manifest.get("versions", {})}


def _revision(revision: Revision) -> dict[str, Any]:
    at_a_glance = revision_overview(revision)
    known = {
        "target": revision.target, "number": revision.number, "state": at_a_glance.state,
        "notified": at_a_glance.notified, "decisions": revision.decisions(),
    }  # fmt: skip
    try:
        about, calls, left = revision.about(), revision.calls(), revision.state().remaining_calls
    except InputInvalid as error:
        return {**known, "damaged": str(error)}
    return {
        **known,
        "url": about.url,
        "date": about.date,
        "withdraws": list(about.withdraws),
        "calls": len(calls),
        "left": len(left),
    }


def _notes(run: RunFolder) -> Mapping[str, dict[str, str]]:
    """Texts about the run and its revisions: place -> name -> when it was kept."""
    place, found = run.place, dict[str, dict[str, str]]()
    within = (NOTE.c.place == place) | NOTE.c.place.startswith(f"{place}/", autoescape=True)
    for row in run.records.rows(select(NOTE.c.place, NOTE.c.name, NOTE.c.at).where(within)):
        found.setdefault(row.place, {})[row.name] = row.at
    return found


def _file(file: RunFile) -> dict[str, Any]:
    return {
        "name": file.name, "part": file.part, "bytes": file.size, "here": file.is_here, "key": file.key,
        "sha256": file.sha256, "pruned": file.is_pruned,
    }  # fmt: skip


def _is_of(run: RunFolder, holder: str) -> bool:
    """Whether a line tells of who holds the run's country and hazard, or one of its targets."""
    name, of = holder.partition(": ")[0], f"{run.iso3}/{run.hazard}"
    return name == of or name.startswith(f"{of}/")
