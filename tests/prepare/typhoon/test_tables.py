"""Houses and names as people write them: every line that is wrong, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.typhoon.tables import read_houses, read_names


def houses(tmp_path: Path, text: str, *codes: str) -> dict[str, float]:
    file = tmp_path / "housing.csv"
    file.write_text(text, encoding="utf-8")
    return read_houses(file, codes or ("A1", "A2", "A3"))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("A1,20\nA1,21", "line 3: area A1 stands twice"),
        ("A9,20", "line 2: area 'A9' is not in the boundaries"),
        ("A1,0", "line 2: A1 has 0 houses"),
        ("A1,-5", "line 2: A1 has -5 houses"),
        ("A1,", "line 2: A1 has no number of houses"),
        ("A1,nan", "line 2: A1 has nan houses"),
        ("A1,1.200", "line 2: A1 has 1.200 houses: write whole numbers without commas, points or blanks"),
        ('A1,"1,200"', "line 2: A1 has 1,200 houses: write whole numbers"),
        ("A1,1,200", "line 2 has 3 fields"),
        ("", "there is no line below its header"),
        ("A1,0\nA9,7", "line 2: A1 has 0 houses; line 3: area 'A9' is not in the boundaries"),
    ],
)
def test_lines_of_houses_that_are_wrong(tmp_path: Path, lines: str, words: str) -> None:
    with pytest.raises(InputInvalid) as error:
        houses(tmp_path, f"place_code,houses\n{lines}\n")
    assert words in str(error.value)


def test_zeros_that_a_spreadsheet_took_from_codes_are_seen(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid) as error:
        houses(tmp_path, "place_code,houses\n1,20\n", "01", "02")
    assert "there is '01': leading zeros were lost" in str(error.value)


def test_whole_numbers_however_tools_write_them(tmp_path: Path) -> None:
    assert houses(tmp_path, "houses;place_code;note\n20;A1;old\n1300.0;A2;\n") == {"A1": 20, "A2": 1300}


def test_names_are_looked_up_in_capitals(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("name,local_name\nChanthu,Kiko\n")
    assert read_names(file) == {"CHANTHU": "Kiko"}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("CHANTHU,Kiko\nChanthu,Kiko", "line 3: CHANTHU stands twice"),
        ("CHANTHU,", "line 2: no local_name"),
        (",Kiko", "line 2: no name"),
        ("CHANTHU,Ki_ko", "line 2: CHANTHU or Ki_ko has an underscore"),
    ],
)
def test_lines_of_names_that_are_wrong(tmp_path: Path, lines: str, words: str) -> None:
    file = tmp_path / "names.csv"
    file.write_text(f"name,local_name\n{lines}\n")
    with pytest.raises(InputInvalid) as error:
        read_names(file)
    assert words in str(error.value)
