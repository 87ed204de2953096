"""Uganda's static data, made once in a session out of the real boundaries, stations, thresholds and mapping."""

from __future__ import annotations

from pathlib import Path

from ibf_pipeline.synthetic.uganda import make_uganda
from tests.conftest import real_data
from tests.worlds.session_cache import kept


def uganda(cell_arcsec: int = 30) -> Path:
    """The folder, which no test changes; skips where the real test data are missing."""
    source = real_data("uganda")
    made = kept(f"uganda-{cell_arcsec}", lambda folder: make_uganda(source, folder / "UGA", cell_arcsec=cell_arcsec))
    return made / "UGA"
