"""One country with names that hurt, and three days of it with their reports."""

from dataclasses import dataclass
from datetime import date

import pytest

from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.runs.folder import RunFolder
from tests.worlds.countries.square_run import SquareCountry, make_square_country

SUNDAY, MONDAY, TUESDAY = date(2026, 2, 15), date(2026, 2, 16), date(2026, 2, 17)
FLOOD, LOW = 350.0, 150.0  # above the 5-year threshold (300 m3/s), above the 1.5-year one (100 m3/s)

NAMES = (
    "Río Ñandú en la confluencia con el arroyo de San Sebastián de los Caballeros, puesto hidrométrico número 17",
    "مقياس النيل الأزرق عند الروصيرص",
    "አባይ ወንዝ በባሕር ዳር",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://example.org","x")',
    "Łódź–Ćwiąkała",
)


@dataclass(frozen=True)
class Days:
    country: SquareCountry
    quiet: tuple[FloodFindings, RunFolder]
    """Sunday: no alert"""
    alert: tuple[FloodFindings, RunFolder]
    """Monday: triggers at S01 (38 members, 3-day) and S02..S05 (40 members, 2-day), low warning at S06, S08 blind"""
    after: tuple[FloodFindings, RunFolder]
    """Tuesday: S01 goes on, S06 has ended, S02..S05 are blind"""


@pytest.fixture(scope="session")
def days(tmp_path_factory) -> Days:
    country = make_square_country(tmp_path_factory.mktemp("squares"), 8, NAMES, NAMES, name="République de l'Île")
    triggers = {f"S0{n}": {2: (40, FLOOD)} for n in range(2, 6)}
    return Days(
        country,
        country.run(SUNDAY, {}),
        country.run(MONDAY, {"S01": {3: (38, FLOOD)}, **triggers, "S06": {4: (31, LOW)}}, blind=["S08"]),
        country.run(TUESDAY, {"S01": {2: (38, FLOOD)}}, blind=["S02", "S03", "S04", "S05"]),
    )
