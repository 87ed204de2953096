"""The store of files, for installations of several machines."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ibf_pipeline.config.section import Encrypted, Section, Url

Days = Annotated[int, Field(ge=1, strict=True)]


class RetentionDays(Section):
    """For how long files stay in the store, by what they are of; `ibf-pipeline runs prune` deletes older ones. What the
    records still need is never deleted.
    """

    run: Days | None = Field(None, description="findings, forecasts and extents of runs; for ever if none is given")
    revision: Days | None = Field(None, description="what calls uploaded; for ever if none is given")
    report: Days = Field(400, description="reports with their pictures")
    prepared: Days = Field(30, description="prepared layers and copies of static data that newer ones have replaced")
    forecast: Days = Field(30, description="forecasts as they were fetched")
    observation: Days = Field(400, description="what was seen from above")


class LocalRetentionDays(Section):
    """Without a store: for how many days files of runs stay in `paths.runs`; `ibf-pipeline runs prune` deletes older
    ones. Findings, plans and journals stay for ever, and so does what the records still need.
    """

    run: Days | None = Field(None, description="forecasts and extents of runs; for ever if none is given")
    report: Days = Field(400, description="reports with their pictures; `ibf-pipeline report` writes one again")
    observation: Days = Field(400, description="what was seen from above")


class StoreSettings(Section):
    """Where files are kept that must survive a machine; its folders are then a cache that can vanish."""

    url: Annotated[str, Field(pattern=r"^\S+$"), Encrypted] = Field(
        description="s3://bucket/prefix, abfs://container/prefix, gcs://bucket/prefix, or file:///folder that all "
        "machines see; accounts come from the environment as the store's own tools have them"
    )
    endpoint_url: Url | None = Field(
        None,
        description="of an S3 store that is not Amazon's, or of one that speaks like Google's; that of an Azure "
        "account is in AZURE_STORAGE_CONNECTION_STRING",
    )
    keep_trying_seconds: int = Field(
        300, ge=0, le=3600, strict=True, description="how long to wait for a store that cannot be reached"
    )
    cache_gigabytes: float = Field(
        20,
        gt=0,
        description="of the run folders of this machine: beyond it, those that were not used longest are deleted",
    )
    keep_days: RetentionDays = RetentionDays()
