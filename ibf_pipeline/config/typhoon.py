"""What is configured of one country for typhoon."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.exposure import AcceptedDoubts
from ibf_pipeline.config.section import Probability, Section, StaticFile


def _quoted(code: object) -> object:
    """YAML takes 02 for the number 2: the zero is lost before anybody sees it."""
    if isinstance(code, int | float):
        raise ValueError("a code is text: write it in quotation marks, with its leading zeros")
    return code


_PlaceCode = Annotated[str, BeforeValidator(_quoted)]
_LonLat = tuple[Annotated[float, Field(ge=-180, le=360)], Annotated[float, Field(ge=-90, le=90)]]
Speed = Annotated[float, Field(gt=0, le=400)]


class WindSettings(Section):
    """The wind around a storm's centre."""

    penv_hpa: float = Field(1010, ge=980, le=1030, description="hPa, pressure around the storm")
    radius: Literal["pressure", "message", "gale"] = Field(
        "pressure",
        description="radius of the largest wind: from the pressure (a published fit), where the message has that wind, "
        "which its grid makes coarse, or from how far its gale reaches (34 kt, a published fit)",
    )
    cell_degrees: float = Field(0.1, ge=0.02, le=0.5, description="degrees, of the grid on which wind is computed")
    factor: float = Field(1, ge=1, le=2, description="every wind of the forecast is multiplied by it")


class Vulnerability(Section):
    """What wind does to houses: Emanuel (2011)."""

    v_threshold: float = Field(25.7, ge=10, le=60, description="m/s, 1-minute; weaker wind damages nothing")
    v_half: tuple[Speed, Speed] = Field(
        (84.7, 188.4), description="m/s, 1-minute, at which half of the value is lost: a strong and a weak curve"
    )
    shown: Literal["high", "low"] = Field("high", description="which of the two the portal's one number is of")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if not self.v_threshold < self.v_half[0] <= self.v_half[1]:
            raise ValueError(f"v_half: {list(self.v_half)}: write the smaller one first, both above v_threshold")
        return self


class Calibration(Section):
    """Why damage may trigger: how the curves did on past storms."""

    storms: int = Field(ge=1, strict=True, description="past storms that it was looked at")
    hits: int = Field(ge=0, strict=True, description="of them, in which it was right")
    checked: date = Field(alias="date", description="day of that look")

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.hits > self.storms:
            raise ValueError(f"hits {self.hits} of {self.storms} storms")
        return self


class TriggerAlternative(Section):
    """One way to a trigger; any one that is met makes one."""

    scope: Literal["country", "province", "regions"] = Field(description="what it is looked at in")
    regions: tuple[_PlaceCode, ...] = Field((), description="place codes; of scope regions, each is looked at alone")
    measure: Literal["wind_kmh", "houses_damaged", "areas_damaged_10_percent"] = Field(
        description="largest 10-minute wind in the scope, km/h; houses damaged in it; areas in it of whose houses 10 % "
        "are damaged"
    )
    amount: float = Field(gt=0, description="of the measure, reached or exceeded")
    probability: Probability | None = Field(
        None, description="0..1, share of the ensemble; left out: the mean over the ensemble"
    )
    within_h: int = Field(72, ge=1, le=168, strict=True, description="hours; looked at in storms no further away")
    not_later_than_h: int = Field(
        0, ge=0, le=168, strict=True, description="hours before landfall by which it must have been met first"
    )
    calibration: Calibration | None = Field(None, description="of damage: without it, it never triggers")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.scope == "regions") != bool(self.regions):
            raise ValueError("regions: name them if scope is regions, and only then")
        if self.not_later_than_h >= self.within_h:
            raise ValueError(f"within_h {self.within_h} leaves no time before not_later_than_h {self.not_later_than_h}")
        if self.measure == "wind_kmh" and self.calibration is not None:
            raise ValueError("calibration: wind needs none")
        return self


PUBLISHED: Final = (
    TriggerAlternative(
        scope="regions",
        regions=(
            "PH010000000", "PH020000000", "PH030000000", "PH040000000", "PH050000000", "PH060000000", "PH070000000",
            "PH080000000", "PH130000000", "PH140000000", "PH170000000",
        ),
        measure="wind_kmh",
        amount=185,
        probability=0.5,
        within_h=72,
    ),
    TriggerAlternative(
        scope="regions",
        regions=("PH110000000", "PH160000000"),
        measure="wind_kmh",
        amount=118,
        probability=0.5,
        within_h=72,
    ),
)  # fmt: skip
"""The wind alternative of the Philippine Red Cross' protocol 2024-2028: Luzon, Visayas, Bicol and Calabarzon; then
Caraga and Davao"""


class TyphoonCountry(CountryHazard):
    """What is configured of one country for typhoon."""

    hazard: ClassVar[str] = "typhoon"

    monitoring: tuple[_LonLat, ...] = Field(
        min_length=3,
        description="corners (lon, lat) of the polygon, east of 180 degrees as 190: storms are looked at that some "
        "member has in it",
    )
    province_level: int | None = Field(
        None, ge=1, le=4, strict=True, description="level of the provinces, above the areas; default none are known"
    )
    region_level: int | None = Field(
        None, ge=1, le=4, strict=True, description="level of the regions, above the provinces; default none are known"
    )
    wind: WindSettings = WindSettings()
    vulnerability: Vulnerability = Vulnerability()
    housing: StaticFile | None = Field(
        None, description="file below the static data: place_code, houses; default the houses are not known"
    )
    names: StaticFile | None = Field(
        None, description="file below the static data: name, local_name of storms; default they keep the message's"
    )
    triggers: tuple[TriggerAlternative, ...] = Field(
        PUBLISHED,
        description="any one makes a trigger; [] for warnings alone; default the wind alternative of the Philippine "
        "Red Cross' protocol 2024-2028, by its region codes",
    )
    area_wind_kmh: float = Field(89, gt=0, le=300, description="km/h, 10-minute; by this an area belongs to an event")
    area_probability: Probability = Field(
        0.1, description="0..1, share of the ensemble with that wind, or within 50 km"
    )
    people_kmh: float = Field(
        89, gt=0, le=300, description="km/h, 10-minute; people are affected where the wind is at least this"
    )
    landfall_km: float = Field(15, ge=0, le=50, description="km; a closer pass of the reference is shown as landfall")
    landfall_probability: Probability = Field(0.3, description="0..1, share of crossing members shown as landfall")
    tail_h: int = Field(72, ge=0, le=240, strict=True, description="hours that areas keep their numbers once passed")
    members: int = Field(50, ge=1, le=200, strict=True, description="perturbed members of a whole cycle")
    fewest_members: int = Field(
        40, ge=1, le=200, strict=True, description="listed of a storm that was seen: with fewer the file is not whole"
    )
    rain: tuple[str, ...] = Field(
        (),
        description="names out of settings.yaml of sources of rain, for the portal's rainfall; default it is left out",
    )
    accepted_doubts: AcceptedDoubts = ()

    @field_validator("monitoring", mode="before")
    @classmethod
    def _longitude_first(cls, corners: Any) -> Any:
        """One error for all corners, if each would have its own."""
        listed = corners if isinstance(corners, list | tuple) else ()
        pairs = [each for each in listed if isinstance(each, list | tuple) and len(each) == 2]
        for lon, lat in pairs:
            if isinstance(lat, int | float) and abs(lat) > 90:
                raise ValueError(f"[{lon}, {lat}] has a latitude of {lat:g}: write [longitude, latitude]")
        return corners

    @model_validator(mode="after")
    def _one_level(self) -> Self:
        level = self.default_admin_level
        if self.admin_levels != (level,):
            raise ValueError(f"admin_levels: typhoon is of one level, write [{level}]; found {list(self.admin_levels)}")
        if self.province_level is not None and self.province_level >= level:
            raise ValueError(f"province_level {self.province_level} is not above the areas' level {level}")
        if self.region_level is not None and self.province_level is None:
            raise ValueError(
                f"region_level {self.region_level} without a province_level: name both, or province_level alone if "
                "one level is above the areas"
            )
        if self.region_level is not None and self.region_level >= (self.province_level or 0):
            raise ValueError(f"region_level {self.region_level} is not above province_level {self.province_level}")
        return self

    @model_validator(mode="after")
    def _scopes_known(self) -> Self:
        if self.triggers == PUBLISHED and self.region_level is None:
            raise ValueError(
                "triggers: they are those of the Philippines if none are written, by its regions: write the "
                "country's own, or [] for warnings alone"
            )
        for each in self.triggers:
            if each.scope == "regions" and self.region_level is None:
                raise ValueError("triggers: a scope of regions needs region_level, and boundaries of that level")
            if each.scope == "province" and self.province_level is None:
                raise ValueError("triggers: a scope of provinces needs province_level, and boundaries of that level")
        return self
