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
    BodyField,
    min_length,
    one_of,
)
from ibf_pipeline.sandbox.vocabulary import (
    INDICATORS_2024,
    LINE_CATEGORIES,
    PORTAL_INDICATORS,
    PORTAL_LEAD_TIMES,
    TYPHOON_CATEGORIES,
    ApiVersion,
)

_COUNTRY = BodyField("countryCodeISO3", (STRING, NOT_EMPTY))
_LEAD_TIME = BodyField("leadTime", (one_of(PORTAL_LEAD_TIMES), STRING, NOT_EMPTY))
_EVENT_NAME = BodyField("eventName", (STRING,), optional=True)
_PLACE_AMOUNT: Body = (BodyField("placeCode", (STRING, NOT_EMPTY)), BodyField("amount", (NUMBER, NOT_EMPTY)))

ALERT_FLAGS = ("alertsPerLeadTime", "forecastAlert", "forecastTrigger")
TRIGGER_FLAGS = ("triggersPerLeadTime", "triggered", "thresholdReached")
"""the list of a body, and what each of its entries says beside the lead time"""

LOGIN: Body = (BodyField("email", (NOT_EMPTY, EMAIL)), BodyField("password", (min_length(4), NOT_EMPTY)))

CHECK_ACTION: Body = (
    BodyField("action", (STRING, NOT_EMPTY)),
    _COUNTRY,
    BodyField("disasterType", (STRING, NOT_EMPTY)),
    BodyField("status", (BOOLEAN, NOT_EMPTY)),
    BodyField("placeCode", (STRING, NOT_EMPTY)),
    BodyField("eventName", (STRING,)),
)

TYPHOON_TRACK: Body = (
    _COUNTRY,
    _LEAD_TIME,
    BodyField("eventName", (STRING,)),
    BodyField(
        "trackpointDetails",
        (ARRAY,),
        items=(
            BodyField("lat", (NUMBER, NOT_EMPTY)),
            BodyField("lon", (NUMBER, NOT_EMPTY)),
            BodyField("timestampOfTrackpoint", (DATE,)),
            BodyField("windspeed", (NUMBER, NOT_EMPTY)),
            BodyField("category", (one_of(TYPHOON_CATEGORIES), NOT_EMPTY)),
            BodyField("firstLandfall", (BOOLEAN, NOT_EMPTY)),
            BodyField("closestToLand", (BOOLEAN, NOT_EMPTY)),
        ),
    ),
)


def exposure_fields(disasters: Disasters, behaves_like: ApiVersion) -> Body:
    indicators = PORTAL_INDICATORS if behaves_like == "current" else INDICATORS_2024
    return (
        _COUNTRY,
        BodyField("exposurePlaceCodes", (ARRAY,), items=_PLACE_AMOUNT),
        BodyField("adminLevel", (NUMBER, NOT_EMPTY)),
        _LEAD_TIME,
        BodyField("dynamicIndicator", (STRING, one_of((*indicators, *disasters.further_indicators)), NOT_EMPTY)),
        BodyField("disasterType", (STRING, one_of(disasters.names), NOT_EMPTY)),
        _EVENT_NAME,
    )


def flag_fields(disasters: Disasters, names: tuple[str, str, str]) -> Body:
    name, flag, second_flag = names
    flags = (_LEAD_TIME, BodyField(flag, (BOOLEAN, NOT_EMPTY)), BodyField(second_flag, (BOOLEAN,), optional=True))
    disaster = BodyField("disasterType", (STRING, one_of(disasters.names), NOT_EMPTY))
    return _COUNTRY, disaster, _EVENT_NAME, BodyField(name, (ARRAY,), items=flags)


def point_values_fields(disasters: Disasters) -> Body:
    return (
        _COUNTRY,
        BodyField("leadTime", (one_of(PORTAL_LEAD_TIMES), STRING), optional=True),
        BodyField("disasterType", (one_of(disasters.names), NOT_EMPTY)),
        BodyField("dynamicPointData", (ARRAY,), items=(BodyField("fid", (NOT_EMPTY,)),)),
    )


def exposed_lines_fields(disasters: Disasters) -> Body:
    return (
        BodyField("exposedFids", (ARRAY,)),
        _LEAD_TIME,
        _COUNTRY,
        BodyField("disasterType", (one_of(disasters.names), NOT_EMPTY)),
        BodyField("linesDataCategory", (one_of(LINE_CATEGORIES), NOT_EMPTY)),
    )


def process_fields(disasters: Disasters) -> Body:
    return (_COUNTRY, BodyField("disasterType", (one_of(disasters.names), STRING, NOT_EMPTY)))


def set_trigger_fields(disasters: Disasters) -> Body:
    return (*process_fields(disasters), BodyField("eventPlaceCodeIds", (ARRAY,)))
