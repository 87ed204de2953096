"""The report in a real browser, from a file: it draws, fits a phone, and prints."""

import base64
import re
import zlib
from itertools import pairwise

import pytest
from PIL import Image

from tests.worlds.services.browser import open_tab

HIDDEN = "[...document.querySelectorAll('details > :not(summary)')].filter(e => !e.checkVisibility()).length"

HINTS = "[...document.querySelectorAll('.hint')].filter(e => e.checkVisibility()).length"


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with open_tab(tmp_path_factory.mktemp("browser") / "profile") as tab:
        yield tab


@pytest.fixture
def report(days, tab):
    """The report of the day with six events, at the width of a desk."""
    tab.send("Emulation.setEmulatedMedia", media="screen")
    tab.size(1000, 2600)
    tab.open((days.alert[1].path / "report" / "report.html").as_uri())
    return tab


def test_every_picture_is_drawn_and_inside_the_page(report, tmp_path):
    pictures = report.value(
        "[...document.images].map(i => [i.className, i.naturalWidth, i.getBoundingClientRect().width])"
    )
    assert report.value(HINTS) == 0, "a desk shows pictures whole"
    assert [kind for kind, _, _ in pictures] == ["map", *["hydrograph", "map", "buildup"] * 6]
    assert all(natural >= 900 and 300 < shown <= 1000 for _, natural, shown in pictures)
    file = tmp_path / "page.png"
    report.screenshot(file)
    image = Image.open(file).convert("RGB")
    assert image.size == (1000, 2600)
    counts = {colour: count for count, colour in image.getcolors(1 << 24)}
    assert counts[(251, 238, 240)] > 20_000  # the box of the headline of a trigger
    assert counts[(165, 0, 38)] > 20_000  # areas of the overview map, badges
    assert counts[(227, 230, 232)] > 50_000  # what lies outside the country on the map


def test_a_phone_needs_no_sideways_scrolling_and_shows_the_percentages(report):
    report.size(390, 844)
    assert report.value("innerWidth") == 390
    assert report.value(HINTS) == report.value("document.querySelectorAll('.scroll > img').length") == 12
    assert report.value("document.documentElement.scrollWidth") == 390
    edges = report.value(
        "[...document.querySelectorAll('details[open] td:last-child')].map(e => e.getBoundingClientRect().right)"
    )
    assert len(edges) == 6  # Row 1 of each event
    assert max(edges) <= 390


def test_a_link_leads_to_its_event(report):
    report.click('a[href="#event-3"]')
    report.wait("Math.abs(document.querySelector('#event-3').getBoundingClientRect().top) < 5")


def test_everything_is_printed_an_event_on_two_pages_a_long_one_on_three(report):
    folded = report.value("document.querySelectorAll('details:not([open])').length")
    assert folded == 10  # level 2 of six events, hashes of the forecast and of the static data, versions, configuration
    assert report.value(HIDDEN) >= folded
    report.send("Emulation.setEmulatedMedia", media="print")
    assert report.value(HIDDEN) == 0
    paper = base64.b64decode(report.send("Page.printToPDF", preferCSSPageSize=True)["data"])
    maps = [number for number, page in enumerate(drawn_on_pages(paper)) if re.search(rb" Do\b", page)]
    assert len(maps) == 7  # the country's and one an event; hydrographs are lines
    # how the event of the long name, which shares its area, built up does not fit below the words about that
    assert [after - before for before, after in pairwise(maps[1:])] == [2, 2, 2, 2, 3]


def drawn_on_pages(paper: bytes) -> list[bytes]:
    """What is drawn on each page of a PDF, as its operators."""
    objects = {int(match[1]): match[2] for match in re.finditer(rb"(\d+) 0 obj\s*(.*?)endobj", paper, re.DOTALL)}
    pages = [content for content in objects.values() if re.search(rb"/Type\s*/Page\b", content)]
    drawn = [objects[int(re.search(rb"/Contents (\d+) 0 R", page)[1])] for page in pages]
    return [zlib.decompress(re.search(rb"stream\r?\n(.*?)endstream", content, re.DOTALL)[1]) for content in drawn]
