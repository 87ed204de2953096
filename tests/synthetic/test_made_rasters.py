import exactextract
import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.synthetic.files import glofas_window
from ibf_pipeline.synthetic.flood_depth import river_stage, write_flood_maps
from ibf_pipeline.synthetic.noise import row_blocks, smooth_noise
from ibf_pipeline.synthetic.rasters import arcsecond_grid
from ibf_pipeline.synthetic.rivers import FAR, river_tree, valley_distance, winding
from ibf_pipeline.synthetic.settlement import write_population
from ibf_pipeline.synthetic.tiny_areas import place_tiny_areas
from tests.worlds.countries.demo_rivers import DemoRiver, river_discharge

STRAIGHT = DemoRiver("Straight", np.array([[0.0, 0.5], [1.0, 0.5]]), (0.1, 0.1), (10.0, 20.0))
GRID = arcsecond_grid(0, 0, 1, 1, 30)


def sums(path, areas):
    frame = gpd.GeoDataFrame({"n": range(len(areas))}, geometry=areas, crs=4326)
    found = exactextract.exact_extract(str(path), frame, ["sum"], include_cols=["n"], output="pandas")
    return found["sum"].tolist()


def test_grids_are_aligned_to_whole_cells():
    assert Grid(20.0, 6.0, 1 / 1200, 1200, 1200) == arcsecond_grid(20, 5, 21, 6)
    grid = arcsecond_grid(0.01, -0.01, 0.02, 0.02, 30)
    assert (grid.width, grid.height) == (2, 5)
    assert (grid.left, grid.top) == (pytest.approx(1 / 120), pytest.approx(3 / 120))
    assert glofas_window(20.01, 5.02, 20.98, 5.97) == Grid(19.95, 6.05, 0.05, 22, 22)


def test_distance_is_counted_in_valley_half_widths():
    distance = valley_distance([STRAIGHT], GRID, slice(0, 120))
    centre = 0.5 / 120
    assert distance[60, 60] == pytest.approx(centre / 0.1, abs=1e-4)
    assert distance[66, 60] == pytest.approx((6.5 / 120) / 0.1, abs=1e-4)
    assert distance[0, 60] == FAR


def test_a_river_fills_the_coarse_cells_it_crosses():
    cells = river_discharge([STRAIGHT], Grid(0.0, 1.02, 0.25, 4, 4))
    assert (cells > 0).tolist() == [[False] * 4, [False] * 4, [True] * 4, [False] * 4]
    assert cells[2].max() <= 20
    assert np.round(cells[2, 0], 1) == 12.5


def test_a_river_tree_reaches_every_point_and_grows_towards_the_outlet():
    rng = np.random.default_rng(0)
    points = np.array([[0.3, 0.0], [0.1, 0.0], [0.2, 0.1]])
    rivers = river_tree("X", (0.0, 0.0), points, rng, valley=(0.01, 0.03))
    assert [river.points[0].tolist() for river in rivers] == [[0.1, 0.0], [0.2, 0.1], [0.3, 0.0]]
    assert rivers[0].points[-1].tolist() == [0.0, 0.0]
    assert rivers[0].valley[1] == 0.03
    assert rivers[1].valley[1] == rivers[0].valley[0]


def test_a_winding_line_keeps_its_points():
    line = winding([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)], np.random.default_rng(1))
    for point in ([0.0, 0.0], [1.0, 0.0], [1.0, 1.0]):
        assert (line == point).all(axis=1).any()
    assert len(line) > 200


def test_noise_is_the_same_in_any_block():
    whole = smooth_noise(GRID, slice(0, 120), 0.1, 5)
    assert np.array_equal(whole[40:60], smooth_noise(GRID, slice(40, 60), 0.1, 5))
    assert 0 <= whole.min() < 0.2 < 0.8 < whole.max() <= 1
    assert [(rows.start, rows.stop) for rows in row_blocks(Grid(0, 1, 0.01, 3, 600))] == [
        (0, 256),
        (256, 512),
        (512, 600),
    ]


def test_flood_depth_is_the_stage_at_the_river_and_falls_away_from_it(tmp_path):
    assert river_stage(10) == pytest.approx(1.30, abs=0.01)
    (path,) = write_flood_maps(tmp_path, "XXX", [STRAIGHT], GRID, return_periods=[10])
    with rasterio.open(path) as source:
        depth = source.read(1)
    assert (depth[58:62].max(axis=0) > 0.5).all()
    assert (depth[:40] == -9999).all()
    assert depth.max() <= 1.3


def test_people_of_each_area_add_up(tmp_path):
    areas = [shapely.box(0, 0, 0.37, 1), shapely.box(0.37, 0, 1, 0.503), shapely.box(0.37, 0.503, 1, 1)]
    path = write_population(tmp_path / "people.tif", areas, np.array([1000.5, 0.0, 60_000.0]), [STRAIGHT], GRID)
    assert sums(path, areas) == pytest.approx([1000.5, 0.0, 60_000.0], rel=1e-5)


def test_people_of_areas_smaller_than_a_cell_add_up(tmp_path):
    tiny = [shapely.box(0.502, 0.502, 0.506, 0.506), shapely.box(0.506, 0.502, 0.511, 0.506)]
    rest = shapely.box(0, 0, 1, 1).difference(shapely.union_all(tiny))
    path = write_population(tmp_path / "people.tif", [rest, *tiny], np.array([5000.0, 30.0, 20.0]), [STRAIGHT], GRID)
    assert sums(path, [rest, *tiny]) == pytest.approx([5000.0, 30.0, 20.0], rel=1e-5)


def test_a_tiny_area_puts_its_people_into_the_cell_it_covers_most():
    grid = Grid(0.0, 1.0, 1.0, 1, 1)
    areas = [shapely.box(0, 0, 0.25, 1), shapely.box(0.25, 0, 3, 1)]
    people, left = place_tiny_areas(areas, np.array([10.0, 100.0]), np.array([True, False]), grid)
    assert people == {(0, 0): pytest.approx(40.0)}
    assert left.tolist() == pytest.approx([0.0, 70.0])


def test_people_cannot_be_taken_from_a_neighbour_that_has_too_few():
    areas = [shapely.box(0, 0, 0.25, 1), shapely.box(0.25, 0, 3, 1)]
    with pytest.raises(InputInvalid, match="too small for cells"):
        place_tiny_areas(areas, np.array([10.0, 5.0]), np.array([True, False]), Grid(0.0, 1.0, 1.0, 1, 1))
