"""What is configured of one country for flash floods."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.exposure import AcceptedDoubts, ExposureLayers
from ibf_pipeline.config.section import Probability, Section, StaticFile
from ibf_pipeline.domain.names import is_name, same_name

Duration = Annotated[int, Field(ge=1, le=48, strict=True, description="whole hours")]
_PlaceCode = Annotated[str, Field(min_length=1)]


class Probabilities(Section):
    """Shares of the members of an ensemble; a single run exceeds or does not."""

    trigger: Probability = Field(0.5, description="0..1, share of the members that make a trigger; uncalibrated")
    warning: Probability = Field(0.3, description="0..1, share of the members that make a warning; uncalibrated")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.warning > self.trigger:
            raise ValueError(f"warning {self.warning:g} is larger than trigger {self.trigger:g}: triggers are rarer")
        return self


class FlashFloodCountry(CountryHazard):
    """What is configured of one country for flash floods."""

    hazard: ClassVar[str] = "flash-floods"

    districts: dict[str, tuple[_PlaceCode, ...]] = Field(
        min_length=1, description="name of each event as the portal shows it: place codes of its areas"
    )
    durations_h: tuple[Duration, ...] = Field(
        (1, 2, 4, 12, 24, 48), min_length=1, description="hours over which rain is summed, the library has floods of"
    )
    small_lag: tuple[_PlaceCode, ...] | None = Field(
        None, description="areas that answer to short rain: only they are judged by small_lag_durations_h; default all"
    )
    small_lag_durations_h: tuple[Duration, ...] = Field(
        (1, 2, 4), description="those of the durations that count in the areas of small_lag alone"
    )
    upstream: StaticFile | None = Field(
        None, description="file below the static data: which areas' rain runs to which area; default each its own"
    )
    people_threshold: float = Field(
        20, ge=0, le=1_000_000, description="people; an area is alerted if more of them are affected"
    )
    area_thresholds: StaticFile | None = Field(
        None, description="file below the static data with other numbers of people for single areas"
    )
    warning_from_h: int = Field(
        15, ge=1, le=49, strict=True, description="hours; from this lead time on there are no triggers, only warnings"
    )
    tail_h: int = Field(
        120, ge=0, le=240, strict=True, description="hours that a trigger stays at 0-hour after its last exceedance"
    )
    oldest_cycle_h: int = Field(
        12, ge=0, le=36, strict=True, description="hours before the block that a forecast's cycle may lie back"
    )
    probability: Probabilities = Probabilities()
    library: StaticFile = Field("flash_floods", description="folder below the static data with the library of floods")
    gauges: StaticFile | None = Field(
        None, description="file below the static data: reference and alert levels of water level gauges; default none"
    )
    minimum_depth_m: float = Field(0.1, gt=0, le=5, description="metres; shallower water reaches nobody")
    further_layers: ExposureLayers = Field((), description="more exposure rasters, one indicator each")
    raster_arcsec: float = Field(
        3, ge=0.5, le=60, description="arc-seconds, cell of the extents; people are counted at the library's resolution"
    )
    accepted_doubts: AcceptedDoubts = ()

    @property
    def further_indicators(self) -> tuple[str, ...]:
        """Of its further exposure layers."""
        return tuple(layer.indicator for layer in self.further_layers)

    @model_validator(mode="after")
    def _districts_fit(self) -> Self:
        names = Counter(same_name(name) for name in self.districts)
        for name, codes in self.districts.items():
            if not is_name(name) or "_" in name or names[same_name(name)] > 1:
                raise ValueError(
                    f"districts: {name!r} cannot name an event: write a name that stands once, without `_`, which the "
                    "portal cuts"
                )
            if not codes:
                raise ValueError(f"districts: {name} has no areas")
        times = Counter(code for codes in self.districts.values() for code in codes)
        twice = [code for code, number in times.items() if number > 1]
        if twice:
            raise ValueError(f"districts: area {twice[0]} stands twice: an area belongs to one event")
        unknown = [code for code in self.small_lag or () if code not in times]
        if unknown:
            raise ValueError(f"small_lag: area {unknown[0]} is in no district")
        return self

    @model_validator(mode="after")
    def _one_level(self) -> Self:
        if self.admin_levels != (self.default_admin_level,):
            raise ValueError(
                f"admin_levels: flash floods are of one level, write [{self.default_admin_level}], that of the areas "
                f"below districts; found {list(self.admin_levels)}"
            )
        return self

    @model_validator(mode="after")
    def _durations_fit(self) -> Self:
        if list(self.durations_h) != sorted(set(self.durations_h)):
            raise ValueError(f"durations_h: list every duration once, smallest first; found {list(self.durations_h)}")
        if self.small_lag is not None and set(self.durations_h) <= set(self.small_lag_durations_h):
            raise ValueError("small_lag_durations_h: areas without a small lag would have no duration left")
        return self
