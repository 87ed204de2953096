"""The configuration of sources of cyclone tracks: one model for each kind, for `config/sources.SOURCE_KINDS`.

How they are opened: `flows/wiring/track_sources.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ibf_pipeline.config.rain_sources import BlockWaiting, require_path_of_files
from ibf_pipeline.config.section import SourceFolder, Url
from ibf_pipeline.config.source_section import ArchiveSection, RequestsSection, SourceSection, Variable


def _name(value: str) -> str:
    if "/" in value:
        raise ValueError(f"{value!r}: a name in the cycle's folder, without its path")
    return value


FileName = Annotated[str, AfterValidator(_name)]


class TracksWaiting(BlockWaiting):
    """When a sensor looks for the tracks of a cycle, in hours after the cycle began."""

    first_look_h: float = Field(
        7,
        ge=0,
        le=24,
        description="hours: when they are there at the earliest; a source with `waiting`, be it `{}`, has a sensor",
    )
    until_h: float = Field(
        11.5, gt=0, le=30, description="hours: when it stops; that a cycle has no cyclone is known after about 10"
    )


class TracksSection(SourceSection):
    """What all sources of cyclone tracks have."""

    hazards: ClassVar[tuple[str, ...]] = ("typhoon",)

    waiting: TracksWaiting = Field(
        TracksWaiting(),
        description="when its sensor looks for the tracks of a cycle; it has one if this key is there (`{}`: defaults)",
    )


class EcmwfTracksSection(TracksSection, RequestsSection):
    """Cyclone tracks of ECMWF's open data, without an account: of its ensemble and its single run."""

    kind: Literal["ecmwf-tracks"] = Field(description="cyclone tracks of ECMWF's open data")
    url: Url = Field(
        "https://data.ecmwf.int/forecasts",
        description="of the archive, above <YYYYMMDD>/; or a mirror, such as ECMWF's own at Amazon or Google",
    )


class ListedTracksSection(TracksSection):
    """What sources of tracks in files have."""

    finished: FileName = Field(
        "",
        description="name in the cycle's folder, as strftime writes it and with `*` and `?`, of a file that ends every "
        "cycle, with a cyclone or without: with it and without tracks the cycle has none. Default there is none",
    )


class TracksFtpSection(ListedTracksSection, RequestsSection):
    """ECMWF's file server of WMO essential products: `<folder>/<YYYYMMDDHHMMSS>/`, a file a storm."""

    kind: Literal["tracks-ftp"] = Field(description="cyclone tracks on ECMWF's server of WMO essential products")
    host: str = Field("diss.ecmwf.int", min_length=1, description="name of the server")
    port: int = Field(21, ge=1, le=65535, strict=True, description="of its control connection")
    tls: bool = Field(False, description="FTP over TLS, if the server offers it")
    folder: str = Field("", description="on the server, above the folders of the cycles")
    files: tuple[FileName, ...] = Field(
        ("*ECEP*tropical_cyclone*", "*tropical_cyclone*ECEP*"),
        min_length=1,
        description="names of the files, with `*` and `?`; those of the ensemble, which hold the single run too",
    )
    settled_minutes: float = Field(
        15,
        ge=0,
        le=240,
        description="tracks are all there when the newest of them is so old, if `finished` does not tell it before",
    )
    user_variable: Variable = Field("ECMWF_FTP_USER", description="environment variable with the account's name")
    password_variable: Variable = Field("ECMWF_FTP_PASSWORD", description="environment variable with its password")


class TrackFilesSection(ListedTracksSection):
    """What sources of tracks in files of one's own have."""

    files: str = Field(
        "%Y%m%d%H/*",
        description="below it, as strftime writes the beginning of a cycle; `*` and `?` in the file's name alone",
    )

    @model_validator(mode="after")
    def _cycles_told_apart(self) -> Self:
        require_path_of_files(self.files)
        midnight = datetime(2026, 1, 31, tzinfo=UTC)
        if f"{midnight:{self.files}}" == f"{midnight + timedelta(hours=6):{self.files}}":
            raise ValueError(f"files: {self.files!r} is the same 6 hours later: write the hour too (%H)")
        return self


class TracksFolderSection(TrackFilesSection):
    """Cyclone tracks in a folder of this machine."""

    kind: Literal["tracks-folder"] = Field(description="cyclone tracks in a folder of this machine")
    root: SourceFolder = Field(description="folder above its files")


class TracksObjectStoreSection(TrackFilesSection, ArchiveSection, RequestsSection):
    """Cyclone tracks in an archive that fsspec can read, or on a web server that lists its folders."""

    kind: Literal["tracks-object-store"] = Field(description="cyclone tracks in an archive that fsspec reads")


TRACK_KINDS: Final[dict[str, type[SourceSection]]] = {
    "ecmwf-tracks": EcmwfTracksSection,
    "tracks-ftp": TracksFtpSection,
    "tracks-folder": TracksFolderSection,
    "tracks-object-store": TracksObjectStoreSection,
}
"""kind -> the model of its section"""
