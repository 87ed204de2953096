"""What stands to be affected beside people, and doubts about it that an operator accepts: of any hazard that counts."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from ibf_pipeline.config.section import Section, StaticFile

AcceptedDoubt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=12)]
"""long enough to be of one doubt and not of all that name a file"""
AcceptedDoubts = Annotated[
    tuple[AcceptedDoubt, ...],
    Field(
        description="doubts of the static data that an operator has looked into, each by words of its text (12 letters "
        "and more): they stay in the notes, and leave state, notices and the report's head"
    ),
]

_RESERVED_INDICATORS = frozenset(
    {
        "population_affected",
        "population_affected_percentage",
        "alert_threshold",
        "forecast_severity",
        "forecast_trigger",
    }
)
"""indicators of areas that are sent in any case; another layer under one of these names would replace them"""


class ExposureLayer(Section):
    """One raster of what stands to be affected, and the indicator it is published under."""

    indicator: str = Field(pattern=r"^\w+$", description="name of the IBF dynamic indicator")
    raster: StaticFile = Field(description="file below the country's static data")


def _own_indicators(value: tuple[ExposureLayer, ...]) -> tuple[ExposureLayer, ...]:
    names = [layer.indicator for layer in value]
    taken = [name for name in names if name.lower() in _RESERVED_INDICATORS]
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if taken:
        raise ValueError(f"{taken[0]} is published by the pipeline itself: name the layer's indicator otherwise")
    if twice:
        raise ValueError(f"{twice[0]} stands twice: one layer an indicator")
    return value


ExposureLayers = Annotated[tuple[ExposureLayer, ...], AfterValidator(_own_indicators)]
"""one indicator each"""
