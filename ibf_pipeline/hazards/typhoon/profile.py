"""Typhoon as portals know it (`GET country` and the indicator list of the IBF API)."""

from __future__ import annotations

from typing import Final

from ibf_pipeline.domain.profile import HazardProfile

HOUSES: Final = "houses_affected"
"""indicator, 0..1: share of an area's houses"""
PEOPLE: Final = "affected_population"
WITHIN_50KM: Final = "prob_within_50km"
"""indicator, 0..1: probability that the centre passes within 50 km"""
WINDSPEED: Final = "windspeed"
"""indicator, whole km/h: largest 10-minute wind, mean over the members"""
RAINFALL: Final = "rainfall"
"""indicator, mm: largest rain of 24 hours; only if a country has a source of rain"""
SHOWN: Final = "show_admin_area"
"""indicator, 1: the portal draws the area"""

TYPHOON: Final = HazardProfile(
    name="typhoon",
    disaster_type="typhoon",
    noun="typhoon",
    short="typhoon",
    subject="storm",
    subject_list=None,
    unit="hour",
    lead_times=tuple(range(169)),
    period_hours=6,
    no_alert_lead_time=72,
    main_exposure=HOUSES,
    people_indicator=PEOPLE,
    indicators=(WITHIN_50KM, WINDSPEED, RAINFALL, SHOWN),
    unlisted=(SHOWN,),
    schedule="45 2,8,14,20 * * *",
    hours_late=8,
    columns=((WINDSPEED, "windspeed_kmh_10min"),),
    about="for",
    covers="wind only: no storm surge, flood or landslide",
)
