"""A kept day is run again, with the same forecast or with another one."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.earlier import doors
from tests.earlier.conftest import Left
from tests.earlier.world import FILES, ISO3, ISSUE, Portal, Project, planned

NOTHING_NEW = "nothing to publish: portal has this very content"
BOTH = {"G1": "trigger", "G2": "warning-medium"}


def untouched(project: Project, portal: Portal, before: Counter[tuple[str, str]], revisions: int) -> bool:
    """Whether no call was made and no revision allotted."""
    return portal.made == before and len(project.revisions()) == revisions


@pytest.mark.parametrize(
    ("state", "revisions", "message", "told"),
    [
        ("finished", 1, "1 trigger, 1 warning", ()),
        ("no-alert", 1, "no alert", ()),
        ("two-revisions", 2, "1 trigger, 1 warning", ()),
        (
            "doubtful", 1,
            "2 triggers; alert could not be published: G3 (no areas in the mapping); no usable forecast at G2 (blind)",
            (("alert could not be published", "G3"),),
        ),
    ],
)  # fmt: skip
def test_the_same_forecast_is_nothing_to_do(
    left: Left, state: str, revisions: int, message: str, told: tuple[tuple[str, str], ...]
) -> None:
    """Earlier versions told of an alert without areas by the end of a run, and kept no notice of it."""
    project, portal = left(state)
    before, mails = Counter(portal.made), list(portal.mails)
    ran = project.run()
    assert (ran.code, ran.message, ran.told) == (0, f"{message}; {NOTHING_NEW}", told)
    assert untouched(project, portal, before, revisions)
    assert portal.mails == mails


@pytest.mark.parametrize(
    ("state", "mails", "events"),
    [
        ("finished", [("G1", "G2")], BOTH),
        ("no-alert", [], {}),
        ("doubtful", [("G1",)], {"G1": "trigger"}),
        ("held", [], {"G1": "trigger"}),
        ("withdrawn-in-part", [("G1", "G2")], {"G1": "trigger"}),
        ("withdrawn", [("G1", "G2")], {}),
        ("two-revisions", [("G1", "G2"), ("G1", "G2")], BOTH),
        ("given-up", [], {"G1": "trigger"}),
        ("next-day", [("G1", "G2")], {"G2": "trigger"}),
        ("exercise", [("EXERCISE G1",)], {"EXERCISE G1": "trigger"}),
    ],
)
def test_the_kept_plans_make_the_portal_what_it_was(
    left: Left, state: str, mails: list[tuple[str, ...]], events: dict[str, str]
) -> None:
    _, portal = left(state)
    assert (portal.mails, portal.events) == (mails, events)


@pytest.mark.parametrize(
    ("state", "number", "message"),
    [
        ("finished", 2, "1 trigger; alert ended: G2"),
        ("no-alert", 2, "1 trigger"),
        ("two-revisions", 3, "1 trigger; alert ended: G2"),
        ("given-up", 3, "1 trigger"),
    ],
)
def test_another_forecast_is_the_next_revision(left: Left, state: str, number: int, message: str) -> None:
    project, portal = left(state)
    before, mails = Counter(portal.made), len(portal.mails)
    project.forecast("G1=-TTT----@20")
    ran = project.run()
    assert (ran.code, ran.message) == (0, message)
    revision = project.revisions()[-1]
    assert (revision.number, project.ledger().latest_finished) == (number, number)
    assert revision.about().date == f"2026-02-15T00:00:0{number}Z"
    assert portal.made - before == planned(revision)
    assert (portal.events, portal.mails[mails:]) == ({"G1": "trigger"}, [("G1",)])


def test_what_was_given_up_is_published_by_a_new_revision(left: Left) -> None:
    """The same content: nothing of it was finished, and nobody was notified."""
    project, portal = left("given-up")
    ran = project.run()
    assert (ran.code, ran.message, portal.mails) == (0, "1 trigger", [("G1",)])
    assert (project.ledger().finished, project.ledger().closed) == ([3], [1, 2])


@pytest.mark.parametrize(("state", "names"), [("withdrawn-in-part", "G2"), ("withdrawn", "G1, G2")])
def test_what_was_withdrawn_does_not_come_back_unasked(left: Left, state: str, names: str) -> None:
    project, portal = left(state)
    before = Counter(portal.made)
    ran = project.run()
    assert (ran.code, f"{names} was withdrawn by revision 2" in ran.message) == (1, True)
    assert untouched(project, portal, before, 2)


@pytest.mark.parametrize("state", ["withdrawn-in-part", "withdrawn"])
def test_what_was_withdrawn_comes_back_if_a_person_wants_it(left: Left, state: str) -> None:
    project, portal = left(state)
    ran = project.run(publish_withdrawn=True)
    assert (ran.code, portal.events, project.ledger().finished) == (0, BOTH, [1, 2, 3])


def test_a_lost_mail_is_not_sent_by_another_forecast_unasked(left: Left) -> None:
    project, portal = left("unconfirmed", further=1)
    project.forecast("G1=-TTT----@20")
    ran = project.run()
    assert (ran.code, len(project.revisions()), portal.mails) == (4, 1, [("G1",)])


def test_an_exercise_again_is_nothing_to_do(left: Left) -> None:
    project, portal = left("exercise")
    before = Counter(portal.made)
    ran = doors.run_exercise(project.config, ISO3, "G1=--TTT---", ISSUE, "portal", notify=True)
    assert (ran.code, ran.message, portal.made) == (0, f"EXERCISE: 1 trigger; {NOTHING_NEW}", before)
    apart = doors.flood_run(project.runs / "exercises", ISO3, ISSUE)
    assert len(apart.revisions("portal")) == 1
    assert (apart.findings().exercise, [event.name for event in apart.findings().events]) == (True, ["EXERCISE G1"])


def test_a_folder_of_files_again_is_nothing_to_do(left: Left) -> None:
    project, _ = left("files")
    ran = project.run(target=FILES)
    assert (ran.code, len(project.revisions(target=FILES))) == (0, 1)


def test_a_folder_of_files_is_written_anew_with_another_forecast(left: Left) -> None:
    project, portal = left("files")
    before = Counter(portal.made)
    project.forecast("G1=-TTT----@20")
    ran = project.run(target=FILES)
    assert (ran.code, len(project.revisions(target=FILES))) == (0, 2)
    day = project.root / FILES / ISO3 / ISSUE.isoformat()
    events = (day / "events.csv").read_text(encoding="utf-8-sig")
    assert ("G1" in events, "G2" in events, portal.made) == (True, False, before)


def test_the_portal_agrees_with_a_kept_day(left: Left) -> None:
    project, _ = left("finished")
    kept = project.command("compare", ISO3, "--target", "portal", "--kept")
    assert (kept.code, kept.text.splitlines()) == (
        0, ["2026-02-15: 2 agrees", "1 days compared, 1 without a difference"],
    )  # fmt: skip
    said = project.command("compare", ISO3, "--target", "portal")
    assert (said.code, said.text.splitlines()[0]) == (0, "2026-02-15: 2 of 2 events agree with portal")


def test_the_portal_differs_from_a_day_of_which_an_alert_was_taken_back(left: Left) -> None:
    project, _ = left("withdrawn-in-part")
    said = project.command("compare", ISO3, "--target", "portal")
    assert (said.code, said.text.splitlines()[0]) == (1, "2026-02-15: 1 of 2 events agree with portal")
