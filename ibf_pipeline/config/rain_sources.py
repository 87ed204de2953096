"""The configuration of sources of rain and of water levels: one model for each kind, for `config/sources.SOURCE_KINDS`.

How they are opened: `flows/wiring/rain_sources.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from ibf_pipeline.config.section import Section, SourceFolder, StaticFile, Url
from ibf_pipeline.config.source_section import ArchiveSection, RequestsSection, SourceSection, Variable

_FILES: Final = {
    "forecast": ("forecast/%Y%m%d%H/*", 6.0),
    "nowcast": ("nowcast/%Y%m%d%H%M/*", 1.0),
    "observed": ("observed/%Y%m%d/*", 24.0),
}
"""role -> where its files lie and hours from one time stamp to the next, if the settings say neither"""
Degrees = Annotated[float, Field(ge=-180, le=180)]


def require_path_of_files(pattern: str) -> None:
    """ValueError if a pattern of files is not a path below a root with wildcards in the file's name alone."""
    folder, _, name = pattern.rpartition("/")
    if pattern.startswith("/") or ".." in pattern.split("/") or any(mark in folder for mark in "*?["):
        raise ValueError(f"files: {pattern!r}: write a path below it, with `*` in the file's name alone")
    if not name:
        raise ValueError(f"files: {pattern!r} names no file: end it with `/*` if all of a folder are meant")


class ReadsSection(Section):
    """What its files do not say themselves; docs/rain.md."""

    variable: str | None = Field(None, min_length=1, description="name in netCDF, shortName in GRIB")
    unit: str | None = Field(None, min_length=1, description="of amounts or rates, e.g. mm or mm/h")
    amounts: Literal["from-start", "buckets", "step", "rate"] | None = Field(
        None, description="what an amount fell in: since the run began, since a bucket began, in a step; or a rate"
    )
    stamp: Literal["start", "middle", "end"] | None = Field(
        None, description="where in its step a time stamp lies; of amounts per step and rates"
    )
    step_minutes: int | None = Field(None, ge=1, le=1440, strict=True, description="length of a step")
    bucket_hours: int | None = Field(None, ge=1, le=240, strict=True, description="after which amounts restart")
    missing_above: float | None = Field(
        None, description="in the file's unit: larger values are the product's way to say that there is none"
    )
    north_pole: tuple[Degrees, Degrees] | None = Field(
        None, description="lat, lon of a rotated grid's pole if the file keeps it to itself"
    )


class BlockWaiting(Section):
    """When a sensor looks for the cycle of a block, in hours after the block began."""

    first_look_h: float = Field(
        3.5,
        ge=0,
        le=24,
        description="hours: when it is there at the earliest; a source with `waiting`, be it `{}`, has a sensor",
    )
    until_h: float = Field(9, gt=0, le=30, description="hours: when it stops; then an older cycle has to do")
    every_minutes: float = Field(10, gt=0, le=120, description="time between two looks")

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.first_look_h >= self.until_h:
            raise ValueError(f"first_look_h is {self.first_look_h:g} and until_h {self.until_h:g}: no time to wait in")
        return self


class RainSection(SourceSection):
    """What all sources of flash floods have."""

    hazards: ClassVar[tuple[str, ...]] = ("flash-floods",)


class ForecastSection(RainSection):
    """What sources of forecasts have."""

    waiting: BlockWaiting = Field(
        BlockWaiting(),
        description="when its sensor looks for the cycle of a block; it has one if this key is there (`{}`: defaults)",
    )


class GfsSection(ForecastSection, RequestsSection):
    """GFS 0.25 degree from a public archive, without an account: of its files the precipitation alone."""

    kind: Literal["gfs"] = Field(description="GFS precipitation from a public archive")
    url: Url = Field(
        "https://noaa-gfs-bdp-pds.s3.amazonaws.com", description="of the archive, above gfs.<YYYYMMDD>/; or a mirror"
    )
    step_hours: Literal[1, 3, 6] = Field(1, description="between its files that are fetched: 1, 3 or 6")


class EcmwfOpenDataSection(ForecastSection, RequestsSection):
    """ECMWF's open data, without an account: its ensemble or its single run, of its files the precipitation alone."""

    kind: Literal["ecmwf-open-data"] = Field(description="precipitation of ECMWF's open data")
    run: Literal["ensemble", "single"] = Field(
        "ensemble",
        description="ensemble: 51 members, about 600 MB a run, and probabilities; single: its control alone, 12 MB",
    )
    url: Url = Field(
        "https://data.ecmwf.int/forecasts",
        description="of the archive, above <YYYYMMDD>/; or a mirror, such as ECMWF's own at Amazon or Google",
    )
    parallel: int = Field(4, ge=1, le=16, strict=True, description="messages fetched at a time")


class ImergSection(RainSection, RequestsSection):
    """IMERG, NASA's half-hourly rain seen from satellites, with the token of an Earthdata account."""

    kind: Literal["imerg"] = Field(description="IMERG rain from NASA's archive")
    run: Literal["late", "early"] = Field(description="early: about 5 hours after the rain; late: about 14, and better")
    version: str = Field("07", pattern=r"^\d\d$", description="of the algorithm, in quotation marks")
    url: Url = Field(
        "https://data.gesdisc.earthdata.nasa.gov/data/GPM_L3",
        description="of the archive, above GPM_3IMERGHHL.07/ and GPM_3IMERGHHE.07/; the token goes nowhere else",
    )
    catalogue: Url = Field(
        "https://cmr.earthdata.nasa.gov/search", description="of NASA's catalogue, which says what there is"
    )
    token_variable: Variable = Field(
        "EARTHDATA_TOKEN", description="environment variable with the account's token, which lives for 60 days"
    )


class RainFilesSection(ForecastSection):
    """What sources of gridded rain in files have."""

    files: str = Field(
        "",
        description="below it, as strftime writes the beginning of a run, or of observations the hour or day; `*` and "
        "`?` in the file's name alone. Default forecast/%Y%m%d%H/*, nowcast/%Y%m%d%H%M/*, observed/%Y%m%d/*",
    )
    every_hours: float = Field(
        0,
        ge=0,
        le=24,
        description="from one run, or one hour or day of observations, to the next; from 00 UTC on. Default 6, of "
        "nowcasts 1, of observations 24",
    )
    whole_h: int = Field(
        48,
        ge=1,
        le=384,
        strict=True,
        description="hours after its beginning to which a whole run reaches: one that ends earlier does not lead",
    )
    role: Literal["forecast", "nowcast", "observed"] = Field("forecast", description="what the rain in it is")
    origin: str = Field("", description="name for people, e.g. COSMO; default the source's own")
    reads: ReadsSection = ReadsSection()

    @model_validator(mode="after")
    def _only_forecasts_are_waited_for(self) -> Self:
        if "waiting" in self.model_fields_set and self.role != "forecast":
            raise ValueError(f"waiting: a block waits for its forecast, and not for what is {self.role}: leave it out")
        return self

    @model_validator(mode="after")
    def _moments_told_apart(self) -> Self:
        require_path_of_files(self.pattern)
        if 24 / self.hours_between % 1:
            raise ValueError(
                f"every_hours: {self.hours_between:g} does not divide a day: write e.g. 0.25, 1, 6, 12, 24"
            )
        midnight = datetime(2026, 1, 31, tzinfo=UTC)
        next_one = midnight + timedelta(hours=self.hours_between)
        if f"{midnight:{self.pattern}}" == f"{next_one:{self.pattern}}":
            raise ValueError(
                f"files: {self.pattern!r} is the same {self.hours_between:g} hours later: write the hour too (%H), or "
                "a larger every_hours"
            )
        return self

    @property
    def pattern(self) -> str:
        """`files`, or what its role has by default."""
        return self.files or _FILES[self.role][0]

    @property
    def hours_between(self) -> float:
        """`every_hours`, or what its role has by default."""
        return self.every_hours or _FILES[self.role][1]


class RainFolderSection(RainFilesSection):
    """Gridded rain in a folder of this machine: forecasts, nowcasts or observations."""

    kind: Literal["rain-folder"] = Field(description="gridded rain in a folder of this machine")
    root: SourceFolder = Field(description="folder above its files")


class RainObjectStoreSection(RainFilesSection, ArchiveSection, RequestsSection):
    """Gridded rain in an archive that fsspec can read, or on a web server that lists its folders."""

    kind: Literal["rain-object-store"] = Field(description="gridded rain in an archive that fsspec reads")


class ReadingsSection(RainSection):
    """What sources of a gauge's readings have."""

    root: SourceFolder = Field(description="folder above the files of readings, CSV or JSON")
    moment: str = Field("time", min_length=1, description="column or key of a reading's moment: ISO, or yymmddHHMMSS")


class RainGaugesSection(ReadingsSection):
    """Rain gauges: files of readings, and a table below the country's static data that says where they stand."""

    kind: Literal["rain-gauges"] = Field(description="readings of rain gauges")
    gauges: StaticFile = Field(
        "rain_gauges.csv",
        description="table below the country's static data: code, lat, lon and, if it has one, area",
    )
    files: str = Field(
        "{code}.*", pattern=r"\{code\}", description="names of a gauge's files, below root; `{code}` is the gauge's"
    )
    amount: str = Field("rain", min_length=1, description="column or key of what it measured, mm")
    is_counter: bool = Field(True, description="readings go on counting; else each is what fell since the one before")


class WaterLevelsSection(ReadingsSection):
    """Water levels at the gauges that the country's key `gauges` names."""

    kind: Literal["water-levels"] = Field(description="readings of water level gauges")
    files: str = Field(
        "{fid}.*", pattern=r"\{fid\}", description="names of a gauge's files, below root; `{fid}` is the gauge's"
    )
    level: str = Field("level", min_length=1, description="column or key of what it measured")
    unit: Literal["m", "cm", "mm"] = Field("m", description="of the readings")


RAIN_KINDS: Final[dict[str, type[SourceSection]]] = {
    "gfs": GfsSection,
    "ecmwf-open-data": EcmwfOpenDataSection,
    "imerg": ImergSection,
    "rain-folder": RainFolderSection,
    "rain-object-store": RainObjectStoreSection,
    "rain-gauges": RainGaugesSection,
    "water-levels": WaterLevelsSection,
}
"""kind -> the model of its section"""
