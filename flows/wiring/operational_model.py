"""Whether GloFAS still runs the model of a country's thresholds, whichever source its forecast came from."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from flows.wiring.day import now
from flows.wiring.sources import ewds_service
from ibf_pipeline.config import sources as settings
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import IbfError
from ibf_pipeline.sources.ewds_versions import check_operational
from ibf_pipeline.sources.source import ForecastFiles

log = logging.getLogger("ibf_pipeline.flows")

UNJUDGED: Final = "unjudged"
"""in the origin of files: that nothing but their source's settings tells their version, and why the form does not"""
_CURRENT: Final = timedelta(days=1)
"""before today: what the form says now tells nothing of older issue dates"""


def require_operational_model(
    configuration: Configuration, country: FloodCountry, files: ForecastFiles, issue_date: date
) -> str:
    """VersionRefused if the form of an EWDS source says that the model of the country's thresholds was replaced;
    else why no form could be judged, empty if one was, or none is to be asked.

    Rule: files of other sources may carry no version (netCDF by FTP carries none), so that their `glofas_version` is
    believed; the form tells the change on its day. Every EWDS source of the settings is asked once, the country's own
    first, but not the one that delivered the forecast, which asks before each order, and none whose settings say
    `check: false`. One that cannot be asked stops nothing. `country`: with the thresholds of the issue date.
    """
    if files.kept or files.at_stations or issue_date < now().date() - _CURRENT:
        return ""
    why = [_judged(name, chosen, country) for name, chosen in _to_ask(configuration, country, files.source)]
    for each in filter(None, why):
        log.warning("%s: whether its model is in operation cannot be judged: %s", country.iso3, each)
    return "; ".join(why) if all(why) else ""


def with_doubt(files: ForecastFiles, cube: Any, unjudged: str) -> ForecastFiles:
    """Files with a doubt where no form could be judged (`unjudged`: why), and nothing else tells their version: no
    GRIB ids, and no attributes where the source declares nothing.
    """
    attributes = cube.attrs
    if not unjudged or attributes["glofas_process_ids"] or not attributes["glofas_version_declared"]:
        return files
    said = (
        "nothing but the settings tells its GloFAS version, and whether that model is still in operation cannot be "
        f"judged: {unjudged}"
    )
    return replace(files, origin={**files.origin, UNJUDGED: said})


def _to_ask(
    configuration: Configuration, country: FloodCountry, delivered: str
) -> Iterator[tuple[str, settings.EwdsSection]]:
    """Name and settings of each source whose form is to be asked; the same collection of a service once."""
    sources, asked = configuration.settings.sources, set()
    for name in dict.fromkeys((delivered, *country.sources, *sources)):
        chosen = sources.get(name)
        if isinstance(chosen, settings.EwdsSection) and chosen.check and (chosen.url, chosen.dataset) not in asked:
            asked.add((chosen.url, chosen.dataset))
            if name != delivered:
                yield name, chosen


def _judged(name: str, chosen: settings.EwdsSection, country: FloodCountry) -> str:
    """Why the form of a source cannot be judged; empty if it can. Asked without a key where none is set."""
    service, has_key = ewds_service(name, chosen, attempts=1), bool(os.environ.get(chosen.key_variable))
    try:
        form = service.form() if has_key else service.public_form()
    except IbfError as error:
        return f"{service.address}: {error.found}" + ("" if has_key else f"; {chosen.key_variable} is not set")
    if form is None:
        return f"{service.address}: its form could not be had"
    why = check_operational(form, (country.thresholds_version, *country.accepted_versions), service.address)
    return why and f"{service.address}: {why}"
