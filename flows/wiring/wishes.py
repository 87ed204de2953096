"""The wishes of an exercise, checked before anything is prepared for it."""

from __future__ import annotations

from flows.wiring.day import Day
from flows.wiring.legs import LEGS, leg_of
from ibf_pipeline.errors import IbfError
from ibf_pipeline.synthetic.rain_wishes import UnknownDistrict
from ibf_pipeline.synthetic.wishes import WishInvalid


def require_wishes(day: Day, wishes: str, hazard: str | None) -> None:
    """WishInvalid for wishes that cannot be read, as far as the configuration tells.

    `hazard`: that was asked for; where none was, the error names those of the country whose wishes look like these.
    """
    try:
        leg_of(day).read_wishes(day.country, day.issue_time, wishes)
    except WishInvalid as error:
        others = [] if hazard is not None else [each for each in _others(day) if _has_form(day, each, wishes)]
        remedy = " or ".join([error.remedy, *(f"name the hazard: --hazard {each}" for each in others)])
        raise WishInvalid(error.found, where=error.where, expected=error.expected, remedy=remedy) from None


def _others(day: Day) -> list[str]:
    known = day.configuration.hazards(day.country.iso3)
    return [each for each in known if each in LEGS and each != day.country.hazard]


def _has_form(day: Day, hazard: str, wishes: str) -> bool:
    try:
        country = day.configuration.country(day.country.iso3, hazard)
        LEGS[hazard].read_wishes(country, day.issue_time, wishes)
    except UnknownDistrict:
        return True
    except IbfError:
        return False
    return True
