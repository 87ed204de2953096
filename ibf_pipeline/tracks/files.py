"""Track files to what their messages say; as a program, for `reader.read_tracks_isolated`."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.tracks.bufr_messages import read_bufr_messages
from ibf_pipeline.tracks.decoder import decode
from ibf_pipeline.tracks.plausibility import require_plausible
from ibf_pipeline.tracks.storm_message import StormMessage


def decode_files(files: Sequence[Path]) -> list[StormMessage]:
    """The messages of all files; InputInvalid if a file is empty, damaged or of something else."""
    storms = []
    for file in files:
        with errors_as(
            InputInvalid,
            "the file cannot be read: {}",
            where=file,
            expected="a whole BUFR file of cyclone tracks",
            remedy="it is damaged or was cut off: delete it and fetch it again",
        ):
            of_file = [decode(content, file) for content in read_bufr_messages(file)]
        for storm in of_file:
            require_plausible(storm)
        storms += of_file
    return storms


def _main() -> None:
    """Files by a pipe, their messages or what is wrong with them by another. No xarray: it starts in a third."""
    found: list[StormMessage] | InputInvalid
    try:
        found = decode_files(pickle.load(sys.stdin.buffer))  # noqa: S301  our own process wrote it
    except InputInvalid as error:
        found = error
    sys.stdout.buffer.write(pickle.dumps(found))


if __name__ == "__main__":
    _main()
