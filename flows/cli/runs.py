"""`ibf-pipeline runs`: the runs of all machines, and their files. Heavy imports happen inside the commands."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import AsData, Config, RunName, Workspace
from flows.cli.terminal import console, print_data

runs_app = typer.Typer(
    help="Runs: what they found, what was published of it, and their files, on whatever machine they ran. "
    "docs/operate.md",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_DAY = ["%Y-%m-%d"]


class RunPart(StrEnum):
    """A part of the files of a run."""

    findings = "findings"
    extents = "extents"
    report = "report"
    revisions = "revisions"
    observations = "observations"


class FileKind(StrEnum):
    """Kinds of files that `prune` deletes."""

    run = "run"
    revision = "revision"
    report = "report"
    prepared = "prepared"
    forecast = "forecast"
    observation = "observation"
    history = "history"
    """of the Prefect server: ended runs, with their logs and artifacts"""


@runs_app.command("list")
def list_runs(
    country: Annotated[str | None, typer.Argument(help="ISO3 code; every country where none is given")] = None,
    hazard: Annotated[str | None, typer.Option("--hazard", help="only of this hazard, e.g. typhoon")] = None,
    since: Annotated[datetime | None, typer.Option("--since", formats=_DAY, help="first issue date")] = None,
    until: Annotated[datetime | None, typer.Option("--until", formats=_DAY, help="last issue date")] = None,
    target: Annotated[str | None, typer.Option("--target", help="only what was planned for this target")] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="runs that are shown, the newest first")] = 30,
    as_json: AsData = False,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Show runs, the newest first: what was found, how far each revision came, and where the files are.

    Example: ibf-pipeline runs list UGA --since 2026-02-01
    """
    from flows.cli.runs_tables import print_runs, runs_data
    from flows.wiring.day import open_configuration
    from flows.wiring.records import runs_at_a_glance
    from ibf_pipeline.runs.run_index import RunQuery

    wanted = RunQuery(country, hazard, since and since.date(), until and until.date())
    found = runs_at_a_glance(open_configuration(config, workspace), wanted, target, most)
    if as_json:
        print_data(runs_data(found))
        return
    print_runs(found)


@runs_app.command()
def show(run: RunName, as_json: AsData = False, config: Config = "config", workspace: Workspace = None) -> None:
    """Show everything that is known of a run: findings, revisions, decisions, notes, files, and who is at work with it.

    Keys and checksums of the files are in --json.

    Example: ibf-pipeline runs show UGA/floods/2026-02-15
    """
    from flows.cli.runs_tables import print_details
    from flows.wiring.decisions import open_run
    from ibf_pipeline.runs.details import details_of

    details = details_of(open_run(run, config, None, workspace).run)
    if as_json:
        print_data(details)
        return
    print_details(details)


@runs_app.command()
def pull(
    run: RunName,
    to: Annotated[
        Path | None, typer.Option("--to", help="folder for the files; one named after the run where none is given")
    ] = None,
    only: Annotated[list[RunPart] | None, typer.Option("--only", help="this part of the run; can be repeated")] = None,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Copy the files of a run to a folder, such as for QGIS; all of them, checked against their checksums, or none.

    Example: ibf-pipeline runs pull UGA/2026-02-15 --only report --only extents --to qgis
    """
    from flows.cli.progress import transferring
    from flows.wiring.decisions import open_run
    from ibf_pipeline.errors import InputMissing
    from ibf_pipeline.runs.files import files_of
    from ibf_pipeline.runs.files import pull as bring

    folder_of_run = open_run(run, config, None, workspace).run
    wanted = [each for each in files_of(folder_of_run) if not only or each.part in only]
    if not wanted:
        raise InputMissing(
            f"there are no such files of {folder_of_run.id}",
            where=folder_of_run.path,
            expected="a run with files here or in the store",
            remedy=f"`ibf-pipeline runs show {folder_of_run.id}` lists what there is",
        )
    folder = to or Path(str(folder_of_run.id).replace("/", "-"))
    size = sum(each.size for each in wanted)
    with transferring(str(folder_of_run.id), size) as advance:
        bring(folder_of_run, wanted, folder, advance)
    console().print(f"{len(wanted)} files, {size / 1e6:.1f} MB, in {folder}", soft_wrap=True)


@runs_app.command()
def prune(
    older_than: Annotated[
        int | None, typer.Option("--older-than", min=1, metavar="DAYS", help="instead of keep_days and history_days")
    ] = None,
    kind: Annotated[FileKind | None, typer.Option("--kind", help="only what is of this kind")] = None,
    country: Annotated[str | None, typer.Option("--country", help="only files of this country (ISO3)")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only show what would be deleted")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="delete without asking")] = False,
    config: Config = "config",
    workspace: Workspace = None,
) -> None:
    """Delete old files of runs, by age and kind, from the store if there is one, and old runs of Prefect's own
    history; what the records still need stays, however old it is, and so does every run that has not ended.

    Example: ibf-pipeline runs prune --kind report --older-than 200 --dry-run
    """
    from flows.wiring.environment import set_prefect_defaults

    set_prefect_defaults()
    from flows.cli.runs_tables import print_pruned, print_pruning
    from flows.history import old_history
    from flows.wiring.day import now, open_configuration
    from flows.wiring.records import as_configured, open_pruning
    from ibf_pipeline.errors import ForbiddenByRule, UsageError
    from ibf_pipeline.runs.pruning import PruneRequest
    from tasks.decorator import has_server

    configuration = open_configuration(config, workspace)
    pruning, days = open_pruning(configuration, now), as_configured(configuration).days
    history = older_than or configuration.settings.operations.history_days
    if country is not None or kind not in (None, FileKind.history) or not has_server():
        history = None
    if older_than is not None:
        days = dict.fromkeys(FileKind, older_than)
    asked = PruneRequest(days, country, kind)
    if kind != FileKind.history:
        decisions = pruning.decisions(asked)
        try:
            orphans = pruning.orphans(asked)
        except ForbiddenByRule as error:
            orphans = []
            console().print(str(error), soft_wrap=True)
        print_pruning(decisions, pruning.sets(), orphans)
    if history is not None:
        console().print(f"{old_history(history, now(), forget=False).words}, to delete", soft_wrap=True)
    if dry_run:
        return
    if not yes:
        if not console().is_terminal:
            raise UsageError(
                "nobody can be asked here", expected="--yes, or --dry-run", remedy="add --yes to delete these files"
            )
        typer.confirm("Delete them?", abort=True)
    if kind != FileKind.history:
        print_pruned(pruning.prune(asked))
    if history is not None:
        console().print(f"{old_history(history, now(), forget=True).words}, deleted", soft_wrap=True)
