"""The report in a real browser, from a file: it draws, fits a phone, and prints."""

import os
import re
import shutil
import subprocess

import pytest
from PIL import Image

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture
def browse(tmp_path):
    if BROWSER is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium: install Debian's package chromium")
        pytest.skip("NO BROWSER: the report was not looked at; install Debian's package chromium")

    def browse(*options, page):
        command = [BROWSER, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *options, page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    return browse


def test_screenshot_has_the_headline_and_the_pictures(days, browse, tmp_path):
    picture = tmp_path / "page.png"
    browse(f"--screenshot={picture}", "--window-size=1000,2600", page=days.alert[1].path / "report" / "report.html")
    image = Image.open(picture).convert("RGB")
    assert image.size == (1000, 2600)
    counts = {colour: count for count, colour in image.getcolors(1 << 24)}
    assert counts[(251, 238, 240)] > 20_000  # the box of the headline of a trigger
    assert counts[(165, 0, 38)] > 20_000  # areas of the overview map, badges
    assert counts[(227, 230, 232)] > 50_000  # what lies outside the country on the map


def test_a_phone_needs_no_sideways_scrolling(days, browse, tmp_path):
    html = (days.alert[1].path / "report" / "report.html").read_text(encoding="utf-8")
    measured = tmp_path / "measured.html"
    # a script that measures, which the page's own policy would forbid; a frame, because windows have a smallest width
    measured.write_text(
        re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html).replace(
            "</body>",
            "<script>onload = () => {document.body.insertAdjacentHTML('beforeend',"
            "'<p>WIDTH ' + document.documentElement.scrollWidth + ' OF ' + innerWidth + '</p>')}</script></body>",
        ),
        encoding="utf-8",
    )
    dom = browse("--dump-dom", "--window-size=500,900", page=measured)
    width, of = map(int, re.search(r"WIDTH (\d+) OF (\d+)", dom).groups())
    assert of <= 500
    assert width <= of


def test_it_prints(days, browse, tmp_path):
    paper = tmp_path / "report.pdf"
    browse(f"--print-to-pdf={paper}", page=days.alert[1].path / "report" / "report.html")
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 7 <= pages <= 40  # the front, six events each beginning a page, the rest
