"""One reader of every table: whatever program wrote it, what is unambiguous is read, and the rest an error."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import decimal_number, read_rows

COLUMNS = ("code", "name", "lat")
TEXT = 'code,name,lat\nG1,Été,0.97\n\nG2,"Low, left",1\n'


def rows_of(tmp_path: Path, content: bytes) -> list[tuple[int, dict[str, str]]]:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    return [(row.line, dict(row)) for row in read_rows(file, COLUMNS)]


def refused(tmp_path: Path, content: bytes) -> InputInvalid:
    with pytest.raises(InputInvalid) as refused:
        rows_of(tmp_path, content)
    assert refused.value.where == str(tmp_path / "table.csv")
    assert refused.value.expected
    assert refused.value.remedy
    return refused.value


RIGHT = [
    (2, {"code": "G1", "name": "Été", "lat": "0.97"}),
    (4, {"code": "G2", "name": "Low, left", "lat": "1"}),
]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace("\n\n", "\n,,\n").encode(),
        TEXT.replace("\n\n", "\n  \t\n").encode(),
        b"code;name;lat\nG1;\xc3\x89t\xc3\xa9;0.97\n\nG2;Low, left;1\n",
        b"code\tname\tlat\r\nG1\t\xc3\x89t\xc3\xa9\t0.97\r\n\r\nG2\tLow, left\t1",
        b' code , name,lat\nG1, \xc3\x89t\xc3\xa9 ,0.97\n\nG2,"Low, left",1\n',
    ],
    ids=["plain", "BOM", "UTF-16", "CRLF", "CR", "commas alone", "blanks", "semicolons", "tabs", "blanks around"],
)
def test_what_programs_make_of_a_table_is_the_same_table(tmp_path: Path, content: bytes) -> None:
    assert rows_of(tmp_path, content) == RIGHT


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"code,name,lat\nG1,A,0,97\n", "line 2 has 4 fields (G1,A,0,97)"),
        (b"code,name,lat\n\nG1,A\n", "line 3 has 2 fields (G1,A)"),
        (b"code;name;lat\nG1;A;1\nG2,B,2\n", "line 3 has 1 fields (G2,B,2)"),
        (
            "code,name,lat\nG1,Été,1\n".encode("latin-1"),
            "this is not a readable CSV file (line 2: 'utf-8' codec can't decode",
        ),
        ("code,name,lat\nG1,A,1\n".encode("utf-16-le"), "this is not a readable CSV file (line 1: a byte 0)"),
        (b'code,name,lat\nG1,"A\nB",1\n', "line 2: name goes on in the next line ('A\\nB')"),
        (b'code,name,lat\nG1,"A,1\nG2,B,2\n', "this is not a readable CSV file (line 2: unexpected end of data)"),
        (b"code,name,lat,lat\nG1,A,1,2\n", "column lat stands twice"),
        (b"code,name\nG1,A\n", "column lat is missing among code, name"),
        (b"\n\n", "column code is missing among none"),
    ],
)
def test_what_is_ambiguous_is_refused_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    assert refused(tmp_path, content).found.startswith(said)


@pytest.mark.parametrize("first", ["sep=;", "SEP=;;;", '"sep=;"', "sep=,", "sep=;\r"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_first_line_about_the_separator_says_nothing_else(tmp_path: Path, first: str, encoding: str) -> None:
    content = f"{first}\ncode;name;lat\nG1;Été;0.97\n".encode(encoding)
    assert rows_of(tmp_path, content) == [(3, RIGHT[0][1])]


@pytest.mark.parametrize(
    ("header", "remedy"),
    [
        (
            "Code,NAME,Latitude",
            "rename Code to code, NAME to name, Latitude to lat in the first line, if they are meant",
        ),
        ("code,nmae,lat", "rename nmae to name in the first line, if they are meant"),
        ("code,place,lat", "name the columns in the first line, separated by commas"),
        ("sep=|", "name the columns in the first line, separated by commas"),
    ],
)
def test_a_misnamed_column_is_named(tmp_path: Path, header: str, remedy: str) -> None:
    assert refused(tmp_path, f"{header}\nG1,A,1\n".encode()).remedy == remedy


@pytest.mark.parametrize("text", ["5,8", "1_000", "nan", "inf", "", "٣", "1 000", "0x10"])
def test_what_is_no_decimal_number(text: str) -> None:
    assert decimal_number(text) is None


FIELD = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=8).filter(
    lambda text: text.strip() == text and text
)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=4),
    mark=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    blank=st.booleans(),
)
def test_every_dialect_gives_the_fields_that_were_written(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str]],
    mark: str,
    encoding: str,
    end: str,
    blank: bool,
) -> None:
    quoted = [mark.join('"' + field.replace('"', '""') + '"' for field in row) for row in (COLUMNS, *rows)]
    content = (end * (2 if blank else 1)).join(quoted) + end
    found = rows_of(tmp_path_factory.mktemp("dialect"), content.encode(encoding))
    assert [tuple(row.values()) for _, row in found] == rows
    assert [line for line, _ in found] == [number * (2 if blank else 1) + 1 for number in range(1, len(rows) + 1)]
