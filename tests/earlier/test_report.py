"""The report of a kept folder is written again: the folder holds all that it needs."""

from __future__ import annotations

import csv
import json

import pytest

from tests.earlier import doors
from tests.earlier.conftest import Left
from tests.earlier.world import ISO3, ISSUE, NEXT


@pytest.mark.parametrize(
    ("state", "issue_date", "events", "says"),
    [
        ("finished", ISSUE, [("G1", "20"), ("G2", "0")], ["all 40 calls made"]),
        ("no-alert", ISSUE, [], ["no alert"]),
        ("doubtful", ISSUE, [("G1", "20"), ("G3", "0")], ["no usable forecast", "no areas are mapped to the station"]),
        ("half-published", ISSUE, [("G1", "20"), ("G2", "0")], ["16 of 40 calls made; 24 not made"]),
        ("unanswered", ISSUE, [("G1", "20")], ["26 of 27 calls made; 1 of unknown outcome"]),
        ("withdrawn-in-part", ISSUE, [("G1", "20")], ["withdrawn"]),
        ("two-revisions", ISSUE, [("G1", "100"), ("G2", "0")], ["all 50 calls made"]),
        ("given-up", ISSUE, [("G1", "20")], ["then given up"]),
        ("next-day", NEXT, [("G2", "10")], ["trigger without mail", "alert ended"]),
    ],
)
def test_it_is_written_again(
    left: Left,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    issue_date: object,
    events: list[tuple[str, str]],
    says: list[str],
) -> None:
    """G2's area has five of the ten cells that the 10-year map wets in G1's, so half the people."""
    doors.draw_nothing(monkeypatch)
    project, _ = left(state)
    said = project.command("report", f"{ISO3}/{issue_date}")
    assert said.code == 0, said.text
    folder = project.runs / ISO3 / str(issue_date) / "report"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert [name for name, _ in events if name not in page] == []
    assert [words for words in says if words not in page] == []
    data = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert [(part["event"]["name"], str(part["event"]["people"])) for part in data["events"]] == events
    with (folder / "events.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["event"] for row in rows] == [name for name, _ in events]


def test_its_pictures_are_drawn_from_the_folder(left: Left) -> None:
    """Among them how the forecast built up over the two days."""
    project, _ = left("next-day")
    said = project.command("report", f"{ISO3}/{NEXT}")
    assert said.code == 0, said.text
    pictures = {file.name: file.read_bytes() for file in (project.run_folder(NEXT).path / "report").glob("*.[ps][nv]g")}
    assert len(pictures) == 4, "the country's map; hydrograph, map and build-up of G2"
    assert all(len(content) > 1000 for content in pictures.values())


def test_that_of_an_exercise_says_so(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    doors.draw_nothing(monkeypatch)
    project, _ = left("exercise")
    said = project.command("report", f"exercises/{ISO3}/{ISSUE}")
    assert said.code == 0, said.text
    page = project.runs / "exercises" / ISO3 / ISSUE.isoformat() / "report" / "report.html"
    assert "EXERCISE G1" in page.read_text(encoding="utf-8")
