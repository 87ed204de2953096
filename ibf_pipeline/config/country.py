"""What every hazard has of what is configured of one country: the keys that its file says once for all of them."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated, ClassVar, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator

from ibf_pipeline.config.job_variables import JobVariables
from ibf_pipeline.config.section import Cron, Encrypted, Section
from ibf_pipeline.config.static import StaticSources
from ibf_pipeline.errors import ConfigError


class CountryHazard(Section):
    """What is configured of one country for one hazard; each hazard has a model of its own with its further keys."""

    hazard: ClassVar[str]
    """name of the hazard and of its section: `hazards.<hazard>`"""

    iso3: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 3166 alpha-3 code in capitals")
    name: str = Field(min_length=1, description="as people write it")
    static: Annotated[str, Encrypted] | None = Field(
        None,
        description="folder or URL (file://, https://, s3://) of the static data; default <paths.static>/<ISO3>. What "
        "lies behind a URL is kept in <paths.inputs>/static/<ISO3> and fetched again if its size or tag changed",
    )
    static_sources: StaticSources = StaticSources()
    time_zone: str = Field(
        "UTC", description="IANA name of the zone in which clock times are written, e.g. Africa/Blantyre", min_length=1
    )
    admin_levels: tuple[Annotated[int, Field(ge=1, le=5, strict=True)], ...] = Field(
        min_length=1, description="exactly the levels of the IBF server for this country"
    )
    default_admin_level: int = Field(ge=1, le=5, strict=True, description="the level at which events exist")
    sources: tuple[str, ...] = Field(min_length=1, description="names out of settings.yaml, preferred one first")
    target: str = Field("sandbox", description="name out of settings.yaml")
    map_image: bool = Field(False, description="upload a map image with each event if the server takes one")
    schedule: Cron | None = Field(None, description="of the daily run; default operations.schedule of settings.yaml")
    awaits_static: bool = Field(
        False,
        description="its static data are not there yet: until they are, or it has had a run, it has no schedule and is "
        "asked for by no heartbeat",
    )
    job_variables: JobVariables = Field(
        {},
        description="of the jobs that run this country's days, laid over operations.job_variables of settings.yaml; "
        "those of a hazard over those of its country",
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{value!r} is not a time zone: write its IANA name, e.g. Africa/Blantyre") from None
        return value

    @model_validator(mode="after")
    def _levels_fit(self) -> Self:
        if list(self.admin_levels) != sorted(set(self.admin_levels)):
            raise ValueError(f"admin_levels: list every level once, smallest first; found {list(self.admin_levels)}")
        if self.default_admin_level not in self.admin_levels:
            raise ValueError(
                f"default_admin_level {self.default_admin_level} is not among admin_levels {list(self.admin_levels)}"
            )
        return self

    @classmethod
    def of(cls, country: CountryHazard) -> Self:
        """What is configured of a country for this model's hazard; ConfigError if it is of another one."""
        if not isinstance(country, cls):
            raise ConfigError(
                f"{country.iso3} is configured for {country.hazard} here",
                expected=f"a country with hazards.{cls.hazard}",
                remedy="name that hazard",
            )
        return country

    @property
    def zone(self) -> tzinfo:
        """The clocks of the country."""
        return ZoneInfo(self.time_zone)

    @property
    def deepest_admin_level(self) -> int:
        """The level of the mapping file."""
        return self.admin_levels[-1]

    @property
    def publishes_share(self) -> bool:
        """Whether the share of people affected is published, if the hazard has an indicator for it."""
        return True

    @property
    def further_indicators(self) -> tuple[str, ...]:
        """Indicators that the country has beside those of its hazard."""
        return ()

    @property
    def lead_times_needed(self) -> int:
        """How many lead times a source of the hazard must give, 0-day counted; 0 where it does not matter."""
        return 0

    def says_the_same_as(self, kept: object) -> bool:
        """Whether a run was made with this configuration, by what its manifest kept of it.

        A key that the version of that run did not know yet has its default there. Where its job ran, and what there is
        before the first run, does not matter.
        """
        try:
            before = type(self).model_validate(kept)
        except ValidationError:
            return False
        aside = {name: getattr(self, name) for name in ("job_variables", "awaits_static")}
        return before.model_copy(update=aside) == self
