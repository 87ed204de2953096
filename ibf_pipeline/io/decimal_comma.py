"""A decimal comma that fits the header: if a line lacks its last field, the decimals of a number fill it (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import Row

_WHOLE = re.compile(r"[+-]?\d+")
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_DEGREES = 180.0


def require_no_decimal_comma(rows: Sequence[Row], key: str, numbers: Sequence[str], where: Path | str) -> None:
    """Refuse a table separated by commas in which `10,07` was read as 10 and, in the next column, 07.

    Parameters
    ----------
    rows : Sequence[Row]
        The table.
    key : str
        Column that names a row.
    numbers : Sequence[str]
        Columns of decimal numbers.
    where : Path or str
        What the error names.

    Raises
    ------
    InputInvalid
        If a line has such a pair.

    Notes
    -----
    A whole number followed by digits in the next column counts as one number, unless

    * the next column has numbers in the lines whose own numbers have decimals, or numbers written the same way (07);
    * the digits are part of the row's key;
    * all numbers of the table are whole.
    """
    header = list(rows[0]) if rows and rows[0].separator == "," else []
    for first, second, after in _runs(header, numbers):
        _require(rows, key, (first, second), after, where)


def _runs(header: Sequence[str], numbers: Sequence[str]) -> Iterator[tuple[str | None, str, str]]:
    """(number before, number, the column after it that is none of the numbers), by the header."""
    for before, column, after in zip([None, *header], header, header[1:], strict=False):
        if column in numbers and after not in numbers:
            yield before if before in numbers else None, column, after


def _require(rows: Sequence[Row], key: str, columns: tuple[str | None, str], after: str, where: Path | str) -> None:
    own = [column for column in columns if column is not None]
    with_number = [row for row in rows if _NUMBER.fullmatch(row[after])]
    halves = {row.line: half for row in with_number if (half := _halves(row, columns, after))}
    usual = {_writing(row[after]) for row in with_number if row.line not in halves}
    decimals = any("." in row[column] for row in rows for column in own)
    for row in with_number:
        text = row[after]
        said_elsewhere = _writing(text) in usual or (_writing(text) == "digits" and usual)
        whole_table = _writing(text) == "digits" and not decimals
        if row.line not in halves or said_elsewhere or whole_table or _names(row[key], text):
            continue
        column, whole, rest = halves[row.line]
        raise InputInvalid(
            f"line {row.line}: {column} {whole}, then {rest}, and {after} {text!r}, which is none: a decimal comma "
            "parts a number in two",
            where=where,
            expected="numbers with a decimal point, and every field in its column",
            remedy=f"write {whole}.{rest}; or {whole}.0 where {column} is the whole number",
        )


def _halves(row: Row, columns: tuple[str | None, str], after: str) -> tuple[str, str, str] | None:
    """(column, whole part, decimals) of the number that a comma may have parted; None if every field can be its own.

    Behind the second of two numbers stand its decimals; or the number itself, where those of the first took its place.
    """
    first, second = columns
    if _WHOLE.fullmatch(row[second]) and _DIGITS.fullmatch(row[after]):
        return second, row[second], row[after]
    if first is None or not (_WHOLE.fullmatch(row[first]) and _DIGITS.fullmatch(row[second])):
        return None
    return (first, row[first], row[second]) if abs(float(row[after])) <= _DEGREES else None


def _names(key: str, text: str) -> bool:
    """Whether a number is the row's key, or the digits of one such as G5142."""
    return key == text or (key.endswith(text) and not key.removesuffix(text)[-1].isdigit())


def _writing(number: str) -> str:
    if not number.isdigit():
        return "decimal"
    return "padded" if len(number) > 1 and number.startswith("0") else "digits"
