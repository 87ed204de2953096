"""The demo country's blocks of flash floods: rain, library, assets and gauges of the first are fixtures; the rain of
the later ones is made up.
"""

from __future__ import annotations

from pathlib import Path

from flows.cli.day import run_and_print
from flows.cli.demo_folder import write_fixture_configuration
from flows.cli.terminal import console
from flows.wiring.day import open_configuration
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.config.loader import read_yaml
from ibf_pipeline.domain.issue_time import IssueTime

DEMO_COUNTRY = "XDM"
ISSUE_TIME = IssueTime.parse("2026-02-15T06")
_RAIN = "rain"
"""folder of the rain, among the static data and below the workspace"""
_FURTHER = {"2026-02-15T12": "Kimiri=@-2h:70mm/4h Lokiba=@18h", "2026-02-15T18": "Veo=@-3h"}
"""issue time -> rain of the blocks after it: Kimiri's flood has come; then a burst in Veo between two blocks"""
_SECTION = "flash_floods.yaml"
"""file among the demo country's static data: its section `hazards.flash-floods`, and the `sources` that it lists"""


def set_up(workspace: Path, config: str) -> str:
    """Write the configuration of the demo below a workspace and return its folder: the demo country and the settings of
    `config`, with flash floods in place of floods and their sources. InputMissing without the fixtures.
    """
    name = read_yaml(Path(config) / "countries" / f"{DEMO_COUNTRY}.yaml")["name"]
    return write_fixture_configuration(workspace, config, DEMO_COUNTRY, _SECTION, name=name, copied=[_RAIN])


def run_demo(config: str, workspace: str) -> int:
    """Run the blocks one after the other; the exit code of the first that fails. `config`: as `set_up` wrote it."""
    code = run_and_print(DEMO_COUNTRY, str(ISSUE_TIME), None, config, workspace, hazard=FlashFloodCountry.hazard)
    for issued, wishes in _FURTHER.items():
        if code == 0:
            console().print()
            _write_rain(config, workspace, IssueTime.parse(issued), wishes)
            code = run_and_print(DEMO_COUNTRY, issued, None, config, workspace, hazard=FlashFloodCountry.hazard)
    return code


def _write_rain(config: str, workspace: str, issue_time: IssueTime, wishes: str) -> None:
    from ibf_pipeline.prepare.flash_floods.store import read_flash_floods
    from ibf_pipeline.synthetic.rain import parse_rain_wishes, write_rain

    configuration = open_configuration(config, workspace)
    country = configuration.country_of(DEMO_COUNTRY, FlashFloodCountry)
    prepared = read_flash_floods(configuration.prepared_folder(DEMO_COUNTRY, country.hazard), DEMO_COUNTRY)
    parsed = parse_rain_wishes(wishes)
    write_rain(Path(workspace) / _RAIN, issue_time, parsed, prepared.layers, prepared.ground(), country)
