"""The country's configuration against what else is configured."""

from __future__ import annotations

from collections.abc import Iterator

from ibf_pipeline.check.finding import Finding, fault, fine, listed, of_error, warning
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import Country
from ibf_pipeline.errors import ConfigError


def check_settings(configuration: Configuration, country: Country) -> Iterator[Finding]:
    """Sources that exist, versions that fit, rules that can ever fire."""
    file = f"countries/{country.iso3}.yaml"
    yield fine("configuration", f"{file} is valid; {_rule(country)}")
    yield from _sources(configuration, country, file)
    if country.members.minimum < country.members.expected / 2:
        yield warning(
            "configuration",
            f"a run goes on with {country.members.minimum} of {country.members.expected} members",
            "probabilities of few members jump by several percent a member",
            f"raise members.minimum in {file}",
        )
    if country.flood_maps.return_periods[0] > country.trigger.return_period:
        smallest, trigger = country.flood_maps.return_periods[0], country.trigger.return_period
        uses = "uses that map: too much" if country.flood_maps.below_smallest == "use-smallest" else "shows no"
        yield warning(
            "configuration",
            f"the smallest flood map is of {smallest:g} years, triggers begin at {trigger:g} years",
            f"an event between the two {uses} flood and people",
            "agree with the country on flood_maps.below_smallest; the report says so with every such event",
        )


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
            yield warning(
                "configuration",
                f"the folder of source {name} is not there: {folder}",
                "runs find no forecast in it",
                "create it where the forecasts arrive, or correct its root in settings.yaml",
            )
    accepted = {country.thresholds_version, *country.accepted_versions}
    majors = {version.split(".")[0] for version in accepted}
    wrong = [f"{name} (v{version})" for name, version in declared.items() if version.split(".")[0] not in majors]
    if wrong:
        yield fault(
            "thresholds",
            f"thresholds of GloFAS v{country.thresholds_version}, forecasts of another one: {listed(wrong)}",
            "probabilities would compare two different models: every run stops",
            f"obtain thresholds of that version, or accept it by accepted_versions in {file}",
        )
    elif declared:
        yield fine("thresholds", f"thresholds and sources are of GloFAS v{country.thresholds_version}")
