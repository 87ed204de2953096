"""A new revision: put together in a folder beside the others, kept and recorded; from then on it is never replaced."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.io.atomic_files import sync_folder, write_errors
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.sql_rows import row_exists
from ibf_pipeline.publish.call import Call, FileBody, plan_lines
from ibf_pipeline.records.schema import REVISION
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision, RevisionMetadata, metadata_text


def begin_revision(run: RunFolder, target: str, number: int) -> Path:
    """An empty folder in which a revision is put together.

    Raises
    ------
    WriteFailed
        If it cannot be made.
    """
    staging = run.revision_folder(target, number).folder.with_name(f".r{number}.part")
    shutil.rmtree(staging, ignore_errors=True)
    with write_errors(staging):
        staging.mkdir(parents=True)
    return staging


def attach_file(staging: Path, source: Path, name: str) -> FileBody:
    """Keep a file for a call with the revision, so that later runs cannot change it.

    Parameters
    ----------
    staging : Path
        What `begin_revision` returned.
    source : Path
        The file; it is linked, or copied if that is not possible.
    name : str
        As the server stores it.

    Raises
    ------
    WriteFailed
        If the disk does not take it.
    """
    target = staging / "files" / name
    with write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
    return FileBody(f"files/{name}", name, sha256(target))


def keep_revision(
    run: RunFolder,
    target: str,
    number: int,
    staging: Path,
    findings: Findings,
    calls: Iterable[Call],
    about: RevisionMetadata,
) -> Revision:
    """Record a revision: from now on it is resumed and never replaced.

    Parameters
    ----------
    run : RunFolder
        Its run.
    target : str
        Name of the target.
    number : int
        1 for the first of the day.
    staging : Path
        What `begin_revision` returned, with the files of the calls.
    findings : Findings
        What it publishes.
    calls : Iterable[Call]
        The plan.
    about : RevisionMetadata
        How it was planned.

    Raises
    ------
    ForbiddenByRule
        If another process publishes.
    StoreUnavailable
        If its files cannot be put into the store; nothing is recorded then.
    WriteFailed
        If the disk or the database does not take it.
    """
    kept = run.revision_folder(target, number)
    final, plan, described = kept.folder, plan_lines(calls), metadata_text(about)
    values = {"target": target, "number": number, "date": about.date, "about": described, "plan": plan}
    with run.right_to_publish(target, "plan") as held:
        with write_errors(final):
            write_findings_json(findings, staging / "events.json")
            (staging / "plan.jsonl").write_text(plan, encoding="utf-8")
            (staging / "revision.json").write_text(described, encoding="utf-8")
            sync_folder(staging)
        of_run = run.kept.newest()
        files = kept.put(staging, known=of_run.files if of_run is not None and of_run.pruned is None else ())

        def add(connection: Connection, again: bool) -> None:
            held.fence_off(connection)
            revision = {**run.key, **values}
            if not (again and row_exists(connection, REVISION, revision)):
                row = connection.execute(REVISION.insert().values(**revision).returning(REVISION.c.id))
                kept.record(connection, files, row.scalar_one())
            if again and not staging.is_dir():
                return  # the try before had come so far
            with write_errors(final):
                if final.is_dir():
                    shutil.rmtree(final)  # of an attempt that ended before it was recorded: no call was made of it
                staging.rename(final)
                sync_folder(final.parent)  # after a power cut its files must be there whenever a call was made

        run.records.write(add)
        kept.mark_local(files)
    return run.revisions(target)[-1]


def content_hash(calls: Iterable[Call]) -> str:
    """SHA-256 of what calls publish, without their `date` and numbers: equal if a run is repeated."""
    digest = hashlib.sha256()
    for call in calls:
        body = {key: value for key, value in (call.body or {}).items() if key != "date"}
        file = call.file.sha256 if call.file else None
        digest.update(json.dumps([call.method, call.path, dict(call.query), body, file], sort_keys=True).encode())
    return digest.hexdigest()
