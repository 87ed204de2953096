"""What is configured of one country for floods."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.exposure import AcceptedDoubts, ExposureLayers
from ibf_pipeline.config.section import GlofasVersion, Probability, Section, StaticFile
from ibf_pipeline.config.thresholds import LaterThresholds, require_one_a_day, thresholds_on
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.domain.rule import ClassLimit, FloodRule, exact

ClassName = Literal["min", "med", "max"]

ReturnPeriod = Annotated[float, Field(ge=1, le=10_000, strict=True, description="years")]


_LONGEST_HORIZON = 15
"""days; where the medium-range forecast of GloFAS ends"""

_LeadTime = Annotated[int, Field(ge=LEAD_TIMES[0], le=_LONGEST_HORIZON, description="whole days", strict=True)]


class Classes(Section):
    """How a station's alert class follows from its probabilities (docs/design/floods.md, rule 1)."""

    rule: Literal["return-period", "probability", "disable"] = Field(
        "disable",
        description="return-period: one probability, a return period a class; probability: the other "
        "way round; disable: triggers only, no warnings",
    )
    return_period: ReturnPeriod | dict[ClassName, ReturnPeriod] | None = Field(
        None, description="years; with `return-period` one for each class that the country uses"
    )
    probability: Probability | dict[ClassName, Probability] | None = Field(
        None, description="0..1; with `probability` one for each class that the country uses"
    )

    @model_validator(mode="after")
    def _shape(self) -> Self:
        if self.rule == "disable":
            if self.return_period is not None or self.probability is not None:
                raise ValueError("with rule `disable` there are no classes: remove return_period and probability")
            return self
        names = ("return_period", "probability")
        vary, fix = names if self.rule == "return-period" else names[::-1]
        varying, fixed = getattr(self, vary), getattr(self, fix)
        if not isinstance(varying, dict) or isinstance(fixed, dict) or fixed is None:
            raise ValueError(f"rule `{self.rule}` takes one {fix} and a {vary} for each class (min, med, max)")
        if "max" not in varying:
            raise ValueError(f"{vary} names no class `max`, so no trigger could ever have a class")
        ordered = [varying[name] for name in ("min", "med", "max") if name in varying]
        if ordered != sorted(set(ordered)):
            raise ValueError(f"{vary} must grow from min over med to max, found {ordered}")
        return self


class Trigger(Section):
    """When a lead time of a station is a trigger."""

    return_period: ReturnPeriod = Field(description="years; a threshold of the station that must be exceeded")
    probability: Probability = Field(description="0..1, share of the members above that threshold: write 0.60 for 60 %")
    lead_time_limit: _LeadTime = Field(description="days, up to the `horizon`; later lead times can only warn")


class FloodMaps(Section):
    """Flood depth maps of the country and how events pick one (docs/design/floods.md, rules 7 and 10)."""

    return_periods: tuple[ReturnPeriod, ...] = Field(min_length=1, description="years; one map each")
    below_smallest: Literal["use-smallest", "empty"] = Field(
        "use-smallest", description="what an event below the smallest map gets"
    )
    event_return_period: Literal["largest", "first-trigger-day"] = Field(
        "largest", description="over all trigger lead times, or that of the first one"
    )
    minimum_depth: float = Field(0.1, gt=0, le=5, strict=True, description="metres; shallower water is dry land")
    permanent_water: StaticFile | None = Field(
        None, description="raster below the static data, > 0 where there is always water: no flood, no people there"
    )

    @field_validator("return_periods")
    @classmethod
    def _growing(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError(f"list every return period once, smallest first; found {list(value)}")
        return value


class People(Section):
    """What is counted and published for areas (docs/design/floods.md, rules 8 and 9)."""

    for_warnings: bool = Field(False, description="publish people for warnings too; otherwise 0")
    percentage: bool = Field(True, description="publish population_affected_percentage, a fraction 0..1")
    further_layers: ExposureLayers = Field((), description="more exposure rasters, one indicator each")


class Members(Section):
    """How complete an ensemble must be."""

    expected: int = Field(51, ge=1, le=200, strict=True, description="members of a complete forecast")
    minimum: int = Field(34, ge=1, le=200, strict=True, description="with fewer the run stops before publishing")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.minimum > self.expected:
            raise ValueError(f"minimum {self.minimum} is larger than expected {self.expected}")
        return self


class StationRules(Section):
    """How stations are judged and reported."""

    forecast_level: Literal["trigger-probability", "mean"] = Field(
        "trigger-probability", description="which discharge represents the ensemble (F11)"
    )
    suspect_below: float = Field(
        0.05, ge=0, lt=1, description="suspect if no member ever exceeds this share of the smallest threshold"
    )


class FloodCountry(CountryHazard):
    """What is configured of one country for floods."""

    hazard: ClassVar[str] = "floods"

    horizon: int = Field(
        LEAD_TIMES[-1],
        ge=LEAD_TIMES[-1],
        le=_LONGEST_HORIZON,
        strict=True,
        description="days; the last lead time that is looked at, which every source must give",
    )
    event_name: Literal["station_code", "station_name"] = Field(
        "station_code", description="the event's identity on the server (F4)"
    )
    classes: Classes = Classes()
    trigger: Trigger
    members: Members = Members()
    flood_maps: FloodMaps
    people: People = People()
    stations: StationRules = StationRules()
    thresholds_version: GlofasVersion = Field(
        description='GloFAS version that the thresholds were made with, in quotation marks, e.g. "4"'
    )
    later_thresholds: tuple[LaterThresholds, ...] = Field(
        (), description="sets of other GloFAS versions, each from an issue date on; until the first, `thresholds.json`"
    )
    accepted_versions: tuple[GlofasVersion, ...] = Field(
        (), description="other GloFAS versions that an operator accepts for these thresholds"
    )
    accepted_process_ids: tuple[int, ...] = Field(
        (), description="GRIB process ids that an operator accepts though no version is known for them"
    )
    accepted_background_ids: tuple[int, ...] = Field(
        (), description="GRIB background process ids, likewise; one that no file gives (255) needs none"
    )

    accepted_doubts: AcceptedDoubts = ()

    @model_validator(mode="after")
    def _rule_fits(self) -> Self:
        require_one_a_day(self.thresholds_version, self.later_thresholds)
        if self.trigger.lead_time_limit > self.horizon:
            raise ValueError(
                f"trigger.lead_time_limit {self.trigger.lead_time_limit} lies beyond the horizon of {self.horizon} "
                "days: lower it, or raise `horizon`"
            )
        top = flood_rule_classes(self.classes).get("max")
        trigger = ClassLimit(self.trigger.return_period, exact(self.trigger.probability))
        if top is not None and top != trigger:
            raise ValueError(
                f"trigger (return period {self.trigger.return_period:g}, probability {self.trigger.probability:g}) "
                f"does not fit the class max (return period {top.return_period:g}, probability "
                f"{float(top.probability):g}): make them equal"
            )
        return self

    def on(self, issue_date: date) -> FloodCountry:
        """As an issue date is judged: `thresholds_version` is that of the day's own set."""
        later = thresholds_on(self.later_thresholds, issue_date)
        return self if later is None else self.model_copy(update={"thresholds_version": later.version})

    @property
    def publishes_share(self) -> bool:
        """As the country wants it."""
        return self.people.percentage

    @property
    def further_indicators(self) -> tuple[str, ...]:
        """Of its further exposure layers."""
        return tuple(layer.indicator for layer in self.people.further_layers)

    @property
    def rule(self) -> FloodRule:
        """The flood rule that the forecast is judged by."""
        return FloodRule(
            class_rule=self.classes.rule,
            classes=flood_rule_classes(self.classes),
            trigger=ClassLimit(self.trigger.return_period, exact(self.trigger.probability)),
            trigger_lead_time_limit=self.trigger.lead_time_limit,
        )

    @property
    def lead_times_needed(self) -> int:
        """Every day up to the horizon, 0-day counted."""
        return self.horizon + 1


def flood_rule_classes(classes: Classes) -> dict[str, ClassLimit]:
    """Each class's return period and probability, whichever of the two varies."""

    def pick(value: float | dict[ClassName, float] | None, name: ClassName) -> float | None:
        return value.get(name) if isinstance(value, dict) else value

    limits: dict[str, ClassLimit] = {}
    names: tuple[ClassName, ...] = ("min", "med", "max")
    for name in names:
        period, probability = pick(classes.return_period, name), pick(classes.probability, name)
        if period is not None and probability is not None:
            limits[name] = ClassLimit(period, exact(probability))
    return limits
