"""Hydrographs: what is written is what was counted, and nothing is cut off."""

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.text import Text

from ibf_pipeline.domain.trial import TRIAL
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.report.floods.buildup import buildup
from ibf_pipeline.report.floods.hydrograph import hydrograph
from ibf_pipeline.report.floods.run_data import StationRun
from ibf_pipeline.report.pictures.figure import png, spread_heights, svg
from tests.report.pictures.clipped import clipped_texts, texts_of
from tests.worlds.countries.square_country import square_config, square_discharge, square_layers

DAY = date(2026, 2, 16)
LONG = "Río Ñandú en la confluencia con el arroyo de San Sebastián de los Caballeros, puesto hidrométrico número 17"


def drawn(rises, blind=(), name=LONG, exercise=False):
    layers = square_layers(2, [name])
    cube = square_discharge(layers, DAY, rises, blind=blind)
    found = find(cube, layers, square_config(), exercise=exercise)
    return hydrograph(found, found.station("S01"), cube.sel(station="S01").values)


def test_it_says_the_counts_the_classes_and_the_days():
    texts = texts_of(drawn({"S01": {3: (38, 350.0), 6: (40, 350.0)}}))
    assert [text for text in texts if text.endswith("/51")] == [
        "0/51", "0/51", "0/51", "38/51", "0/51", "0/51", "40/51", "0/51",
    ]  # fmt: skip
    assert [text for text in texts if text in ("TRIGGER", "medium", "low", "–")] == [
        "–", "–", "–", "TRIGGER", "–", "–", "medium", "–",
    ]  # fmt: skip
    assert {"Mon", "2026-02-16", "2026-02-23", "5-year: 300 (trigger)"} <= set(texts)
    assert "beyond the trigger lead time limit" in texts


@pytest.mark.parametrize("name", [LONG, "مقياس النيل الأزرق عند الروصيرص", "x" * 300, "$a_b^c$ & <b>"])
def test_nothing_is_cut_off(name):
    assert clipped_texts(drawn({"S01": {3: (38, 950.0)}}, name=name)) == []


def test_an_exercise_says_so_in_its_title():
    """Pictures are passed on alone."""
    rises = {"S01": {3: (38, 350.0)}}
    run = StationRun(DAY, np.full((51, 8), 50.0), ("no",) * 8, 300.0)
    for exercise in (False, True):
        mark = "EXERCISE · " if exercise else ""
        figure = drawn(rises, exercise=exercise)
        assert any(text.startswith(f"{mark}S01 · ") for text in texts_of(figure))
        assert clipped_texts(figure) == []
        figure = buildup("S01", LONG, 5.0, [run], exercise=exercise)
        assert any(text.startswith(f"{mark}How the forecast built up") for text in texts_of(figure))
        assert clipped_texts(figure) == []


def test_a_trial_says_so_in_title_and_picture():
    run = StationRun(DAY, np.full((51, 8), 50.0), ("no",) * 8, 300.0)
    layers = square_layers(2, [LONG])
    cube = square_discharge(layers, DAY, {"S01": {3: (38, 350.0)}}).assign_attrs(trial=TRIAL)
    found = find(cube, layers, square_config())
    for figure in (
        hydrograph(found, found.station("S01"), cube.sel(station="S01").values),
        buildup("S01", LONG, 5.0, [run], trial=TRIAL, lines=[TRIAL]),
    ):
        texts = texts_of(figure)
        assert TRIAL in texts
        assert any(text.startswith("TRIAL · ") for text in texts)
        assert clipped_texts(figure) == []


def test_all_members_are_drawn_and_the_median_is_theirs():
    figure = drawn({"S01": {3: (26, 350.0)}})
    axes = figure.axes[0]
    (members,) = (collection for collection in axes.collections if len(collection.get_paths()) > 1)
    assert len(members.get_paths()) == 51
    median = next(line for line in axes.lines if len(line.get_xdata()) == 8)
    assert list(median.get_ydata()) == [50, 50, 50, 350, 50, 50, 50, 50]  # 26 of 51 is the smallest majority


def test_a_blind_station_has_no_classes_and_says_why():
    texts = texts_of(drawn({}, blind=["S01"]))
    assert "no classes: the station is blind, 0 valid members on 0-day, 34 needed" in texts
    assert not any(text.endswith("/51") for text in texts)


def test_labels_of_thresholds_keep_their_distance():
    assert spread_heights([10, 11, 12, 50], 5, 60) == [10, 15, 20, 50]
    assert spread_heights([55, 58, 60], 5, 60) == [50, 55, 60]


def test_png_is_the_same_twice_and_svg_refers_to_nothing_outside():
    figure = drawn({"S01": {3: (38, 350.0)}})
    assert png(figure) == png(figure)
    content = svg(figure).decode()
    references = re.findall(r'href="([^"]*)"|url\(([^)]*)\)', content)
    assert references
    assert all("".join(reference).startswith("#") for reference in references)
    assert len(content) < 150_000


def test_a_build_up_has_a_row_for_every_run_and_cuts_nothing_off():
    runs = [
        StationRun(date(2026, 2, 14 + n), np.full((51, 8), 100.0 * n), ("no",) * 7 + ("max",), 300.0) for n in range(3)
    ]
    runs.append(StationRun(date(2026, 2, 25), np.full((51, 8), np.nan), (), 300.0))
    figure = buildup("S01", LONG, 5.0, runs[::-1])
    texts = texts_of(figure)
    assert [text.split("\n")[2] for text in texts if text.startswith("run of")] == [
        "2026-02-14", "2026-02-15", "2026-02-16", "2026-02-25",
    ]  # fmt: skip
    assert texts.count("T") == 3
    assert "blind: no usable forecast" in texts
    assert clipped_texts(figure) == []


@pytest.mark.parametrize("days", [8, 15, 30])
def test_as_many_days_are_drawn_as_the_forecast_has(days):
    """Beyond the seven days of a portal too; with many of them words are short and the picture grows."""
    layers = square_layers(1, [LONG])
    found = find(square_discharge(layers, DAY, {"S01": {3: (38, 350.0)}}), layers, square_config())
    (station,) = found.stations
    further = days - 8
    station = replace(
        station,
        flags=station.flags + "w" * further,
        classes=(*station.classes, *("med",) * further),
        members=(51,) * days,
        above={period: (*counts, *(40,) * further) for period, counts in station.above.items()},
    )
    found = replace(found, lead_times=tuple(range(days)), stations=(station,))
    discharge = np.full((51, days), 50.0)
    figure = hydrograph(found, station, discharge)
    texts = texts_of(figure)
    assert [text for text in texts if text.endswith("/51")] == [
        *["0/51"] * 3, "38/51", *["0/51"] * 4, *["40/51"] * further,
    ]  # fmt: skip
    assert sum(text in ("TRIGGER", "T") for text in texts) == 1
    assert sum(text in ("medium", "med") for text in texts) == further
    assert clipped_texts(figure) == []
    boxes = [text.get_window_extent() for text in figure.findobj(Text) if text.get_text().endswith("/51")]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    runs = [
        StationRun(DAY, discharge, station.classes, 300.0),
        StationRun(DAY + timedelta(1), discharge, station.classes, 300.0),
    ]
    built = buildup("S01", LONG, 5.0, runs)
    assert clipped_texts(built) == []
    assert [axes.get_xlim() for axes in built.axes] == [(-0.5, days + 0.5)] * 2
    assert sum(text == "T" for text in texts_of(built)) == 2
    assert sum(text == ("m" if days == 30 else "med") for text in texts_of(built)) == 2 * further
