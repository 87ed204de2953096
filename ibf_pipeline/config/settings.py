"""What is the same for every country: `settings.yaml`."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from ibf_pipeline.config.job_variables import JobVariables
from ibf_pipeline.config.section import Cron, GlofasVersion, LocalFolder, Section, SourceName
from ibf_pipeline.config.sources import DischargeSection, InputCacheSettings, SourceSettings
from ibf_pipeline.config.store import LocalRetentionDays, StoreSettings
from ibf_pipeline.config.targets import Target


class Paths(Section):
    """Where things lie; relative paths start at the folder above the configuration."""

    static: LocalFolder = Field(
        "data/countries", description="static data: <static>/<ISO3>/, unless the country says otherwise"
    )
    prepared: LocalFolder = Field(
        "prepared", description="prepared layers, made again from the static data at any time"
    )
    runs: LocalFolder = Field(
        "runs", description="what was found and published; on a POSIX file system, and worth a back-up"
    )
    sandbox: LocalFolder = Field("sandbox", description="the built-in server's database")
    inputs: LocalFolder = Field(
        "fetched",
        description="cache of fetched forecasts: <inputs>/<source>/<YYYYMMDD>/; and of static data from URLs, which "
        "have no bound: static/, static-sources/",
    )


SHORTEST_HISTORY: Final = 8
"""days: longer than a notification can be held, and than any chain of attempts to go on with a day"""


class Operations(Section):
    """How the pipeline is operated with Prefect; without a server only `parallel_countries` matters."""

    schedule: Cron = Field(
        "0 15 * * *",
        description="cron (UTC) of the daily run of countries that name none; each begins within 15 minutes of it",
    )
    parallel_countries: int = Field(
        2, ge=1, le=64, strict=True, description="countries that `all-countries` runs at the same time"
    )
    work_pool: str = Field("ibf", min_length=1, description="Prefect work pool of all deployments but `observe-event`")
    observation_pool: str | None = Field(
        None,
        min_length=1,
        description="Prefect work pool of `observe-event`, whose runs wait hours for an order; `<work_pool>-observe` "
        "if none is given",
    )
    work_pool_type: Literal["process", "docker", "kubernetes"] = Field(
        "process", description="how the pools start runs; a pool that exists already keeps its own"
    )
    job_variables: JobVariables = Field(
        {},
        description="variables of every job, by the names of the work pool's base job template, e.g. image, "
        "memory_limit, env; a country and a hazard may say otherwise",
    )
    intake_schedule: Cron | None = Field(None, description="cron (UTC) of the intake; not scheduled if none is given")
    finished_by: Cron = Field(
        "30 20 * * *", description="cron (UTC) of the heartbeat: by then every country's run of the day has ended"
    )
    late_after_minutes: int = Field(
        30, ge=1, le=1440, strict=True, description="a scheduled run that has not begun by then is reported as late"
    )
    portal_attempts: int = Field(
        12, ge=1, le=100, strict=True, description="a day whose portal was unreachable is tried again so often at most"
    )
    portal_attempt_minutes: int = Field(
        10, ge=1, le=240, strict=True, description="between two of these attempts, and before the first"
    )
    portal_attempt_hours: int = Field(
        6, ge=1, le=24, strict=True, description="after the first failure of the day, none of them begins any more"
    )
    history_days: int | None = Field(
        90,
        ge=SHORTEST_HISTORY,
        strict=True,
        description="for how long Prefect's server keeps ended runs of ours, with their logs and artifacts; for ever "
        "if it is null",
    )
    notification_block: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]+/[a-z0-9-]+$",
        description="Prefect block that messages go to, type/name, e.g. slack-webhook/ibf; none: no messages",
    )
    reports_url: str | None = Field(
        None, pattern=r"^https?://", description="where the folder of the runs is served, for links to reports"
    )

    @property
    def pool_of_observations(self) -> str:
        """The work pool of `observe-event`."""
        return self.observation_pool or f"{self.work_pool}-observe"


class Settings(Section):
    """What is the same for every country."""

    paths: Paths = Paths()
    records: str | None = Field(
        None,
        description="database (URL of SQLAlchemy, `${NAME}` from the environment) of what was published, of inbox and "
        "order book; records.sqlite in the folder of the runs if none is given",
    )
    records_password_variable: str = Field(
        "IBF_RECORDS_PASSWORD",
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="environment variable with the password of a database server whose URL has none",
    )
    store: StoreSettings | None = Field(
        None, description="files that several machines share; none: they stay in the folders of this machine"
    )
    keep_days: LocalRetentionDays = LocalRetentionDays()
    sources: dict[SourceName, SourceSettings]
    inputs: InputCacheSettings = Field(InputCacheSettings(), description="bounds of the cache of fetched forecasts")
    targets: dict[str, Target]
    glofas_process_ids: dict[GlofasVersion, tuple[int, ...]] = Field(
        {"4": (5,)}, description="GRIB generating process ids of each GloFAS version"
    )
    glofas_background_ids: dict[GlofasVersion, tuple[int, ...]] = Field(
        {"4": (21,)}, description="GRIB background process ids of each GloFAS version; both ids must be of one version"
    )
    operations: Operations = Operations()

    @property
    def discharge_sources(self) -> dict[str, DischargeSection]:
        """Those of the sources that give river discharge, by name."""
        return {name: chosen for name, chosen in self.sources.items() if isinstance(chosen, DischargeSection)}
