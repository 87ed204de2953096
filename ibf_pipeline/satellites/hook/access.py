"""What an account needs before it can order, reported one by one (the service's page names three prerequisites)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from ibf_pipeline.errors import IbfError, ServerUnreachable
from ibf_pipeline.io.environment import are_not_set, unset
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.order_desk import OrderDesk
from ibf_pipeline.satellites.hook.settings import HOOK_ROLE, QUOTAS, HookSettings, Service
from ibf_pipeline.satellites.hook.tokens import roles_of

_State = Literal["met", "missing", "unknown"]


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One prerequisite and whether it is met."""

    what: str
    state: _State
    says: str
    """what was found, and what to do if it is missing"""
    answered: bool = True
    """false: the service did not answer, so it is unknown"""

    @property
    def fine(self) -> bool:
        """Whether nothing has to be done about it, as far as can be seen."""
        return self.answered and self.state != "missing"


def check_access(
    open_client: Callable[[], OdpClient],
    open_desk: Callable[[OdpClient], OrderDesk],
    service: Service,
    settings: HookSettings,
    environment: Mapping[str, str],
) -> Iterator[Prerequisite]:
    """The prerequisites in their order; those that cannot be tried because an earlier one is missing are unknown."""
    account = "account of My DataLake Services (prerequisite 1)"
    try:
        client = open_client()
        roles = roles_of(client.tokens.token())
        yield Prerequisite(account, "met", "the identity service gave a token")
    except IbfError as error:
        yield _failed(account, error)
        for what in ("Hook role in a project (prerequisite 2)", "OnDemand Processing API (prerequisite 3)"):
            yield Prerequisite(what, "unknown", "cannot be tried without a token")
        yield _variables(settings, environment)
        return
    with closing(client):
        yield _role(service, roles)
        yield from _interface(client, open_desk, settings)
    yield _variables(settings, environment)
    yield Prerequisite("JupyterHub (prerequisite 4)", "met", "not needed: these commands take its place")


def _failed(what: str, error: IbfError) -> Prerequisite:
    if isinstance(error, ServerUnreachable):
        return Prerequisite(what, "unknown", f"no answer: {error}", answered=False)
    return Prerequisite(what, "missing", str(error))


def _variables(settings: HookSettings, environment: Mapping[str, str]) -> Prerequisite:
    """What every order of a workflow hands to the platform, by `env:NAME` in the presets."""
    what = "environment variables of destine.yaml's presets"
    needs = {
        workflow: [value[4:] for value in options.values() if isinstance(value, str) and value.startswith("env:")]
        for workflow, options in settings.presets.items()
    }
    names = [name for needed in needs.values() for name in needed]
    missing = unset(names, environment)
    if missing:
        workflows = ", ".join(workflow for workflow, needed in needs.items() if set(needed) & set(missing))
        return Prerequisite(what, "missing", f"{are_not_set(missing)}: {workflows} cannot be ordered")
    return Prerequisite(what, "met", ", ".join(dict.fromkeys(names)) or "none")


def _role(service: Service, roles: frozenset[str] | None) -> Prerequisite:
    """Roles as the token names them; whether it names them at all is not documented."""
    state: _State = "missing"
    if service.role is None:
        state, says = "unknown", "this service has no roles in the configuration"
    elif roles is None or not (roles & {HOOK_ROLE, *QUOTAS}):
        state, ask = "unknown", "ask for them in My DataLake Services if the next check fails"
        says = f"the token names neither {HOOK_ROLE} nor a quota role; {ask}"
    elif HOOK_ROLE not in roles:
        says = f"the token lacks the role {HOOK_ROLE}: request it in My DataLake Services"
    elif service.role not in roles:
        held = ", ".join(sorted(roles & set(QUOTAS))) or "no quota role"
        says = f"the configuration says {service.role}, the account has {held}: correct role in destine.yaml, or "
        says += "request the role"
    else:
        state, says = "met", f"{HOOK_ROLE} and {service.role}"
    return Prerequisite("Hook role in a project (prerequisite 2)", state, says)


def _interface(
    client: OdpClient, open_desk: Callable[[OdpClient], OrderDesk], settings: HookSettings
) -> Iterator[Prerequisite]:
    what = "OnDemand Processing API (prerequisite 3)"
    try:
        names = [workflow.name for workflow in client.workflows()]
    except IbfError as error:
        yield _failed(what, error)
        return
    yield Prerequisite(
        what, "met" if names else "missing", f"workflows open to the account: {', '.join(names) or 'none'}"
    )
    ordered = settings.observation.order_workflow
    wanted = sorted({*settings.presets, ordered})
    absent = [name for name in wanted if name not in names]
    says = f"not in the service's list: {', '.join(absent)}" if absent else ", ".join(wanted)
    yield Prerequisite("workflows of destine.yaml", "missing" if ordered in absent else "met", says)
    try:
        budget = open_desk(client).budget()
    except IbfError as error:
        yield _failed("budget", error)
        return
    limit = budget.quota.items_per_month
    yield Prerequisite("budget", "met" if budget.left else "missing", f"{budget.left} of {limit} items left this month")
