"""What a look at the portal says, and that it is read as it was written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.report.calls import PublishedRevision, difference_cautions
from ibf_pipeline.runs.verification import VERIFICATION_FILE, Verification, keep_verification, read_verification
from tests.worlds.runs import flood_run

AT = datetime(2026, 2, 15, 15, 4, 9, tzinfo=UTC)
ROWS = tuple(f"event G{number}: trigger expected, not shown" for number in range(1, 5))


def test_what_it_says_at_once_and_in_full() -> None:
    agrees = Verification("agrees", AT)
    assert (agrees.in_short, agrees.words) == (
        "checked on the portal at 15:04 UTC", "checked on the portal at 2026-02-15 15:04 UTC"
    )  # fmt: skip
    one, four = Verification("differs", AT, ROWS[:1]), Verification("differs", AT, ROWS)
    assert one.in_short == f"the portal differs: {ROWS[0]}"
    assert four.in_short == f"the portal differs: {ROWS[0]}, {ROWS[1]} and 2 more differences"
    assert four.words == "the portal differs from what was published, 4 differences at 2026-02-15 15:04 UTC"
    unread = Verification("unread", AT, why="GET event: no connection")
    assert unread.in_short == unread.words == "could not be checked on the portal: GET event: no connection"


def test_it_is_kept_with_the_revision_and_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    revision = flood_run(tmp_path, "XTY", AT.date()).revision_folder("portal", 1)
    assert read_verification(revision) is None
    seen = Verification("differs", AT, ROWS, ("rasters",))
    keep_verification(seen, revision)
    assert read_verification(revision) == Verification("differs", AT.replace(microsecond=0), ROWS, ("rasters",))
    content = json.loads((revision.folder / VERIFICATION_FILE).read_text())
    for text, says in ((json.dumps(content | {"format": 2}), "is of format 2"), ("{", "cannot be read")):
        revision.keep_note(VERIFICATION_FILE, text)
        with pytest.raises(InputInvalid, match=says):
            read_verification(revision)


def test_one_of_an_earlier_version_is_read_from_its_file(tmp_path: Path) -> None:
    revision = flood_run(tmp_path, "XTY", AT.date()).revision_folder("portal", 1)
    revision.folder.mkdir(parents=True)
    (revision.folder / VERIFICATION_FILE).write_text(
        '{"verdict": "agrees", "at": "2026-02-15T15:04:09+00:00", "format": 1}'
    )
    assert read_verification(revision) == Verification("agrees", AT)


def test_the_report_begins_with_what_the_newest_revision_on_a_target_shows_otherwise() -> None:
    def revision(number: int, target: str, *rows: str) -> PublishedRevision:
        seen = Verification("differs" if rows else "agrees", AT, rows)
        return PublishedRevision(
            target, "", number, "", "", True, "", True, (), seen=seen.words, differences=seen.differences
        )  # fmt: skip

    earlier, fixed, other = revision(1, "portal", *ROWS), revision(2, "portal"), revision(1, "other", ROWS[0])
    assert difference_cautions([earlier, fixed, other]) == [
        f"Target other: the portal differs from what was published, one difference at 2026-02-15 15:04 UTC: {ROWS[0]}."
    ]
    assert difference_cautions([earlier, fixed]) == []
