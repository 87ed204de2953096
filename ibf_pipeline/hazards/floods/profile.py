"""River floods as portals know them (`GET country` and the indicator list of the IBF API)."""

from __future__ import annotations

from typing import Final

from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.domain.profile import HazardProfile

FLOODS: Final = HazardProfile(
    name="floods",
    disaster_type="floods",
    noun="river flood",
    short="flood",
    is_named=False,
    subject="station",
    subject_list="stations.csv",
    unit="day",
    lead_times=LEAD_TIMES,
    period_hours=24,
    no_alert_lead_time=1,
    main_exposure=POPULATION_AFFECTED,
    people_indicator=POPULATION_AFFECTED,
    share_indicator=f"{POPULATION_AFFECTED}_percentage",
    raster="flood_extent_{lead_time}_{country}.tif",
    points=("glofas_stations",),
    subject_points="glofas_stations",
)
