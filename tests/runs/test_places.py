"""Where runs lie: those of earlier versions stay where they are, and are gone on with there."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.runs.findings import read_findings_json, write_findings_json
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.run_index import runs_of
from tests.worlds.countries.flood_findings import event, found
from tests.worlds.runs import flood_run
from tests.worlds.tides.country import PIERS
from tests.worlds.tides.hazard import TideFindings
from tests.worlds.tides.known import tides_known
from tests.worlds.tides.leg import CODES

DAY = date(2026, 2, 15)


def test_a_run_of_an_earlier_version_stays_where_it_is(tmp_path: Path) -> None:
    assert flood_run(tmp_path, "XTY", DAY).path == tmp_path / "XTY/floods/2026-02-15"
    (tmp_path / "XTY/2026-02-15").mkdir(parents=True)
    assert flood_run(tmp_path, "XTY", DAY).path == tmp_path / "XTY/2026-02-15"
    (tmp_path / "XTY/floods/2026-02-15").mkdir(parents=True)
    assert flood_run(tmp_path, "XTY", DAY).path == tmp_path / "XTY/2026-02-15", "nothing whole is in the other place"
    (tmp_path / "XTY/floods/2026-02-15/manifest.json").write_text("{}")
    assert flood_run(tmp_path, "XTY", DAY).path == tmp_path / "XTY/floods/2026-02-15"
    with tides_known():
        other = RunFolder(tmp_path, RunId("XTY", "tides", IssueTime(DAY, 6)))
        assert other.path == tmp_path / "XTY/tides/2026-02-15T06"


def test_the_days_of_both_places_are_one_history(tmp_path: Path) -> None:
    for place in (
        "2026-02-13",
        "2026-02-15",
        "floods/2026-02-14",
        "floods/2026-02-15",
        "tides/2026-02-14T06",
        "2026-02-30",
    ):
        (tmp_path / "XTY" / place).mkdir(parents=True)
    assert [str(run.issue_time) for run in runs_of(tmp_path, "XTY", "floods")] == [
        "2026-02-13", "2026-02-14", "2026-02-15",
    ]  # fmt: skip


def test_findings_of_the_format_before_are_read_as_floods(tmp_path: Path) -> None:
    day, file = found([event("G1", "---wTT--", "max", {"A": 10, "A1": 10})], [], DAY), tmp_path / "events.json"
    write_findings_json(day, file)
    content = json.loads(file.read_text())
    assert (content["hazard"], content["issue_time"], content["format"]) == ("floods", "2026-02-15", 2)
    assert read_findings_json(file) == day
    earlier = {key: value for key, value in content.items() if key not in ("hazard", "issue_time", "lead_times")}
    earlier |= {"format": 1, "disaster_type": "floods", "issue_date": "2026-02-15"}
    for one in earlier["events"]:
        for area in one["areas"]:
            del area["alerted"]
    file.write_text(json.dumps(earlier))
    assert read_findings_json(file) == day


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 3}, "events.json of format 3"),
        ({"hazard": "tides"}, "events.json: the hazard 'tides' is not known"),
        ({"events": 1}, "cannot be read"),
    ],
)
def test_findings_that_cannot_be_read(tmp_path: Path, change: dict[str, object], words: str) -> None:
    file = tmp_path / "events.json"
    write_findings_json(found([], [], DAY), file)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputInvalid, match=words):
        read_findings_json(file)


def test_findings_of_another_hazard_are_of_its_own_kind(tmp_path: Path) -> None:
    with tides_known():
        run = RunFolder(tmp_path, RunId("XTI", "tides", IssueTime(DAY, 6)))
        run.path.mkdir(parents=True)
        tide = TideFindings(
            country="XTI", country_name="Tideland", issue_time=IssueTime(DAY, 6), admin_levels=tuple(CODES),
            default_admin_level=1, indicators=("homes_flooded",), source="by hand", events=(), gauge=next(iter(PIERS)),
        )  # fmt: skip
        write_findings_json(tide, run.path / "events.json")
        (run.path / "manifest.json").write_text("{}")
        assert run.findings() == tide
        with pytest.raises(InputInvalid, match="this is a run of tides"):
            run.findings_of(FloodFindings)
        shutil.rmtree(run.path)


@pytest.mark.parametrize("change", [{"issue_time": "2026-02-16"}, {"country": "XTZ"}])
def test_findings_of_another_run_are_not_taken_for_those_of_the_folder(tmp_path: Path, change: dict[str, str]) -> None:
    run = finished(tmp_path)
    assert run.findings().country == "XTS"
    file = run.path / "events.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputInvalid, match=r"these are the findings of .*Expected: those of XTS/floods/2026-02-15"):
        run.findings()


@pytest.mark.parametrize("damaged", ["{", "", "[]"])
def test_a_damaged_manifest_is_one_line(tmp_path: Path, damaged: str) -> None:
    run = finished(tmp_path)
    assert run.manifest() == {"headline": "quiet"}
    (run.path / "manifest.json").write_text(damaged)
    with pytest.raises(
        InputInvalid, match=r"manifest.json: what a run was made from cannot be read.*run the day again"
    ):
        run.manifest()


def finished(runs: Path) -> RunFolder:
    run = flood_run(runs, "XTS", DAY)
    run.path.mkdir(parents=True)
    write_findings_json(found([], [], DAY), run.path / "events.json")
    (run.path / "manifest.json").write_text('{"headline": "quiet"}')
    return run
