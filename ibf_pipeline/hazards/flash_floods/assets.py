"""Schools, health sites, waterpoints, roads and buildings that floods reach (rule 13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ibf_pipeline.domain.flash_flood_layers import FlashFloodLayers
from ibf_pipeline.hazards.flash_floods.findings import ExposedAssets, FlashFloodFindings, combine_assets
from ibf_pipeline.hazards.flash_floods.profile import EXPOSED_CATEGORIES, FLASH_FLOODS


def exposed_assets(scenarios: Mapping[str, str], lead_time: int, layers: FlashFloodLayers) -> tuple[ExposedAssets, ...]:
    """The points and lines that an event's floods reach, by category; no others are sent (rule 13).

    Parameters
    ----------
    scenarios
        Place code -> scenario, of the event's areas.
    lead_time
        Hours, of the event.
    layers
        Of the country; `assets` says which fids each scenario reaches.
    """
    return combine_assets(
        ExposedAssets(category, lead_time, fids)
        for category in EXPOSED_CATEGORIES
        for area, scenario in scenarios.items()
        if (fids := layers.assets.get(category, {}).get((area, scenario), ()))
    )


def still_shown(exposed: Iterable[ExposedAssets], before: FlashFloodFindings | None) -> tuple[tuple[str, int], ...]:
    """(category of lines, lead time) that had exposed lines before and have none now.

    An upload without any lines writes nothing on the server, so its map goes on showing the last ones until that lead
    time has some again; points go with their block (rule 13).
    """
    if before is None:
        return ()
    now = {(each.category, each.lead_time) for each in exposed}
    earlier = {(each.category, each.lead_time) for each in before.exposed} | set(before.still_shown)
    return tuple(sorted(pair for pair in earlier - now if pair[0] in FLASH_FLOODS.lines))
