"""Maps of events and of the country, drawn from the prepared country of squares."""

import io
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely
from matplotlib.text import Text
from PIL import Image

from ibf_pipeline.domain.trial import TRIAL
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.report.floods.words import country_words, event_words
from ibf_pipeline.report.pictures import event_map as of_event
from ibf_pipeline.report.pictures import overview_map as of_country
from ibf_pipeline.report.pictures.colours import PEOPLE_COLOURS
from ibf_pipeline.report.pictures.event_map import people_step
from ibf_pipeline.report.pictures.figure import new_figure
from ibf_pipeline.report.pictures.map_frame import View, map_axes, round_length, scale_bar, view_of
from ibf_pipeline.report.pictures.outlines import read_map_layers
from ibf_pipeline.report.pictures.overview_map import area_classes, by_weight
from ibf_pipeline.report.pictures.water import Water, edge_and_body, on_pixels, read_water
from tests.report.pictures.clipped import clipped_texts, texts_of
from tests.worlds.countries.square_country import square_day
from tests.worlds.countries.square_run import make_square_country

DAY = date(2026, 2, 16)
NAMES = ("Departamento de la Santísima Trinidad de los Ríos del Norte y del Sur", "ولاية النيل الأزرق", "አማራ", "ꀀꀁ")
WATER = (18, 72, 158)


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    country = make_square_country(
        tmp_path_factory.mktemp("maps"), 12, NAMES, NAMES, name="République démocratique de l'Île-aux-Très-Longs-Noms"
    )
    found, run = country.run(
        DAY, {"S01": {2: (40, 650.0)}, "S02": {2: (40, 350.0)}, "S04": {2: (40, 350.0)}, "S12": {3: (40, 150.0)}}
    )
    return found, run, read_map_layers(country.prepared, found.admin_levels)


def event_map(found, event, layers, extent):
    return of_event.event_map(found, event, layers, extent, event_words(found, event))


def event_figure(found, event, layers, extent):
    return of_event.event_figure(found, event, layers, extent, event_words(found, event))


def overview_figure(found, layers, extents=()):
    return of_country.overview_figure(found, layers, extents, country_words(found))


def event_of(found, name):
    return next(event for event in found.events if event.name == name)


def extent_of(found, run, event):
    return run.extent(found.extents[event.lead_time].file_name)


def test_a_map_is_1200_pixels_wide_small_and_always_the_same(day):
    found, run, layers = day
    event = event_of(found, "S01")
    picture = event_map(found, event, layers, extent_of(found, run, event))
    assert Image.open(io.BytesIO(picture)).size == (1200, 1560)
    assert len(picture) < 200_000
    assert picture == event_map(found, event, layers, extent_of(found, run, event))


def test_a_map_says_what_when_and_how_many(day):
    found, run, layers = day
    event = event_of(found, "S01")
    texts = texts_of(event_figure(found, event, layers, extent_of(found, run, event)))
    assert "Trigger detected by the forecast" in texts
    assert "first day Wed 2026-02-18 (2-day) · forecast of Mon 2026-02-16" in texts
    assert "300 people" in texts
    assert any(text.startswith("where the water may be 0.1 m or deeper · ") for text in texts)
    assert "flood extent: 50-year flood map, 0.1 m or deeper" in texts
    assert any(text.endswith(" km") for text in texts)
    assert any(text.startswith("Discharge: GloFAS 4, 51 of 51 members.") for text in texts)


def test_the_number_of_people_is_the_largest_thing_written(day):
    found, run, layers = day
    event = event_of(found, "S01")
    figure = event_figure(found, event, layers, extent_of(found, run, event))
    sizes = {text.get_text(): text.get_fontsize() for text in figure.findobj(Text) if text.get_text().strip()}
    assert sizes["300 people"] == max(sizes.values())


def test_letters_are_large_enough_for_a_phone(day):
    found, run, layers = day
    event = event_of(found, "S01")
    figure = event_figure(found, event, layers, extent_of(found, run, event))
    sizes = [text.get_fontsize() * 100 / 72 for text in figure.findobj(Text) if text.get_text().strip()]
    assert min(sizes) >= 22  # 7 pixels where 1,200 are shown on 390


@pytest.mark.parametrize("name", ["S01", "S02", "S04", "S12"])
def test_nothing_is_cut_off(day, name):
    found, run, layers = day
    event = event_of(found, name)
    for exercise in (False, True):
        figure = event_figure(replace(found, exercise=exercise), event, layers, extent_of(found, run, event))
        assert clipped_texts(figure) == []
        assert ("EXERCISE" in " ".join(texts_of(figure))) == exercise


def test_a_trial_says_so_in_title_and_map(day):
    found, run, layers = day
    found, event = replace(found, trial=TRIAL), event_of(found, "S01")
    extent = extent_of(found, run, event)
    for figure in (event_figure(found, event, layers, extent), overview_figure(found, layers, [extent])):
        texts = texts_of(figure)
        assert TRIAL in texts
        assert any(text.startswith("TRIAL · ") for text in texts)
        assert clipped_texts(figure) == []


def test_doubtful_numbers_are_said_on_every_picture(day):
    found, run, layers = day
    found, event = replace(found, doubts=()), event_of(found, "S01")
    extent = extent_of(found, run, event)
    of_event = replace(
        found, stations=tuple(replace(s, condition="suspect") if s.code == "S01" else s for s in found.stations)
    )
    of_other = replace(
        found, stations=tuple(replace(s, condition="suspect") if s.code == "S03" else s for s in found.stations)
    )
    for doubtful, said in ((replace(found, doubts=("people",), trial=TRIAL), 1), (of_event, 1), (of_other, 0)):
        for figure in (event_figure(doubtful, event, layers, extent), overview_figure(doubtful, layers, [extent])):
            assert texts_of(figure).count("Numbers are doubtful: see the report") == said
            assert clipped_texts(figure) == []


def test_a_name_that_no_font_has_gives_way_to_the_code_and_says_so(day):
    found, run, layers = day
    event = event_of(found, "S04")  # its names are in Yi
    texts = texts_of(event_figure(found, event, layers, extent_of(found, run, event)))
    assert "S04" in texts
    assert "0004\n100" in texts
    assert "codes stand for names whose script no installed font has" in " ".join(texts)


def test_a_warning_has_neither_people_nor_water(day):
    found, run, layers = day
    event = event_of(found, "S12")
    texts = texts_of(event_figure(found, event, layers, extent_of(found, run, event)))
    assert any(text.startswith("a warning: people and flood extent are not estimated") for text in texts)
    assert not any("flood extent:" in text or "people affected in" in text for text in texts)


def test_an_event_without_areas_is_drawn_at_its_station(day):
    found, run, layers = day
    event = replace(event_of(found, "S01"), areas=())
    texts = texts_of(event_figure(found, event, layers, extent_of(found, run, event)))
    assert any(text.startswith("no areas are mapped to this station") for text in texts)
    assert not any("flood extent:" in text for text in texts)


def test_only_the_events_own_areas_are_wet_on_its_map(day):
    found, run, layers = day
    # S02's square is beside S01's and wet on the same day; the map of S01 must not show that water as its own
    picture = Image.open(
        io.BytesIO(event_map(found, event_of(found, "S01"), layers, extent_of(found, run, event_of(found, "S01"))))
    ).convert("RGB")
    pixels = np.asarray(picture).astype(int)[240:1070, 20:1180]
    blue = np.abs(pixels - WATER).sum(axis=2) < 30
    columns = np.flatnonzero(blue.sum(axis=0) > 200)
    assert columns.size > 0
    # the square is about 715 pixels wide; the 50-year map, the third one, wets 6 of its 20 columns
    assert columns.max() - columns.min() == pytest.approx(0.3 * 715, abs=15)


def test_water_is_seen_in_grey_on_the_darkest_and_the_lightest_area(day):
    """Across the water's border lightness jumps: to the white edge on dark areas, to the water on light ones."""
    found, run, layers = day
    event = event_of(found, "S01")
    for people in (0, 20_000):
        areas = tuple(replace(area, people=people) for area in event.areas)
        drawn = event_map(found, replace(event, areas=areas), layers, extent_of(found, run, event))
        grey = np.asarray(Image.open(io.BytesIO(drawn)).convert("L")).astype(int)[240:1070, 20:1180]
        area = np.asarray(Image.new("RGB", (1, 1), PEOPLE_COLOURS[people_step(people)]).convert("L"))[0, 0]
        row = grey[700]  # below the station and its label
        jumps = np.abs(np.diff(row))
        assert np.count_nonzero(np.abs(row - area) < 8) > 200  # the dry part of the area
        assert jumps.max() > 90  # of 255


def test_water_on_pixels_by_hand():
    """A raster of 2 x 2 cells on 4 x 4 pixels: each cell is 2 x 2 of them; a second raster adds its own."""
    one = Water(np.array([[True, False], [False, False]]), (0, 0, 4, 4))
    two = Water(np.array([[True]]), (3, 0, 4, 1))
    assert on_pixels([one, two], (0, 0, 4, 4), (4, 4)).astype(int).tolist() == [
        [1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1],
    ]  # fmt: skip
    fine = Water(np.eye(8, dtype=bool)[:, ::-1], (0, 0, 4, 4))  # half a pixel wide, from corner to corner
    assert np.fliplr(on_pixels([fine], (0, 0, 4, 4), (4, 4))).diagonal().all()
    assert not on_pixels([one], (10, 10, 14, 14), (4, 4)).any()


def test_wide_water_lets_the_area_be_seen_and_narrow_water_is_solid():
    wet = np.zeros((80, 80), dtype=bool)
    wet[10:70, 10:70] = True
    edge, body = edge_and_body(wet)
    assert not (edge & wet).any()
    assert edge[9, 40]
    assert edge[7, 40]
    assert not edge[6, 40]
    assert body[10:15, 10:70].all()  # the rim
    inner = body[15:65, 15:65]
    assert 0.4 < inner.mean() < 0.6  # stripes
    narrow = np.zeros((40, 40), dtype=bool)
    narrow[18:22] = True
    assert (edge_and_body(narrow)[1] == narrow).all()


def test_the_scale_bar_goes_where_the_country_is_not():
    figure = new_figure(1000, 1000)
    view = View(0, 0, 10, 10)
    axes = map_axes(figure, 0, 0, 1000, 1000, view)
    assert scale_bar(axes, view, 24).x0 == 0  # nothing to avoid: lower left
    everywhere_but_lower_right = shapely.box(0, 0, 10, 10) - shapely.box(6, 0, 10, 3)
    box = scale_bar(axes, view, 24, everywhere_but_lower_right)
    assert (round(box.x1), round(box.y0)) == (1000, 0)
    box = scale_bar(axes, view, 24, shapely.box(0, 0, 10, 8))
    assert (round(box.x0), round(box.y1)) == (0, 1000)


def test_the_scale_bar_leaves_a_map_that_the_country_fills():
    figure, view = new_figure(1000, 1100), View(0, 0, 10, 10)
    axes = map_axes(figure, 0, 0, 1000, 1000, view)
    box = scale_bar(axes, view, 24, shapely.box(0.1, 0.1, 9.9, 9.9), (980, 1050))
    assert (round(box.x1), 0 < box.y0 < box.y1 < 100) == (980, True)
    assert scale_bar(axes, view, 24, shapely.box(3, 0, 10, 10), (980, 1050)).x0 == 0, "a corner is free"
    assert clipped_texts(figure) == []


def test_names_are_written_by_class_and_people():
    """Three areas: a trigger with 300 people, one with 100, a warning; whatever order the outlines have."""
    found = square_day(DAY, {"S05": {3: (40, 150.0)}, "S15": {3: (40, 650.0)}, "S25": {3: (40, 350.0)}}, stations=30)
    assert by_weight(found, area_classes(found)) == ["Q2", "Q3", "Q1"]


def test_the_country_shows_the_highest_class_and_every_alerted_station(day):
    found, run, layers = day
    assert area_classes(found) == {"Q1": "max", "Q2": "min"}
    figure = overview_figure(found, layers, [extent_of(found, run, event_of(found, "S01"))])
    texts = texts_of(figure)
    assert any(text.startswith("3 triggers, 1 warning · République") for text in texts)
    assert {"S01", "S02", "S04", "S12"} <= set(texts)
    assert clipped_texts(figure) == []


def test_a_quiet_country_is_drawn_too(day):
    found, _, layers = day
    quiet = replace(found, events=())
    figure = overview_figure(quiet, layers)
    assert clipped_texts(figure) == []
    assert not {"trigger", "medium warning", "low warning"} & set(texts_of(figure))  # a legend of what is drawn


def test_colours_of_people():
    assert [people_step(people) for people in (0, 1, 99, 100, 999, 1_000, 9_999, 10_000)] == [0, 1, 1, 2, 2, 3, 3, 4]


def test_the_scale_bar_is_round():
    assert [round_length(km) for km in (1.5, 2, 4.9, 7, 23, 99)] == [1, 2, 2, 5, 20, 50]


def test_a_view_keeps_kilometres_alike():
    view = view_of((30, 59.9, 30.2, 60.1), 1000, 500)  # at 60 degrees north a degree of longitude is half as long
    assert (view.east - view.west) * 0.5 / (view.north - view.south) == pytest.approx(2, rel=0.01)
    assert view.west < 30 < 30.2 < view.east


def test_a_single_wet_cell_is_seen_from_far_away(tmp_path):
    import rasterio
    from rasterio.transform import from_origin

    depth = np.zeros((400, 600), dtype="float32")
    depth[123, 457] = 0.2
    file = tmp_path / "extent.tif"
    with rasterio.open(
        file, "w", driver="GTiff", dtype="float32", count=1, width=600, height=400, crs=4326,
        transform=from_origin(30, 2, 0.01, 0.01), nodata=0,
    ) as out:  # fmt: skip
        out.write(depth, 1)
    water = read_water(file, (30, -2, 36, 2), (40, 60))
    assert [index.tolist() for index in np.nonzero(water.wet)] == [[12], [45]]
    assert read_water(file, (40, 40, 41, 41), (40, 60)) is None


def test_a_country_that_is_not_prepared_is_named(tmp_path):
    with pytest.raises(InputMissing, match="ibf-pipeline prepare"):
        read_map_layers(tmp_path, (1,))
