"""docs/installation.md: settings that can be pasted are settings that are taken, and what it names is there."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import pytest
import yaml

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.loader import read_yaml, validated
from ibf_pipeline.config.settings import Settings
from tests.conftest import ROOT

PAGE = (ROOT / "docs/installation.md").read_text(encoding="utf-8")
BLOCKS = [
    yaml.safe_load(textwrap.dedent(block))
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
]


def test_there_is_one_for_each_step() -> None:
    assert len(BLOCKS) >= 5


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: ",".join(block))
def test_what_can_be_pasted_is_valid(block: dict[str, Any]) -> None:
    config = ROOT / "config"
    file, model = (
        (config / "settings.yaml", Settings)
        if block.keys() <= Settings.model_fields.keys()
        else (config / "countries/XDM.yaml", FloodCountry)
    )
    validated(model, {**read_yaml(file), **block}, file)


def test_files_secrets_and_services_that_it_names_are_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
    kubernetes = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs/kubernetes").iterdir())
    for name in re.findall(r"create secret generic (\S+)", PAGE):
        assert name in kubernetes, name
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    made = re.search(r"for name in ([A-Z_ ]+); do\n.*\n.*\nprintf ibf > secrets/(\w+)", PAGE)
    assert made
    assert sorted([*made[1].split(), made[2]]) == sorted(compose["secrets"])
