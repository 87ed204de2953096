"""A made-up hazard with one key of its own."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ibf_pipeline.config.country import CountryHazard

PIERS = {"North Pier": ("A", "A1", "A2"), "South Pier": ("B", "B1")}


class Tides(CountryHazard):
    """What is configured of one country for tides."""

    hazard: ClassVar[str] = "tides"

    piers: dict[str, tuple[str, ...]] = Field(PIERS, description="place codes of the areas of each pier")
    gauge: str = Field("pier", min_length=1, description="which gauge is read")
