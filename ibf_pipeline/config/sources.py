"""The configuration of sources: one model for each kind of service, in a table.

A further kind is a subclass of `SourceSection` in `SOURCE_KINDS`, and how it is opened in `flows/wiring`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from ibf_pipeline.config.discriminator import KindDiscriminator
from ibf_pipeline.config.rain_sources import RAIN_KINDS
from ibf_pipeline.config.section import GlofasVersion, Section, SourceFolder, Url
from ibf_pipeline.config.source_section import ArchiveSection, RequestsSection, SourceSection, Variable
from ibf_pipeline.config.track_sources import TRACK_KINDS
from ibf_pipeline.domain.lead_times import LEAD_TIMES

ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description='UTC, in quotation marks: "14:30"')]
_MOST_LEAD_TIMES = 30
"""of the longest forecast that GloFAS has delivered"""


class Waiting(Section):
    """When a sensor looks for the day's forecast."""

    first_look: ClockTime = Field(
        "10:00",
        description="UTC: when it is there at the earliest; a source with `waiting`, be it `{}`, has a sensor",
    )
    until: ClockTime = Field(
        "20:00",
        description="UTC: when it stops; up to here an incomplete ensemble is waited for. A time before `first_look` "
        "is on the next morning",
    )
    every_minutes: float = Field(10, gt=0, le=120, description="time between two looks")

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.first_look == self.until:
            raise ValueError(f"first_look and until are both {self.until}: there is no time to wait in")
        return self


class DischargeSection(SourceSection):
    """What all sources of river discharge have."""

    hazards: ClassVar[tuple[str, ...]] = ("floods",)

    glofas_version: GlofasVersion | None = Field(
        None, description="declared version of files that do not carry one themselves"
    )
    waiting: Waiting = Field(
        Waiting(),
        description="when its sensor looks for the day's forecast; it has one if this key is there (`{}`: defaults)",
    )


class FileSection(DischargeSection):
    """What sources of finished files have."""

    lead_times_key: ClassVar[str] = "lead_times"

    lead_times: int | None = Field(
        None,
        ge=len(LEAD_TIMES),
        le=_MOST_LEAD_TIMES,
        strict=True,
        description="lead times in its files, 0-day counted, if they are known: a country whose `horizon` needs "
        "more is refused before anything is fetched; otherwise when the files are read",
    )

    @property
    def lead_times_given(self) -> int | None:
        """As the settings say it."""
        return self.lead_times


class FolderSection(FileSection):
    """Forecast files in `<root>/<YYYYMMDD>/`: GRIB2 or netCDF under any name, or the archive that held them."""

    kind: Literal["folder"] = Field(description="files in a folder of this machine")
    root: SourceFolder = Field(description="folder with a folder for each issue date")


class RemoteSection(FileSection, RequestsSection):
    """What sources have that fetch files over a network."""

    margin: float = Field(0.25, ge=0.05, le=5, description="degrees around the country's stations that are kept")
    parallel: int = Field(4, ge=1, le=16, strict=True, description="files fetched at a time")
    attempts: int = Field(5, ge=1, le=20, strict=True, description="tries of a file; each goes on where the last broke")
    keep_raw: bool = Field(False, description="keep the files as delivered beside the cuts: about 30 GB a day by FTP")


class FtpSection(RemoteSection):
    """ECMWF's file server: `<folder>/<YYYYMMDD>/dis_<NN>_<YYYYMMDD>00.nc`, global, cut to the countries on arrival."""

    kind: Literal["ftp"] = Field(description="ECMWF's file server")
    host: str = Field("aux.ecmwf.int", min_length=1, description="name of the server")
    port: int = Field(21, ge=1, le=65535, strict=True, description="of its control connection")
    tls: bool = Field(False, description="FTP over TLS, if the server offers it")
    folder: str = Field("DATA/CEMS_Flood_Glofas/fc_netcdf", description="on the server, above the issue dates")
    user_variable: Variable = Field("GLOFAS_FTP_USER", description="environment variable with the account's name")
    password_variable: Variable = Field("GLOFAS_FTP_PASSWORD", description="environment variable with its password")


class ObjectStoreSection(ArchiveSection, RemoteSection):
    """An archive that fsspec can read: `<url>/<YYYYMMDD>/` in one of the layouts of the folder source."""

    kind: Literal["object-store"] = Field(description="files in an archive that fsspec reads")


class EwdsSection(DischargeSection, RequestsSection):
    """The CEMS Early Warning Data Store: control and perturbed members as GRIB2, for the country's stations alone."""

    kind: Literal["ewds"] = Field(description="orders of the Early Warning Data Store")
    url: Url = Field("https://ewds.climate.copernicus.eu/api", description="of the service's API")
    dataset: str = Field("cems-glofas-forecast", min_length=1, description="name of the collection")
    key_variable: Variable = Field("EWDS_KEY", description="environment variable with the account's key")
    margin: float = Field(0.25, ge=0.05, le=5, description="degrees around the country's stations that are ordered")
    days: int = Field(
        len(LEAD_TIMES),
        ge=len(LEAD_TIMES),
        le=_MOST_LEAD_TIMES,
        strict=True,
        description="lead times ordered, 0-day to the last; a country's `horizon` needs one more than its days",
    )
    request: dict[str, str | list[str]] = Field(
        default_factory=dict,
        description="keys of the order that differ from ours, e.g. a renamed variable; an empty list leaves a key out",
    )
    fields_per_request: int = Field(
        1000, ge=1, strict=True, description="members x lead times of one order; more are split into several"
    )
    check: bool = Field(True, description="hold orders against the service's own form and constraints first")
    queue_minutes: float = Field(90, gt=0, le=1440, description="how long an order may wait and run")
    longest_poll_seconds: float = Field(30, gt=0, le=600, description="between two questions after its state")
    attempts: int = Field(5, ge=1, le=20, strict=True, description="tries of a call or download that may be repeated")
    retry_seconds: float = Field(20, gt=0, le=600, description="between two tries")
    again_minutes: float = Field(
        30, ge=0, le=1440, description="an incomplete ensemble is not ordered again before, however often it is looked"
    )

    lead_times_key: ClassVar[str] = "days"

    @property
    def lead_times_given(self) -> int | None:
        """As many as are ordered."""
        return self.days


class RunSection(DischargeSection):
    """Past days again, from the `forecast.nc` that their runs kept; no raw file is needed."""

    kind: Literal["run"] = Field(description="what earlier runs kept")
    runs: SourceFolder | None = Field(None, description="folder of the runs; default <paths.runs>")


class OpenMeteoSection(DischargeSection, RequestsSection):
    """Open-Meteo's flood API, for trying only: GloFAS discharge without an account, of an unknown run and version.

    Non-commercial use; its data are CC BY 4.0. No target that notifies people accepts it.
    """

    kind: Literal["open-meteo"] = Field(description="Open-Meteo's flood API, for trying only")
    url: Url = Field("https://flood-api.open-meteo.com/v1/flood", pattern=r"^[^?]*$", description="of the service")
    calls_per_minute: float = Field(
        300,
        gt=0,
        description="as the service counts them: stations x variables / 10 x fortnights; free use allows 600",
    )
    archive_years: tuple[int, int] = Field(
        (2002, 2021),
        description="first and last year of its archive that thresholds are held against; at least 10 years",
    )
    archive_days: float = Field(7, ge=0, le=90, description="for how long an answer of its archive is believed")
    attempts: int = Field(3, ge=1, le=20, strict=True, description="tries of a request")

    is_trial: ClassVar[bool] = True

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.glofas_version is not None:
            raise ValueError("the service does not say which GloFAS version it serves: leave out glofas_version")
        first, last = self.archive_years
        if not 1984 <= first <= last - 9:
            raise ValueError("archive_years: the archive begins in 1984, and fewer than 10 years tell nothing")
        return self


class GeneratedSection(DischargeSection):
    """Made-up ensembles of today and the days before, for trying everything out without any service.

    Only test targets take them; runs, reports and pictures say what they are.
    """

    kind: Literal["generated"] = Field(description="made-up forecasts, for test targets alone")
    story: tuple[str, ...] = Field(
        min_length=1,
        description="wish lists as `ibf-pipeline scenario` takes them, one a day; after the last the first again",
    )
    days: int = Field(7, ge=1, le=366, strict=True, description="issue dates that it has, the last is today's")

    is_made_up: ClassVar[bool] = True

    @model_validator(mode="after")
    def _of_no_model(self) -> Self:
        if self.glofas_version is not None:
            raise ValueError("no GloFAS version made these forecasts: leave out glofas_version")
        return self


SOURCE_KINDS: Final[dict[str, type[SourceSection]]] = {
    "folder": FolderSection,
    "object-store": ObjectStoreSection,
    "ftp": FtpSection,
    "ewds": EwdsSection,
    "open-meteo": OpenMeteoSection,
    "generated": GeneratedSection,
    "run": RunSection,
    **RAIN_KINDS,
    **TRACK_KINDS,
}
"""kind -> the model of its section"""

SourceSettings = Annotated[SourceSection, KindDiscriminator(SOURCE_KINDS)]
"""A section of `sources` in `settings.yaml`."""


class InputCacheSettings(Section):
    """The cache of fetched forecasts."""

    largest_gigabytes: float = Field(20, gt=0, description="beyond it the days that were not used longest are deleted")
    keep_hours: float = Field(24, ge=1, description="what was used within this time is never deleted")
