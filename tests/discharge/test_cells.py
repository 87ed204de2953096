"""Which GloFAS cell a station lies in."""

import numpy as np
import pytest

from ibf_pipeline.discharge.cells import Grid, cell_centre, indices_in, locate

GRID = Grid(left=20.0, top=6.0, cell=0.05, width=20, height=20)


def test_a_point_inside_a_cell() -> None:
    assert locate(5.98, 20.02, GRID) == (0, 0)
    assert locate(5.94, 20.06, GRID) == (1, 1)


def test_a_point_on_an_edge_belongs_to_the_cell_south_and_east_of_it() -> None:
    assert locate(5.95, 20.05, GRID) == (1, 1)
    assert locate(6.0, 20.0, GRID) == (0, 0)


@pytest.mark.parametrize("step", range(0, 2400, 7))
def test_edges_are_edges_whatever_floats_make_of_them(step: int) -> None:
    """0.05 is no binary fraction: 40.05 - 33.9 is 6.149999999999999, a cell short without the tolerance."""
    lon = round(-60 + step * 0.05, 2)
    assert cell_centre(0.01, lon)[1] == pytest.approx(lon + 0.025, abs=1e-9)


def test_longitudes_of_either_convention() -> None:
    assert cell_centre(1.0, 350.01) == cell_centre(1.0, -9.99)


def test_positions_on_ascending_and_descending_axes() -> None:
    axis = np.array([5.975, 5.925, 5.875])
    wanted = np.array([5.925, 5.825, 5.95])
    assert indices_in(axis, wanted).tolist() == [1, -1, -1]  # the last one is no centre of this grid
    assert indices_in(axis[::-1], wanted).tolist() == [1, -1, -1]
