"""A project around a kept run folder: its configuration, the static data of Tinyland and a portal on loopback."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
import yaml

from tests.earlier import doors
from tests.worlds.countries import tiny_country

KEPT = Path(__file__).parents[1] / "fixtures" / "earlier"
ISO3 = "XTY"
PORTAL = "portal"
FILES = "shadow"
ISSUE = date(2026, 2, 15)
NEXT = date(2026, 2, 16)
NOON = datetime(2026, 2, 15, 12, tzinfo=UTC)
"""when the kept days were run; what was held then waits for twelve hours"""
EMAIL = "pipeline@sandbox.example"
COUNTRY: Mapping[str, Any] = {
    "target": PORTAL,
    "sources": ["folder", "kept"],
    "classes": {
        "rule": "return-period", "return_period": {"min": 1.5, "med": 2.0, "max": 5.0}, "probability": 0.6,
    },
    "trigger": {"return_period": 5.0, "probability": 0.6, "lead_time_limit": 5},
    "accepted_doubts": ["stations with one another's thresholds"],
}  # fmt: skip
"""beside the configuration of the tiny country"""


def write_static(folder: Path) -> None:
    """The static data of Tinyland, with a third station that no area belongs to."""
    tiny_country.write_country(folder)
    stations = tiny_country.STATIONS + "G3,Lonely,0.92,10.17,G3\n"
    (folder / "stations.csv").write_text(stations, encoding="utf-8")
    entries = [tiny_country.thresholds(code) for code in ("G1", "G2", "G3")]
    (folder / "thresholds.json").write_text(json.dumps(entries), encoding="utf-8")


@dataclass
class Project:
    """Configuration, forecasts and runs below one folder."""

    root: Path
    static: Path
    """`<static>/XTY/`: the static data"""
    prepared: Path
    """where the country is prepared"""

    @property
    def config(self) -> str:
        """The configuration's folder."""
        return str(self.root / "config")

    @property
    def runs(self) -> Path:
        """The folder of the real days."""
        return self.root / "runs"

    @property
    def country(self) -> doors.FloodCountry:
        """The country as it is configured."""
        return doors.load(self.root / "config").country_of(ISO3, doors.FloodCountry)

    def configure(self, url: str) -> Project:
        """Write the configuration; the portal is at this address."""
        (self.root / "config" / "countries").mkdir(parents=True, exist_ok=True)
        portal = {"kind": "ibf", "url": url, "attempts": 1, "keep_trying_seconds": 0}
        settings = {
            "paths": {"static": str(self.static), "prepared": str(self.prepared), "runs": "runs"},
            "sources": {
                "folder": {"kind": "folder", "root": "forecasts", "glofas_version": "4"},
                "kept": {"kind": "run"},
            },
            "targets": {
                PORTAL: {**portal, "test_target": True, "exercises": True},
                FILES: {"kind": "files", "folder": FILES},
            },
        }
        (self.root / "config" / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        content = tiny_country.country().model_dump(mode="json", exclude_unset=True) | dict(COUNTRY)
        file = self.root / "config" / "countries" / f"{ISO3}.yaml"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        return self

    def forecast(self, wishes: str, issue_date: date = ISSUE, missing: tuple[str, ...] = ()) -> None:
        """Write the forecast of a day."""
        shutil.rmtree(self.root / "forecasts" / f"{issue_date:%Y%m%d}", ignore_errors=True)
        doors.write_forecast(
            self.root / "forecasts", self.static / ISO3, self.country, issue_date, wishes, missing
        )  # fmt: skip

    def take_over(self) -> None:
        """Put what earlier versions left into the records."""
        said = self.command("records", "take-over")
        assert said.code == 0, said

    def run_folder(self, issue_date: date = ISSUE) -> doors.RunFolder:
        """The folder of a day."""
        return doors.flood_run(self.runs, ISO3, issue_date)

    def revisions(self, issue_date: date = ISSUE, target: str = PORTAL) -> list[doors.Revision]:
        """The revisions of a day."""
        return self.run_folder(issue_date).revisions(target)

    def revisions_on_disk(self, issue_date: date = ISSUE, target: str = PORTAL) -> list[Path]:
        """The folders of the revisions of a day."""
        return sorted((self.runs / ISO3 / str(issue_date) / "targets" / target).glob("r*"))

    def ledger(self, issue_date: date = ISSUE, target: str = PORTAL) -> doors.Ledger:
        """What the product says of them."""
        return doors.ledger(self.runs, ISO3, issue_date, target)

    def run(self, issue_date: date = ISSUE, target: str = PORTAL, **options: Any) -> doors.Ran:
        """Run a day: of a forecast that was written, else of the one that is kept in its run folder."""
        return doors.run_day(self.config, ISO3, issue_date, target, **options)

    def command(self, *arguments: str) -> doors.Said:
        """A command on this project."""
        return doors.invoke(*arguments, "--config", self.config)


@dataclass(frozen=True)
class _Left:
    """A portal as it was left."""

    database: sqlite3.Connection
    """in memory"""
    rasters: Mapping[Path, bytes]
    made: Counter[tuple[str, str]]


class Portal:
    """A sandbox that knows Tinyland and counts the calls that change something."""

    def __init__(self, folder: Path, static: Path, country: doors.FloodCountry, port: int = 0) -> None:
        self._rasters = folder / "rasters"
        self._left: dict[tuple[str, int] | None, _Left] = {}
        self.made: Counter[tuple[str, str]] = Counter()
        """method and path of calls that were answered well"""
        self.sandbox = doors.Sandbox(folder, port=port)
        self.sandbox.app.add_middleware(_Counting, made=self.made)
        seed = doors.seed_from_static(
            static / ISO3, ISO3, name=country.name, admin_levels=country.admin_levels,
            default_admin_level=country.default_admin_level,
        )  # fmt: skip
        self.sandbox.seed(seed)

    def leave(self, state: str, further: int) -> None:
        """Be as after the kept runs of a state and `further` calls, whatever has happened here; replayed once."""
        if None not in self._left:
            self._left[None] = self._as_it_is()
        if (state, further) not in self._left:
            self._put_back(self._left[None])
            self.replay(KEPT / state / "runs", further=further)
            self._left[state, further] = self._as_it_is()
        self._put_back(self._left[state, further])

    def _as_it_is(self) -> _Left:
        database = sqlite3.connect(":memory:", check_same_thread=False)
        self.sandbox._backend.store._db.backup(database)
        rasters = {file: file.read_bytes() for file in self._rasters.rglob("*") if file.is_file()}
        return _Left(database, rasters, Counter(self.made))

    def _put_back(self, left: _Left) -> None:
        left.database.backup(self.sandbox._backend.store._db)
        for file in [file for file in self._rasters.rglob("*") if file.is_file()]:
            file.unlink()
        for file, content in left.rasters.items():
            file.write_bytes(content)
        self.made.clear()
        self.made.update(left.made)

    @property
    def url(self) -> str:
        """Of the API."""
        return self.sandbox.url

    @property
    def mails(self) -> list[tuple[str, ...]]:
        """The events of every mail, oldest first."""
        return [tuple(mail.event_names) for mail in self.sandbox.mails(ISO3)]

    @property
    def events(self) -> dict[str, str]:
        """The active events: name -> alert level."""
        query = {"countryCodeISO3": ISO3, "disasterType": "floods"}
        answer = requests.get(f"{self.url}/event", params=query, headers=self._login(), timeout=10)
        answer.raise_for_status()
        return {event["eventName"]: event["alertLevel"] for event in answer.json()}

    def _login(self) -> dict[str, str]:
        account = {"email": EMAIL, "password": doors.SANDBOX_PASSWORD}
        answer = requests.post(f"{self.url}/user/login", json=account, timeout=10)
        return {"Authorization": f"Bearer {answer.json()['user']['token']}"}

    def replay(self, runs: Path, *, further: int = 0) -> None:
        """Make the calls that the kept journals say are done, in their order, and `further` ones of the last revision.

        Read from the kept files as they are, without any of the product's code: the server is as it was left.
        """
        session = requests.Session()
        session.headers.update(self._login())
        folders = sorted(runs.glob(f"**/targets/{PORTAL}/r*/plan.jsonl"), key=_age)
        for number, plan in enumerate(folders, 1):
            done = _done(plan.with_name("journal.jsonl"))
            more = further if number == len(folders) else 0
            for line in plan.read_text(encoding="utf-8").splitlines():
                call = json.loads(line)
                if call["number"] not in done:
                    more -= 1
                    if more < 0:
                        break
                self._make(call, plan.parent, session)
        session.close()

    def _make(self, call: dict[str, Any], folder: Path, session: requests.Session) -> None:
        body: dict[str, Any] = {} if call["body"] is None else {"json": call["body"]}
        if call["file"] is not None:
            content = (folder / call["file"]["path"]).read_bytes()
            body = {"files": {"file": (call["file"]["name"], content, "application/octet-stream")}}
        answer = session.request(call["method"], f"{self.url}{call['path']}", params=call["query"], timeout=10, **body)
        answer.raise_for_status()


@cache
def kept(state: str) -> Path:
    """A copy of kept runs that are in the records, to be read and not changed."""
    root = Path(_copies().name) / state
    shutil.copytree(KEPT / state, root)
    Project(root, KEPT / "static", root / "prepared").configure("http://127.0.0.1:9/api").take_over()
    return root / "runs"


@cache
def _copies() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="kept-runs-")


def _age(plan: Path) -> tuple[str, int]:
    """Issue date and number of a revision."""
    return plan.parts[-5], int(plan.parts[-2].removeprefix("r"))


def _done(journal: Path) -> set[int]:
    newest: dict[int, str] = {}
    for line in journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else ():
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # torn by a crash
        newest[entry["call"]] = entry["state"]
    return {call for call, state in newest.items() if state in ("done", "assumed")}


def planned(revision: doors.Revision) -> Counter[tuple[str, str]]:
    """Method and path of every call of a revision, as its plan says."""
    lines = (revision.folder / "plan.jsonl").read_text(encoding="utf-8").splitlines()
    return Counter((call["method"], f"/api{call['path']}") for call in map(json.loads, lines))


class _Counting:
    """Counts what is answered well, questions and logins left out."""

    def __init__(self, app: Any, made: Counter[tuple[str, str]]) -> None:
        self.app, self.made = app, made

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def counting(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self.made[scope["method"], scope["path"]] += 1
            await send(message)

        counts = scope["type"] == "http" and scope["method"] != "GET" and not scope["path"].endswith("/login")
        await self.app(scope, receive, counting if counts else send)


@contextmanager
def opened(root: Path, static: Path, prepared: Path, port: int = 0) -> Iterator[tuple[Project, Portal]]:
    """A project and its portal, which listens."""
    project = Project(root, static, prepared).configure("http://127.0.0.1:9/api")
    portal = Portal(root / "sandbox", static, project.country, port)
    with portal.sandbox:
        project.configure(portal.url)
        yield project, portal
