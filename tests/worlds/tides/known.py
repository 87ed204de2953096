"""Tides, brought into the product from outside: a line in each of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from flows.hazard_flows import FLOWS
from flows.wiring.legs import LEGS, Leg
from ibf_pipeline.config.hazards import MODELS
from ibf_pipeline.hazards.registry import HAZARDS, Hazard
from ibf_pipeline.sandbox import Disaster
from tests.worlds.tides.country import Tides
from tests.worlds.tides.flow import tides
from tests.worlds.tides.hazard import TIDES, TideFindings
from tests.worlds.tides.leg import all_codes, find_block, wished

DISASTER = Disaster(
    name=TIDES.disaster_type,
    label="tide",
    lead_times=tuple(map(TIDES.lead_time_name, TIDES.lead_times)),
    main_exposure=TIDES.main_exposure,
    no_event_lead_times=(TIDES.lead_time_name(TIDES.no_alert_lead_time),),
    period="six-hours",
    indicators=(TIDES.main_exposure,),
)


@contextmanager
def tides_known() -> Iterator[None]:
    """Within it, tides are a hazard like any other."""
    leg = Leg(find_block, wished, all_codes, disaster=DISASTER)
    with (
        patch.dict(HAZARDS, {TIDES.name: Hazard(TIDES, TideFindings)}),
        patch.dict(MODELS, {TIDES.name: Tides}),
        patch.dict(LEGS, {TIDES.name: leg}),
        patch.dict(FLOWS, {TIDES.name: tides}),
    ):
        yield
