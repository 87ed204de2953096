"""Numbers that stand for `no value` and are not declared so, and numbers that only look like them."""

from __future__ import annotations

import numpy as np
import pytest

from ibf_pipeline.prepare.values import SENTINELS, Values


def of(block: np.ndarray) -> Values:
    """Taken up row by row, as blocks are."""
    values = Values(block.size)
    for row in block:
        values.add(row)
    return values


def people(value: float, cells: int, size: int = 10_000) -> np.ndarray:
    """People 0, 1, ... 49, each as often, and `value` in the first `cells` cells."""
    block = np.arange(size, dtype=float) % 50
    block[:cells] = value
    return block.reshape(100, -1)


@pytest.mark.parametrize("value", SENTINELS)
def test_the_top_of_a_type_and_nines_in_two_of_ten_thousand_cells(value: float) -> None:
    values = of(people(value, 2))
    assert values.undeclared_nodata(depths=False) == value
    assert values.cells_with(value) == 2


@pytest.mark.parametrize("value", [127, 255, 999])
def test_the_same_number_once_is_a_count(value: float) -> None:
    assert of(people(value, 1)).undeclared_nodata(depths=False) is None


@pytest.mark.parametrize(("cells", "answer"), [(100, None), (101, 255.0)])
def test_below_greater_values_from_one_in_a_hundred_cells_on(cells: int, answer: float | None) -> None:
    block = people(255, cells)
    block[-1, -1] = 3000
    assert of(block).undeclared_nodata(depths=False) == answer


@pytest.mark.parametrize(("spread", "answer"), [(1, None), (2, None), (3, 127.0)])
def test_a_count_among_others_like_it_is_a_count(spread: int, answer: float | None) -> None:
    """200 of 10,000 cells hold 127, and as many `spread` people more, less or the same: one village like the next."""
    block = people(127, 200)
    block[2:4], block[-1, -1] = 127 + spread, 3000
    assert of(block).undeclared_nodata(depths=False) == answer


@pytest.mark.parametrize(
    ("value", "cells", "answer"), [(9999, 2, 9999.0), (65535, 2, 65535.0), (65535, 1, None), (999, 2, None)]
)
def test_a_huge_one_at_the_top_is_none_in_however_few_cells(value: float, cells: int, answer: float | None) -> None:
    """Two of 40,000 cells: a share of 0.00005, which for 65535 is three people a cell all over the country."""
    assert of(people(value, cells, 40_000)).undeclared_nodata(depths=False) == answer


@pytest.mark.parametrize(
    ("dtype", "value"), [("int64", 2**63 - 1), ("uint64", 2**64 - 1), ("float32", 3.4028234663852886e38)]
)
def test_the_tops_of_the_widest_types(dtype: str, value: float) -> None:
    """In 200 of 10,000 cells, far fewer than a third."""
    block = people(0, 0).astype(dtype)
    block[:2] = value
    values = of(block.astype(np.float64))
    assert values.undeclared_nodata(depths=False) == float(value)
    assert values.cells_with(float(value)) == 200


@pytest.mark.parametrize(
    ("value", "cells", "answer"),
    [
        (5000, 3333, None),
        (5000, 3334, 5000.0),
        (4900, 5000, None),
        (4901, 5000, 4901.0),
        (100, 5001, 100.0),
        (61, 5001, None),
    ],
    ids=["a third", "more than a third", "a hundred times the next value", "more than that", "half", "a range's top"],
)
def test_a_greatest_value_far_above_the_others_over_much_of_the_country(
    value: float, cells: int, answer: float | None
) -> None:
    assert of(people(value, cells)).undeclared_nodata(depths=False) == answer


@pytest.mark.parametrize(
    ("value", "cells", "answer"),
    [(254, 500, None), (254, 501, 254.0), (100, 501, 100.0), (60, 5000, None), (254.5, 501, None),
     (2500, 2, None), (2500, 3, 2500.0), (2500.5, 400, None)],
    ids=["in a twentieth", "more", "twice the next value", "a count like others", "decimals", "2", "3", "a zone"],
)  # fmt: skip
def test_a_greatest_value_that_comes_again_and_again_is_doubted_among_people(
    value: float, cells: int, answer: float | None
) -> None:
    """Not that of a zone as settlement layers have them: 2500.5 people in each cell of a town, 49 in the villages."""
    values = of(people(value, cells))
    assert values.undeclared_nodata(depths=False) is None
    assert values.doubtful() == answer


@pytest.mark.parametrize(("town", "cells"), [(50.0, 4000), (3.2, 5000)])
def test_a_town_of_one_density_in_much_of_an_island_is_not_refused(town: float, cells: int) -> None:
    block = np.full(10_000, 2.0)
    block[:cells] = town
    assert of(block.reshape(100, -1)).undeclared_nodata(depths=False) is None


@pytest.mark.parametrize("top", [127, 255])
def test_counts_that_end_at_the_top_of_a_type_are_counts(top: int) -> None:
    """People 1, 2, ... `top`, each in as many cells: the densest place is as frequent as any other."""
    block = np.tile(np.arange(1.0, top + 1), (40, 1))
    assert of(block).undeclared_nodata(depths=False) is None
    assert of(block).doubtful() is None
    block[:2] = top
    assert of(block).undeclared_nodata(depths=False) == top


@pytest.mark.parametrize("value", [1.0, 2.0, 500.0])
def test_one_number_everywhere_is_a_count(value: float) -> None:
    assert of(np.full((10, 10), value)).undeclared_nodata(depths=False) is None


@pytest.mark.parametrize(
    ("value", "cells", "answer"),
    [(30, 4000, None), (31, 1, None), (31, 2, 31.0), (300, 2, 300.0), (301, 2, None)],
    ids=["30 m", "31 m once", "31 m twice", "300 m", "another unit"],
)
def test_one_depth_of_more_than_30_metres_again_and_again(value: float, cells: int, answer: float | None) -> None:
    block = np.zeros(10_000)
    block[:cells] = value
    assert of(block.reshape(100, -1)).undeclared_nodata(depths=True) == answer


@pytest.mark.parametrize(("cells", "answer"), [(5000, None), (5001, 2.0)])
def test_a_mask_of_ones_and_twos(cells: int, answer: float | None) -> None:
    """1 where it is wet and 2 everywhere else: no flood has its greatest depth in more than half of the cells."""
    block = np.ones(10_000)
    block[:cells] = 2
    assert of(block.reshape(100, -1)).undeclared_nodata(depths=True) == answer


def test_the_next_greatest_value_whatever_the_order_of_blocks() -> None:
    for rows in ([[5, 1], [9, 9], [7, 0]], [[9, 7], [5, 9], [1, 0]], [[7, 5], [1, 0], [9, 9]]):
        values = of(np.array(rows, dtype=float))
        assert (values.greatest, values.greatest_cells, values.next_greatest) == (9, 2, 7)
