"""The flow of each hazard, by which its days are run here, in a backfill and by deployments. A further one adds a line.

A flow of a hazard takes `country`, then its issue time, then `target`; `notify`, `publish`, `hold`, `approval`,
`accept_blind`, `take_over`, `discard_decisions`, `publish_withdrawn`, `config` and `workspace` by name.
"""

from __future__ import annotations

from typing import Any, Final

from prefect.flows import Flow

from flows.flash_floods import flash_floods
from flows.floods import floods
from flows.typhoon import typhoon
from flows.wiring.hazards import of_installation
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.hazards.flash_floods.profile import FLASH_FLOODS
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.hazards.typhoon.profile import TYPHOON

FLOWS: Final[dict[str, Flow[..., Any]]] = {
    FLOODS.name: floods,
    FLASH_FLOODS.name: flash_floods,
    TYPHOON.name: typhoon,
}


def flow_of(hazard: str) -> Flow[..., Any]:
    """The flow of a hazard; UsageError if this installation has none."""
    return of_installation(FLOWS, hazard)


def issue_parameter(profile: HazardProfile) -> str:
    """The name of the parameter of a hazard's flow that takes the issue time."""
    return "issue_date" if profile.period_hours == 24 else "issue_time"
