"""The automations of this installation on a Prefect server: what is wanted, and what differs from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound

from flows.automation_version import AUTOMATION_PREFIX
from flows.deployment.automations import telling_people, watching_runs
from flows.deployment.result import DeployResult
from ibf_pipeline.config.settings import Operations
from ibf_pipeline.errors import ConfigError


def wanted_automations(client: SyncPrefectClient, operations: Operations) -> list[AutomationCore]:
    """All but the one that resumes days, which needs a deployment.

    Raises ConfigError if the notification block does not exist or is not one.
    """
    block = operations.notification_block
    if block is None:
        return watching_runs()
    slug, name = block.split("/")
    try:
        document = client.read_block_document_by_name(name, slug)
    except ObjectNotFound:
        raise ConfigError(
            f"there is no block {block} on the Prefect server",
            where="settings.yaml, operations.notification_block",
            expected="type/name of a notification block",
            remedy="make it in the UI under Blocks, or correct the name",
        ) from None
    if document.block_schema is None or "notify" not in document.block_schema.capabilities:
        raise ConfigError(
            f"the block {block} sends no notifications",
            where="settings.yaml, operations.notification_block",
            expected="a block that does, for example slack-webhook, microsoft-teams-webhook or custom-webhook",
            remedy="make one in the UI under Blocks, and name it here",
        )
    return [*watching_runs(), *telling_people(operations, document.id)]


def apply_automations(client: SyncPrefectClient, wanted: Sequence[AutomationCore]) -> Iterator[DeployResult]:
    """Create what is missing, change what differs (switched off stays so), delete what an earlier version left."""
    there = {automation.name: automation for automation in client.read_automations()}
    for automation in wanted:
        now = there.pop(automation.name, None)
        if now is None:
            client.create_automation(automation)
            yield DeployResult("automation", automation.name, "created")
        elif _definition(now) != _definition(automation):
            client.update_automation(now.id, automation.model_copy(update={"enabled": now.enabled}))
            yield DeployResult("automation", automation.name, "changed")
        else:
            yield DeployResult("automation", automation.name, "unchanged", "" if now.enabled else "switched off")
    for name, automation in there.items():
        if name.startswith(AUTOMATION_PREFIX):
            client.delete_automation(automation.id)
            yield DeployResult("automation", name, "removed", "of an earlier version, or without a notification_block")


def _definition(automation: AutomationCore) -> dict[str, Any]:
    """What is compared: everything but whether an operator has switched it off."""
    dumped = automation.model_dump(mode="json", include={"name", "description", "tags", "trigger", "actions"})
    return {name: _in_order(value) for name, value in dumped.items()}


def _in_order(value: Any) -> Any:
    """Sets come back from the server in any order, and single values as lists of one."""
    if isinstance(value, dict):
        return {name: _in_order(item) for name, item in value.items() if name != "id"}
    if isinstance(value, list):
        items = [_in_order(item) for item in value]
        return items[0] if len(items) == 1 else sorted(items, key=repr)
    return value
