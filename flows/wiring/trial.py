"""What is for trying only never reaches people: no setting of a target and no option of a command lets it."""

from __future__ import annotations

from flows.wiring.day import Day
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.runs.ledger import unfinished


def require_no_trial_source(configuration: Configuration, country: CountryHazard, target: str) -> None:
    """ForbiddenByRule, before anything is asked, where a target that notifies has a source for trying only."""
    trials = [name for name in country.sources if configuration.settings.sources[name].is_trial]
    if trials and configuration.target(target).notifies:
        raise _forbidden(country.iso3, target, f"source {trials[0]} of {country.iso3} is for trying only")


def require_no_trial(day: Day, found: Findings) -> None:
    """ForbiddenByRule where findings of such a source, kept from an earlier run too, would be mailed about."""
    if found.trial and day.target.notifies:
        raise _forbidden(found.country, day.target_name, f"the forecast of {found.country} is a {found.trial}")


def require_no_trial_begun(day: Day) -> None:
    """The same of a revision that was begun when the target did not notify yet, and would be finished now."""
    begun = unfinished(day.run, day.target_name)
    if begun is not None and day.target.notifies:
        require_no_trial(day, begun.found())


def _forbidden(iso3: str, target: str, found: str) -> ForbiddenByRule:
    return ForbiddenByRule(
        found,
        where=f"target {target}, which notifies people",
        expected="the sandbox, a folder of files or a target without notifications",
        remedy="run with --target sandbox, or list ewds, ftp or an archive in `sources` of "
        f"countries/{iso3}.yaml instead (docs/glofas-sources.md); no setting allows this",
    )
