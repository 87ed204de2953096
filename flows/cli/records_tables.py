"""What `ibf-pipeline records` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from flows.cli.terminal import console, print_whole
from ibf_pipeline.report.calls import published
from ibf_pipeline.runs.recorded import RecordedRun
from ibf_pipeline.runs.taken_over import hazard_in_names


def print_runs(runs: Sequence[RecordedRun]) -> None:
    """Runs as a table: what each found, what was published of it, and what people decided."""
    if not runs:
        console().print("no run is recorded")
        return
    table = Table(
        "country", "issue date", "found", "source", "arrived (UTC)", "finished (UTC)", "published and decided"
    )
    for each in runs:
        done = [f"{one.target} r{one.number}: {one.outcome}" for one in published(each.run)]
        for target in each.run.targets():
            for revision in each.run.revisions(target):
                done += [f"{target} r{revision.number}: {words}" for words in revision.decisions()]
        of = " ".join([each.run.iso3, *hazard_in_names(each.run.hazard)])
        country = f"{of} (exercise)" if each.run.is_exercise else of
        arrived, finished = (moment[:16].replace("T", " ") for moment in (each.arrived, each.finished))
        published_and_decided = "\n".join(done) or "nothing"
        cells = (
            country, str(each.run.issue_time), each.headline, each.source, arrived, finished, published_and_decided,
        )  # fmt: skip
        table.add_row(*map(Text, cells))
    print_whole(table)
