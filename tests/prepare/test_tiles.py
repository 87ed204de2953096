"""Parts of a raster, read with their coordinates; which cells of a raster reach into a box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rasterio.transform import Affine
from rasterio.windows import Window

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.counts import cells_inside
from ibf_pipeline.prepare.raster_blocks import as_array, open_raster, read_part
from tests.worlds.countries.scenes import write_scene


def test_a_part_knows_where_it_lies_and_nodata_is_nan(tmp_path: Path) -> None:
    """The top left corner is (10 E, 1 N); cells of 0.01 degrees."""
    values = np.arange(200).reshape(10, 20)
    values[3, 5] = 255
    file = write_scene(tmp_path / "a.tif", values, dtype="uint8", nodata=255)
    with open_raster(file, "raster") as raster, as_array(raster) as array:
        part = array.rio.isel_window(Window(4, 3, 3, 2))
        assert read_part(part, "raster").tolist() == [[64, pytest.approx(np.nan, nan_ok=True), 66], [84, 85, 86]]
        assert part.rio.bounds() == pytest.approx((10.04, 0.95, 10.07, 0.97))


def test_only_the_part_is_read(tmp_path: Path) -> None:
    """The file's end is cut off: its last rows are damaged, its first ones are not."""
    values = np.random.default_rng(0).random((200, 200))
    file = write_scene(tmp_path / "a.tif", values, blockysize=20, compress="deflate")
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 3 // 4])
    with open_raster(file, "flood map") as raster, as_array(raster) as array:
        assert np.array_equal(read_part(array[:20], "flood map"), values[:20].astype("float32"))
        with pytest.raises(InputInvalid, match="the flood map is damaged") as caught:
            read_part(array[180:], "flood map")
    assert caught.value.where == str(file)


def test_of_a_file_of_several_pages_the_first_is_read(tmp_path: Path) -> None:
    first, second = (Image.fromarray(np.full((2, 2), number, dtype="uint8")) for number in (1, 2))
    first.save(tmp_path / "pages.tif", save_all=True, append_images=[second])
    with open_raster(tmp_path / "pages.tif", "raster") as raster, as_array(raster) as array:
        assert read_part(array, "raster").tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("box", "rows", "columns"),
    [
        ((10.0, 0.9, 10.2, 1.0), range(10), range(20)),
        ((9.0, 0.0, 11.0, 2.0), range(10), range(20)),
        ((10.02, 0.93, 10.05, 0.98), range(2, 7), range(2, 5)),  # along the edges of cells
        ((10.029, 0.939, 10.051, 0.981), range(1, 7), range(2, 6)),
        ((10.034, 0.934, 10.036, 0.936), range(6, 7), range(3, 4)),  # inside one cell
        ((9.0, 0.0, 10.01, 0.91), range(9, 10), range(1)),
        ((10.2, 0.9, 10.4, 1.0), range(0), range(0)),  # beside the raster
        ((10.0, 1.5, 10.2, 2.0), range(0), range(0)),
    ],
)
@pytest.mark.parametrize("upside_down", [False, True])
def test_cells_that_reach_into_a_box(
    tmp_path: Path, box: tuple[float, float, float, float], rows: range, columns: range, upside_down: bool
) -> None:
    """10 x 20 cells of 0.01 degrees from 10 E, 1 N."""
    transform = Affine(0.01, 0, 10.0, 0, 0.01, 0.9) if upside_down else Affine(0.01, 0, 10.0, 0, -0.01, 1.0)
    file = write_scene(tmp_path / "a.tif", np.ones((10, 20)), transform=transform)
    with open_raster(file, "raster") as raster:
        inside = cells_inside(raster, box)
    found = [np.flatnonzero(cells).tolist() for cells in inside]
    assert found == [[9 - row for row in reversed(rows)] if upside_down else list(rows), list(columns)]


def test_a_raster_in_metres_reaches_into_every_box(tmp_path: Path) -> None:
    file = write_scene(tmp_path / "a.tif", np.ones((10, 20)), crs="EPSG:32632")
    with open_raster(file, "raster") as raster:
        assert all(cells.all() for cells in cells_inside(raster, (50.0, 50.0, 51.0, 51.0)))
