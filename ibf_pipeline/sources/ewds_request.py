"""What is ordered from the Early Warning Data Store, and whether the service still understands it (pure).

Source: the service's own form (`form.json`) and constraints of the collection `cems-glofas-forecast`; keys and values
as of 2026. They have been renamed before, so every order is held against what the service offers today.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from ibf_pipeline.errors import InputMissing, ServerRefused
from ibf_pipeline.sources.ewds_versions import OPERATIONAL, SYSTEM, as_values, first_values, groups_of
from ibf_pipeline.sources.lat_lon_box import LatLonBox

Request = dict[str, Any]

MEMBERS_OF: Final[Mapping[str, int]] = {"control_forecast": 1, "ensemble_perturbed_forecasts": 50}
"""members of each product type"""
_BYTES_A_CELL: Final = 2.1
"""GRIB2 with 16 bits a value and a bitmap"""
_BYTES_A_FIELD: Final = 250
"""sections around the values"""
_DATE: Final = ("year", "month", "day")
_FREE: Final = ("area", "data_format", "download_format")
"""keys whose values the constraints say nothing of"""


def glofas_request(issue_date: date, area: LatLonBox, days: int, changes: Mapping[str, str | list[str]]) -> Request:
    """Control and perturbed members of one run, lead times 0-day to `days - 1`-day, for an area.

    The service names a lead time by the END of its 24 h mean, so 0-day is hour 24. `changes` replace our keys, or
    leave one out if the list is empty.
    """
    ours: Request = {
        SYSTEM: [OPERATIONAL],
        "hydrological_model": ["lisflood"],
        "product_type": list(MEMBERS_OF),
        "variable": ["river_discharge_in_the_last_24_hours"],
        "year": [f"{issue_date:%Y}"],
        "month": [f"{issue_date:%m}"],
        "day": [f"{issue_date:%d}"],
        "leadtime_hour": [str(24 * (lead_time + 1)) for lead_time in range(days)],
        "data_format": "grib2",
        "download_format": "unarchived",
        "area": area.as_list(),
    }
    return {key: value for key, value in {**ours, **changes}.items() if value != []}


def requested_fields(request: Request) -> int:
    """Members times lead times."""
    members = sum(MEMBERS_OF.get(kind, 1) for kind in as_values(request.get("product_type", ["control_forecast"])))
    return members * len(as_values(request.get("leadtime_hour", ["24"])))


def estimated_bytes(request: Request, area: LatLonBox) -> int:
    """How large the answer will be, about."""
    return round(requested_fields(request) * (area.cells * _BYTES_A_CELL + _BYTES_A_FIELD))


def split(request: Request, most_fields: float) -> Iterator[Request]:
    """Requests of at most so many fields each: by product type first, then by lead time; one field always goes."""
    kinds, hours = as_values(request.get("product_type", [])), as_values(request.get("leadtime_hour", []))
    if requested_fields(request) <= most_fields or (len(kinds) <= 1 and len(hours) <= 1):
        yield request
    elif len(kinds) > 1:
        for kind in kinds:
            yield from split({**request, "product_type": [kind]}, most_fields)
    else:
        at_once = max(1, int(most_fields * len(hours) // requested_fields(request)))
        for start in range(0, len(hours), at_once):
            yield {**request, "leadtime_hour": hours[start : start + at_once]}


def check_form(request: Request, form: Sequence[Mapping[str, Any]], where: str) -> None:
    """Hold an order against the service's form: ServerRefused names a key or value that it does not know (any more).

    `form`: widgets with `name`, `required` and the values offered in `details`. A key of the form that is required,
    has a choice of values and is not ordered is an error too: the service adds such keys when it renames others.
    """
    offered = {str(widget["name"]): _values(widget) for widget in form if widget.get("name")}
    required = {str(widget["name"]) for widget in form if widget.get("name") and widget.get("required")}
    problems = []
    for key, value in request.items():
        if key not in offered:
            if key not in _FREE:
                problems.append(f"the service knows no key {key!r}{_near(key, offered)}")
            continue
        unknown = [item for item in as_values(value) if offered[key] and item not in offered[key]]
        if unknown and key != "area" and key not in _DATE:
            problems.append(f"{key}: no {unknown[0]!r}{_near(unknown[0], offered[key])}")
    for key in sorted(required - set(request)):
        if offered[key]:
            problems.append(f"the key {key!r} is missing (one of {first_values(offered[key])})")
    if problems:
        raise ServerRefused(
            "; ".join(problems),
            where=where,
            expected="an order of keys and values that the service's form offers",
            remedy="the service has renamed something: set the new names under `request:` of the source in "
            "settings.yaml, an empty list for a key that is gone, and check that the product is still the same",
        )


def check_constraints(request: Request, possible: Mapping[str, Any], where: str) -> None:
    """Hold an order against the values that are possible together: InputMissing if the day is not there (yet).

    `possible`: key -> values, the service's answer to the order: those that go with what was chosen for all other keys.
    Where one key does not fit, it alone has values left, the right ones; if several do not, none has any. Raises
    ServerRefused if something else than the day does not fit.
    """
    offered = {
        key: [str(entry) for entry in possible[key]]
        for key in request
        if key not in _FREE and isinstance(possible.get(key), list)
    }
    lacking = {key: [item for item in as_values(request[key]) if item not in values] for key, values in offered.items()}
    day = "-".join(as_values(request.get(key, "?"))[0] for key in _DATE)
    wrong = {key: items for key, items in lacking.items() if items and offered[key]}
    if any(lacking.values()) and (not wrong or any(key in wrong for key in _DATE)):
        raise InputMissing(
            f"the service does not offer the run of {day}",
            where=where,
            expected="the issue date among the service's days",
            remedy="run again when it has been published",
        )
    if wrong:
        raise ServerRefused(
            f"not to be had for {day}: "
            + "; ".join(f"{key} {', '.join(items)}{_near(items[0], offered[key])}" for key, items in wrong.items()),
            where=where,
            expected="an order that the service's constraints allow",
            remedy="look at the service's form, and change `days` or `request` of the source in settings.yaml",
        )


def _values(widget: Mapping[str, Any]) -> list[str]:
    """The values that a widget offers, also those in groups; none if it takes any."""
    return [value for _, values in groups_of(widget) for value in values]


def _near(text: str, known: Mapping[str, Any] | list[str]) -> str:
    near = difflib.get_close_matches(text, list(known), n=1, cutoff=0.5)
    return f", did you mean {near[0]!r}?" if near else f" among {first_values(list(known))}"
