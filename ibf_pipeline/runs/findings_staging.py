"""New findings of a day: put together beside the old ones, kept and recorded, and only then moved into their place."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ibf_pipeline.io.atomic_files import write_errors, write_json
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.io.sql_rows import row_exists
from ibf_pipeline.records.schema import RUN
from ibf_pipeline.runs.folder import FOUND_PARTS, MANIFEST, REPORT, RunFolder
from ibf_pipeline.storage.stored_folder import below


def begin_findings(run: RunFolder) -> Path:
    """An empty folder for new findings; the old ones stay until `keep_findings`.

    Raises
    ------
    WriteFailed
        If it cannot be made.
    """
    partial = run.path / ".part"
    shutil.rmtree(partial, ignore_errors=True)
    with write_errors(partial):
        (partial / "extents").mkdir(parents=True)
    return partial


def keep_findings(run: RunFolder, partial: Path, manifest: Mapping[str, Any]) -> None:
    """Replace the findings of a run by new ones, in the store, the records and the folder of the run.

    Parameters
    ----------
    run : RunFolder
        The run.
    partial : Path
        What `begin_findings` returned, with the new findings.
    manifest : Mapping[str, Any]
        What they were made from. It is written last and makes the folder complete.

    Raises
    ------
    StoreUnavailable
        If they cannot be put into the store; the old findings then stay.
    ForbiddenByRule
        If another run of the country does not end in time.
    WriteFailed
        If the disk or the database does not take them.
    """
    further = sorted({part.name for part in partial.iterdir()} - set(FOUND_PARTS))
    parts = (*FOUND_PARTS, *further, *read_json_or_empty(run.path / MANIFEST).get("further_parts", ()))
    with write_errors(run.path):
        content = {**manifest, "further_parts": further} if further else manifest
        write_json(partial / MANIFEST, content)
    row = {
        **run.key, **{name: str(manifest.get(name, "")) for name in ("source", "arrived", "headline")},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    with run.exclusive("record a run") as held:
        files = run.kept.put(partial, [name for name in below(partial) if not name.startswith(f"{REPORT}/")])
        earlier = run.report.newest()

        def add(connection: Connection, again: bool) -> None:
            held.fence_off(connection)
            if again and row_exists(connection, RUN, row):
                return
            connection.execute(RUN.insert().values(**row))
            run.kept.record(connection, files)
            if earlier is not None and earlier.files:
                run.report.record(connection, [])  # it is of other findings

        run.records.write(add)
    with write_errors(run.path):  # only renames are left: nothing needs space on the disk any more
        (run.path / MANIFEST).unlink(missing_ok=True)
        for name in (*dict.fromkeys(parts), MANIFEST):
            old, new = run.path / name, partial / name
            if old.is_dir():
                old.rename(partial / f"old-{name}")  # in one step, whoever is still writing into it
            elif old.exists():
                old.unlink()
            if new.exists():
                new.rename(old)
        shutil.rmtree(partial, ignore_errors=run.storage.store is not None)
    run.kept.mark_local(files)
