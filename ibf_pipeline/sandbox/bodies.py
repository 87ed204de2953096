"""The bodies that the upload endpoints take: field order and rule order as the service reports them."""

from __future__ import annotations

from ibf_pipeline.sandbox.disasters import Disasters
from ibf_pipeline.sandbox.validation import (
    ARRAY,
    BOOLEAN,
    DATE,
    EMAIL,
    NOT_EMPTY,
    NUMBER,
    STRING,
    Body,
    Field,
    min_length,
    one_of,
)
from ibf_pipeline.sandbox.vocabulary import (
    DESCRIBED_INDICATORS,
    INDICATORS,
    LEAD_TIMES,
    LINE_CATEGORIES,
    TYPHOON_CATEGORIES,
    BehavesLike,
)

_COUNTRY = Field("countryCodeISO3", (STRING, NOT_EMPTY))
_LEAD_TIME = Field("leadTime", (one_of(LEAD_TIMES), STRING, NOT_EMPTY))
_EVENT_NAME = Field("eventName", (STRING,), optional=True)
_PLACE_AMOUNT: Body = (Field("placeCode", (STRING, NOT_EMPTY)), Field("amount", (NUMBER, NOT_EMPTY)))

LOGIN: Body = (Field("email", (NOT_EMPTY, EMAIL)), Field("password", (min_length(4), NOT_EMPTY)))

CHECK_ACTION: Body = (
    Field("action", (STRING, NOT_EMPTY)),
    _COUNTRY,
    Field("disasterType", (STRING, NOT_EMPTY)),
    Field("status", (BOOLEAN, NOT_EMPTY)),
    Field("placeCode", (STRING, NOT_EMPTY)),
    Field("eventName", (STRING,)),
)

TYPHOON_TRACK: Body = (
    _COUNTRY,
    _LEAD_TIME,
    Field("eventName", (STRING,)),
    Field(
        "trackpointDetails",
        (ARRAY,),
        items=(
            Field("lat", (NUMBER, NOT_EMPTY)),
            Field("lon", (NUMBER, NOT_EMPTY)),
            Field("timestampOfTrackpoint", (DATE,)),
            Field("windspeed", (NUMBER, NOT_EMPTY)),
            Field("category", (one_of(TYPHOON_CATEGORIES), NOT_EMPTY)),
            Field("firstLandfall", (BOOLEAN, NOT_EMPTY)),
            Field("closestToLand", (BOOLEAN, NOT_EMPTY)),
        ),
    ),
)


def exposure(disasters: Disasters, behaves_like: BehavesLike) -> Body:
    indicators = INDICATORS if behaves_like == "current" else DESCRIBED_INDICATORS
    return (
        _COUNTRY,
        Field("exposurePlaceCodes", (ARRAY,), items=_PLACE_AMOUNT),
        Field("adminLevel", (NUMBER, NOT_EMPTY)),
        _LEAD_TIME,
        Field("dynamicIndicator", (STRING, one_of((*indicators, *disasters.further_indicators)), NOT_EMPTY)),
        Field("disasterType", (STRING, one_of(disasters.names), NOT_EMPTY)),
        _EVENT_NAME,
    )


def alerts_per_lead_time(disasters: Disasters) -> Body:
    return _flags(disasters, "alertsPerLeadTime", "forecastAlert", "forecastTrigger")


def triggers_per_lead_time(disasters: Disasters) -> Body:
    return _flags(disasters, "triggersPerLeadTime", "triggered", "thresholdReached")


def _flags(disasters: Disasters, name: str, flag: str, second_flag: str) -> Body:
    flags = (_LEAD_TIME, Field(flag, (BOOLEAN, NOT_EMPTY)), Field(second_flag, (BOOLEAN,), optional=True))
    disaster = Field("disasterType", (STRING, one_of(disasters.names), NOT_EMPTY))
    return _COUNTRY, disaster, _EVENT_NAME, Field(name, (ARRAY,), items=flags)


def point_values(disasters: Disasters) -> Body:
    return (
        _COUNTRY,
        Field("leadTime", (one_of(LEAD_TIMES), STRING), optional=True),
        Field("disasterType", (one_of(disasters.names), NOT_EMPTY)),
        Field("dynamicPointData", (ARRAY,), items=(Field("fid", (NOT_EMPTY,)),)),
    )


def exposed_lines(disasters: Disasters) -> Body:
    return (
        Field("exposedFids", (ARRAY,)),
        _LEAD_TIME,
        _COUNTRY,
        Field("disasterType", (one_of(disasters.names), NOT_EMPTY)),
        Field("linesDataCategory", (one_of(LINE_CATEGORIES), NOT_EMPTY)),
    )


def process(disasters: Disasters) -> Body:
    return (_COUNTRY, Field("disasterType", (one_of(disasters.names), STRING, NOT_EMPTY)))


def set_trigger(disasters: Disasters) -> Body:
    return (*process(disasters), Field("eventPlaceCodeIds", (ARRAY,)))
