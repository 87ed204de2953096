"""Targets opened for a day. What a kind of target is opened with stands here, and nowhere else is asked for its kind.

A further kind has a row in `OPENERS`, beside its section in `ibf_pipeline.config.targets.TARGET_KINDS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, cast

from flows.wiring.day import Day, now
from flows.wiring.legs import leg_of
from flows.wiring.sandbox import open_sandbox
from flows.wiring.sharing import ensure_layers
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.targets import FilesTargetSettings, IbfTargetSettings
from ibf_pipeline.errors import PortalUnreachable, UsageError
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.io.http_errors import NoAnswer
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.report.writer import event_maps
from ibf_pipeline.runs.notification_hold import Destination, refuse_hold
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.sandbox import SANDBOX_PASSWORD
from ibf_pipeline.targets.files.target import FilesTarget
from ibf_pipeline.targets.ibf.incomplete_day import shows
from ibf_pipeline.targets.ibf.mail_coverage import mailed_only
from ibf_pipeline.targets.ibf.portal import IbfPortal
from ibf_pipeline.targets.ibf.target import IbfTarget
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient
from ibf_pipeline.targets.incomplete_day import PortalContent
from ibf_pipeline.targets.portal import Portal
from ibf_pipeline.targets.target import OpenTarget

_SANDBOX_EMAIL: Final = "pipeline@sandbox.example"


@dataclass(frozen=True, slots=True)
class Opening:
    """What a target is opened for."""

    notify: bool
    hold_until: datetime | None
    """its notification waits for an operator's approval until then; None: it is sent at once"""
    publishes: bool
    """a target that is away is waited for, as what comes next must not be left half made"""


@dataclass(frozen=True, slots=True)
class Opener:
    """How targets of a kind are opened."""

    target: Callable[[Day, Opening], AbstractContextManager[OpenTarget]]
    """to publish a day"""
    portal: Callable[[Configuration, str, CountryHazard | None], AbstractContextManager[Portal]] | None = None
    """to ask its portal, where such targets have one: configuration, the target's name, the country of the questions or
    None, if it is not set up here"""
    shows: Callable[[Revision], PortalContent] = lambda revision: "as before"
    """what such targets show of a revision that is not finished"""


@contextmanager
def away_is_told() -> Iterator[None]:
    """A server that is away, and may be back with nothing changed, is PortalUnreachable; for questions and calls alone,
    since the services that forecasts come from can be away as well.
    """
    try:
        yield
    except NoAnswer as error:
        if not error.passes:
            raise
        raise PortalUnreachable(error.found, where=error.where, expected=error.expected, remedy=error.remedy) from error


@contextmanager
def open_target(day: Day, *, notify: bool = False, hold: bool = False, publishes: bool = True) -> Iterator[OpenTarget]:
    """The day's target, whichever kind it is. `hold`: its notification waits for an operator's approval; `publishes`: a
    server that is away is waited for, as what comes next must not be left half made. PortalUnreachable if it stays
    away.
    """
    if hold and not day.target.can_notify:
        refuse_hold(day.target_name, day.target.words)
    until = now() + timedelta(hours=day.target.hold_hours) if hold else None
    if publishes:
        ensure_layers(day)
    opening = Opening(notify and day.target.notifications, until, publishes)
    with away_is_told(), OPENERS[day.target.kind].target(day, opening) as target:
        yield target


@contextmanager
def open_portal(configuration: Configuration, name: str, country: CountryHazard | None) -> Iterator[Portal]:
    """The portal of a target, for questions; a server that is away is not waited for.

    UsageError if the target has none. `country`: None if it is not set up here.
    """
    opener = OPENERS[configuration.target(name).kind].portal
    if opener is None:
        raise UsageError(
            f"target {name} is not a portal",
            where=configuration.folder / "settings.yaml",
            expected="a target of kind " + " or ".join(kind for kind, o in OPENERS.items() if o.portal is not None),
            remedy="name the portal that the other pipeline publishes to",
        )
    with opener(configuration, name, country) as portal:
        yield portal


@contextmanager
def _files(day: Day, opening: Opening) -> Iterator[OpenTarget]:
    settings = cast(FilesTargetSettings, day.target)
    yield FilesTarget(day.target_name, day.configuration.path(settings.folder), day.prepared, now)


@contextmanager
def _ibf(day: Day, opening: Opening) -> Iterator[OpenTarget]:
    settings = cast(IbfTargetSettings, day.target)
    with _client(day.configuration, day.target_name, day.country, publishes=opening.publishes) as client:
        destination = Destination(day.target_name, client.base, opening.notify, opening.hold_until)
        draw = partial(event_maps, day.prepared) if day.country.map_image else None
        codes = leg_of(day).place_codes
        only = mailed_only(day.country.iso3, settings.mails_countries)
        yield IbfTarget(client, destination, day.prepared, now, settings.capabilities, draw, codes, only)


@contextmanager
def _ibf_portal(configuration: Configuration, name: str, country: CountryHazard | None) -> Iterator[Portal]:
    settings = cast(IbfTargetSettings, configuration.target(name))
    with _client(configuration, name, country, publishes=False) as client:
        yield IbfPortal(client, settings.capabilities, settings.mails_countries)


@contextmanager
def _client(
    configuration: Configuration, name: str, country: CountryHazard | None, *, publishes: bool
) -> Iterator[IbfClient]:
    """A client of an IBF target; an embedded sandbox is started for it and stopped afterwards.

    `publishes`: it waits for a server that is away. A question that an operator asks is answered soon: away it is.
    """
    settings = cast(IbfTargetSettings, configuration.target(name))
    keep_trying_seconds = settings.keep_trying_seconds if publishes else 0.0
    retry_policy = RetryPolicy(settings.timeout_seconds, settings.attempts, keep_trying_seconds=keep_trying_seconds)
    with ExitStack() as stack:
        if settings.embedded_sandbox:
            countries = [] if country is None else [country]
            url = stack.enter_context(open_sandbox(configuration, *countries)).url
            account = Credentials(_SANDBOX_EMAIL, SANDBOX_PASSWORD)
        else:
            url, variables = str(settings.url), (settings.email_variable, settings.password_variable)
            account = Credentials(*values_of(variables, os.environ, f"the account of target {name}", "settings.yaml"))
        yield stack.enter_context(closing(IbfClient(url, account, retry_policy)))


OPENERS: Final[dict[str, Opener]] = {"ibf": Opener(_ibf, _ibf_portal, shows), "files": Opener(_files)}
"""kind of target -> how it is opened"""


def require_reachable(day: Day) -> None:
    """PortalUnreachable if the day's portal is away right now: it is not waited for. Others are always there."""
    if OPENERS[day.target.kind].portal is not None:
        with away_is_told(), open_portal(day.configuration, day.target_name, day.country) as portal:
            portal.log_in()
