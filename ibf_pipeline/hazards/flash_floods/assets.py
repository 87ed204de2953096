"""Schools, health sites, waterpoints, roads and buildings that floods reach (rule 13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ibf_pipeline.domain.flash_layers import FlashLayers
from ibf_pipeline.hazards.flash_floods.findings import Exposed, FlashFloodFindings, together
from ibf_pipeline.hazards.flash_floods.profile import EXPOSED_CATEGORIES, FLASH_FLOODS


def exposed_assets(scenarios: Mapping[str, str], lead_time: int, layers: FlashLayers) -> tuple[Exposed, ...]:
    """The fids that an event's floods reach, by category, at its lead time; those that they do not reach are not sent.

    `scenarios`: place code -> scenario, of the event's areas.
    """
    return together(
        Exposed(category, lead_time, fids)
        for category in EXPOSED_CATEGORIES
        for area, scenario in scenarios.items()
        if (fids := layers.assets.get(category, {}).get((area, scenario), ()))
    )


def still_shown(exposed: Iterable[Exposed], before: FlashFloodFindings | None) -> tuple[tuple[str, int], ...]:
    """(category of lines, lead time) that carried exposed lines before and carry none now.

    An upload without any writes nothing on the server, so its map goes on showing the last ones, until that lead time
    has some again; points go with their block.
    """
    if before is None:
        return ()
    now = {(each.category, each.lead_time) for each in exposed}
    earlier = {(each.category, each.lead_time) for each in before.exposed} | set(before.still_shown)
    return tuple(sorted(pair for pair in earlier - now if pair[0] in FLASH_FLOODS.lines))
