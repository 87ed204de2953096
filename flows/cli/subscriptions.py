"""`ibf-pipeline subscriptions`: what the accounts at the catalogues subscribe to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import AsData, Config, InboxWorkspace
from flows.cli.terminal import console, print_data

if TYPE_CHECKING:
    from flows.wiring.subscriptions import Eodata
    from ibf_pipeline.satellites.subscriptions.client import CatalogueClient
    from ibf_pipeline.satellites.subscriptions.subscription_plan import DeclaredSubscription, SubscriptionPlan

subscriptions_app = typer.Typer(help="Subscriptions to satellite product catalogues.", no_args_is_help=True)

ProviderName = Annotated[
    str | None, typer.Option("--provider", help="a name under providers in eodata.yaml; else all in use")
]
OneProvider = Annotated[str, typer.Option("--provider", help="a name under providers in eodata.yaml")]
SubscriptionId = Annotated[str, typer.Argument(help="as `list` shows it", metavar="ID")]
Foreign = Annotated[bool, typer.Option("--foreign", help="even if the pipeline did not make it")]


@subscriptions_app.command("plan")
def plan_command(
    provider: ProviderName = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="end with code 1 where something is not as declared")
    ] = False,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Show what `apply` would do; nothing is changed.

    Example: ibf-pipeline subscriptions plan --exit-code
    """
    from flows.cli.subscriptions_tables import plan_data, print_subscription_plan
    from ibf_pipeline.satellites.subscriptions.reconciliation import plan_subscriptions

    eodata, found = open_eodata(config, workspace), []
    for name in _providers(eodata, provider, as_json):
        with eodata.client(name) as client:
            found.append((name, plan_subscriptions(client, eodata.ledger, eodata.wanted(name))))
        if not as_json:
            print_subscription_plan(*found[-1], "would")
    if as_json:
        print_data([plan_data(*each) for each in found])
    raise typer.Exit(1 if exit_code and any(plan.steps or plan.stuck for _, plan in found) else 0)


@subscriptions_app.command("apply")
def apply_command(
    provider: ProviderName = None,
    adopt: Annotated[
        str | None, typer.Option("--adopt", help="id of a subscription made elsewhere that is exactly as declared")
    ] = None,
    renew_credentials: Annotated[
        bool, typer.Option("--renew-credentials", help="send the receiver's present credentials to the catalogue again")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask; --json never does")] = False,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Make the subscriptions as declared in eodata.yaml: creates, pauses, patches, recreates. Shows the plan first.

    Example: ibf-pipeline subscriptions apply --yes
    """
    from flows.cli.subscriptions_tables import plan_data

    if as_json and not yes:
        raise typer.BadParameter("--json asks nothing: say --yes with it", param_hint="--json")
    eodata, done = open_eodata(config, workspace), []
    for name in _providers(eodata, provider, as_json):
        wanted = eodata.wanted(name)
        with eodata.client(name) as client:
            adopted = None if adopt is None else _adopt(client, eodata, wanted, adopt, as_json)
            plan = _apply(client, eodata, wanted, yes, as_json)
            renewed = _renew(client, eodata, wanted, as_json) if renew_credentials else 0
        done.append({**plan_data(name, plan), "adopted_as": adopted, "credentials_renewed": renewed})
    if as_json:
        print_data(done)
    elif eodata.settings.subscriptions and eodata.configuration.settings.operations.intake_schedule is None:
        console().print(
            "the intake is on no schedule: name one in operations.intake_schedule of settings.yaml, then "
            "`ibf-pipeline deploy`",
            soft_wrap=True,
        )
    raise typer.Exit(1 if any(each["stuck"] for each in done) else 0)


def _adopt(
    client: CatalogueClient, eodata: Eodata, wanted: list[DeclaredSubscription], subscription: str, as_json: bool
) -> str:
    from ibf_pipeline.satellites.subscriptions.reconciliation import adopt_subscription

    declared = adopt_subscription(client, eodata.ledger, wanted, subscription)
    if not as_json:
        console().print(f"{client.name}: {subscription} is ours now, as {declared}", soft_wrap=True)
    return declared


def _apply(
    client: CatalogueClient, eodata: Eodata, wanted: list[DeclaredSubscription], yes: bool, as_json: bool
) -> SubscriptionPlan:
    """Show what is to be done, ask, do it, and tell what was done and what is stuck."""
    from flows.cli.subscriptions_tables import print_subscription_plan
    from ibf_pipeline.satellites.subscriptions.reconciliation import apply_subscriptions, plan_subscriptions

    if not as_json:
        plan = plan_subscriptions(client, eodata.ledger, wanted)
        print_subscription_plan(client.name, plan, "will")
        if plan.steps and not yes:
            typer.confirm("carry this out?", abort=True)
    done = apply_subscriptions(client, eodata.ledger, wanted)
    if not as_json:
        console().print(f"{client.name}: {len(done.steps)} steps taken")
        for entry in done.stuck:
            console().print(f"{client.name}: {entry.name}: {entry.text}", soft_wrap=True)
    return done


def _renew(client: CatalogueClient, eodata: Eodata, wanted: list[DeclaredSubscription], as_json: bool) -> int:
    from ibf_pipeline.satellites.subscriptions.reconciliation import renew_endpoint_accounts

    count = renew_endpoint_accounts(client, eodata.ledger, wanted)
    if not as_json:
        console().print(f"{client.name}: credentials of {count} subscriptions renewed")
    return count


@subscriptions_app.command("list")
def list_command(
    provider: ProviderName = None,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """List all subscriptions of the accounts, and which of them are ours.

    Example: ibf-pipeline subscriptions list --provider cdse
    """
    from flows.cli.subscriptions_tables import print_subscription, subscription_data

    eodata, found = open_eodata(config, workspace), []
    ours = {entry.id: entry.name for entry in eodata.ledger.owned(missing=True)}
    for name in [provider] if provider else eodata.providers_in_use():
        with eodata.client(name) as client:
            found += [(name, item, ours.get(item.id)) for item in client.info()]
    if as_json:
        print_data([subscription_data(*each) for each in found])
        return
    for each in found:
        print_subscription(*each)


@subscriptions_app.command("delete")
def delete_command(
    subscription_id: SubscriptionId,
    provider: OneProvider,
    foreign: Foreign = False,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Delete one subscription with its queue. A declared one comes back with the next `apply`.

    Example: ibf-pipeline subscriptions delete 6d73b84b-93c6-42aa-8c87-036585cfce04 --provider nsis
    """
    from ibf_pipeline.satellites.subscriptions.reconciliation import delete_subscription

    eodata = open_eodata(config, workspace)
    with eodata.client(provider) as client:
        delete_subscription(client, eodata.ledger, subscription_id, foreign=foreign)
    _tell(provider, subscription_id, "deleted", as_json)


@subscriptions_app.command("cancel")
def cancel_command(
    subscription_id: SubscriptionId,
    provider: OneProvider,
    foreign: Foreign = False,
    as_json: AsData = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Set one subscription to `cancelled`: the catalogue removes it, some at once, some later. Cannot be taken back.

    Example: ibf-pipeline subscriptions cancel 6d73b84b-93c6-42aa-8c87-036585cfce04 --provider creodias
    """
    from ibf_pipeline.satellites.subscriptions.reconciliation import cancel_subscription

    eodata = open_eodata(config, workspace)
    with eodata.client(provider) as client:
        cancel_subscription(client, eodata.ledger, subscription_id, foreign=foreign)
        at_once = client.provider.cancelled == "deletes"
    _tell(
        provider, subscription_id, "cancelled", as_json, "" if at_once else "; the catalogue removes it some time later"
    )


def open_eodata(config: str, workspace: str | None) -> Eodata:
    """Settings and records of the catalogues, imported when a command needs them."""
    from flows.wiring import subscriptions

    return subscriptions.open_eodata(config, workspace)


def _tell(provider: str, subscription_id: str, done: str, as_json: bool, more: str = "") -> None:
    if as_json:
        print_data({"provider": provider, "id": subscription_id.lower(), "done": done})
    else:
        console().print(f"{provider}: {subscription_id.lower()} {done}{more}", soft_wrap=True)


def _providers(eodata: Eodata, chosen: str | None, as_json: bool) -> list[str]:
    """The provider that was named, else all in use; a line is printed if there are none."""
    found = [chosen] if chosen else eodata.providers_in_use()
    if not found and not as_json:
        console().print(
            "nothing is declared under subscriptions in eodata.yaml, and none was made by this pipeline", soft_wrap=True
        )
    return found
