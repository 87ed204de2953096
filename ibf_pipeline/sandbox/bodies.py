"""The bodies that the upload endpoints take: field order and rule order as the service reports them."""

from __future__ import annotations

from ibf_pipeline.sandbox.validation import (
    ARRAY,
    BOOLEAN,
    DATE_TEXT,
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
    DISASTER_TYPES,
    INDICATORS,
    LEAD_TIMES,
    LINE_CATEGORIES,
    TYPHOON_CATEGORIES,
    BehavesLike,
)

_COUNTRY = Field("countryCodeISO3", (STRING, NOT_EMPTY))
_DISASTER = Field("disasterType", (STRING, one_of(DISASTER_TYPES), NOT_EMPTY))
_LEAD_TIME = Field("leadTime", (one_of(LEAD_TIMES), STRING, NOT_EMPTY))
_EVENT_NAME = Field("eventName", (STRING,), optional=True)

LOGIN: Body = (Field("email", (NOT_EMPTY, EMAIL)), Field("password", (min_length(4), NOT_EMPTY)))

_PLACE_AMOUNT: Body = (Field("placeCode", (STRING, NOT_EMPTY)), Field("amount", (NUMBER, NOT_EMPTY)))


def exposure_body(behaves_like: BehavesLike) -> Body:
    indicators = INDICATORS if behaves_like == "current" else DESCRIBED_INDICATORS
    return (
        _COUNTRY,
        Field("exposurePlaceCodes", (ARRAY,), items=_PLACE_AMOUNT),
        Field("adminLevel", (NUMBER, NOT_EMPTY)),
        _LEAD_TIME,
        Field("dynamicIndicator", (STRING, one_of(indicators), NOT_EMPTY)),
        _DISASTER,
        _EVENT_NAME,
    )


def _flags_body(name: str, flag: str, second_flag: str) -> Body:
    flags = (_LEAD_TIME, Field(flag, (BOOLEAN, NOT_EMPTY)), Field(second_flag, (BOOLEAN,), optional=True))
    return _COUNTRY, _DISASTER, _EVENT_NAME, Field(name, (ARRAY,), items=flags)


ALERTS_PER_LEAD_TIME = _flags_body("alertsPerLeadTime", "forecastAlert", "forecastTrigger")

TRIGGERS_PER_LEAD_TIME = _flags_body("triggersPerLeadTime", "triggered", "thresholdReached")

POINT_VALUES: Body = (
    _COUNTRY,
    Field("leadTime", (one_of(LEAD_TIMES), STRING), optional=True),
    Field("disasterType", (one_of(DISASTER_TYPES), NOT_EMPTY)),
    Field("dynamicPointData", (ARRAY,), items=(Field("fid", (NOT_EMPTY,)),)),
)

PROCESS: Body = (
    _COUNTRY,
    Field("disasterType", (one_of(DISASTER_TYPES), STRING, NOT_EMPTY)),
)

SET_TRIGGER: Body = (*PROCESS, Field("eventPlaceCodeIds", (ARRAY,)))

CHECK_ACTION: Body = (
    Field("action", (STRING, NOT_EMPTY)),
    _COUNTRY,
    Field("disasterType", (STRING, NOT_EMPTY)),
    Field("status", (BOOLEAN, NOT_EMPTY)),
    Field("placeCode", (STRING, NOT_EMPTY)),
    Field("eventName", (STRING,)),
)

EXPOSED_LINES: Body = (
    Field("exposedFids", (ARRAY,)),
    _LEAD_TIME,
    _COUNTRY,
    Field("disasterType", (one_of(DISASTER_TYPES), NOT_EMPTY)),
    Field("linesDataCategory", (one_of(LINE_CATEGORIES), NOT_EMPTY)),
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
            Field("timestampOfTrackpoint", (DATE_TEXT, NOT_EMPTY)),
            Field("windspeed", (NUMBER, NOT_EMPTY)),
            Field("category", (one_of(TYPHOON_CATEGORIES), NOT_EMPTY)),
            Field("firstLandfall", (BOOLEAN, NOT_EMPTY)),
            Field("closestToLand", (BOOLEAN, NOT_EMPTY)),
        ),
    ),
)
