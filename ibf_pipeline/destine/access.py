"""What an account needs before it can order, told one by one (the service's page names three prerequisites)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from ibf_pipeline.destine.client import OdpClient
from ibf_pipeline.destine.order_desk import OrderDesk
from ibf_pipeline.destine.settings import HOOK_ROLE, QUOTAS, HookSettings, Service
from ibf_pipeline.destine.tokens import roles_of
from ibf_pipeline.errors import IbfError


@dataclass(frozen=True, slots=True)
class Finding:
    """One prerequisite and whether it is met."""

    what: str
    state: Literal["met", "missing", "unknown"]
    says: str
    """what was found, and what to do where it is missing"""


def check_access(
    open_client: Callable[[], OdpClient], open_desk: Callable[[OdpClient], OrderDesk], service: Service,
    settings: HookSettings,
) -> Iterator[Finding]:  # fmt: skip
    """The prerequisites in their order; those that cannot be tried because an earlier one is missing are unknown."""
    account = "account of My DataLake Services (prerequisite 1)"
    try:
        client = open_client()
        roles = roles_of(client.token())
        yield Finding(account, "met", "the identity service gave a token")
    except IbfError as error:
        yield Finding(account, "missing", str(error))
        for what in ("Hook role in a project (prerequisite 2)", "OnDemand Processing API (prerequisite 3)"):
            yield Finding(what, "unknown", "cannot be tried without a token")
        return
    with closing(client):
        yield _role(service, roles)
        yield from _interface(client, open_desk, settings)
    yield Finding("JupyterHub (prerequisite 4)", "met", "not needed: these commands take its place")


def _role(service: Service, roles: frozenset[str] | None) -> Finding:
    """Roles as the token names them; whether it names them at all is not documented."""
    what = "Hook role in a project (prerequisite 2)"
    if service.role is None:
        return Finding(what, "unknown", "this service has no roles in the configuration")
    if roles is None or not (roles & {HOOK_ROLE, *QUOTAS}):
        return Finding(
            what, "unknown", f"the token names neither {HOOK_ROLE} nor a quota role; ask for them in My DataLake "
            "Services where the next check fails",
        )  # fmt: skip
    if HOOK_ROLE not in roles:
        return Finding(what, "missing", f"the token lacks the role {HOOK_ROLE}: request it in My DataLake Services")
    if service.role not in roles:
        held = ", ".join(sorted(roles & set(QUOTAS))) or "no quota role"
        return Finding(
            what, "missing", f"the configuration says {service.role}, the account has {held}: correct role in "
            "destine.yaml, or request the role",
        )  # fmt: skip
    return Finding(what, "met", f"{HOOK_ROLE} and {service.role}")


def _interface(
    client: OdpClient, open_desk: Callable[[OdpClient], OrderDesk], settings: HookSettings
) -> Iterator[Finding]:
    what = "OnDemand Processing API (prerequisite 3)"
    try:
        names = [workflow.name for workflow in client.workflows()]
    except IbfError as error:
        yield Finding(what, "missing", str(error))
        return
    yield Finding(what, "met" if names else "missing", f"workflows open to the account: {', '.join(names) or 'none'}")
    wanted = sorted({*settings.presets, settings.observation.order_workflow})
    absent = [name for name in wanted if name not in names]
    yield Finding(
        "workflows of destine.yaml", "missing" if absent else "met",
        f"not in the service's list: {', '.join(absent)}" if absent else ", ".join(wanted),
    )  # fmt: skip
    try:
        budget = open_desk(client).budget()
    except IbfError as error:
        yield Finding("budget", "missing", str(error))
        return
    limit = budget.quota.items_per_month
    yield Finding("budget", "met" if budget.left else "missing", f"{budget.left} of {limit} items left this month")
