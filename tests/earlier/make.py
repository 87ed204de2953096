"""Writes the kept folders, each by the product itself: `python -m tests.earlier.make <fixtures> [<workplace>]`.

Only for a state that is not kept yet: what is there is never written again, or it would prove nothing any more.
The workplace (by default /ibf) is empty before and gone afterwards; its name stands in the manifests.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from shapely import box

from tests.earlier import doors
from tests.earlier.world import EMAIL, FILES, ISO3, ISSUE, NEXT, NOON, PORTAL, Portal, Project, opened, write_static
from tests.worlds.services.faulty_proxy import FaultyProxy

TWO = "G1=--TTT--- G2=----ww--:med"
"""a trigger at 2-day with 20 people, and a warning at 4-day"""
ONE = "G1=--TTT---"
"""the trigger alone"""
MORE = "G1=--TTT---@20 G2=----ww--:med"
"""the same with 100 people"""
Story = Callable[[Project, Portal], None]
DAY = f"{ISO3}/{ISSUE}"


def well(done: doors.Ran | doors.Said) -> None:
    """It must have gone as meant."""
    if done.code:
        raise AssertionError(done)


def finished(project: Project, portal: Portal) -> None:
    """A day with its mail, compared with the portal afterwards, planned and run once more: nothing was to do."""
    project.forecast(TWO)
    well(project.run())
    well(project.command("compare", ISO3, "--target", PORTAL))
    well(project.run())


def no_alert(project: Project, portal: Portal) -> None:
    """A day without any event."""
    project.forecast("")
    well(project.run())


def doubtful(project: Project, portal: Portal) -> None:
    """A trigger, a blind station, and a trigger at the station that no area belongs to."""
    project.forecast("G1=--TTT--- G3=---TT---", missing=("G2",))
    well(project.run())


def held(project: Project, portal: Portal) -> None:
    """Everything is on the portal, and the notification waits for a person."""
    project.forecast(ONE)
    well(project.run(hold=True))


def half_published(project: Project, portal: Portal) -> None:
    """The machine died when the 17th call was carried out, while its entry was being written."""
    project.forecast(TWO)
    with doors.dying(lambda call: call.number == 17):
        project.run()
    with (project.revisions()[0].folder / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"call": 17, "state": "done", "at": "2026-02-1')


def unconfirmed(project: Project, portal: Portal) -> None:
    """The process was killed between sending the notification and its answer."""
    project.forecast(ONE)
    with doors.dying(lambda call: call.kind == "end"):
        project.run()


def unanswered(project: Project, portal: Portal) -> None:
    """A held notification was approved, and the connection broke before the server's answer."""
    project.forecast(ONE)
    well(project.run(hold=True))
    with FaultyProxy(portal.url) as proxy:
        project.configure(proxy.url)
        proxy.spoil("reset after", 1)
        if project.command("resume", DAY, "--approve").code != 4:
            raise AssertionError("it was answered")


def withdrawn_in_part(project: Project, portal: Portal) -> None:
    """A person took the warning back."""
    project.forecast(TWO)
    well(project.run())
    well(project.command("withdraw", DAY, "--event", "G2"))


def withdrawn(project: Project, portal: Portal) -> None:
    """A person took everything back."""
    project.forecast(TWO)
    well(project.run())
    well(project.command("withdraw", DAY, "--all"))


def two_revisions(project: Project, portal: Portal) -> None:
    """The forecast came again with more people: the day was wiped on the portal and published anew."""
    project.forecast(TWO)
    well(project.run())
    project.forecast(MORE)
    well(project.run())


def given_up(project: Project, portal: Portal) -> None:
    """The first revision was held and aborted; the second one died before its first call and was aborted too."""
    project.forecast(ONE)
    well(project.run(hold=True))
    well(project.command("resume", DAY, "--abort"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ibf_pipeline.publish.journal.Journal.begin", _die)
        with suppress(doors.Died):
            project.run()
    well(project.command("resume", DAY, "--abort"))


def _die(*_: object) -> None:
    raise doors.Died


def next_day(project: Project, portal: Portal) -> None:
    """Two days: on the second one the trigger has ended and the warning has become a trigger of that very day."""
    project.forecast(TWO)
    well(project.run())
    project.forecast("G2=TT------", NEXT)
    well(project.run(NEXT))


def exercise(project: Project, portal: Portal) -> None:
    """An exercise with its notification."""
    well(doors.run_exercise(project.config, ISO3, ONE, ISSUE, PORTAL, notify=True))


def files(project: Project, portal: Portal) -> None:
    """The day in a folder of files, beside the portal."""
    project.forecast(TWO)
    well(project.run())
    well(project.run(target=FILES))


STORIES: dict[str, Story] = {
    "finished": finished,
    "no-alert": no_alert,
    "doubtful": doubtful,
    "held": held,
    "half-published": half_published,
    "unconfirmed": unconfirmed,
    "unanswered": unanswered,
    "withdrawn-in-part": withdrawn_in_part,
    "withdrawn": withdrawn,
    "two-revisions": two_revisions,
    "given-up": given_up,
    "next-day": next_day,
    "exercise": exercise,
    "files": files,
}


def keep(root: Path, folder: Path) -> None:
    """What the product left, without what it writes again: reports, and the raw forecast of an exercise."""
    again = shutil.ignore_patterns("report", "forecasts")
    for name in ("runs", FILES):
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=again)


def keep_observation(folder: Path) -> None:
    """What a satellite saw of G1, as it lies in the day's run folder."""
    verdict = doors.Verdict("hit", "5 km2 of flooded land in the event's areas")
    areas = (doors.ObservedArea(1, "01", "Area 01", 120.0, 110.0, 5.0, 12, 20),)
    moment = datetime(2026, 2, 17, 4, 30, tzinfo=UTC)
    look = doors.Look(
        "open water", ISSUE, NEXT + timedelta(days=2), (moment,), ("S1A_SCENE",), "VV below -17 dB", verdict, areas
    )
    observed = doors.EventObservation(ISO3, ISSUE, "G1", verdict, 1, areas, (look,))
    doors.write_observed_event(observed, doors.event_folder(folder / "runs" / ISO3 / ISSUE.isoformat(), "G1"))


def keep_sums(folder: Path) -> None:
    """The hash of every kept file, below the folder."""
    sums = folder / "SHA256SUMS"
    files = sorted(file for file in folder.glob("*/**/*") if file.is_file())
    lines = [f"{sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder).as_posix()}\n" for file in files]
    sums.write_text("".join(lines), encoding="utf-8")


def keep_databases(folder: Path) -> None:
    """The records, with a few entries in the inbox of the catalogues and in the order book of the Hook."""
    moment = datetime(2026, 2, 15, 6, tzinfo=UTC)
    folder.mkdir()
    inbox = doors.Inbox(doors.records_in(folder), lambda: NOON)
    ids = [f"0000000{number}-0000-4000-8000-000000000000" for number in (1, 2)]
    square = box(10.0, 0.9, 10.2, 1.0)
    product = doors.Product(ids[0], "S1A_SCENE", "IW_GRDH_1S", moment, moment, square, {"Id": ids[0]})
    inbox.store("cdse", "push", [doors.Notification("sub-1", ids[0], "created", NOON, product, "")])
    inbox.store("cdse", "pull", [doors.Notification("sub-1", ids[1], "created", NOON, None, "")])
    book = doors.OrderBook(doors.records_in(folder))
    first = book.ask("hook", doors.OrderRequest("card_bs", ("S1A_SCENE",), {"polarisation": "VV"}, "flood"), NOON)
    book.ask("hook", doors.OrderRequest("card_bs", ("S1B_SCENE",), {"token": "env:TOKEN"}, "flood"), NOON)
    claimed = book.claim("hook", doors.Quota(10, 10), doors.ExternalUsage(), NOON)
    if claimed is None or claimed.key != first.key:
        raise AssertionError("nothing was claimed")
    book.accepted(claimed, "order-1", NOON, NOON)
    doors.records_in(folder).close()
    for left in (*folder.glob("*-wal"), *folder.glob("*-shm"), *folder.glob("*.lock")):
        left.unlink()


def main(folder: Path, workplace: Path) -> None:
    """Every state that is not kept yet."""
    os.environ.update(IBF_EMAIL=EMAIL, IBF_PASSWORD=doors.SANDBOX_PASSWORD)
    static = workplace / "static"
    if not (folder / "static").is_dir():
        write_static(folder / "static" / ISO3)
    workplace.mkdir()
    try:
        shutil.copytree(folder / "static", static)
        for name, story in STORIES.items():
            if (folder / name).is_dir():
                continue
            with opened(workplace / name, static, workplace / "prepared", port=8510) as (project, portal):
                story(project, portal)
            keep(workplace / name, folder / name)
            shutil.rmtree(workplace / name)
        if not (folder / "prepared").is_dir():
            shutil.copytree(workplace / "prepared" / ISO3, folder / "prepared")
        if not (folder / "databases").is_dir():
            keep_databases(folder / "databases")
        if not (folder / "observed").is_dir():
            keep_observation(folder / "observed")
        keep_sums(folder)
    finally:
        shutil.rmtree(workplace)


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket, "gethostname", lambda: "pipeline.example.org")
        doors.set_clock(patched, NOON)
        main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "/ibf"))
