"""The intake: notifications into the inbox, gaps closed, observations started. Never part of a forecast run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from prefect.client.schemas.objects import State

from flows.decorator import flow
from flows.observation_start import start_observation
from flows.states import COMPLETED, FAILED
from flows.wiring.day import now
from flows.wiring.subscriptions import Eodata, open_eodata
from ibf_pipeline.errors import IbfError
from ibf_pipeline.satellites.subscriptions.client import CatalogueClient
from ibf_pipeline.satellites.subscriptions.intake import catch_up_is_due
from tasks.subscriptions import fetch_details, pull_queue, search_catalogue, start_observations

log = logging.getLogger("ibf_pipeline.flows")


@flow(name="intake")
def intake(catch_up: bool = False, config: str = "config", workspace: str | None = None) -> State:
    """Fetch notifications of new satellite products and start observations of alerted events.

    Args:
        catch_up: search the catalogues now, however recently they were searched.
        config: folder of the configuration.
        workspace: folder for inbox, prepared layers and runs, instead of those of the settings.
    """
    eodata = open_eodata(config, workspace)
    problems = take_in(eodata, catch_up=catch_up)
    rules, alerts = eodata.settings.trigger, eodata.alerts()
    starter, max_age = partial(start_observation, name=rules.deployment), timedelta(hours=rules.max_age_hours)
    done = start_observations(len(alerts), alerts, eodata.inbox, starter, now(), max_age)
    counts = eodata.inbox.counts()
    problems += done.failures
    announced = f"{len(done.announced)} announced (there is no deployment {rules.deployment}), " * bool(done.announced)
    text = f"{len(done.started)} observations started, {announced}{counts['waiting']} products waiting"
    if problems:
        return FAILED.state("; ".join([text, *problems]))
    return COMPLETED.state(text)


def take_in(eodata: Eodata, *, catch_up: bool) -> list[str]:
    """Every queue and every search on its own: the failure of one does not stop the others."""
    problems: list[str] = []
    for provider in eodata.providers_to_ask():
        with _noting(problems, provider), eodata.client(provider) as client:
            for entry in eodata.ledger.owned(provider):
                if entry.kind == "pull":
                    with _noting(problems, f"{provider}, queue of {entry.name}"):
                        pull_queue(entry.name, entry.id, client, eodata.inbox, eodata.settings.intake)
            for name in eodata.searched(provider):
                with _noting(problems, f"{provider}, search for {name}"):
                    _search(name, client, eodata, always=catch_up)
            with _noting(problems, f"{provider}, details"):
                fetch_details(provider, client, eodata.inbox)
    return problems


@contextmanager
def _noting(problems: list[str], where: str) -> Iterator[None]:
    try:
        yield
    except IbfError as error:
        log.error("%s: %s", where, error)
        problems.append(f"{where}: {error}")
    except Exception as error:  # a bug in one part: the others are still looked at
        log.exception("%s", where)
        problems.append(f"{where}: {type(error).__name__}, see the log")


def _search(name: str, client: CatalogueClient, eodata: Eodata, *, always: bool) -> None:
    wanted, settings = eodata.filter(name), eodata.settings.intake
    if always or catch_up_is_due(eodata.ledger, name, wanted, now(), settings):
        search_catalogue(name, wanted, client, eodata.inbox, eodata.ledger, now, settings)
