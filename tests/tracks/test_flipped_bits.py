"""Bits of real track files flipped at random: refused or credible, and never the end of the caller."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.tracks.reader import read_tracks_isolated
from tests.conftest import real_data


@pytest.mark.story
@pytest.mark.parametrize("name", ["herold_2020031912_det.bufr", "herold_2020031912_eps.bufr"])
def test_a_flipped_bit_is_refused_or_leaves_what_a_storm_can_be(tmp_path: Path, name: str) -> None:
    content, chance = real_data("tracks", name).read_bytes(), random.Random(22)
    refused = 0
    for number in range(20):
        damaged = bytearray(content)
        damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        file = tmp_path / f"{number}.bufr"
        file.write_bytes(damaged)
        try:
            tracks = read_tracks_isolated([file])
        except InputInvalid:
            refused += 1
            continue
        assert tracks["member"].values.tolist() in (list(range(1, 53)), [*range(1, 51), 52])
        assert np.nanmax(np.abs(tracks["lat"])) <= 75
        assert 840 <= np.nanmin(tracks["pressure"]) <= np.nanmax(tracks["pressure"]) <= 1050
        assert np.nanmax(tracks["wind"]) <= 120
    assert refused >= 5
