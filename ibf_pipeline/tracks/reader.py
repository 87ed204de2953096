"""BUFR files of one cycle's cyclone tracks to one labelled dataset, `domain/tracks.py`."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import xarray as xr

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.tracks.dataset import merge_messages
from ibf_pipeline.tracks.storm_message import StormMessage

_SECONDS: Final = 120.0
"""a cycle of ten storms takes three"""
_PROGRAM: Final = "ibf_pipeline.tracks.files"
_ROOT: Final = Path(__file__).parents[2]


def read_tracks(files: Sequence[Path], cycle: datetime | None = None, *, perturbed: int = 50) -> xr.Dataset:
    """The storms of one cycle, read in this process, for tests and benchmarks; runs use `read_tracks_isolated`.

    ecCodes may abort the process on a damaged message.

    Parameters
    ----------
    files
        The ensemble's file and that of the single run, or one with both.
    cycle
        The one that is expected, UTC.
    perturbed
        Perturbed members of the whole cycle.

    Returns
    -------
    xarray.Dataset
        As `domain/tracks.py` describes; longitudes are -180..180.

    Raises
    ------
    InputInvalid
        If a file is empty, damaged, of something else or of another cycle, or if files contradict each other.
    """
    from ibf_pipeline.tracks.files import decode_files  # loads ecCodes: only where a file is read here

    _require_some(files)
    return _of_cycle(decode_files(files), cycle, perturbed)


def read_tracks_isolated(
    files: Sequence[Path], cycle: datetime | None = None, *, perturbed: int = 50, seconds: float = _SECONDS
) -> xr.Dataset:
    """The same, ecCodes in its own process; InputInvalid also if that aborts or takes longer than `seconds`."""
    _require_some(files)
    try:
        done = subprocess.run(
            [sys.executable, "-m", _PROGRAM],
            input=pickle.dumps([file.absolute() for file in files]),
            capture_output=True,
            cwd=_ROOT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _unreadable(files, f"reading did not end within {seconds:g} s") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise _unreadable(files, f"reading ended the process ({done.returncode}): {' '.join(said[-1:])}")
    found: list[StormMessage] | InputInvalid = pickle.loads(done.stdout)  # noqa: S301  our own process wrote it
    if isinstance(found, InputInvalid):
        raise found
    return _of_cycle(found, cycle, perturbed)


def _require_some(files: Sequence[Path]) -> None:
    if not files:
        raise InputInvalid("no file to read", where="tracks", expected="BUFR files", remedy="fetch the cycle")


def _of_cycle(storms: Sequence[StormMessage], cycle: datetime | None, perturbed: int) -> xr.Dataset:
    for storm in storms:
        if cycle is not None and storm.cycle != cycle.astimezone(UTC):
            raise InputInvalid(
                f"the cycle of {storm.cycle:%Y-%m-%d %H} UTC",
                where=storm.file,
                expected=f"the cycle of {cycle.astimezone(UTC):%Y-%m-%d %H} UTC",
                remedy="fetch that one, and remove this file",
            )
    return merge_messages(storms, perturbed)


def _unreadable(files: Sequence[Path], found: str) -> InputInvalid:
    return InputInvalid(
        found,
        where=", ".join(str(file) for file in files),
        expected="whole BUFR files of cyclone tracks",
        remedy="one of them is damaged or was cut off: delete it and fetch it again",
    )
