"""Flood maps that already exist: found through a STAC API, so that nothing is ordered for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ibf_pipeline.domain.observation import DayRange
from ibf_pipeline.errors import ConfigError, InputInvalid, ServerUnreachable
from ibf_pipeline.io.session import Session
from ibf_pipeline.satellites.hook.settings import INSTALL, FloodMapCatalogue
from ibf_pipeline.security.encryption import require_encrypted

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FloodMapItem:
    """A flood map of one pass."""

    id: str
    moment: datetime
    """when the radar passed"""
    link: str = field(repr=False)


def find_flood_maps(
    catalogue: FloodMapCatalogue, box: tuple[float, float, float, float], days: DayRange, timeout: float
) -> list[FloodMapItem]:
    """Items of the collection that touch the box (west, south, east, north in degrees) on these days, oldest first.

    Those without the configured asset are left out. Raises ServerUnreachable if the API does not answer, and
    InputInvalid if there are items and none has the asset.
    """
    try:
        import pystac_client
        from pystac_client.stac_api_io import StacApiIO
    except ImportError:
        raise ConfigError(
            "the package pystac-client is not installed",
            expected="it, to look for flood maps",
            remedy=f"{INSTALL}, or remove observation.catalogue from destine.yaml",
        ) from None
    require_encrypted(catalogue.url)
    try:
        access = StacApiIO(timeout=timeout)
        access.session = Session(follows=True)  # that of pystac would send an account of a .netrc after a redirect
        access.read_json = partial(_page, access.read_json)  # type: ignore[method-assign]
        client = pystac_client.Client.open(catalogue.url, stac_io=access)
        search = client.search(
            collections=[catalogue.collection], bbox=box, datetime=f"{days.first}T00:00:00Z/{days.last}T23:59:59Z"
        )
        items = list(search.items())
    except Exception as error:
        # pystac-client, pystac and requests raise many kinds; for us the catalogue did not answer as one
        raise ServerUnreachable(
            f"the catalogue of flood maps did not answer ({type(error).__name__})",
            where=urlsplit(catalogue.url).hostname,
            remedy="check observation.catalogue in destine.yaml",
        ) from None
    found, without = [], []
    for item in items:
        moment = item.datetime or item.common_metadata.start_datetime
        asset = item.assets.get(catalogue.asset)
        link = None if asset is None else asset.get_absolute_href()
        if moment is None or link is None or urlsplit(link).scheme not in ("http", "https"):
            without.append(item)
            continue
        when = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        found.append(FloodMapItem(item.id, when, link))
    for item in without:
        text = f"item {item.id} has no time or no asset {catalogue.asset!r} to be fetched"
        if not found:
            raise InputInvalid(
                text,
                where=catalogue.collection,
                expected="one of its assets: " + (", ".join(sorted(item.assets)) or "it has none"),
                remedy="correct observation.catalogue.asset in destine.yaml",
            )
        log.warning("%s: %s", catalogue.collection, text)
    return sorted(found, key=lambda entry: (entry.moment, entry.id))


def _page(read: Callable[..., dict[str, Any]], *args: Any, **more: Any) -> dict[str, Any]:
    """What an address of the API says; ValueError for anything but its own kinds of answers.

    pystac-client takes an answer without `features`, such as an error with 200, for the end of the list.
    """
    page = read(*args, **more)
    if page.get("type") in ("Catalog", "Collection") or isinstance(page.get("features", page.get("collections")), list):
        return page
    raise ValueError("an answer that is not a list of items")


def by_pass(maps: Sequence[FloodMapItem], within: timedelta) -> list[list[FloodMapItem]]:
    """Maps of one pass together, the earliest pass first: those at most `within` after the first of them."""
    passes: list[list[FloodMapItem]] = []
    for entry in sorted(maps, key=lambda entry: (entry.moment, entry.id)):
        if passes and entry.moment - passes[-1][0].moment <= within:
            passes[-1].append(entry)
        else:
            passes.append([entry])
    return passes
