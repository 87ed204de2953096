"""A decimal comma that fits the header because a line lacks its last field; numbers that belong there stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import read_rows
from ibf_pipeline.io.decimal_comma import require_no_decimal_comma

STATIONS = "stationCode,stationName,lat,lon,fid"


def look(folder: Path, text: str, numbers: tuple[str, ...] = ("lat", "lon")) -> None:
    file = folder / "table.csv"
    file.write_text(text, encoding="utf-8")
    key = text.replace(";", ",").split(",")[0]
    require_no_decimal_comma(read_rows(file, (key, *numbers)), key, numbers, file)


@pytest.mark.parametrize(
    ("lines", "said", "remedy"),
    [
        ("G1,Upper,0.97,10,07\nG2,Na,0.97,10.12,", "line 2: lon 10, then 07, and fid '07'", "write 10.07; or 10.0"),
        ("G2,Na,0.97,10.12,G2\nG1,Upper,0.97,10,7", "line 3: lon 10, then 7, and fid '7'", "write 10.7; or 10.0"),
        ("G1,Upper,0.97,10,25", "line 2: lon 10, then 25, and fid '25'", "write 10.25"),
        ("G1,Upper,0.97,-10,07", "line 2: lon -10, then 07", "write -10.07"),
        ("G1,Upper,0,97,10.07", "line 2: lat 0, then 97, and fid '10.07'", "write 0.97; or 0.0"),
        ("G1,Upper,0,97,-10.07\nG2,Na,0.97,10.12,G2", "line 2: lat 0, then 97, and fid '-10.07'", "write 0.97"),
        ("1,Upper,0.97,10.02,1\n2,Na,0.97,10,07", "line 3: lon 10, then 07", "write 10.07"),
        ("G1,Upper,1,10,07\nG2,Na,1,11,25", "line 2: lon 10, then 07", "write 10.07"),
        ("G1,Upper,0.97,10.02,1\nG2,Na,0.97,10,07\nG3,Na,0.97,10.1,3", "line 3: lon 10, then 07", "write 10.07"),
    ],
)
def test_half_of_a_number_in_the_column_after_it_is_refused(tmp_path: Path, lines: str, said: str, remedy: str) -> None:
    with pytest.raises(InputInvalid) as refused:
        look(tmp_path, f"{STATIONS}\n{lines}\n")
    assert refused.value.found.startswith(said)
    assert refused.value.remedy.startswith(remedy)
    assert refused.value.where.endswith("table.csv")


@pytest.mark.parametrize(
    "text",
    [
        f"{STATIONS}\nG1,Upper,0.97,10.02,1\nG2,Na,0.97,10,2\nG3,Na,1,10.4,3\n",
        f"{STATIONS}\nG1,Upper,0.97,10.02,1\nG2,Na,0.97,10.12,2\n",
        f"{STATIONS}\nG1,Upper,1,10,1\nG2,Na,2,11,2\n",
        f"{STATIONS}\nG1,Upper,0.97,10.02,001\nG2,Na,0.97,10,002\n",
        f"{STATIONS}\n5142,Upper,0.97,10.0,5142\n5143,Na,0.97,10,5143\n",
        f"{STATIONS}\nG5142,Upper,0.97,10,5142\n",
        f"{STATIONS}\nG1,Upper,0.97,10.0,1\n",
        f"{STATIONS}\nG1,Upper,0.97,10,\nG2,Na,0.97,10.12,G2\n",
        f"{STATIONS},river\nG1,Upper,0.97,10.02,,1\nG2,Na,0.97,10,,0\n",
        f"{STATIONS}\n".replace("fid", "river") + "G1,Upper,0.97,10.02,1\nG2,Na,0.97,10,1\n",
        f"{STATIONS}\n".replace("fid", "elevation") + "G1,Upper,0.97,10.02,1134.5\nG2,Na,0,97,1134\nG3,A,1,10,90.5\n",
        f"{STATIONS}\nG1,Upper,0.97,10,07\n".replace(",", ";"),
        "stationCode,fid,stationName,lat,lon\nG1,07,Upper,0.97,10\n",
    ],
)
def test_numbers_that_belong_where_they_stand_are_no_decimals(tmp_path: Path, text: str) -> None:
    look(tmp_path, text)


def test_one_number_a_line(tmp_path: Path) -> None:
    head = "adminLevel,placeCode,value,note\n"
    look(tmp_path, f"{head}1,01,180,2020\n1,02,1234,5\n", ("value",))
    with pytest.raises(InputInvalid, match="line 3: value 1234, then 5, and note '5'"):
        look(tmp_path, f"{head}1,01,180.5,\n1,02,1234,5\n", ("value",))
