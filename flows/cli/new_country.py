"""`new-country`: writes the country's file, with the levels of its portal where that can be asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from flows.wiring.targets import open_portal
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.reading import validated
from ibf_pipeline.errors import ConfigError, IbfError
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.writing import write_text
from ibf_pipeline.static.new_country import Draft, country_file

_KNOWN_LEVELS = range(1, 6)
_LEVELS, _DEFAULT = (1, 2, 3), 2


def write_country(
    configuration: Configuration,
    iso3: str,
    name: str | None,
    levels: list[int] | None,
    default: int | None,
    target: str | None,
) -> Path:
    """Write `countries/<ISO3>.yaml`; never over a file that is there. Raises ConfigError with the remedy."""
    file = configuration.folder / "countries" / f"{iso3}.yaml"
    if not re.fullmatch(r"[A-Z]{3}", iso3):
        raise ConfigError(
            f"{iso3!r} is no country code", expected="an ISO 3166 alpha-3 code in capitals, e.g. KEN", remedy="write it"
        )
    if file.exists():
        raise ConfigError(
            "the file is there already", where=file, expected="a new country", remedy="edit it, or move it away"
        )
    settings = configuration.settings
    chosen = target or next((n for n, t in settings.targets.items() if t.knows_countries), next(iter(settings.targets)))
    known, said = _ask(configuration, chosen, iso3)
    if levels is not None and not set(levels) <= set(_KNOWN_LEVELS):
        raise ConfigError(
            f"--admin-levels {','.join(map(str, levels))}",
            expected=f"levels {_KNOWN_LEVELS[0]} to {_KNOWN_LEVELS[-1]}, e.g. 2,3",
            remedy="correct --admin-levels",
        )
    if levels is None:
        levels = [int(level) for level in known.get("levels", _LEVELS)]
    else:
        said = "As given on the command line."
    default = default or int(known.get("default", _DEFAULT if _DEFAULT in levels else levels[0]))
    real = [source for source, about in settings.sources.items() if "fixtures" not in str(getattr(about, "root", ""))]
    draft = Draft(
        iso3=iso3,
        name=name or str(known.get("name", iso3)),
        admin_levels=levels,
        default_admin_level=default,
        sources=real[:1] or list(settings.sources)[:1],
        target=chosen,
        portal=chosen if configuration.target(chosen).knows_countries else None,
        levels_from=said,
    )
    text = country_file(draft)
    validated(FloodCountry, yaml.safe_load(text), file)
    write_text(file, text)
    return file


def _ask(configuration: Configuration, name: str, iso3: str) -> tuple[dict[str, Any], str]:
    """Name and levels as the portal has them, and the comment about where they are from."""
    target = configuration.target(name)
    if not target.knows_countries:
        return {}, "CHECK them: no portal was asked."
    try:
        with open_portal(configuration, name, None) as portal:
            found = next((country for country in portal.countries() if country.iso3 == iso3), None)
    except IbfError as error:
        return {}, f"CHECK them: the portal {name} could not be asked ({' '.join(error.found.split())[:80]})."
    if found is None:
        return {}, f"CHECK them: the portal {name} does not know {iso3}."
    known: dict[str, Any] = {"name": found.name or iso3}
    there = found.levels.get(FLOODS.disaster_type)
    if there is None:
        return known, f"CHECK them: the portal {name} has no floods set up for {iso3}."
    return known | {"levels": there.levels, "default": there.default}, f"As the portal {name} had them."
