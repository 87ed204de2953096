"""The stages of a cycle of typhoon as Prefect tasks: each says in its name and log what it does for whom."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.typhoon.cycle import Cycle, Past, find
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.prepare.typhoon.build import prepare_typhoon
from ibf_pipeline.prepare.typhoon.store import TyphoonPrepared, read_typhoon
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.typhoon import write_tracks_kept
from ibf_pipeline.sources import first_usable
from ibf_pipeline.sources.tracks.source import TrackDelivery, TrackSource
from ibf_pipeline.storage.shared_folder import SharedFolder
from tasks.decorator import task
from tasks.manifest import made_of
from tasks.notes import log_notes

log = logging.getLogger("ibf_pipeline.tasks")


@task(task_run_name="prepared typhoon layers of {iso3}")
def prepared_typhoon(
    iso3: str, country: TyphoonCountry, static: Path, folder: Path, shared: SharedFolder | None = None
) -> TyphoonPrepared:
    """The country's municipalities, cells and houses, built where they are missing or out of date."""
    built = prepare_typhoon(country, static, folder, shared=shared)
    prepared = read_typhoon(folder, iso3)
    layers = prepared.layers
    log.info(
        "%s: prepared layers %s; %d areas, %d provinces, %d settled cells",
        iso3,
        "built" if built else "read",
        len(layers.areas),
        len(layers.provinces),
        layers.cells.sizes["cell"],
    )
    return prepared


@task(task_run_name="tracks of {issue_time} for {iso3}")
def obtain_tracks(iso3: str, issue_time: IssueTime, sources: Sequence[TrackSource]) -> TrackDelivery:
    """The tracks of a cycle out of the first source that has them; each tries again by itself.

    Sources that were passed over are among its notes and in its origin.
    """

    def use(source: TrackSource) -> TrackDelivery:
        given = source.cycle(issue_time)
        return replace(given, origin={"source": source.name, **given.origin})

    given, passed_over = first_usable(sources, issue_time, use)
    storms = [str(name) for name in given.tracks["name"].values]
    log.info("%s: tracks of %s from %s: %s", iso3, issue_time, given.origin["source"], ", ".join(storms) or "no storm")
    notes = (*(f"source {each}" for each in passed_over), *given.notes)
    for note in notes:
        log.warning("%s: %s", iso3, note)
    return replace(given, notes=notes, origin={**given.origin, "passed_over": list(passed_over)})


@task(task_run_name="storms of {iso3}")
def find_storms(
    iso3: str,
    cycle: Cycle,
    prepared: TyphoonPrepared,
    country: TyphoonCountry,
    published: datetime,
    past: Past,
    *,
    exercise: bool = False,
) -> TyphoonFindings:
    """Storms that are alerted, their winds, areas, people and houses."""
    found = find(cycle, prepared.layers, country, published, past, exercise=exercise)
    log.info("%s on %s: %s", iso3, found.issue_time, found.headline)
    for event in found.events:
        log.info(
            "%s: event %s, %s in %d hours, %d areas, people %d",
            iso3,
            event.name,
            "trigger" if event.trigger else "warning",
            event.lead_time,
            len(event.areas),
            event.people,
        )
    for storm in found.storms:
        if storm.note:
            log.info("%s: storm %s is not an event: %s", iso3, storm.event_name, storm.note)
    log_notes(found)
    return found


@task(task_run_name="findings of {iso3}")
def record_cycle(
    iso3: str,
    findings: TyphoonFindings,
    given: TrackDelivery,
    further: Mapping[str, Any],
    country: TyphoonCountry,
    run: RunFolder,
    layers: Path,
) -> RunFolder:
    """`events.json`, the tracks and the manifest: the run folder is whole, or as before.

    `further`: what else it is made of, for the manifest; `layers`: the folder of the prepared layers.
    """
    folder = begin_findings(run)
    write_findings_json(findings, folder / "events.json")
    write_tracks_kept(folder, given.tracks)
    keep_findings(run, folder, _manifest(findings, given, further, country, layers))
    log.info("%s: findings in %s", iso3, run.path)
    return run


def _manifest(
    findings: TyphoonFindings, given: TrackDelivery, further: Mapping[str, Any], country: TyphoonCountry, layers: Path
) -> dict[str, Any]:
    """Its inputs are the files of the tracks, as they were read; none where the source shows that no cyclone exists."""
    return {
        "country": findings.country,
        "hazard": findings.hazard,
        "issue_time": str(findings.issue_time),
        "exercise": findings.exercise,
        "headline": findings.headline,
        "source": findings.source,
        "published": findings.published,
        "cycle": findings.cycle,
        "obtained": {**given.origin, **further},
        **made_of(country, given.files, layers),
    }
