"""What is for trying only never reaches people: no setting of a target and no option of a command lets it.

What is made up goes to test targets alone, which are there for that.
"""

from __future__ import annotations

from flows.wiring.day import Day
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.trial import MADE_UP
from ibf_pipeline.errors import ForbiddenByRule, InputMissing
from ibf_pipeline.runs.ledger import unfinished


def require_no_trial_source(configuration: Configuration, country: CountryHazard, target: str) -> None:
    """ForbiddenByRule, before anything is asked, where a target that notifies has a source for trying only."""
    trials = [name for name in country.sources if configuration.settings.sources[name].is_trial]
    if trials and configuration.target(target).notifies:
        raise _forbidden(country.iso3, target, f"source {trials[0]} of {country.iso3} is for trying only")


def require_may_be_made_up(day: Day, source: str) -> None:
    """InputMissing if a source makes its forecasts up and the target is not a test target."""
    chosen = day.configuration.settings.sources.get(source)
    if chosen is not None and chosen.is_made_up and not day.target.test_target:
        raise InputMissing(
            f"its forecasts are made up, and target {day.target_name} is not a test target",
            where=f"source {source}",
            expected="a target with test_target: true, such as the sandbox",
            remedy=f"list a real source in `sources` of countries/{day.country.iso3}.yaml (docs/glofas-sources.md), or "
            "run with --target sandbox",
        )


def require_no_trial(day: Day, findings: Findings) -> None:
    """ForbiddenByRule if findings of such a source, kept from an earlier run too, would be mailed about; of a
    made-up forecast, wherever they would be published but on a test target.
    """
    allowed = day.target.test_target if findings.trial == MADE_UP else not (findings.trial and day.target.notifies)
    if not allowed:
        raise _forbidden(findings.country, day.target_name, f"the forecast of {findings.country} is a {findings.trial}")


def require_no_trial_begun(day: Day) -> None:
    """The same of a revision that was begun when the target did not notify yet, or was a test target, and would be
    finished now.
    """
    begun = unfinished(day.run, day.target_name)
    if begun is not None:
        require_no_trial(day, begun.findings())


def _forbidden(iso3: str, target: str, found: str) -> ForbiddenByRule:
    return ForbiddenByRule(
        found,
        where=f"target {target}",
        expected="the sandbox, or of a real forecast a folder of files or a target without notifications",
        remedy="run with --target sandbox, or list ewds, ftp or an archive in `sources` of "
        f"countries/{iso3}.yaml instead (docs/glofas-sources.md); no setting allows this",
    )
