"""Where the parts of the catalogue subscriptions are put together; environment and clock enter here."""

from __future__ import annotations

import os
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from flows.wiring.day import now, open_configuration
from flows.wiring.environment import read_env_files
from flows.wiring.records import earlier_inbox, open_database
from flows.wiring.sharing import fetch_newest_layers
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.loader import named
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.prepare.inputs import boundary_files
from ibf_pipeline.records.legacy_files import require_files_taken_over
from ibf_pipeline.satellites.subscriptions.account import account_from
from ibf_pipeline.satellites.subscriptions.alerts import AlertedEvent, alerted_events
from ibf_pipeline.satellites.subscriptions.client import CatalogueClient
from ibf_pipeline.satellites.subscriptions.declarations import (
    boundaries_outline,
    country_outline,
    declared_subscriptions,
    filter_of,
)
from ibf_pipeline.satellites.subscriptions.inbox import Inbox
from ibf_pipeline.satellites.subscriptions.ledger import Ledger
from ibf_pipeline.satellites.subscriptions.receiver import Admission, Receiver, build_receiver
from ibf_pipeline.satellites.subscriptions.settings import EodataSettings, ReceiverSettings, read_settings
from ibf_pipeline.satellites.subscriptions.subscription_plan import DeclaredSubscription


@dataclass(frozen=True, slots=True)
class Eodata:
    """Settings, inbox and ledger of an installation."""

    configuration: Configuration
    settings: EodataSettings
    inbox: Inbox
    ledger: Ledger

    def client(self, provider: str) -> CatalogueClient:
        """A client of a configured catalogue, with the account of the environment."""
        chosen = named("provider", provider, self.settings.providers, self.configuration.folder / "eodata.yaml")
        return CatalogueClient(provider, chosen, account_from(provider, chosen, os.environ))

    def wanted(self, provider: str) -> list[DeclaredSubscription]:
        """What is declared for a provider."""
        return declared_subscriptions(self.settings, provider, self.outline, os.environ)

    def filter(self, name: str) -> str:
        """The product filter of a declared subscription."""
        return filter_of(self.settings.subscriptions[name], self.outline)

    def outline(self, iso3: str) -> BaseGeometry:
        """A country's outline: out of its prepared layers, else of the boundaries of its highest level alone."""
        configuration = self.configuration
        try:
            return country_outline(fetch_newest_layers(configuration, iso3, FLOODS.name))
        except InputMissing as error:
            if iso3 not in configuration.country_codes():
                raise
            country = configuration.country(iso3, configuration.hazards(iso3)[0])
            level, file = min(boundary_files(configuration.static_folder(country), country).items())
            if file.is_file():
                return boundaries_outline(file.parent, level)
            remedy = f"put {file.name} there, run `ibf-pipeline prepare {iso3}`, or declare an `area`"
            raise InputMissing(error.found, where=file, expected="the boundaries alone", remedy=remedy) from None

    def searched(self, provider: str) -> list[str]:
        """The declared subscriptions for which a provider's catalogue is searched: deleted products cannot be found."""
        return [
            name
            for name, declared in self.settings.subscriptions.items()
            if declared.provider == provider and declared.status == "running" and declared.events != ("deleted",)
        ]

    def providers_in_use(self) -> list[str]:
        """Providers that something is declared for, or that hold subscriptions of ours."""
        declared = {entry.provider for entry in self.settings.subscriptions.values()}
        return sorted(declared | {entry.provider for entry in self.ledger.owned()})

    def providers_to_ask(self) -> list[str]:
        """The same, and those of products that lack their details: a push of a further subscription came without."""
        return sorted({*self.providers_in_use(), *(entry.provider for entry in self.inbox.entries("incomplete"))})

    def alerts(self) -> list[AlertedEvent]:
        """The events that are alerted now."""
        rules = self.settings.trigger
        return alerted_events(
            self.configuration.path(self.configuration.settings.paths.runs),
            lambda iso3: fetch_newest_layers(self.configuration, iso3, FLOODS.name),
            now().date(),
            valid_days=rules.alert_valid_days,
            triggers_only=rules.triggers_only,
            storage=self.configuration.storage,
        )


def open_eodata(config: str, workspace: str | None = None, wait_seconds: float | None = None) -> Eodata:
    """Settings and records, the workspace's where one is given; ForbiddenByRule if an earlier version's inbox is
    not in them. `wait_seconds`: for records that are locked.
    """
    configuration = open_configuration(config, workspace)
    read_env_files(configuration.path("."))
    settings = read_settings(configuration.folder)
    database = open_database(configuration, wait_seconds)
    require_files_taken_over(earlier_inbox(configuration, settings, workspace), database)
    inbox = Inbox(database, now, settings.inbox.max_megabytes)
    return Eodata(configuration, settings, inbox, Ledger(database, now))


def receiver_settings(config: str, workspace: str | None = None) -> ReceiverSettings:
    """Of the configuration, whose .env files are read; ConfigError if there is none."""
    configuration = open_configuration(config, workspace)
    read_env_files(configuration.path("."))
    return read_settings(configuration.folder).receiver


def open_receiver(config: str, workspace: str | None = None) -> tuple[Receiver, ReceiverSettings]:
    """The receiver's app, with its credentials out of the environment; ConfigError if they are not set, WriteFailed
    if the inbox cannot be used.
    """
    settings = receiver_settings(config, workspace)
    variables = (settings.username_variable, settings.password_variable)
    remedy = "export it; the catalogue is told the same one by `subscriptions apply`"
    username, password = values_of(variables, os.environ, "the receiver's account", "eodata.yaml", remedy)
    eodata = open_eodata(config, workspace, wait_seconds=settings.store_seconds)
    further = {subscription.lower(): name for subscription, name in settings.further_subscriptions.items()}

    def provider_of(subscription_id: str) -> str | None:
        return eodata.ledger.provider_of(subscription_id) or further.get(subscription_id)

    admission = Admission(
        username,
        password,
        provider_of,
        body_limit=settings.body_limit_bytes,
        body_seconds=settings.body_seconds,
    )
    eodata.inbox.counts()
    return build_receiver(admission, eodata.inbox, now), settings
