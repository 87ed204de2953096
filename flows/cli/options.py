"""Options and arguments that several commands have, each declared once."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import typer

Iso3 = Annotated[str, typer.Argument(help="ISO3 code of a configured country, e.g. UGA", metavar="COUNTRY")]
RunName = Annotated[str, typer.Argument(help="run folder, e.g. runs/UGA/2026-02-15, or just UGA/2026-02-15")]
IssueDate = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="issue date (UTC); today if none is given")
]


def day_or_hour(text: str) -> str:
    """A day, or day and hour, unchanged; BadParameter for anything else."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(T\d{2})?", text):
        expected = "a day such as 2026-02-15 nor day and hour (UTC) such as 2026-02-15T06"
        raise typer.BadParameter(f"{text!r} is neither {expected}")
    return text


IssueDateOrTime = Annotated[
    str | None,
    typer.Option(
        "--date",
        parser=day_or_hour,
        metavar="YYYY-MM-DD[THH]",
        help="issue date (UTC), with the hour for hazards that have several runs a day; now if none is given",
    ),
]
HazardName = Annotated[
    str | None,
    typer.Option("--hazard", help="of a country that has several, e.g. typhoon; else floods, or its only one"),
]
TargetName = Annotated[str | None, typer.Option("--target", help="target of settings.yaml; else the country's own")]
Config = Annotated[str, typer.Option("--config", envvar="IBF_CONFIG", help="folder of the configuration")]
Workspace = Annotated[
    str | None,
    typer.Option(
        "--workspace", help="folder for prepared layers, runs, records and sandbox instead of the settings' own"
    ),
]
InboxWorkspace = Annotated[
    str | None, typer.Option("--workspace", help="folder for prepared layers, runs and inbox instead of the settings'")
]
FetchedWorkspace = Annotated[
    str | None, typer.Option("--workspace", help="folder for fetched forecasts instead of the settings' own")
]

Notify = Annotated[bool, typer.Option(help="notify people at the end")]
Hold = Annotated[bool, typer.Option("--hold", help="stop before the notification for an operator's approval")]
AcceptBlind = Annotated[
    list[str] | None, typer.Option("--accept-blind", help="event that may close although its data are missing")
]
TakeOver = Annotated[bool, typer.Option("--take-over", help="replace an upload of the same day by others")]
DiscardDecisions = Annotated[
    bool, typer.Option("--discard-decisions", help="delete triggers and early actions that people set today")
]
By = Annotated[str, typer.Option("--by", help="your name; kept in the records")]
AsData = Annotated[bool, typer.Option("--json", help="print JSON")]

ServiceName = Annotated[str | None, typer.Option("--service", help="service of destine.yaml; else its own default")]
WorkflowName = Annotated[str, typer.Argument(help="name of a workflow, e.g. data-harvest")]
OrderKey = Annotated[
    str, typer.Argument(help="key fp-... of the order book, or the service's order id", metavar="ORDER")
]
NoTable = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
