"""A long cycle whose storms end before the short one does has nothing to carry."""

from __future__ import annotations

import numpy as np

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.typhoon.identity import identify
from ibf_pipeline.hazards.typhoon.long_cycle import with_long
from ibf_pipeline.tracks.reader import read_tracks
from tests.conftest import ROOT


def test_a_long_cycle_that_ends_before_the_short_one_changes_nothing() -> None:
    folder = ROOT / "data" / "fixtures" / "XDI" / "tracks"
    long = read_tracks([folder / "2026100812" / "tracks.bufr"])
    short = long.assign_coords(time=long["time"] + np.timedelta64(6, "h")).assign_attrs(
        cycle=IssueTime.parse("2026-10-08T18").start.isoformat(), last_step_h=144
    )
    joined = with_long(short, long, identify(short, None), identify(long, None))
    assert joined["time"].values.tolist() == short["time"].values.tolist()
    assert joined.identical(short)
