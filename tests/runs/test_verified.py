"""What a look at the portal says, and that it is read as it was written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.report.calls import Published, differing
from ibf_pipeline.runs.verified import FILE, Verified, keep_verified, kept_verified
from tests.worlds.runs import flood_run

AT = datetime(2026, 2, 15, 15, 4, 9, tzinfo=UTC)
ROWS = tuple(f"event G{number}: trigger expected, not shown" for number in range(1, 5))


def test_what_it_says_at_once_and_in_full() -> None:
    agrees = Verified("agrees", AT)
    assert (agrees.in_short, agrees.words) == (
        "checked on the portal at 15:04 UTC", "checked on the portal at 2026-02-15 15:04 UTC"
    )  # fmt: skip
    one, four = Verified("differs", AT, ROWS[:1]), Verified("differs", AT, ROWS)
    assert one.in_short == f"the portal differs: {ROWS[0]}"
    assert four.in_short == f"the portal differs: {ROWS[0]}, {ROWS[1]} and 2 more differences"
    assert four.words == "the portal differs from what was published, 4 differences at 2026-02-15 15:04 UTC"
    unread = Verified("unread", AT, why="GET event: no connection")
    assert unread.in_short == unread.words == "could not be checked on the portal: GET event: no connection"


def test_it_is_kept_with_the_revision_and_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    revision = flood_run(tmp_path, "XTY", AT.date()).place_of_revision("portal", 1)
    assert kept_verified(revision) is None
    seen = Verified("differs", AT, ROWS, ("rasters",))
    keep_verified(seen, revision)
    assert kept_verified(revision) == Verified("differs", AT.replace(microsecond=0), ROWS, ("rasters",))
    content = json.loads((revision.folder / FILE).read_text())
    for text, says in ((json.dumps(content | {"format": 2}), "is of format 2"), ("{", "cannot be read")):
        revision.keep_note(FILE, text)
        with pytest.raises(InputInvalid, match=says):
            kept_verified(revision)


def test_one_of_an_earlier_version_is_read_from_its_file(tmp_path: Path) -> None:
    revision = flood_run(tmp_path, "XTY", AT.date()).place_of_revision("portal", 1)
    revision.folder.mkdir(parents=True)
    (revision.folder / FILE).write_text('{"verdict": "agrees", "at": "2026-02-15T15:04:09+00:00", "format": 1}')
    assert kept_verified(revision) == Verified("agrees", AT)


def test_the_report_begins_with_what_the_newest_revision_on_a_target_shows_otherwise() -> None:
    def revision(number: int, target: str, *rows: str) -> Published:
        seen = Verified("differs" if rows else "agrees", AT, rows)
        return Published(
            target, "", number, "", "", True, "", True, (), seen=seen.words, differences=seen.differences
        )  # fmt: skip

    earlier, mended, other = revision(1, "portal", *ROWS), revision(2, "portal"), revision(1, "other", ROWS[0])
    assert differing([earlier, mended, other]) == [
        f"Target other: the portal differs from what was published, one difference at 2026-02-15 15:04 UTC: {ROWS[0]}."
    ]
    assert differing([earlier, mended]) == []
