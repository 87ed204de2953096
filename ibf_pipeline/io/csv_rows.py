"""The rows of a CSV file as text: what does not fit the header is an error and never dropped."""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import InputInvalid

_SEPARATORS: Final = (",", ";", "\t")
_SEPARATOR_SAID: Final = re.compile(r"""\Asep=[,;\t]+ *(?=\n)|\A"sep=[,;\t]"[,;\t]* *(?=\n)""", re.IGNORECASE)
"""the first line of files made for Excel, which says how fields are parted: the header shows it too"""
_REMEDY: Final = "save it as CSV UTF-8 (comma delimited)"
_OTHER_KINDS: Final = {
    b"PK\x03\x04": "an Excel workbook or another archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a compressed file",
    b"%PDF": "a PDF",
    b"<": "a web page or XML",
    b"{": "JSON",
}
"""how files of other kinds begin; no column of ours has such a name"""
_UNSEEN: Final = "".join(map(chr, (0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF)))
"""marks without a width, which texts copied out of web pages and mails begin or end with"""

_LONGEST_FIELD: Final = 100_000_000


class Row(dict[str, str]):
    """The fields of a line by column, in the order of the header, without blanks or invisible marks around them.

    Attributes
    ----------
    line : int
        Line of the file at which the row begins; the header is line 1.
    separator : str
        What separates the fields of its table.
    """

    __slots__ = ("line", "separator")

    def __init__(self, fields: Iterable[tuple[str, str]], line: int, separator: str = ",") -> None:
        super().__init__(fields)
        self.line = line
        self.separator = separator


def read_rows(file: Path, columns: Iterable[str]) -> list[Row]:
    """Read the rows of a CSV file, every value as text ("Na" and "007" stay what they are).

    Parameters
    ----------
    file : Path
        UTF-8, or UTF-16 with the mark that spreadsheets write.
    columns : Iterable[str]
        Columns that the header must have; others may stand beside them.

    Returns
    -------
    list of Row
        Without blank lines, lines of nothing but separators, and a first line such as `sep=;`.

    Raises
    ------
    InputInvalid
        If the file does not exist or is not a CSV file, lacks a column or has one twice, or if a line has more or fewer
        fields than the header, or a field that goes on in the next line (a quote that was never closed swallows lines).

    Notes
    -----
    The separator is the one of comma, semicolon and tab with which the header has the columns.
    """
    if not file.is_file():
        raise InputInvalid(
            "the file is not there", where=file, expected="the country's static data", remedy="add the file"
        )
    needed = list(columns)
    text = _text(file)
    try:
        separator = _separator(text, needed)
        table = _parted(text, separator)
        _, header = next(table, (1, []))
        header = [_trimmed(name) for name in header]
        _require_columns(header, needed, file)
        return [_row(header, fields, line, separator, file) for line, fields in table]
    except csv.Error as error:
        raise _unreadable(str(error), file) from None


@contextmanager
def long_fields() -> Iterator[None]:
    """Within it a field may be longer than the 131,072 characters that Python allows: a road of 5,000 vertices is."""
    before = csv.field_size_limit(_LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows, the header first, as the text of a CSV file.

    >>> csv_text([("code", "name"), ("007", "Na, or not")])
    'code,name\\n007,"Na, or not"\\n'
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def decimal_number(text: str) -> float | None:
    """A finite number with a decimal point; None for anything else, also what Python would read.

    >>> [decimal_number(text) for text in ("5.8", "1e3", "5,8", "1_000", "nan")]
    [5.8, 1000.0, None, None, None]
    """
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _text(file: Path) -> str:
    content = file.read_bytes()
    other = next((kind for begin, kind in _OTHER_KINDS.items() if content.lstrip().startswith(begin)), None)
    if other is not None:
        raise _unreadable(f"it is {other}", file)
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _unreadable(f"line {line}: {error}", file) from None
    if "\0" in text:
        raise _unreadable(f"line {text[: text.index(chr(0))].count(chr(10)) + 1}: a byte 0", file)
    return _SEPARATOR_SAID.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _separator(text: str, needed: Sequence[str]) -> str:
    """What parts the header into the needed columns, or else into most."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    headers = {mark: next(csv.reader([first], delimiter=mark), []) for mark in _SEPARATORS}
    whole = [mark for mark, header in headers.items() if needed and {*needed} <= {_trimmed(name) for name in header}]
    return whole[0] if whole else max(_SEPARATORS, key=lambda mark: len(headers[mark]))


def _parted(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of every line that says anything, the header first."""
    reader = csv.reader(io.StringIO(text), strict=True, delimiter=separator)
    line = 1
    try:
        for fields in reader:
            if any(_trimmed(field) for field in fields):
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(f"line {line}: {error}") from None


def _require_columns(header: Sequence[str], needed: Sequence[str], file: Path) -> None:
    twice = [column for column in header if column and header.count(column) > 1]
    if twice:
        raise InputInvalid(
            f"column {twice[0]} stands twice",
            where=file,
            expected="every column once",
            remedy="remove the one that is wrong",
        )
    missing = [column for column in needed if column not in header]
    if missing:
        raise InputInvalid(
            f"column {missing[0]} is missing among {', '.join(header) or 'none'}",
            where=file,
            expected="columns " + ", ".join(needed),
            remedy=_misnamed(missing, header) or "name the columns in the first line, separated by commas",
        )


def _misnamed(missing: Sequence[str], header: Sequence[str]) -> str:
    """Which of the header's columns may be meant by those that are missing; nothing if none looks like one."""
    others = {name.casefold(): name for name in header}
    pairs = []
    for column in missing:
        low = column.casefold()
        near = difflib.get_close_matches(low, others, n=1, cutoff=0.7)
        near = near or [name for name in others if name.startswith(low) and name.removeprefix(low).isalpha()]
        if near:
            pairs.append(f"{others.pop(near[0])} to {column}")
    return f"rename {', '.join(pairs)} in the first line, if they are meant" if pairs else ""


def _trimmed(field: str) -> str:
    """Without blanks of any kind, and marks that nobody sees, around it."""
    while (trimmed := field.strip().strip(_UNSEEN)) != field:
        field = trimmed
    return field


def _row(header: Sequence[str], fields: Sequence[str], line: int, separator: str, file: Path) -> Row:
    """A line of another length than its header: nobody can tell which of its fields are in the wrong place."""
    if len(fields) != len(header):
        raise InputInvalid(
            f"line {line} has {len(fields)} fields ({','.join(fields)[:120]})",
            where=file,
            expected=f"{len(header)} fields as in the header ({','.join(header)})",
            remedy="write numbers with a decimal point, and put texts that hold a comma into double quotes",
        )
    row = Row(((column, _trimmed(field)) for column, field in zip(header, fields, strict=True)), line, separator)
    broken = [column for column in row if "\n" in row[column]]
    if broken:
        raise InputInvalid(
            f"line {line}: {broken[0]} goes on in the next line ({row[broken[0]][:120]!r})",
            where=file,
            expected="every field within one line",
            remedy="remove the end of the line, or the double quote that was never closed",
        )
    return row


def _unreadable(why: str, file: Path) -> InputInvalid:
    return InputInvalid(f"this is not a readable CSV file ({why})", where=file, expected="CSV in UTF-8", remedy=_REMEDY)
