"""Colours are told apart by lightness, so by everybody and in print; words on them can be read."""

from itertools import pairwise

import pytest

from ibf_pipeline.report.pictures.colours import (
    CLASS_COLOURS,
    CLASS_HATCHES,
    CLASS_INK,
    CLASS_MARKERS,
    LAND,
    PEOPLE_COLOURS,
    WATER,
    WATER_EDGE,
)
from ibf_pipeline.report.pictures.fonts import drawable, is_drawable, shortened, titled


def luminance(colour: str) -> float:
    """Relative luminance 0..1 of `#rrggbb` (WCAG 2.2)."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio 1..21 of two colours (WCAG 2.2)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_classes_and_people_grow_darker_step_by_step():
    classes = [CLASS_COLOURS[name] for name in ("no", "min", "med", "max")]
    assert all(contrast(*pair) > 1.15 for pair in pairwise(classes))
    assert all(contrast(*pair) > 1.8 for pair in pairwise(classes[1:]))
    assert all(contrast(*pair) > 1.2 for pair in pairwise(PEOPLE_COLOURS))
    light = [contrast(colour, "#000000") for colour in (*PEOPLE_COLOURS,)]
    assert light == sorted(light, reverse=True)


def test_water_or_its_edge_stands_out_on_every_colour():
    for colour in (*CLASS_COLOURS.values(), *PEOPLE_COLOURS, LAND):
        assert max(contrast(WATER, colour), contrast(WATER_EDGE, colour)) > 3
    assert contrast(WATER, WATER_EDGE) > 7


def test_words_on_the_classes_can_be_read():
    assert all(contrast(CLASS_COLOURS[name], CLASS_INK[name]) >= 4.5 for name in CLASS_COLOURS)


def test_a_class_is_never_told_by_colour_alone():
    assert len(set(CLASS_MARKERS.values())) == 4
    assert len({CLASS_HATCHES[name] for name in ("min", "med", "max")}) == 3


def test_names_that_can_be_drawn_and_names_that_cannot():
    assert is_drawable("Sarvo at Port-Saint-Élie, Łódź, Αθήνα, Днепр, النيل الأزرق")
    assert not is_drawable("ꀀꀁ")
    assert drawable("ꀀꀁ", "G1") == "G1"
    assert drawable("  a\n b\t", "G1") == "a b"
    assert titled("ꀀꀁ", "G1") == "G1"
    assert titled("النيل", "G1") == "G1 · النيل"


def test_shortened():
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdef", 5) == "abcd…"
