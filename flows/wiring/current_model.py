"""Whether another model is in operation than the one of a country's thresholds, whatever its forecast came from."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import Final

from flows.wiring.day import now
from flows.wiring.sources import ewds_service
from ibf_pipeline.config import sources as settings
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.sources.ewds_request import check_operational
from ibf_pipeline.sources.source import ForecastFiles

log = logging.getLogger("ibf_pipeline.flows")

_CURRENT: Final = timedelta(days=1)
"""before today: what the form says now tells nothing of older issue dates"""


def require_current_model(
    configuration: Configuration, country: FloodCountry, files: ForecastFiles, issue_date: date
) -> None:
    """VersionRefused where the form of an EWDS source of the country says that its thresholds' model was replaced.

    Rule: files of other sources may carry no version (netCDF by FTP carries none), so that their `glofas_version` is
    believed; the form tells the change on its day. Each of the country's EWDS sources is asked once, but not the one
    that delivered the forecast, which asks before each order, and none whose settings say `check: false`. One that
    cannot be asked stops nothing. `country`: with the thresholds of the issue date.
    """
    if files.kept or files.at_stations or issue_date < now().date() - _CURRENT:
        return
    for name in country.sources:
        chosen = configuration.settings.sources[name]
        if not isinstance(chosen, settings.EwdsSource) or not chosen.check or name == files.source:
            continue
        service = ewds_service(name, chosen, attempts=1)
        try:
            form = service.form()
        except ServerRefused as error:
            log.warning("%s: the form of %s is not looked at: %s", country.iso3, name, error.found)
            continue
        if form is not None:
            check_operational(form, (country.thresholds_version, *country.accepted_versions), service.address)
