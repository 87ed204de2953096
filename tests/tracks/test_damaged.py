"""Damaged and foreign files are refused with file and remedy, and never take the caller with them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.tracks import reader
from ibf_pipeline.tracks.reader import read_tracks, read_tracks_isolated
from tests.conftest import real_data

HEROLD = ("tracks", "herold_2020031912_eps.bufr")
FOUR = ("tracks", "four_storms_2023082200.bufr")


def written(folder: Path, content: bytes) -> Path:
    file = folder / "tracks.bufr"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "the file is empty"),
        (b"<html><body>Not found</body></html>", "this is not a BUFR file"),
        (b"GRIB\x00\x00\x00\x02" + bytes(200) + b"7777", "this is not a BUFR file"),
        (b"BUFR", "message 1 is cut off"),
        (b"BUFR\x00\x00\x20\x09" + bytes(20) + b"7777", "BUFR edition 9"),
    ],
)
def test_what_is_no_track_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    with pytest.raises(InputInvalid, match=found) as error:
        read_tracks([written(tmp_path, content)])
    assert error.value.where.endswith("tracks.bufr")
    assert "fetch it again" in error.value.remedy


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=r"there is no such file"):
        read_tracks([tmp_path / "none.bufr"])
    with pytest.raises(InputInvalid, match=r"no file to read"):
        read_tracks_isolated([])


def test_bufr_of_something_else_is_refused(tmp_path: Path) -> None:
    import eccodes

    handle = eccodes.codes_bufr_new_from_samples("BUFR4")
    content = eccodes.codes_get_message(handle)
    eccodes.codes_release(handle)
    with pytest.raises(InputInvalid, match=r"message 1 is BUFR of something else.*3-16-082"):
        read_tracks([written(tmp_path, content)])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    content = real_data(*FOUR).read_bytes()
    with pytest.raises(InputInvalid, match=r"cut off|something else than BUFR"):
        read_tracks([written(tmp_path, content[: int(share * len(content))])])


def test_what_lies_between_messages_is_not_passed_over(tmp_path: Path) -> None:
    content = bytearray(real_data(*FOUR).read_bytes())
    content[content.index(b"BUFR", 8)] ^= 1
    with pytest.raises(InputInvalid, match=r"something else than BUFR after message 1"):
        read_tracks([written(tmp_path, bytes(content))])


def test_the_order_of_messages_makes_no_difference(tmp_path: Path) -> None:
    content = real_data(*FOUR).read_bytes()
    messages = [b"BUFR" + each for each in content.split(b"BUFR")[1:]]
    assert len(messages) == 4
    swapped = read_tracks([written(tmp_path, b"".join(reversed(messages)))])
    xr.testing.assert_identical(swapped, read_tracks([real_data(*FOUR)]))


def test_a_message_that_is_there_twice_is_one_storm(tmp_path: Path) -> None:
    content = real_data(*HEROLD).read_bytes()
    xr.testing.assert_identical(read_tracks([written(tmp_path, content * 2)]), read_tracks([real_data(*HEROLD)]))


def test_numbers_that_no_storm_has_are_refused(tmp_path: Path) -> None:
    """Bits of packed values are flipped one after the other: whatever is read stays what a storm can be."""
    content = real_data(*HEROLD).read_bytes()
    refused = 0
    for place in range(400, len(content) - 8, 1200):
        damaged = bytearray(content)
        damaged[place] ^= 0x80
        try:
            read = read_tracks([written(tmp_path, bytes(damaged))])
        except InputInvalid:
            refused += 1
        else:
            assert np.nanmax(np.abs(read["lat"])) <= 75
            assert float(read["pressure"].min()) >= 840
    assert refused


def test_a_process_that_aborts_is_an_error_with_file_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_PROGRAM", "tests.tracks.aborting")
    with pytest.raises(InputInvalid, match=r"reading ended the process \(-6\)") as error:
        read_tracks_isolated([real_data(*HEROLD)])
    assert error.value.where == str(real_data(*HEROLD))
    assert "delete it and fetch it again" in error.value.remedy


def test_a_process_that_does_not_end_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.bufr")
    with pytest.raises(InputInvalid, match=r"did not end within 0.01 s"):
        read_tracks_isolated([tmp_path / "never.bufr"], seconds=0.01)


def test_an_error_of_that_process_is_the_callers(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=r"the file is empty.*fetch it again"):
        read_tracks_isolated([written(tmp_path, b"")])
