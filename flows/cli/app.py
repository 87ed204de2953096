"""The console script `ibf-pipeline`. Heavy imports happen inside the commands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import typer

from flows.cli.backfill import backfill
from flows.cli.country_setup import check, fetch_static, new_country, prepare
from flows.cli.day import plan, report, run
from flows.cli.decisions import resume, withdraw
from flows.cli.deploy import deploy_app
from flows.cli.hook import hook_app
from flows.cli.inbox import inbox_app
from flows.cli.inputs import inputs_app
from flows.cli.intake import intake
from flows.cli.morning import morning
from flows.cli.operations import operate_app
from flows.cli.receiver import receiver
from flows.cli.records import records_app
from flows.cli.runs import runs_app
from flows.cli.sandbox import demo, sandbox
from flows.cli.subscriptions import subscriptions_app
from flows.cli.verify import verify

if TYPE_CHECKING:
    from ibf_pipeline.errors import IbfError

app = typer.Typer(
    help="Alerts for an IBF portal: river floods out of GloFAS ensembles, flash floods out of rain, typhoon out of "
    "cyclone tracks. Exit codes: 0 done, 1 failed, 2 bad usage, 3 input not available yet, 4 notification unconfirmed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _name, _commands in (
    ("subscriptions", subscriptions_app),
    ("inbox", inbox_app),
    ("hook", hook_app),
    ("inputs", inputs_app),
    ("records", records_app),
    ("runs", runs_app),
    (None, operate_app),
    (None, deploy_app),
):
    app.add_typer(_commands, name=_name)
for _command in (
    *(receiver, intake, prepare, check, fetch_static, new_country, verify),
    *(demo, run, resume, withdraw, backfill, plan, report, sandbox, morning),
):
    app.command()(_command)


def main() -> None:
    """Entry point: IbfErrors end with their message and exit code, without a traceback."""
    from flows.wiring.environment import outlive_readers
    from ibf_pipeline.errors import IbfError

    outlive_readers()
    try:
        app()
    except IbfError as error:
        _stop(error)
    except Exception as error:
        from flows.wiring.environment import as_unreachable

        unreachable = as_unreachable(error)
        if unreachable is None:
            raise
        _stop(unreachable)


def _stop(error: IbfError) -> NoReturn:
    print(f"ibf-pipeline: {error}", file=sys.stderr)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
