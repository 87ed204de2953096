"""Which files of a static folder were fetched by us: from where, with which hash, and what was doubtful about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.json_files import read_json_or_empty

RECORD: Final = "fetched.json"
"""in the static folder: what was fetched or proposed, from where, with its hash"""


def fetch_record_files(folder: Path) -> list[Path]:
    """The record, if there is one."""
    file = folder / RECORD
    return [file] if file.is_file() else []


def read_fetch_records(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """What the folder's record says of files that were fetched, by name."""
    return read_json_or_empty(folder / RECORD)


def write_fetch_record(folder: Path, name: str, entry: Mapping[str, str]) -> None:
    """Write down what is known of a file."""
    content = {**read_fetch_records(folder), name: entry}
    write_text(folder / RECORD, json.dumps(content, indent=1, sort_keys=True) + "\n")


def fetch_doubts(folder: Path, hashes: Mapping[str, str] | None = None) -> dict[str, str]:
    """What was doubtful when files were fetched, by name; not of files that somebody has changed since.

    `hashes`: those that are known already, by name.
    """
    known = hashes or {}
    noted = {name: entry for name, entry in read_fetch_records(folder).items() if entry.get("doubt")}
    return {
        name: entry["doubt"]
        for name, entry in noted.items()
        if (folder / name).is_file() and (known.get(name) or sha256(folder / name)) == entry.get("sha256")
    }


def doubts_of_files(folder: Path, hashes: Mapping[str, str]) -> list[str]:
    """What was doubtful when files that layers are made from were fetched, each once. `hashes`: theirs, by name."""
    return list(dict.fromkeys(words for name, words in fetch_doubts(folder, hashes).items() if name in hashes))
