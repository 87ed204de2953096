"""Which accounts the runs of an installation need in their environment, by the names of the variables."""

from __future__ import annotations

from flows.wiring.hazards import valid_hazards
from flows.wiring.idle_countries import idle_words
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.section import Section

_SUFFIX = "_variable"
"""of the keys that name an environment variable"""


def needed_accounts(configuration: Configuration) -> list[str]:
    """A line for each target and source of the countries that have runs: `IBF_EMAIL, IBF_PASSWORD (target portal)`.

    A target that is set up here has its own account. No value is looked at: it is the workers that need them.
    """
    countries = [each for each in valid_hazards(configuration)[0] if not idle_words(configuration, each)]
    sections: dict[str, Section] = {}
    for country in countries:
        target = configuration.target(country.target)
        if not target.is_set_up_here:
            sections[f"target {country.target}"] = target
        sections |= {f"source {name}": configuration.settings.sources[name] for name in country.sources}
    named = {what: ", ".join(_variables(section)) for what, section in sections.items()}
    settings = configuration.settings
    if settings.records is not None and not settings.records.startswith("sqlite"):
        named["records"] = settings.records_password_variable
    return [f"{variables} ({what})" for what, variables in sorted(named.items()) if variables]


def _variables(section: Section) -> list[str]:
    return [str(getattr(section, name)) for name in type(section).model_fields if name.endswith(_SUFFIX)]
