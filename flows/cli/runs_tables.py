"""What `ibf-pipeline runs` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from flows.cli.terminal import console, print_whole
from ibf_pipeline.domain.wording import counted, utc_text
from ibf_pipeline.io.file_store import StoredObject
from ibf_pipeline.runs.overview import RevisionOverview, RunOverview
from ibf_pipeline.runs.pruning import PruneResult
from ibf_pipeline.storage.file_sets import FileSet
from ibf_pipeline.storage.retention import RetentionDecision, freed


def runs_data(runs: Sequence[RunOverview]) -> list[dict[str, Any]]:
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


def print_runs(runs: Sequence[RunOverview]) -> None:
    """A line a run, and one for each revision below it: none is broken, however narrow the terminal."""
    out = console(soft_wrap=True)
    if not runs:
        out.print("no run is recorded")
    width = max((len(each.recorded.run.place) for each in runs), default=0)
    for each in runs:
        files = f"{each.files}, {_megabytes(each.size)}" if each.size else each.files
        out.print(f"{each.recorded.run.place:<{width}}  {each.recorded.headline}; files {files}")
        for revision in each.revisions:
            out.print(f"  {_words(revision)}")


def _words(revision: RevisionOverview) -> str:
    return ", ".join(filter(None, (f"{revision.target} r{revision.number} {revision.state}", revision.notified)))


def print_details(details: Mapping[str, Any]) -> None:
    """Everything that is known of a run."""
    out = console(soft_wrap=True)
    out.print(details["run"], style="bold")
    for name in ("found", "source", "arrived", "finished"):
        if details.get(name):
            text = details[name] if name in ("found", "source") else utc_text(details[name])
            out.print(f"{name}: {text}")
    made = details["made_from"]
    if made:
        versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
        out.print(
            f"made from: {counted(len(made['inputs']), 'file')} of the forecast, {made['static']} static; {versions}"
        )
    for name, at in details["notes"].items():
        out.print(f"note {name}, {utc_text(at)}")
    for revision in details["revisions"]:
        _print_revision(revision)
    _print_files(details["files"])
    for line in details["at_work"]:
        out.print(f"at work: {line}")


def _print_revision(revision: Mapping[str, Any]) -> None:
    out = console(soft_wrap=True)
    seen = RevisionOverview(revision["target"], revision["number"], revision["state"], revision["notified"])
    out.print(f"\n{_words(seen)}")
    if "damaged" in revision:
        out.print(f"  {revision['damaged']}")
    else:
        done = revision["calls"] - revision["left"]
        out.print(f"  {done} of {counted(revision['calls'], 'call')} made, date {revision['date']}, {revision['url']}")
    if revision.get("withdraws"):
        out.print(f"  takes back {', '.join(revision['withdraws'])}")
    for decision in revision["decisions"]:
        at, _, what = decision.partition(" ")
        out.print(f"  decided {utc_text(at)}: {what}")
    for name, at in revision["notes"].items():
        out.print(f"  note {name}, {utc_text(at)}")


def _print_files(files: Sequence[Mapping[str, Any]]) -> None:
    if not files:
        console().print("\nno files")
        return
    table = Table("file", "bytes", "where", box=None, pad_edge=False)
    for each in files:
        places = ["here"] * each["here"] + (["pruned"] if each["pruned"] else ["store"] if each["key"] else [])
        table.add_row(*map(Text, (each["name"], f"{each['bytes']:,}", ", ".join(places))))
    console().print()
    print_whole(table)


def print_pruning(
    decisions: Sequence[RetentionDecision], sets: Sequence[FileSet], orphans: Sequence[StoredObject]
) -> None:
    """What would be deleted, with its bytes, and what is old and stays all the same. `orphans`: of no set."""
    deleted = [each for each in decisions if each.deletes]
    table = Table("files of", "kind", "put there", "size", "why", box=None, pad_edge=False)
    for each in deleted:
        kept = each.kept
        frees = _megabytes(sum(freed(sets, [kept]).values()))
        table.add_row(*map(Text, (kept.place, kept.kind, f"{kept.at:%Y-%m-%d}", frees, each.why)))
    if deleted:
        print_whole(table)
    size = sum(freed(sets, [each.kept for each in deleted]).values())
    out = console(soft_wrap=True)
    out.print(f"{counted(len(deleted), 'set')} of files to delete, {_megabytes(size)}")
    if orphans:
        size = sum(each.size for each in orphans)
        out.print(f"{counted(len(orphans), 'file')} that no set needs to delete, {_megabytes(size)}")
    stays = Counter(each.why for each in decisions if each.is_old and not each.deletes)
    for why, count in stays.items():
        out.print(f"{counted(count, 'set')} of files older than that {'stays' if count == 1 else 'stay'}: {why}")


def print_pruned(pruned: PruneResult) -> None:
    """What was deleted."""
    out = console(soft_wrap=True)
    out.print(pruned.words)
    for words in pruned.passed_over:
        out.print(f"not deleted: {words}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
