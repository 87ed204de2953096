"""Fonts for names in any script, and what is drawn if none of them has the letters.

DejaVu Sans comes with matplotlib and has Latin, Greek, Cyrillic, Arabic and Hebrew. Ethiopic, Devanagari and others
need a font of the system (Debian: `fonts-sil-abyssinica`, or `fonts-noto-core` for most scripts).
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # warns of every script without a bold face

_BUILT_IN = "DejaVu Sans"

_FURTHER = (
    "Abyssinica SIL",
    "Noto Sans Ethiopic",
    "Noto Serif Ethiopic",
    "Ebrima",
    "Nyala",
    "Kefa",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Tamil",
    "Noto Sans Sinhala",
    "Noto Sans Khmer",
    "Noto Sans Lao",
    "Noto Sans Thai",
    "Noto Sans Myanmar",
    "Noto Sans CJK JP",
    "Nirmala UI",
)
"""used if they are installed"""


@cache
def families() -> tuple[str, ...]:
    """Font families in the order in which letters are looked for: the built-in one, then those installed."""
    _add_new_fonts()
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return (_BUILT_IN, *(name for name in _FURTHER if name in installed))


def _add_new_fonts() -> None:
    """Fonts installed after matplotlib wrote its list of them are not in it."""
    known = {font.fname for font in font_manager.fontManager.ttflist}
    wanted = tuple(_plain(name) for name in _FURTHER)
    for file in font_manager.findSystemFonts():
        if file not in known and _plain(Path(file).stem).startswith(wanted):
            font_manager.fontManager.addfont(file)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


@cache
def _letters() -> frozenset[int]:
    letters: set[int] = set()
    for family in families():
        letters.update(FT2Font(font_manager.findfont(family)).get_charmap())
    return frozenset(letters)


def is_drawable(text: str) -> bool:
    """Whether the fonts at hand have every letter; marks and spaces that take no glyph do not count."""
    return all(ord(letter) in _letters() or unicodedata.category(letter) in ("Cf", "Zs") for letter in text)


@cache
def _slanted_letters() -> frozenset[int]:
    slanted = font_manager.FontProperties(family=_BUILT_IN, style="italic")
    return frozenset(FT2Font(font_manager.findfont(slanted)).get_charmap())


def is_slanted(text: str) -> bool:
    """Whether the built-in italic face has every letter: Arabic and others would be empty boxes in it."""
    return all(ord(letter) in _slanted_letters() for letter in text if not letter.isspace())


def drawable(name: str, code: str) -> str:
    """The name if it can be drawn, else the code: never a row of empty boxes."""
    name = " ".join(name.split())  # line breaks and tabs have no glyph
    return name if name and is_drawable(name) else code


def titled(name: str, code: str) -> str:
    """`G9001 · Sarvo at Kelim`: the code first, so that a line keeps its direction whatever script the name has."""
    name = drawable(name, code)
    return code if name == code else f"{code} · {name}"


def font_note(names: Iterable[str]) -> str:
    """A note for readers if names were replaced by codes; empty if all could be drawn."""
    if all(is_drawable(" ".join(name.split())) for name in names):
        return ""
    return "codes stand for names whose script no installed font has"


def shortened(text: str, letters: int) -> str:
    """At most so many letters, cut at the end with an ellipsis."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
