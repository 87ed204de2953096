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

from flows.wiring.day import Day, now, open_sandbox
from ibf_pipeline.config.targets import FilesTargetSettings, IbfTargetSettings, TargetSettings
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.io.patience import Patience
from ibf_pipeline.report.write import event_maps
from ibf_pipeline.runs.holding import Destination, refuse_hold
from ibf_pipeline.sandbox import SANDBOX_PASSWORD
from ibf_pipeline.targets.files.target import FilesTarget
from ibf_pipeline.targets.ibf.target import IbfTarget
from ibf_pipeline.targets.ibf.transport import Credentials, IbfClient
from ibf_pipeline.targets.open_target import OpenTarget

SANDBOX_EMAIL: Final = "pipeline@sandbox.example"


@dataclass(frozen=True, slots=True)
class Opening:
    """What a target is opened for."""

    notify: bool
    hold_until: datetime | None
    """its notification waits for a person's approval until then; None: it is sent at once"""
    publishes: bool
    """a target that is away is waited for, as what comes next must not be left half made"""


OpenForDay = Callable[[Day, Opening], AbstractContextManager[OpenTarget]]


@contextmanager
def open_target(day: Day, *, notify: bool = False, hold: bool = False, publishes: bool = True) -> Iterator[OpenTarget]:
    """The day's target, whichever kind it is. `hold`: its notification waits for a person's approval; `publishes`: a
    server that is away is waited for, as what comes next must not be left half made.
    """
    if hold and not day.target.can_notify:
        refuse_hold(day.target_name, day.target.words)
    until = now() + timedelta(hours=day.target.hold_hours) if hold else None
    opening = Opening(notify and day.target.notifications, until, publishes)
    with OPENERS[day.target.kind](day, opening) as target:
        yield target


@contextmanager
def _files(day: Day, opening: Opening) -> Iterator[OpenTarget]:
    settings = cast(FilesTargetSettings, day.target)
    yield FilesTarget(day.target_name, day.configuration.path(settings.folder), day.prepared, now)


@contextmanager
def _ibf(day: Day, opening: Opening) -> Iterator[OpenTarget]:
    settings = cast(IbfTargetSettings, day.target)
    with open_ibf(day, publishes=opening.publishes) as client:
        destination = Destination(day.target_name, client.base, opening.notify, opening.hold_until)
        draw = partial(event_maps, day.prepared) if day.country.map_image else None
        yield IbfTarget(client, destination, day.prepared, now, settings.capabilities, draw)


@contextmanager
def open_ibf(day: Day, *, publishes: bool = False) -> Iterator[IbfClient]:
    """A client of the day's target; an embedded sandbox is started for it and stopped afterwards.

    `publishes`: it waits for a server that is away. A question that a person asks is answered soon: away it is.
    """
    settings = cast(IbfTargetSettings, day.target)
    with ExitStack() as stack:
        if settings.embedded_sandbox:
            url = stack.enter_context(open_sandbox(day.configuration, day.country)).url
            account = Credentials(SANDBOX_EMAIL, SANDBOX_PASSWORD)
            client = _client(url, account, settings, publishes=publishes)
        else:
            client = open_portal(day.target_name, settings, publishes=publishes)
        yield stack.enter_context(client)


def open_portal(name: str, target: TargetSettings, *, publishes: bool = False) -> closing[IbfClient]:
    """The same for a target with a url, whatever the country."""
    settings = cast(IbfTargetSettings, target)
    variables = (settings.email_variable, settings.password_variable)
    account = Credentials(*values_of(variables, os.environ, f"the account of target {name}", "settings.yaml"))
    return _client(str(settings.url), account, settings, publishes=publishes)


def _client(url: str, account: Credentials, settings: IbfTargetSettings, *, publishes: bool) -> closing[IbfClient]:
    keep_trying_seconds = settings.keep_trying_seconds if publishes else 0.0
    patience = Patience(settings.timeout_seconds, settings.attempts, keep_trying_seconds=keep_trying_seconds)
    return closing(IbfClient(url, account, patience))


OPENERS: Final[dict[str, OpenForDay]] = {"ibf": _ibf, "files": _files}
"""kind of target -> how it is opened"""
