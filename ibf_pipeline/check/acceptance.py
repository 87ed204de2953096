"""Doubts of the static data that an operator has looked into: named, and no warnings any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ibf_pipeline.check.finding import Finding, finding
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.country import ACCEPTED, is_accepted
from ibf_pipeline.prepare.map_doubts import dry_doubt

_MEANING = f"`accepted_doubts`: it stays in the notes of runs as `{ACCEPTED}: ...`, and nobody is notified of it"


def with_accepted(
    findings: Sequence[Finding], country: FloodCountry | FlashFloodCountry | TyphoonCountry
) -> Iterator[Finding]:
    """The findings, those accepted of which every doubt is; and texts that no doubt contains any more.

    Of these nothing is said beside an error: what it hides may be what was accepted.
    """
    texts = country.accepted_doubts
    for one in findings:
        all_accepted = bool(one.doubts) and all(is_accepted(doubt, texts) for doubt in one.doubts)
        if all_accepted and one.level == "warning":
            yield replace(one, level="accepted", meaning=_MEANING, remedy="")
        else:
            yield one
    if all(one.level != "error" for one in findings):
        said = [doubt for one in findings for doubt in one.doubts]
        if isinstance(country, FloodCountry):  # where a map is dry inside the country only
            said += map(dry_doubt, country.flood_maps.return_periods)
        for text in texts:
            if not any(is_accepted(doubt, [text]) for doubt in said):
                yield finding("accepted doubt gone", text=text, iso3=country.iso3)
