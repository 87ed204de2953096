"""Somewhere to publish to: a section of `settings.yaml`, one model a kind of target.

A further kind is a subclass of `TargetSettings` in `TARGET_KINDS`, and how it is opened in `flows/wiring/targets.py`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from ibf_pipeline.config.discriminator import KindDiscriminator
from ibf_pipeline.config.section import LocalFolder, Section, Url


class TargetSettings(Section):
    """What all kinds of targets have."""

    words: ClassVar[str]
    """what such a target is, for people: a folder of files"""
    can_notify: ClassVar[bool] = True
    """whether there are people whom it can notify"""
    has_portal: ClassVar[bool] = False
    """whether it shows the events that are open, and can be asked for them"""

    kind: str
    notifications: bool = Field(True, description="whether runs may send mail through this target")
    exercises: bool = Field(False, description="whether scenarios may be published here")
    test_target: bool = Field(False, description="a future issue date is accepted here")
    hold_hours: float = Field(
        12, gt=0, le=168, description="how long a held notification waits for approval; afterwards nobody is notified"
    )

    @property
    def notifies(self) -> bool:
        """Whether anybody may be mailed by it: no folder, no server of our own, not without notifications."""
        return self.can_notify and self.notifications and not self.is_set_up_here

    @property
    def address(self) -> str | None:
        """Where it is, for people; None if it has no address of its own."""
        return None

    @property
    def knows_countries(self) -> bool:
        """Whether it can be asked for countries that nobody here has set up."""
        return False

    @property
    def is_set_up_here(self) -> bool:
        """Whether it is set up with the country's own boundaries and stations, which must be there before."""
        return False


class IbfTargetSettings(TargetSettings):
    """An IBF API."""

    words = "an IBF server"
    has_portal = True

    kind: Literal["ibf"] = Field(description="an IBF API")
    url: Url | None = Field(None, description="of the API, with or without /api at the end")
    embedded_sandbox: bool = Field(False, description="start the built-in sandbox server for this target")
    email_variable: str = Field("IBF_EMAIL", description="environment variable with the account's e-mail")
    password_variable: str = Field("IBF_PASSWORD", description="environment variable with its password")
    capabilities: Literal["auto", "described", "current"] = Field(
        "auto", description="how the server is spoken to; auto asks its OpenAPI document and says what it chose and why"
    )
    mails_countries: tuple[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], ...] | None = Field(
        None,
        description="countries that this server can make a mail about; by default the nine whose time zone the server "
        "of today knows: UGA, KEN, ETH, ZMB, MWI, ZWE, PHL, SSD and LSO",
    )
    timeout_seconds: float = Field(60, gt=0, le=600, description="of waiting for an answer")
    attempts: int = Field(5, ge=1, le=20, strict=True, description="tries of a call that may be repeated")
    keep_trying_seconds: float = Field(
        600,
        ge=0,
        le=3600,
        strict=True,
        description="how long publishing tries a call again, from its first failure, while the server is down "
        "(connection errors, 429, 502, 503, 504), however many `attempts` that takes; never the notification",
    )

    @property
    def address(self) -> str | None:
        """The url of the API."""
        return self.url

    @property
    def knows_countries(self) -> bool:
        """Not the sandbox: it knows what it is given."""
        return self.url is not None

    @property
    def is_set_up_here(self) -> bool:
        """The sandbox, with each country that it is started for."""
        return self.embedded_sandbox

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.embedded_sandbox == (self.url is not None):
            raise ValueError("an ibf target has either a url or embedded_sandbox: true")
        return self


class FilesTargetSettings(TargetSettings):
    """A folder of files."""

    words = "a folder of files"
    can_notify = False

    kind: Literal["files"] = Field(description="files for QGIS, spreadsheets and shadow runs")
    folder: LocalFolder = Field(
        description="floods lie in <folder>/<ISO3>/<issue date>/, others in <folder>/<ISO3>/<hazard>/<issue time>/"
    )

    @property
    def address(self) -> str | None:
        """The folder."""
        return self.folder


TARGET_KINDS: Final[dict[str, type[TargetSettings]]] = {"ibf": IbfTargetSettings, "files": FilesTargetSettings}
"""kind -> the model of its section"""

Target = Annotated[TargetSettings, KindDiscriminator(TARGET_KINDS)]
"""A section of `targets` in `settings.yaml`."""
