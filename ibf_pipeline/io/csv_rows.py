"""The rows of a CSV file as text: what does not fit its header is an error and never dropped."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ibf_pipeline.errors import InputInvalid

_SURPLUS: Final = "\0surplus"
"""key of the fields that no column of the header names; no header can hold it"""


def read_rows(file: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """The rows of a CSV file, every value as text ("Na" and "007" stay what they are).

    Raises InputInvalid where the file is no CSV, lacks a column, or has a line with more fields than its header.
    """
    if not file.is_file():
        raise InputInvalid(
            "the file is not there", where=file, expected="the country's static data", remedy="add the file"
        )
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True, restkey=_SURPLUS)
            rows = []
            for row in reader:
                if _SURPLUS in row:
                    raise _too_many_fields(row, reader.fieldnames or [], reader.line_num, file)
                rows.append({key: (value or "").strip() for key, value in row.items()})
            header = reader.fieldnames or []
    except (csv.Error, UnicodeDecodeError, AttributeError) as error:
        raise InputInvalid(
            f"this is no readable CSV ({error})",
            where=file,
            expected="CSV in UTF-8",
            remedy="save it as CSV UTF-8 (comma delimited)",
        ) from None
    twice = [column for column in columns if header.count(column) > 1]
    if twice:
        raise InputInvalid(
            f"column {twice[0]} stands twice",
            where=file,
            expected="every column once",
            remedy="remove the one that is wrong",
        )
    missing = [column for column in columns if column not in header]
    if missing:
        raise InputInvalid(
            f"column {missing[0]} is missing among {', '.join(map(str, header)) or 'none'}",
            where=file,
            expected="columns " + ", ".join(columns),
            remedy="name the columns in the first line, separated by commas",
        )
    return rows


def _too_many_fields(row: Mapping[str, Any], header: Sequence[str], line: int, file: Path) -> InputInvalid:
    """A line that is longer than its header: nobody can tell which of its fields are in the wrong place."""
    fields = [*(row[column] for column in header), *row[_SURPLUS]]
    return InputInvalid(
        f"line {line} has {len(fields)} fields ({','.join(fields)[:120]})",
        where=file,
        expected=f"{len(header)} fields as in the header ({','.join(header)})",
        remedy="write numbers with a decimal point, and put texts that hold a comma into double quotes",
    )
