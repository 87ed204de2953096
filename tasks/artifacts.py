"""What people see of a run in the Prefect UI. Nothing here fails a run, and nothing is waited for before an alert."""

from __future__ import annotations

import base64
import contextvars
import io
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from PIL import Image
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.context import TaskRunContext
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, get_current_settings, temporary_settings

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import errors_logged
from ibf_pipeline.report.calls import published
from ibf_pipeline.report.content import OVERVIEW
from ibf_pipeline.report.correction import correction
from ibf_pipeline.report.earlier_runs import earlier_runs
from ibf_pipeline.report.extensions import report_extension_of
from ibf_pipeline.report.headline import title_of
from ibf_pipeline.report.run_comparison import compare_runs
from ibf_pipeline.report.short_table import ShortRow
from ibf_pipeline.report.tables import area_rows, change_rows, event_rows, revision_words, summary
from ibf_pipeline.report.times import issued
from ibf_pipeline.report.writer import PAGE
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.legacy_journals import hazard_path_parts, real_runs
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.run_index import sibling_runs
from ibf_pipeline.runs.withdrawal import standing_findings
from ibf_pipeline.sources.progress import watched_by
from tasks.decorator import has_server, task

log = logging.getLogger("ibf_pipeline.tasks")

MORNING = "morning"
"""key of the page over all countries"""
PICTURE_WIDTH, PICTURE_COLOURS = 480, 24
"""of the map inside the summary, about 25 kB: it is kept in the database of the server"""
_PROGRESS_SECONDS = 2.0
_SILENT_SECONDS = 60.0
"""pause after an attempt to show progress that failed: each may take as long as a server that hangs"""


@task(task_run_name="artifacts of {iso3}")
def keep_artifacts(iso3: str, run: RunFolder, reports_url: str | None = None) -> None:
    """Summary, events, areas, what its hazard adds, what changed and the report's link of a finished run.

    Only the newest issue time of a country and hazard has keys, under which the UI shows the newest version: a run of
    the past stands on its own page.
    """
    if not has_server():
        return
    # the UI of another version, a full database: the day itself is done
    with errors_logged(log, "%s: the artifacts could not be kept", iso3):
        _keep(iso3, run, reports_url)


def _keep(iso3: str, run: RunFolder, reports_url: str | None) -> None:
    found = standing_findings(run.findings(), run)
    corrected = correction(run, run.findings())
    before = next(iter(earlier_runs(run, 1, exercise=found.exercise)), None)
    changes = compare_runs(before.found if before else None, found) if before else ()
    link = report_link(run, reports_url)
    text = summary(found, changes, issued(before.found) if before else None, published(run), link, corrected)
    title = f"{title_of(found)}, forecast of {found.issue_time.words}"
    if found.exercise:
        title = f"EXERCISE, {title}"
    newest = sibling_runs(run)[-1].issue_time == run.issue_time

    def key(name: str) -> str | None:
        return artifact_key(name, found) if newest else None

    create_markdown_artifact(text + _picture(run, link) + _to_morning(), key=key("summary"), description=title)
    _table(event_rows(found), key("events"), f"Events: {title}", "no event")
    _table(area_rows(found), key("areas"), f"Areas with most people first: {title}", "no area is alerted")
    for table in report_extension_of(found).short_tables(found):
        _table(table.rows, key(table.name), f"{table.name.capitalize()}: {title}", table.empty)
    rows = change_rows(found, corrected.changes, revision_words(corrected)) if corrected else []
    rows += change_rows(found, changes, f"the run of {before.found.issue_time.words}") if before else []
    unchanged = "there is no earlier run to compare with"
    if before:
        unchanged = f"nothing has changed since {before.found.issue_time.words}"
    _table(rows, key("changes"), f"What changed: {title}", unchanged)
    if link is not None and link.startswith("http"):
        create_link_artifact(link, key=key("report"), description=f"Report: {title}")


def artifact_key(name: str, findings: Findings) -> str:
    """The key of an artifact of a country and hazard: small letters, digits and dashes. Floods came first, without."""
    return key_of(name, findings.country, findings.hazard) + ("-exercise" if findings.exercise else "")


def key_of(name: str, iso3: str, hazard: str) -> str:
    """The same of real days, where no findings are at hand."""
    return "-".join([name, iso3.lower(), *(part.replace("_", "-") for part in hazard_path_parts(hazard))])


def artifact_address(key: str) -> str | None:
    """Where the UI shows the versions of an artifact; None if it is not known where the UI is."""
    ui = get_current_settings().ui_url
    return f"{ui.rstrip('/')}/artifacts/key/{key}" if ui else None


def report_link(run: RunFolder, reports_url: str | None) -> str | None:
    """Address of a run's report where the runs are served, else its path; None if there is none."""
    if not run.report.has(PAGE):
        return None
    page = run.report.file(PAGE)
    if reports_url is None:
        return str(page)
    below = page.relative_to(real_runs(run.runs)).as_posix()  # what is served is the folder of the real days' runs
    return f"{reports_url.rstrip('/')}/{below}"


def _table(rows: Sequence[ShortRow], key: str | None, description: str, empty: str) -> None:
    content: list[dict[str, Any]] = [dict(row) for row in rows] or [{"": empty}]
    create_table_artifact(content, key=key, description=description)


def _to_morning() -> str:
    """The way to the page over all countries, to which no menu leads."""
    address = artifact_address(MORNING)
    return "" if address is None else f"\n[All countries of the day]({address})\n"


def _picture(run: RunFolder, link: str | None) -> str:
    """The country's map: beside the report where that is served (`link`), else as a small picture inside Markdown;
    nothing if it was not drawn.
    """
    if not run.report.has(OVERVIEW):
        return ""
    if link is not None and link.startswith("http"):
        return f"\n![Map of the day]({link.rpartition('/')[0]}/{OVERVIEW})\n"
    with Image.open(run.report.file(OVERVIEW)) as image:
        height = round(image.height * PICTURE_WIDTH / image.width)
        small = image.convert("RGB").resize((PICTURE_WIDTH, height)).quantize(PICTURE_COLOURS)
    stream = io.BytesIO()
    small.save(stream, "PNG", optimize=True)
    return f"\n![Map of the day](data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()})\n"


@contextmanager
def download_progress(iso3: str, issue_date: date) -> Iterator[None]:
    """Show how much of a forecast has been fetched, while it is; nothing if a source has nothing to fetch."""
    if TaskRunContext.get() is None:
        yield
        return
    progress, shown_at = ProgressArtifact(f"Fetching the GloFAS forecast of {issue_date} for {iso3}"), 0.0

    def tell(done: int, of: int) -> None:
        nonlocal shown_at
        at = time.monotonic()
        if done >= of or at - shown_at >= _PROGRESS_SECONDS:
            shown_at = at
            progress.show(round(100 * done / of, 1))

    with watched_by(tell):
        yield


class ProgressArtifact:
    """A progress artifact, made with the first news; what cannot be shown stops nothing."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._artifact: Any = None
        self._silent_until = 0.0

    def show(self, share: float) -> None:
        """Bring it up to date; per cent. A server that is away is not waited for: what goes on here counts more."""
        if not has_server() or time.monotonic() < self._silent_until:
            return
        try:
            with temporary_settings(updates={PREFECT_CLIENT_MAX_RETRIES: 0}):
                if self._artifact is None:
                    self._artifact = create_progress_artifact(share, description=self._description)
                else:
                    update_progress_artifact(self._artifact, share)
        except Exception:
            self._silent_until = time.monotonic() + _SILENT_SECONDS
            log.debug("the progress is not shown", exc_info=True)


@contextmanager
def publishing_progress(run: RunFolder, target: str) -> Iterator[None]:
    """Show how many calls of a publication are done, read from its journal beside it: publishing waits for nothing."""
    stopped = threading.Event()
    context = contextvars.copy_context()  # in which the thread sees the flow run that it belongs to
    watcher = threading.Thread(target=context.run, args=(_watch, run, target, stopped), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stopped.set()
        watcher.join(timeout=_PROGRESS_SECONDS)


def _watch(run: RunFolder, target: str, stopped: threading.Event) -> None:
    progress = ProgressArtifact(f"Publishing {run.iso3} of {run.issue_time.words} to {target}")
    shown, last = -1.0, False
    revision: Revision | None = None
    try:
        while not last:
            last = stopped.wait(_PROGRESS_SECONDS)
            revision = _newest(run, target, revision)
            share = None if revision is None else _share_done(revision)
            if share is not None and share != shown:
                progress.show(share)
                shown = share
    except Exception:
        log.debug("the progress of publishing is not shown", exc_info=True)


def _newest(run: RunFolder, target: str, known: Revision | None) -> Revision | None:
    """The newest revision; the one that is known, whose plan is parsed already, where it still is. None before one."""
    newest = next(iter(run.revisions(target)[-1:]), None)
    return known if known == newest else newest


def _share_done(revision: Revision) -> float:
    """Per cent of its calls that are done; its plan is not parsed anew, since publishing goes on meanwhile."""
    return round(100 * len(revision.state().progress.done) / max(1, len(revision.calls())), 1)
