"""What `ibf-pipeline runs` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from flows.cli.terminal import console, print_whole
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.io.store import StoredObject
from ibf_pipeline.runs.overview import RevisionSeen, RunSeen
from ibf_pipeline.runs.pruning import Pruned
from ibf_pipeline.storage.retention import Decision, Row, freed


def runs_data(runs: Sequence[RunSeen]) -> list[dict[str, Any]]:
    """Runs for programs."""
    return [
        {
            "run": each.recorded.run.place,
            "country": each.recorded.run.iso3,
            "hazard": each.recorded.run.hazard,
            "issue_time": str(each.recorded.run.issue_time),
            "exercise": each.recorded.run.is_exercise,
            "found": each.recorded.headline,
            "source": each.recorded.source,
            "arrived": each.recorded.arrived,
            "finished": each.recorded.finished,
            "revisions": [
                {"target": one.target, "number": one.number, "state": one.state, "notified": one.notified}
                for one in each.revisions
            ],
            "files": each.files,
            "bytes": each.size,
        }
        for each in runs
    ]


def print_runs(runs: Sequence[RunSeen]) -> None:
    """Runs as a table. The name of a run, which has its date, is never broken, however narrow the terminal."""
    if not runs:
        console().print("no run is recorded")
        return
    table = Table("run", "found", "published", "files", box=None, pad_edge=False)
    table.columns[0].no_wrap, table.columns[0].min_width = True, max(len(_name(each)) for each in runs)
    for each in runs:
        done = "\n".join(map(_words, each.revisions)) or "nothing"
        files = f"{each.files}, {_megabytes(each.size)}" if each.size else each.files
        table.add_row(*map(Text, (_name(each), each.recorded.headline, done, files)))
    out = console()
    if out.is_terminal:
        out.print(table)
    else:
        print_whole(table)


def _name(run: RunSeen) -> str:
    return run.recorded.run.place


def _words(revision: RevisionSeen) -> str:
    return ", ".join(filter(None, (f"{revision.target} r{revision.number} {revision.state}", revision.notified)))


def print_details(details: Mapping[str, Any]) -> None:
    """Everything that is known of a run."""
    out = console(soft_wrap=True)
    out.print(details["run"], style="bold")
    for name in ("found", "source", "arrived", "finished"):
        if details.get(name):
            out.print(f"{name}: {details[name]}")
    made = details["made_from"]
    if made:
        versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
        out.print(
            f"made from: {counted(len(made['inputs']), 'file')} of the forecast, {made['static']} static; {versions}"
        )
    for name, at in details["notes"].items():
        out.print(f"note {name}, {at}")
    for revision in details["revisions"]:
        _print_revision(revision)
    _print_files(details["files"])
    for line in details["at_work"]:
        out.print(f"at work: {line}")


def _print_revision(revision: Mapping[str, Any]) -> None:
    out = console(soft_wrap=True)
    seen = RevisionSeen(revision["target"], revision["number"], revision["state"], revision["notified"])
    out.print(f"\n{_words(seen)}")
    if "damaged" in revision:
        out.print(f"  {revision['damaged']}")
    else:
        done = revision["calls"] - revision["left"]
        out.print(f"  {done} of {counted(revision['calls'], 'call')} made, date {revision['date']}, {revision['url']}")
    for decision in revision["decisions"]:
        out.print(f"  decided {decision}")
    for name, at in revision["notes"].items():
        out.print(f"  note {name}, {at}")


def _print_files(files: Sequence[Mapping[str, Any]]) -> None:
    if not files:
        console().print("\nno files")
        return
    table = Table("file", "bytes", "where", "key", box=None, pad_edge=False)
    for each in files:
        places = ["here"] * each["here"] + (["pruned"] if each["pruned"] else ["store"] if each["key"] else [])
        cells = (each["name"], f"{each['bytes']:,}", ", ".join(places), each["key"] or "")
        table.add_row(*map(Text, cells))
    console().print()
    print_whole(table)


def print_pruning(decisions: Sequence[Decision], rows: Sequence[Row], left_over: Sequence[StoredObject]) -> None:
    """What would be deleted, with its bytes, and what is old and stays all the same. `left_over`: of no set."""
    deleted = [each for each in decisions if each.deletes]
    table = Table("files of", "kind", "put there", "size", "why", box=None, pad_edge=False)
    for each in deleted:
        row = each.row
        frees = _megabytes(sum(freed(rows, [row]).values()))
        table.add_row(*map(Text, (row.place, row.kind, f"{row.at:%Y-%m-%d}", frees, each.why)))
    if deleted:
        print_whole(table)
    size = sum(freed(rows, [each.row for each in deleted]).values())
    out = console(soft_wrap=True)
    out.print(f"{counted(len(deleted), 'set')} of files to delete, {_megabytes(size)}")
    if left_over:
        size = sum(each.size for each in left_over)
        out.print(f"{counted(len(left_over), 'file')} that no set needs to delete, {_megabytes(size)}")
    stays = Counter(each.why for each in decisions if each.is_old and not each.deletes)
    for why, count in stays.items():
        out.print(f"{counted(count, 'set')} of files older than that {'stays' if count == 1 else 'stay'}: {why}")


def print_pruned(pruned: Pruned) -> None:
    """What was deleted."""
    out = console(soft_wrap=True)
    out.print(pruned.words)
    for words in pruned.passed_over:
        out.print(f"not deleted: {words}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
