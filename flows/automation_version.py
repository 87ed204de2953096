"""Are the server's automations those of this version? After an upgrade they are the earlier ones until `deploy` is run.

An automation hears of a run by the name of its state, so earlier ones know nothing of a new name: nobody would be told,
and a run that has ended would be declared dead. A run that finds such a server therefore ends under the name that every
version knows, Prefect's own for the type of its state, and says in its message what to do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from prefect.runtime import deployment
from prefect.settings import get_current_settings

from flows.brief_client import brief_client
from flows.states import OUTCOMES, RunOutcome

log = logging.getLogger("ibf_pipeline.flows")

AUTOMATION_PREFIX = "ibf: "
"""of the names of all our automations"""
VERSION = 6
"""of the definitions in `flows.deployment.automations`; 1 had none, and told outcomes apart by how messages begin"""
_TAG = "ibf-automations-"
VERSION_TAG = f"{_TAG}{VERSION}"
"""of every automation of ours: by it runs tell those of another version"""
OUTDATED = "the server's automations are of an older version: run `ibf-pipeline deploy`"


@dataclass(frozen=True, slots=True)
class ServerAutomations:
    """What a run has to know of the server's automations."""

    older: bool
    """than this version; false if there are none"""
    events: frozenset[str]
    """that they hear of; empty if there are none"""

    def knows(self, outcome: RunOutcome) -> bool:
        """Whether a run may end so, and be taken for what it is."""
        return not self.events or outcome.event in self.events


def server_automations(client: SyncPrefectClient) -> ServerAutomations:
    """What the server has of our automations."""
    return of_automations(client.read_automations())


def of_automations(automations: Iterable[AutomationCore]) -> ServerAutomations:
    """The same for automations from anywhere."""
    ours = [each for each in automations if each.name.startswith(AUTOMATION_PREFIX)]
    triggers = [each.trigger for each in ours if isinstance(each.trigger, EventTrigger)]
    events = frozenset(event for trigger in triggers for event in trigger.expect)
    return ServerAutomations(any(_version(each) < VERSION for each in ours), events)


def _version(automation: AutomationCore) -> int:
    numbers = [tag.removeprefix(_TAG) for tag in automation.tags if tag.startswith(_TAG)]
    return max((int(number) for number in numbers if number.isdecimal()), default=1)


def own_server_automations() -> ServerAutomations | None:
    """What a run of a deployment finds on its server; None for another run, and where the server does not answer."""
    try:
        if get_current_settings().api.url is None or deployment.id is None:
            return None
        with brief_client() as client:
            return server_automations(client)
    except Exception as error:  # no run fails of it, though few automations may know its name then
        log.debug("the server's automations could not be read: %s", error)
        return None


def final_state(state: State) -> State:
    """The state in which a flow ends, as the automations of the server know it: every flow returns its state so."""
    return adapt_state(state, own_server_automations())


def adapt_state(state: State, found: ServerAutomations | None) -> State:
    """A state as the automations that were found know it; as it is where there was no server to ask.

    Its message begins as ever: earlier automations go by that.
    """
    if found is None:
        return state
    changes: dict[str, str] = {}
    outcome = OUTCOMES.get(state.name or "")
    if outcome is not None and not found.knows(outcome):
        changes["name"] = state.type.value.capitalize()
    if found.older:
        log.warning("%s", OUTDATED)
        changes["message"] = f"{state.message}; {OUTDATED}" if state.message else OUTDATED
    return state.model_copy(update=changes) if changes else state
