"""What a cycle of typhoon keeps beside its events."""

import pytest
import xarray as xr

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.typhoon import read_tracks_kept, write_tracks_kept
from tests.worlds.typhoon_pages import fixes, tracks


def test_tracks_come_back_as_they_were_written(tmp_path):
    written = tracks(
        {"21W": ("CHANTHU", {1: fixes((17.1, 124.1), (18, 123)), 52: fixes((17.1, 124.1))}), "70W": ("قنديل", {2: ()})}
    )
    write_tracks_kept(tmp_path, written)
    read = read_tracks_kept(tmp_path)
    xr.testing.assert_identical(read, written)
    assert {name: values.dtype for name, values in read.variables.items()} == {
        name: values.dtype for name, values in written.variables.items()
    }


def test_a_cycle_without_any_storm_is_kept_too(tmp_path):
    written = tracks({})
    write_tracks_kept(tmp_path, written)
    read = read_tracks_kept(tmp_path)
    assert dict(read.sizes) == dict(written.sizes)
    assert read.sizes["storm"] == 0
    assert read.attrs == written.attrs


def test_damaged_and_lacking_tracks_are_said_with_their_file(tmp_path):
    with pytest.raises(InputInvalid, match=r"tracks\.nc"):
        read_tracks_kept(tmp_path)
    (tmp_path / "tracks.nc").write_bytes(b"CDF no more")
    with pytest.raises(InputInvalid, match="the kept tracks cannot be read"):
        read_tracks_kept(tmp_path)
