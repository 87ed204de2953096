"""Days, blocks and cycles without what takes most of their time, for other tests.

The prepared layers of a country are built once in a session, and `prepare` itself finds them up to date or builds them
again; the pictures of reports are a dot; tracks are read in this process. All that is done for real in tests of their
own.
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.worlds.session_cache import KEPT, alone

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
_DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def prepare_from_kept(country: Any, static: Path, folder: Path, shared: Any = None) -> Any:
    """`prepare` of a hazard, which begins with what an earlier call has built of the same country."""
    from ibf_pipeline.prepare.build import prepare_floods
    from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
    from ibf_pipeline.prepare.typhoon.build import prepare_typhoon

    build: Any = {"floods": prepare_floods, "flash-floods": prepare_flash_floods, "typhoon": prepare_typhoon}[
        country.hazard
    ]
    kept = KEPT / f"layers-{country.hazard}-{country.iso3}"
    if not kept.is_dir():
        with alone(kept.name):
            if not kept.is_dir():
                built = build(country, static, folder, shared=shared)
                shutil.copytree(folder, kept.with_suffix(".part"))
                kept.with_suffix(".part").rename(kept)
                return built
    if not folder.exists():
        shutil.copytree(kept, folder)
    return build(country, static, folder, shared=shared)


@contextmanager
def tracks_read_here() -> Iterator[None]:
    """Within it, sources and exercises read files of tracks without a process of their own for each."""
    from ibf_pipeline.tracks.reader import read_tracks

    with (
        patch("ibf_pipeline.sources.tracks.cycles.read_tracks_isolated", read_tracks),
        patch("tasks.scenario.read_tracks_isolated", read_tracks),
    ):
        yield


@contextmanager
def quick_days() -> Iterator[None]:
    """Within it, flood days that run in this process are quick."""
    report = "ibf_pipeline.report"

    def station_picture(*what: Any) -> bytes:
        return _DRAWING if what[-1].endswith(".svg") else DOT

    with (
        patch("tasks.floods.prepare_floods", prepare_from_kept),
        patch("tasks.typhoon.prepare_typhoon", prepare_from_kept),
        tracks_read_here(),
        patch(f"{report}.writer.overview_map", lambda *_: DOT),
        patch(f"{report}.writer.event_map", lambda *_: DOT),
        patch(f"{report}.floods.drawing.draw_hydrograph", station_picture),
        patch(f"{report}.floods.drawing.draw_buildup", station_picture),
        patch(f"{report}.flash_floods.drawing._draw", station_picture),
        patch(f"{report}.typhoon.drawing._track", lambda *_: DOT),
        patch(f"{report}.typhoon.drawing._winds", lambda *_: DOT),
    ):
        yield
