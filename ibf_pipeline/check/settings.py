"""The country's configuration against what else is configured."""

from __future__ import annotations

from collections.abc import Iterator

from ibf_pipeline.check.finding import Finding, error_finding, finding, fine, first_few
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.sources import EwdsSection
from ibf_pipeline.errors import ConfigError


def check_settings(configuration: Configuration, country: CountryHazard) -> Iterator[Finding]:
    """Sources that exist; for floods, versions that fit and rules that can ever fire."""
    file = f"countries/{country.iso3}.yaml"
    rule = f"; {_rule(country)}" if isinstance(country, FloodCountry) else ""
    yield fine("configuration", f"{file} is valid{rule}")
    yield from _folders(configuration, country)
    if isinstance(country, FloodCountry):
        yield from _trials(configuration, country, file)
        yield from _versions(configuration, country, file)
        yield from _guard(configuration, country)
        yield from _flood_rules(country, file)


def _flood_rules(country: FloodCountry, file: str) -> Iterator[Finding]:
    if country.members.minimum < country.members.expected / 2:
        yield finding("few members", minimum=country.members.minimum, expected=country.members.expected, file=file)
    if country.flood_maps.return_periods[0] > country.trigger.return_period:
        smallest, trigger = country.flood_maps.return_periods[0], country.trigger.return_period
        uses = "uses that map: too much" if country.flood_maps.below_smallest == "use-smallest" else "shows no"
        yield finding("smallest map too large", smallest=smallest, trigger=trigger, uses=uses)


def _rule(country: FloodCountry) -> str:
    trigger = country.trigger
    warnings = "no warnings" if country.classes.rule == "disable" else f"warnings by {country.classes.rule}"
    return (
        f"trigger at {trigger.return_period:g} years with {trigger.probability:.0%} up to {trigger.lead_time_limit} "
        f"days ahead, {warnings}"
    )


def _folders(configuration: Configuration, country: CountryHazard) -> Iterator[Finding]:
    for name in country.sources:
        root = getattr(configuration.settings.sources[name], "root", None)
        if root is None:
            continue
        try:
            folder = configuration.path(root)
        except ConfigError as error:
            yield error_finding("configuration", error, f"source {name} cannot be read: no run without another source")
            continue
        if not folder.is_dir():
            yield finding("source folder missing", name=name, folder=folder)


def _trials(configuration: Configuration, country: FloodCountry, file: str) -> Iterator[Finding]:
    """Sources of which nobody is ever notified, on the country's own target."""
    notifies = configuration.target(country.target).notifies
    for name in country.sources:
        if configuration.settings.sources[name].is_trial and notifies:
            yield finding("source for trying before people", name=name, target=country.target, file=file)
        elif configuration.settings.sources[name].is_trial:
            yield finding("source for trying", name=name, file=file)
        elif configuration.settings.sources[name].is_made_up:
            yield finding("made-up forecasts", name=name, file=file)


def _versions(configuration: Configuration, country: FloodCountry, file: str) -> Iterator[Finding]:
    declared = {}
    for name in country.sources:
        version = configuration.settings.discharge_sources[name].glofas_version
        if version is not None:
            declared[name] = version
    later = (each.version for each in country.later_thresholds)
    accepted = {country.thresholds_version, *later, *country.accepted_versions}
    majors = {version.split(".")[0] for version in accepted}
    wrong = [f"{name} (v{version})" for name, version in declared.items() if version.split(".")[0] not in majors]
    if wrong:
        yield finding(
            "thresholds of another version", version=country.thresholds_version, sources=first_few(wrong), file=file
        )
    elif declared:
        yield fine("thresholds", f"thresholds and sources are of GloFAS v{country.thresholds_version}")


def _guard(configuration: Configuration, country: FloodCountry) -> Iterator[Finding]:
    """Sources whose version is only declared, if no data store is there to be asked for the model in operation."""
    sources = configuration.settings.discharge_sources
    if any(isinstance(chosen, EwdsSection) and chosen.check for chosen in sources.values()):
        return
    if declared := [name for name in country.sources if sources[name].glofas_version is not None]:
        yield finding("model in operation not asked", sources=first_few(declared))
