"""A country's static data to its prepared layers, ahead of the day that needs them."""

from __future__ import annotations

from prefect.client.schemas.objects import State

from flows.decorator import flow
from flows.states import COMPLETED
from flows.wiring.day import open_configuration
from flows.wiring.hazards import of_installation
from flows.wiring.idle_countries import is_without_river
from flows.wiring.legs import LEGS
from flows.wiring.local_static import local_static
from flows.wiring.sharing import shared_layers
from ibf_pipeline.prepare.inputs import NO_RIVER
from tasks.preparation import build_layers


@flow(name="prepare", flow_run_name="prepare-{country}")
def prepare_country(
    country: str, config: str = "config", workspace: str | None = None, hazard: str | None = None
) -> State:
    """Build a country's prepared layers where they are missing or out of date. An interrupted one goes on.

    Args:
        country: ISO3 code of a country in the configuration.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
        hazard: whose layers; floods, or the country's only hazard, if none is given.
    """
    configuration = open_configuration(config, workspace)
    chosen = configuration.country(country, hazard)
    folder, static = configuration.prepared_folder(country, chosen.hazard), local_static(configuration, chosen)
    if is_without_river(configuration, chosen):
        return COMPLETED.state(NO_RIVER)
    build = of_installation(LEGS, chosen.hazard).preparing.build
    built = build_layers(country, build, chosen, static, folder, shared_layers(configuration, country, chosen.hazard))
    return COMPLETED.state(f"{len(built)} parts built" if built else "up to date")
