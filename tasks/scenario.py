"""The forecasts of exercises as Prefect tasks."""

from __future__ import annotations

import logging
import shutil
from datetime import date
from pathlib import Path

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.prepare.flash_floods.store import FlashPrepared
from ibf_pipeline.sources.tracks.scenario import ScenarioTracks
from ibf_pipeline.synthetic.rain import parse_rain_wishes, write_rain
from ibf_pipeline.synthetic.scenario import write_scenario
from ibf_pipeline.synthetic.track_files import write_tracks
from ibf_pipeline.synthetic.tracks import made_tracks, parse_track_wishes
from ibf_pipeline.tracks.reader import read_tracks_isolated
from tasks.decorator import task

log = logging.getLogger("ibf_pipeline.tasks")


@task(task_run_name="made-up forecast of {issue_date} for {iso3}")
def make_forecast(
    iso3: str, root: Path, issue_date: date, wishes: str, layers: CountryLayers, country: FloodCountry
) -> Path:
    """Files of an ensemble that makes the wishes come true, in place of those of an earlier exercise of the day."""
    shutil.rmtree(root / f"{issue_date:%Y%m%d}", ignore_errors=True)
    folder = write_scenario(root, issue_date, wishes, layers, country.rule, country.lead_times_needed)
    log.info("%s: EXERCISE, a made-up forecast in %s: %s", iso3, folder, wishes)
    return root


@task(task_run_name="made-up rain of {issue_time} for {iso3}")
def make_rain(
    iso3: str, root: Path, issue_time: IssueTime, wishes: str, prepared: FlashPrepared, country: FlashFloodCountry
) -> Path:
    """Files of a forecast and of observations that make the wishes come true, in place of those of an earlier exercise
    of the block.
    """
    folder = write_rain(root, issue_time, parse_rain_wishes(wishes), prepared.layers, prepared.ground(), country)
    log.info("%s: EXERCISE, made-up rain in %s: %s", iso3, folder, wishes or "none")
    return folder


@task(task_run_name="made-up tracks of {issue_time} for {iso3}")
def make_tracks(
    iso3: str, root: Path, issue_time: IssueTime, wishes: str, layers: TyphoonLayers, country: TyphoonCountry
) -> ScenarioTracks:
    """A file of tracks that makes the wishes come true, in place of that of an earlier exercise of the cycle, as it is
    read; of no wishes a cycle without storms, which has none.
    """
    file = root / f"{issue_time}.bufr"
    file.unlink(missing_ok=True)
    made = made_tracks(parse_track_wishes(wishes), issue_time, layers, country.members)
    log.info("%s: EXERCISE, made-up tracks: %s", iso3, wishes or "no storm")
    if not made.sizes["storm"]:
        return ScenarioTracks("scenario", made)
    files = (write_tracks(made, file),)
    return ScenarioTracks("scenario", read_tracks_isolated(files, issue_time.start, perturbed=country.members), files)
