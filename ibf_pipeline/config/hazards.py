"""The hazards that can be configured. One more is one more line here, or an entry put in from outside."""

from __future__ import annotations

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.typhoon import TyphoonCountry

MODELS: dict[str, type[CountryHazard]] = {
    FloodCountry.hazard: FloodCountry,
    FlashFloodCountry.hazard: FlashFloodCountry,
    TyphoonCountry.hazard: TyphoonCountry,
}
"""by name of the hazard: what is configured of a country for it"""
