"""The country's configuration against what else is configured."""

from __future__ import annotations

from collections.abc import Iterator

from ibf_pipeline.check.finding import Finding, finding, fine, listed, of_error
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import Country
from ibf_pipeline.errors import ConfigError


def check_settings(configuration: Configuration, country: Country) -> Iterator[Finding]:
    """Sources that exist, versions that fit, rules that can ever fire."""
    file = f"countries/{country.iso3}.yaml"
    yield fine("configuration", f"{file} is valid; {_rule(country)}")
    yield from _sources(configuration, country, file)
    if country.members.minimum < country.members.expected / 2:
        yield finding("few members", minimum=country.members.minimum, expected=country.members.expected, file=file)
    if country.flood_maps.return_periods[0] > country.trigger.return_period:
        smallest, trigger = country.flood_maps.return_periods[0], country.trigger.return_period
        uses = "uses that map: too much" if country.flood_maps.below_smallest == "use-smallest" else "shows no"
        yield finding("smallest map too large", smallest=smallest, trigger=trigger, uses=uses)


def _rule(country: Country) -> str:
    trigger = country.trigger
    warnings = "no warnings" if country.classes.rule == "disable" else f"warnings by {country.classes.rule}"
    return (
        f"trigger at {trigger.return_period:g} years with {trigger.probability:.0%} up to {trigger.lead_time_limit} "
        f"days ahead, {warnings}"
    )


def _sources(configuration: Configuration, country: Country, file: str) -> Iterator[Finding]:
    declared = {}
    for name in country.sources:
        source = configuration.settings.sources[name]
        version = getattr(source, "glofas_version", None)
        if version is not None:
            declared[name] = version
        root = getattr(source, "root", None)
        if root is None:
            continue
        try:
            folder = configuration.path(root)
        except ConfigError as error:
            yield of_error("configuration", error, f"source {name} cannot be read: no run without another source")
            continue
        if not folder.is_dir():
            yield finding("source folder missing", name=name, folder=folder)
    accepted = {country.thresholds_version, *country.accepted_versions}
    majors = {version.split(".")[0] for version in accepted}
    wrong = [f"{name} (v{version})" for name, version in declared.items() if version.split(".")[0] not in majors]
    if wrong:
        yield finding(
            "thresholds of another version", version=country.thresholds_version, sources=listed(wrong), file=file
        )
    elif declared:
        yield fine("thresholds", f"thresholds and sources are of GloFAS v{country.thresholds_version}")
