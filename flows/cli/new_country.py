"""`new-country`: writes the country's file, with the levels of its portal or boundaries if they can be read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from flows.wiring.static import open_boundaries
from flows.wiring.targets import open_portal
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.loader import validated
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.config.source_section import SourceSection
from ibf_pipeline.config.sources import RunSection
from ibf_pipeline.errors import ConfigError, IbfError
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.static.country_template import CountryDraft, country_file
from ibf_pipeline.static.fetch import still_missing

_KNOWN_LEVELS = range(1, 6)
_LEVELS, _DEFAULT = (1, 2, 3), 2


def write_country(
    configuration: Configuration,
    iso3: str,
    name: str | None,
    levels: list[int] | None,
    default: int | None,
    target: str | None,
    boundaries: str | None = None,
) -> Path:
    """Write `countries/<ISO3>.yaml`; never over a file that is there. Raises ConfigError with the remedy.

    `boundaries`: address of public ones, whose levels are taken; then no portal is asked, and nothing needs an account.
    """
    file = configuration.folder / "countries" / f"{iso3}.yaml"
    if not re.fullmatch(r"[A-Z]{3}", iso3):
        raise ConfigError(
            f"{iso3!r} is not a country code",
            expected="an ISO 3166 alpha-3 code in capitals, e.g. KEN",
            remedy="use that code",
        )
    if file.exists():
        raise ConfigError(
            "the file is there already", where=file, expected="a new country", remedy="edit it, or move it away"
        )
    settings = configuration.settings
    if boundaries is None:
        wanted = next((n for n, t in settings.targets.items() if t.knows_countries), next(iter(settings.targets)))
        chosen = target or wanted
        known, comment = _ask(configuration, chosen, iso3)
    else:
        chosen = target or _quiet_target(settings)
        known, comment = _look(configuration, boundaries)
    if levels is not None and not set(levels) <= set(_KNOWN_LEVELS):
        raise ConfigError(
            f"--admin-levels {','.join(map(str, levels))}",
            expected=f"levels {_KNOWN_LEVELS[0]} to {_KNOWN_LEVELS[-1]}, e.g. 2,3",
            remedy="correct --admin-levels",
        )
    if levels is None:
        levels = [int(level) for level in known.get("levels", _LEVELS)]
    else:
        comment = "As given on the command line."
    default = default or int(known.get("default", _DEFAULT if _DEFAULT in levels else levels[0]))
    trial = [source for source, about in settings.discharge_sources.items() if boundaries and about.is_trial]
    real = [source for source, about in settings.discharge_sources.items() if _brings_forecasts(about)]
    draft = CountryDraft(
        iso3=iso3,
        name=name or str(known.get("name", iso3)),
        admin_levels=levels,
        default_admin_level=default,
        sources=trial[:1] or real[:1] or list(settings.discharge_sources)[:1],
        target=chosen,
        portal=chosen if boundaries is None and configuration.target(chosen).knows_countries else None,
        levels_from=comment,
        boundaries=boundaries,
    )
    text = country_file(draft)
    validated(FloodCountry, yaml.safe_load(text), file)
    write_text(file, text)
    return file


def _brings_forecasts(source: SourceSection) -> bool:
    """Whether it is for daily operation: neither made up, for trying, of past runs, nor the demo's own files."""
    is_demo = "fixtures" in str(getattr(source, "root", ""))
    return not (source.is_made_up or source.is_trial or is_demo or isinstance(source, RunSection))


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


def what_is_left(configuration: Configuration, iso3: str, file: Path, *, is_public: bool) -> list[str]:
    """What an operator has to do after the file is written; what belongs to the line above is indented."""
    country, text = configuration.country_of(iso3, FloodCountry), file.read_text("utf-8")
    decide = [number for number, line in enumerate(text.splitlines(), 1) if "DECIDE" in line]
    todo = [f"decide, with the country's people, what stands at lines {', '.join(map(str, decide[1:]))}"]
    if "CHECK them: " in text:
        why = text.split("CHECK them: ", 1)[1].split("\n", 1)[0].rstrip(".")
        there = "boundaries" if is_public else "portal"
        todo.append(f"check admin_levels and default_admin_level against the {there}: {why}")
    if is_public and not any(configuration.settings.sources[name].is_trial for name in country.sources):
        todo.append("for a first forecast declare a source of kind open-meteo in settings.yaml: docs/first-country.md")
    if country.static_sources.thresholds is None:
        todo.append("name the GloFAS threshold grids in static_sources.thresholds, or bring thresholds.json")
    if country.static_sources.portal is None and not is_public:
        todo.append("name the portal in static_sources.portal, or bring boundaries and stations.csv")
    missing = still_missing(country, configuration.static_folder(country))
    if missing:
        todo.append(f"static data in {configuration.static_folder(country)}: `ibf-pipeline fetch-static {iso3}` for")
        todo += [f"    {text}" for text in missing]
    guide = "docs/first-country.md" if is_public else "docs/new-country.md"
    return [*todo, f"`ibf-pipeline check {iso3}`, then `ibf-pipeline prepare {iso3}`; see {guide}"]


def _quiet_target(settings: Settings) -> str:
    """A target that needs no account and tells nobody: files, else the sandbox."""
    quiet = [name for name, about in settings.targets.items() if not about.can_notify]
    own = [name for name, about in settings.targets.items() if about.is_set_up_here]
    return next(iter([*quiet, *own, *settings.targets]))


def _look(configuration: Configuration, address: str) -> tuple[dict[str, Any], str]:
    """Name and levels as the boundaries have them, and the comment about where they are from."""
    try:
        boundaries = open_boundaries(configuration, address, RetryPolicy(attempts=2))
        levels = boundaries.levels()
    except IbfError as error:
        return {}, f"CHECK them: the boundaries could not be had ({' '.join(error.found.split())[:80]})."
    known: dict[str, Any] = {"levels": levels}
    name = boundaries.country_name()
    return known | ({"name": name} if name else {}), f"As {boundaries.where} has them."
