"""A country of one hazard with several runs a day, run as an operator runs it: commands, and the built-in server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic

import requests
import yaml
from typer.testing import CliRunner

from flows.cli.app import app
from flows.wiring.day import of_exercises, open_configuration
from flows.wiring.sandbox import open_sandbox
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.runs.folder import AnyFindings, RunFolder
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.sandbox import SANDBOX_PASSWORD, Sandbox


@dataclass
class HazardRuns(Generic[AnyFindings]):
    """A country whose runs go one after the other."""

    hazard: ClassVar[str]
    kind: ClassVar[type[Any]]
    """of its findings"""
    config: str
    workspace: str
    iso3: str
    given: Path
    """where its sources look"""

    @property
    def configuration(self) -> Configuration:
        return open_configuration(self.config, self.workspace)

    def invoke(self, *arguments: str) -> tuple[int, str]:
        """A command: its exit code, and what it prints."""
        result = CliRunner().invoke(app, [*arguments, "--config", self.config, "--workspace", self.workspace])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            return getattr(result.exception, "exit_code", 99), f"{result.output}{result.exception!r}"
        return result.exit_code, result.output

    def folder(self, issue_time: IssueTime, runs: str = "runs") -> RunFolder:
        return RunFolder(Path(self.workspace) / runs, RunId(self.iso3, self.hazard, issue_time))

    def found(self, issue_time: IssueTime, runs: str = "runs") -> AnyFindings:
        found: AnyFindings = self.folder(issue_time, runs).findings_of(self.kind)
        return found

    def revisions(self, issue_time: IssueTime) -> list[Revision]:
        return self.folder(issue_time).revisions("sandbox")

    def notices(self, issue_time: IssueTime) -> list[tuple[str, str]]:
        """Kind and event of those of the newest revision."""
        notices = json.loads(self.revisions(issue_time)[-1].folder.joinpath("notices.json").read_text())["notices"]
        return [(notice["kind"], notice["event"]) for notice in notices]

    @contextmanager
    def served(self, *, exercises: bool = False) -> Iterator[tuple[Sandbox, Callable[[str], Any]]]:
        """The built-in server, or that of exercises, and what gets a path of its API."""
        configuration = of_exercises(self.configuration) if exercises else self.configuration
        with open_sandbox(configuration, configuration.country(self.iso3, self.hazard)) as server:
            account = {"email": "pipeline@sandbox.example", "password": SANDBOX_PASSWORD}
            token = requests.post(f"{server.url}/user/login", json=account, timeout=10).json()["user"]["token"]

            def get(path: str) -> Any:
                answer = requests.get(f"{server.url}/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10)
                answer.raise_for_status()
                return answer.json()

            yield server, get

    def settings(self, **changes: Any) -> None:
        """Write or change settings.yaml."""
        file = Path(self.config) / "settings.yaml"
        known = yaml.safe_load(file.read_text()) if file.is_file() else {}
        file.write_text(yaml.safe_dump({**known, **changes}))
