"""Flash floods as portals know them (`GET country` and the indicator list of the IBF API)."""

from __future__ import annotations

from typing import Final

from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.domain.profile import HazardProfile

EXTENT_FILE: Final = "flood_extent_{lead_time}_{country}.tif"
"""file name of a lead time's extent"""

FLASH_FLOODS: Final = HazardProfile(
    name="flash-floods",
    disaster_type="flash-floods",
    noun="flash flood",
    short="flash flood",
    subject="district",
    subject_list="the districts of the country's file",
    unit="hour",
    lead_times=(*range(13), 15, 18, 21, 24, 48),
    period_hours=6,
    no_alert_lead_time=1,
    main_exposure=POPULATION_AFFECTED,
    people_indicator=POPULATION_AFFECTED,
    indicators=(
        "nr_affected_buildings",
        "nr_affected_roads",
        "nr_affected_schools",
        "nr_affected_clinics",
        "nr_affected_waterpoints",
    ),
    raster=EXTENT_FILE,
    points=("schools", "health_sites", "waterpoints", "gauges"),
    lines=("roads", "buildings"),
    schedule="45 4,10,16,22 * * *",
    hours_late=4,
)

EXPOSED_CATEGORIES: Final = ("schools", "health_sites", "waterpoints", *FLASH_FLOODS.lines)
"""categories of points and lines that a flood reaches or not"""
