"""What may stand in `job_variables`, and how those of settings, country and hazard lie over each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.job_variables import merge_job_variables
from ibf_pipeline.config.loader import validated
from ibf_pipeline.config.settings import Operations
from ibf_pipeline.errors import ConfigError
from tests.worlds.countries import tiny_country
from tests.worlds.countries.projects import make_project


def operations(**variables: Any) -> Operations:
    return validated(Operations, {"job_variables": variables}, Path("settings.yaml"))


def test_names_sizes_and_references_are_taken_as_they_are() -> None:
    variables = {
        "image": "registry.example.org/ibf@sha256:00",
        "accounts": "ibf-accounts",
        "finished_job_ttl": 3600,
        "volumes": ["/srv/ibf:/work"],
        "env": {
            "IBF_PASSWORD": "{{ prefect.blocks.secret.ibf-password }}",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
            "IBF_FILES": "s3://ibf/files",
        },
    }
    assert operations(**variables).job_variables == variables


@pytest.mark.parametrize(
    "name",
    ["IBF_PASSWORD", "ibf_password", "EWDS_KEY", "AWS_SECRET_ACCESS_KEY", "SLACK_TOKEN", "PREFECT_API_AUTH_STRING"],
)
def test_a_secret_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(ConfigError, match=f"job_variables: env.{name}: a secret would be readable") as refused:
        operations(env={name: "hunter2"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "variables",
    [
        {"env": {"PROXY": "http://anna:hunter2@proxy.example.org"}},
        {"volumes": ["nfs://anna:hunter2@files/ibf"]},
        {"options": {"address": "postgresql://ibf:hunter2@db/ibf"}},
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(variables: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="an address with a password in it") as refused:
        operations(**variables)
    assert "hunter2" not in str(refused.value)


def test_what_the_environment_cannot_hold_is_named() -> None:
    with pytest.raises(ConfigError, match=r"env.GDAL_CACHEMAX: the environment holds text"):
        operations(env={"GDAL_CACHEMAX": 64})
    with pytest.raises(ConfigError, match=r"env: write the environment variables below it"):
        operations(env=["GDAL_CACHEMAX=64"])
    with pytest.raises(ConfigError, match=r"memory_limit: text, a number"):
        operations(memory_limit=None)


def test_later_ones_replace_earlier_ones_and_the_environment_is_merged_by_name() -> None:
    settings = {"image": "a", "memory_limit": "1Gi", "env": {"A": "1", "B": "1"}}
    assert merge_job_variables(settings, {"memory_limit": "2Gi", "env": {"B": "2"}}, {"env": {"C": "3"}}) == {
        "image": "a", "memory_limit": "2Gi", "env": {"A": "1", "B": "2", "C": "3"}
    }  # fmt: skip
    assert settings["env"] == {"A": "1", "B": "1"}


def test_a_hazard_lays_its_own_over_those_of_its_country(tmp_path: Path) -> None:
    config = Path(make_project(tmp_path, ("XDM",), stories={}))
    file = config / "countries" / "XDM.yaml"
    country = yaml.safe_load(file.read_text(encoding="utf-8"))
    country["job_variables"] = {"memory_limit": "2Gi", "env": {"A": "country", "B": "country"}}
    hazards = country.setdefault("hazards", {"floods": {}})
    hazards["floods"] |= {
        name: country.pop(name) for name in list(country) if name not in {*CountryHazard.model_fields, "hazards"}
    }
    hazards["floods"]["job_variables"] = {"cpu_request": "2", "env": {"B": "floods"}}
    file.write_text(yaml.safe_dump(country), encoding="utf-8")
    assert load(config).country("XDM", "floods").job_variables == {
        "memory_limit": "2Gi", "cpu_request": "2", "env": {"A": "country", "B": "floods"}
    }  # fmt: skip


def test_where_a_job_runs_is_no_change_of_what_a_run_found() -> None:
    """A published day is not planned afresh because its job has more memory now."""
    kept = tiny_country.country().model_dump(mode="json")
    assert tiny_country.country(job_variables={"memory_limit": "4Gi"}).says_the_same_as(kept)
