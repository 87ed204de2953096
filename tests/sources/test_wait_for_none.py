"""A run whose later source was fetched whole: it waits neither in the queue of an earlier one nor for a sensor."""

# ruff: noqa: F811 - fixtures go by their names
from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pytest
import yaml

from flows.wiring.day import open_configuration
from flows.wiring.sources import open_cache, open_source, open_sources
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.errors import ServerUnreachable
from ibf_pipeline.sources import first_usable
from ibf_pipeline.sources.members import MemberSource
from tests.sources.test_cli_inputs import config, service  # noqa: F401 - fixtures
from tests.worlds.countries.forecast_files import ISSUE, require_whole
from tests.worlds.services.ewds import KEY, Service


@pytest.fixture
def configuration(config: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    """AAA with the data store, whose orders stay `accepted`, before the archive."""
    settings = yaml.safe_load((config / "settings.yaml").read_text())
    settings["sources"]["ewds"] |= {"url": service.url, "queue_minutes": 0.05}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))
    file = config / "countries" / "AAA.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "sources": ["ewds", "archive"]}))
    monkeypatch.setenv("EWDS_KEY", KEY)
    service.looks, service.limit = 10**6, 10**6
    return open_configuration(str(config), None)


def passed_over(configuration: Configuration) -> str:
    """Why the run did not use the data store but the archive."""
    sources = open_sources(configuration, configuration.country("AAA"))
    files, (why,) = first_usable(sources, ISSUE, lambda source: source.fetch(ISSUE))
    assert files.source == "archive"
    require_whole(files, "AAA")
    return why


def test_an_order_that_is_not_begun_is_left_in_the_queue(configuration: Configuration, service: Service) -> None:
    assert passed_over(configuration) == "ewds: order job-1 is still accepted after 0 minutes", "3 s in the queue"
    assert passed_over(configuration) == "ewds: order job-1 is still accepted, and archive has the whole forecast"
    assert len(service.orders) == 1, "the order goes on"


def test_a_sensor_that_holds_the_country_is_not_waited_for(configuration: Configuration, service: Service) -> None:
    open_source(configuration, "archive", configuration.country("AAA")).fetch(ISSUE)
    with open_cache(configuration).held("ewds", ISSUE, "AAA"):
        why = passed_over(configuration)
    assert why == "ewds: another run is fetching it, and archive has the whole forecast"
    assert service.orders == []


def test_a_download_of_global_files_is_not_waited_for(configuration: Configuration) -> None:
    def ewds(day: date) -> str:
        return "ewds"

    source = open_source(configuration, "archive", configuration.country("AAA"))
    assert isinstance(source, MemberSource)
    with (
        open_cache(configuration).held("archive", ISSUE),
        pytest.raises(ServerUnreachable, match="another run is fetching it, and ewds has the whole forecast"),
    ):
        dataclasses.replace(source, elsewhere=ewds).fetch(ISSUE)
    require_whole(dataclasses.replace(source, elsewhere=ewds).fetch(ISSUE), "AAA")
